# SPDX-License-Identifier: Apache-2.0
"""The cases.json of a TDX evidence folder as cases of run.py: genuine quotes and collateral, mutants of them, and a synthetic PKI.

Nothing of the folder is copied into the repository.  The anchor is the pinned one unless a case names the synthetic root.  A case whose expectation is not
known here is a failure, so that new evidence does not go unseen.
"""
import json
import os
import re
import shutil
import struct

PINNED = "root/intel-sgx-root-ca.der"
QVL_WITHOUT_CHAIN = "Bad: chain 0 ict 5"
# What the folder calls a failed check: our ids.
FAILS = {
    "root_pinned": ["pck.root"],
    "FMSPC mismatch": ["tcb_info.fmspc"],
    "pckcrl sig/issuer": ["pck_crl.signature"],
    "pckcrl expired": ["pck_crl.expired"],
    "pckcrl future": ["pck_crl.expired"],
    "tcbInfo expired": ["tcb_info.expired"],
    "tcbInfo not yet valid": ["tcb_info.expired"],
    "qeIdentity expired": ["qe_identity.expired"],
    "qeIdentity not yet valid": ["qe_identity.expired"],
    "no CRL": ["root_crl.missing", "pck_crl.missing"],
    "tcbInfo id/ver": ["tcb_info.id"],
    "qeId id/ver": ["qe_identity.id"],
    QVL_WITHOUT_CHAIN: ["pck.chain"],
}
# Of documents of another kind these are not judged.
NOT_JUDGED = {"no module identity", "QE mrsigner", "QE prodid"}
UNABLE = re.compile(r"\.(missing|expired)$")
NO_LEVEL = "NotSupported(no level)"

MALFORMED = ("malformed", ["tdquote.malformed"])
# must_fail of a mutant, by its beginning: verdict, and ids that must be among the failed.
MUST_FAIL = {
    "quote signature": ("reject", ["tdquote.signature"]),
    "QE report signature": ("reject", ["qe.signature"]),
    "QE report_data hash binding": ("reject", ["qe.report_data"]),
    "chain order": ("reject", ["pck.chain"]),
    "chain must be exactly 3": ("reject", ["pck.chain"]),
    "leaf is not signed by PCK CA": ("reject", ["pck.chain"]),
    "outer type must be 6": ("reject", ["tdquote.cert_type"]),
    "unsupported inner type": ("reject", ["tdquote.cert_type"]),
    "att_key_type must be 2": ("reject", ["tdquote.key_type"]),
    "tee_type must be 0x81": ("reject", ["tdquote.tee_type"]),
    "version must be 4 or 5": ("reject", ["tdquote.version"]),
    "vendor id": ("reject", ["tdquote.vendor"]),
    "body type": ("reject", ["tdquote.body"]),
    "length check": MALFORMED,
    "key decode": ("reject", ["tdquote.key"]),
    "tcbInfo signature": ("reject", ["tcb_info.signature"]),
    "qeIdentity signature": ("reject", ["qe_identity.signature"]),
    "duplicate key must be rejected": ("reject", ["tcb_info.malformed"]),
    "signature length": ("reject", ["tcb_info.malformed"]),
    "JSON must end": ("reject", ["tcb_info.malformed"]),
    "JSON depth limit": ("reject", ["tcb_info.malformed"]),
    "PCK CRL issuer": ("reject", ["pck_crl.issuer"]),
    "PCK CRL expired": ("unable", ["pck_crl.expired"]),
    "root CRL expired": ("unable", ["root_crl.expired"]),
    "CRL issuers": ("reject", ["pck_crl.issuer", "root_crl.signature"]),
    "PCK CRL signature": ("reject", ["pck_crl.signature"]),
    "TCB signing chain root": ("reject", ["tcb_info.chain"]),
    "TCB signing chain / CN": ("reject", ["tcb_info.chain"]),
    "chain length 2": ("reject", ["tcb_info.chain"]),
    "FMSPC + expiry": ("reject", ["tcb_info.fmspc", "tcb_info.expired"]),
    "QE identity id": ("reject", ["qe_identity.id"]),
    "tcbInfo id / FMSPC": ("reject", ["tcb_info.id", "tcb_info.fmspc"]),
}
# Mutants that are refused before the check which the folder names is reached.
SOONER = {
    "mutants/quote/m30-empty.bin": ("unable", ["input.unreadable"]),  # a file of no bytes is no evidence
    "mutants/collateral/c07-tcb-key-inside-string/": ("reject", ["tcb_info.malformed"]),  # a third member stands beside the two
}

