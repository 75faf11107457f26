# SPDX-License-Identifier: Apache-2.0
"""`countersign verify` of TDX evidence and event logs, and `admin measure --from-tdx`, as a person and a script meet them: claims, words, files, command
lines.

Which evidence is refused, and by which check, is the business of test/vectors.
"""
import base64
import hashlib
import json

import pytest
from harness import azure_td, ccel, tdx
from harness.desk import AT, AT_TEXT, Desk

DATA = bytes(range(1, 65))
NONCE = bytes(range(32))
COLLATERAL = ["--collateral", "collateral"]
REGISTERS = {name: bytes([i + 1]) * 48 for i, name in enumerate(("mrtd", "rtmr0", "rtmr1", "rtmr2", "mrconfigid", "mrowner", "mrownerconfig"))}
NINE = ("mrtd", "rtmr0", "rtmr1", "rtmr2", "rtmr3", "mrconfigid", "mrowner", "mrownerconfig", "mrservicetd")


class TdDesk(Desk):
    def __init__(self, folder, world, machine):
        super().__init__(folder)
        self.world, self.machine = world, machine
        world.write_roots(str(folder / "roots"))
        self.collateral()

    def collateral(self, below="", **how):
        for name, data in self.world.collateral(self.machine, **how).items():
            self.write(f"collateral/{below}{name}", data)

    def quote(self, **fields):
        """Files of a TD: words for the command line."""
        self.write("quote.bin", self.machine.quote(**fields).bytes())
        return ["--quote", "quote.bin", *COLLATERAL]

    def old(self):
        """Collateral by which the machine is out of date: its SEAM loader is two below what is wanted."""
        svns = self.machine.components
        top = tdx.level((*svns[:7], svns[7] + 2, *svns[8:]), self.machine.pcesvn, tdx.TDX_SVNS)
        low = tdx.level(svns, self.machine.pcesvn, tdx.TDX_SVNS, "OutOfDate", tdx.OLD, ["INTEL-SA-00982", "INTEL-SA-00960"])
        return {"tcbLevels": [top, low], "tcbEvaluationDataNumber": 18}


@pytest.fixture(scope="session")
def world():
    return tdx.IntelWorld(AT, "desk")


@pytest.fixture(scope="session")
def machine(world):
    return world.machine()


@pytest.fixture()
def desk(tmp_path, world, machine):
    return TdDesk(tmp_path, world, machine)


# ---- claims


def test_claims_of_a_quote(desk, machine):
    words = desk.quote(version=5, **REGISTERS, report_data=DATA, td_attributes=1 << 28 | 1 << 30, xfam=0x602E7)
    out = desk.judge("tdx", *words, "--report-data", DATA.hex())
    claims = out["claims"]
    digest = claims.pop("collateral_digest")
    assert len(bytes.fromhex(digest)) == 32
    assert claims == {
        "verified": True,
        "version": 5,
        "body_type": 3,
        "fmspc": machine.fmspc.hex(),
        "pceid": "0000",
        "ppid": machine.ppid.hex(),
        "tee_tcb_svn": "060103" + "00" * 13,
        "tee_tcb_svn2": "060103" + "00" * 13,
        "td_attributes": {"value": "0x0000000050000000", "bits": ["sept_ve_disable", "pks"]},
        "xfam": "0x00000000000602e7",
        **{name: value.hex() for name, value in REGISTERS.items()},
        "rtmr3": "00" * 48,
        "mrseam": "5e" * 48,
        "mrservicetd": "00" * 48,
        "report_data": DATA.hex(),
        "rtmr3_checked": "unchecked",
        "tcb": {
            **dict.fromkeys(("status", "platform", "module", "qe", "launch", "current"), "UpToDate"),
            "date": tdx.NEW,
            "advisories": [],
            "advisories_cut": False,
            "tcb_eval": 17,
            "qe_eval": 17,
            "missed": [],
            "missed_in_all": 0,
        },
        "early": None,
        "ccel_replayed": False,
        "stale_by_grace": False,
        "reference_value": None,
    }
    desk.collateral(qe={"tcbEvaluationDataNumber": 16})
    other = desk.judge("tdx", *words)["claims"]
    assert other["tcb"]["qe_eval"] == 16 and other["collateral_digest"] != digest


