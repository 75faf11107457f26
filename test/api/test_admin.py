# SPDX-License-Identifier: Apache-2.0
"""The admin listener: who may do what; documents that count only when the right people signed them."""
import hashlib
import json

import pytest
from conftest import REFERENCE_SET
from harness.admin import APPROVAL_TYP, JOSE, Admin, encode, usual_policy, usual_reference_set
from harness.jose import Key, jws
from harness.tpm import SoftTpm


def refused(reply, status, code):
    assert (reply.status, reply.code) == (status, code), reply


# Who is there


def test_no_certificate_reaches_no_route(broker, admin):
    for path in ("policies", "verdicts", "sandboxes"):
        conn = broker.admin_http()
        try:
            reply = conn.send("GET", "/v1/admin/" + path)
            refused(reply, 401, "client_certificate")
        except OSError:
            pass  # the handshake was refused
        finally:
            conn.close()


def test_a_certificate_of_a_rogue_ca(broker, admin, pki):
    rogue_ca = pki.make("rogue-ca", ca=True)
    rogue = pki.make("rogue", issuer=rogue_ca, client=True)
    conn = broker.admin_http(rogue)
    try:
        refused(conn.send("GET", "/v1/admin/policies"), 401, "client_certificate")
    except OSError:
        pass
    finally:
        conn.close()


def test_a_certificate_nobody_registered(broker, admin, pki):
    conn = broker.admin_http(pki.person("stranger"))
    reply = conn.send("GET", "/v1/admin/policies")
    assert reply.status in (401, 403), reply
    conn.close()


def test_listeners_are_apart(broker, admin, guest):
    """Guest routes are not on the admin listener, admin routes not on the guests', local ones on neither."""
    assert admin.http("alice").json("POST", "/v1/challenge", {}).status == 404
    for path in ("/v1/admin/policies", "/healthz", "/metrics"):
        assert guest.send("GET", path).status == 404, path
    assert admin.http("alice").send("GET", "/metrics").status == 404
    assert broker.local().send("GET", "/v1/admin/policies").status == 404


READ = ["policies", "reference-sets"]


@pytest.mark.parametrize("path", READ)
@pytest.mark.parametrize("who, status", [("alice", 200), ("bob", 200), ("carol", 200), ("files", 403)])
def test_who_reads_documents(admin, path, who, status):
    reply = admin.get(path, who)
    assert reply.status == status, reply


def test_roles_are_asked_for(admin):
    document = usual_policy("roles", REFERENCE_SET)
    for who in ("bob", "carol", "files"):
        refused(admin.put("policy", document, who), 403, "role_missing")
    assert admin.put("policy", document).status == 201
    for who in ("alice", "carol", "files"):
        refused(admin.approve("policy", document, who), 403, "role_missing")
    assert admin.approve("policy", document).status == 200
    for who in ("bob", "carol", "files"):
        refused(admin.revoke("policy", "roles", 1, who), 403, "role_missing")
    assert admin.revoke("policy", "roles", 1).status == 200


def test_only_relying_parties_introspect(admin, guest):
    guest.ready()
    for who in ("alice", "bob", "carol"):
        assert admin.introspect(guest.token, who).status in (401, 403), who


# Documents


def test_put_and_approve(admin):
    document = usual_policy("life", REFERENCE_SET)
    put = admin.put("policy", document)
    digest = hashlib.sha256(encode(document)).hexdigest()
    assert put.status == 201, put
    assert put.json.items() >= {
        "kind": "policy",
        "id": "life",
        "version": 1,
        "digest": digest,
        "state": "proposed",
        "approvals_needed": 1,
    }.items()
    approved = admin.approve("policy", document)
    assert approved.json == {"object": "policy/life/1", "state": "active", "active": True}

    row = admin.get("policies/life/1").json
    assert row["digest"] == digest and row["state"] == "active" and row["author"] == "alice"
    assert row["document"].count(".") == 2
    assert [a["approver"] for a in row["approvals"]] == ["bob"]
    listed = [d for d in admin.get("policies").json["documents"] if d["id"] == "life"]
    assert len(listed) == 1 and listed[0]["version"] == 1 and listed[0]["kind"] == "policy"


def test_versions_count_up_by_one(admin):
    first = usual_policy("counted", REFERENCE_SET)
    refused(admin.put("policy", dict(first, version=2)), 409, "version_conflict")
    assert admin.put("policy", first).status == 201
    refused(admin.put("policy", first), 409, "version_conflict")
    refused(admin.put("policy", dict(first, version=3)), 409, "version_conflict")
    assert admin.put("policy", dict(first, version=2)).status == 201


