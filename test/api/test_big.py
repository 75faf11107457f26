# SPDX-License-Identifier: Apache-2.0
"""A large upload is streamed: the broker's memory stays small, whatever the size."""
import hashlib
import os

import pytest
from conftest import REFERENCE_SET
from harness.admin import usual_policy
from harness.broker import SLOW
from harness.raw import StartedPut

MIB = 1 << 20
# Under a sanitizer the size is not the point, and neither is memory.
SIZE = int(os.environ.get("BIG_MIB", "1024" if SLOW == 1 else "32")) * MIB
LIMIT_MIB = 64


def memory_mib(pid):
    """Largest resident size so far."""
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        line = next(text for text in f if text.startswith("VmHWM:"))
    return int(line.split()[1]) // 1024


@pytest.fixture
def big_policy(admin):
    document = usual_policy("big", REFERENCE_SET)
    document["grant"]["upload"][0].update(max_bytes=SIZE, ttl_s=600)
    admin.register("policy", document)


def test_one_gib_is_never_held(big_policy, make_guest, broker):
    free = os.statvfs(broker.folder)
    if free.f_bavail * free.f_frsize < 2 * SIZE:
        pytest.skip("not enough room on the disk")
    guest = make_guest("big").ready()
    granted = guest.ask_upload(SIZE).json
    put = StartedPut(broker, granted, SIZE)
    put.sock.settimeout(120)
    block = hashlib.sha256(b"block").digest() * (MIB // 32)
    digest = hashlib.sha256()
    for _ in range(SIZE // MIB):
        put.sock.sendall(block)
        digest.update(block)
    reply = put.reply()
    put.close()
    assert reply is not None and reply.status == 201, reply
    assert reply.json["sha256"] == digest.hexdigest() and reply.json["size"] == SIZE
    assert guest.commit(granted["id"]).status == 200
    path = broker.stored(granted["key"])
    assert os.path.getsize(path) == SIZE
    os.unlink(path)
    if SLOW == 1:
        assert memory_mib(broker.process.pid) < LIMIT_MIB