def test_raw_status_and_policy_are_told_apart(desk):
    desk.collateral(tcb=desk.old())
    words = desk.quote()
    code, out = desk.verdict("tdx", *words)
    assert (code, out["verdict"], out["failed"], out["valid_until"]) == (1, "reject", ["tcb.status"], None)
    tcb = out["claims"]["tcb"]
    assert out["claims"]["verified"] is True and (tcb["status"], tcb["date"], tcb["tcb_eval"]) == ("OutOfDate", tdx.OLD, 18)
    assert tcb["advisories"] == ["INTEL-SA-00960", "INTEL-SA-00982"]
    assert tcb["missed"] == [{"status": "UpToDate", "date": tdx.NEW, "short": [{"what": "sgx 7 (SEAMLDR ACM)", "have": 5, "need": 7}]}]
    assert (tcb["launch"], tcb["current"], out["claims"]["mrservicetd"], out["claims"]["tee_tcb_svn2"]) == ("none", "none", None, None)
    accepted = desk.judge("tdx", *words, "--policy", desk.write("policy.json", {"tcb_status": ["OutOfDate"]}))
    assert accepted["claims"] == out["claims"]


def test_nothing_is_told_of_a_quote_that_did_not_verify(desk):
    words = desk.quote(ak=tdx.point(desk.world.private("somebody")))
    code, out = desk.verdict("tdx", *words)
    assert (code, out["failed"], out["claims"]) == (1, ["tdquote.signature"], {"verified": False})
    text = desk.verify("tdx", *words).stdout
    assert "\nThe quote says, and nobody vouches for it:\n  version               4\n" in text and "\n  mrtd " in text
    assert "\n  ppid " not in text and "Its platform is" not in text and "rtmr3_checked" not in text


def test_grace_is_bounded_and_named(desk):
    words = desk.quote()
    late = "2026-06-21T00:00:01Z"
    hour = desk.write("policy.json", {"grace_s": 3600})
    for policy, code, failed in ((None, 3, {"tcb_info.expired", "qe_identity.expired"}), (hour, 0, set())):
        done = desk.verify("tdx", *words, "--json", *(["--policy", policy] if policy else []), at=late)
        out = json.loads(done.stdout)
        assert done.returncode == code and failed <= set(out["failed"])
    assert out["claims"]["stale_by_grace"] is True and out["valid_until"] == "2026-06-21T01:00:00Z"


def test_claims_of_an_azure_guest(desk, machine):
    vm = azure_td.AzureTd(machine)
    vm.write(str(desk.folder), NONCE)
    words = ["--hcl", "hcl.bin", "--td-quote", "td-quote.bin", *COLLATERAL, "--quote", "quote.msg", "--signature", "quote.sig", "--pcrs", "pcrs.bin"]
    claims = desk.judge("azure-tdx", *words, "--nonce", NONCE.hex())["claims"]
    modulus = next(k["n"] for k in json.loads(vm.claims_bytes())["keys"] if k["kid"] == "HCLAkPub")
    assert claims["ak_modulus_sha256"] == hashlib.sha256(base64.urlsafe_b64decode(modulus + "==")).hexdigest()
    assert claims["tpm"]["ak_trust"] == "tee-evidence" and claims["tcb"]["status"] == "UpToDate" and claims["report_data"].endswith("00" * 32)
    desk.collateral(tcb=desk.old())
    code, out = desk.verdict("azure-tdx", *words)
    assert (code, out["failed"]) == (1, ["tcb.status"]) and out["claims"]["verified"] is True
    assert "tpm" not in out["claims"] and "ak_modulus_sha256" not in out["claims"]
    text = desk.verify("azure-tdx", *words, "--nonce", NONCE.hex()).stdout
    assert "\nThe quote says:\n" in text and "\nIts platform is OutOfDate, tcbDate 2023-08-09" in text


# ---- words


