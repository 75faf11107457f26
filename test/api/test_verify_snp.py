# SPDX-License-Identifier: Apache-2.0
"""`countersign verify` of SEV-SNP evidence and `admin measure --from-snp`, as a person and a script meet them: claims, words, files, command lines.

Which evidence is refused, and by which check, is the business of test/vectors.
"""
import base64
import hashlib
import json

import pytest
from harness import azure, snp
from harness.desk import AT, AT_TEXT, Desk

DATA = bytes(range(1, 65))
NONCE = bytes(range(32))
IDS = {"id_key_digest": b"\x1d" * 48, "author_key_en": True, "author_key_digest": b"\xa0" * 48, "guest_svn": 7, "family_id": b"F" * 16, "image_id": b"I" * 16}


class SnpDesk(Desk):
    def __init__(self, folder, worlds):
        super().__init__(folder)
        self.worlds = worlds

    def guest(self, vek, **fields):
        """Files of a guest on that machine: words for the command line."""
        self.write("report.bin", vek.report(**fields).signed(vek))
        self.write("vek.der", vek.der)
        return ["--report", "report.bin", "--vek", "vek.der"]


@pytest.fixture(scope="session")
def worlds():
    return {product: snp.AmdWorld(product, AT) for product in snp.PRODUCTS}


@pytest.fixture()
def desk(tmp_path, worlds):
    for world in worlds.values():
        world.write_roots(str(tmp_path / "roots"))
    return SnpDesk(tmp_path, worlds)


# ---- claims


def levels(tcb, turin):
    named = {"bootloader": tcb.bootloader, "tee": tcb.tee, "snp": tcb.snp, "microcode": tcb.microcode}
    return {"fmc": tcb.fmc, **named} if turin else named


@pytest.mark.parametrize("product", snp.PRODUCTS)
def test_claims_of_a_report(desk, product):
    vek = desk.worlds[product].vcek()
    report = {"version": 5, "report_data": DATA, "host_data": b"h" * 32, "vmpl": 1, "policy": 0xB0133, "platform_info": 0x25, **IDS}
    words = desk.guest(vek, **report, launch_mit=0x0B, current_mit=0x3F)
    policy = desk.write("policy.json", {"vmpl_max": 1, "allow_debug": True})
    claims = desk.judge("sev-snp", *words, "--policy", policy)["claims"]
    tcb = levels(vek.tcb, product == "Turin")
    assert claims == {
        "product": product,
        "kind": "VCEK",
        "version": 5,
        "vmpl": 1,
        "guest_svn": 7,
        "policy": {"value": "0x00000000000b0133", "abi": "1.51", "bits": ["smt", "debug"]},
        "platform_info": {"value": "0x0000000000000025", "bits": ["smt", "ecc", "alias_check"]},
        "tcb": {name: tcb for name in ("reported", "current", "committed", "launch")},
        "firmware": {"current": "1.58.3", "committed": "1.58.3"},
        "mit_vector": {"launch": "0x000000000000000b", "current": "0x000000000000003f"},
        "measurement": bytes(range(48)).hex(),
        "host_data": (b"h" * 32).hex(),
        "id_key": "1d" * 48,
        "author_key": "a0" * 48,
        "family_id": "46" * 16,
        "image_id": "49" * 16,
        "report_id": bytes(range(100, 132)).hex(),
        "chip_id": vek.chip.ljust(64, b"\0").hex(),
        "csp_id": None,
        "report_data": DATA.hex(),
        "crl_checked": False,
        "reference_value": None,
    }


def test_claims_of_a_vlek(desk):
    world = desk.worlds["Milan"]
    words = desk.guest(world.vlek(), version=2)
    words += ["--crl", desk.write("crl.der", world.crl()), "--policy", desk.write("policy.json", {"allow_masked_chip": True})]
    out = desk.judge("sev-snp", *words)
    claims = out["claims"]
    assert (claims["kind"], claims["csp_id"], claims["chip_id"]) == ("VLEK", snp.CSP, None)
    assert (claims["mit_vector"], claims["author_key"], claims["crl_checked"]) == (None, None, True)
    assert out["valid_until"] < "2027-07"  # the CRL's end or the VLEK's, not a CA's