UP_TO_DATE = {"status": "UpToDate"}
# A synthetic case by its number: verdict, the failed ids, members of claims.tcb, warnings.  A status alone is read from the folder.
SYNTHETIC = {
    "s12": ("reject", ["tcb.status_known"]),
    "s13": ("accept", [], UP_TO_DATE),
    "s15": ("reject", ["tcb.level"]),
    "s16": ("reject", ["tcb.status"], {"status": "OutOfDate"}),
    "s17": ("reject", ["module.identity"]),
    "s18": ("reject", ["tcb_info.malformed"]),  # its two levels have one isvsvn, which is refused before they are compared
    "s20": ("reject", ["tcb_info.pceid"]),
    "s21": ("reject", ["tcb_info.id"]),
    "s22": ("reject", ["tcb_info.id"]),
    "s23": ("reject", ["qe_identity.id"]),
    "s24": ("reject", ["qe.mrsigner"]),
    "s25": ("reject", ["qe.isvprodid"]),
    "s26": ("reject", ["qe.attributes"]),
    "s27": ("reject", ["qe.miscselect"]),
    "s28": ("reject", ["qe.level"]),
    "s29": ("reject", ["qe.report_data"]),
    "s30": ("reject", ["module.mrsigner"]),
    "s31": ("reject", ["module.attributes"]),
    "s32": ("reject", ["td.debug"], UP_TO_DATE),
    "s33": ("reject", ["td.attributes_reserved"], UP_TO_DATE),
    "s34": ("reject", ["td.xfam"], UP_TO_DATE),
    "s35": ("reject", ["pck.revoked"]),
    "s36": ("reject", ["pck_ca.revoked"]),
    "s37": ("reject", ["tcb_signing.revoked"]),
    "s38": ("reject", ["pck_crl.issuer", "pck_crl.signature"]),
    "s39": ("unable", ["pck_crl.expired"]),
    "s40": ("reject", ["pck.validity"]),
    "s41": ("reject", ["tcb_info.chain"]),
    "s42": ("reject", ["tcb_info.chain"]),
    "s43": ("reject", ["tcb_info.chain"]),
    "s44": ("reject", ["pck.chain"]),
    "s45": ("reject", ["pck.extension"]),
    "s46": ("reject", ["pck.extension"]),
    "s47": ("unable", ["tcb_info.expired"]),
    "s48": ("unable", ["tcb_info.expired"]),
    "s49": ("accept", [], {"status": "UpToDate", "tcb_eval": 5}),
    "s51": ("accept", [], {"status": "UpToDate", "date": "2020-01-01T00:00:00Z"}),
    "s62": ("reject", ["tcb.current"]),
    "s63": ("reject", ["tcb.status"], {"status": "OutOfDate", "launch": "UpToDate"}),
    "s64": ("reject", ["tcb.status"], {"status": "TDRelaunchAdvised"}, ["mrservicetd"]),
}
STATUSES = ("UpToDate", "SWHardeningNeeded", "ConfigurationNeeded", "ConfigurationAndSWHardeningNeeded", "OutOfDate", "OutOfDateConfigurationNeeded")
STATUSES += ("TDRelaunchAdvised", "TDRelaunchAdvisedConfigurationNeeded", "Revoked")
DEBUG, SEPT_VE_DISABLE, FORBIDDEN = 1, 1 << 28, 1 << 29 | 1 << 63
LOOSE = {"type": "tdx", "td_attributes": {"require": [], "forbid": []}}


class Unknown(Exception):
    pass


def td_facts(quote):
    """TDATTRIBUTES and whether a service TD is bound, read here and not by the code that is tested."""
    version = struct.unpack_from("<H", quote)[0]
    body = 48 if version == 4 else 54
    attributes = struct.unpack_from("<Q", quote, body + 120)[0]
    return attributes, version == 5 and any(quote[body + 600 : body + 648])


