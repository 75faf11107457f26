# SPDX-License-Identifier: Apache-2.0
"""DPoP proofs (RFC 9449) that must be refused, at the token endpoint and at the guest's own routes.

A case bends a good proof in one place.  Where the last word is about memory (replay, nonce), the tests stand alone below.
"""
import base64
import concurrent.futures
import hashlib
import hmac
import json
import time

import pytest
from conftest import POLICY
from harness.guest import EXCHANGE, FORM, Guest
from harness.jose import Key, b64u, dpop_parts, jws, unb64u

IDP = "invalid_dpop_proof"
N256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def good(guest, header, claims):
    return jws(guest.key, header, claims)


def change(header=None, claims=None):
    """A case: members replaced, or removed where the value is None."""

    def make(guest, h, c):
        for target, changes in ((h, header), (c, claims)):
            for name, value in (changes or {}).items():
                target.pop(name, None)
                if value is not None:
                    target[name] = value
        return good(guest, h, c)

    return make


def htu(edit):
    def make(guest, h, c):
        c["htu"] = edit(c["htu"])
        return good(guest, h, c)

    return make


def other_curve(guest, h, c):
    h["jwk"] = Key("P-384").jwk()
    return good(guest, h, c)


def private_member(guest, h, c):
    h["jwk"] = dict(h["jwk"], d=guest.key.secret())
    return good(guest, h, c)


def off_curve(guest, h, c):
    y = bytearray(unb64u(h["jwk"]["y"]))
    y[-1] ^= 1
    h["jwk"] = dict(h["jwk"], y=b64u(bytes(y)))
    return good(guest, h, c)


def short_coordinate(guest, h, c):
    h["jwk"] = dict(h["jwk"], x=b64u(unb64u(h["jwk"]["x"])[:-1]))
    return good(guest, h, c)


def other_signer(_guest, h, c):
    return jws(Key(), h, c)


def der_signature(guest, h, c):
    text = jws(guest.key, h, c, b"")
    return text + b64u(guest.key.sign_der(text.rstrip(".").encode()))


def hs256(guest, h, c):
    h["alg"] = "HS256"
    text = jws(guest.key, h, c, b"")
    secret = json.dumps(h["jwk"]).encode()
    return text + b64u(hmac.new(secret, text.rstrip(".").encode(), hashlib.sha256).digest())


def unsigned(guest, h, c):
    h["alg"] = "none"
    return jws(guest.key, h, c, b"")


def zero_signature(guest, h, c):
    return jws(guest.key, h, c, bytes(64))


def padded(guest, h, c):
    head, payload, signature = good(guest, h, c).split(".")
    return ".".join([head, payload, signature + "=="])


def standard_alphabet(guest, h, c):
    for _ in range(200):
        head, payload, signature = good(guest, h, c).split(".")
        if "-" in signature or "_" in signature:
            return ".".join([head, payload, signature.replace("-", "+").replace("_", "/")])
    raise AssertionError("no signature with - or _")


def unused_bits(guest, h, c):
    """64 bytes leave four unused bits in the last of 86 characters."""
    text = good(guest, h, c)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    bent = text[:-1] + alphabet[alphabet.index(text[-1]) | 1]
    assert bent != text
    pad = "=" * (-len(bent.split(".")[2]) % 4)
    assert base64.urlsafe_b64decode(bent.split(".")[2] + pad) == unb64u(text.split(".")[2])
    return bent


def duplicate_member(guest, h, c):
    text = json.dumps(c, separators=(",", ":"))
    return jws(guest.key, h, ('{"htm":"GET",' + text[1:]).encode())


def trailing_json(guest, h, c):
    return jws(guest.key, h, json.dumps(c).encode() + b"{}")


def not_utf8(guest, h, c):
    return jws(guest.key, h, json.dumps(dict(c, x="@@")).encode().replace(b"@@", b"\xff\xfe"))


def nul_escape(guest, h, c):
    return jws(guest.key, h, json.dumps(dict(c, jti="a\0b")).encode())