def test_claims_of_certificates(desk):
    world = desk.worlds["Turin"]
    vek = world.vcek()
    desk.write("vek.pem", vek.pem)
    desk.write("ask.der", world.ask)
    found = desk.judge("amd-chain", "--vek", "vek.pem")["claims"]
    assert found == {
        "product": "Turin",
        "kind": "VCEK",
        "tcb": levels(vek.tcb, True),
        "chip_id": vek.chip.ljust(64, b"\0").hex(),
        "csp_id": None,
        "crl_checked": False,
    }
    assert desk.judge("amd-chain", "--vek", "vek.pem", "--ask", "ask.der")["claims"] == found
    alone = desk.judge("amd-chain", "--ask", "ask.der")["claims"]
    assert alone == {"product": "Turin", "kind": "VCEK", "tcb": None, "chip_id": None, "csp_id": None, "crl_checked": False}
    vlek = world.vlek()
    leased = desk.judge("amd-chain", "--vek", desk.write("vlek.der", vlek.der))["claims"]
    assert (leased["kind"], leased["csp_id"], leased["chip_id"], leased["tcb"]) == ("VLEK", snp.CSP, None, levels(vlek.tcb, True))
    assert desk.judge("amd-chain", "--vek", "ask.der")["claims"] == alone


def test_claims_of_an_azure_guest(desk):
    vm = azure.AzureVm(desk.worlds["Milan"].vcek())
    message, signature = vm.quote(NONCE)
    for name, data in {"hcl.bin": vm.hcl(), "quote.msg": message, "quote.sig": signature, "pcrs.bin": vm.pcr_bytes(), "vek.der": vm.vek.der}.items():
        desk.write(name, data)
    words = ["--hcl", "hcl.bin", "--quote", "quote.msg", "--signature", "quote.sig", "--pcrs", "pcrs.bin", "--vek", "vek.der"]
    out = desk.judge("azure-sev-snp", *words, "--nonce", NONCE.hex())
    claims = out["claims"]
    keys = json.loads(runtime_claims(vm))["keys"]
    modulus = next(k["n"] for k in keys if k["kid"] == "HCLAkPub")
    assert claims["ak_modulus_sha256"] == hashlib.sha256(base64.urlsafe_b64decode(modulus + "==")).hexdigest()
    assert claims["product"] == "Milan" and claims["report_data"].endswith("00" * 32)
    assert claims["tpm"]["ak_trust"] == "tee-evidence" and "ak_name" not in claims["tpm"]
    assert claims["tpm"]["pcrs"]["sha256:7"] == vm.pcr_bytes()[7 * 32 : 8 * 32].hex()
    text = desk.verify("azure-sev-snp", *words)
    assert text.returncode == 0 and "no --nonce was given" in text.stdout and "\nThe report says:\n" in text.stdout


def runtime_claims(vm):
    """The runtime claims within the blob."""
    blob = vm.hcl()
    size = int.from_bytes(blob[0x4D0:0x4D4], "little")
    return blob[0x4D4 : 0x4D4 + size]


def test_pcr_values_of_an_azure_guest_as_lines(desk):
    vm = azure.AzureVm(desk.worlds["Milan"].vcek())
    message, signature = vm.quote(NONCE)
    bank = vm.pcr_bytes()
    for name, data in {"hcl.bin": vm.hcl(), "quote.msg": message, "quote.sig": signature, "vek.der": vm.vek.der}.items():
        desk.write(name, data)
    desk.write("pcrs.txt", "".join(f"sha256:{i}={bank[32 * i : 32 * i + 32].hex()}\n" for i in range(24)))
    words = ["--hcl", "hcl.bin", "--quote", "quote.msg", "--signature", "quote.sig", "--vek", "vek.der"]
    assert len(desk.judge("azure-sev-snp", *words, "--pcrs", "pcrs.txt")["claims"]["tpm"]["pcrs"]) == 24
    for name, data in {"short": bank[:-1], "long": bank + b"\0", "text": "sha256:0=zz\n"}.items():
        assert desk.refused("azure-sev-snp", *words, "--pcrs", desk.write(name, data)) == ["pcrs.malformed"]


# ---- words


def test_a_report_is_explained_whether_or_not_anybody_vouches_for_it(desk):
    words = desk.guest(desk.worlds["Genoa"].vcek(), report_data=DATA)
    good = desk.verify("sev-snp", *words, "--report-data", DATA.hex())
    assert good.returncode == 0 and "verdict: accept\nauthentic and sound; no measurement was compared" in good.stdout
    assert "\nThe report says:\n  product               Genoa\n" in good.stdout
    assert f"\n  measurement           {bytes(range(48)).hex()}\n" in good.stdout
    assert "\n  platform_info.bits    smt, ecc, alias_check\n" in good.stdout
    bare = desk.verify("sev-snp", *words[:2])
    assert bare.returncode == 3 and "UNABLE     vek.missing" in bare.stdout
    assert "\nThe report says, and nobody vouches for it:\n  product               Genoa\n" in bare.stdout
    assert "\n  csp_id " not in bare.stdout and "\n  crl_checked " not in bare.stdout and "\n  chip_id " in bare.stdout
    cut = desk.verify("sev-snp", "--report", desk.write("cut", (desk.folder / "report.bin").read_bytes()[:-1]))
    assert cut.returncode == 2 and "1183" in cut.stdout and "The report says" not in cut.stdout


