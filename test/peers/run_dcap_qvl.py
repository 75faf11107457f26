#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A second opinion on every genuine TDX quote of the evidence folder: npm @phala/dcap-qvl.  Run by `make peers`.

Each case of cases.json of kind `genuine` is put before `countersign verify tdx --json` and, through dcap_qvl/ask.js,
before the package as published, with the same quote, collateral and time.  Two answers agree when both give the same
status with the same advisories, or when both refuse for the same reason (REASONS).  Any other pair is a difference,
which passes only as a row of DIFFERENCES: case, both answers, and the rule of Intel's that decides (docs/VERIFY.md,
"Second opinion on TDX").  A row whose case agrees by now, or is gone, fails: the table is exact in both directions.

Source of the rules: Intel PCS API v4, TCB Info V3, and Intel's quote verification library,
Src/AttestationLibrary/src/Verifiers.  The last line is 'N passed, N failed', with ', N skipped' when the package or
the evidence is absent.
"""
import datetime
import json
import os
import shutil
import subprocess
import sys
import tempfile
import typing

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "..", ".."))
BUILD = os.environ.get("COUNTERSIGN_BUILD", os.path.join(ROOT, "build"))
EVIDENCE = os.environ.get("COUNTERSIGN_EVIDENCE", os.path.join(ROOT, "..", "shared", "evidence"))
COUNTERSIGN = os.path.join(BUILD, "countersign")
NAME = "@phala/dcap-qvl"
PACKAGES = os.path.join(BUILD, "npm", "dcap_qvl")  # `make peers` installs by dcap_qvl/package-lock.json
ASK = os.path.join(HERE, "dcap_qvl", "ask.js")
WAIT_S = 120

# Whether to admit a status is policy, which the package leaves to its caller, so that the status itself is compared.
POLICY = {"tcb.status"}
REPORT_DATA_AT = 48 + 520  # in a quote of version 4: header, then the offset in the TD report

# What the package says when it refuses, by its beginning: the id of ours that is the same reason.
REASONS = (
    ("Debug mode is enabled", "td.debug"),
    ("Failed to extract PCK certificates from quote", "pck.chain"),
    ("Failed to verify certificate chain - intermediate signature invalid", "pck.root"),
    ("Fmspc mismatch", "tcb_info.fmspc"),
    ("ISV enclave report signature is invalid", "tdquote.signature"),
    ("No matching TCB level found", "tcb.level"),
    ("SEPT_VE_DISABLE is not enabled", "td.attributes"),
    ("TCBInfo expired", "tcb_info.expired"),
    ("TCBInfo issue date is in the future", "tcb_info.expired"),
    # Node's words about a CRL that is undefined: the interface has no way to leave one out.
    ("The first argument must be of type string or an instance of Buffer", "root_crl.missing"),
    ("Unsupported QE Identity id/version for the quote TEE type", "qe_identity.id"),
)

FROM_TWO = (
    "tdxEvaluateTCB in Checks/EvaluateTcb.cpp; PCS API v4, TCB Info V3: with TEE_TCB_SVN[1] > 0 the TDX components are"
    " compared from index 2 on, and indices 0 and 1 are judged by the module identity TDX_nn (findTdxModuleIdentity)"
)
RELAUNCH = FROM_TWO + (
    "; then checkForRelaunch in Checks/TDRelaunchCheck.cpp: OutOfDate by TEE_TCB_SVN and UpToDate by TEE_TCB_SVN_2"
    " is TDRelaunchAdvised"
)
SERVICE_TD = (
    "QuoteVerifier::verify in QuoteVerifier.cpp: of the TD report MRSIGNERSEAM, SEAMATTRIBUTES and the SVNs are judged;"
    " MRSERVICETD is left to the relying party's policy (here `mrservicetd`)"
)

GCP = "good/v4-gcp-cos113/quote.bin"
AZURE = "good/v4-azure-vtpm/quote.bin"
SERVED = "good/v5-tdx15-alibaba/quote.bin"
UPDATED = "good/v5-tdx15-module-updated/quote.bin"
NO_LEVEL = "refused: No matching TCB level found"
BOUND = "refused: Invalid mr service td"
OLD = "00960 00982 00986"
NEW = "01010 01036 01076 01079 01099 01103 01111"
SERVED_LATER = "OutOfDate, advisories 01036 01079 01099 01103 01111"
ADVISED = "TDRelaunchAdvised, advisories 01036 01099"

# case: (what we answer, what the package answers, the rule that decides)
DIFFERENCES = {
    f"{GCP}@00806f050000-2025-02-e17@2025-02-14": ("UpToDate", f"OutOfDate, advisories {OLD}", FROM_TWO),
    f"{GCP}@00806f050000-2025-11-e18@2025-11-18":
        (f"OutOfDate, advisories {NEW}", f"OutOfDate, advisories {OLD} {NEW}", FROM_TWO),
    f"{AZURE}@00806f050000-2025-02-e17@2025-02-14":
        (f"OutOfDate, advisories {OLD}; refused: td.attributes", NO_LEVEL, FROM_TWO),
    f"{SERVED}@90c06f000000-2025-06-e17@2025-06-20": ("UpToDate", BOUND, SERVICE_TD),
    f"{SERVED}@90c06f000000-2025-11-e18@2025-11-18": (SERVED_LATER, BOUND, SERVICE_TD),
    f"{SERVED}@90c06f000000-2026-06-e19@2026-06-30": (SERVED_LATER, BOUND, SERVICE_TD),
    f"{UPDATED}@90c06f000000-2025-06-e17@2025-06-20": ("UpToDate", NO_LEVEL, FROM_TWO),
    f"{UPDATED}@90c06f000000-2025-11-e18@2025-11-18": (ADVISED, NO_LEVEL, RELAUNCH),
    f"{UPDATED}@90c06f000000-2026-02-e18@2026-02-19": (ADVISED, NO_LEVEL, RELAUNCH),
    f"{UPDATED}@90c06f000000-2026-06-e19@2026-06-30": (ADVISED, NO_LEVEL, RELAUNCH),
}


class Answer(typing.NamedTuple):
    status: str  # empty: none was reached
    advisories: tuple
    refused: tuple  # of ours the ids that failed, of the package its one message

    def __str__(self):
        short = " ".join(a.removeprefix("INTEL-SA-") for a in self.advisories)
        parts = [self.status + (f", advisories {short}" if short else "")] if self.status else []
        return "; ".join(parts + (["refused: " + " ".join(self.refused)] if self.refused else []))


class Tally:
    def __init__(self):
        self.passed = self.failed = self.agreed = self.explained = 0

    def check(self, what, ok, seen=""):
        self.passed += bool(ok)
        self.failed += not ok
        print(f"  {'ok  ' if ok else 'FAIL'} {what}" + ("" if ok else f": {seen}"), flush=True)


def seconds(rfc3339):
    return int(datetime.datetime.fromisoformat(rfc3339.replace("Z", "+00:00")).timestamp())


def genuine_cases(folder):
    with open(os.path.join(folder, "cases.json"), encoding="utf-8") as file:
        return [c for c in json.load(file) if c["kind"] == "genuine"]


def ask_us(quote, case, folder):
    argv = [COUNTERSIGN, "verify", "tdx", "--json", "--quote", quote, "--at", case["time"]]
    argv += ["--collateral", os.path.join(folder, case["collateral"])]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=WAIT_S, check=False)
    verdict = json.loads(done.stdout)
    if ("accept", "reject", "malformed", "unable")[done.returncode] != verdict["verdict"]:
        raise ValueError(f"exit status {done.returncode} for {verdict['verdict']}")
    tcb = (verdict.get("claims") or {}).get("tcb") or {}
    refused = tuple(i for i in verdict["failed"] if i not in POLICY)
    if verdict["verdict"] != "accept" and not verdict["failed"]:
        refused = (verdict["verdict"],)
    return Answer(tcb.get("status") or "", tuple(sorted(tcb.get("advisories", []))), refused)


def ask_package(quotes, cases, folder):
    """All in one process; what is no answer of the package (a crash, a file that is missing) raises."""
    requests = ""
    for quote, case in zip(quotes, cases):
        collateral = os.path.join(folder, case["collateral"])
        requests += json.dumps({"quote": quote, "collateral": collateral, "now_s": seconds(case["time"])}) + "\n"
    done = subprocess.run(
        ["node", ASK, PACKAGES], input=requests, capture_output=True, text=True, timeout=WAIT_S, check=False
    )
    lines = done.stdout.splitlines()
    if done.returncode != 0 or len(lines) != len(cases):
        raise ValueError(f"ask.js: exit status {done.returncode}, {len(lines)} answers: {done.stderr.strip()[-800:]}")
    answers = []
    for line in map(json.loads, lines):
        refused = (line["refused"],) if "refused" in line else ()
        answers.append(Answer(line.get("status", ""), tuple(sorted(line.get("advisories", []))), refused))
    return answers


def reason_of(message):
    return next((our_id for words, our_id in REASONS if message.startswith(words)), None)


def agree(ours, theirs):
    if theirs.refused:
        return reason_of(theirs.refused[0]) in ours.refused
    return not ours.refused and ours == theirs


def judge(t, case, ours, theirs):
    said = f"{case['id']}\n       we:       {ours}\n       dcap-qvl: {theirs}"
    row = DIFFERENCES.get(case["id"])
    if agree(ours, theirs):
        t.agreed += 1
        t.check(said, row is None, "they agree, and the table of differences says that they do not")
    elif row is None:
        t.check(said, False, "a difference that no rule explains")
    else:
        t.explained += row[:2] == (str(ours), str(theirs))
        t.check(f"{said}\n       decided by {row[2]}", row[:2] == (str(ours), str(theirs)), f"not the pair {row[:2]}")


def flipped(quote, out):
    """The quote with one bit of REPORTDATA changed."""
    with open(quote, "rb") as file:
        data = bytearray(file.read())
    data[REPORT_DATA_AT] ^= 1
    with open(out, "wb") as file:
        file.write(data)
    return out


def controls(t, cases, answers, folder, scratch):
    """Both say yes to some quotes, and to none of them after one bit is changed: agreement means something."""
    good = [c for c, (ours, theirs) in zip(cases, answers) if ours.status == theirs.status == "UpToDate"]
    good = [c for c in good if "/v4-" in c["quote"] and c["id"] not in DIFFERENCES]
    t.check(f"both say UpToDate to {len(good)} quotes of version 4, some at least", good, "to none")
    quotes = [flipped(os.path.join(folder, c["quote"]), os.path.join(scratch, f"{i}.bin")) for i, c in enumerate(good)]
    for quote, case, theirs in zip(quotes, good, ask_package(quotes, good, folder)):
        ours = ask_us(quote, case, folder)
        ok = "tdquote.signature" in ours.refused and theirs.refused and agree(ours, theirs)
        t.check(f"{case['id']}, one bit of REPORTDATA flipped: both refuse its signature", ok, f"{ours} / {theirs}")


def is_pinned(t):
    with open(os.path.join(HERE, "dcap_qvl", "package.json"), encoding="utf-8") as file:
        wanted = json.load(file)["dependencies"][NAME]
    with open(os.path.join(PACKAGES, "node_modules", NAME, "package.json"), encoding="utf-8") as file:
        found = json.load(file)["version"]
    t.check(f"{NAME} {found} is the pinned version", found == wanted, f"wanted {wanted}")


def run(t, folder, scratch):
    is_pinned(t)
    cases = genuine_cases(folder)
    t.check(f"{len(cases)} genuine cases", cases, "none")
    quotes = [os.path.join(folder, c["quote"]) for c in cases]
    theirs = ask_package(quotes, cases, folder)
    answers = [(ask_us(quote, case, folder), answer) for quote, case, answer in zip(quotes, cases, theirs)]
    for case, (ours, answer) in zip(cases, answers):
        judge(t, case, ours, answer)
    gone = sorted(set(DIFFERENCES) - {c["id"] for c in cases})
    t.check("every row of the table of differences has its case", not gone, gone)
    controls(t, cases, answers, folder, scratch)
    print(f"{len(cases)} cases: {t.agreed} agree, {t.explained} differ by a rule that is written down")


def absent(folder):
    """What this needs and does not find; empty when all is there."""
    if shutil.which("node") is None:
        return "node is not installed"
    if not os.path.isdir(os.path.join(PACKAGES, "node_modules", NAME)):
        return f"{NAME} is not installed in {PACKAGES} (`make peers` does it with npm ci)"
    if not os.path.exists(os.path.join(folder, "cases.json")):
        return f"no TDX evidence: {folder}/cases.json (COUNTERSIGN_EVIDENCE names the folder)"
    return ""


def main():
    t = Tally()
    folder = os.path.join(EVIDENCE, "tdx")
    why = absent(folder)
    if why:
        print(f"NOTICE SKIPPED, so nothing is shown about TDX by a second opinion: {why}")
        print("0 passed, 0 failed, 1 skipped")
        return 0
    try:
        with tempfile.TemporaryDirectory(prefix="countersign-qvl-") as scratch:
            run(t, folder, scratch)
    except (OSError, ValueError, KeyError, IndexError, subprocess.SubprocessError) as e:
        t.check("everything that the run needs works", False, f"{type(e).__name__}: {e}")
    print(f"{t.passed} passed, {t.failed} failed")
    return 1 if t.failed else 0


if __name__ == "__main__":
    sys.exit(main())
