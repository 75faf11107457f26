# SPDX-License-Identifier: Apache-2.0
"""What a relying party uses: metadata, keys, introspection (RFC 7662), revocation (RFC 7009)."""
import secrets
import time
import urllib.parse

import pytest
from harness.broker import AUDIENCE
from harness.guest import FORM
from harness.jose import Key, b64u, jws, open_jws
from harness.verify import verify_jws

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest.fixture
def ready(guest):
    return guest.ready()


def assertion(broker, key=None, header=None, **changes):
    """private_key_jwt of the client "files" (RFC 7523)."""
    now = int(time.time())
    claims = {
        "iss": "files",
        "sub": "files",
        "aud": broker.issuer,
        "jti": secrets.token_urlsafe(12),
        "iat": now,
        "exp": now + 60,
    }
    claims.update(changes)
    claims = {k: v for k, v in claims.items() if v is not None}
    return jws(key or broker.client_key, header or {"alg": "ES256", "typ": "JWT"}, claims)


def introspect(guest, token, text=None):
    fields = {"token": token, "client_assertion_type": ASSERTION, "client_assertion": text or assertion(guest.broker)}
    return guest.send("POST", "/introspect", [FORM], urllib.parse.urlencode(fields).encode())


def test_both_discovery_documents_agree(guest):
    one = guest.send("GET", "/.well-known/openid-configuration")
    two = guest.send("GET", "/.well-known/oauth-authorization-server")
    assert one.status == two.status == 200
    assert one.json == two.json
    issuer = guest.broker.issuer
    meta = one.json
    assert meta["issuer"] == issuer
    assert meta["token_endpoint"] == issuer + "/token"
    assert meta["jwks_uri"] == issuer + "/jwks"
    assert meta["introspection_endpoint"] == issuer + "/introspect"
    assert meta["revocation_endpoint"] == issuer + "/revoke"
    assert meta["dpop_signing_alg_values_supported"] == ["ES256", "ES384", "EdDSA"]
    assert "urn:ietf:params:oauth:grant-type:token-exchange" in meta["grant_types_supported"]
    assert "none" in meta["token_endpoint_auth_methods_supported"]


def test_discovery_does_not_believe_host(guest):
    reply = guest.send("GET", "/.well-known/openid-configuration", [("Host", "evil.example")])
    assert reply.status in (200, 400)
    assert b"evil" not in reply.body


def test_jwks(guest):
    reply = guest.send("GET", "/jwks")
    assert reply.status == 200
    assert "max-age" in reply.get("Cache-Control")
    for key in reply.json["keys"]:
        assert key["kid"] and key["use"] == "sig" and key["alg"] == "ES256"
        assert not set(key) & {"d", "p", "q", "dp", "dq", "qi", "k"}


def test_introspection_by_certificate(ready, admin):
    token = ready.get_token(audience=AUDIENCE)
    reply = admin.introspect(token)
    assert reply.status == 200
    answer, claims = reply.json, open_jws(token)[1]
    assert answer["active"] is True and answer["token_type"] == "DPoP"
    for name in ("scope", "client_id", "exp", "iat", "sub", "aud", "iss", "jti", "cnf"):
        assert answer[name] == claims[name], name


def test_introspection_by_assertion(ready):
    token = ready.get_token(audience=AUDIENCE)
    reply = introspect(ready, token)
    assert reply.status == 200 and reply.json["active"] is True, reply
    assert reply.json["cnf"] == {"jkt": b64u(ready.key.jkt())}


def test_an_assertion_works_once(ready):
    token = ready.get_token(audience=AUDIENCE)
    text = assertion(ready.broker)
    assert introspect(ready, token, text).status == 200
    assert introspect(ready, token, text).status == 401