def test_a_platform_is_explained_level_by_level(desk):
    desk.collateral(tcb=desk.old())
    text = desk.verify("tdx", *desk.quote()).stdout
    assert "FAIL       tcb.status                       OutOfDate: sgx 7 (SEAMLDR ACM) is 5, needs 7 for UpToDate of 2024-03-13; wanted: UpToDate\n" in text
    assert "\nIts platform is OutOfDate, tcbDate 2023-08-09 (tcbInfo of evaluation 18, QE identity of 17)\n" in text
    assert "  platform OutOfDate, module UpToDate, QE UpToDate\n  missed UpToDate of 2024-03-13: sgx 7 (SEAMLDR ACM) is 5, needs 7\n" in text
    assert "  advisory INTEL-SA-00960\n  advisory INTEL-SA-00982\n" in text and text.endswith("\nverdict: reject\n")


def test_the_early_track_is_told_and_never_decides(desk):
    words = desk.quote()
    desk.collateral("early/", tcb=desk.old())
    out = desk.judge("tdx", *words)
    assert out["claims"]["early"]["status"] == "OutOfDate" and out["claims"]["tcb"]["status"] == "UpToDate"
    text = desk.verify("tdx", *words).stdout
    assert "UpToDate now, OutOfDate on the early track (evaluation 18)" in text
    assert "\nOn the early track it is OutOfDate, tcbDate 2023-08-09" in text and "verdict: accept" in text


def test_what_an_accept_does_not_say(desk):
    words = desk.quote(report_data=DATA)
    named = desk.write("policy.json", {"mrtd": [bytes(range(48)).hex()]})
    old = desk.verify("tdx", *words).stdout
    assert "perhaps old: no --report-data was given" in old and "not an approval" in old
    assert "freshness was not judged: no --report-data was given" in desk.verify("tdx", *words, "--policy", named).stdout
    whole = desk.verify("tdx", *words, "--policy", named, "--report-data", DATA.hex()).stdout
    assert "verdict: accept\nvalid until" in whole and "not an approval" not in whole


# ---- files


def test_crls_come_in_three_forms(desk, world, machine):
    words = desk.quote()
    revoked = world.crl(machine.ca, revoked=[machine.serial])
    text = "-----BEGIN X509 CRL-----\n" + base64.encodebytes(revoked).decode() + "-----END X509 CRL-----\n"
    root = (desk.folder / "collateral/root_ca_crl.der").read_bytes()
    (desk.folder / "collateral/pck_crl.der").unlink()
    (desk.folder / "collateral/root_ca_crl.der").unlink()
    desk.write("collateral/root_ca_crl.hex", root.hex() + "\n")
    for name, data in {"pck_crl.pem": text, "pck_crl.hex": revoked.hex(), "pck_crl.der": text}.items():
        desk.write(f"collateral/{name}", data)
        assert desk.refused("tdx", *words) == ["pck.revoked"], name
        (desk.folder / "collateral" / name).unlink()
    desk.write("collateral/pck_crl.hex", "no CRL")
    assert desk.refused("tdx", *words) == ["pck_crl.malformed"]


MISSING = {
    "tcb_info.json": "tcb_info.missing",
    "qe_identity.json": "qe_identity.missing",
    "pck_crl.der": "pck_crl.missing",
    "root_ca_crl.der": "root_crl.missing",
}


@pytest.mark.parametrize("name", MISSING)
def test_collateral_that_is_not_there_is_unable(desk, name):
    words = desk.quote()
    (desk.folder / "collateral" / name).unlink()
    code, out = desk.verdict("tdx", *words)
    assert (code, out["verdict"]) == (3, "unable") and MISSING[name] in out["failed"] and out["claims"] == {"verified": False}
    desk.write(f"collateral/{name}", b"")
    code, out = desk.verdict("tdx", *words)
    assert (code, out["failed"]) == (3, ["input.unreadable"]) and name in out["findings"][0]["seen"]


@pytest.mark.parametrize("option", ["--quote", "--collateral", "--ccel", "--policy"])
def test_a_file_that_is_empty_or_absent(desk, option):
    words = desk.quote()
    at = words.index(option) if option in words else None
    for name in ("nowhere", desk.write("empty", b"")):
        if (option, name) == ("--collateral", "empty"):
            continue  # no folder
        given = words[:at] + words[at + 2 :] if at is not None else words
        code, out = desk.verdict("tdx", *given, option, name)
        assert (code, out["verdict"], out["failed"]) == (3, "unable", ["input.unreadable"])
        assert name in out["findings"][0]["seen"] and out["claims"] == {"verified": False}


