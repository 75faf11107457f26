# SPDX-License-Identifier: Apache-2.0
"""The guest's day and the administrator's, through the commands themselves and a TPM emulator."""
import hashlib
import json
import os
import subprocess
import tempfile
import time

import pytest
from harness.admin import usual_policy
from harness.broker import AUDIENCE, BUILD, SLOW
from harness.jose import open_jws
from harness.swtpm import Swtpm

PCRS = "sha256:0,2,4,7"


class Cli:
    """`countersign` with one agent socket and one TPM."""

    def __init__(self, broker, folder, tpm):
        self.broker, self.folder, self.tpm = broker, folder, tpm
        self.socket = os.path.join(folder, "agent")

    def run(self, *args, status=0):
        argv = [os.path.join(BUILD, "countersign"), *args]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=30 * SLOW, cwd=self.folder, check=False)
        assert done.returncode == status, (args, done.returncode, done.stdout, done.stderr)
        return done

    def guest(self, command, *args, status=0):
        return self.run(command, *args, "--socket", self.socket, status=status)

    def attest(self, policy="cli", *args, status=0):
        ca = self.broker.pki.server_ca.cert_file
        where = ["--server", self.broker.issuer, "--ca", ca, "--policy", policy, "--tcti", self.tpm.tcti]
        return self.guest("attest", *where, "--pcrs", PCRS, *args, status=status)

    def admin(self, who, *args, status=0):
        cert, key = self.broker.people[who].files
        server = f"https://127.0.0.1:{self.broker.ports['admin']}"
        ca = self.broker.pki.server_ca.cert_file
        return self.run("admin", *args, "--server", server, "--ca", ca, "--cert", cert, "--key", key, status=status)

    def write(self, name, value):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(value if isinstance(value, str) else json.dumps(value))
        return path


@pytest.fixture(scope="module")
def machine():
    # Unix socket paths are short: not below pytest's deep folders.
    with tempfile.TemporaryDirectory(prefix="cs-tpm") as folder:
        tpm = Swtpm(folder).start()
        for index in (0, 2, 4, 7):
            tpm.extend(index, hashlib.sha256(b"boot %d" % index).hexdigest())
        yield tpm
        tpm.stop()


@pytest.fixture(scope="module")
def cli(broker, admin, machine):
    with tempfile.TemporaryDirectory(prefix="cs-cli") as folder:
        cli = Cli(broker, folder, machine)
        yield cli
        subprocess.run(
            [os.path.join(BUILD, "countersign"), "agent", "--stop", "--socket", cli.socket],
            capture_output=True,
            timeout=20,
            check=False,
        )


@pytest.fixture(scope="module")
def registered(cli):
    """Reference set and policy, by the administrators' commands."""
    measured = cli.run("admin", "measure", "--from", "tpm", "--tcti", cli.tpm.tcti, "--pcrs", PCRS, "--id", "cli-boot")
    document = json.loads(measured.stdout)
    assert document["id"] == "cli-boot" and document["version"] == 1 and document["type"] == "tpm2"
    set_file = cli.write("set.json", measured.stdout)
    policy = usual_policy("cli", "cli-boot")
    policy["accept"][0][0]["pcrs"] = PCRS
    policy_file = cli.write("policy.json", policy)
    cli.admin("alice", "reference-set", "put", set_file)
    cli.admin("bob", "approve", "reference-set/cli-boot/1")
    cli.admin("alice", "policy", "put", policy_file)
    cli.admin("bob", "approve", "policy/cli/1")
    return document


@pytest.fixture(scope="module")
def sandbox(cli, registered):
    return json.loads(cli.attest("cli", "--json").stdout)["sandbox"]


def test_attest(sandbox, cli):
    assert sandbox.startswith("sb-")
    status = json.loads(cli.guest("status", "--json").stdout)
    assert status["sandbox"] == sandbox
    assert cli.tpm.transient_handles() == []


def test_token(sandbox, cli, admin):
    token = cli.guest("token", "--scope", "upload", "--audience", AUDIENCE).stdout.strip()
    claims = open_jws(token)[1]
    assert claims["aud"] == AUDIENCE and claims["scope"] == "upload" and claims["sandbox"] == sandbox
    assert admin.introspect(token).json["active"] is True
    cli.guest("token", "--scope", "admin", status=1)


def test_upload(sandbox, cli):
    data = os.urandom(300000)
    path = os.path.join(cli.folder, "report.pdf")
    with open(path, "wb") as f:
        f.write(data)
    cli.guest("upload", path, "--store", "results", "--content-type", "application/pdf")
    with open(cli.broker.stored(f"summaries/{sandbox}/report.pdf"), "rb") as f:
        assert f.read() == data


