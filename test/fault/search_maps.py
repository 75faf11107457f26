#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Search the memory of a running process for the private keys of the mint.

    search_maps.py PID KEYFILE...

Looks through everything in /proc/PID/maps that can be read for the private value of each PEM key: as big-endian bytes, as
little-endian bytes (how a big number lies in memory here), as lower-case and upper-case hex, and for the base64 text of the file.
Exit 0: none found.  1: found, and where.  3: unable to look (no such process, no permission, too little memory readable).

A search that finds nothing proves something only if the same search finds the key in the mint: run it there as well.
"""
import base64
import re
import sys

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

CHUNK = 1 << 20
OVERLAP = 512


def needles(path):
    """Every form of the key's secret, as (name, bytes)."""
    with open(path, "rb") as f:
        pem = f.read()
    key = serialization.load_pem_private_key(pem, password=None)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        size = (key.key_size + 7) // 8
        raw = key.private_numbers().private_value.to_bytes(size, "big")
    elif isinstance(key, ed25519.Ed25519PrivateKey):
        raw = key.private_bytes(
            serialization.Encoding.Raw,
            serialization.PrivateFormat.Raw,
            serialization.NoEncryption(),
        )
    else:
        raise ValueError(f"{path}: neither EC nor Ed25519")
    body = b"".join(line for line in pem.splitlines() if not line.startswith(b"-----"))
    base64.b64decode(body, validate=True)
    return [
        ("big-endian", raw),
        ("little-endian", raw[::-1]),
        ("hex", raw.hex().encode()),
        ("HEX", raw.hex().upper().encode()),
        ("PEM text", body[-44:]),
    ]


def regions(pid):
    """Readable mappings as (first, last, name)."""
    with open(f"/proc/{pid}/maps", encoding="ascii", errors="replace") as maps:
        for line in maps:
            m = re.match(r"([0-9a-f]+)-([0-9a-f]+) r\S* \S+ \S+ \S+\s*(.*)", line)
            if m and m[3] not in ("[vvar]", "[vsyscall]", "[vvar_vclock]"):
                yield int(m[1], 16), int(m[2], 16), m[3].strip()


def search(pid, wanted):
    """Hits as text, and how many bytes were looked at."""
    hits, looked = [], 0
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as mem:
        for first, last, name in regions(pid):
            at, tail = first, b""
            while at < last:
                try:
                    mem.seek(at)
                    got = mem.read(min(CHUNK, last - at))
                except OSError:
                    break  # a mapping that cannot be read, such as of a device
                if not got:
                    break
                window = tail + got
                for label, needle in wanted:
                    where = window.find(needle)
                    if where >= 0:
                        place = at - len(tail) + where
                        hits.append(f"{label} at {place:#x} in {name or 'anonymous memory'}")
                looked += len(got)
                at += len(got)
                tail = window[-OVERLAP:]
    return sorted(set(hits)), looked


def main():
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 3
    pid = int(sys.argv[1])
    try:
        wanted = [
            (f"{path}: {label}", needle)
            for path in sys.argv[2:]
            for label, needle in needles(path)
        ]
        hits, looked = search(pid, wanted)
    except (OSError, ValueError) as error:
        print(f"search_maps: unable: {error}", file=sys.stderr)
        return 3
    if looked < 1 << 16:
        print(f"search_maps: unable: only {looked} bytes could be read", file=sys.stderr)
        return 3
    for hit in hits:
        print(f"search_maps: FOUND {hit}")
    print(f"search_maps: process {pid}: {looked >> 10} KiB searched, {len(hits)} found")
    return 1 if hits else 0


if __name__ == "__main__":
    sys.exit(main())
