# SPDX-License-Identifier: Apache-2.0
"""POST /token: both grants; scope, audience and life only ever narrow; what is not a good subject is refused."""
import json
import time

import pytest
from conftest import REFERENCE_SET
from harness.admin import usual_policy
from harness.broker import AUDIENCE
from harness.guest import ACCESS_TYPE, EVIDENCE_GRANT, EXCHANGE, FORM, JWT_TYPE
from harness.jose import Key, b64u, jws, open_jws, unb64u
from harness.verify import verify_jws


def oauth_error(reply, code, status=400):
    assert (reply.status, reply.code) == (status, code), reply
    assert "access_token" not in reply.json
    assert reply.get("Cache-Control") == "no-store"


@pytest.fixture
def attested(guest):
    guest.attest()
    return guest


def test_exchange_of_the_attestation_result(attested):
    reply = attested.exchange()
    assert reply.status == 200, reply
    assert reply.get("Cache-Control") == "no-store"
    answer = reply.json
    assert answer["token_type"] == "DPoP"
    assert answer["issued_token_type"] == ACCESS_TYPE
    assert answer["expires_in"] == 300
    assert sorted(answer["scope"].split()) == ["secret:db", "upload"]
    assert "refresh_token" not in answer
    assert reply.get("DPoP-Nonce") and reply.get("Countersign-Challenge")

    header, claims = open_jws(answer["access_token"])
    assert header["typ"] == "at+jwt" and header["alg"] == "ES256"
    assert claims["iss"] == claims["aud"] == attested.broker.issuer
    assert claims["exp"] - claims["iat"] == 300
    assert claims["cnf"] == {"jkt": b64u(attested.key.jkt())}
    assert claims["sandbox"] == attested.sandbox
    for name in ("sub", "client_id", "jti", "scope", "policy", "policy_digest", "verdict"):
        assert isinstance(claims[name], str) and claims[name], name


def test_tokens_verify_with_the_published_key(attested):
    jwks = attested.send("GET", "/jwks").json
    for text in (attested.ear, attested.get_token()):
        verify_jws(text, jwks)


def test_every_token_has_its_own_jti(attested):
    ids = {open_jws(attested.get_token())[1]["jti"] for _ in range(5)}
    assert len(ids) == 5


# Scope


def test_scope_narrows(attested):
    reply = attested.exchange(scope="upload")
    assert reply.status == 200 and reply.json["scope"] == "upload"
    assert open_jws(reply.json["access_token"])[1]["scope"] == "upload"


@pytest.mark.parametrize("scope", ["admin", "upload admin", "UPLOAD", "upload  secret:db", "secret:", "upl", "uploads"])
def test_scope_never_widens(attested, scope):
    oauth_error(attested.exchange(scope=scope), "invalid_scope")


def test_scope_of_a_narrower_token_stays_narrow(attested):
    narrow = attested.get_token(scope="upload")
    oauth_error(attested.exchange(narrow, scope="secret:db"), "invalid_scope")
    oauth_error(attested.exchange(narrow, scope="upload secret:db"), "invalid_scope")
    assert attested.exchange(narrow).json["scope"] == "upload"


# Audience


def test_audience_of_the_policy(attested):
    reply = attested.exchange(audience=AUDIENCE)
    assert reply.status == 200
    assert open_jws(reply.json["access_token"])[1]["aud"] == AUDIENCE
    assert open_jws(attested.exchange(resource=AUDIENCE).json["access_token"])[1]["aud"] == AUDIENCE


@pytest.mark.parametrize("audience", ["https://other.example", AUDIENCE + "/", AUDIENCE.upper(), "files.example"])
def test_audience_never_widens(attested, audience):
    oauth_error(attested.exchange(audience=audience), "invalid_target")
    oauth_error(attested.exchange(resource=audience), "invalid_target")


def test_one_of_two_audiences_is_unknown(attested):
    fields = list(attested.exchange_fields().items())
    both = [*fields, ("audience", AUDIENCE), ("audience", "https://other.example")]
    oauth_error(attested.post_token(both), "invalid_target")


def test_a_token_for_elsewhere_does_not_come_back(attested):
    """Neither exchanged for our own routes, nor used at them."""
    away = attested.get_token(audience=AUDIENCE)
    oauth_error(attested.exchange(away), "invalid_target")
    oauth_error(attested.exchange(away, audience=attested.broker.issuer), "invalid_target")
    assert attested.exchange(away, audience=AUDIENCE).status == 200
    reply = attested.own("POST", f"/v1/sandboxes/{attested.sandbox}/heartbeat", {}, token=away)
    assert (reply.status, reply.code) == (401, "invalid_token"), reply


