# SPDX-License-Identifier: Apache-2.0
"""The rows of an SNP evidence folder's manifest.tsv as cases of run.py: genuine reports, certificates and CRLs, and attacks on them.

Nothing of the folder is copied into the repository.  The anchors are the pinned ones.  A row with an option or a check that is not known here is a failure,
so that new evidence does not go unseen.
"""
import csv
import json
import os
import re

import snp_mutations

VERDICTS = {"ACCEPT": "accept", "CHAIN OK": "accept", "REJECT": "reject"}
UNABLE = {"vek.missing", "crl.stale", "crl.missing"}  # attest/snp/snp.h: a later try may decide
CHECK_ID = re.compile(r"\b(?:[a-z_]+\.[a-z_]+|vmpl|mit_vector)\b")
CHALLENGE = b"challenge".hex()
FLAGS = {"allow_provisional", "allow_debug", "allow_masked_chip"}


class Unknown(Exception):
    pass


class Row:
    """One row: what to run, and what must come of it."""

    def __init__(self, source, row):
        self.source, self.row = source, row
        self.folder = f"{source}/{row['case']}"
        self.policy, self.args, self.nonce = {}, [], None
        for option in filter(None, (o.strip() for o in row["options"].split(","))):
            if option != "-":
                self.option(option)

    def there(self, name):
        return name if os.path.exists(f"{self.folder}/{name}") else None

    def option(self, option):
        name, _mark, value = (part.strip() for part in option.partition("="))
        if name in FLAGS and not value:
            self.policy[name] = True
        elif name == "product":
            self.args += ["--product", value]
        elif name == "max_vmpl":
            self.policy["vmpl_max"] = int(value)
        elif name == "min_snp":
            self.policy["tcb_min"] = {"snp": int(value, 0)}
        elif name == "require_tsme" and value == "0":
            self.policy["platform_info"] = {"forbid": ["tsme"]}
        elif name == "mit_mask":
            self.policy["mit_mask"] = value
        elif name == "crl":
            self.args += ["--crl", value]
        elif name == "cert table":
            self.args += ["--cert-table", value]
        elif name == "nonce":
            self.nonce = {"challenge": CHALLENGE, "other": "00" * 32}.get(value) or value.removeprefix("hex:")
        else:
            raise Unknown(f"option {option}")

    def expected(self):
        if self.row["verdict"] not in VERDICTS:
            raise Unknown(f"verdict {self.row['verdict']}")
        named = self.row["failing_check"].split("/")[0]
        failed = CHECK_ID.findall(re.sub(r"\(.*?\)", "", named)) if named != "-" else []
        verdict = VERDICTS[self.row["verdict"]]
        if verdict == "reject" and not failed:
            raise Unknown(f"check {named}")
        return ("unable" if failed and set(failed) <= UNABLE else verdict), failed

    def command(self, out):
        vek = self.row["vek"]
        if self.row["report"] == "-":
            return ["amd-chain", "--vek", vek if self.there(vek) else f"{self.source}/{vek}"]
        if self.there("quote.msg"):
            args = ["azure-sev-snp", "--hcl", "hcl.bin", "--quote", "quote.msg", "--signature", "quote.sig"]
            args += ["--pcrs", self.there("pcrs.bin") or zeros(out)]
            args += ["--nonce", self.nonce] if self.nonce else []
        else:
            args = ["sev-snp", "--report", self.row["report"]]
        # A table that has the certificate must do without it beside.
        return args + (["--vek", vek] if vek != "-" and "--cert-table" not in self.args else [])

    def at(self):
        return ["--at", self.row["verify_time"]] if self.row["verify_time"] != "-" else []

    def with_policy(self, out, label, **more):
        policy = {**self.policy, **more}
        if not policy:
            return []
        path = f"{out}/{label}.json"
        with open(path, "w", encoding="utf-8") as file:
            json.dump(policy, file)
        return ["--policy", path]


def cases(source, out):
    os.makedirs(out, exist_ok=True)
    with open(f"{source}/manifest.tsv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    made, seen = [], {}
    for raw in rows:
        seen[raw["case"]] = seen.get(raw["case"], -1) + 1
        label = f"{raw['case']}.{seen[raw['case']]}"
        base = {"name": f"evidence-snp/{label}", "folder": f"{source}/{raw['case']}", "warned": None}
        try:
            row = Row(source, raw)
            verdict, failed = row.expected()
            args = row.command(out) + row.args + row.at()
            made.append({**base, "verdict": verdict, "failed": failed, "args": args + row.with_policy(out, label)})
        except Unknown as why:
            made.append({**base, "verdict": "accept", "failed": [f"unknown in the manifest: {why}"], "args": ["sev-snp"]})
            continue
        made += also(row, base, args, out, label)
    return made


def also(row, base, args, out, label):
    """What the manifest says in words: the chip whose key was extracted is refused by a list too."""
    made = []
    if "chip.denied" in row.row["failing_check"]:
        chip = hwid(f"{row.folder}/{row.row['vek']}")
        top = dict.fromkeys(("bootloader", "tee", "snp", "microcode"), 127)
        policy = row.with_policy(out, f"{label}-deny", chip_deny=[chip], tcb_max=top)
        made.append({**base, "name": f"{base['name']}-deny", "verdict": "reject", "failed": ["chip.denied"], "args": args + policy})
    if base["name"].endswith(".0") and row.row["verdict"] == "ACCEPT":
        policy = row.with_policy(out, label)
        made += snp_mutations.of_files(row, f"{base['name']}", args + policy, f"{out}/{label}")
    return made


def zeros(out):
    """PCR values for a sample that has none: its signature is what is wrong."""
    path = f"{out}/zeros.bin"
    with open(path, "wb") as file:
        file.write(bytes(24 * 32))
    return path


def hwid(path):
    from harness import snp

    cert = snp_mutations.load(path)
    return next(e.value.value for e in cert.extensions if e.oid.dotted_string == snp.OID_ARC + "4").hex()
