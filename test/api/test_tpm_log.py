# SPDX-License-Identifier: Apache-2.0
"""Event logs and predicates over HTTPS: a policy of nothing but what booted, with a TPM in software and with swtpm."""
import json
import os
import subprocess
import sys
import tempfile

import pytest
from harness.admin import usual_policy
from harness.broker import BUILD, SLOW
from harness.jose import b64u, open_jws
from harness.swtpm import Swtpm
from harness.tpm import SoftTpm

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "vectors"))
sys.path.insert(0, os.path.join(HERE, "..", "fuzz"))

import seeds_log  # noqa: E402
import softlog as soft  # noqa: E402

PCRS = list(range(12))
SELECT = "sha256:" + ",".join(map(str, PCRS))
IMA = 10


def booted(boot):
    """A TPM that has measured it; PCR 10 is the kernel's."""
    tpm = SoftTpm()
    tpm.pcr = {i: boot.pcrs()[("sha256", i)] for i in PCRS}
    tpm.extend(IMA, b"boot_aggregate")
    return tpm


def row(boot, name, **more):
    return {"type": "tpm2", "pcrs": SELECT, "ak_names": [name], **boot.policy(), **more}


@pytest.fixture(scope="module")
def boot():
    return soft.Boot()


@pytest.fixture(scope="module")
def machine(boot):
    return booted(boot)


@pytest.fixture
def enter(admin, make_guest, boot, machine, fresh_name):
    """enter(log=..., tpm=..., **of the row): attest under a policy of predicates; `sent`: PCR values that are sent."""

    def run(log=None, tpm=machine, sent=(IMA,), piece=None, **more):
        policy = fresh_name("log")
        admin.register("policy", usual_policy(policy, None, accept=[[row(boot, tpm.name().hex(), **more)]]))
        guest = make_guest(policy=policy, tpm=tpm)
        challenge = guest.challenge()
        evidence = guest.evidence(challenge)
        evidence["pcrs"] = {k: v for k, v in evidence["pcrs"].items() if int(k.split(":")[1]) in sent}
        evidence["event_log"] = b64u(boot.log() if log is None else log)
        evidence.update(piece or {})
        return guest.post_attest(guest.attest_body(challenge, evidence))

    return run


def rejected(reply, *checks):
    assert (reply.status, reply.code) == (403, "evidence_rejected"), reply
    assert set(checks) <= set(reply.json["failed"]), reply


def test_predicates_need_no_reference_values(enter):
    reply = enter()
    assert reply.status == 200, reply
    text = json.dumps(open_jws(reply.json["ear"])[1])
    assert '"uki_phase": ""' in text and '"event_log": true' in text
    assert '"secure_boot"' in text and '"boot_apps"' in text


def test_all_values_may_be_sent_too(enter):
    assert enter(sent=PCRS).status == 200


def test_what_the_log_does_not_lead_to_must_be_sent(enter):
    rejected(enter(sent=()), "quote.pcrdigest")


def test_a_log_of_another_boot_is_refused(enter):
    other = soft.Boot(secure=False)
    rejected(enter(other.log()), "quote.pcrdigest", "tpm.secure_boot")


def test_an_event_more_is_refused(enter, boot):
    more = boot.copy().append(soft.Event(4, soft.APPLICATION, b"late", b"late"))
    rejected(enter(more.log()), "log.after_ebs", "tpm.boot_apps", "quote.pcrdigest")


def test_a_relabelled_event_is_refused(enter, boot):
    lie = boot.copy()
    lie.events[lie.at(7, soft.AUTHORITY)].type = soft.IPL
    rejected(enter(lie.log()), "log.type")


def test_no_log_is_refused(enter):
    reply = enter(sent=PCRS, piece={"event_log": ""})
    rejected(reply, "tpm.secure_boot", "tpm.cmdline")


def test_a_log_that_does_not_decode_is_malformed(enter, boot):
    reply = enter(boot.log()[:-1])
    assert (reply.status, reply.code) == (400, "evidence_malformed"), reply
    assert "log.malformed" in reply.json["failed"]


def test_a_policy_that_differs_is_refused_by_its_rule_alone(enter):
    for name, value in {"cmdline": ["other"], "initrd": ["ab" * 32], "dbx_min": 4, "scrtm_version": ["9"]}.items():
        reply = enter(**{name: value})
        assert reply.json["failed"] == [f"tpm.{name}"], reply


def test_a_policy_is_not_stored_that_asks_wrongly(admin, fresh_name):
    for bad in ({"secure_boot": False}, {"cmdline": ["quiet"]}):
        document = usual_policy(fresh_name("bad"), None, accept=[[{"type": "tpm2", "pcrs": SELECT, **bad}]])
        reply = admin.put("policy", document)
        assert reply.status in (400, 403, 422), reply


