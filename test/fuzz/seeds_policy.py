#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Write the corpus of fuzz_policy: whole policies, small ones, and one near miss of each rule."""
import copy
import json
import pathlib
import sys

UPLOAD = {
    "store": "results",
    "prefix": "summaries/${sandbox}/",
    "max_bytes": 10485760,
    "content_type": ["application/pdf", "text/plain"],
    "tags": {"classification": "restricted", "purpose": "${purpose}", "retention": "P30D"},
    "ttl_s": 60,
}
WHOLE = {
    "id": "summarizer",
    "version": 7,
    "accept": [
        [{"type": "tpm2", "reference_set": "boot", "pcrs": "sha256:0,2,4,7,11"}],
        [{"type": "tpm2", "pcrs": "sha256:7+sha384:7", "values": {"sha256:7": ["00" * 32]},
          "ak_trust": ["pinned-name"], "ak_names": ["000b" + "11" * 32]}],
    ],
    "grant": {
        "tier": "cloud-upload",
        "lease": {"heartbeat_s": 60, "max_s": 3600},
        "token": {"ttl_s": 300, "audience": ["https://files.example", "http://127.0.0.1:8080/a"],
                  "scope": ["upload", "secret:db"]},
        "upload": [UPLOAD],
    },
    "consent": {"required": True, "issuer": "https://ui.example"},
    "keep_evidence": True,
}
SMALL = {
    "id": "s", "version": 1, "accept": [[{"type": "tpm2", "values": "ignore"}]],
    "grant": {"tier": "t", "lease": {"heartbeat_s": 5, "max_s": 5},
              "token": {"ttl_s": 5, "audience": ["https://a"], "scope": ["s"]}},
}


def with_change(path, value):
    """SMALL with an upload, and one member changed."""
    doc = copy.deepcopy(SMALL)
    doc["grant"]["upload"] = [copy.deepcopy(UPLOAD)]
    at = doc
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return doc


SEEDS = {
    "whole": WHOLE,
    "small": SMALL,
    "unknown": with_change(["colour"], 1),
    "version": with_change(["version"], 0),
    "no-rows": with_change(["accept"], [[]]),
    "two-rows": with_change(["accept"], [[{"type": "tpm2", "values": "ignore"}] * 2]),
    "later-type": with_change(["accept"], [[{"type": "tdx", "reference_set": "x"}]]),
    "snp": with_change(["accept"], [[{"type": "sev-snp", "product": ["Genoa"], "reference_set": "x"},
                                     {"type": "tpm2", "values": "ignore"}]]),
    "heartbeat": with_change(["grant", "lease", "heartbeat_s"], 6),
    "audience": with_change(["grant", "token", "audience"], ["http://files.example"]),
    "literal": with_change(["grant", "token", "audience"], ["https://[2001:db8::1]:8443/a?b"]),
    "scope": with_change(["grant", "token", "scope"], ["a b"]),
    "prefix-up": with_change(["grant", "upload", 0, "prefix"], "${sandbox}/../"),
    "prefix-word": with_change(["grant", "upload", 0, "prefix"], "${user}/${sandbox}/"),
    "media": with_change(["grant", "upload", 0, "content_type"], ["a/b;c=d"]),
    "tag": with_change(["grant", "upload", 0, "tags"], {"a&b": "c"}),
    "consent": with_change(["consent"], {"required": True}),
}


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "test/corpus/policy")
    folder.mkdir(parents=True, exist_ok=True)
    for name, doc in SEEDS.items():
        (folder / name).write_text(json.dumps(doc, separators=(",", ":")), encoding="utf-8")


if __name__ == "__main__":
    main()
