# SPDX-License-Identifier: Apache-2.0
"""Bad input: each kind of nonsense gets its code, and other guests do not notice."""
import json
import threading
import time

import pytest
from harness.guest import FORM
from harness.jose import b64u, jws

JSON = ("Content-Type", "application/json")


def attest_raw(guest, body, headers=(JSON,)):
    return guest.proven("POST", "/v1/attest", list(headers), body)


def edit(guest, old, new):
    text = json.dumps(guest.attest_body())
    assert old in text
    return text.replace(old, new, 1).encode()


def with_value(guest, name, value):
    return json.dumps(dict(guest.attest_body(), **{name: value})).encode()


def with_item(guest, name, value):
    body = guest.attest_body()
    body["evidence"][0][name] = value
    return json.dumps(body).encode()


BODIES = {
    "empty": lambda g: b"",
    "broken": lambda g: json.dumps(g.attest_body()).encode()[:-1],
    "trailing": lambda g: json.dumps(g.attest_body()).encode() + b"x",
    "two values": lambda g: json.dumps(g.attest_body()).encode() + b"{}",
    "array": lambda g: b"[]",
    "number": lambda g: b"1",
    "null": lambda g: b"null",
    "single quotes": lambda g: b"{'policy':1}",
    "NaN": lambda g: edit(g, '"policy": "worker"', '"policy": NaN'),
    "trailing comma": lambda g: json.dumps(g.attest_body()).encode()[:-1] + b",}",
    "comment": lambda g: b"/* */" + json.dumps(g.attest_body()).encode(),
    "BOM": lambda g: b"\xef\xbb\xbf" + json.dumps(g.attest_body()).encode(),
    "duplicate member": lambda g: edit(g, '"policy":', '"policy":"x","policy":'),
    "duplicate by escape": lambda g: edit(g, '"policy":', '"\\u0070olicy":"x","policy":'),
    "duplicate below": lambda g: edit(g, '"kty":', '"kty":"EC","kty":'),
    "unknown member": lambda g: with_value(g, "more", 1),
    "unknown member below": lambda g: with_item(g, "more", 1),
    "wrong type policy": lambda g: with_value(g, "policy", 1),
    "wrong type challenge": lambda g: with_value(g, "challenge", None),
    "wrong type key": lambda g: with_value(g, "key", "x"),
    "wrong type evidence": lambda g: with_value(g, "evidence", {}),
    "no evidence": lambda g: with_value(g, "evidence", []),
    "too many pieces": lambda g: with_value(g, "evidence", g.attest_body()["evidence"] * 50),
    "evidence of numbers": lambda g: with_value(g, "evidence", [1]),
    "type number": lambda g: with_item(g, "type", 2),
    "type unknown": lambda g: with_item(g, "type", "sgx"),
    "quote number": lambda g: with_item(g, "quote", 1),
    "pcrs list": lambda g: with_item(g, "pcrs", []),
    "pcr name": lambda g: with_item(g, "pcrs", {"sha256:24": "00" * 32}),
    "pcr bank": lambda g: with_item(g, "pcrs", {"md5:0": "00" * 16}),
    "pcr length": lambda g: with_item(g, "pcrs", {"sha256:0": "00" * 31}),
    "pcr odd hex": lambda g: with_item(g, "pcrs", {"sha256:0": "0" * 63}),
    "pcr no hex": lambda g: with_item(g, "pcrs", {"sha256:0": "g" * 64}),
    "not UTF-8": lambda g: json.dumps(g.attest_body()).encode().replace(b"worker", b"work\xff\xfe"),
    "overlong UTF-8": lambda g: json.dumps(g.attest_body()).encode().replace(b"worker", b"work\xc0\xaf"),
    "surrogate": lambda g: edit(g, '"worker"', '"work\\ud800"'),
    "NUL": lambda g: edit(g, '"worker"', '"worker\\u0000"'),
    "raw NUL": lambda g: json.dumps(g.attest_body()).encode().replace(b"worker", b"worker\0"),
    "raw control": lambda g: json.dumps(g.attest_body()).encode().replace(b"worker", b"wor\nker"),
    "deep": lambda g: b'{"policy":' + b"[" * 5000 + b"]" * 5000 + b"}",
    "deep objects": lambda g: b'{"a":' * 2000 + b"1" + b"}" * 2000,
    "huge number": lambda g: edit(g, '"policy": "worker"', '"policy": 1' + "0" * 400),
    "key with d": lambda g: with_value(g, "key", dict(g.key.jwk(), d=g.key.secret())),
    "key RSA": lambda g: with_value(g, "key", {"kty": "RSA", "n": "AQAB", "e": "AQAB"}),
    "key oct": lambda g: with_value(g, "key", {"kty": "oct", "k": "AAAA"}),
    "key off the curve": lambda g: with_value(g, "key", dict(g.key.jwk(), y=b64u(bytes(32)))),
    "key other curve": lambda g: with_value(g, "key", dict(g.key.jwk(), crv="secp256k1")),
}


@pytest.mark.parametrize("case", BODIES)
def test_attest(guest, case):
    reply = attest_raw(guest, BODIES[case](guest))
    assert reply.status == (413 if case == "too many pieces" else 400), reply
    assert reply.get("Content-Type") == "application/problem+json"
    assert reply.code in ("malformed", "challenge_malformed", "bad_request"), reply
    assert set(reply.json) >= {"type", "title", "status", "code"}
    assert guest.post_attest().status == 200


