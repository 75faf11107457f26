# SPDX-License-Identifier: Apache-2.0
"""What an attacker would try between the steps of a flow: names twice, words that cannot be logged, refusals by the
thousand, revocations while others attest, limits that must act."""
import concurrent.futures
import json
import os
import re
import sqlite3
import time

import pytest
from conftest import POLICY, REFERENCE_SET
from harness.admin import usual_policy, usual_reference_set
from harness.broker import AUDIENCE, SLOW
from harness.guest import Guest
from harness.jose import Key, b64u, jws, open_jws, unb64u
from harness.raw import StartedPut
from harness.tpm import SoftTpm

DATA = b"data of some length"


def refused(reply, status, code):
    assert (reply.status, reply.code) == (status, code), reply


def until(true, seconds=10):
    end = time.monotonic() + seconds * SLOW
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.05)
    return False


def sandboxes(admin, **wanted):
    """All of them, page by page, that have these members."""
    found, after = [], ""
    while True:
        page = admin.get("sandboxes" + (f"?after={after}" if after else "")).json["sandboxes"]
        found += [s for s in page if all(s[k] == v for k, v in wanted.items())]
        if not page:
            return found
        after = page[-1]["id"]


# Uploads


def test_a_name_that_is_taken(guest, admin):
    """The object that is there stays; the second upload is over, and says so however often it is asked."""
    guest.ready()
    first, _ = guest.upload(b"first", name="same.pdf")
    second = guest.ask_upload(len(DATA), name="same.pdf").json
    assert second["key"] == first["key"]
    assert guest.put(second, DATA).status == 201
    refused(guest.commit(second["id"]), 409, "exists")
    refused(guest.commit(second["id"]), 409, "not_stored")
    with open(guest.broker.stored(first["key"]), "rb") as f:
        assert f.read() == b"first"
    assert not os.path.exists(os.path.join(guest.broker.data_dir, "uploads", second["id"] + ".part"))
    claims = open_jws(guest.teardown().json["receipt"])[1]["receipt"]
    assert (claims["uploads_committed"], claims["uploads_aborted"]) == (1, 1)


def test_a_commit_is_not_repeated_from_memory(guest, admin):
    """Asked again, it is answered from what is there."""
    guest.ready()
    granted, _ = guest.upload(DATA, name="once.pdf")
    assert guest.commit(granted["id"]).status == 200
    os.unlink(guest.broker.stored(granted["key"]))
    assert guest.commit(granted["id"]).status == 503


def test_usable_uploads_are_bounded(guest, admin):
    guest.ready()
    for n in range(128):
        assert guest.ask_upload(1, name=f"n{n}").status == 201
    reply = guest.ask_upload(1, name="more")
    refused(reply, 429, "busy")
    assert reply.get("Retry-After") and "url" not in reply.json


def test_the_upload_deadline_acts(make_broker, populate, tpm):
    broker = make_broker({"limits": {"upload_deadline_s": 2}})
    admin = populate(broker)
    guest = Guest(broker, tpm, POLICY).ready()
    put = StartedPut(broker, guest.ask_upload(100000).json, 100000)
    put.send(1000)
    parts = os.path.join(broker.data_dir, "uploads")
    assert until(lambda: os.listdir(parts) != [])
    assert until(lambda: os.listdir(parts) == [], 8), os.listdir(parts)
    put.close()
    guest.close()
    admin.close()


# Words


@pytest.mark.parametrize("reason", ["a\nb", "a\u0000b", "\x1b[2J", "\x7f"])
def test_a_reason_that_cannot_be_logged_ends_nothing(guest, admin, reason):
    """Else an end would never get its record: the log takes no control characters."""
    guest.ready()
    refused(guest.teardown(reason), 400, "malformed")
    assert guest.heartbeat().status == 200
    reply = admin.post(f"sandboxes/{guest.sandbox}/teardown", {"reason": reason})
    refused(reply, 400, "malformed")
    refused(admin.revoke("policy", POLICY, 1, reason=reason), 400, "malformed")
    assert guest.heartbeat().status == 200
    assert guest.teardown("plain \u00e9 \"words\" \\ /").status == 200


