# SPDX-License-Identifier: Apache-2.0
"""Good SNP evidence with one thing changed and nothing signed anew, as cases of run.py.

Such a case is refused, whatever the rest, and one of the ids in "one_of" is among its reasons.  Every bit of a report is the work of a unit test; here one
bit in every field, and what a command's files can be swapped for.
"""
import os

from cryptography import x509

STRUCTURE = ["report.version", "report.sigalgo", "report.signing_key", "report.mask_chip_key", "report.reserved", "report.consistency"]
STRUCTURE += ["tcb.reserved", "policy.reserved", "platform_info.reserved", "product", "report.signature"]
OWN = ("good-milan-v2-old-pss-vcek", "good-milan-v3-new-pss-vlek", "good-genoa-v4-new-pss-vcek", "good-turin-v5-new-pss-vcek", "azure-good")
FIELDS = {  # name: offset, length; AMD 56860, table "ATTESTATION_REPORT"
    "version": (0x000, 4),
    "guest_svn": (0x004, 4),
    "policy": (0x008, 8),
    "family_id": (0x010, 16),
    "image_id": (0x020, 16),
    "vmpl": (0x030, 4),
    "signature_algo": (0x034, 4),
    "current_tcb": (0x038, 8),
    "platform_info": (0x040, 8),
    "flags": (0x048, 4),
    "reserved_4c": (0x04C, 4),
    "report_data": (0x050, 64),
    "measurement": (0x090, 48),
    "host_data": (0x0C0, 32),
    "id_key_digest": (0x0E0, 48),
    "author_key_digest": (0x110, 48),
    "report_id": (0x140, 32),
    "report_id_ma": (0x160, 32),
    "reported_tcb": (0x180, 8),
    "cpuid": (0x188, 3),
    "reserved_18b": (0x18B, 21),
    "chip_id": (0x1A0, 64),
    "committed_tcb": (0x1E0, 8),
    "current_version": (0x1E8, 3),
    "committed_version": (0x1EC, 3),
    "launch_tcb": (0x1F0, 8),
    "launch_mit": (0x1F8, 8),
    "current_mit": (0x200, 8),
    "reserved_208": (0x208, 152),
    "r": (0x2A0, 48),
    "r_upper": (0x2D0, 24),
    "s": (0x2E8, 48),
    "s_upper": (0x318, 24),
    "unsigned": (0x330, 368),
}


def flip(data, at, bit):
    return data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]


def reports(raw, every=1):
    """(name, report, ids one of which must be a reason) for each mutation that must be refused.  every: of the fields only each n-th."""
    for name, (at, size) in list(FIELDS.items())[raw[0xA0] % every :: every]:
        where = at + (at * 7 + 3) % size  # some byte of the field, the same in every run
        yield f"flip-{name}", flip(raw, where, at % 8), STRUCTURE + ["vek.tcb", "vek.hwid", "vek.kind", "vek.product"]
    for at in (0x330, 0x3FF, 0x49F):
        yield f"unsigned-{at:x}", flip(raw, at, 7), ["report.reserved"]
    for at in (0x2A0 + 48, 0x2A0 + 71, 0x2E8 + 48, 0x2E8 + 71):
        yield f"upper-{at:x}", flip(raw, at, 0), ["report.reserved"]
    yield "truncated", raw[:-1], ["report.length"]
    yield "longer", raw + b"\0", ["report.length"]
    yield "half", raw[:592], ["report.length"]
    for name, at in {"r-zero": 0x2A0, "s-zero": 0x2E8}.items():
        yield name, raw[:at] + bytes(72) + raw[at + 72 :], ["report.signature"]
    n = (2**384 - 1).to_bytes(48, "little")
    yield "s-above-n", raw[:0x2E8] + n + raw[0x2E8 + 48 :], ["report.signature"]
    yield "r-and-s-swapped", raw[:0x2A0] + raw[0x2E8:0x330] + raw[0x2A0:0x2E8] + raw[0x330:], ["report.signature"]


