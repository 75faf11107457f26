#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Seeds of fuzz_agent: each operation once, refused forms of them, and replies of a broker.

    seeds_agent.py [FOLDER]      (default test/corpus/agent)
"""
import json
import os
import sys

OPERATIONS = {
    "ping": {},
    "status": {},
    "stop": {},
    "heartbeat": {},
    "attest": {
        "server": "https://b.example",
        "ca": "/etc/ca.pem",
        "policy": "p",
        "tcti": "device:/dev/tpmrm0",
        "ak": "ecc",
        "pcrs": "sha256:0,2,4,7",
        "key": "memory",
        "ak_certificate": "/etc/ak.der",
        "ek": "0x81010001",
        "again": True,
        "evidence": "sev-snp,tdx,tpm2",
        "vmpl": 1,
        "tsm": "/sys/kernel/config/tsm/report",
        "sev_guest": "/dev/sev-guest",
        "tdx_guest": "/dev/tdx_guest",
        "qgs": "vsock:2:4050",
        "ccel": "off",
        "thim": "off",
        "td_quote": "http://169.254.169.254/acc/tdquote",
    },
    "token": {"scope": "upload", "audience": "https://files.example", "min_left_s": 60},
    "headers": {"method": "GET", "url": "https://f.example/x?y", "scope": "a", "audience": "b", "nonce": "n"},
    "upload": {"store": "results", "name": "report.pdf", "size": 1234, "content_type": "application/pdf", "sha256": "00"},
    "commit": {"id": "up-01a20ecf12f422cd1ff6d92421a707a2"},
    "abandon": {"id": "up-1"},
    "teardown": {"reason": "done \u00e9"},
}

REFUSED = {
    "bad_id": b'{"op":"commit","id":"../x"}',
    "duplicate": b'{"op":"ping","op":"stop"}',
    "deep": b'{"op":"token","scope":' + b"[" * 40 + b"]" * 40 + b"}",
    "nul": b'{"op":"token","scope":"a\\u0000b"}',
    "utf8": b'{"op":"token","scope":"\xff"}',
    "number": b'{"op":"upload","store":"s","name":"n","size":1e99,"content_type":"x"}',
}

REPLIES = {
    "problem": {"type": "about:blank", "title": "denied", "status": 403, "code": "evidence_rejected", "verdict": "vd-1",
                "failed": ["pcr.values", "ak.untrusted"], "detail": "no"},
    "oauth": {"error": "invalid_grant", "error_description": "no"},
    "agent_error": {"kind": "denied", "code": "x", "status": 403, "detail": "d", "retry_after": 5},
}


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "..", "corpus", "agent")
    os.makedirs(folder, exist_ok=True)
    seeds = {name: json.dumps({"op": name, **members}).encode() for name, members in OPERATIONS.items()}
    seeds.update(REFUSED)
    seeds.update({name: json.dumps(reply).encode() for name, reply in REPLIES.items()})
    for name, content in seeds.items():
        with open(os.path.join(folder, name), "wb") as f:
            f.write(content)


if __name__ == "__main__":
    main()
