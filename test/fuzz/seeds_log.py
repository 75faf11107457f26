#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Write the seeds of fuzz_tpm_log, fuzz_uki and fuzz_pcrsig into test/corpus; run it after adding one here."""
import json
import os
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "vectors"))

import softlog as soft  # noqa: E402
from seeds_tpm import write  # noqa: E402
from softlog import Boot, Event  # noqa: E402


def logs():
    boot = Boot()
    locality = boot.copy().insert(0, Event(0, soft.NO_ACTION, b"StartupLocality\0\3"))
    hcrtm = boot.copy().insert(0, Event(0, soft.HCRTM, b"HCRTM", b"h-crtm"))
    shim = boot.copy().append(Event(7, soft.AUTHORITY, soft.variable(soft.SHIM, "MokList", boot.cert) + b"\0"))
    lists = boot.copy().insert(0, Event(7, soft.DRIVER_CONFIG, soft.variable(soft.SECURITY, "dbx", b"\0" * 28)))
    records = [soft.legacy(e.pcr, e.type, e.digest_in("sha1"), e.data) for e in Boot(["sha1"]).events]
    first = Boot(["sha256"])
    first.events = first.events[:9]
    return {
        "boot": boot.log(),
        "sha256": Boot(["sha256"]).log(),
        "all_banks": Boot(list(soft.ALGS)).log(),
        "insecure": Boot(["sha256"], secure=False).log(),
        "locality": locality.log(),
        "hcrtm": hcrtm.log(),
        "shim": shim.log(),
        "signature_lists": lists.log(),
        "legacy": b"".join(records[:4]),
        "config_only": first.log(),
        "header_only": boot.log()[:77],
    }


def image(*sections, lfanew=0x80, optional=240):
    """A PE image of these (name, contents)."""
    head = b"MZ" + bytes(0x3A) + struct.pack("<I", lfanew)
    coff = b"PE\0\0" + struct.pack("<HHIIIHH", 0x8664, len(sections), 0, 0, 0, optional, 0x22E)
    at, table, data = 0x400, b"", b""
    for name, contents in sections:
        table += struct.pack("<8sIIIIIIHHI", name.encode(), len(contents), 0x10000, len(contents), at + len(data), 0, 0, 0, 0, 0)
        data += contents
    front = head + bytes(max(0, lfanew - len(head))) + coff + bytes(optional) + table
    return front + bytes(max(0, at - len(front))) + data


IMAGES = {
    "uki": image((".text", b"code"), (".linux", b"kernel"), (".cmdline", b"quiet"), (".initrd", b"initrd"), (".pcrpkey", b"key")),
    "twice": image((".linux", b"kernel"), (".linux", b"kernel")),
    "none": image(optional=0),
    "short": image((".linux", b"kernel"))[:-1],
    "inside": image((".osrel", b"x"), lfanew=0x40),
}

ENTRY = {"pcrs": [11], "pkfp": "00" * 32, "pol": "00" * 32, "sig": "AAAA" * 85 + "AA=="}
SIGNATURES = {
    "one": json.dumps({"sha256": [ENTRY]}),
    "banks": json.dumps({"sha256": [ENTRY, {**ENTRY, "pcrs": [11, 12]}], "sha384": [ENTRY]}),
    "short_sig": json.dumps({"sha256": [{**ENTRY, "sig": "AA=="}]}),
    "no_sig": json.dumps({"sha256": [{"pcrs": [11], "pol": "00"}]}),
    "no_pcrs": json.dumps({"sha256": [{"pol": "00" * 32, "sig": "AA=="}]}),
    "pcrs_a_number": json.dumps({"sha256": [{**ENTRY, "pcrs": 11}]}),
    "not_a_list": '{"sha256": {"pcrs": 11}}',
    "empty": "{}",
}

if __name__ == "__main__":
    write("tpm_log", logs())
    write("uki", IMAGES)
    write("pcrsig", SIGNATURES)
