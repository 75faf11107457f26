# SPDX-License-Identifier: Apache-2.0
"""`countersign attest` on a TDX guest and on an Azure guest with TDX: collected by the command itself, judged by the broker.

A stand-in for configfs-tsm (tools/tsm_standin.py), files with event logs, a TPM emulator that holds an HCL report, and a quoting service on
loopback; what they show is signed by a throw-away Intel whose root and collateral the broker is given."""
import base64
import json
import os
import sys
import tempfile

import pytest
from harness import ccel
from harness.admin import usual_policy
from harness.azure_td import AzureTd, td_report
from harness.broker import ROOT
from harness.collector import HCL_INDEX, HCL_LEN, PCRS, Cli, InEmulator, Metadata
from harness.jose import b64u
from harness.swtpm import Swtpm
from harness.tdx import Td
from harness.tdx_guest import tdx_fields
from harness.tdx_site import MISSING, intel, make_site, roots

sys.path.insert(0, os.path.join(ROOT, "tools"))

from tsm_standin import TsmStandin  # noqa: E402

FIXTURES = (intel, make_site, roots)
TDX_ATTRIBUTES_DEBUG = 1 << 28 | 1
TD_QUOTE = "/acc/tdquote"


@pytest.fixture(scope="module")
def machine(intel):
    return intel.machine()


@pytest.fixture(scope="module")
def site(make_site, machine):
    """Policies beside TdxSite's: "logged" (an event log must come), "both" (a TPM's quote beside), "azure"."""
    site = make_site()
    site.bring(machine)
    row = {"type": "tdx", "reference_set": "image"}
    quote = {"type": "tpm2", "pcrs": PCRS, "values": "ignore", "ak_trust": ["tee-evidence"]}
    bare = {"type": "tdx", "event_log": True, **tdx_fields("mrtd")}
    azure = {"type": "azure-tdx", "pcrs": PCRS, "values": "ignore", **tdx_fields("mrtd")}
    for name, rows in (("both", [row, quote]), ("logged", [bare]), ("azure", [azure])):
        site.admin.register("policy", usual_policy(name, "none", accept=[rows]))
    return site


@pytest.fixture(scope="module")
def vtpm():
    with tempfile.TemporaryDirectory(prefix="cs-tpm") as folder:
        tpm = Swtpm(folder).start()
        yield tpm
        tpm.stop()


@pytest.fixture
def cli(site, vtpm):
    with tempfile.TemporaryDirectory(prefix="cs-cli") as folder:
        cli = Cli(site.broker, folder, vtpm)
        yield cli
        cli.stop()


@pytest.fixture
def make_tsm():
    """make_tsm(machine, **fields): a running stand-in."""
    with tempfile.TemporaryDirectory(prefix="cs-tsm") as folder:
        running = []

        def make(machine, **fields):
            standin = TsmStandin(os.path.join(folder, str(len(running))), machine, **fields)
            running.append(standin.__enter__())
            return standin

        yield make
        for standin in running:
            standin.__exit__()


@pytest.fixture
def tsm(make_tsm, machine):
    return make_tsm(machine)


# configfs-tsm


@pytest.mark.parametrize("types", ["tdx", "auto"])
def test_a_guest_attests_and_gets_a_token(cli, tsm, types):
    reply = cli.attest("tdx", "--evidence", types, "--tsm", tsm.folder, "--ccel", "off")
    assert reply["sandbox"].startswith("sb-")
    assert len(tsm.asked) == 1 and tsm.asked[0][:32] != bytes(32) and tsm.asked[0][32:] == bytes(32)
    token = cli.run("token", "--scope", "upload", "--audience", "https://files.example")
    assert token.returncode == 0 and token.stdout.count(".") == 2


def test_each_attestation_has_a_binding_of_its_own(cli, tsm):
    how = ["--evidence", "tdx", "--tsm", tsm.folder]
    assert cli.attest("tdx", *how)["sandbox"] != cli.attest("tdx", *how, "--again")["sandbox"]
    assert len(set(tsm.asked)) == 2


