# SPDX-License-Identifier: Apache-2.0
"""The audit log against what was handed out; nothing secret in it or in the server's own log."""
import json
import os
import re
import shutil
import subprocess
import time

import pytest
from conftest import POLICY
from harness.broker import AUDIENCE, BUILD, SLOW
from harness.guest import Guest
from harness.jose import open_jws

DATA = b"z" * 1000


def audit(*args, status=0):
    argv = [os.path.join(BUILD, "countersign"), "audit", *args]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60 * SLOW, check=False)
    assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
    return done.stdout


@pytest.fixture(scope="module")
def day(make_broker, populate, tpm):
    """A whole day of one guest, one refusal, then the broker has ended. What was seen goes along."""
    broker = make_broker()
    admin = populate(broker)
    guest = Guest(broker, tpm, POLICY).ready()
    texts = [guest.ear, guest.token, guest.get_token(audience=AUDIENCE), guest.get_token(scope="upload")]
    granted, _ = guest.upload(DATA)
    texts.append(granted["url"].partition("?t=")[2])
    challenge = guest.challenge()
    body = guest.attest_body(challenge, guest.evidence(challenge, extra_data=b"x" * 32))
    refused = guest.post_attest(body).json
    texts.append(guest.teardown("end of the day").json["receipt"])
    time.sleep(1.5)
    guest.close()
    admin.close()
    assert broker.stop() == 0
    broker.seen = {"texts": texts, "refused": refused, "guest": guest, "upload": granted}
    return broker


def entries(broker):
    """The records, as `audit show` prints them in JSON, one a line."""
    lines = audit("show", os.path.join(broker.data_dir, "audit"), "--json").splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def test_every_credential_has_its_record(day):
    records = {r.get("credential"): r for r in entries(day) if r.get("credential")}
    for text in day.seen["texts"]:
        claims = open_jws(text)[1]
        assert claims["jti"] in records, claims
        record = records[claims["jti"]]
        assert record["action"] in ("granted", "revoked", "changed")
        assert record["sandbox"] == claims["sandbox"]
        if "exp" in claims:
            assert record["life"] == claims["exp"] - claims["iat"]


def test_denials_are_records_too(day):
    denied = [r for r in entries(day) if r["action"] == "denied"]
    ours = [r for r in denied if r.get("verdict") == day.seen["refused"]["verdict"]]
    assert len(ours) == 1 and "quote.binding" in ours[0]["reasons"]


def test_what_people_did_is_on_record(day):
    actors = {(r["actor"], r["action"]) for r in entries(day)}
    assert ("admin:alice", "changed") in actors and ("admin:bob", "changed") in actors


def test_sequence_has_no_gap(day):
    numbers = [r["seq"] for r in entries(day)]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_the_log_verifies_offline(day):
    audit("verify", os.path.join(day.data_dir, "audit"))


@pytest.fixture
def copy(day, tmp_path):
    shutil.copytree(os.path.join(day.data_dir, "audit"), tmp_path / "audit")
    return tmp_path / "audit"


def test_one_changed_byte_is_found(copy):
    log = copy / "log"
    data = bytearray(log.read_bytes())
    at = data.index(b'"action":"denied"') + len('"action":"')
    data[at : at + 6] = b"grante"
    log.write_bytes(data)
    audit("verify", str(copy), status=1)


def test_a_cut_log_is_found(copy):
    log = copy / "log"
    log.write_bytes(log.read_bytes()[: log.stat().st_size // 2])
    audit("verify", str(copy), status=1)


def test_a_changed_checkpoint_is_found(copy):
    checkpoint = copy / "checkpoint"
    lines = checkpoint.read_text().split("\n")
    lines[1] = str(int(lines[1]) - 1)
    checkpoint.write_text("\n".join(lines))
    audit("verify", str(copy), status=1)


def test_a_broker_does_not_start_on_a_cut_log(day, make_broker):
    broker = make_broker(start=False)
    shutil.copytree(day.data_dir, broker.data_dir)
    log = os.path.join(broker.data_dir, "audit", "log")
    with open(log, "r+b") as f:
        f.truncate(os.path.getsize(log) // 2)
    broker.start(wait=False)
    assert broker.ends_by_itself() != 0
    assert "checkpoint" in broker.log()


# Nothing secret in any log


def files_below(folder):
    return [os.path.join(d, f) for d, _, names in os.walk(folder) for f in names]


def test_no_token_proof_or_url_in_a_log(day):
    texts = day.seen["texts"]
    signatures = [t.rpartition(".")[2] for t in texts]
    places = [day.log_file, *files_below(os.path.join(day.data_dir, "audit"))]
    for path in places:
        with open(path, "rb") as f:
            data = f.read()
        for text in [*texts, *signatures]:
            assert text.encode() not in data, path
        # The shape of any JWT at all, DPoP proofs too.
        assert not re.search(rb"eyJ[A-Za-z0-9_-]{20,}\.", data), path


def test_a_request_is_one_line(day):
    """method, route, status: one line of key=value for each request."""
    lines = [line for line in day.log().splitlines() if "/v1/attest" in line]
    assert len(lines) == 2
    for line in lines:
        assert "status=" in line and "method=POST" in line, line


def test_keys_are_for_the_owner_only(day):
    keys = os.path.join(day.data_dir, "keys")
    assert os.stat(keys).st_mode & 0o777 == 0o700
    for path in files_below(keys):
        assert os.stat(path).st_mode & 0o777 == 0o600, path
    for path in files_below(day.data_dir):
        assert os.stat(path).st_mode & 0o077 == 0 or "/audit/" in path, path
