# SPDX-License-Identifier: Apache-2.0
"""The expected verdict on each event log of an evidence folder: real logs, and attacks on one.

Nothing of the folder is copied into the repository.  A log of a name that is not known here is a failure, so that new evidence does not go
unseen.
"""
import glob
import json
import os
import struct

# name: (verdict, ids that failed)
BAD = {
    "alg-not-in-header": ("malformed", ["log.malformed"]),
    "app-after-ebs": ("reject", ["log.after_ebs"]),
    "data-mismatch-secureboot": ("reject", ["log.data_mismatch"]),
    "digestcount-huge": ("malformed", ["log.malformed"]),
    "dropped-app-pcr4": ("reject", ["log.replay"]),
    "eventsize-huge": ("malformed", ["log.malformed"]),
    "header-wrong-digestsize": ("malformed", ["log.header"]),
    "no-header": ("malformed", ["log.header"]),
    "noaction-nonzero-digest": ("reject", ["log.noaction"]),
    "pcr-index-99": ("malformed", ["log.malformed"]),
    "reordered-pcr0": ("reject", ["log.replay"]),
    "separator-error": ("reject", ["log.separator"]),
    "separator-ffffffff-data": ("reject", ["log.separator"]),
    "separator-missing": ("reject", ["log.separator"]),
    "separator-twice": ("reject", ["log.separator"]),
    "startuplocality-fake": ("reject", ["log.replay"]),
    "startuplocality-late": ("reject", ["log.locality"]),
    "truncated": ("malformed", ["log.malformed"]),
    "type-swap-secureboot": ("reject", ["log.type", "log.separator", "log.after_ebs"]),
}
REJECTED = {
    "log-debian-10": ("reject", ["log.sha1_only"]),
    "log-goatt-ebs-missing": ("reject", ["log.sha1_only"]),
    "log-goatt-option-rom-windows": ("reject", ["log.sha1_only"]),
    "log-tools-uefi-sha1": ("reject", ["log.sha1_only"]),
    "log-goatt-short-no-action": ("malformed", ["log.header"]),
    "log-keylime-bogus": ("malformed", ["log.header"]),
    "log-tools-specid-vendordata": ("malformed", ["log.header"]),
}
# Boots of our own, quoted: PCR 10 is extended by the kernel, so its log does not lead there.
BOOTS = ("qemu-tcg", "qemu-secboot")
GCE = "quote-gce-cos85-nonce9009"
APPLICATION, AUTHORITY, TAG = 0x80000003, 0x800000E0, 6


def events(path):
    """(pcr, type, SHA-256 digest, data) of a log that is known to be sound."""
    with open(path, "rb") as f:
        log = f.read()
    size = struct.unpack_from("<I", log, 28)[0]
    spec, at = log[32 : 32 + size], 32 + size
    count = struct.unpack_from("<I", spec, 24)[0]
    sizes = dict(struct.unpack_from("<HH", spec, 28 + 4 * i) for i in range(count))
    while at < len(log):
        pcr, kind, n = struct.unpack_from("<III", log, at)
        at, digests = at + 12, {}
        for _ in range(n):
            alg = struct.unpack_from("<H", log, at)[0]
            digests[alg] = log[at + 2 : at + 2 + sizes[alg]]
            at += 2 + sizes[alg]
        size = struct.unpack_from("<I", log, at)[0]
        yield pcr, kind, digests[0xB], log[at + 4 : at + 4 + size]
        at += 4 + size


def authority(data):
    """SHA-256 of the certificate of an EFI_SIGNATURE_DATA in UEFI_VARIABLE_DATA."""
    import hashlib

    name, size = struct.unpack_from("<QQ", data, 16)
    return hashlib.sha256(data[32 + 2 * name + 16 :][: size - 16]).hexdigest()


def predicates(folder):
    """A policy of nothing but predicates, for a boot whose parts are known."""
    log = list(events(f"{folder}/eventlog.bin"))
    sections = {}
    with open(f"{folder}/uki.sections.txt", encoding="utf-8") as f:
        for line in f:
            name, *values = line.split()
            sections[name] = dict(v.split("=") for v in values)["sha256"]
    with open(f"{folder}/cmdline", "rb") as f:
        cmdline = f.read().rstrip(b"\n\0").decode()
    row = {
        "boot_apps": [digest.hex() for pcr, kind, digest, _ in log if (pcr, kind) == (4, APPLICATION)],
        "no_option_rom": True,
        "scrtm_version": [""],
        "cmdline": [cmdline],
        "initrd": [sections[".initrd"]],
        "uki": [{"sha256": sections}],
    }
    used = [authority(data) for _, kind, _, data in log if kind == AUTHORITY]
    return {**row, "secure_boot": True, "sb_authority": used, "dbx_min": 1} if used else row


