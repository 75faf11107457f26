# SPDX-License-Identifier: Apache-2.0
"""Two processes: what each may do, what happens when one dies; start, stop, configuration."""
import json
import os
import signal
import socket
import subprocess
import time

import pytest
from conftest import POLICY
from cryptography.hazmat.primitives.serialization import Encoding
from harness.broker import BUILD, ROOT, SLOW, WRAP
from harness.guest import Guest

NATIVE = pytest.mark.skipif(SLOW > 1, reason="looks at processes as they are without sanitizer or valgrind")


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return [int(p) for p in f.read().split()]


def status_of(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


@pytest.fixture
def own(make_broker, populate, tpm):
    """A broker that the test may break, with a guest that works."""
    broker = make_broker()
    admin = populate(broker)
    guest = Guest(broker, tpm, POLICY).ready()
    yield broker, guest, admin
    guest.close()
    admin.close()
    broker.kill()


def mint_of(broker):
    found = children(broker.process.pid)
    assert len(found) == 1, found
    return found[0]


@NATIVE
def test_the_mint_is_locked_in(own):
    broker, _, _ = own
    mint = mint_of(broker)
    status = status_of(mint)
    assert status["Seccomp"].strip() == "2", "a filter is on"
    assert status["NoNewPrivs"].strip() == "1"
    assert int(status["Threads"]) == 1
    with open(f"/proc/{mint}/limits", encoding="ascii") as f:
        core = next(line for line in f if line.startswith("Max core file size"))
    assert core.split()[4:6] == ["0", "0"]
    kinds = set()
    for fd in os.listdir(f"/proc/{mint}/fd"):
        target = os.readlink(f"/proc/{mint}/fd/{fd}")
        kinds.add(target.split(":")[0])
    assert "socket" in kinds
    with open(f"/proc/{mint}/net/tcp", encoding="ascii") as f:
        inodes = {line.split()[9] for line in f.readlines()[1:]}
    for fd in os.listdir(f"/proc/{mint}/fd"):
        target = os.readlink(f"/proc/{mint}/fd/{fd}")
        if target.startswith("socket:"):
            assert target[8:-1] not in inodes, "no network socket in the mint"


@NATIVE
def test_the_network_process_has_no_token_key(own):
    """test/fault/search_maps.py looks for the private scalar in its memory."""
    broker, _, _ = own
    tool = os.path.join(ROOT, "test", "fault", "search_maps.py")
    key = os.path.join(broker.data_dir, "keys", "token-es256.pem")
    done = subprocess.run(
        ["/usr/bin/python3", tool, str(broker.process.pid), key], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    # The control: in the mint's memory it must be found, or the search proves nothing.
    done = subprocess.run(
        ["/usr/bin/python3", tool, str(mint_of(broker)), key], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode != 0, "the search does not find the key where it is: " + done.stdout


@pytest.mark.skipif(bool(WRAP), reason="children are not traced")
def test_when_the_mint_dies_nothing_is_handed_out(own):
    broker, guest, admin = own
    os.kill(mint_of(broker), signal.SIGKILL)
    time.sleep(0.3)
    ready = broker.local().send("GET", "/readyz")
    assert ready.status == 503 and b"mint" in ready.body
    assert broker.local().send("GET", "/healthz").status in (200, 503)
    reply = guest.exchange()
    assert (reply.status, reply.code) == (503, "temporarily_unavailable"), reply
    assert reply.get("Retry-After")
    reply = guest.post_attest()
    assert reply.status == 503 and "ear" not in reply.json, reply
    reply = guest.ask_upload(10)
    assert reply.status == 503 and "url" not in reply.json, reply


@pytest.mark.skipif(bool(WRAP), reason="children are not traced")
def test_when_the_server_dies_the_mint_leaves(own):
    broker, _, _ = own
    mint = mint_of(broker)
    os.kill(broker.process.pid, signal.SIGKILL)
    broker.process.wait()
    end = time.monotonic() + 5 * SLOW
    while os.path.exists(f"/proc/{mint}") and time.monotonic() < end:
        time.sleep(0.05)
    assert not os.path.exists(f"/proc/{mint}")


def test_stop_and_start_again(own):
    broker, guest, _ = own
    assert broker.stop() == 0
    broker.start()
    assert guest.heartbeat().status in (200, 401)
    guest.get_token()
    assert guest.heartbeat().status == 200


def test_kill_and_start_again(own):
    broker, guest, _ = own
    for _ in range(3):
        broker.kill()
        broker.start()
        guest.http.close()
        guest.nonce = None
        guest.get_token()
        assert guest.heartbeat().status == 200


def test_reload_keeps_connections(own, pki):
    """SIGHUP: the connection at hand stays; new ones get the new certificate."""
    broker, guest, _ = own
    before = guest.http.conn.sock.getpeercert(binary_form=True)
    renewed = pki.make("server", issuer=pki.server_ca, names=["localhost"], addresses=["127.0.0.1"])
    sock = guest.http.conn.sock
    os.kill(broker.process.pid, signal.SIGHUP)
    time.sleep(0.5)
    assert guest.heartbeat().status == 200
    assert guest.http.conn.sock is sock, "the connection was dropped"
    other = broker.guest_http()
    other.connect()
    after = other.conn.sock.getpeercert(binary_form=True)
    other.close()
    assert after != before
    assert renewed.certificate.public_bytes(Encoding.DER) == after


# Configuration


def check(broker, text):
    path = os.path.join(broker.folder, "candidate.conf")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    argv = [os.path.join(BUILD, "countersignd"), "--check-config", path]
    return subprocess.run(argv, capture_output=True, text=True, timeout=20 * SLOW, cwd=broker.folder, check=False)


def edited(broker, **changes):
    config = json.loads(json.dumps(broker.config))
    for path, value in changes.items():
        where = config
        names = path.split("__")
        for name in names[:-1]:
            where = where[name]
        where[names[-1]] = value
    return json.dumps(config)


def test_a_good_configuration(broker):
    done = check(broker, json.dumps(broker.config))
    assert done.returncode == 0, done.stderr


BAD_CONFIGURATIONS = {
    "unknown": {"surprise": 1},
    "unknown_below": {"tls__surprise": 1},
    "issuer_http": {"issuer": "http://broker.example"},
    "issuer_query": {"issuer": "https://broker.example/?x"},
    "issuer_number": {"issuer": 1},
    "listen_name": {"listen__guest": "localhost:1"},
    "listen_port": {"listen__guest": "127.0.0.1:70000"},
    "no_certificate": {"tls__certificate": "missing.pem"},
    "role": {"principals": [{"name": "x", "spki_sha256": "00" * 32, "roles": ["king"]}]},
    "spki": {"principals": [{"name": "x", "spki_sha256": "00", "roles": ["auditor"]}]},
    "store_mode": {"stores": [{"id": "results", "mode": "carrier-pigeon", "path": "x"}]},
    "approvals": {"approvals": -1},
    "limits": {"limits": {"connections": 0}},
}


@pytest.mark.parametrize("case", BAD_CONFIGURATIONS)
def test_a_bad_configuration_is_refused_by_name(broker, case):
    done = check(broker, edited(broker, **BAD_CONFIGURATIONS[case]))
    assert done.returncode != 0
    path = next(iter(BAD_CONFIGURATIONS[case])).replace("__", ".")
    told = done.stderr + done.stdout
    assert path.split(".")[-1] in told or case.split("_")[-1] in told, told


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"issuer":"https://a","issuer":"https://b"}'])
def test_a_configuration_that_is_no_document(broker, text):
    assert check(broker, text).returncode != 0


def test_duplicate_identities_are_refused(broker):
    row = broker.config["principals"][0]
    done = check(broker, edited(broker, principals=[row, dict(row, name="second")]))
    assert done.returncode != 0


def test_a_taken_port(own, make_broker):
    broker, _, _ = own
    other = make_broker({"listen": {"guest": f"127.0.0.1:{broker.ports['guest']}"}}, start=False)
    other.start(wait=False)
    assert other.ends_by_itself() != 0
    assert str(broker.ports["guest"]) in other.log() or "listen" in other.log()


def test_local_routes(broker):
    assert broker.local().send("GET", "/healthz").json == {"status": "ok"}
    assert broker.local().send("GET", "/readyz").status == 200
    metrics = broker.local().send("GET", "/metrics")
    assert metrics.get("Content-Type").startswith("text/plain")
    assert b"countersign_requests_total" in metrics.body


def test_the_listeners_speak_tls_only(broker):
    for name in ("guest", "admin"):
        with socket.create_connection(("127.0.0.1", broker.ports[name]), timeout=10) as plain:
            plain.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            plain.settimeout(15 * SLOW)
            assert b"HTTP/1.1 200" not in plain.recv(4096)