def measure(swtpm, boot):
    """Extend a real TPM as the log says."""
    for event in boot.events:
        if event.type != soft.NO_ACTION:
            swtpm.extend(event.pcr, event.digest_in("sha256").hex())


def countersign(*args):
    return subprocess.run([os.path.join(BUILD, "countersign"), *args], capture_output=True, text=True, timeout=60 * SLOW, check=False)


def test_the_client_sends_the_log_of_its_machine(admin, broker, boot, fresh_name, tmp_path):
    policy, log = fresh_name("swtpm"), tmp_path / "binary_bios_measurements"
    log.write_bytes(boot.log())
    short = tempfile.TemporaryDirectory(prefix="cs-log")  # paths of Unix sockets are short
    swtpm = Swtpm(os.path.join(short.name, "tpm")).start()
    agent = ["--socket", os.path.join(short.name, "agent")]
    try:
        measure(swtpm, boot)
        set_file = tmp_path / "set.json"
        done = countersign("admin", "measure", "--id", "x", "--tcti", swtpm.tcti, "--out", str(set_file))
        assert done.returncode == 0, done.stderr
        name = json.loads(set_file.read_text())["values"][0]["tpm2"]["ak_names"][0]
        admin.register("policy", usual_policy(policy, None, accept=[[row(boot, name)]]))
        where = ["--server", broker.issuer, "--ca", broker.pki.server_ca.cert_file, "--policy", policy, "--tcti", swtpm.tcti]
        ask = ["attest", *where, "--pcrs", SELECT, *agent]
        done = countersign(*ask, "--event-log", "off")
        assert done.returncode != 0 and "evidence_rejected" in done.stderr, (done.stdout, done.stderr)
        done = countersign(*ask, "--event-log", str(tmp_path / "nowhere"))
        assert done.returncode != 0 and "nowhere" in done.stderr, (done.stdout, done.stderr)
        done = countersign(*ask, "--event-log", str(log))
        assert done.returncode == 0, (done.stdout, done.stderr)
        swtpm.extend(4, "ab" * 32)
        done = countersign(*ask, "--again", "--event-log", str(log))
        assert done.returncode != 0 and "log.replay" in done.stderr, (done.stdout, done.stderr)
        assert swtpm.transient_handles() == []
    finally:
        countersign("agent", "--stop", *agent)
        swtpm.stop()
        short.cleanup()


def test_measured_predicates_hold_of_what_they_were_measured_from(boot, tmp_path):
    log, image, row_file = tmp_path / "log", tmp_path / "uki", tmp_path / "row.json"
    log.write_bytes(boot.log())
    done = countersign("admin", "measure", "--from-event-log", str(log), "--out", str(row_file))
    assert done.returncode == 0, done.stderr
    proposed = json.loads(row_file.read_text())
    assert {"secure_boot", "sb_authority", "dbx_min", "boot_apps", "no_option_rom", "scrtm_version", "initrd"} <= set(proposed)
    assert proposed["pcrs"] == "sha256:0,2,4,7,9"
    assert countersign("verify", "event-log", str(log), "--policy", str(row_file)).returncode == 0
    image.write_bytes(seeds_log.image(*boot.sections.items()))
    done = countersign("admin", "measure", "--from-uki", str(image))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["uki"][0]["sha256"] == boot.policy()["uki"][0]["sha256"]


def test_only_what_holds_is_proposed(boot, tmp_path):
    log = tmp_path / "log"
    log.write_bytes(soft.Boot(secure=False).insert(0, soft.Event(2, soft.DRIVER, b"rom", b"rom")).log())
    proposed = json.loads(countersign("admin", "measure", "--from-event-log", str(log)).stdout)
    assert not {"secure_boot", "sb_authority", "no_option_rom"} & set(proposed)
    assert "boot_apps" in proposed
    broken = boot.copy()
    broken.events[broken.at(7, soft.SEPARATOR)].data = b"\xff" * 4
    log.write_bytes(broken.log())
    done = countersign("admin", "measure", "--from-event-log", str(log))
    assert done.returncode != 0 and "log.separator" in done.stderr
    log.write_bytes(b"no log")
    for option in ("--from-event-log", "--from-uki"):
        done = countersign("admin", "measure", option, str(log))
        assert done.returncode != 0 and "malformed" in done.stderr
    done = countersign("admin", "measure", "--from-uki", str(log), "--id", "x")
    assert done.returncode != 0 and "usage" in done.stderr
