#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Write the seeds of fuzz_snp_report into test/corpus; run it after adding one here.

Each is a byte that says what the fuzzer allows, then a report of our own making; nothing in it is signed or of a real chip.
"""
import os
import struct

HERE = os.path.dirname(os.path.abspath(__file__))
CORPUS = os.path.join(HERE, "..", "corpus", "snp_report")
PRODUCTS = {
    "milan": (b"\x19\x01\x01", bytes([4, 0, 0, 0, 0, 0, 24, 219]), b"\x1d\x37\x01", 64),
    "genoa": (b"\x19\x11\x01", bytes([10, 0, 0, 0, 0, 0, 23, 84]), b"\x28\x37\x01", 64),
    "turin": (b"\x1a\x02\x01", bytes([1, 2, 3, 4, 0, 0, 0, 81]), b"\x41\x37\x01", 8),
}


def report(product, version, allowed=0, cut=0, **put):
    """`put`: field offsets as x038=bytes."""
    cpuid, tcb, firmware, chip = PRODUCTS[product]
    out = bytearray(1184)
    fields = {0x000: struct.pack("<II", version, 7), 0x008: struct.pack("<Q", 0x30000), 0x034: b"\x01", 0x040: b"\x25",
              0x160: b"\xff" * 32, 0x1A0: b"\xc4" * chip, 0x1E8: firmware, 0x1EC: firmware, 0x2A0: b"\x11" * 48, 0x2E8: b"\x12" * 48}
    for at in (0x038, 0x180, 0x1E0, 0x1F0):
        fields[at] = tcb
    if version >= 3:
        fields[0x188] = cpuid
    if version >= 5:
        fields[0x1F8] = struct.pack("<QQ", 0x3B, 0x3F)
    fields.update({int(k[1:], 16): v for k, v in put.items()})
    for at, value in fields.items():
        out[at:at + len(value)] = value
    return bytes([allowed]) + bytes(out)[:len(out) - cut]


def seeds():
    out = {f"{product}_v{version}": report(product, version) for product in PRODUCTS for version in (2, 3, 4, 5)}
    out["vlek"] = report("milan", 3, 4, x048=b"\x04", x1A0=bytes(64))
    out["all_allowed"] = report("genoa", 5, 0x1F, x008=struct.pack("<Q", 0x03FF0133), x030=b"\x03")
    out["bits_asked"] = report("turin", 5, 0xE0)
    out["host_made"] = report("genoa", 3, 0x18, x030=b"\xff" * 4)
    out["version_6"] = report("turin", 6)
    out["not_signed"] = report("turin", 5, x048=b"\x1c")
    out["mask_chip_key"] = report("turin", 5, x048=b"\x02")
    out["reserved"] = report("milan", 3, x4C=b"\x01")
    out["unsigned"] = report("milan", 3, x330=b"\x01")
    out["high_s"] = report("milan", 3, x318=b"\x01")
    out["unknown_cpu"] = report("turin", 5, x188=b"\x1a\x50")
    out["short"] = report("genoa", 5, cut=1)
    out["long"] = report("genoa", 5) + b"\0"
    return out


os.makedirs(CORPUS, exist_ok=True)
for name, data in seeds().items():
    with open(f"{CORPUS}/{name}", "wb") as f:
        f.write(data)
