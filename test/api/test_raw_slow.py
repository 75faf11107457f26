# SPDX-License-Identifier: Apache-2.0
"""The HTTP front against clients that take their time, and many of them: absolute deadlines, CPU, limits, reload, stop."""
import os
import signal
import socket
import ssl
import statistics
import subprocess
import threading
import time

import pytest

from http_raw import TESTD, Testd, get, header, request, status
from harness.broker import SLOW
from harness.pki import Pki

# A ClientHello that has only begun: record header of 508 bytes, then too few of them.
HALF_HELLO = b"\x16\x03\x01\x01\xfc\x01\x00\x01\xf8\x03\x03"
HEAD_S, IDLE_S, ROUTE_S = 2, 2, 3  # of the server; requests to /json have ROUTE_S


@pytest.fixture(scope="module", autouse=True)
def program():
    if not os.access(TESTD, os.X_OK):
        pytest.fail(f"{TESTD} is not there: run make tests", pytrace=False)


@pytest.fixture(scope="module")
def testd(pki):
    server = Testd(pki, connections=200, header_s=HEAD_S, idle_s=IDLE_S)
    yield server
    assert server.stop() == 0


@pytest.fixture
def make_testd(pki):
    started = []

    def make(**arguments):
        started.append(Testd(pki, **arguments))
        return started[-1]

    yield make
    assert all(server.stop() == 0 for server in started)


def drip(sock, data, every=0.25):
    """Send a byte now and then until the other side closes; seconds that took, and what it said."""
    start, said = time.monotonic(), b""
    for i in range(200):
        try:
            sock.sendall(data[i : i + 1] or b"x")
        except OSError:
            break
        sock.settimeout(every)
        try:
            piece = sock.recv(4096)
            if not piece:
                break
            said += piece
        except socket.timeout:
            continue
        except OSError:
            break
    return time.monotonic() - start, said


SLOW_HEAD = b"GET /hello HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 300
SLOW_BODY = b"POST /json HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 300\r\n\r\n"


def drip_cases(testd):
    """name -> (connection, what was sent at once, what drips, deadline)"""
    plain, tls = {"tls": False}, {}
    return {
        "nothing on a TLS port": (testd.connect(**plain), b"", None, HEAD_S),
        "half a ClientHello": (testd.connect(**plain), HALF_HELLO, None, HEAD_S),
        "dripping ClientHello": (testd.connect(**plain), b"", HALF_HELLO + b"\0" * 200, HEAD_S),
        "silent after the handshake": (testd.connect(**tls), b"", None, HEAD_S),
        "dripping request line": (testd.connect(**tls), b"", b"GET /" + b"x" * 300, HEAD_S),
        "dripping empty lines": (testd.connect(**tls), b"", b"\r\n" * 100, HEAD_S),
        "dripping header": (testd.connect(**tls), SLOW_HEAD[:30], SLOW_HEAD[30:], HEAD_S),
        "dripping body": (testd.connect(**tls), SLOW_BODY, b"[" + b"0," * 200, ROUTE_S),
        "silent in the body": (testd.connect(**tls), SLOW_BODY + b"[", None, ROUTE_S),
        "dripping header, plain": (testd.connect("local"), SLOW_HEAD[:30], SLOW_HEAD[30:], HEAD_S),
    }


def test_absolute_deadlines(testd):
    """Each ends at its deadline, not later for dripping; their handlers never run."""
    testd.forget()
    cases, took = drip_cases(testd), {}

    def run(name, raw, first, more):
        raw.send(first)
        took[name] = drip(raw.sock, more) if more is not None else (raw.closed(8), b"")

    threads = [threading.Thread(target=run, args=(name, *case[:3])) for name, case in cases.items()]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for name, (raw, _first, _more, deadline) in cases.items():
        raw.close()
        seconds, said = took[name]
        assert seconds is not None, f"{name}: still open"
        # Connections were opened one after the other, hence a little earlier than the deadline is right.
        assert deadline - 0.7 * SLOW < seconds < deadline + 1.0 * SLOW, (name, seconds)
        assert b" 200 " not in said, name
    assert testd.ran() == []


def test_idle(testd):
    """Between requests a connection has idle_s; a request in time begins a new pause."""
    with testd.connect() as c:
        for _ in range(3):
            assert status(c.ask(get("/hello"))) == 200
            time.sleep(0.9)
        assert status(c.ask(get("/hello"))) == 200
        seconds = c.closed(6)
        assert seconds is not None and IDLE_S - 0.2 < seconds < IDLE_S + 1 * SLOW