def test_upload_url_with_plain_curl(sandbox, cli):
    path = cli.write("note.txt", "from curl\n")
    asked = cli.guest("upload", path, "--store", "results", "--content-type", "text/plain", "--url-only", "--json")
    granted = json.loads(asked.stdout)
    argv = ["curl", "-sS", "--fail", "--cacert", cli.broker.pki.server_ca.cert_file, "-T", path]
    for name, value in granted["headers"].items():
        argv += ["-H", f"{name}: {value}"]
    subprocess.run([*argv, granted["url"]], check=True, timeout=20, capture_output=True)
    cli.guest("upload", "--commit", granted["id"])
    with open(cli.broker.stored(f"summaries/{sandbox}/note.txt"), encoding="utf-8") as f:
        assert f.read() == "from curl\n"


def test_admin_lists_and_explains(sandbox, cli):
    shown = json.loads(cli.admin("carol", "sandbox", "show", sandbox, "--json").stdout)
    assert shown["state"] == "live"
    assert sandbox in cli.admin("carol", "sandbox", "list").stdout
    explained = cli.admin("carol", "explain", shown["verdict"], "--all").stdout
    assert "quote.signature" in explained and "pcr.values" in explained
    assert "cli" in cli.admin("carol", "policy", "list").stdout


def test_admin_errors_have_exit_codes(cli, registered):
    bad = cli.write("bad.json", '{"id": "bad", "version": 1}')
    cli.admin("alice", "policy", "put", bad, status=2)
    good = cli.write("again.json", usual_policy("cli", "cli-boot"))
    cli.admin("bob", "policy", "put", good, status=1)
    cli.admin("alice", "nonsense", status=64)


def test_a_wrong_measurement_is_refused_and_explained(registered, broker, admin, cli):
    """The same TPM after somebody loaded something else; a second agent, so that the first sandbox stays."""
    with tempfile.TemporaryDirectory(prefix="cs-cli") as folder, tempfile.TemporaryDirectory(prefix="cs-tpm") as state:
        tpm = Swtpm(state).start()
        try:
            other = Cli(broker, folder, tpm)
            refused = other.attest("cli", status=1)
            said = refused.stdout + refused.stderr
            assert "pcr.values" in said or "ak.untrusted" in said
            assert "explain vd-" in said, "a failed command says what to do next"
            verdict = next(w for w in said.replace(",", " ").split() if w.startswith("vd-")).strip(".'\"`")
            explained = cli.admin("carol", "explain", verdict).stdout
            assert "wanted" in explained
        finally:
            subprocess.run(
                [os.path.join(BUILD, "countersign"), "agent", "--stop", "--socket", other.socket],
                capture_output=True,
                timeout=20,
                check=False,
            )
            tpm.stop()


def test_unable_is_not_denied(cli, registered):
    """Nobody listens there: exit 3."""
    with tempfile.TemporaryDirectory(prefix="cs-cli") as folder:
        argv = ["attest", "--server", "https://127.0.0.1:1", "--policy", "cli", "--tcti", cli.tpm.tcti]
        socket = os.path.join(folder, "agent")
        ca = cli.broker.pki.server_ca.cert_file
        cli.run(*argv, "--ca", ca, "--socket", socket, status=3)
        cli.run("agent", "--stop", "--socket", socket)


def test_a_server_that_is_not_ours_is_not_believed(cli, registered, pki):
    """The certificate chain is checked: with another root nothing is sent."""
    with tempfile.TemporaryDirectory(prefix="cs-cli") as folder:
        socket = os.path.join(folder, "agent")
        argv = ["attest", "--server", cli.broker.issuer, "--policy", "cli", "--tcti", cli.tpm.tcti]
        cli.run(*argv, "--ca", pki.client_ca.cert_file, "--socket", socket, status=3)
        cli.run("agent", "--stop", "--socket", socket)


def test_teardown_is_the_last_thing(sandbox, cli, admin):
    token = cli.guest("token", "--audience", AUDIENCE).stdout.strip()
    assert admin.introspect(token).json["active"] is True
    cli.guest("teardown", "--reason", "done")
    assert admin.introspect(token).json == {"active": False}
    cli.guest("token", "--audience", AUDIENCE, status=1)
    cli.guest("teardown")
    time.sleep(0.1)
    assert cli.tpm.transient_handles() == []


def test_the_log_verifies(sandbox, cli):
    time.sleep(1.5)  # a checkpoint is published within a second
    shown = cli.run("audit", "verify", os.path.join(cli.broker.data_dir, "audit"), "--json")
    assert json.loads(shown.stdout)