BAD_ASSERTIONS = {
    "other key": lambda b: assertion(b, Key()),
    "other iss": lambda b: assertion(b, iss="x"),
    "other sub": lambda b: assertion(b, sub="x"),
    "unknown client": lambda b: assertion(b, iss="nobody", sub="nobody"),
    "aud list": lambda b: assertion(b, aud=[b.issuer]),
    "aud token endpoint": lambda b: assertion(b, aud=b.issuer + "/token"),
    "aud other": lambda b: assertion(b, aud="https://other.example"),
    "expired": lambda b: assertion(b, exp=int(time.time()) - 120),
    "no exp": lambda b: assertion(b, exp=None),
    "no jti": lambda b: assertion(b, jti=None),
    "alg none": lambda b: assertion(b, header={"alg": "none"}),
    "an access token": lambda b: assertion(b, header={"alg": "ES256", "typ": "at+jwt"}),
    "nonsense": lambda b: "x",
}


@pytest.mark.parametrize("case", BAD_ASSERTIONS)
def test_a_bad_assertion(ready, case):
    reply = introspect(ready, ready.token, BAD_ASSERTIONS[case](ready.broker))
    assert (reply.status, reply.code) == (401, "invalid_client"), reply


def test_introspection_asks_who_calls(ready):
    """61."""
    fields = urllib.parse.urlencode({"token": ready.token}).encode()
    reply = ready.send("POST", "/introspect", [FORM], fields)
    assert (reply.status, reply.code) == (401, "invalid_client"), reply
    assert ready.send("GET", "/introspect").status == 405


def inactive_tokens(guest):
    head, payload, signature = guest.token.split(".")
    yield "abc"
    yield ""
    yield "..."
    yield head + "." + payload + "." + b64u(bytes(64))
    yield jws(Key(), *open_jws(guest.token))
    yield guest.ear  # an attestation result is no access token
    yield guest.proof("POST", "/token")


def test_whatever_is_not_good_is_inactive_and_nothing_else(ready, admin):
    """62."""
    for token in inactive_tokens(ready):
        reply = admin.introspect(token)
        assert reply.status in ((200, 400) if token == "" else (200,)), reply
        if reply.status == 200:
            assert reply.json == {"active": False}, reply


def test_a_token_for_somebody_else_is_inactive(ready, admin):
    """75: the caller learns nothing about tokens of other audiences."""
    assert admin.introspect(ready.token).json == {"active": False}
    assert introspect(ready, ready.token).json == {"active": False}


# Revocation


def revoke(guest, token, proof=None):
    return guest.proven("POST", "/revoke", [FORM], urllib.parse.urlencode({"token": token}).encode(), proof)


def test_revocation_of_one_token(ready, admin):
    one, two = ready.get_token(audience=AUDIENCE), ready.get_token(audience=AUDIENCE)
    reply = revoke(ready, one)
    assert reply.status == 200 and reply.body == b"", reply
    assert admin.introspect(one).json == {"active": False}
    assert admin.introspect(two).json["active"] is True
    assert revoke(ready, one).status == 200
    assert ready.heartbeat().status == 200


def test_revocation_of_the_own_token(ready):
    assert revoke(ready, ready.token).status == 200
    reply = ready.heartbeat()
    assert (reply.status, reply.code) == (401, "invalid_token"), reply
    assert ready.exchange(ready.token).status == 400
    ready.get_token()
    assert ready.heartbeat().status == 200


def test_revocation_of_nonsense_is_fine(ready):
    """65."""
    for token in ("abc", ready.token[:-2], jws(Key(), *open_jws(ready.token))):
        assert revoke(ready, token).status == 200


def test_nobody_revokes_anothers_token(ready, make_guest, admin):
    """66."""
    token = ready.get_token(audience=AUDIENCE)
    other = make_guest().ready()
    assert revoke(other, token).status in (200, 400, 403)
    assert admin.introspect(token).json["active"] is True


def test_a_resource_server_can_check_alone(ready):
    """Signature, then the key proof: all that a relying party without a connection to us can do."""
    token = ready.get_token(audience=AUDIENCE)
    claims = verify_jws(token, ready.send("GET", "/jwks").json)
    assert claims["aud"] == AUDIENCE and claims["exp"] > time.time()
    assert claims["cnf"]["jkt"] == b64u(ready.key.jkt())