def four_parts(guest, h, c):
    return good(guest, h, c) + ".AA"


def empty_signature(guest, h, c):
    return good(guest, h, c).rsplit(".", 1)[0] + "."


BAD = {
    "4 not a JWT": lambda g, h, c: "not-a-jwt",
    "4 three empty parts": lambda g, h, c: "..",
    "4 four parts": four_parts,
    "4 empty signature": empty_signature,
    "5 typ JWT": change({"typ": "JWT"}),
    "5 typ of an access token": change({"typ": "at+jwt"}),
    "6 no typ": change({"typ": None}),
    "7 alg none": unsigned,
    "7 alg NoNe": change({"alg": "NoNe"}),
    "8 HS256": hs256,
    "9 RS256": change({"alg": "RS256"}),
    "9 alg number": change({"alg": 1}),
    "10 ES256 with a P-384 key": other_curve,
    "10 ES384 with a P-256 key": change({"alg": "ES384"}),
    "11 private member": private_member,
    "12 kty oct": change({"jwk": {"kty": "oct", "k": "AAAA"}}),
    "12 kty RSA": change({"jwk": {"kty": "RSA", "n": "AQAB", "e": "AQAB"}}),
    "13 no jwk": change({"jwk": None}),
    "13 jwk text": change({"jwk": "key"}),
    "14 point off the curve": off_curve,
    "14 short coordinate": short_coordinate,
    "15 other signer": other_signer,
    "16 DER signature": der_signature,
    "16 zero signature": zero_signature,
    "17 unknown crit": change({"crit": ["exp"], "exp": 1}),
    "17 empty crit": change({"crit": []}),
    "18 b64 false": change({"b64": False, "crit": ["b64"]}),
    "18 zip": change({"zip": "DEF"}),
    "19 padding": padded,
    "19 standard alphabet": standard_alphabet,
    "20 unused bits": unused_bits,
    "21 duplicate member": duplicate_member,
    "21 trailing JSON": trailing_json,
    "21 not UTF-8": not_utf8,
    "21 NUL in jti": nul_escape,
    "22 htm GET": change(claims={"htm": "GET"}),
    "23 htm lower case": change(claims={"htm": "post"}),
    "22 no htm": change(claims={"htm": None}),
    "24 other path": htu(lambda u: u + "s"),
    "24 trailing slash": htu(lambda u: u + "/"),
    "25 path case": htu(lambda u: u.replace("/token", "/Token").replace("/v1", "/V1")),
    "26 http": htu(lambda u: u.replace("https:", "http:")),
    "27 other host": htu(lambda u: u.replace("127.0.0.1", "127.0.0.2")),
    "27 other port": htu(lambda u: u.replace("127.0.0.1:", "127.0.0.1:1")),
    "27 userinfo": htu(lambda u: u.replace("https://", "https://a@")),
    "28 evil host": htu(lambda u: u.replace("127.0.0.1", "evil.example")),
    "29 no htu": change(claims={"htu": None}),
    "29 htu number": change(claims={"htu": 1}),
    "32 no iat": change(claims={"iat": None}),
    "33 iat text": change(claims={"iat": "1"}),
    "33 iat fraction": change(claims={"iat": 1.5}),
    "33 iat negative": change(claims={"iat": -1}),
    "36 no jti": change(claims={"jti": None}),
    "37 empty jti": change(claims={"jti": ""}),
    "37 jti number": change(claims={"jti": 7}),
    "38 jti of 257 bytes": change(claims={"jti": "j" * 257}),
    "45 nonce number": change(claims={"nonce": 1}),
}

# Of the token endpoint (OAuth error, 400) and of one of our own routes (401 and WWW-Authenticate).
TOKEN, BEAT, ATTEST = "/token", "/heartbeat", "/v1/attest"


@pytest.fixture(scope="module")
def ready(broker, admin, tpm):
    guest = Guest(broker, tpm, POLICY).ready()
    yield guest
    guest.close()


