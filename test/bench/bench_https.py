# SPDX-License-Identifier: Apache-2.0
"""Figures of the whole server: attest.https, token.keepalive at 1, 16 and 64 connections, token.newconn, upload.local, teardown.reply.

Starts a broker of its own on loopback, and drives it with build/bench/load_https, which prints the JSON lines.  Everything is bounded in time."""
import glob
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "api"))

from cryptography.hazmat.primitives import serialization

from harness.admin import Admin, usual_policy, usual_reference_set
from harness.broker import BUILD, PEOPLE, Broker
from harness.guest import Guest
from harness.jose import b64u
from harness.pki import Pki
from harness.tpm import SoftTpm

SECONDS = int(os.environ.get("BENCH_SECONDS", "5"))


def cpu_s(pids):
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def children(pid):
    out = []
    for path in glob.glob(f"/proc/{pid}/task/*/children"):
        with open(path, encoding="ascii") as f:
            out += [int(x) for x in f.read().split()]
    return out


def line(bench, **more):
    print(json.dumps({"bench": bench, **more}), flush=True)


def upload_local(guest, pids, size=64 << 20):
    """CPU of the broker for each MiB of a local upload, beside SHA-256 of the same bytes and a write with fdatasync."""
    data = os.urandom(1 << 20) * (size >> 20)
    granted = guest.ask_upload(len(data), name="bench.pdf", sha256=hashlib.sha256(data).hexdigest())
    assert granted.status == 201, granted
    before = cpu_s(pids)
    stored = guest.put(granted.json, data)
    used = cpu_s(pids) - before
    assert stored.status == 201, stored
    assert guest.commit(granted.json["id"]).status == 200
    start = time.process_time()
    hashlib.sha256(data)
    with tempfile.TemporaryFile() as f:
        f.write(data)
        f.flush()
        os.fdatasync(f.fileno())
    floor = time.process_time() - start
    mib = size >> 20
    line("upload.local", per_s=round(mib / used, 1), unit="MiB", cpu_us=round(used * 1e6 / mib, 1),
         floor="sha256.write.fdatasync", floor_per_s=round(mib / floor, 1), ratio=round(floor / used, 3))


def teardown_reply(broker, tpm, rounds=100):
    """Time from the request to the receipt of a sandbox with one open upload, beside fdatasync of one record in the same folder."""
    times = []
    for _ in range(rounds):
        guest = Guest(broker, tpm, "worker").ready()
        assert guest.ask_upload(10).status == 201
        start = time.perf_counter()
        reply = guest.teardown()
        times.append(time.perf_counter() - start)
        assert reply.status == 200, reply
        guest.close()
    times.sort()
    path = os.path.join(broker.folder, "floor")
    with open(path, "wb", buffering=0) as f:
        start = time.perf_counter()
        for _ in range(rounds):
            f.write(b"x" * 512)
            os.fdatasync(f.fileno())
        floor = (time.perf_counter() - start) / rounds
    mean = sum(times) / rounds
    line("teardown.reply", per_s=round(1 / mean, 1), p50_ms=round(times[rounds // 2] * 1e3, 2),
         p99_ms=round(times[rounds * 99 // 100] * 1e3, 2), floor="append.512.fdatasync",
         floor_per_s=round(1 / floor, 1), ratio=round(floor / mean, 4))


def write_key(private, path):
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as f:
        f.write(pem)
    return path


def job_of(broker, guest, tpm, pids, folder):
    body = guest.attest_body()
    message = guest.tpm.quote(b"\xa5" * 32, None)[0]
    return {
        "host": "127.0.0.1",
        "port": broker.ports["guest"],
        "ca": broker.pki.server_ca.cert_file,
        "issuer": broker.issuer,
        "seconds": SECONDS,
        "pids": pids,
        "key": write_key(guest.key.private, os.path.join(folder, "guest.pem")),
        "ear": guest.ear,
        "tpm": {
            "key": write_key(tpm.key, os.path.join(folder, "ak.pem")),
            "message": message.hex(),
            "offset": message.index(b"\xa5" * 32),
            "ak": b64u(tpm.public()),
            "pcrs": body["evidence"][0]["pcrs"],
            "policy": "worker",
        },
    }


def load(mode, job, folder, connections):
    path = os.path.join(folder, "job.json")
    with open(path, "w", encoding="utf-8") as f:
        json.dump({**job, "connections": connections}, f)
    subprocess.run([os.path.join(BUILD, "bench", "load_https"), mode, path], check=True, timeout=60 + 4 * SECONDS)


def main():
    with tempfile.TemporaryDirectory() as folder:
        pki = Pki(os.path.join(folder, "pki"))
        people = {name: pki.person(name) for name in PEOPLE}
        tpm = SoftTpm()
        limits = {"connections": 1024, "per_address": 1024}
        broker = Broker(os.path.join(folder, "broker"), pki, people, {"limits": limits}).start()
        try:
            admin = Admin(broker)
            admin.register("reference-set", usual_reference_set("worker-boot", tpm))
            policy = usual_policy("worker", "worker-boot")
            policy["grant"]["lease"] = {"heartbeat_s": 3600, "max_s": 7200}
            policy["grant"]["upload"][0]["max_bytes"] = 1 << 30
            admin.register("policy", policy)
            pids = [broker.process.pid, *children(broker.process.pid)]
            guest = Guest(broker, tpm, "worker").ready()
            job = job_of(broker, guest, tpm, pids, folder)
            for connections in (1, 16, 64):
                load("token", job, folder, connections)
            load("newconn", job, folder, 8)
            load("attest", job, folder, 16)
            upload_local(guest, pids)
            teardown_reply(broker, tpm)
        finally:
            broker.stop()


if __name__ == "__main__":
    main()