def test_answers_say_nothing_of_our_troubles(make_broker, populate, tpm):
    """While another process holds the ledger nothing is handed out, and nobody is told of files and errors."""
    broker = make_broker()
    admin = populate(broker)
    guests = [Guest(broker, tpm, POLICY).ready() for _ in range(3)]
    ledger = sqlite3.connect(os.path.join(broker.data_dir, "ledger.db"), isolation_level=None)
    ledger.execute("BEGIN IMMEDIATE")
    asks = [guests[0].heartbeat, lambda: guests[1].ask_upload(1), guests[2].post_attest]
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        replies = [r.result() for r in [pool.submit(ask) for ask in asks]]
    ledger.execute("ROLLBACK")
    ledger.close()
    for reply in replies:
        assert reply.status in (429, 503) and reply.get("Retry-After"), reply
        assert not re.search(rb"ledger|sqlite|locked|database|disk", reply.body), reply
    assert [ask().status for ask in asks] == [200, 201, 200], "and then it goes on"
    for one in (admin, *guests):
        one.close()


def test_administrators_are_not_told_of_dpop(admin):
    header = {"alg": "ES256", "typ": "countersign-document+jws", "jwk": admin.key("alice").jwk()}
    text = jws(Key(), header, {"id": "x"})
    reply = admin.http("alice").send("PUT", "/v1/admin/policies/x", [("Content-Type", "application/jose")], text.encode())
    refused(reply, 401, "signature_invalid")
    assert reply.get("WWW-Authenticate") is None and reply.get("DPoP-Nonce") is None


# Refusals


def test_giving_back_what_is_no_token_costs_nothing(guest):
    """A proof by a self-made key takes no room in the memory of proofs unless a token of ours comes with it."""
    proof = guest.proof("POST", "/revoke")
    for _ in range(2):
        assert guest.proven("POST", "/revoke", [("Content-Type", "application/x-www-form-urlencoded")], b"token=x", proof).status == 200
    guest.ready()
    spent = guest.proof("POST", "/revoke")
    body = ("token=" + guest.token).encode()
    form = [("Content-Type", "application/x-www-form-urlencoded")]
    assert guest.proven("POST", "/revoke", form, body, spent).status == 200


def test_refusals_have_a_budget_and_the_good_do_not_wait(make_broker, populate, tpm):
    """Anybody can make a key and be refused; that must not fill the log, nor cost a good guest anything."""
    broker = make_broker()
    admin = populate(broker)
    good = Guest(broker, tpm, POLICY).ready()
    strangers = [Guest(broker, tpm, "nobody-wrote-this") for _ in range(4)]
    size = lambda: os.path.getsize(os.path.join(broker.data_dir, "audit", "log"))

    def refusals(guest):
        return [guest.post_attest().status for _ in range(200)]

    with concurrent.futures.ThreadPoolExecutor(len(strangers)) as pool:
        statuses = [s for group in pool.map(refusals, strangers) for s in group]
    assert set(statuses) == {403, 429}
    assert statuses.count(403) >= 500
    before = size()
    last = strangers[0].post_attest()
    refused(last, 429, "busy") if last.status != 403 else None
    # Evidence that is refused is not kept either once the budget is spent.
    listed = len(admin.get("verdicts").json["verdicts"])
    wrong = Guest(broker, SoftTpm(), POLICY)
    while (reply := wrong.post_attest()).status == 403:
        listed += 1
    refused(reply, 429, "busy")
    assert "verdict" not in reply.json
    assert len(admin.get("verdicts").json["verdicts"]) == min(listed, 100)
    assert size() - before < 20000
    assert good.heartbeat().status == 200 and good.exchange().status == 200
    assert Guest(broker, tpm, POLICY).post_attest().status == 200
    metrics = broker.local().send("GET", "/metrics").body
    assert int(re.search(rb"refusals_unrecorded_total (\d+)", metrics).group(1)) > 0
    # Time brings it back.
    assert until(lambda: strangers[0].post_attest().status == 403, 5)
    for one in (good, wrong, admin, *strangers):
        one.close()


