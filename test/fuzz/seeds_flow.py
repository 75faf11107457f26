#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Write the corpus of fuzz_attest_ask: whole requests, the smallest, and one near miss of each rule."""
import base64
import copy
import json
import pathlib
import sys


def b64u(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


KEY = {
    "kty": "EC",
    "crv": "P-256",
    "x": "axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY",
    "y": "T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU",
}
PIECE = {
    "type": "tpm2",
    "quote": b64u(b"\xffTCG\x80\x18" + bytes(20)),
    "signature": b64u(b"\x00\x18\x00\x0b" + bytes(8)),
    "ak": b64u(b"\x00\x23\x00\x0b" + bytes(8)),
}
SMALL = {"policy": "worker", "challenge": b64u(bytes(32)), "key": KEY, "evidence": [PIECE]}
PCRS = {"sha256:0": "00" * 32, "sha384:23": "ff" * 48, "sha1:7": "11" * 20}


def changed(path, value):
    """SMALL with one member set, or removed when value is None."""
    doc = copy.deepcopy(SMALL)
    at = doc
    for step in path[:-1]:
        at = at[step]
    if value is None:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return doc


SEEDS = {
    "small": SMALL,
    "whole": changed(["evidence", 0], dict(PIECE, ak_certificate=b64u(b"0\x82"), ek=b64u(b"\x00\x01"), pcrs=PCRS)),
    "four": changed(["evidence"], [PIECE] * 4),
    "five": changed(["evidence"], [PIECE] * 5),
    "none": changed(["evidence"], []),
    "not-object": changed(["evidence"], [1]),
    "other-type": changed(["evidence", 0, "type"], "sev-snp"),
    "no-quote": changed(["evidence", 0, "quote"], None),
    "quote-bits": changed(["evidence", 0, "quote"], "AB"),
    "quote-long": changed(["evidence", 0, "quote"], "A" * 1368),
    "pcr-two": changed(["evidence", 0, "pcrs"], {"sha256:0,1": "00" * 32}),
    "pcr-short": changed(["evidence", 0, "pcrs"], {"sha256:0": "00" * 31}),
    "pcr-odd": changed(["evidence", 0, "pcrs"], {"sha256:0": "0"}),
    "pcr-index": changed(["evidence", 0, "pcrs"], {"sha256:24": "00" * 32}),
    "pcr-bank": changed(["evidence", 0, "pcrs"], {"md5:0": "00" * 16}),
    "pcr-number": changed(["evidence", 0, "pcrs"], {"sha256:0": 1}),
    "challenge-long": changed(["challenge"], "A" * 80),
    "challenge-none": changed(["challenge"], ""),
    "key-private": changed(["key", "d"], "AA"),
    "key-off-curve": changed(["key", "y"], b64u(bytes(32))),
    "key-okp": changed(["key"], {"kty": "OKP", "crv": "Ed25519", "x": b64u(b"\x58" + bytes(31))}),
    "policy-escape": changed(["policy"], "a\u00e9\u0001\"\\"),
    "unknown": changed(["more"], 1),
    "sev-snp": changed(["evidence", 0], {"type": "sev-snp", "report": b64u(bytes(64)), "vek": "AA", "cert_table": "AA"}),
    "tdx": changed(["evidence", 0], {"type": "tdx", "quote": b64u(b"\4\0\2\0\x81" + bytes(43)), "ccel": b64u(bytes(40))}),
    "tdx-no-quote": changed(["evidence", 0], {"type": "tdx", "ccel": "AA"}),
    "azure-tdx": changed(
        ["evidence", 0],
        {"type": "azure-tdx", "hcl": b64u(b"HCLA"), "td_quote": b64u(b"\4\0\2"), "quote": "AA", "signature": "AA", "pcrs": {"sha256:4": "00" * 32}},
    ),
}


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "test/corpus/attest_ask")
    folder.mkdir(parents=True, exist_ok=True)
    for name, doc in SEEDS.items():
        (folder / name).write_text(json.dumps(doc, separators=(",", ":")), encoding="utf-8")
    (folder / "twice").write_text(json.dumps(SMALL).replace('"policy"', '"policy":"x","policy"', 1), encoding="utf-8")
    (folder / "nul").write_bytes(json.dumps(changed(["policy"], "NUL")).encode().replace(b"NUL", b"\\u0000"))


if __name__ == "__main__":
    main()