def parts(guest, where):
    path = f"/v1/sandboxes/{guest.sandbox}/heartbeat" if where == BEAT else where
    token = guest.token if where == BEAT else None
    return path, dpop_parts(guest.key, "POST", guest.broker.url(path), guest.nonce, token)


def ask(guest, where, proofs, extra=()):
    """A request that is good but for its proofs (a list: one header line each)."""
    path, _ = parts(guest, where)
    lines = [("DPoP", p) for p in proofs]
    if where == TOKEN:
        fields = f"grant_type={EXCHANGE}&subject_token={guest.ear}"
        fields += "&subject_token_type=urn:ietf:params:oauth:token-type:jwt"
        return guest.send("POST", path, [FORM, *lines, *extra], fields.encode())
    json_type = ("Content-Type", "application/json")
    if where == ATTEST:
        body = json.dumps(guest.attest_body(guest.challenge())).encode()
        return guest.send("POST", path, [json_type, *lines, *extra], body)
    token = ("Authorization", "DPoP " + guest.token)
    return guest.send("POST", path, [json_type, token, *lines, *extra], b"{}")


def check_refused(reply, where, code=IDP):
    assert reply.code == code, reply
    assert reply.get("DPoP-Nonce")
    if where == TOKEN:
        assert reply.status == 400
        assert reply.get("Content-Type").startswith("application/json")
        assert reply.get("Cache-Control") == "no-store"
        assert "access_token" not in reply.json
    else:
        assert reply.status == 401
        told = "use_dpop_nonce" if code == "use_dpop_nonce" else "invalid_dpop_proof"
        assert f'error="{told}"' in reply.get("WWW-Authenticate"), reply.fields
        assert reply.get("WWW-Authenticate").startswith("DPoP ")
        assert 'algs="ES256 ES384 EdDSA"' in reply.get("WWW-Authenticate")


@pytest.mark.parametrize("where", [TOKEN, BEAT, ATTEST])
@pytest.mark.parametrize("case", BAD)
def test_refused(ready, where, case):
    _, (header, claims) = parts(ready, where)
    check_refused(ask(ready, where, [BAD[case](ready, header, claims)]), where)


@pytest.mark.parametrize("where", [TOKEN, BEAT, ATTEST])
def test_no_proof(ready, where):
    check_refused(ask(ready, where, []), where)


@pytest.mark.parametrize("where", [TOKEN, BEAT, ATTEST])
def test_two_lines_and_a_list(ready, where):
    one = [good(ready, *parts(ready, where)[1]) for _ in range(2)]
    check_refused(ask(ready, where, one), where)
    check_refused(ask(ready, where, [", ".join(one)]), where)
    check_refused(ask(ready, where, [one[0] + "," + one[1]]), where)


def test_evil_host_with_its_own_host_header(ready):
    """28: a proof captured by a hostile server; Host and X-Forwarded-* must not matter."""
    _, (header, claims) = parts(ready, TOKEN)
    claims["htu"] = "https://evil.example/token"
    for extra in ([("Host", "evil.example")], [("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Proto", "https")]):
        check_refused(ask(ready, TOKEN, [good(ready, header, claims)], extra), TOKEN)


def dot_segment(url):
    scheme, host, path = url.replace("://", "/", 1).split("/", 2)
    return f"{scheme}://{host}/./x/../{path}"


@pytest.mark.parametrize("where", [TOKEN, BEAT])
@pytest.mark.parametrize(
    "edit",
    [lambda u: u + "?query#fragment", lambda u: u.replace("https:", "HTTPS:"), dot_segment],
    ids=["30 query and fragment", "31 upper-case scheme", "dot segment"],
)
def test_equivalent_htu_is_accepted(ready, where, edit):
    _, (header, claims) = parts(ready, where)
    claims["htu"] = edit(claims["htu"])
    assert ask(ready, where, [good(ready, header, claims)]).status == 200