def test_every_verdict_is_on_record(make_broker, populate, tpm):
    """Also one on evidence that could not be decoded."""
    broker = make_broker()
    admin = populate(broker)
    guest = Guest(broker, tpm, POLICY)
    challenge = guest.challenge()
    item = guest.evidence(challenge)
    item["quote"] = b64u(unb64u(item["quote"])[:-1])
    reply = guest.post_attest(guest.attest_body(challenge, item))
    refused(reply, 400, "evidence_malformed")
    log = os.path.join(broker.data_dir, "audit", "log")
    with open(log, "rb") as f:
        assert reply.json["verdict"].encode() in f.read()
    guest.close()
    admin.close()


# Revocation


def test_an_end_by_revocation_gets_its_receipt(make_guest, admin, tpm):
    admin.register("policy", usual_policy("short-lived", REFERENCE_SET))
    guest = make_guest("short-lived").ready()
    granted = guest.ask_upload(len(DATA)).json
    away = guest.get_token(audience=AUDIENCE)
    reply = admin.revoke("policy", "short-lived", 1)
    assert reply.json["ended"] == [guest.sandbox] and reply.json["ended_count"] == 1
    assert admin.introspect(away).json == {"active": False}
    row = admin.get("sandboxes/" + guest.sandbox).json
    assert row["state"] == "ended" and row["end_reason"] == "revoked policy/short-lived/1"
    receipt = guest.teardown().json["receipt"]
    said = open_jws(receipt)[1]["receipt"]
    assert said["reason"] == "revoked policy/short-lived/1" and said["uploads_aborted"] == 1
    assert guest.put(granted, DATA).status == 410


def test_receipts_come_by_themselves(make_guest, admin, broker):
    admin.register("policy", usual_policy("many", REFERENCE_SET))
    guest = make_guest("many")
    living = sorted(guest.attest()["sandbox"] for _ in range(70))  # more than the keeper takes at once
    before = broker.log().count("event=receipt.made")
    begun = time.monotonic()
    reply = admin.revoke("policy", "many", 1)
    took = time.monotonic() - begun
    assert sorted(reply.json["ended"]) == living
    assert took < SLOW, took
    assert until(lambda: broker.log().count("event=receipt.made") == before + 70)


def test_nobody_slips_in_beside_a_revocation(make_guest, admin, tpm):
    """Ten guests attest again and again while what they rest on is revoked: after the reply nobody lives on it."""
    own = SoftTpm()
    admin.register("reference-set", usual_reference_set("slippery-boot", own))
    admin.register("policy", usual_policy("slippery", "slippery-boot"))
    guests = [make_guest("slippery", tpm=own) for _ in range(10)]

    def attest(guest):
        statuses = []
        while not statuses or statuses[-1] == 200:
            statuses.append(guest.post_attest().status)
        return statuses

    with concurrent.futures.ThreadPoolExecutor(len(guests)) as pool:
        running = [pool.submit(attest, g) for g in guests]
        time.sleep(0.5)
        assert admin.revoke("reference-set", "slippery-boot", 1).status == 200
        live = sandboxes(admin, state="live", policy="slippery/1")
        statuses = [r.result() for r in running]
    assert live == [] and sandboxes(admin, state="live", policy="slippery/1") == []
    assert sum(len(s) for s in statuses) > len(guests), "they did attest meanwhile"
    assert {s[-1] for s in statuses} <= {403, 429}, statuses


# Reference values


def test_a_pinned_machine_is_held_to_its_own_values(make_guest, admin):
    """An entry that pins no key is for keys that are trusted otherwise, not for one that another entry pins."""
    machine = SoftTpm()
    elsewhere = SoftTpm()
    elsewhere.extend(0, b"another state")
    document = usual_reference_set("mixed-boot", machine, elsewhere)
    del document["values"][0]["tpm2"]["ak_names"]
    document["values"][1]["tpm2"]["ak_names"] = [machine.name().hex()]
    admin.register("reference-set", document)
    admin.register("policy", usual_policy("mixed", "mixed-boot"))
    reply = make_guest("mixed", tpm=machine).post_attest()
    refused(reply, 403, "evidence_rejected")
    assert "pcr.values" in reply.json["failed"]