def test_the_buffer_of_a_host_may_be_longer_than_its_quote(cli, make_tsm, machine):
    tsm = make_tsm(machine, tail=bytes(3065))
    assert cli.attest("tdx", "--evidence", "tdx", "--tsm", tsm.folder)["sandbox"].startswith("sb-")


def test_the_defaults_may_stand_in_the_configuration(cli, tsm):
    path = os.path.join(cli.folder, "client.conf")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"evidence": "tdx", "tsm": tsm.folder, "ccel": "off", "qgs": "vsock:2:4050", "tdx-guest": "/dev/null"}, file)
    cli.attest("tdx", "--config", path)
    assert len(tsm.asked) == 1


def test_another_image_is_refused_by_its_measurement(cli, make_tsm, machine):
    tsm = make_tsm(machine, mrtd=bytes([9]) * 48)
    error = cli.attest("tdx", "--evidence", "tdx", "--tsm", tsm.folder, status=1)["error"]
    assert error["code"] == "evidence_rejected" and error["failed"] == ["reference_value"]


def test_a_td_that_can_be_debugged_is_refused(cli, make_tsm, machine):
    tsm = make_tsm(machine, td_attributes=TDX_ATTRIBUTES_DEBUG)
    error = cli.attest("tdx", "--evidence", "tdx", "--tsm", tsm.folder, status=1)["error"]
    assert error["code"] == "evidence_rejected" and error["failed"] == ["td.debug"]


def test_a_platform_of_which_nothing_is_known(cli, make_tsm, intel):
    tsm = make_tsm(intel.machine("unknown", fmspc="00806f050000", ca="processor"))
    error = cli.attest("tdx", "--evidence", "tdx", "--tsm", tsm.folder, status=3)["error"]
    assert error["code"] == "evidence_unable" and set(error["failed"]) <= set(MISSING) and "tcb_info.missing" in error["failed"]


def test_a_quote_beside_a_tpms_commits_to_its_key(cli, tsm, vtpm):
    cli.attest("both", "--evidence", "tdx,tpm2", "--tsm", tsm.folder)
    assert tsm.asked[0][32:] != bytes(32)
    error = cli.attest("both", "--evidence", "tdx", "--tsm", tsm.folder, "--again", status=1)["error"]
    assert error["code"] != "evidence_unable"
    assert vtpm.transient_handles() == []


# The event log


def log_file(cli, data):
    path = os.path.join(cli.folder, "CCEL")
    with open(path, "wb") as file:
        file.write(data)
    return path


def test_the_log_goes_along_and_replays(cli, make_tsm, machine):
    """Also out of an area that would be too large to send as it is."""
    tsm = make_tsm(machine, **ccel.replay(ccel.boot()))
    path = log_file(cli, ccel.log(ccel.boot(), fill=b"\xff" * 500000))
    assert cli.attest("logged", "--evidence", "tdx", "--tsm", tsm.folder, "--ccel", path)["sandbox"].startswith("sb-")


def test_a_log_of_another_boot_is_refused(cli, make_tsm, machine):
    tsm = make_tsm(machine, **ccel.replay(ccel.boot()))
    path = log_file(cli, ccel.log(ccel.boot()[:-1]))
    error = cli.attest("logged", "--evidence", "tdx", "--tsm", tsm.folder, "--ccel", path, status=1)["error"]
    assert error["failed"] == ["ccel.replay"]


def test_a_log_that_is_wanted_must_come(cli, make_tsm, machine):
    tsm = make_tsm(machine, **ccel.replay(ccel.boot()))
    error = cli.attest("logged", "--evidence", "tdx", "--tsm", tsm.folder, "--ccel", "off", status=1)["error"]
    assert error["code"] == "evidence_rejected" and any(check.startswith("ccel.") for check in error["failed"])


def test_a_log_that_is_named_must_be_there(cli, tsm):
    gone = os.path.join(cli.folder, "gone")
    error = cli.attest("tdx", "--evidence", "tdx", "--tsm", tsm.folder, "--ccel", gone, status=64)["error"]
    assert error["code"] == "file"


# Nothing to collect


def test_a_device_that_is_another(cli):
    error = cli.attest("tdx", "--evidence", "tdx", "--tdx-guest", "/dev/null", status=3)["error"]
    assert error["code"] == "tdx" and "Inappropriate ioctl" in error["detail"] and "--tdx-guest" in error["next"]