def test_idle_drip(testd):
    """The bytes of a later head do not prolong the pause for ever."""
    with testd.connect() as c:
        assert status(c.ask(get("/hello"))) == 200
        seconds, said = drip(c.sock, SLOW_HEAD)
        assert seconds < IDLE_S + HEAD_S + 1 * SLOW and b" 200 " not in said


def test_reader_too_slow(testd):
    """Who asks much and reads nothing is ended by the deadline of the request that cannot be answered."""
    testd.forget()
    with testd.connect() as c:
        c.sock.settimeout(1)
        with pytest.raises((socket.timeout, OSError)):
            while True:
                c.send(get("/big") * 100)
        testd.wait(r"done GET /big 200 (2[89]|3\d)\d{5}$", 8)


def test_handler_overruns(testd):
    """A handler that is slower than its route's deadline: nothing of its reply is sent."""
    with testd.connect() as c:
        assert c.ask(get("/slow/3600"), 8) == b""
    testd.wait(r"done GET /slow/\{ms\} 0 ")


def test_slow_clients_cost_nothing(testd):
    """CPU of the server over 1.5 s with silent, half-shaken, idle and dripping clients."""
    clients = [testd.connect(tls=False) for _ in range(20)]
    clients += [testd.connect(tls=False) for _ in range(20)]
    for c in clients[20:]:
        c.send(HALF_HELLO)
    tls = [testd.connect() for _ in range(20)]
    for c in tls[:10]:
        c.send(SLOW_HEAD)
    for c in tls[10:15]:
        c.send(SLOW_BODY + b"[")
    for c in tls[15:]:
        assert status(c.ask(get("/hello"))) == 200
    before, start = testd.cpu_s(), time.monotonic()
    while time.monotonic() - start < 1.5:
        for c in tls[:15]:
            c.send(b"0")
        time.sleep(0.1)
    used = testd.cpu_s() - before
    for c in clients + tls:
        c.close()
    assert used < 0.2 * SLOW, f"{used} s of CPU"


def timed(testd, n):
    took = []
    for _ in range(n):
        start = time.monotonic()
        with testd.connect() as c:
            assert status(c.ask(get("/hello"))) == 200
        took.append(time.monotonic() - start)
    return took


def test_others_stay_fast(testd):
    """New connections beside sixty slow ones, in handlers and in uploads, take as long as before."""
    alone = statistics.median(timed(testd, 30))
    slow = [testd.connect() for _ in range(60)]
    for i, c in enumerate(slow):
        if i % 3 == 0:
            c.send(get("/slow/1500"))
        elif i % 3 == 1:
            c.send(SLOW_HEAD)
        else:
            c.send(request("PUT", "/upload/a", b"x" * 200000, "X-Pause: 100"))
    beside = timed(testd, 30)
    for c in slow:
        c.close()
    assert statistics.median(beside) < 3 * alone + 0.02 * SLOW, (alone, beside)
    assert max(beside) < 1 * SLOW


def opened(testd, n):
    """n connections, and how many of them are served."""
    clients, served = [], 0
    for _ in range(n):
        try:
            c = testd.connect()
        except OSError:
            continue
        clients.append(c)
        try:
            served += status(c.ask(get("/hello"))) == 200
        except OSError:
            pass
    return clients, served


@pytest.mark.parametrize("limit", ["per_address", "connections"])
def test_limits(make_testd, limit):
    """Exactly as many as allowed are served, others are closed at once; a place that is freed is given again."""
    testd = make_testd(**{"connections": 50, limit: 5, "idle_s": 20})
    clients, served = opened(testd, 9)
    assert served == 5
    for c in clients[:2]:
        c.close()
    end, again = time.monotonic() + 3 * SLOW, 0
    while again < 2 and time.monotonic() < end:
        more, got = opened(testd, 1)
        clients += more
        again += got
    assert again == 2
    assert opened(testd, 1)[1] == 0
    # Listeners are counted apart.
    with testd.connect("local") as c:
        assert status(c.ask(get("/hello"))) == 200
    for c in clients:
        c.close()