def test_what_an_accept_does_not_say(desk):
    words = desk.guest(desk.worlds["Milan"].vcek(), report_data=DATA)
    named = desk.write("policy.json", {"measurement": [bytes(range(48)).hex()]})
    old = desk.verify("sev-snp", *words).stdout
    assert "perhaps old: no --report-data was given" in old and "not an approval" in old
    assert "freshness was not judged: no --report-data was given" in desk.verify("sev-snp", *words, "--policy", named).stdout
    whole = desk.verify("sev-snp", *words, "--policy", named, "--report-data", DATA.hex()).stdout
    assert "verdict: accept\nvalid until" in whole and "not an approval" not in whole
    chain = desk.verify("amd-chain", "--vek", "vek.der").stdout
    assert "no report was judged" in chain and "\nThe certificate says:\n" in chain


# ---- files and command lines


def test_short_report_data_is_filled_up_with_zeros(desk):
    words = desk.guest(desk.worlds["Milan"].vcek(), report_data=DATA[:32] + bytes(32))
    for good in (DATA[:32], DATA[:32] + bytes(1), DATA[:32] + bytes(32)):
        desk.judge("sev-snp", *words, "--report-data", good.hex())
    for wrong in (DATA[:31], DATA[:33], bytes(1), DATA):
        assert desk.refused("sev-snp", *words, "--report-data", wrong.hex()) == ["report_data"]


def test_certificates_and_crls_are_taken_as_pem(desk):
    world = desk.worlds["Genoa"]
    vek = world.vcek()
    words = desk.guest(vek)[:2] + ["--vek", desk.write("vek.pem", vek.pem)]
    crl = world.crl(revoked=[int.from_bytes(b"\2\0\2", "big")])
    text = b"-----BEGIN X509 CRL-----\n" + base64.encodebytes(crl) + b"-----END X509 CRL-----\n"
    desk.judge("sev-snp", *words)
    assert desk.refused("sev-snp", *words, "--crl", desk.write("crl.pem", text)) == ["crl.revoked"]


@pytest.mark.parametrize("option", ["--report", "--vek", "--cert-table", "--crl", "--policy"])
def test_a_file_that_is_empty_or_absent(desk, option):
    words = desk.guest(desk.worlds["Milan"].vcek())
    at = words.index(option) if option in words else None
    for name in ("nowhere", desk.write("empty", b"")):
        given = words[:at] + words[at + 2 :] if at is not None else words
        done = desk.verify("sev-snp", *given, option, name, "--json")
        out = json.loads(done.stdout)
        assert (done.returncode, out["verdict"], out["failed"]) == (3, "unable", ["input.unreadable"])
        assert name in out["findings"][0]["seen"] and out["claims"] == {}


def test_a_folder_of_roots_replaces_what_is_built_in(desk):
    words = desk.guest(desk.worlds["Milan"].vcek())
    built_in = desk.run("verify", "sev-snp", *words, "--at", AT_TEXT, "--json")
    assert built_in.returncode == 1 and json.loads(built_in.stdout)["failed"] == ["chain.signature"]
    (desk.folder / "none").mkdir()
    none = desk.run("verify", "sev-snp", *words, "--at", AT_TEXT, "--roots", "none", "--json")
    assert none.returncode == 1 and json.loads(none.stdout)["failed"] == ["chain.root"]


BAD_LINES = {
    "no report": ["sev-snp", "--vek", "vek.der"],
    "product": ["sev-snp", "--report", "report.bin", "--product", "milan"],
    "report data empty": ["sev-snp", "--report", "report.bin", "--report-data", ""],
    "report data odd": ["sev-snp", "--report", "report.bin", "--report-data", "abc"],
    "report data long": ["sev-snp", "--report", "report.bin", "--report-data", "00" * 65],
    "other type": ["sev-snp", "--report", "report.bin", "--policy", "tpm.json"],
    "other SNP type": ["sev-snp", "--report", "report.bin", "--policy", "azure.json"],
    "bad member": ["sev-snp", "--report", "report.bin", "--policy", "bad.json"],
    "no certificate": ["amd-chain", "--crl", "vek.der"],
    "a report for a chain": ["amd-chain", "--vek", "vek.der", "--report", "report.bin"],
    "azure without pcrs": ["azure-sev-snp", "--hcl", "report.bin", "--quote", "x", "--signature", "x"],
    "azure without hcl": ["azure-sev-snp", "--pcrs", "x", "--quote", "x", "--signature", "x"],
}