def test_a_folder_of_roots_replaces_what_is_built_in(desk):
    words = desk.quote()
    built_in = desk.run("verify", "tdx", *words, "--at", AT_TEXT, "--json")
    assert built_in.returncode == 1 and "pck.root" in json.loads(built_in.stdout)["failed"]
    (desk.folder / "none").mkdir()
    none = desk.run("verify", "tdx", *words, "--at", AT_TEXT, "--roots", "none", "--json")
    assert none.returncode == 1 and "pck.root" in json.loads(none.stdout)["failed"]


def test_short_report_data_is_filled_up_with_zeros(desk):
    words = desk.quote(report_data=DATA[:32] + bytes(32))
    for good in (DATA[:32], DATA[:32] + bytes(1), DATA[:32] + bytes(32)):
        desk.judge("tdx", *words, "--report-data", good.hex())
    for wrong in (DATA[:31], DATA[:33], bytes(1), DATA):
        assert desk.refused("tdx", *words, "--report-data", wrong.hex()) == ["report_data"]


# ---- event logs


def test_a_log_is_replayed(desk):
    events = ccel.boot(runtime=True)
    wanted = {name: value.hex() for name, value in ccel.replay(events).items()}
    desk.write("ccel.bin", ccel.log(events))
    bare = desk.judge("event-log", "ccel.bin", "--ccel")
    assert bare["claims"] == {**wanted, "events": [2, 2, 2, 1], "bytes": len(ccel.log(events, b""))}
    registers = [f"--rtmr={n}={wanted[f'rtmr{n}']}" for n in range(4)]
    assert desk.judge("event-log", "ccel.bin", "--ccel", *reversed(registers))["claims"] == bare["claims"]
    other = f"--rtmr=3={'ab' * 48}"
    code, out = desk.verdict("event-log", "ccel.bin", "--ccel", *registers[:3], other)
    assert (code, out["verdict"], out["failed"], out["claims"]) == (1, "reject", ["ccel.replay"], bare["claims"])
    assert out["findings"][1]["wanted"] == f"RTMR3 {'ab' * 48}" and wanted["rtmr3"] in out["findings"][1]["seen"]
    text = desk.verify("event-log", "ccel.bin", "--ccel", other).stdout
    assert f"\nThe log leads to:\n  rtmr0                 {wanted['rtmr0']}\n" in text and text.endswith("\nverdict: reject\n")
    assert "what events say of themselves was not judged" in desk.verify("event-log", "ccel.bin", "--ccel").stdout


def test_a_log_that_cannot_be_judged(desk):
    desk.write("ccel.bin", ccel.log(ccel.boot()))
    desk.write("cut.bin", ccel.log(ccel.boot(), b"")[:-1])
    desk.write("empty", b"")
    code, out = desk.verdict("event-log", "cut.bin", "--ccel")
    assert (code, out["verdict"], out["failed"], out["claims"]) == (2, "malformed", ["ccel.malformed"], {})
    for name in ("empty", "nowhere"):
        assert desk.refused("event-log", name, "--ccel") == ["input.unreadable"]
    code, out = desk.verdict("event-log", "ccel.bin")  # read as a TPM's: it says of registers what no PCR can be
    assert (code, out["verdict"], out["failed"]) == (2, "malformed", ["log.malformed"])


# ---- command lines