def test_the_author_cannot_approve(admin):
    """dave has both roles; his own document still needs somebody else."""
    document = usual_policy("lonely", REFERENCE_SET)
    assert admin.put("policy", document, "dave").status == 201
    assert admin.approve("policy", document, "dave").status in (403, 409)
    assert admin.get("policies/lonely/1").json["state"] == "proposed"
    assert admin.approve("policy", document, "bob").status == 200
    assert admin.get("policies/lonely/1").json["state"] == "active"


def test_an_approval_counts_once(admin):
    document = usual_policy("twice", REFERENCE_SET)
    assert admin.put("policy", document).status == 201
    assert admin.approve("policy", document).status == 200
    assert admin.approve("policy", document).status == 409


def test_two_approvals(make_broker, tpm):
    broker = make_broker({"approvals": 2})
    admin = Admin(broker)
    document = usual_policy("two", REFERENCE_SET)
    put = admin.put("policy", document)
    assert put.json["approvals_needed"] == 2
    first = admin.approve("policy", document, "bob")
    assert first.json["active"] is False and first.json["state"] == "proposed"
    second = admin.approve("policy", document, "dave")
    assert second.json["active"] is True
    admin.close()


def test_no_approvals(make_broker):
    admin = Admin(make_broker({"approvals": 0}))
    assert admin.put("policy", usual_policy("free", REFERENCE_SET)).json["state"] == "active"
    admin.close()


def test_approval_of_another_content(admin):
    document = usual_policy("digest", REFERENCE_SET)
    assert admin.put("policy", document).status == 201
    reply = admin.approve("policy", document, digest="00" * 32)
    assert reply.status in (400, 403, 409), reply
    assert admin.get("policies/digest/1").json["state"] == "proposed"


def test_approval_of_nothing(admin):
    document = usual_policy("never-put", REFERENCE_SET)
    assert admin.approve("policy", document).status == 404


# Signatures

PAYLOAD = encode(usual_policy("signed", REFERENCE_SET))


def by(admin, who, **header):
    key = admin.key(who)
    full = {"alg": key.alg, "typ": "countersign-document+jws", "jwk": key.jwk()}
    full.update(header)
    return jws(key, {k: v for k, v in full.items() if v is not None}, PAYLOAD)


def wrong_signer(admin):
    """alice's key named, another one used."""
    return jws(Key(), {"alg": "ES256", "typ": "countersign-document+jws", "jwk": admin.key("alice").jwk()}, PAYLOAD)


def unsigned(admin):
    return by(admin, "alice").rpartition(".")[0] + "."


def changed(admin):
    head, _, signature = by(admin, "alice").split(".")
    return ".".join([head, jws(Key(), {}, PAYLOAD.replace(b"3600", b"7200")).split(".")[1], signature])


SIGNATURES = {
    "wrong signer": wrong_signer,
    "unknown person": lambda a: jws(Key(), {"alg": "ES256", "typ": "countersign-document+jws", "jwk": Key().jwk()}, PAYLOAD),
    "unsigned": unsigned,
    "changed": changed,
    "another typ": lambda a: by(a, "alice", typ=APPROVAL_TYP),
    "no typ": lambda a: by(a, "alice", typ=None),
    "no jwk": lambda a: by(a, "alice", jwk=None),
    "alg none": lambda a: by(a, "alice", alg="none"),
    "crit": lambda a: by(a, "alice", crit=["x"], x=1),
    "not a JWS": lambda a: "abc",
}


@pytest.mark.parametrize("case", SIGNATURES)
def test_a_bad_signature(admin, case):
    reply = admin.http("alice").send("PUT", "/v1/admin/policies/signed", JOSE, SIGNATURES[case](admin).encode())
    assert reply.status in (400, 401), reply
    assert reply.code in ("signature_invalid", "malformed", "document_malformed"), reply
    assert admin.get("policies/signed/1").status == 404


def test_a_signature_by_somebody_without_the_role(admin):
    """alice's certificate brings a document that bob signed."""
    signed = admin.sign("bob", PAYLOAD)
    refused(admin.put("policy", PAYLOAD, "alice", signed), 403, "role_missing")
    assert admin.get("policies/signed/1").status == 404


def test_the_route_names_the_document(admin):
    signed = admin.sign("alice", PAYLOAD)
    reply = admin.http("alice").send("PUT", "/v1/admin/policies/another", JOSE, signed.encode())
    assert reply.status in (400, 409), reply
    reply = admin.http("alice").send("PUT", "/v1/admin/reference-sets/signed", JOSE, signed.encode())
    assert reply.status in (400, 409), reply


GOOD = usual_policy("checked", REFERENCE_SET)


