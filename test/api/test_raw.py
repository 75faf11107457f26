# SPDX-License-Identifier: Apache-2.0
"""The HTTP front against raw bytes: spec/reliability.md section 1, every row, and what keep-alive, bodies and TLS owe.

Deadlines of the server under test: head 2 s, idle 2 s, requests 3 s (uploads 20 s)."""
import datetime
import json
import os
import ssl
import time

import pytest

from http_raw import TESTD, Testd, body, get, header, post_json, request, status
from harness.broker import SLOW
from harness.pki import Pki

HOST = b"Host: a\r\n"
# A second request that must never run: "ran slow 7".
SMUGGLED = b"GET /slow/7 HTTP/1.1\r\nHost: a\r\n\r\n"
CHUNKED = b"0\r\n\r\n"


@pytest.fixture(scope="module", autouse=True)
def program():
    if not os.access(TESTD, os.X_OK):
        pytest.fail(f"{TESTD} is not there: run make tests", pytrace=False)


@pytest.fixture(scope="module")
def testd(pki):
    server = Testd(pki, connections=200)
    yield server
    assert server.stop() == 0


def post(*lines, path=b"/json"):
    return b"POST " + path + b" HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n" + b"".join(lines) + b"\r\n"


# name, bytes before SMUGGLED, statuses that are right.  0: closed without an answer.
MALFORMED = [
    ("cl_and_te", post(b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n") + CHUNKED, {400}),
    ("te_and_cl", post(b"Transfer-Encoding: chunked\r\n", b"Content-Length: 5\r\n") + CHUNKED, {400}),
    ("two_cl_0_then_35", post(b"Content-Length: 0\r\n", b"Content-Length: 35\r\n"), {400}),
    ("two_cl_same", post(b"Content-Length: 35\r\n", b"Content-Length: 35\r\n"), {400}),
    ("te_unknown", post(b"Transfer-Encoding: foo\r\n") + CHUNKED, {400}),
    ("te_gzip_chunked", post(b"Transfer-Encoding: gzip, chunked\r\n") + CHUNKED, {400}),
    ("te_two_lines", post(b"Transfer-Encoding: gzip\r\n", b"Transfer-Encoding: chunked\r\n") + CHUNKED, {400}),
    ("te_identity", post(b"Transfer-Encoding: identity\r\n", b"Content-Length: 0\r\n"), {400}),
    ("te_chunked", post(b"Transfer-Encoding: chunked\r\n") + CHUNKED, {400}),
    ("te_folded", post(b"Content-Length: 0\r\n", b"Transfer-Encoding:\r\n chunked\r\n") + CHUNKED, {400}),
    ("te_folded_get", b"GET /hello HTTP/1.1\r\n" + HOST + b"Transfer-Encoding:\r\n chunked\r\n\r\n" + CHUNKED, {400}),
    ("te_space_colon", post(b"Transfer-Encoding : chunked\r\n", b"Content-Length: 5\r\n") + CHUNKED, {400}),
    ("te_tab_colon", post(b"Transfer-Encoding\t: chunked\r\n", b"Content-Length: 5\r\n") + CHUNKED, {400}),
    ("te_xchunked", post(b"Transfer-Encoding: xchunked\r\n", b"Content-Length: 5\r\n") + CHUNKED, {400}),
    ("te_vtab", post(b"Transfer-Encoding: \x0bchunked\r\n", b"Content-Length: 5\r\n") + CHUNKED, {400}),
    ("chunk_bare_lf", post(b"Transfer-Encoding: chunked\r\n") + b"0\n\n", {400}),
    ("chunk_extension", post(b"Transfer-Encoding: chunked\r\n") + b"2;x=y\r\n{}\r\n0\r\n\r\n", {400}),
    ("chunk_trailer", post(b"Transfer-Encoding: chunked\r\n") + b"2\r\n{}\r\n0\r\nHost: b\r\n\r\n", {400}),
    ("chunk_overflow", post(b"Transfer-Encoding: chunked\r\n") + b"ffffffffffffffff1\r\n", {400}),
    ("chunk_0x3", post(b"Transfer-Encoding: chunked\r\n") + b"0x3\r\n", {400}),
    ("fold", b"GET /hello HTTP/1.1\r\n" + HOST + b"X: a\r\n b\r\n\r\n", {400}),
    ("fold_tab", b"GET /hello HTTP/1.1\r\n" + HOST + b"X: a\r\n\tb\r\n\r\n", {400}),
    ("fold_first", b"GET /hello HTTP/1.1\r\n X: a\r\n" + HOST + b"\r\n", {400}),
    ("bare_lf_head", b"GET /hello HTTP/1.1\nHost: a\n\n", {400}),
    ("bare_lf_line", b"GET /hello HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", {400}),
    ("bare_lf_first_line", b"GET /hello HTTP/1.1\nHost: a\r\n\r\n", {400}),
    ("bare_lf_last_line", b"GET /hello HTTP/1.1\r\nHost: a\r\n\n", {400}),
    # A sum of lengths would balance in these two.
    ("balanced_blank", b"GET /hello HTTP/1.1\r\nHost:  a\nX: y\r\n\r\n", {400}),
    ("balanced_fold", post(b"Content-Length: 0\r\n", b"Transfer-Encoding:\r\n chunked\r\n", b"A: b\n" * 10) + CHUNKED, {400}),
    ("balanced_nul", b"GET /hello HTTP/1.1\r\n" + HOST + b"X: y\0zzz\r\nA: b\nA: b\nA: b\nA: b\n\r\n", {400}),
    ("nul_and_gap", b"GET /hello HTTP/1.1\r\n" + HOST + b"X: y\0z\n\n", {400}),
    ("cr_in_value", b"GET /hello HTTP/1.1\r\n" + HOST + b"X: a\rb\r\n\r\n", {400}),
    ("nul_in_value", b"GET /hello HTTP/1.1\r\n" + HOST + b"X: secret\0tail\r\n\r\n", {400}),
    ("ctl_in_value", b"GET /hello HTTP/1.1\r\n" + HOST + b"X: a\x01b\r\n\r\n", {400}),
    ("del_in_value", b"GET /hello HTTP/1.1\r\n" + HOST + b"X: a\x7fb\r\n\r\n", {400}),
    ("cl_nul", post(b"Content-Length: 3\x005\r\n"), {400}),
    ("nul_in_path", b"GET /hello\0x HTTP/1.1\r\n" + HOST + b"\r\n", {0, 400}),
    ("pct_00", b"GET /hello%00x HTTP/1.1\r\n" + HOST + b"\r\n", {400}),
    ("pct_2f", b"GET /..%2fhello HTTP/1.1\r\n" + HOST + b"\r\n", {400}),
    ("pct_crlf", b"GET /hello%0d%0aX:y HTTP/1.1\r\n" + HOST + b"\r\n", {400}),
    ("pct_in_query", b"GET /hello?name=%41 HTTP/1.1\r\n" + HOST + b"\r\n", {400}),
    ("pct_unreserved", b"GET /h%65llo HTTP/1.1\r\n" + HOST + b"\r\n", {400}),
    ("dot_segments", b"GET /a/../hello HTTP/1.1\r\n" + HOST + b"\r\n", {400}),
    ("two_slashes", b"GET //hello HTTP/1.1\r\n" + HOST + b"\r\n", {400}),
    ("fragment", b"GET /hello#x HTTP/1.1\r\n" + HOST + b"\r\n", {400}),
    ("utf8_path", "GET /hellö HTTP/1.1\r\nHost: a\r\n\r\n".encode(), {400}),
    ("two_host", b"GET /hello HTTP/1.1\r\n" + HOST + b"Host: b\r\n\r\n", {400}),
    ("no_host", b"GET /hello HTTP/1.1\r\nX: y\r\n\r\n", {400}),
    ("empty_host", b"GET /hello HTTP/1.1\r\nHost: \r\n\r\n", {400}),
    ("host_space_colon", b"GET /hello HTTP/1.1\r\nHost : a\r\n\r\n", {400}),
    ("host_indented", b"GET /hello HTTP/1.1\r\n Host: a\r\n\r\n", {400}),
    ("host_no_blank", b"GET /hello HTTP/1.1\r\nHost:a\r\n\r\n", {400}),
    ("absolute_form", b"GET http://evil.example/hello HTTP/1.1\r\n" + HOST + b"\r\n", {400}),
    ("http_1_2", b"GET /hello HTTP/1.2\r\n" + HOST + b"\r\n", {400, 505}),
    ("http_1_0", b"GET /hello HTTP/1.0\r\n" + HOST + b"\r\n", {400}),
    ("http_0_9", b"GET /hello\r\n\r\n", {0, 400, 505}),
    ("http_2_preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {0, 400, 505}),
    ("http_lower", b"GET /hello http/1.1\r\n" + HOST + b"\r\n", {0, 400, 505}),
    ("lower_method", b"get /hello HTTP/1.1\r\n" + HOST + b"\r\n", {400}),
    ("garbage_method", b"G(T /hello HTTP/1.1\r\n" + HOST + b"\r\n", {400}),
    ("options_star", b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n", {400}),
    ("connect", b"CONNECT a:443 HTTP/1.1\r\n" + HOST + b"\r\n", {400}),
    ("trace", b"TRACE /hello HTTP/1.1\r\n" + HOST + b"\r\n", {400}),
    ("two_blanks", b"GET  /hello HTTP/1.1\r\n" + HOST + b"\r\n", {400}),
    ("blank_in_uri", b"GET /hello x HTTP/1.1\r\n" + HOST + b"\r\n", {0, 400}),
    ("blank_at_end", b"GET /hello HTTP/1.1 \r\n" + HOST + b"\r\n", {0, 400, 505}),
    ("tab_between", b"GET\t/hello HTTP/1.1\r\n" + HOST + b"\r\n", {0, 400}),
    ("ctl_in_name", b"GET /hello HTTP/1.1\r\n" + HOST + b"X\x01Y: z\r\n\r\n", {400}),
    ("parens_in_name", b"GET /hello HTTP/1.1\r\n" + HOST + b"(X),/: z\r\n\r\n", {400}),
    ("blank_in_name", b"GET /hello HTTP/1.1\r\n" + HOST + b"X Y: z\r\n\r\n", {400}),
    ("nul_in_name", b"GET /hello HTTP/1.1\r\n" + HOST + b"X\0Y: z\r\n\r\n", {400}),
    ("empty_name", b"GET /hello HTTP/1.1\r\n" + HOST + b": z\r\n\r\n", {400}),
    ("no_colon", b"GET /hello HTTP/1.1\r\n" + HOST + b"X\r\n\r\n", {400}),
    ("get_with_body", b"GET /hello HTTP/1.1\r\n" + HOST + b"Content-Length: 35\r\n\r\n", {400}),
    ("delete_with_body", b"DELETE /hello HTTP/1.1\r\n" + HOST + b"Content-Length: 35\r\n\r\n", {400}),
    ("cl_plus", post(b"Content-Length: +3\r\n"), {400}),
    ("cl_minus", post(b"Content-Length: -1\r\n"), {400}),
    ("cl_list", post(b"Content-Length: 3,3\r\n"), {400}),
    ("cl_two_words", post(b"Content-Length: 3 3\r\n"), {400}),
    ("cl_hex", post(b"Content-Length: 0x3\r\n"), {400}),
    ("cl_empty", post(b"Content-Length: \r\n"), {400}),
    ("cl_overflow", post(b"Content-Length: 99999999999999999999\r\n"), {400, 413}),
    ("cl_huge", post(b"Content-Length: 9999999999999999\r\n"), {400, 413}),
    ("no_length", post(), {411}),
    ("put_no_length", b"PUT /upload/a HTTP/1.1\r\n" + HOST + b"\r\n", {411}),
    ("expect_other", post(b"Content-Length: 2\r\n", b"Expect: 200-maybe\r\n"), {417}),
    ("header_25k", b"GET /hello HTTP/1.1\r\n" + HOST + b"X: " + b"y" * 25000 + b"\r\n\r\n", {431}),
    ("header_40k", b"GET /hello HTTP/1.1\r\n" + HOST + b"X: " + b"y" * 40960 + b"\r\n\r\n", {431}),
    ("header_100k", b"GET /hello HTTP/1.1\r\n" + HOST + b"X: " + b"y" * 100000 + b"\r\n\r\n", {0, 431}),
    ("headers_65", b"GET /hello HTTP/1.1\r\n" + HOST + b"X: y\r\n" * 64 + b"\r\n", {431}),
    ("headers_2000", b"GET /hello HTTP/1.1\r\n" + HOST + b"X: y\r\n" * 2000 + b"\r\n", {431}),
    ("target_5k", b"GET /" + b"h" * 5000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", {414}),
    ("tls_record", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", {0, 400}),
]


@pytest.mark.parametrize("listener", ["local", "guest"])
@pytest.mark.parametrize("probe", MALFORMED, ids=[m[0] for m in MALFORMED])
def test_malformed(testd, listener, probe):
    """Refused with the right status, closed, and what follows never runs."""
    _name, data, right = probe
    testd.forget()
    with testd.connect(listener) as c:
        try:
            c.send(data + SMUGGLED)
        except OSError:
            pass  # closed while we were still sending
        reply = c.read_all()
    assert reply is not None, "still open"
    assert status(reply) in right, reply[:300]
    assert b" 200 " not in reply
    assert testd.ran() == []
    if header(reply, "Content-Type") == "application/problem+json":
        assert header(reply, "Connection") == "close"
        assert json.loads(body(reply))["status"] == status(reply)
    else:
        # libmicrohttpd's own answers; the gate's are problems.
        assert status(reply) in (0, 400, 413, 414, 431, 505)


def test_good(testd):
    """The same probes without their fault pass: the table above cannot refuse everything."""
    good = [
        b"GET /hello HTTP/1.1\r\n" + HOST + b"X: y\r\n\r\n",
        b"GET /hello HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\n\r\n",
        b"GET /hello HTTP/1.1\r\n" + HOST + b"X:\ty \r\n\r\n",
        b"GET /hello HTTP/1.1\r\n" + HOST + b"Empty: \r\n\r\n",
        b"\r\nGET /hello HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET /hello HTTP/1.1\r\nhOsT: [::1]:8443\r\n\r\n",
        b"GET /hello?name=a-b_c.d~e!$&x=/?@: HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET /hello HTTP/1.1\r\n" + HOST + b"X: y\r\n" * 63 + b"\r\n",
        b"GET /hello HTTP/1.1\r\n" + HOST + b"Authorization: DPoP " + b"y" * 20000 + b"\r\n\r\n",
        post(b"Content-Length: 2\r\n") + b"{}",
        post(b"Content-Length: 0\r\n"),
    ]
    for data in good:
        for listener in ("local", "guest"):
            with testd.connect(listener) as c:
                assert status(c.ask(data)) == 200, data
                assert status(c.ask(data)) == 200, ("second on one connection", data)


def test_reply_headers(testd):
    with testd.connect() as c:
        reply = c.ask(get("/hello"))
        assert header(reply, "Cache-Control") == "no-store"
        assert header(reply, "X-Content-Type-Options") == "nosniff"
        assert header(reply, "Content-Length") == "5" and header(reply, "Date")
        assert header(reply, "Connection") is None
        reply = c.ask(get("/cached"))
        assert status(reply) == 204 and header(reply, "Cache-Control") == "public, max-age=60" and body(reply) == b""
        reply = c.ask(get("/unable"))
        assert status(reply) == 503 and int(header(reply, "Retry-After")) > 0
        assert header(reply, "Content-Type") == "application/problem+json"
        assert json.loads(body(reply))["type"] == "urn:countersign:error:unable" and b"machine-7" not in reply
        # The largest head in, the largest head out.
        reply = c.ask(get("/big", "X: " + "y" * 20000))
        assert status(reply) == 200 and len(reply) > 12000


def test_routes(testd):
    testd.forget()
    with testd.connect() as c:
        assert status(c.ask(get("/nowhere"))) == 404
        assert status(c.ask(get("/hello/"))) == 404
        assert status(c.ask(get("/whoami"))) == 404, "of the admin listener"
        reply = c.ask(request("DELETE", "/hello"))
        assert status(reply) == 405 and header(reply, "Allow") == "GET"
        assert status(c.ask(get("/hello"))) == 200, "refusals without a body keep the connection"
    with testd.connect() as c:
        c.send(request("HEAD", "/hello", None, "Connection: close"))
        reply = c.read_all()
        assert status(reply) == 405 and body(reply) == b""
    for method, path, content, code in (
        ("POST", "/hello", b"x", 405),
        ("POST", "/nowhere", b"x", 404),
        ("POST", "/cut/a", b"x", 400),
    ):
        with testd.connect() as c:
            reply = c.ask(request(method, path, content))
            assert status(reply) == code and header(reply, "Connection") == "close"
            assert c.read_all() == b""
    testd.wait(r"done GET - 404 \d+$")
    testd.wait(r"done DELETE - 405 \d+$")


@pytest.mark.parametrize("lines", [(), ("Content-Type: text/plain",), ("Content-Type: application/json",) * 2,
                                   ("Content-Type: application/json", "Content-Encoding: gzip")])
def test_content_type(testd, lines):
    testd.forget()
    with testd.connect() as c:
        assert status(c.ask(request("POST", "/json", b"{}", *lines))) == 415
    assert testd.ran() == []


def test_forms(testd):
    form = "Content-Type: application/x-www-form-urlencoded"
    with testd.connect() as c:
        assert body(c.ask(request("POST", "/form", b"value=a+b%26&x=1", form))) == b"a b&"
        assert body(c.ask(request("POST", "/form", b"value=", form))) == b"(absent)"
        reply = c.ask(request("POST", "/form", b"value=1&value=2", form))
        assert status(reply) == 400 and "twice" in json.loads(body(reply))["detail"]
        assert status(c.ask(request("POST", "/form", b"value=%00", form))) == 400
    with testd.connect() as c:
        assert status(c.ask(request("POST", "/form", b"{}", "Content-Type: application/json"))) == 415


def test_query(testd):
    with testd.connect() as c:
        assert body(c.ask(get("/hello?x=1&name=me"))) == b"me"
        assert status(c.ask(get("/hello?name=a&name=b"))) == 400


def test_too_large_unread(testd):
    """Decided by what is announced: not one byte of body is waited for."""
    for path, size in (("/json", 65537), ("/upload/a", (1 << 30) + 1)):
        method = "POST" if path == "/json" else "PUT"
        head = f"{method} {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {size}\r\n\r\n"
        with testd.connect() as c:
            start = time.monotonic()
            reply = c.ask(head.encode())
            assert status(reply) == 413 and json.loads(body(reply))["code"] == "too_large"
            assert time.monotonic() - start < 1 * SLOW
    with testd.connect() as c:
        assert status(c.ask(post_json("/json", b"[" + b"0" * 65534 + b"]"))) == 200


@pytest.mark.parametrize("listener", ["local", "guest"])
def test_refusal_is_readable(testd, listener):
    """A client that sends its whole body before it reads still gets the reason instead of a reset."""
    with testd.connect(listener) as c:
        c.send(post_json("/json", b"0" * (16 << 20)))  # more than fits into socket buffers
        assert status(c.read_reply()) == 413
        assert c.read_all() == b""


def test_pipelining(testd):
    with testd.connect() as c:
        c.send(get("/hello?name=1") + post_json("/json", b"2") + get("/nowhere") + get("/hello?name=4"))
        replies = [c.read_reply() for _ in range(4)]
    assert [status(r) for r in replies] == [200, 200, 404, 200]
    assert [body(r) for r in replies[:2]] == [b"1", b"2"] and body(replies[3]) == b"4"


def test_pieces(testd):
    """A request that comes byte by byte is the same request."""
    with testd.connect() as c:
        for byte in post_json("/json", b'{"a":"' + b"x" * 20 + b'"}'):
            c.send(bytes([byte]))
        assert body(c.read_reply()) == b'{"a":"' + b"x" * 20 + b'"}'


def test_expect(testd):
    head = b"PUT /upload/a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n"
    with testd.connect() as c:
        assert c.ask(head + b"\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert body(c.ask(b"abc")) == b"3"
        assert status(c.ask(get("/hello"))) == 200
    with testd.connect() as c:
        reply = c.ask(head + b"X-Refuse: open\r\n\r\n")
        assert status(reply) == 403, "refused before the body was asked for"
        assert c.read_all() == b""
    with testd.connect() as c:
        assert status(c.ask(post_json("/json", b"", "Expect: 100-continue").replace(b"Length: 0", b"Length: 99999999"))) == 413


def test_upload(testd):
    """64 MiB pass through without being held."""
    size, piece = 64 << 20, os.urandom(1 << 20)
    before = testd.status_kib("VmHWM")
    with testd.connect() as c:
        c.send(f"PUT /upload/a HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\n".encode())
        for _ in range(64):
            c.send(piece)
        assert body(c.read_reply(10)) == str(size).encode()
        assert status(c.ask(get("/hello"))) == 200
    assert testd.status_kib("VmHWM") - before < 4096 * SLOW, "KiB more than before"


def test_upload_refused_midway(testd):
    """A stream's refusal reaches the client when the end of the body is near; else the connection ends."""
    testd.forget()
    with testd.connect() as c:
        reply = c.ask(request("PUT", "/upload/a", b"x" * 100000, "X-Refuse: write"))
        assert status(reply) == 409 and header(reply, "Connection") == "close"
    with testd.connect() as c:
        c.send(f"PUT /upload/b HTTP/1.1\r\nHost: a\r\nX-Refuse: write\r\nContent-Length: {1 << 29}\r\n\r\n".encode() + b"x" * 100)
        assert status(c.read_all()) == 0
    ran = testd.ran()
    assert ran.count("sink abandon") == 2 and not any(line.startswith("sink end") for line in ran)


def test_upload_abandoned(testd):
    """The client goes away in the middle."""
    testd.forget()
    with testd.connect() as c:
        c.send(b"PUT /upload/gone HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n" + b"x" * 10)
        testd.wait("sink open gone")
    testd.wait("sink abandon")
    testd.wait(r"done PUT /upload/\{id\} 0 ")


def test_cut(testd):
    """A label's connections end at once; others, and the one that asks, do not."""
    testd.forget()
    with testd.connect() as victim, testd.connect() as other, testd.connect() as caller:
        for c, name in ((victim, "sb1"), (other, "sb2")):
            c.send(f"PUT /upload/{name} HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345".encode())
            testd.wait(f"sink open {name}")
        start = time.monotonic()
        reply = caller.ask(request("POST", "/cut/sb1", b""))
        assert status(reply) == 200 and header(reply, "Connection") == "close"
        assert victim.read_all(2) == b"" and time.monotonic() - start < 1 * SLOW
        testd.wait("sink abandon")
        assert body(other.ask(b"67890")) == b"10"
    assert "sink end sb1" not in testd.ran()


def test_cut_stops_what_is_here(testd):
    """A cut while a piece is being written: bytes that already arrived do not complete the upload."""
    testd.forget()
    with testd.connect() as victim, testd.connect() as caller:
        victim.send(request("PUT", "/upload/late", b"x" * 300000, "X-Pause: 300"))
        testd.wait("sink open late")
        assert status(caller.ask(request("POST", "/cut/late", b""))) == 200
        assert status(victim.read_all(3)) == 0
        testd.wait("sink abandon")
    assert "sink end late" not in testd.ran()


def test_cut_stops_what_was_read(testd):
    """The same when the whole body was read already: its last call does not come."""
    testd.forget()
    with testd.connect() as victim, testd.connect() as caller:
        victim.send(request("PUT", "/upload/read", b"x" * 1000, "X-Pause: 300"))
        testd.wait("sink open read")
        assert status(caller.ask(request("POST", "/cut/read", b""))) == 200
        assert status(victim.read_all(3)) == 0
        testd.wait("sink abandon")
    assert "sink end read" not in testd.ran()


def test_whoami(testd, pki):
    """The certificate that was verified, and only that, is told to the handler."""
    alice = pki.person("alice-raw")
    with testd.connect("admin", identity=alice) as c:
        reply = c.ask(get("/whoami"))
        assert body(reply).decode() == f"1 {alice.spki}"
        assert status(c.ask(get("/hello"))) == 200


def test_bad_client_certificates(testd, pki, tmp_path):
    second, day = datetime.timedelta(seconds=1), datetime.timedelta(days=1)
    # The same name, another key; in a folder of its own.
    rogue_ca = Pki(str(tmp_path)).client_ca
    identities = {
        "none": None,
        "self-signed": pki.make("rogue-self", client=True),
        "another CA of the same name": pki.make("rogue-ca", issuer=rogue_ca, client=True),
        "the CA of the server": pki.make("rogue-server-ca", issuer=pki.server_ca, client=True),
        "expired": pki.make("expired", issuer=pki.client_ca, client=True, start=-2 * day, end=-second),
        "not yet": pki.make("early", issuer=pki.client_ca, client=True, start=day),
        "for servers": pki.make("purpose", issuer=pki.client_ca),
        "issued by a person": pki.make("sub", issuer=pki.person("not-a-ca"), client=True),
    }
    for name, identity in identities.items():
        for data in (get("/whoami"), get("/hello"), get("/nowhere"), post_json("/json", b"{}")):
            testd.forget()
            with testd.connect("admin", identity=identity) as c:
                c.send(data + get("/whoami", "X-Client-Cert: pretend"))
                reply = c.read_all()
            assert status(reply) == 401, (name, reply)
            problem = json.loads(body(reply))
            assert problem["code"] == "client_certificate" and header(reply, "Connection") == "close"
            assert testd.ran() == [], name


def test_certificate_expires_on_the_connection(testd, pki):
    """Verified for each request anew: a connection does not outlive its certificate."""
    start = time.monotonic()
    soon = pki.make("soon", issuer=pki.client_ca, client=True, end=datetime.timedelta(seconds=3))
    with testd.connect("admin", identity=soon) as c:
        reply = c.ask(get("/whoami"))
        assert status(reply) == 200
        while status(reply) == 200 and time.monotonic() - start < 8 * SLOW:
            time.sleep(0.2)
            testd.forget()
            reply = c.ask(get("/whoami"))
        # notAfter is a whole second, and that second still counts.
        assert 1.9 < time.monotonic() - start < 4.5 * SLOW
        assert status(reply) == 401 and json.loads(body(reply))["code"] == "client_certificate"
        assert c.read_all() == b""
    assert testd.ran() == []


def test_tls(testd):
    with pytest.raises((ssl.SSLError, ConnectionError)):
        testd.connect(version=ssl.TLSVersion.TLSv1_2)
    with testd.connect() as c:
        assert c.sock.version() == "TLSv1.3"
        assert status(c.ask(get("/hello"))) == 200
        assert not c.sock.session.has_ticket, "session tickets are off"
    with pytest.raises((ConnectionError, OSError)):
        testd.connect(host="127.0.0.2").close()


def test_plain_on_tls_port(testd):
    testd.forget()
    with testd.connect("guest", tls=False) as c:
        c.send(get("/hello"))
        assert status(c.read_all()) == 0
    assert testd.ran() == []