REGISTER = "ab" * 48
BAD_LINES = {
    "PCRs of a TD": ["event-log", "ccel.bin", "--ccel", "--pcrs", "x"],
    "no quote": ["tdx", *COLLATERAL],
    "no collateral": ["tdx", "--quote", "quote.bin"],
    "report data odd": ["tdx", "--quote", "quote.bin", *COLLATERAL, "--report-data", "abc"],
    "report data long": ["tdx", "--quote", "quote.bin", *COLLATERAL, "--report-data", "00" * 65],
    "a nonce": ["tdx", "--quote", "quote.bin", *COLLATERAL, "--nonce", "00"],
    "other type": ["tdx", "--quote", "quote.bin", *COLLATERAL, "--policy", "snp.json"],
    "other TDX type": ["tdx", "--quote", "quote.bin", *COLLATERAL, "--policy", "azure.json"],
    "bad member": ["tdx", "--quote", "quote.bin", *COLLATERAL, "--policy", "bad.json"],
    "azure without hcl": ["azure-tdx", "--td-quote", "x", *COLLATERAL, "--quote", "x", "--signature", "x", "--pcrs", "x"],
    "azure without quote": ["azure-tdx", "--td-quote", "x", *COLLATERAL, "--hcl", "x", "--signature", "x", "--pcrs", "x"],
    "azure with a log": ["azure-tdx", "--ccel", "x"],
    "no log": ["event-log", "--ccel"],
    "two logs": ["event-log", "ccel.bin", "ccel.bin", "--ccel"],
    "register without number": ["event-log", "ccel.bin", "--ccel", "--rtmr", REGISTER],
    "register 4": ["event-log", "ccel.bin", "--ccel", "--rtmr", f"4={REGISTER}"],
    "register short": ["event-log", "ccel.bin", "--ccel", "--rtmr", f"0={REGISTER[2:]}"],
    "register long": ["event-log", "ccel.bin", "--ccel", "--rtmr", f"0={REGISTER}ab"],
    "register no hex": ["event-log", "ccel.bin", "--ccel", "--rtmr", f"0={REGISTER[1:]}x"],
    "register twice": ["event-log", "ccel.bin", "--ccel", "--rtmr", f"0={REGISTER}", "--rtmr", f"0={REGISTER}"],
    "five registers": ["event-log", "ccel.bin", "--ccel", *(f"--rtmr={n}={REGISTER}" for n in (0, 1, 2, 3, 0))],
    "log with policy": ["event-log", "ccel.bin", "--ccel", "--policy", "tdx.json"],
}


@pytest.mark.parametrize("words", BAD_LINES.values(), ids=BAD_LINES)
def test_wrong_command_lines(desk, words):
    desk.quote()
    desk.write("ccel.bin", ccel.log(ccel.boot()))
    desk.write("snp.json", {"type": "sev-snp"})
    desk.write("azure.json", {"type": "azure-tdx"})
    desk.write("tdx.json", {"type": "tdx"})
    desk.write("bad.json", {"rtmr3": ["00" * 48]})
    done = desk.verify(*words)
    assert (done.returncode, done.stdout) == (64, "") and done.stderr.startswith("countersign: ")


# ---- measuring


def test_measured_values_describe_their_guest_and_no_other(desk):
    words = desk.quote(version=5, **REGISTERS)
    doc = desk.measured("--from-tdx", "quote.bin", "--label", "build 42", "--expires", "2027-01-01T00:00:00Z", "--version", "3")
    values = {**{name: [value.hex()] for name, value in REGISTERS.items()}, "rtmr3": ["zero"], "mrservicetd": ["zero"]}
    assert doc == {
        "id": "image",
        "version": 3,
        "type": "tdx",
        "values": [{"label": "build 42", "expires": "2027-01-01T00:00:00Z", "tdx": values}],
    }
    policy = desk.write("policy.json", values)
    desk.judge("tdx", *words, "--policy", policy)
    for name in NINE:
        other = desk.quote(version=5, **{**REGISTERS, name: b"\xee" * 48})
        assert desk.refused("tdx", *other, "--policy", policy) == [name]


def test_measured_values_of_an_older_report(desk):
    desk.quote(mrseam=b"\1" * 48)
    values = desk.measured("--from-tdx", "quote.bin")["values"][0]["tdx"]
    assert tuple(values) == NINE and values["mrservicetd"] == "ignore" and values["mrowner"] == ["zero"]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--from-tdx", "short"], 2, "short is no TD quote: "),
        (["--from-tdx", "nowhere"], 1, "cannot open nowhere"),
        (["--from-tdx", "quote.bin", "--pcrs", "sha256:0"], 64, "--from-tdx reads no TPM"),
        (["--from-tdx", "quote.bin", "--from", "tpm"], 64, "--from-tdx reads no TPM"),
        (["--from-tdx", "quote.bin", "--from-snp", "quote.bin"], 64, "--from-snp or --from-tdx, not both"),
    ],
)
def test_what_cannot_be_measured(desk, words, code, says):
    desk.quote()
    desk.write("short", (desk.folder / "quote.bin").read_bytes()[:700])
    done = desk.run("admin", "measure", "--id", "image", *words)
    assert (done.returncode, done.stdout) == (code, "") and says in done.stderr