def edited(**grant):
    document = json.loads(json.dumps(GOOD))
    document["grant"].update(grant)
    return document


BAD_DOCUMENTS = {
    "unknown member": dict(GOOD, more=1),
    "no accept": {k: v for k, v in GOOD.items() if k != "accept"},
    "accept is empty": dict(GOOD, accept=[]),
    "alternative is empty": dict(GOOD, accept=[[]]),
    "unknown evidence": dict(GOOD, accept=[[{"type": "sgx"}]]),
    "resettable PCR": dict(GOOD, accept=[[{"type": "tpm2", "reference_set": "x", "pcrs": "sha256:16"}]]),
    "unknown row member": dict(GOOD, accept=[[{"type": "tpm2", "reference_set": "x", "pcrs": "sha256:0", "x": 1}]]),
    "ttl too long": edited(token={"ttl_s": 3601, "audience": ["https://files.example"], "scope": ["upload"]}),
    "audience no URL": edited(token={"ttl_s": 300, "audience": ["files"], "scope": ["upload"]}),
    "scope with blank": edited(token={"ttl_s": 300, "audience": ["https://files.example"], "scope": ["a b"]}),
    "prefix without sandbox": edited(upload=[dict(GOOD["grant"]["upload"][0], prefix="all/")]),
    "prefix climbs": edited(upload=[dict(GOOD["grant"]["upload"][0], prefix="${sandbox}/../")]),
    "size as text": edited(upload=[dict(GOOD["grant"]["upload"][0], max_bytes="1")]),
    "version 0": dict(GOOD, version=0),
    "id with slash": dict(GOOD, id="a/b"),
}


@pytest.mark.parametrize("case", BAD_DOCUMENTS)
def test_a_bad_policy(admin, case):
    payload = encode(BAD_DOCUMENTS[case])
    signed = admin.sign("alice", payload)
    reply = admin.http("alice").send("PUT", "/v1/admin/policies/checked", JOSE, signed.encode())
    refused(reply, 400, "document_malformed")
    assert reply.json["detail"], "the administrator is told what is wrong"
    assert admin.get("policies/checked/1").status == 404


def test_duplicate_members_in_a_document(admin):
    payload = encode(GOOD).replace(b'{"id"', b'{"version":1,"id"', 1)
    refused(admin.put("policy", payload), 400, "document_malformed")


def test_a_bad_reference_set(admin):
    good = usual_reference_set("set-checked", SoftTpm())
    for bad in (
        dict(good, values=[]),
        dict(good, type="tdx9"),
        dict(good, values=[{"label": "x", "tpm2": {"values": {"sha256:0": ["abc"]}}}]),
        dict(good, values=[{"label": "x", "tpm2": {"values": {"sha256:0": ["00" * 31]}}}]),
        dict(good, values=[{"label": "x", "tpm2": {"values": {"md5:0": ["00" * 16]}}}]),
        dict(good, more=1),
    ):
        refused(admin.put("reference-set", bad), 400, "document_malformed")
    assert admin.put("reference-set", good).status == 201


# Revocation and lists


def test_revoked_is_for_good(admin, make_guest):
    document = usual_policy("gone", REFERENCE_SET)
    admin.register("policy", document)
    assert make_guest("gone").post_attest().status == 200
    assert admin.revoke("policy", "gone", 1).json["object"] == "policy/gone/1"
    row = admin.get("policies/gone/1").json
    assert row["state"] == "revoked" and row["reason"] == "test"
    assert admin.approve("policy", document, "dave").status in (403, 409, 410)
    assert make_guest("gone").post_attest().code == "policy_unknown"
    assert admin.revoke("policy", "gone", 7).status == 404
    admin.register("policy", dict(document, version=2))
    assert make_guest("gone").post_attest().status == 200


def test_lists_of_verdicts_and_sandboxes(admin, guest):
    answer = guest.attest()
    sandboxes = admin.get("sandboxes").json["sandboxes"]
    assert answer["sandbox"] in [s["id"] for s in sandboxes]
    verdicts = admin.get("verdicts").json["verdicts"]
    assert answer["verdict"] in [v["id"] for v in verdicts]
    assert admin.get("verdicts/vd-000000000000").status == 404
    assert admin.get("sandboxes/sb-000000000000").status == 404


def test_a_verdict_explains_every_check(admin, guest):
    answer = guest.attest()
    findings = admin.get("verdicts/" + answer["verdict"]).json["findings"]
    ids = [f["id"] for f in findings]
    for check in ("quote.magic", "quote.signature", "quote.binding", "quote.pcrdigest", "pcr.values"):
        assert check in ids, check
    for f in findings:
        assert f["spec"] and f["outcome"] in ("pass", "ignored", "warn"), f
