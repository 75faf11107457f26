#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Write the seeds of the fuzz_azure_* fuzzers into test/corpus; run it after adding one here.

The keys are made for the run and thrown away; only their moduli are written.
"""
import base64
import hashlib
import json
import os
import struct

from cryptography.hazmat.primitives.asymmetric import rsa

HERE = os.path.dirname(os.path.abspath(__file__))
CORPUS = os.path.join(HERE, "..", "corpus")
VM = {"console-enabled": True, "secure-boot": True, "tpm-enabled": True, "vmUniqueId": "26F8BC30-774E-4290-8E7A-535F3B672AEE"}


def modulus(bits=2048):
    n = rsa.generate_private_key(65537, bits).public_key().public_numbers().n
    return base64.urlsafe_b64encode(n.to_bytes(bits // 8, "big")).rstrip(b"=").decode()


def jwk(n, kid="HCLAkPub", ops="sign", **change):
    return {**{"kid": kid, "key_ops": [ops], "kty": "RSA", "e": "AQAB", "n": n}, **change}


def claims(keys, **change):
    return json.dumps({**{"keys": keys, "vm-configuration": VM, "user-data": "00" * 64}, **change}, separators=(",", ":")).encode()


def blob(text, version=1, report_type=2, pad=254, report_data=None):
    report = bytearray(1184)
    report[0x50:0x90] = (report_data or hashlib.sha256(text).digest()).ljust(64, b"\0")
    head = b"HCLA" + struct.pack("<IIII12x", version, 0x4D4 + len(text), 2, 0)
    return head + bytes(report) + struct.pack("<IIIII", 20 + len(text), 1, report_type, 1, len(text)) + text + bytes(pad)


def write(folder, seeds):
    os.makedirs(f"{CORPUS}/{folder}", exist_ok=True)
    for name, data in seeds.items():
        with open(f"{CORPUS}/{folder}/{name}", "wb") as out:
            out.write(data)


def main():
    ak, ek = modulus(), modulus()
    both = claims([jwk(ak), jwk(ek, "HCLEkPub", "encrypt")])
    old = claims([jwk(ak, ops="encrypt")])
    write("azure_claims", {
        "two_keys": both,
        "one_key": old,
        "spaced": json.dumps(json.loads(both), indent=1).encode(),
        "more": claims([jwk(ak)], **{"vm-configuration": {**VM, "root-cert-thumbprint": "6nZZ", "tpm-persisted": True}, "next": [1e9, None]}),
        "rsa3072": claims([jwk(modulus(3072))]),
        "twice": claims([jwk(ak), jwk(ek)]),
        "exponent_3": claims([jwk(ak, e="Aw")]),
        "escaped_kid": both.replace(b"HCLAkPub", b"HCL\\u0041kPub"),
        "duplicate": both.replace(b'"kty":"RSA"', b'"kty":"RSA","kty":"RSA"', 1),
        "no_keys": claims([]),
    })
    write("azure_hcl", {
        "v1": blob(both),
        "v2": blob(both, version=2, pad=164),
        "old": blob(old, pad=0),
        "tdx": blob(both, report_type=4),
        "other_hash": blob(both, report_data=bytes(32)),
        "no_claims": blob(b"")[:0x4D4],
    })


main()