def test_nobody_outlives_the_reference_value(make_guest, admin):
    machine = SoftTpm()
    document = usual_reference_set("brief-boot", machine)
    end = int(time.time()) + 30
    document["values"][0]["expires"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(end))
    admin.register("reference-set", document)
    admin.register("policy", usual_policy("brief", "brief-boot"))
    guest = make_guest("brief", tpm=machine).ready()
    assert open_jws(guest.ear)[1]["exp"] <= end
    assert open_jws(guest.token)[1]["exp"] <= end
    assert guest.heartbeat().json["lease"]["until"] <= end


# Approvals


@pytest.mark.parametrize("version", ["+1", " 1", "01", "1.0", "", "0", "-1", "9" * 30])
def test_a_document_has_one_name(admin, version):
    document = usual_policy("one-name", REFERENCE_SET)
    admin.put("policy", document)
    digest = admin.get("policies/one-name/1").json["digest"]
    text = admin.sign("bob", {"approve": f"policy/one-name/{version}", "digest": digest}, "countersign-approval+jws")
    reply = admin.http("bob").send("POST", "/v1/admin/approvals", [("Content-Type", "application/jose")], text.encode())
    refused(reply, 400, "document_malformed")
    assert admin.get("policies/one-name/1").json["state"] == "proposed"


def test_a_change_that_did_not_happen_is_on_record(make_broker, populate):
    broker = make_broker()
    admin = populate(broker)
    refused(admin.put("policy", usual_policy(POLICY, REFERENCE_SET)), 409, "version_conflict")
    with open(os.path.join(broker.data_dir, "audit", "log"), "rb") as f:
        text = f.read()
    assert b"version_conflict" in text
    admin.close()


def test_what_people_were_refused_is_on_record(make_broker, populate, pki):
    broker = make_broker()
    admin = populate(broker)
    refused(admin.put("policy", usual_policy("x", REFERENCE_SET), "carol"), 403, "role_missing")
    refused(admin.put("policy", usual_policy("y", REFERENCE_SET), "dave", signed=admin.sign("bob", usual_policy("y", "z"))), 403, "role_missing")
    stranger = broker.admin_http(pki.person("stranger"))
    refused(stranger.send("GET", "/v1/admin/policies"), 403, "principal_unknown")
    stranger.close()
    with open(os.path.join(broker.data_dir, "audit", "log"), "rb") as f:
        lines = [json.loads(m) for m in re.findall(rb'\{"v":1,.*?\}', f.read())]
    denied = [(r["actor"], r["object"], r["reasons"]) for r in lines if r["action"] == "denied"]
    assert denied == [
        ("admin:carol", "PUT /v1/admin/policies/x", ["role_missing"]),
        ("admin:dave", "PUT /v1/admin/policies/y", ["role_missing"]),
        ("admin:unknown", "GET /v1/admin/policies", ["principal_unknown"]),
    ]
    admin.close()


# Key and proof


def test_the_proof_of_a_refused_grant_is_not_spent(guest):
    """A refusal for another reason does not cost the proof (RFC 9449 asks for one use of it)."""
    guest.attest()
    proof = guest.proof("POST", "/token")
    refused(guest.exchange(proof=proof, scope="admin"), 400, "invalid_scope")
    assert guest.exchange(proof=proof).status == 200
    refused(guest.exchange(proof=proof), 400, "invalid_dpop_proof")


def test_an_attestation_with_a_stolen_challenge_leaves_it_usable(guest, make_guest):
    """Whoever cannot prove the key spends nobody's challenge."""
    challenge = guest.challenge()
    body = guest.attest_body(challenge)
    thief = make_guest(key=Key())
    refused(thief.post_attest(json.dumps(body).encode()), 403, "key_mismatch")
    assert guest.post_attest(body).status == 200