def test_hour_old_and_hour_young(ready):
    for shift in (-3600, 3600):
        _, (header, claims) = parts(ready, TOKEN)
        claims["iat"] = int(time.time()) + shift
        reply = ask(ready, TOKEN, [good(ready, header, claims)])
        assert reply.status == 400 and reply.code in (IDP, "use_dpop_nonce"), reply


def test_a_jti_of_100_kB(ready):
    _, (header, claims) = parts(ready, TOKEN)
    claims["jti"] = "j" * 100000
    conn = ready.broker.guest_http()
    reply = conn.send("POST", "/token", [FORM, ("DPoP", good(ready, header, claims))], b"grant_type=x")
    assert reply.status in (400, 431), reply
    conn.close()
    assert ready.heartbeat().status == 200


# Nonce


@pytest.mark.parametrize("where", [TOKEN, BEAT, ATTEST])
@pytest.mark.parametrize("nonce", [None, "made-up", ""])
def test_nonce_missing_or_made_up(ready, where, nonce):
    _, (header, claims) = parts(ready, where)
    claims.pop("nonce")
    if nonce is not None:
        claims["nonce"] = nonce
    reply = ask(ready, where, [good(ready, header, claims)])
    assert reply.code in (("use_dpop_nonce",) if nonce != "" else ("use_dpop_nonce", IDP))
    check_refused(reply, where, reply.code)
    ready.nonce = reply.get("DPoP-Nonce")  # the round that a client makes
    assert ask(ready, where, [good(ready, *parts(ready, where)[1])]).status == 200


def test_nonce_of_another_instance(ready, make_broker):
    other = make_broker()
    reply = other.guest_http().json("POST", "/v1/challenge", {})
    _, (header, claims) = parts(ready, TOKEN)
    claims["nonce"] = reply.get("DPoP-Nonce")
    check_refused(ask(ready, TOKEN, [good(ready, header, claims)]), TOKEN, "use_dpop_nonce")


# Replay


def replayed(reply, where):
    if where == TOKEN:
        check_refused(reply, where)
    else:
        check_refused(reply, where, "dpop_replayed")


@pytest.mark.parametrize("where", [TOKEN, BEAT, ATTEST])
def test_replay(ready, where):
    proof = good(ready, *parts(ready, where)[1])
    assert ask(ready, where, [proof]).status == 200
    replayed(ask(ready, where, [proof]), where)


def test_replay_of_sixteen_at_once(ready, make_guest):
    twins = []
    for _ in range(16):
        twin = make_guest(key=ready.key)
        twin.nonce, twin.ear, twin.sandbox, twin.token = ready.nonce, ready.ear, ready.sandbox, ready.token
        twins.append(twin)
    proof = good(ready, *parts(ready, TOKEN)[1])
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        replies = list(pool.map(lambda g: ask(g, TOKEN, [proof]), twins))
    assert sorted(r.status for r in replies) == [200] + [400] * 15
    assert {r.code for r in replies if r.status == 400} == {IDP}


def test_replay_with_the_other_signature(ready):
    """41: (r, n - s) is a signature of the same proof; the proof is the same."""
    proof = good(ready, *parts(ready, TOKEN)[1])
    assert ask(ready, TOKEN, [proof]).status == 200
    head, payload, signature = proof.split(".")
    raw = unb64u(signature)
    s = N256 - int.from_bytes(raw[32:], "big")
    twin = ".".join([head, payload, b64u(raw[:32] + s.to_bytes(32, "big"))])
    replayed(ask(ready, TOKEN, [twin]), TOKEN)


def test_replay_with_an_equivalent_htu(ready):
    """73: the memory is of the canonical URL."""
    _, (header, claims) = parts(ready, TOKEN)
    assert ask(ready, TOKEN, [good(ready, header, claims)]).status == 200
    claims["htu"] = claims["htu"].replace("https:", "HTTPS:") + "?x"
    replayed(ask(ready, TOKEN, [good(ready, header, claims)]), TOKEN)