class Cases:
    def __init__(self, source, out):
        self.source, self.out, self.cases = source, out, []
        os.makedirs(out, exist_ok=True)

    def add(self, name, label, verdict, failed, args, exact=True, **more):
        case = {"name": f"evidence/{label}", "folder": f"{self.source}/{name}", "exact": exact, "warned": None}
        self.cases.append({**case, "verdict": verdict, "failed": failed, "args": args, **more})

    def policy(self, label, row):
        path = f"{self.out}/{label}.json"
        with open(path, "w", encoding="utf-8") as f:
            json.dump({"type": "tpm2", **row}, f)
        return ["--policy", path]

    def logs(self):
        known = {**{f"log-bad-{k}": v for k, v in BAD.items()}, **REJECTED}
        for path in sorted(glob.glob(f"{self.source}/log-*")):
            name = os.path.basename(path)
            verdict, failed = known.pop(name, ("accept", []))
            if name.startswith("log-bad-") and verdict == "accept":
                failed = ["no verdict is known for this log"]
            pcrs = ["--pcrs", "pcrs.txt"] if os.path.exists(f"{path}/pcrs.txt") else []
            sent = ["--pcrs", "pcrs.txt"] if pcrs and verdict != "malformed" and "log.sha1_only" not in failed else []
            self.add(name, name, verdict, failed, ["event-log", "eventlog.bin", *sent])
        for name in known:
            self.add(name, f"{name} is not there", "accept", [], [])

    def boots(self):
        rows = {name: predicates(f"{self.source}/{name}") for name in BOOTS}
        for name in BOOTS:
            with open(f"{self.source}/{name}/expected.json", encoding="utf-8") as f:
                nonce = json.load(f)["nonce"]
            quote = ["tpm", "--quote", "quote.msg", "--signature", "quote.sig", "--ak", "ak.pub", "--nonce", nonce]
            sent, log = ["--pcrs", "pcrs.txt"], ["--event-log", "eventlog.bin"]
            mine = self.policy(name, rows[name])
            other = self.policy(f"{name}-other", rows[BOOTS[1 - BOOTS.index(name)]])
            held = {"claims": {"event_log": True, "uki_phase": ""}}
            self.add(name, f"{name}-log", "accept", [], ["event-log", "eventlog.bin", *sent])
            self.add(name, f"{name}-predicates", "accept", [], [*quote, *log, *sent, *mine], **held)
            only = self.only_ima(name)
            self.add(name, f"{name}-log-first", "accept", [], [*quote, *log, *only, *mine], **held)
            self.add(name, f"{name}-other-boot", "reject", ["tpm.boot_apps"], [*quote, *log, *sent, *other], exact=False)
            self.add(name, f"{name}-no-log", "reject", ["tpm.boot_apps"], [*quote, *sent, *mine], exact=False)
            for bad, (verdict, _failed) in BAD.items():
                log = ["--event-log", f"../log-bad-{bad}/eventlog.bin"]
                for label, values in {"": sent, "-log-first": only}.items():
                    self.add(name, f"{name}-{bad}{label}", verdict, [], [*quote, *log, *values, *mine], exact=False)

    def only_ima(self, name):
        """The one value that no firmware log leads to."""
        with open(f"{self.source}/{name}/pcrs.txt", encoding="utf-8") as f:
            line = next(line for line in f if line.startswith("sha256:10="))
        path = f"{self.out}/{name}-pcr10.txt"
        with open(path, "w", encoding="utf-8") as f:
            f.write(line)
        return ["--pcrs", path]

    def gce(self):
        quote = ["tpm", "--ak", "ak.pub.tpmt", "--nonce", "9009", "--pcrs", "pcrs.txt", "--event-log", "eventlog.bin", "--at", "2026-06-01T00:00:00Z"]
        row = self.policy("gce", {"secure_boot": True, "no_option_rom": True, "scrtm_version": ["GCE Virtual Firmware v1"]})
        for bank in ("sha256", "sha384"):
            files = ["--quote", f"quote-{bank}.msg", "--signature", f"quote-{bank}.sig"]
            self.add(GCE, f"gce-log-{bank}", "accept", [], quote + files + row, claims={"event_log": True})


def cases(source, out):
    made = Cases(source, out)
    made.logs()
    made.boots()
    made.gce()
    return made.cases
