# SPDX-License-Identifier: Apache-2.0
"""`countersign attest` on an SEV-SNP guest and on an Azure guest: collected by the command itself, judged by the broker.

A stand-in for configfs-tsm (tools/tsm_standin.py), a TPM emulator that holds an HCL report, and a metadata service on loopback; what they
show is signed by a throw-away AMD whose roots the broker is given."""
import hashlib
import json
import os
import sys
import tempfile

import pytest
from harness.admin import usual_policy
from harness.azure import AzureVm
from harness.broker import ROOT
from harness.collector import HCL_INDEX, HCL_LEN, PCRS, Cli, InEmulator, Metadata
from harness.snp import AmdWorld
from harness.snp_guest import GOLDEN, snp_set
from harness.swtpm import Swtpm

sys.path.insert(0, os.path.join(ROOT, "tools"))

from tsm_standin import TsmStandin  # noqa: E402


@pytest.fixture(scope="module")
def amd():
    return AmdWorld("Milan")


@pytest.fixture(scope="module")
def machine(amd):
    return amd.vcek()


@pytest.fixture(scope="module")
def broker(make_broker, amd, tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("roots"))
    amd.write_roots(folder)
    return make_broker({"roots": folder})


@pytest.fixture(scope="module")
def vtpm():
    with tempfile.TemporaryDirectory(prefix="cs-tpm") as folder:
        tpm = Swtpm(folder).start()
        tpm.extend(7, hashlib.sha256(b"boot").hexdigest())
        yield tpm
        tpm.stop()


@pytest.fixture(scope="module")
def admin(broker, populate, vtpm):
    admin = populate(broker)
    admin.register("reference-set", snp_set("image", GOLDEN))
    snp = {"type": "sev-snp", "reference_set": "image", "product": ["Milan"]}
    quote = {"type": "tpm2", "pcrs": PCRS, "values": "ignore", "ak_trust": ["tee-evidence"]}
    azure = {"type": "azure-sev-snp", "product": ["Milan"], "pcrs": PCRS, "values": "ignore", "measurement": [GOLDEN.hex()]}
    azure.update({name: "ignore" for name in ("host_data", "id_key", "author_key")})
    for name, rows in (("snp", [snp]), ("both", [snp, quote]), ("azure", [azure])):
        admin.register("policy", usual_policy(name, "none", accept=[rows]))
    yield admin
    admin.close()


@pytest.fixture
def cli(broker, admin, vtpm):
    with tempfile.TemporaryDirectory(prefix="cs-cli") as folder:
        cli = Cli(broker, folder, vtpm)
        yield cli
        cli.stop()


@pytest.fixture
def tsm(machine):
    with tempfile.TemporaryDirectory(prefix="cs-tsm") as folder, TsmStandin(os.path.join(folder, "report"), machine) as standin:
        yield standin


# configfs-tsm


@pytest.mark.parametrize("types", ["sev-snp", "auto"])
def test_a_guest_attests_and_gets_a_token(cli, tsm, types):
    reply = cli.attest("snp", "--evidence", types, "--tsm", tsm.folder)
    assert reply["sandbox"].startswith("sb-")
    assert len(tsm.asked) == 1 and tsm.asked[0][:32] != bytes(32) and tsm.asked[0][32:] == bytes(32)
    token = cli.run("token", "--scope", "upload", "--audience", "https://files.example")
    assert token.returncode == 0 and token.stdout.count(".") == 2


def test_each_attestation_has_an_entry_and_a_binding_of_its_own(cli, tsm):
    first = cli.attest("snp", "--evidence", "sev-snp", "--tsm", tsm.folder)
    second = cli.attest("snp", "--evidence", "sev-snp", "--tsm", tsm.folder, "--again")
    assert first["sandbox"] != second["sandbox"]
    assert len(set(tsm.asked)) == 2


def test_the_defaults_may_stand_in_the_configuration(cli, tsm):
    path = os.path.join(cli.folder, "client.conf")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"evidence": "sev-snp", "tsm": tsm.folder}, file)
    cli.attest("snp", "--config", path)
    assert len(tsm.asked) == 1


def test_a_level_that_the_policy_refuses(cli, tsm):
    error = cli.attest("snp", "--evidence", "sev-snp", "--tsm", tsm.folder, "--vmpl", "1", status=1)["error"]
    assert error["code"] == "evidence_rejected" and error["failed"] == ["vmpl"]


def test_another_image_is_refused_by_its_measurement(cli, machine):
    with tempfile.TemporaryDirectory(prefix="cs-tsm") as folder, TsmStandin(folder, machine, measurement=bytes(48)) as tsm:
        error = cli.attest("snp", "--evidence", "sev-snp", "--tsm", tsm.folder, status=1)["error"]
    assert error["code"] == "evidence_rejected" and "reference_value" in error["failed"]


