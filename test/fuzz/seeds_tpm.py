#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Write the seeds of the fuzz_tpm_* and fuzz_row fuzzers into test/corpus; run it after adding one here.

Keys are made for the run and thrown away; only public parts and signatures are written.
"""
import json
import os
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "vectors"))

import softtpm as tpm  # noqa: E402

CORPUS = os.path.join(HERE, "..", "corpus")
A32, A48 = "aa" * 32, "aa" * 48


def write(folder, seeds):
    os.makedirs(f"{CORPUS}/{folder}", exist_ok=True)
    for name, data in seeds.items():
        with open(f"{CORPUS}/{folder}/{name}", "wb") as out:
            out.write(data if isinstance(data, bytes) else data.encode())


def attests(p256, p384):
    two = tpm.Quote([("sha256", [0, 7]), ("sha384", [0, 23])])
    odd = struct.pack(">I", 3) + tpm.select("sha256", size=0) + tpm.select("sha1", 7, size=1) + tpm.select(0x12, 0, 32, size=5)
    return {
        "p256": tpm.Quote().bytes(p256),
        "p384": tpm.Quote([("sha384", list(range(24)))]).bytes(p384),
        "two_banks": two.bytes(p256),
        "time": tpm.Quote(type=0x8019).bytes(p256),
        "no_selection": tpm.Quote(raw_select=struct.pack(">I", 0)).bytes(p256),
        "odd_selections": tpm.Quote(raw_select=odd).bytes(p256),
        "huge_count": tpm.Quote(raw_select=struct.pack(">I", 0xFFFFFFFF)).bytes(p256),
        "empty_nonce": tpm.Quote(nonce=b"").bytes(p256),
        "safe_2": tpm.Quote(safe=2).bytes(p256),
    }


def publics(p256, p384, rsa):
    cipher = struct.pack(">HHH", 6, 128, 0x43)
    replace = tpm.dataclasses.replace
    return {
        "p256": p256.area(),
        "p384": p384.area(),
        "rsa": rsa.area(),
        "wrapped": tpm.sized(p256.area()),
        "cipher_and_kdf": replace(p256, symmetric=cipher, kdf=struct.pack(">HH", 0x20, 0x0B)).area(),
        "no_scheme": replace(p256, scheme=tpm.NULL).area(),
        "policy": replace(p256, policy=bytes(32)).area(),
        "off_curve": replace(p256, off_curve=True).area(),
        "name_sha384": replace(rsa, name_alg=0x000C).area(),
        "name_null": replace(p256, name_alg=tpm.NULL).area(),
        "exponent_3": replace(rsa, exponent=3).area(),
    }


def signatures(p256, p384, rsa):
    message = tpm.Quote().bytes(p256)
    units = bytes([4])  # a modulus of 256 bytes
    return {
        "p256": b"\0" + p256.sign(message),
        "p384": b"\0" + p384.sign(message),
        "rsassa": units + rsa.sign(message),
        "rsapss": units + rsa.sign(message, tpm.RSAPSS),
        "bare": units + rsa.raw(message),
        "sm2": b"\0" + p256.sign(message, says=0x001B),
        "sha1": b"\0" + p256.sign(message, hash_alg=0x0004),
    }


PCRS = {
    "values": tpm.pcr_lines(tpm.Quote([("sha256", [0, 7]), ("sha384", [23]), ("sha1", [1]), ("sha512", [2])]).values()),
    "no_end": f"sha256:0={A32}",
    "twice": f"sha256:0={A32}\nsha256:0={A32}\n",
    "short": "sha256:0=aa\n",
    "select": "sha256:0,2,4,7+sha384:0",
    "select_all": "sha512:" + ",".join(map(str, range(24))),
    "select_bad": "sha256:0,24+sha256:1+",
}

ROWS = {
    "row": {
        "type": "tpm2",
        "pcrs": "sha256:0,7+sha384:1",
        "values": {"sha256:7": [A32, "bb" * 32], "sha384:1": [A48], "sha256:0": "ignore"},
        "ak_trust": ["ek-activation", "ak-certificate", "tee-evidence", "pinned-name", "pinned-key"],
        "ak_names": ["000b" + A32, "000c" + A48],
        "allow_owner_hierarchy": True,
    },
    "row_set": {"type": "tpm2", "reference_set": "boot", "pcrs": "sha256:0"},
    "row_ignore": {"type": "tpm2", "values": "ignore"},
    "row_later": {"type": "tpm2", "values": "ignore", "secure_boot": True},
    "row_snp": {"type": "sev-snp", "vmpl_max": 0},
    "row_resettable": {"type": "tpm2", "values": {"sha256:16": [A32]}},
    "set": {
        "id": "boot",
        "version": 3,
        "type": "tpm2",
        "values": [
            {"label": "a", "expires": "2027-01-01T00:00:00Z", "tpm2": {"values": {"sha256:7": [A32]}, "ak_names": ["000b" + A32]}},
            {"label": "b", "tpm2": {"ak_names": ["000d" + "aa" * 64]}},
        ],
    },
}


def main():
    p256, p384, rsa = tpm.ec_key(3), tpm.ec_key(4), tpm.rsa_key()
    write("tpm_attest", attests(p256, p384))
    write("tpm_public", publics(p256, p384, rsa))
    write("tpm_signature", signatures(p256, p384, rsa))
    write("tpm_pcrs", PCRS)
    write("row", {name: json.dumps(row) for name, row in ROWS.items()})


if __name__ == "__main__":
    main()