BASE64 = {
    "padding": lambda t: t + "=",
    "standard alphabet": lambda t: "+/" + t[2:],
    "blank": lambda t: t[:4] + " " + t[4:],
    "line end": lambda t: t + "\n",
    "length 1 mod 4": lambda t: t[: len(t) - len(t) % 4 - 3],
    "trailing bits": lambda t: t[: len(t) - len(t) % 4] + "AB",
    "not ASCII": lambda t: t + "\u00e9",
}


@pytest.mark.parametrize("member", ["challenge", "quote", "signature", "ak"])
@pytest.mark.parametrize("case", BASE64)
def test_base64url_is_strict(guest, member, case):
    body = guest.attest_body()
    where = body if member == "challenge" else body["evidence"][0]
    where[member] = BASE64[case](where[member])
    reply = guest.post_attest(body)
    assert reply.status == 400, reply
    assert reply.code in ("malformed", "challenge_malformed"), reply


@pytest.mark.parametrize(
    "content_type", [None, "text/plain", "application/x-www-form-urlencoded", "application/jsonp", "text/json", ""]
)
def test_another_content_type(guest, content_type):
    headers = [("Content-Type", content_type)] if content_type is not None else []
    reply = attest_raw(guest, json.dumps(guest.attest_body()).encode(), headers)
    assert reply.status == 415, reply


def test_charset_parameter_is_fine(guest):
    headers = [("Content-Type", "application/json; charset=utf-8")]
    assert attest_raw(guest, json.dumps(guest.attest_body()).encode(), headers).status in (200, 415)


def test_too_large(guest):
    guest.challenge()
    reply = attest_raw(guest, b'{"policy":"' + b"x" * (4 << 20) + b'"}')
    assert reply.status == 413, reply
    assert guest.post_attest().status == 200


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"x":1}', b"", b"null", b'{"":1}'])
def test_challenge(guest, body):
    reply = guest.send("POST", "/v1/challenge", [JSON], body)
    assert reply.status == 400, reply


def test_routes_that_are_none(guest):
    for path in ("/", "/v1", "/v1/", "/v1/attest/", "/V1/attest", "/v1/attest/x", "/v2/attest", "/.git/config", "/token/"):
        assert guest.send("POST", path, [JSON], b"{}").status == 404, path
    for path in ("/v1/uploads/../attest", "/v1//attest"):
        assert guest.send("POST", path, [JSON], b"{}").status in (400, 404), path
    assert guest.send("GET", "/v1/attest").status == 405
    assert guest.send("DELETE", "/token").status == 405
    assert "POST" in guest.send("GET", "/v1/attest").get("Allow")


@pytest.mark.parametrize("target", ["/v1/att%65st", "/v1/attest%00", "/v1/uploads/x%2f..%2fy/commit", "/%2e%2e/token"])
def test_percent_in_the_target(guest, target):
    reply = guest.send("POST", target, [JSON], b"{}")
    assert reply.status == 400, reply


@pytest.mark.parametrize(
    "body",
    [
        b"grant_type",
        b"grant_type=%",
        b"grant_type=%zz",
        b"grant_type=%00",
        b"grant_type=\xff",
        b"grant_type=%ff%fe",
        b"=x",
        b"&&&",
        b"a=1&" * 500,
    ],
)
def test_forms(guest, body):
    reply = guest.proven("POST", "/token", [FORM], body)
    assert reply.status == 400, reply
    assert reply.code in ("invalid_request", "unsupported_grant_type"), reply


def test_admin_documents_of_nonsense(admin):
    admin_put = lambda body: admin.http("alice").send(
        "PUT", "/v1/admin/policies/nonsense", [("Content-Type", "application/jose")], body
    )
    for body in (b"", b"x", b"a.b.c", b"{}", b"\xff" * 100, admin.sign("alice", b"not json").encode()):
        assert admin_put(body).status in (400, 401), body
    deep = b'{"id":"nonsense","version":' + b"[" * 3000 + b"]" * 3000 + b"}"
    assert admin_put(admin.sign("alice", deep).encode()).status == 400
    assert admin_put(b"a." + b"x" * (8 << 20) + b".c").status == 413
    reply = admin.http("alice").send("PUT", "/v1/admin/policies/nonsense", [JSON], b"{}")
    assert reply.status == 415


def test_refusals_do_not_reflect(guest):
    """Nothing of a proof, a token, a form or a target comes back: nothing to leak, nothing to inject."""
    marker = "zq9marker"
    replies = [
        guest.post_token({"grant_type": marker}),
        guest.send("GET", "/" + marker),
        guest.proven("POST", "/token", [FORM], b"grant_type=x", proof=marker),
        guest.own("POST", "/v1/sandboxes/sb-x/heartbeat", {}, token=jws(guest.key, {"alg": "ES256"}, {"x": marker})),
    ]
    for reply in replies:
        assert reply.status >= 400
        assert marker.encode() not in reply.body, reply


def test_other_guests_stay_as_fast(make_guest):
    """While ten clients send nonsense, a good guest's heartbeat is answered about as soon as before."""
    good = make_guest().ready()

    def median():
        times = []
        for _ in range(40):
            begin = time.monotonic()
            assert good.heartbeat().status == 200
            times.append(time.monotonic() - begin)
        return sorted(times)[len(times) // 2]

    quiet = median()
    stop = threading.Event()

    def vandal():
        guest = make_guest()
        while not stop.is_set():
            guest.send("POST", "/v1/challenge", [JSON], b'{"a":' * 500)
            time.sleep(0.01)
        guest.close()

    threads = [threading.Thread(target=vandal) for _ in range(10)]
    for t in threads:
        t.start()
    try:
        busy = median()
    finally:
        stop.set()
        for t in threads:
            t.join()
    assert busy < 5 * quiet + 0.05, (quiet, busy)