def test_a_quoting_service_means_the_device(cli):
    error = cli.attest("tdx", "--evidence", "tdx", "--qgs", "unix:/nonexistent/qgs", status=3)["error"]
    assert error["code"] == "tdx" and "/dev/tdx_guest" in error["detail"]


@pytest.mark.parametrize("where", ["tcp:127.0.0.1:4050", "vsock:2", "unix:qgs", ""])
def test_addresses_that_are_none(cli, where):
    error = cli.attest("tdx", "--evidence", "tdx", "--qgs", where, status=64)["error"]
    assert error["code"] == "usage" and "vsock:CID:PORT" in error["detail"]


# Azure


class EmulatedTd(InEmulator, AzureTd):
    """An Azure guest whose vTPM is the emulator, and its host's quoting service."""

    def td_quote_of(self, posted):
        """The service's answer: a quote of this machine over what the TD report says, if it is this guest's."""
        report = base64.urlsafe_b64decode(posted["report"] + "==")
        fields = self.td_fields(b"", report_data=report[128:192])
        assert report == td_report(Td(**fields))
        return {"quote": b64u(self.machine.quote(**fields).bytes())}


@pytest.fixture
def azure(machine):
    with tempfile.TemporaryDirectory(prefix="cs-az") as folder:
        tpm = Swtpm(folder).start()
        yield EmulatedTd(machine, tpm)
        tpm.stop()


@pytest.fixture
def azure_cli(site, azure):
    with tempfile.TemporaryDirectory(prefix="cs-cli") as folder:
        cli = Cli(site.broker, folder, azure.tpm)
        yield cli
        cli.stop()


@pytest.mark.parametrize("types", ["azure-tdx", "auto"])
def test_an_azure_guest_attests(azure_cli, azure, types):
    azure.write_index(azure.hcl(size=HCL_LEN))
    with Metadata({TD_QUOTE: azure.td_quote_of}) as service:
        reply = azure_cli.attest("azure", "--evidence", types, "--td-quote", service.url(TD_QUOTE))
    assert reply["sandbox"].startswith("sb-")
    assert service.asked == [("POST", TD_QUOTE, "true")]
    assert azure.tpm.transient_handles() == []


def test_claims_of_another_machine(azure_cli, azure, machine):
    """The quote and the claims are good, and their key is not this TPM's."""
    other = AzureTd(machine)
    claims = other.claims_bytes(keys=other.claims()["keys"][:1])
    azure.write_index(other.hcl(claims=claims, size=HCL_LEN))
    with Metadata({TD_QUOTE: azure.td_quote_of}) as service:
        error = azure_cli.attest("azure", "--evidence", "azure-tdx", "--td-quote", service.url(TD_QUOTE), status=1)["error"]
    assert error["code"] == "evidence_rejected" and error["failed"] == ["quote.signature"]


def test_a_quote_of_another_report(azure_cli, azure):
    """The host answers with a quote that this machine made for somebody else's claims."""
    azure.write_index(azure.hcl(size=HCL_LEN))
    with Metadata({TD_QUOTE: {"quote": b64u(azure.td_quote(claims=b"{}").bytes())}}) as service:
        error = azure_cli.attest("azure", "--evidence", "azure-tdx", "--td-quote", service.url(TD_QUOTE), status=1)["error"]
    assert error["code"] == "evidence_rejected" and error["failed"] == ["claims.hash"]


def test_without_a_quoting_service(azure_cli, azure):
    azure.write_index(azure.hcl(size=HCL_LEN))
    with Metadata({}) as service:
        error = azure_cli.attest("azure", "--evidence", "azure-tdx", "--td-quote", service.url(TD_QUOTE), status=3)["error"]
    assert error["code"] == "td_quote" and "status 404" in error["detail"] and "--td-quote" in error["next"]


def test_without_the_index(azure_cli):
    error = azure_cli.attest("azure", "--evidence", "azure-tdx", "--td-quote", "http://127.0.0.1:1/", status=3)["error"]
    assert error["code"] == "tpm" and HCL_INDEX in error["detail"]
