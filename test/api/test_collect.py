# SPDX-License-Identifier: Apache-2.0
"""`countersign attest` on an SEV-SNP guest and on an Azure guest: collected by the command itself, judged by the broker.

A stand-in for configfs-tsm (tools/tsm_standin.py), a TPM emulator that holds an HCL report, and a metadata service on loopback; what they
show is signed by a throw-away AMD whose roots the broker is given."""
import hashlib
import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading

import pytest
from cryptography.hazmat.primitives import serialization
from harness.admin import usual_policy
from harness.azure import AzureVm, b64u
from harness.broker import BUILD, ROOT, SLOW
from harness.snp import AmdWorld
from harness.snp_guest import GOLDEN, snp_set
from harness.swtpm import Swtpm

sys.path.insert(0, os.path.join(ROOT, "tools"))

from tsm_standin import TsmStandin  # noqa: E402

PCRS = "sha256:0,7"
HCL_INDEX, AK_HANDLE, HCL_LEN = "0x01400001", "0x81000003", 2048


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


class Cli:
    """One agent, with a TPM or without."""

    def __init__(self, broker, folder, tpm):
        self.broker, self.folder, self.tcti = broker, folder, tpm.tcti
        self.socket = os.path.join(folder, "agent")

    def run(self, command, *args):
        argv = [os.path.join(BUILD, "countersign"), command, *args, "--socket", self.socket]
        return subprocess.run(argv, capture_output=True, text=True, timeout=40 * SLOW, cwd=self.folder, check=False)

    def attest(self, policy, *args, status=0):
        ca = self.broker.pki.server_ca.cert_file
        where = ["--server", self.broker.issuer, "--ca", ca, "--policy", policy, "--tcti", self.tcti, "--pcrs", PCRS]
        done = self.run("attest", *where, "--json", *args)
        assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
        return json.loads(done.stdout)

    def stop(self):
        self.run("agent", "--stop")


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


class Thim:
    """The metadata service, for one certificate."""

    def __init__(self, machine):
        body = json.dumps({"vcekCert": machine.pem.decode(), "tcbm": machine.tcb.raw(machine.product).hex(), "certificateChain": ""}).encode()
        asked = self.asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append((self.path, self.headers.get("Metadata")))
                self.send_response(200)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/metadata/THIM/amd/certification"
        self.thread = threading.Thread(target=self.server.serve_forever)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class EmulatedVm(AzureVm):
    """Claims over the key of a TPM emulator, which is put where Azure has it."""

    def __init__(self, machine, tpm):
        super().__init__(machine)
        self.tpm = tpm
        place = os.path.join(tpm.folder, "ak")
        attributes = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|sign"
        tpm.run("tpm2_createprimary", "-C", "e", "-G", "rsa2048:rsassa-sha256:null", "-a", attributes, "-c", place + ".ctx")
        tpm.run("tpm2_evictcontrol", "-C", "o", "-c", place + ".ctx", AK_HANDLE)
        tpm.run("tpm2_readpublic", "-c", AK_HANDLE, "-f", "pem", "-o", place + ".pem")
        tpm.run("tpm2_flushcontext", "-t")
        with open(place + ".pem", "rb") as file:
            self.public_key = serialization.load_pem_public_key(file.read())

    def claims(self, **instead):
        """One key: an index of the emulator holds 2048 bytes at most."""
        key = {**super().claims()["keys"][0], "n": b64u(self.public_key.public_numbers().n)}
        return super().claims(**{"keys": [key], **instead})

    def write_index(self, blob):
        path = os.path.join(self.tpm.folder, "hcl")
        with open(path, "wb") as file:
            file.write(blob)
        self.tpm.run("tpm2_nvdefine", "-C", "o", "-s", str(len(blob)), "-a", "ownerread|ownerwrite|authread", HCL_INDEX)
        self.tpm.run("tpm2_nvwrite", "-C", "o", "-i", path, HCL_INDEX)


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
    with Thim(machine) as thim:
        reply = azure_cli.attest("azure", "--evidence", "azure-sev-snp", "--thim", thim.url)
    assert reply["sandbox"].startswith("sb-")
    assert thim.asked == [("/metadata/THIM/amd/certification", "true")]
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
    with Thim(machine) as thim:
        error = azure_cli.attest("azure", "--evidence", "azure-sev-snp", "--thim", thim.url, status=1)["error"]
    assert error["code"] == "evidence_rejected" and error["failed"] == ["quote.signature"]


def test_without_the_index(azure_cli):
    error = azure_cli.attest("azure", "--evidence", "azure-sev-snp", "--thim", "off", status=3)["error"]
    assert error["code"] == "tpm" and HCL_INDEX in error["detail"]