@pytest.mark.parametrize("words", BAD_LINES.values(), ids=BAD_LINES)
def test_wrong_command_lines(desk, words):
    desk.guest(desk.worlds["Milan"].vcek())
    desk.write("tpm.json", {"type": "tpm2"})
    desk.write("azure.json", {"type": "azure-sev-snp"})
    desk.write("bad.json", {"tcb_min": {"snp": 256}})
    done = desk.verify(*words)
    assert (done.returncode, done.stdout) == (64, "") and done.stderr.startswith("countersign: ")


# ---- measuring


def test_measured_values_describe_their_guest_and_no_other(desk):
    vek = desk.worlds["Turin"].vcek()
    words = desk.guest(vek, **IDS)
    doc = desk.measured("--from-snp", "report.bin", "--label", "build 42", "--expires", "2027-01-01T00:00:00Z", "--version", "3")
    values = {
        "measurement": [bytes(range(48)).hex()],
        "host_data": ["00" * 32],
        "id_key": ["1d" * 48],
        "author_key": ["a0" * 48],
        "family_id": ["46" * 16],
        "image_id": ["49" * 16],
        "guest_svn_min": 7,
    }
    assert doc == {
        "id": "image",
        "version": 3,
        "type": "sev-snp",
        "values": [{"label": "build 42", "expires": "2027-01-01T00:00:00Z", "sev-snp": values}],
    }
    policy = desk.write("policy.json", values)
    desk.judge("sev-snp", *words, "--policy", policy)
    for name, field, other in (
        ("measurement", "measurement", bytes(48)),
        ("host_data", "host_data", b"\1" * 32),
        ("id_key", "id_key_digest", b"\1" * 48),
        ("author_key", "author_key_digest", b"\1" * 48),
        ("family_id", "family_id", bytes(16)),
        ("image_id", "image_id", bytes(16)),
        ("guest_svn", "guest_svn", 6),
    ):
        words = desk.guest(vek, **{**IDS, field: other})
        assert name in desk.refused("sev-snp", *words, "--policy", policy)


def test_measured_values_of_a_guest_without_keys(desk):
    desk.guest(desk.worlds["Milan"].vcek(), guest_svn=7, family_id=b"F" * 16)
    values = desk.measured("--from-snp", "report.bin")["values"]
    assert values == [
        {
            "label": "image",
            "sev-snp": {"measurement": [bytes(range(48)).hex()], "host_data": ["00" * 32], "id_key": "ignore", "author_key": "ignore"},
        }
    ]
    desk.write("hcl.bin", azure.AzureVm(desk.worlds["Milan"].vcek()).hcl())
    assert desk.measured("--from-snp", "hcl.bin")["values"][0]["sev-snp"]["measurement"]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--from-snp", "short"], 2, "short is no report: 1183 bytes"),
        (["--from-snp", "nowhere"], 1, "cannot open nowhere"),
        (["--from-snp", "report.bin", "--pcrs", "sha256:0"], 64, "--from-snp reads no TPM"),
        (["--from-snp", "report.bin", "--from", "tpm"], 64, "--from-snp reads no TPM"),
        (["--from-snp", "report.bin", "--no-ak"], 64, "--from-snp reads no TPM"),
        (["--from-snp", "report.bin", "--expires", "tomorrow"], 2, "time"),
    ],
)
def test_what_cannot_be_measured(desk, words, code, says):
    desk.guest(desk.worlds["Milan"].vcek())
    desk.write("short", (desk.folder / "report.bin").read_bytes()[:-1])
    done = desk.run("admin", "measure", "--id", "image", *words)
    assert (done.returncode, done.stdout) == (code, "") and says in done.stderr


def test_measuring_overwrites_nothing(desk):
    desk.guest(desk.worlds["Milan"].vcek())
    words = ["admin", "measure", "--id", "image", "--from-snp", "report.bin", "--out", "set.json"]
    assert desk.run(*words).returncode == 0
    assert json.loads((desk.folder / "set.json").read_text())["type"] == "sev-snp"
    assert desk.run(*words).returncode == 1 and "set.json" in desk.run(*words).stderr
