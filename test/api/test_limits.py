# SPDX-License-Identifier: Apache-2.0
"""What holds when it is tried for real: a forbidden system call in the mint, and an upload far larger than the memory that is allowed."""
import ctypes
import glob
import hashlib
import os
import signal
import socket
import ssl
import time

import pytest

from harness.broker import SLOW, WRAP
from harness.guest import Guest

GIB = 1 << 30
CHUNK = 1 << 20
RSS_MAX = 64 << 20

PTRACE_CONT, PTRACE_GETREGS, PTRACE_SETREGS, PTRACE_ATTACH, PTRACE_DETACH = 7, 12, 13, 16, 17
SYS_SOCKET = 41

pytestmark = pytest.mark.skipif(os.uname().machine != "x86_64", reason="registers of x86-64")


class Registers(ctypes.Structure):
    """struct user_regs_struct of <sys/user.h>."""

    _fields_ = [
        (name, ctypes.c_ulonglong)
        for name in (
            "r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss"
            " fs_base gs_base ds es fs gs"
        ).split()
    ]


def ptrace(request, pid, data=None):
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    libc.ptrace.restype = ctypes.c_long
    if libc.ptrace(request, pid, None, data) != 0:
        raise OSError(ctypes.get_errno(), f"ptrace {request}")


def make_it_call(pid, number):
    """The process waits in a system call; have it make another one instead, from the same instruction."""
    regs = Registers()
    ptrace(PTRACE_ATTACH, pid)
    os.waitpid(pid, 0)
    ptrace(PTRACE_GETREGS, pid, ctypes.addressof(regs))
    regs.rip -= 2  # the syscall instruction
    regs.rax, regs.orig_rax = number, ctypes.c_ulonglong(-1).value
    regs.rdi, regs.rsi, regs.rdx = socket.AF_INET, socket.SOCK_STREAM, 0
    ptrace(PTRACE_SETREGS, pid, ctypes.addressof(regs))
    ptrace(PTRACE_DETACH, pid)


def child_of(pid):
    for path in glob.glob(f"/proc/{pid}/task/*/children"):
        with open(path, encoding="ascii") as f:
            found = f.read().split()
        if found:
            return int(found[0])
    raise AssertionError("no mint")


@pytest.mark.skipif(bool(WRAP), reason="the sandbox is off under valgrind")
def test_a_forbidden_call_kills_the_mint_and_nothing_is_handed_out(make_broker, populate, tpm):
    broker = make_broker()
    populate(broker)
    guest = Guest(broker, tpm, "worker").ready()
    make_it_call(child_of(broker.process.pid), SYS_SOCKET)
    end = time.monotonic() + 5 * SLOW
    while time.monotonic() < end:
        ready = broker.local().send("GET", "/readyz")
        if ready.status == 503:
            break
        time.sleep(0.05)
    assert ready.status == 503 and f"signal {signal.SIGSYS.value}" in ready.json["mint"], ready
    refused = guest.exchange()
    assert refused.status == 503 and refused.json["error"] == "temporarily_unavailable", refused
    assert refused.get("Retry-After"), refused
    assert guest.ask_upload(10).status == 503
    assert guest.post_attest().status == 503
    guest.close()


def resident(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return next(int(line.split()[1]) * 1024 for line in f if line.startswith("VmRSS:"))


def put_streaming(broker, granted, block, count):
    """PUT count times the block, watching the broker's memory; returns status line and the most that was resident."""
    path = granted["url"].removeprefix(broker.issuer)
    context = ssl.create_default_context(cafile=broker.pki.server_ca.cert_file)
    most = 0
    with socket.create_connection(("127.0.0.1", broker.ports["guest"]), timeout=60 * SLOW) as plain:
        with context.wrap_socket(plain, server_hostname="127.0.0.1") as conn:
            head = [f"PUT {path} HTTP/1.1", f"Host: 127.0.0.1:{broker.ports['guest']}"]
            head += [f"{k}: {v}" for k, v in granted["headers"].items() if k.lower() != "content-length"]
            head += [f"Content-Length: {len(block) * count}", "", ""]
            conn.sendall("\r\n".join(head).encode())
            for i in range(count):
                conn.sendall(block)
                if i % 16 == 0:
                    most = max(most, resident(broker.process.pid))
            return conn.recv(4096).split(b"\r\n")[0], most


@pytest.mark.skipif(SLOW > 1, reason="memory under sanitizers and valgrind says nothing of the program's")
def test_a_gibibyte_is_never_held(make_broker, populate, tpm):
    broker = make_broker()
    admin = populate(broker, upload=[{
        "store": "results", "prefix": "big/${sandbox}/", "max_bytes": GIB, "content_type": ["text/plain"], "ttl_s": 600,
    }])
    assert admin is not None
    guest = Guest(broker, tpm, "worker").ready()
    block, count = os.urandom(CHUNK), GIB // CHUNK
    digest = hashlib.sha256()
    for _ in range(count):
        digest.update(block)
    granted = guest.ask_upload(GIB, name="big.txt", content_type="text/plain", sha256=digest.hexdigest())
    assert granted.status == 201, granted
    status, most = put_streaming(broker, granted.json, block, count)
    assert status == b"HTTP/1.1 201 Created", status
    assert most < RSS_MAX, f"{most >> 20} MiB were resident"
    committed = guest.commit(granted.json["id"])
    assert committed.status == 200, committed
    assert os.path.getsize(broker.stored(committed.json["key"])) == GIB
    guest.close()