class Cases:
    def __init__(self, source, out):
        self.source, self.out, self.made = source, out, []
        os.makedirs(f"{out}/roots/intel", exist_ok=True)
        shutil.copyfile(f"{source}/synthetic/root.pem", f"{out}/roots/intel/root.pem")

    def path(self, name):
        return os.path.join(self.source, name)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def add(self, case, args, verdict, failed, label="", **how):
        name = re.sub(r"[^A-Za-z0-9.-]+", "-", case["id"]).strip("-")
        made = {"name": f"evidence-tdx/{name}{label}", "folder": self.source, "args": args, "verdict": verdict, "failed": failed}
        self.made.append({**made, "warned": None, **how})

    def policy(self, document):
        name = f"{self.out}/policy-{len(self.made)}.json"
        with open(name, "w", encoding="utf-8") as file:
            json.dump(document, file)
        return ["--policy", name]

    def args(self, case, quote, collateral):
        args = ["tdx", "--quote", quote, "--collateral", collateral, "--at", case["time"]]
        return args + ([] if case["root"] == PINNED else ["--roots", f"{self.out}/roots"])

    def merged(self, case, *folders):
        """One folder of collateral: the files of each, later ones in the place of earlier ones."""
        if "quote" in case and not case.get("overrides"):
            return self.path(folders[0])
        into = f"{self.out}/collateral-{len(self.made)}"
        os.makedirs(into, exist_ok=True)
        for folder in filter(None, folders):
            for file in os.listdir(self.path(folder)):
                shutil.copyfile(self.path(os.path.join(folder, file)), f"{into}/{file}")
        return into

    # ---- genuine

    def genuine(self, case):
        collateral, quote = self.path(case["collateral"]), self.path(case["quote"])
        failed = self.expected(case)
        args = self.args(case, quote, collateral)
        told = case["status"] and not set(case["fails"])
        if told and case["status"] != NO_LEVEL:
            tcb = {"status": case["status"], "date": case["tcbDate"], "advisories": case["advisoryIDs"]}
            self.add(case, args, "reject" if failed else "accept", failed, tcb=tcb, claims={"verified": True})
            accepted = "td.debug" not in failed
            document = {**LOOSE, "tcb_status": [case["status"]]}
            self.add(case, args + self.policy(document), "accept" if accepted else "reject", [] if accepted else ["td.debug"], ".accepted", tcb=tcb)
        else:
            unable = failed and all(UNABLE.search(check) for check in failed)
            # Of a platform that is not the collateral's the folder does not say which levels it misses.
            exact = case["status"] != NO_LEVEL or not case["fails"]
            self.add(case, args, "unable" if unable else "reject", failed, exact=exact)

    def expected(self, case):
        """All failed ids, no more and no less."""
        failed = []
        for name in case["fails"]:
            if name not in FAILS and name not in NOT_JUDGED:
                raise Unknown(f"check {name}")
            failed += FAILS.get(name, [])
        if QVL_WITHOUT_CHAIN in case["fails"]:  # a gate: nothing follows
            return failed
        attributes, _bound = td_facts(self.read(case["quote"]))
        failed += ["td.debug"] if attributes & DEBUG else []
        failed += ["td.attributes"] if attributes & (SEPT_VE_DISABLE | FORBIDDEN) != SEPT_VE_DISABLE else []
        if NOT_JUDGED & set(case["fails"]):
            return failed + ["pck_crl.issuer"]  # the CRL of that collateral is the Processor CA's
        if case["status"] == NO_LEVEL:
            return failed + ["tcb.level"] + (["tcb.current"] if self.read(case["quote"])[0] == 5 else [])
        return failed + ([] if case["status"] in ("UpToDate", None) else ["tcb.status"])

    # ---- mutants

    def mutant(self, case):
        args = self.args(case, self.path(case["quote"]), self.merged(case, case["collateral"], case["overrides"]))
        if case["verifies"]:
            self.add(case, args, "accept", [], claims={"verified": True}, tcb=UP_TO_DATE)
            return
        known = [MUST_FAIL[text] for text in MUST_FAIL if case["must_fail"].startswith(text)]
        if not known:
            raise Unknown(f"must_fail {case['must_fail']}")
        verdict, failed = SOONER.get(case["id"], known[0])
        self.add(case, args, verdict, failed, exact=False)

    # ---- synthetic

    def synthetic(self, case):
        collateral = self.merged(case, case["base"], case["overrides"])
        args = self.args(case, f"{collateral}/quote.bin", collateral)
        verdict, failed, tcb, warned = (*self.told(case), None, None)[:4]
        how = {"tcb": tcb, "claims": {"verified": True}} if tcb else {}
        self.add(case, args, verdict, failed, warned=warned, **how)
        if case["id"].startswith("synthetic/s49"):
            self.add(case, args + self.policy({"type": "tdx", "tcb_eval_min": 17}), "reject", ["tcb.eval"], ".minimum", warned=[])

    @staticmethod
    def told(case):
        number = case["id"].split("/")[1].partition("-")[0]
        if case["id"].endswith("#realroot"):
            return "reject", ["pck.root", "root_crl.signature", "tcb_info.chain", "qe_identity.chain"]
        if number in SYNTHETIC:
            return SYNTHETIC[number]
        status = case["expected"].split(" ")[0].rstrip(",;")
        if status not in STATUSES:
            raise Unknown(f"expectation {case['expected']}")
        tcb = {"status": status}
        advisories = re.findall(r"INTEL-SA-\d+", case["expected"])
        tcb |= {"advisories": advisories} if advisories else {}
        return ("accept", [], tcb) if status == "UpToDate" else ("reject", ["tcb.status"], tcb)

    # ---- event logs

    def ccel(self, case):
        registers = [word for n in range(4) for word in ("--rtmr", f"{n}={case['replay'][f'rtmr{n}']}")]
        args = ["event-log", self.path(case["eventlog"]), "--ccel"]
        self.add(case, args + registers, "accept", [])
        for n in range(4):
            value = case["replay"][f"rtmr{n}"]
            other = [*registers[: 2 * n + 1], f"{n}={value[:-1]}{'1' if value[-1] == '0' else '0'}", *registers[2 * n + 2 :]]
            self.add(case, args + other, "reject", ["ccel.replay"], f".rtmr{n}")
        if case["quote"]:
            self.ccel_of_quote(case)

    def ccel_of_quote(self, case):
        """The log beside its quote, in whichever collateral: what the replay comes to is one row."""
        quote = self.read(case["quote"])
        body = 48 if quote[0] == 4 else 54
        seen = [quote[body + 328 + 48 * n : body + 376 + 48 * n].hex() for n in range(3)]
        matches = seen == [case["replay"][f"rtmr{n}"] for n in range(3)]
        time = {"collateral": "collateral/00806f050000-2025-02-e17", "time": "2025-02-14T12:00:00Z", "root": PINNED}
        args = self.args(time, self.path(case["quote"]), self.path(time["collateral"])) + ["--ccel", self.path(case["eventlog"])]
        if matches:
            self.add(case, args, "accept", [], ".quote")
        else:
            self.add(case, args, "reject", ["ccel.replay"], ".quote", exact=False)

    # ---- a whole Azure guest

    def azure(self):
        """The pieces beside one of the genuine quotes: HCL report, TD quote and the vTPM's quote of one guest."""
        guest, other = "good/v4-azure-vtpm", "good/v4-azure-2026"
        parts = json.loads(self.read(f"{guest}/tpm-quote-v1.json"))
        message, signature, pcrs = bytes.fromhex(parts["message"]), bytes.fromhex(parts["signature"]), bytes.fromhex("".join(parts["pcrs"]))
        size = struct.unpack_from(">H", message, 6)[0]
        nonce_at = 8 + size  # TPMS_ATTEST: magic, type, qualifiedSigner, extraData
        nonce = message[nonce_at + 2 : nonce_at + 2 + struct.unpack_from(">H", message, nonce_at)[0]]
        accepted = {**LOOSE, "type": "azure-tdx", "tcb_status": ["OutOfDate"]}
        for name, verdict, failed, how in (
            ("", "reject", ["tcb.status", "td.attributes"], {}),
            (".accepted", "accept", [], {"policy": accepted}),
            (".other-nonce", "reject", ["quote.nonce"], {"policy": accepted, "nonce": nonce + b"\0"}),
            (".other-pcr", "reject", ["quote.pcrdigest"], {"policy": accepted, "pcrs": pcrs[:-1] + bytes([pcrs[-1] ^ 1])}),
            (".other-hcl", "reject", ["claims.hash", "quote.signature"], {"policy": accepted, "hcl": other}),
        ):
            files = {"quote.msg": message, "quote.sig": signature, "pcrs.bin": how.get("pcrs", pcrs)}
            folder = f"{self.out}/azure{name}"
            os.makedirs(folder, exist_ok=True)
            for file, data in files.items():
                with open(f"{folder}/{file}", "wb") as out:
                    out.write(data)
            args = ["azure-tdx", "--hcl", self.path(f"{how.get('hcl', guest)}/hcl-report.bin"), "--td-quote", self.path(f"{guest}/quote.bin")]
            args += ["--collateral", self.path("collateral/00806f050000-2025-02-e17"), "--at", "2025-02-14T12:00:00Z"]
            args += ["--quote", f"{folder}/quote.msg", "--signature", f"{folder}/quote.sig", "--pcrs", f"{folder}/pcrs.bin"]
            args += ["--nonce", how.get("nonce", nonce).hex()] + (self.policy(how["policy"]) if "policy" in how else [])
            self.add({"id": f"{guest}/guest"}, args, verdict, failed, name)

    def all(self, cases):
        self.azure()
        for case in cases:
            try:
                {"genuine": self.genuine, "mutant": self.mutant, "synthetic": self.synthetic, "ccel": self.ccel}[case["kind"]](case)
            except (Unknown, KeyError) as why:
                self.add(case, ["tdx"], "accept", [f"unknown in cases.json: {why!r}"])
        return self.made


def cases(source, out):
    os.makedirs(out, exist_ok=True)
    with open(f"{source}/cases.json", encoding="utf-8") as file:
        return Cases(source, out).all(json.load(file))