# Life


def test_exchange_never_lengthens(attested):
    first = attested.get_token()
    time.sleep(1.1)
    second = attested.exchange(first).json["access_token"]
    assert open_jws(second)[1]["exp"] <= open_jws(first)[1]["exp"]


def test_life_is_cut_by_the_lease(make_guest, admin):
    document = usual_policy("short-lease", REFERENCE_SET, lease={"heartbeat_s": 20, "max_s": 30})
    admin.register("policy", document)
    guest = make_guest("short-lease")
    guest.attest()
    assert 0 < guest.exchange().json["expires_in"] <= 20
    assert 0 < open_jws(guest.ear)[1]["exp"] - time.time() <= 31


def test_an_expired_token(make_guest, admin):
    token = {"ttl_s": 5, "audience": [AUDIENCE], "scope": ["upload"]}
    admin.register("policy", usual_policy("short-token", REFERENCE_SET, token=token))
    guest = make_guest("short-token").ready()
    assert guest.heartbeat().status == 200
    assert admin.introspect(guest.get_token(audience=AUDIENCE)).json["active"] is True
    away = guest.get_token(audience=AUDIENCE)
    time.sleep(6)
    reply = guest.heartbeat()
    assert (reply.status, reply.code) == (401, "invalid_token"), reply
    oauth_error(guest.exchange(guest.token), "invalid_request")
    assert admin.introspect(away).json == {"active": False}
    assert guest.exchange().status == 200  # the attestation result lives longer


# Subject tokens that are none


def forged(guest, key=None, header=None, claims=None):
    """The guest's EAR with changes, signed by another key (or not at all)."""
    h, c = open_jws(guest.ear)
    h.update(header or {})
    c.update(claims or {})
    return jws(key or Key(), h, c)


