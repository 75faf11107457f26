#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 at random moments of the guest's day, again and again, on one data folder.

    test/fault/run_kill.py [RUNS]      default 200; COUNTERSIGN_BUILD names the programs

Each run: guests live through their days until both processes (or one of them) are killed; then the broker is started again, without
any help, and everything that had been acknowledged must be there, and everything that had been handed out must be in the log.  The log is
read here by itself, frame by frame, not by our own tools.
"""
import hashlib
import os
import random
import shutil
import signal
import struct
import sys
import tempfile
import threading
import time
import zlib

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "test", "api"))

from harness.admin import Admin, usual_policy, usual_reference_set
from harness.broker import AUDIENCE, PEOPLE, SLOW, Broker
from harness.guest import Guest
from harness.jose import open_jws
from harness.pki import Pki
from harness.tpm import SoftTpm

HEAD = struct.Struct(">4sIIQQ32s")


class Day:
    """What one guest was told, as far as it got."""

    def __init__(self):
        self.credentials = []  # texts of everything that was handed out
        self.sandbox = self.token = self.receipt = None
        self.committed = {}  # key -> bytes
        self.stored = None  # upload id
        self.ending = False


def live(guest, day, data):
    """One day; an exception ends it wherever the broker was killed."""
    reply = guest.post_attest()
    assert reply.status == 200, reply
    guest.sandbox, guest.ear = reply.json["sandbox"], reply.json["ear"]
    day.sandbox = guest.sandbox
    day.credentials.append(guest.ear)
    day.credentials.append(guest.get_token())
    day.token = guest.token
    day.credentials.append(guest.get_token(audience=AUDIENCE))
    granted = guest.ask_upload(len(data)).json
    day.credentials.append(granted["url"].partition("?t=")[2])
    stored = guest.put(granted, data)
    assert stored.status == 201, stored
    day.stored = granted["id"]
    committed = guest.commit(granted["id"])
    assert committed.status == 200, committed
    day.committed[granted["key"]] = data
    assert guest.heartbeat().status == 200
    day.ending = True
    ended = guest.teardown("the day is over")
    assert ended.status == 200, ended
    day.receipt = ended.json["receipt"]
    day.credentials.append(day.receipt)


def worker(broker, tpm, days, seed):
    """Day after day until the connection breaks."""
    data = hashlib.sha256(b"%d" % seed).digest() * 40
    while True:
        guest, day = Guest(broker, tpm, "kill"), Day()
        guest.http.timeout_s = 10
        days.append((guest, day))
        try:
            live(guest, day, data)
        except (OSError, AssertionError, ValueError, KeyError, TypeError) as e:
            # A refusal while the broker is dying is an answer, too: 503, and nothing handed out.
            if isinstance(e, AssertionError) and getattr(e.args[0], "status", 503) not in (503, 429):
                day.credentials.append(None)
                print("unexpected answer:", e.args[0])
            return
        except Exception as e:  # http.client has many names for a broken connection
            if type(e).__module__ not in ("http.client", "ssl"):
                raise
            return
        finally:
            guest.close()


def read_log(path):
    """Credential ids and the number of whole records; raises when frames do not follow one another."""
    ids, expected, chain, at = set(), 0, bytes(32), 0
    with open(path, "rb") as f:
        data = f.read()
    while at < len(data):
        magic, size, _crc, seq, _time, previous = HEAD.unpack_from(data, at)
        entry = data[at + HEAD.size : at + HEAD.size + size]
        if magic != b"CSL1" or len(entry) != size or seq != expected or previous != chain:
            raise ValueError(f"log: frame {expected} at {at} does not follow")
        chain = hashlib.sha256(data[at : at + HEAD.size + size]).digest()
        for part in entry.split(b'"'):
            if part.startswith(b"jt-"):
                ids.add(part.decode())
        at += HEAD.size + size
        expected += 1
    return ids, expected


def kill(broker, how):
    """Both at once, the server alone, or the mint alone and then the server."""
    pid = broker.process.pid
    if how == "both":
        broker.kill()
        return
    victim = pid
    if how == "mint":
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
            victim = int(f.read().split()[0])
    os.kill(victim, signal.SIGKILL)
    time.sleep(0.05)
    broker.kill()


def check(broker, admin, days, faults):
    """After the restart: what was acknowledged is there; what was handed out is on record."""
    ids, _ = read_log(os.path.join(broker.data_dir, "audit", "log"))
    for guest, day in days:
        if None in day.credentials:
            faults.append("an unexpected answer")
        for text in filter(None, day.credentials):
            if open_jws(text)[1]["jti"] not in ids:
                faults.append(f"handed out, but not in the log: {open_jws(text)[1]['jti']}")
        for key, data in day.committed.items():
            with open(broker.stored(key), "rb") as f:
                if f.read() != data:
                    faults.append(f"{key} differs")
        if day.sandbox is None:
            continue
        row = admin.get("sandboxes/" + day.sandbox)
        wanted = ("ended",) if day.receipt else ("live", "ended") if day.ending else ("live",)
        if row.status != 200 or row.json["state"] not in wanted:
            faults.append(f"{day.sandbox}: {row}, wanted {wanted}")
        check_guest(guest, day, faults)


def check_guest(guest, day, faults):
    """The guest goes on, or stays dead."""
    if day.receipt:
        again = guest.teardown()
        if again.status != 200 or again.json["receipt"] != day.receipt:
            faults.append(f"{day.sandbox}: another receipt: {again}")
        if guest.heartbeat().status != 401:
            faults.append(f"{day.sandbox} lives after its teardown was acknowledged")
    elif day.token and not day.ending:
        if guest.heartbeat().status != 200:
            faults.append(f"{day.sandbox} does not live any more")
        if day.stored and guest.commit(day.stored).status not in (200, 409):
            faults.append(f"{day.stored} was stored and cannot be committed")
    guest.close()


def one_run(broker, admin, tpm, number, faults):
    days = []
    threads = [threading.Thread(target=worker, args=(broker, tpm, days, number * 10 + i)) for i in range(3)]
    for t in threads:
        t.start()
    time.sleep(random.uniform(0.005, 0.25) * SLOW)
    kill(broker, random.choice(["both", "both", "server", "mint"]))
    for t in threads:
        t.join()
    admin.close()
    admin.conns.clear()
    broker.start()
    check(broker, admin, days, faults)
    return sum(len(d.credentials) for _, d in days)


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else int(os.environ.get("KILL_RUNS", "200"))
    seed = int(os.environ.get("KILL_SEED", str(zlib.crc32(os.urandom(8)))))
    random.seed(seed)
    folder = tempfile.mkdtemp(prefix="countersign-kill.")
    pki = Pki(os.path.join(folder, "pki"))
    broker = Broker(os.path.join(folder, "broker"), pki, {n: pki.person(n) for n in PEOPLE}, {"limits": {"per_address": 200}})
    tpm, admin, passed, failed, handed = SoftTpm(), Admin(broker), 0, 0, 0
    try:
        broker.start()
        admin.register("reference-set", usual_reference_set("kill-boot", tpm))
        admin.register("policy", usual_policy("kill", "kill-boot"))
        for number in range(runs):
            faults = []
            handed += one_run(broker, admin, tpm, number, faults)
            passed, failed = (passed + 1, failed) if not faults else (passed, failed + 1)
            for text in faults[:5]:
                print(f"run {number} (seed {seed}): {text}", flush=True)
        _, records = read_log(os.path.join(broker.data_dir, "audit", "log"))
        print(f"{handed} credentials were handed out over {runs} kills, {records} records, seed {seed}")
        if handed < runs:
            print("too few to mean anything")
            failed += 1
    finally:
        broker.kill()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