def test_ipv6(make_testd):
    """The limit per address counts a whole /64; the other side's address is told to the handler."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("this machine has no ::1")
    testd = make_testd(host="::1", per_address=1)
    with testd.connect(host="::1") as c:
        assert status(c.ask(get("/hello"))) == 200
        testd.wait("ran hello ::1$")
        with pytest.raises(OSError):
            testd.connect(host="::1")
    with pytest.raises(OSError):
        testd.connect(host="127.0.0.1")


def presented(c):
    return c.sock.getpeercert(binary_form=True)


def test_reload(make_testd, pki, tmp_path):
    """SIGHUP: new connections see the new certificate, open ones go on; a bad file changes nothing."""
    second = pki.make("server-2", issuer=pki.server_ca, names=["localhost"], addresses=["127.0.0.1"])
    cert, key = str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")

    def install(certificate, private):
        for source, target in ((certificate, cert), (private, key)):
            with open(source, "rb") as f, open(target, "wb") as g:
                g.write(f.read())

    install(pki.server.cert_file, pki.server.key_file)
    testd = make_testd(cert=cert, key=key, cert2=cert, key2=key, idle_s=20)
    with testd.connect() as before:
        old = presented(before)
        install(second.cert_file, second.key_file)
        testd.signal(signal.SIGHUP)
        testd.wait("reload ok")
        with testd.connect() as after:
            assert presented(after) != old
            assert status(after.ask(get("/hello"))) == 200
        assert status(before.ask(get("/hello"))) == 200
        for broken in ((pki.server.cert_file, second.key_file), (second.key_file, second.key_file), ("/dev/null", "/dev/null")):
            install(*broken)
            testd.forget()
            testd.signal(signal.SIGHUP)
            testd.wait("reload (?!ok)")
        with testd.connect() as after:
            assert presented(after) not in (old, b"")
        # Many reloads beside an open connection: the identity it uses stays, the others go.
        install(second.cert_file, second.key_file)
        for _ in range(20):
            testd.forget()
            testd.signal(signal.SIGHUP)
            testd.wait("reload ok")
        assert status(before.ask(get("/hello"))) == 200


def test_tls12_when_allowed(make_testd):
    testd = make_testd(tls12=1)
    with testd.connect(version=ssl.TLSVersion.TLSv1_2) as c:
        assert c.sock.version() == "TLSv1.2"
        assert c.sock.cipher()[0].startswith("ECDHE-") and status(c.ask(get("/hello"))) == 200
        assert not c.sock.session.has_ticket
    with testd.connect() as c:
        assert c.sock.version() == "TLSv1.3"


def test_stop(pki):
    """A request under way gets its reply, idle connections end at once, new ones are refused."""
    testd = Testd(pki, grace_s=10, idle_s=20, header_s=20)
    with testd.connect() as busy, testd.connect() as idle, testd.connect() as waiting:
        assert status(idle.ask(get("/hello"))) == 200
        waiting.send(b"GET /hello HTTP/1.1\r\nHo")
        busy.send(get("/slow/1200") + get("/hello?name=after"))
        testd.wait("ran slow")
        start = time.monotonic()
        testd.signal(signal.SIGTERM)
        assert idle.read_all() == b"" and time.monotonic() - start < 1 * SLOW
        time.sleep(0.2)
        with pytest.raises(OSError):
            testd.connect()
        reply = busy.read_reply()
        assert status(reply) == 200 and header(reply, "Connection") == "close"
        assert busy.read_all() == b""
        testd.wait("stopped")
    assert testd.stop() == 0


def test_stop_at_the_deadline(pki):
    """A request that does not end is cut when the grace is over, and its stream is abandoned."""
    testd = Testd(pki, grace_s=1)
    with testd.connect() as c:
        c.send(b"PUT /upload/stuck HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nx")
        testd.wait("sink open stuck")
        start = time.monotonic()
        testd.signal(signal.SIGTERM)
        assert c.read_all() == b""
        assert 0.8 < time.monotonic() - start < 1 + 2 * SLOW
        testd.wait("sink abandon")
        testd.wait("stopped")
    assert testd.stop() == 0


@pytest.mark.parametrize("wrong", ["cert", "key", "ca", "port"])
def test_start_refused(pki, tmp_path, wrong):
    """A configuration that cannot work is refused at the start, with the reason."""
    held = socket.socket()
    held.bind(("127.0.0.1", 0))
    held.listen()
    args = {
        "guest": held.getsockname()[1] if wrong == "port" else 1,
        "admin": 0,
        "cert": pki.server.cert_file,
        "key": pki.server.key_file,
        "ca": pki.client_ca.cert_file,
    }
    if wrong == "cert":
        args["cert"] = str(tmp_path / "none.pem")
    if wrong == "key":
        args["key"] = Pki(str(tmp_path)).server.key_file
    if wrong == "ca":
        empty = tmp_path / "empty.pem"
        empty.write_text("no certificate\n")
        args.update(ca=str(empty), admin=1)
    run = subprocess.run([TESTD, *(f"{k}={v}" for k, v in args.items())], capture_output=True, text=True, timeout=20)
    held.close()
    reason = {"cert": "none.pem", "key": "is not the key of certificate", "ca": "client CA", "port": "cannot listen on 127.0.0.1"}
    assert run.returncode == 3 and reason[wrong] in run.stderr, run.stderr