def bit_flipped(guest):
    """One bit of the claims, the signature kept."""
    head, payload, signature = guest.ear.split(".")
    raw = bytearray(unb64u(payload))
    raw[len(raw) // 2] ^= 1
    return ".".join([head, b64u(bytes(raw)), signature])


def unsigned(guest):
    _, claims = open_jws(guest.ear)
    return b64u(b'{"alg":"none","typ":"eat+jwt"}') + "." + b64u(json.dumps(claims).encode()) + "."


def key_in_header(guest):
    """The forger's key travels with the token; only our own key counts."""
    key = Key()
    return forged(guest, key, {"jwk": key.jwk()})


SUBJECTS = {
    "other signer": forged,
    "other signer, more life": lambda g: forged(g, claims={"exp": int(time.time()) + 10**6}),
    "key in the header": key_in_header,
    "alg none": unsigned,
    "bit flipped": bit_flipped,
    "kid is a path": lambda g: forged(g, header={"kid": "../../etc/passwd"}),
    "kid of 10 kB": lambda g: forged(g, header={"kid": "k" * 10000}),
    "not a JWT": lambda g: "abc",
    "signature cut": lambda g: g.ear[:-2],
}


@pytest.mark.parametrize("case", SUBJECTS)
def test_a_bad_subject_token(attested, case):
    fields = attested.exchange_fields()
    fields["subject_token"] = SUBJECTS[case](attested)
    oauth_error(attested.post_token(fields), "invalid_request")


def test_kinds_are_not_mixed(attested):
    """80: an access token is no attestation result, and the other way round."""
    token = attested.get_token()
    swapped = attested.exchange_fields(subject_token=token, subject_token_type=JWT_TYPE)
    oauth_error(attested.post_token(swapped), "invalid_request")
    swapped = attested.exchange_fields(subject_token_type=ACCESS_TYPE)
    oauth_error(attested.post_token(swapped), "invalid_request")
    proof = attested.proof("POST", "/token")
    oauth_error(attested.post_token(attested.exchange_fields(subject_token=proof)), "invalid_request")
    reply = attested.own("POST", f"/v1/sandboxes/{attested.sandbox}/heartbeat", {}, token=attested.ear)
    assert (reply.status, reply.code) == (401, "invalid_token"), reply


def test_another_guests_result(attested, make_guest):
    """Stolen without its key, it is worth nothing."""
    thief = make_guest()
    thief.attest()
    oauth_error(thief.post_token(thief.exchange_fields(subject_token=attested.ear)), "invalid_request")


# The form


def test_grant_types(attested):
    for name in ("client_credentials", "refresh_token", "authorization_code", "password", "x"):
        oauth_error(attested.post_token({"grant_type": name}), "unsupported_grant_type")
    oauth_error(attested.post_token({"scope": "upload"}), "invalid_request")
    oauth_error(attested.post_token({"grant_type": ""}), "invalid_request")


BENT = {
    "49 scope twice": lambda f: [*f, ("scope", "upload"), ("scope", "upload")],
    "grant_type twice": lambda f: [*f, ("grant_type", EXCHANGE)],
    "subject_token twice": lambda f: [*f, ("subject_token", "x")],
    "50 no subject_token": lambda f: [p for p in f if p[0] != "subject_token"],
    "50 empty subject_token": lambda f: [(k, "" if k == "subject_token" else v) for k, v in f],
    "no subject_token_type": lambda f: [p for p in f if p[0] != "subject_token_type"],
    "52 unknown type": lambda f: [(k, "urn:x" if k == "subject_token_type" else v) for k, v in f],
    "53 actor_token": lambda f: [*f, ("actor_token", "x")],
    "53 actor_token with type": lambda f: [*f, ("actor_token", "x"), ("actor_token_type", JWT_TYPE)],
    "54 saml2": lambda f: [*f, ("requested_token_type", "urn:ietf:params:oauth:token-type:saml2")],
    "57 client_secret": lambda f: [*f, ("client_id", "x"), ("client_secret", "y")],
    "58 client_id": lambda f: [*f, ("client_id", "sb-somebody-else")],
}


@pytest.mark.parametrize("case", BENT)
def test_bent_requests(attested, case):
    fields = BENT[case](list(attested.exchange_fields().items()))
    oauth_error(attested.post_token(fields), "invalid_request")


def test_client_id_may_name_sandbox_or_policy(attested):
    assert attested.exchange(client_id=attested.sandbox).status == 200
    assert attested.exchange(client_id=attested.policy).status == 200
    assert attested.exchange(requested_token_type=ACCESS_TYPE).status == 200


def test_method_and_type(attested):
    """59, 60, 67."""
    reply = attested.proven("GET", "/token")
    assert reply.status == 405 and reply.get("Allow") == "POST"
    reply = attested.proven("POST", "/token", [("Content-Type", "application/json")], b"{}")
    assert reply.status in (400, 415)
    reply = attested.proven("POST", "/token", [FORM], b"a=" + b"x" * (1 << 20))
    assert reply.status == 413


# The evidence grant


def test_evidence_grant_is_one_round_trip(guest):
    reply = guest.evidence_grant(scope="upload")
    assert reply.status == 200, reply
    answer = reply.json
    assert answer["token_type"] == "DPoP" and answer["scope"] == "upload"
    guest.sandbox, guest.token = answer["sandbox"], answer["access_token"]
    assert open_jws(answer["ear"])[1]["sandbox"] == guest.sandbox
    assert guest.heartbeat().status == 200


def test_evidence_grant_refuses_evidence(guest):
    """51, and 79: used twice."""
    challenge = guest.challenge()
    bad = guest.attest_body(challenge, guest.evidence(challenge, extra_data=b"x" * 32))
    reply = guest.evidence_grant(bad)
    oauth_error(reply, "invalid_grant")
    assert reply.json["failed"] == ["quote.binding"] and reply.json["verdict"].startswith("vd-")
    body = guest.attest_body()
    assert guest.evidence_grant(body).status == 200
    oauth_error(guest.evidence_grant(body), "invalid_grant")


def test_evidence_grant_with_bad_parameters(guest):
    oauth_error(guest.post_token({"grant_type": EVIDENCE_GRANT}), "invalid_request")
    oauth_error(guest.post_token({"grant_type": EVIDENCE_GRANT, "evidence": "=="}), "invalid_request")
    oauth_error(guest.evidence_grant(b"{}"), "invalid_request")
    oauth_error(guest.evidence_grant(scope="admin"), "invalid_scope")
    oauth_error(guest.evidence_grant(audience="https://other.example"), "invalid_target")
    other = guest.attest_body(key=Key().jwk())
    reply = guest.evidence_grant(other)
    assert reply.status == 400 and reply.code in ("invalid_request", "invalid_grant"), reply