def test_without_certificates_the_broker_cannot_decide(cli, amd):
    with tempfile.TemporaryDirectory(prefix="cs-tsm") as folder, TsmStandin(folder, amd.vcek(), table=False) as tsm:
        error = cli.attest("snp", "--evidence", "sev-snp", "--tsm", tsm.folder, status=3)["error"]
    assert error["code"] == "evidence_unable" and error["failed"] == ["vek.missing"]


def test_a_report_beside_a_quote_commits_to_its_key(cli, tsm, vtpm):
    cli.attest("both", "--evidence", "sev-snp,tpm2", "--tsm", tsm.folder)
    assert tsm.asked[0][32:] != bytes(32)
    error = cli.attest("both", "--evidence", "sev-snp", "--tsm", tsm.folder, "--again", status=1)["error"]
    assert error["code"] != "evidence_unable"
    assert vtpm.transient_handles() == []


# Nothing to collect


def test_a_device_that_is_another(cli):
    error = cli.attest("snp", "--evidence", "sev-snp", "--sev-guest", "/dev/null", status=3)["error"]
    assert error["code"] == "snp" and "Inappropriate ioctl" in error["detail"]


def test_a_folder_that_answers_nothing(cli):
    """The entry is taken away again."""
    folder = os.path.join(cli.folder, "report")
    os.mkdir(folder)
    error = cli.attest("snp", "--evidence", "sev-snp", "--tsm", folder, status=3)["error"]
    assert error["code"] == "snp" and "provider: No such file" in error["detail"] and "--tsm" in error["next"]
    assert os.listdir(folder) == []


def test_a_folder_that_is_not_there(cli):
    error = cli.attest("snp", "--evidence", "sev-snp", "--tsm", os.path.join(cli.folder, "gone"), status=64)["error"]
    assert error["code"] == "file"


@pytest.mark.parametrize("types", ["snp", "tpm2,tpm2", "auto,tpm2", "td", ""])
def test_types_that_are_none(cli, types):
    done = cli.run("attest", "--server", cli.broker.issuer, "--policy", "snp", "--evidence", types)
    assert done.returncode == 64 and "--evidence" in done.stderr


# Azure


THIM = "/metadata/THIM/amd/certification"


def thim(machine):
    """The metadata service, for one certificate."""
    return Metadata({THIM: {"vcekCert": machine.pem.decode(), "tcbm": machine.tcb.raw(machine.product).hex(), "certificateChain": ""}})


class EmulatedVm(InEmulator, AzureVm):
    """An Azure guest whose vTPM is the emulator."""


@pytest.fixture
def azure(machine):
    with tempfile.TemporaryDirectory(prefix="cs-az") as folder:
        tpm = Swtpm(folder).start()
        yield EmulatedVm(machine, tpm)
        tpm.stop()


@pytest.fixture
def azure_cli(broker, admin, azure):
    with tempfile.TemporaryDirectory(prefix="cs-cli") as folder:
        cli = Cli(broker, folder, azure.tpm)
        yield cli
        cli.stop()


def test_an_azure_guest_attests(azure_cli, azure, machine):
    azure.write_index(azure.hcl(size=HCL_LEN))
    with thim(machine) as service:
        reply = azure_cli.attest("azure", "--evidence", "azure-sev-snp", "--thim", service.url(THIM))
    assert reply["sandbox"].startswith("sb-")
    assert service.asked == [("GET", THIM, "true")]
    assert azure.tpm.transient_handles() == []


def test_an_azure_guest_without_its_certificate(azure_cli, azure, amd):
    azure.vek = amd.vcek()
    azure.write_index(azure.hcl(size=HCL_LEN))
    error = azure_cli.attest("azure", "--evidence", "azure-sev-snp", "--thim", "off", status=3)["error"]
    assert error["code"] == "evidence_unable" and error["failed"] == ["vek.missing"]


def test_claims_of_another_machine(azure_cli, azure, machine):
    """The report and its claims are good, and their key is not this TPM's."""
    other = AzureVm(machine)
    claims = other.claims_bytes(keys=other.claims()["keys"][:1])
    azure.write_index(other.hcl(claims=claims, size=HCL_LEN))
    with thim(machine) as service:
        error = azure_cli.attest("azure", "--evidence", "azure-sev-snp", "--thim", service.url(THIM), status=1)["error"]
    assert error["code"] == "evidence_rejected" and error["failed"] == ["quote.signature"]


def test_without_the_index(azure_cli):
    error = azure_cli.attest("azure", "--evidence", "azure-sev-snp", "--thim", "off", status=3)["error"]
    assert error["code"] == "tpm" and HCL_INDEX in error["detail"]