def certificates(der, every=1):
    """A certificate with one bit changed: in its name, its key, its extensions, its signature; and its length."""
    some = [i * len(der) // 17 for i in range(1, 17, every)]
    ids = ["vek.malformed", "vek.extensions", "vek.issuer", "vek.algorithm", "chain.root", "chain.intermediate", "chain.signature"]
    ids += ["vek.kind", "vek.product", "vek.validity", "vek.tcb", "vek.hwid", "product"]
    for at in some:
        yield f"vek-flip-{at}", flip(der, at, at % 8), ids
    yield "vek-truncated", der[:-1], ["vek.malformed"]
    yield "vek-longer", der + b"\0", ["vek.malformed"]


class Folder:
    """Cases that differ from a good command in one file.  every: of the bits that are flipped only each n-th."""

    def __init__(self, name, folder, args, out, every=1):
        self.name, self.folder, self.args, self.out, self.every, self.cases = name, folder, args, out, every, []
        os.makedirs(out, exist_ok=True)

    def read(self, option):
        with open(os.path.join(self.folder, self.args[self.args.index(option) + 1]), "rb") as file:
            return file.read()

    def has(self, option):
        return option in self.args

    def put(self, option, label, data, one_of, verdict="refused", failed=()):
        path = f"{self.out}/{label}"
        with open(path, "wb") as file:
            file.write(data)
        args = list(self.args)
        args[args.index(option) + 1] = path
        case = {"name": f"{self.name}-{label}", "folder": self.folder, "args": args, "exact": False, "warned": None}
        self.cases.append({**case, "verdict": verdict, "failed": list(failed), "one_of": one_of})

    def all(self, foreign):
        """foreign: (label, VEK of another machine) to swap in."""
        if self.has("--hcl"):
            self.azure()
        if self.has("--report"):
            self.report()
        if self.has("--vek"):
            self.vek(foreign)

    def report(self):
        from harness import snp

        raw = self.read("--report")
        for label, data, one_of in reports(raw, self.every):
            self.put("--report", label, data, one_of)
        self.put("--report", "other-s", snp.other_s(raw), [], "accept")

    def vek(self, foreign):
        for label, data, one_of in certificates(self.read("--vek"), self.every):
            self.put("--vek", label, data, one_of)
        for label, data in foreign:
            self.put("--vek", label, data, ["vek.kind", "vek.product", "vek.tcb", "vek.hwid", "report.signature"])

    def azure(self):
        blob = self.read("--hcl")
        at = 0x4D4
        white = blob.replace(b'","', b'", "', 1)[: len(blob)]
        for label, data, one_of in (
            ("claims-flip", flip(blob, at + 60, 0), ["claims.hash", "claims.malformed", "quote.signature"]),
            ("claims-white-space", white, ["claims.hash", "claims.malformed", "hcl.malformed"]),
            ("hcl-truncated", blob[: at + 100], ["hcl.malformed"]),
            ("hcl-header", flip(blob, 0, 0), ["hcl.malformed"]),
            ("hcl-unsigned", flip(blob, 0x20 + 0x49F, 7), ["report.reserved"]),
            ("hcl-report", flip(blob, 0x20 + 0x90, 0), ["report.signature"]),
            ("hcl-report-data", flip(blob, 0x20 + 0x50, 0), ["claims.hash", "report.signature"]),
        ):
            self.put("--hcl", label, data, one_of)
        message, signature, pcrs = (self.read(option) for option in ("--quote", "--signature", "--pcrs"))
        for at in range(6, len(message), 9 * self.every):
            ids = ["quote.malformed", "quote.magic", "quote.type", "quote.selection", "quote.signature", "pcr.weak_bank"]
            self.put("--quote", f"quote-flip-{at}", flip(message, at, at % 8), ids)
        self.put("--signature", "signature-flip", flip(signature, 9, 3), ["quote.signature"])
        self.put("--signature", "signature-short", signature[:-1], ["quote.malformed", "quote.sigalg", "quote.weak_hash", "quote.signature"])
        self.put("--pcrs", "pcrs-swapped", pcrs[32:64] + pcrs[:32] + pcrs[64:], ["quote.pcrdigest"])
        self.put("--pcrs", "pcrs-flip", flip(pcrs, 100, 1), ["quote.pcrdigest"])
        self.put("--pcrs", "pcrs-short", pcrs[:-32], ["pcrs.malformed"])
        self.nonce()

    def nonce(self):
        at = self.args.index("--nonce") + 1 if self.has("--nonce") else None
        for label, nonce in {"nonce-longer": "00", "nonce-shorter": None}.items() if at else ():
            args = list(self.args)
            args[at] = args[at] + nonce if nonce else args[at][:-2]
            case = {"name": f"{self.name}-{label}", "folder": self.folder, "args": args, "exact": False, "warned": None}
            self.cases.append({**case, "verdict": "refused", "failed": ["quote.nonce"], "one_of": []})


def of_files(row, name, args, out):
    """Mutations of a row of the evidence folder."""
    made = Folder(name, row.folder, args, out, every=5)
    made.all(strangers(row.source, row.row["case"]))
    return made.cases


def strangers(source, case):
    """Genuine certificates of other machines and of the other kind."""
    for other in ("good-milan-v2-vcek-bare", "good-milan-v2-vlek-aws", "good-turin-v5-vcek-aci"):
        path = f"{source}/{other}/vek.der"
        if other != case and os.path.exists(path):
            with open(path, "rb") as file:
                yield f"vek-of-{other}", file.read()


def of_cases(cases, out):
    """Mutations of our own good cases, one for each layout of the TCB, kind of key and kind of evidence."""
    folders = {os.path.basename(case["folder"]): case for case in cases}
    made = []
    for name in OWN:
        case = folders[name]
        folder = Folder(f"mutated/{name}", case["folder"], case["args"], f"{out}/{name}")
        others = (n for n in OWN if n != name)
        folder.all((f"vek-of-{n}", Folder(n, folders[n]["folder"], folders[n]["args"], f"{out}/{n}").read("--vek")) for n in others)
        made += folder.cases
    return made


def load(path):
    with open(path, "rb") as file:
        return x509.load_der_x509_certificate(file.read())
