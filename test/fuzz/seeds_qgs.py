#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Seeds of fuzz_qgs: answers of a quoting service, right and wrong, and addresses; they are told apart by their first byte.

    seeds_qgs.py [FOLDER]      (default test/corpus/qgs)
"""
import os
import struct
import sys


def answer(quote=b"\4\0\2\0" * 8, key=b"\xee" * 16, **bend):
    whole = bend.get("size", 24 + len(key) + len(quote))
    head = struct.pack("<HHIII", bend.get("major", 1), bend.get("minor", 0), bend.get("type", 1), whole, bend.get("error", 0))
    return b"q" + head + struct.pack("<II", len(key), bend.get("quote_len", len(quote))) + key + quote


SEEDS = {
    "right": answer(),
    "no_id": answer(key=b""),
    "minor": answer(minor=7),
    "major": answer(major=2),
    "type": answer(type=0),
    "size": answer(size=1),
    "refused": answer(quote=b"", key=b"", error=0x12003),
    "empty": answer(quote=b"", key=b""),
    "beyond": answer(quote_len=0xFFFFFFFF),
    "vsock": b"avsock:2:4050",
    "unix": b"aunix:/run/tdx-qgs/qgs.socket",
    "neither": b"atcp:127.0.0.1:4050",
    "wide": b"avsock:4294967295:4294967295",
}


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else "test/corpus/qgs"
    os.makedirs(folder, exist_ok=True)
    for name, data in SEEDS.items():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(data)


if __name__ == "__main__":
    main()
