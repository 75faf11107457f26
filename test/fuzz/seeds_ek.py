#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Write the seeds of fuzz_ek_wrapper and fuzz_ek_cert into test/corpus; run it after adding one here.

Keys are made for the run and thrown away; only certificates are written.
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "vectors"))

import gen_ek  # noqa: E402
from seeds_tpm import write  # noqa: E402

# A certificate in shape only: a SEQUENCE of the long form.
SHAPE = b"\x30\x82\x00\x88" + bytes(range(0x88))


def wrappers():
    stored = gen_ek.stored
    return {
        "bare": SHAPE,
        "header": stored(SHAPE),
        "header_untagged": stored(SHAPE, tag=False),
        "padding_00": SHAPE + bytes(9),
        "padding_ff": stored(SHAPE, padding=b"\xff" * 9),
        "padding_11": SHAPE + b"\x11" * 9,
        "padding_inside": stored(SHAPE + bytes(5), padding=bytes(4)),
        "padding_mixed": SHAPE + b"\0\xff",
        "partial": stored(SHAPE, kind=1),
        "too_long": stored(SHAPE, length=0x90),
        "too_short": stored(SHAPE, length=0x10),
        "trailing": SHAPE + b"\x01",
    }


def certificates():
    vectors = gen_ek.EkVectors("unused")
    issue, rsa, p256 = vendor_issue(vectors), vectors.public(), vectors.public(vectors.p256)
    good = issue(rsa)
    return {
        "rsa": good,
        "p256": issue(p256),
        "p384": issue(vectors.public(vectors.p384)),
        "stored": gen_ek.stored(good, padding=bytes(20)),
        "tpm12": good.replace(gen_ek.RSA, gen_ek.OAEP),
        "one_set": issue(p256, san=gen_ek.one_set((3, 1, 2))),
        "no_san": issue(p256, san=None),
        "instance": issue(p256, san=None, extra=gen_ek.x509.UnrecognizedExtension(gen_ek.INSTANCE, b"\x30\x00")),
        "dns": issue(p256, san=gen_ek.x509.SubjectAlternativeName([*gen_ek.tpm_name(), gen_ek.x509.DNSName("a.example")])),
        "aia": issue(p256, aia=gen_ek.aia()),
        "expired": issue(p256, until=gen_ek.AT - gen_ek.DAY),
        "ca": issue(p256, ca=True),
    }


def vendor_issue(vectors):
    return lambda public, **how: gen_ek.der(vectors.vendor.issue(public, **how))


if __name__ == "__main__":
    write("ek_wrapper", wrappers())
    write("ek_cert", certificates())
