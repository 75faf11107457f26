#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Make the seeds of fuzz_mint_message, fuzz_log_record and fuzz_note: a second implementation of what those readers read.

    seeds_mint.py [CORPUS_FOLDER]
"""
import hashlib
import pathlib
import struct
import sys

TEXTS = (
    "sub client_id scope jkt tier purpose_digest store key content_type sha256 tags actor object sandbox session consent "
    "policy policy_digest verdict reasons extra"
).split()
DIGEST = hashlib.sha256(b"x").hexdigest()
JKT = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
GROUNDS = dict(actor="guest", sandbox="sb-1", policy="summarizer/7", policy_digest=DIGEST, verdict="vd-1")


def text(value):
    raw = value if isinstance(value, bytes) else value.encode()
    return struct.pack(">H", len(raw)) + raw


def ask(kind, life=300, action=0, status=-1, size=0, aud=(), **texts):
    out = b"MAS1" + struct.pack(">QBBqqqB", 42, kind, action, life, status, size, len(aud))
    out += b"".join(text(a) for a in aud)
    return out + b"".join(text(texts.pop(name, "")) for name in TEXTS)


def asks():
    claims = dict(GROUNDS, sub="sb-1", client_id="summarizer", jkt=JKT)
    aud = ["https://files.example"]
    yield "access", ask(1, aud=aud, scope="upload secret:db", tier="cloud-upload", status=7, **claims)
    yield "access-two-aud", ask(1, aud=aud + ["b"], session="us-é", consent='c"\\', **claims)
    yield "access-over-cap", ask(1, life=3601, aud=aud, **claims)
    yield "access-no-cnf", ask(1, aud=aud, **dict(claims, jkt=""))
    yield "ear", ask(2, life=86400, aud=aud, extra='{"tpm":{"ear.status":"affirming"}}', **claims)
    yield "ear-breaks-out", ask(2, aud=aud, extra='{}},"exp":9,"x":{', **claims)
    yield "upload", ask(3, aud=aud, extra='{"id":"up-1","max":10485760}', **claims)
    yield "receipt", ask(4, life=0, extra='{"ended":[]}', **claims)
    put = dict(GROUNDS, store="results", key="a/é.pdf", content_type="application/pdf", sha256=DIGEST, tags="a=b")
    yield "put-url", ask(5, life=60, size=17, **put)
    yield "put-url-up", ask(5, life=60, size=17, **dict(put, key="a/../b"))
    yield "note", ask(6, life=0, action=5, object="policy/summarizer/8", reasons="a.b c.d", **GROUNDS)
    yield "kind-0", ask(0)
    yield "nul", ask(6, life=0, action=1, actor=b"a\0b")
    yield "not-utf8", ask(6, life=0, action=1, actor=b"a\xc3")
    yield "answer", b"MAN1" + struct.pack(">QBqqQ", 42, 0, 1, 2, 3) + text("jt-1") + text("a: b\n") + text("e30.e30.x") + b"\0"
    yield "answer-denied", b"MAN1" + struct.pack(">QBqqQ", 42, 4, 0, 0, 3) + text("") * 3 + b"\1" + text("mint: no")
    yield "hello", b"MHE1\0" + bytes(32) + text('{"keys":[]}') + text("a+00000000+AAAA") + b"\0"


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def frames(n, size=40):
    out, chain = b"", bytes(32)
    for seq in range(n):
        entry = b'{"v":1,"seq":%d,"x":"' % seq + b"x" * size + b'"}'
        head = b"CSL1" + struct.pack(">I", len(entry))
        tail = struct.pack(">QQ", seq, 1795543727000 + seq) + chain + entry
        frame = head + struct.pack(">I", crc32c(head + tail)) + tail
        out, chain = out + frame, hashlib.sha256(frame).digest()
    return out


def logs():
    three = frames(3)
    yield "three", three
    yield "long", frames(1, 1500)
    yield "torn", three[:-5]
    yield "hole", three[:-60] + bytes(60)
    yield "out-of-order", frames(2)[len(frames(1)):]
    flipped = bytearray(three)
    flipped[100] ^= 1
    yield "flipped", bytes(flipped)


NOTE = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
).encode()
ROOT = b"A" * 43 + b"="


def notes():
    yield "note", b"\0" + NOTE
    yield "note-witnessed", b"\0" + NOTE + "— witness AAAAAAA=\n".encode()
    yield "note-other", b"\0text\n\n" + "— other AAAAAAA=\n".encode()
    yield "vkey", b"\1PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    yield "checkpoint", b"\2broker.example/log\n760\n" + ROOT + b"\n"
    yield "checkpoint-zero", b"\2a\n0760\n" + ROOT + b"\n"
    yield "base64", b"\3Zm9vYg=="
    yield "base64-bits", b"\3Zm9vYh=="


def main():
    base = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent / "corpus")
    for name, seeds in (("mint_message", asks()), ("log_record", logs()), ("note", notes())):
        folder = base / name
        folder.mkdir(parents=True, exist_ok=True)
        for seed, data in seeds:
            (folder / seed).write_bytes(data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