def test_same_jti_elsewhere_and_of_another_key(ready, make_guest):
    """72 and 42: a jti is remembered for a key and a URL, so nobody can burn another's."""
    other = make_guest().ready()
    _, (header, claims) = parts(ready, TOKEN)
    jti = claims["jti"]
    assert ask(ready, TOKEN, [good(ready, header, claims)]).status == 200
    _, (header, claims) = parts(ready, BEAT)
    claims["jti"] = jti
    assert ask(ready, BEAT, [good(ready, header, claims)]).status == 200
    _, (header, claims) = parts(other, TOKEN)
    claims["jti"] = jti
    assert ask(other, TOKEN, [good(other, header, claims)]).status == 200


def test_restart_does_not_forget_a_used_proof(make_broker, populate, tpm):
    """70: proofs are bound to the instance by its nonces."""
    broker = make_broker()
    populate(broker)
    guest = Guest(broker, tpm, POLICY).ready()
    proof = good(guest, *parts(guest, TOKEN)[1])
    assert ask(guest, TOKEN, [proof]).status == 200
    broker.stop()
    broker.start()
    check_refused(ask(guest, TOKEN, [proof]), TOKEN, "use_dpop_nonce")
    assert ask(guest, TOKEN, [good(guest, *parts(guest, TOKEN)[1])]).status == 200
    guest.close()


# Binding of token and proof at our own routes (RFC 9449 section 7)


def own_refused(reply, code):
    assert (reply.status, reply.code) == (401, code), reply
    assert reply.get("WWW-Authenticate").startswith("DPoP ")
    assert f'error="{code}"' in reply.get("WWW-Authenticate")


def test_ath_missing_or_of_another_token(ready):
    for wrong in (None, b64u(bytes(32)), 7):
        _, (header, claims) = parts(ready, BEAT)
        claims.pop("ath")
        if wrong is not None:
            claims["ath"] = wrong
        check_refused(ask(ready, BEAT, [good(ready, header, claims)]), BEAT)


def test_proof_by_another_key_than_the_tokens(ready):
    path, (_, claims) = parts(ready, BEAT)
    thief = Key()
    header = {"typ": "dpop+jwt", "alg": thief.alg, "jwk": thief.jwk()}
    own_refused(ask(ready, BEAT, [jws(thief, header, claims)]), "invalid_token")


def test_bound_token_as_bearer(ready):
    path, (header, claims) = parts(ready, BEAT)
    for scheme in ("Bearer ", "Basic ", "DPoP", ""):
        proof = good(ready, *parts(ready, BEAT)[1])
        fields = [("Content-Type", "application/json"), ("DPoP", proof), ("Authorization", scheme + ready.token)]
        own_refused(ready.send("POST", path, fields, b"{}"), "invalid_token")


def test_scheme_is_read_without_case(ready):
    path, (header, claims) = parts(ready, BEAT)
    fields = [("Content-Type", "application/json"), ("DPoP", good(ready, header, claims))]
    reply = ready.send("POST", path, [*fields, ("Authorization", "dpop " + ready.token)], b"{}")
    assert reply.status == 200, reply


def test_two_authorization_lines(ready):
    path, (header, claims) = parts(ready, BEAT)
    fields = [("Content-Type", "application/json"), ("DPoP", good(ready, header, claims))]
    fields += [("Authorization", "DPoP " + ready.token)] * 2
    reply = ready.send("POST", path, fields, b"{}")
    assert reply.status in (400, 401), reply


def test_no_token(ready):
    path, (header, claims) = parts(ready, BEAT)
    fields = [("Content-Type", "application/json"), ("DPoP", good(ready, header, claims))]
    own_refused(ready.send("POST", path, fields, b"{}"), "invalid_token")


def test_proof_of_another_key_cannot_exchange(ready):
    """78: evidence bound to one key, proof by another."""
    thief = Key()
    _, (_, claims) = parts(ready, TOKEN)
    header = {"typ": "dpop+jwt", "alg": thief.alg, "jwk": thief.jwk()}
    reply = ask(ready, TOKEN, [jws(thief, header, claims)])
    assert reply.status == 400 and reply.code in ("invalid_request", "invalid_grant"), reply
