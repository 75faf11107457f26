# SPDX-License-Identifier: Apache-2.0
"""Certificates and revocation lists of AMD that evidence or an operator brings: what is kept, what is refused, what outlives a restart."""
import os
import re
import subprocess
import time

import pytest
from harness.broker import BUILD, SLOW
from harness.site import amd, make_site, missing, rejected, roots, turin, utc
from harness.snp import DAY, AmdWorld, Tcb, pem, rsa_key

FIXTURES = (amd, make_site, roots, turin)


@pytest.fixture(scope="module")
def site(make_site):
    """Without a KDS."""
    return make_site()


# Brought by evidence


def test_without_a_certificate_we_are_unable_and_do_not_deny(site, amd):
    missing(site.bare(amd.vcek()))


def test_what_came_with_accepted_evidence_serves_the_next_guest(site, amd):
    vek = amd.vcek()
    missing(site.bare(vek))
    assert site.attest(vek).status == 200
    assert site.bare(vek).status == 200
    row = next(r for r in site.listed() if r.get("chip") == vek.chip.hex())
    assert (row["kind"], row["product"], row["source"]) == ("vek", "Milan", "evidence")


def test_what_came_with_refused_evidence_is_not_kept(site, amd):
    """Else whoever has one chip could fill the store with certificates for all its TCBs."""
    vek = amd.vcek()
    rejected(site.attest(vek, report={"measurement": bytes(48)}), "reference_value")
    missing(site.bare(vek))


def test_the_kept_one_counts_and_not_what_is_sent(site, amd):
    """A certificate that is not looked at cannot do harm."""
    vek = amd.vcek()
    assert site.attest(vek).status == 200
    assert site.attest(vek, give={"vek": b"0" * 100}).status == 200


def test_the_same_chip_with_another_tcb_is_another_key(site, amd):
    old = amd.vcek()
    assert site.attest(old).status == 200
    missing(site.bare(amd.vcek(tcb=Tcb(snp=25), chip=old.chip)))


def test_a_restart_keeps_it(make_site, amd):
    site = make_site()
    vek = amd.vcek()
    assert site.attest(vek).status == 200
    assert site.post("crl", amd.crl()).status == 201
    assert site.broker.stop() == 0
    site.broker.start()
    assert site.figure("cached") == 0
    assert site.bare(vek, "strict").status == 200  # the list is there again too
    assert site.figure('lookups_total{from="ledger"}') == 1
    assert site.bare(vek).status == 200
    assert site.figure('lookups_total{from="ledger"}') == 1
    assert site.figure('lookups_total{from="memory"}') == 1


def test_an_expired_one_is_as_good_as_none(make_site, amd):
    """AMD issues the same key again with other dates."""
    site = make_site()
    vek = amd.vcek(until=utc(4))
    assert site.attest(vek).status == 200
    time.sleep(5)
    missing(site.bare(vek))
    again = amd.vcek(chip=vek.chip, private=vek.private)
    assert site.attest(again).status == 200
    assert site.bare(again).status == 200


def test_a_small_memory_falls_back_on_the_ledger(make_site, amd):
    site = make_site(cached_max=2)
    veks = [amd.vcek() for _ in range(4)]
    assert [site.attest(v).status for v in veks] == [200] * 4
    assert site.figure("cached") == 2
    assert [site.bare(v).status for v in veks] == [200] * 4
    assert site.figure("cached") == 2
    assert site.figure('lookups_total{from="ledger"}') >= 2


def test_a_full_ledger_is_named_and_does_not_stop_guests(make_site, amd):
    site = make_site(rows_max=2)
    veks = [amd.vcek() for _ in range(3)]
    assert [site.attest(v).status for v in veks] == [200] * 3
    assert len(site.listed()) == 2
    assert "collateral.rows_max" in site.log("collateral.unkept")[0]
    reply = site.post("vek", amd.vcek().der)
    assert (reply.status, reply.code) == (429, "busy"), reply
    assert "collateral.rows_max" in reply.json["detail"]


# Brought by an operator


@pytest.mark.parametrize("form", [lambda d: d, pem])
def test_an_imported_certificate_serves(site, amd, form):
    vek = amd.vcek()
    reply = site.post("vek", form(vek.der))
    assert reply.status == 201, reply
    assert reply.json["product"] == "Milan" and reply.json["source"] == "import" and reply.json["chip"] == vek.chip.hex()
    assert reply.json["tcb"] == "000a0118d9"  # fmc, bootloader, tee, snp, microcode
    assert site.bare(vek).status == 200


def test_an_import_is_on_record(site, amd):
    vek = amd.vcek()
    assert site.post("vek", vek.der).status == 201
    with open(os.path.join(site.broker.data_dir, "audit", "log"), "rb") as f:
        assert f"collateral/amd/vek/Milan/{vek.chip.hex()}".encode() in f.read()


def refused(reply, status, code, words):
    assert (reply.status, reply.code) == (status, code), reply
    assert words in reply.json["detail"], reply


@pytest.mark.parametrize(
    "make,status,code,words",
    [
        (lambda a: b"0", 400, "collateral_malformed", ""),
        (lambda a: b"junk", 400, "collateral_malformed", ""),
        (lambda a: a.vcek().der + b"\0", 400, "collateral_malformed", ""),
        (lambda a: a.vcek(signer=rsa_key("stranger-ca", 4096)).der, 403, "collateral_refused", "chain.signature"),
        (lambda a: a.vlek().der, 403, "collateral_refused", "VLEK"),
        (lambda a: a.vcek(until=utc(-5)).der, 403, "collateral_refused", "not in its time"),
        (lambda a: a.vcek(since=utc(500)).der, 403, "collateral_refused", "not in its time"),
        (lambda a: AmdWorld("Genoa").vcek().der, 403, "collateral_refused", "Genoa"),
        (lambda a: a.ask, 403, "collateral_refused", ""),
    ],
)
def test_certificates_that_are_refused(site, amd, make, status, code, words):
    refused(site.post("vek", make(amd)), status, code, words)


@pytest.mark.parametrize(
    "make,status,code,words",
    [
        (lambda a: b"junk", 400, "collateral_malformed", ""),
        (lambda a: a.crl() + b"\0", 400, "collateral_malformed", ""),
        (lambda a: a.crl(signer=rsa_key("stranger-ca", 4096)), 403, "collateral_refused", "signature"),
        (lambda a: a.crl(until=utc(-5)), 403, "collateral_refused", "nextUpdate"),
        (lambda a: a.crl(until=None), 400, "collateral_malformed", "nextUpdate"),
        (lambda a: AmdWorld("Genoa").crl(), 403, "collateral_refused", "ARK-Genoa"),
        (lambda a: a.vcek().der, 400, "collateral_malformed", ""),
    ],
)
def test_lists_that_are_refused(site, amd, make, status, code, words):
    refused(site.post("crl", make(amd)), status, code, words)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"kind": "vek"},
        {"kind": "vek", "crl": "AAAA"},
        {"kind": "crl", "certificate": "AAAA"},
        {"kind": "vek", "certificate": "AAAA", "crl": "AAAA"},
        {"kind": "root", "certificate": "AAAA"},
        {"kind": "vek", "certificate": "A=="},
        {"kind": "vek", "certificate": "AAAA", "more": 1},
        {"kind": "vek", "certificate": "A" * 12000},
    ],
)
def test_bodies_that_are_none(site, body):
    reply = site.admin.post("collateral", body, "alice")
    assert reply.status in (400, 413) and reply.code == "malformed", reply


@pytest.mark.parametrize("who", ["bob", "carol", "files"])
def test_who_may_not_import(site, amd, who):
    reply = site.post("vek", amd.vcek().der, who)
    assert (reply.status, reply.code) == (403, "role_missing"), reply


def test_the_list_goes_on(make_site, amd):
    site = make_site()
    for _ in range(3):
        assert site.post("vek", amd.vcek().der).status == 201
    page = site.admin.get("collateral").json
    assert len(page["collateral"]) == 3 and page["next"] is None
    assert len(site.admin.get("collateral?after=1").json["collateral"]) == 2
    assert site.admin.get("collateral?after=x").status == 400


def cli(site, *words):
    identity = site.broker.people["alice"]
    argv = [os.path.join(BUILD, "countersign"), "admin", "collateral", *words, "--ca", site.broker.pki.server_ca.cert_file]
    argv += ["--server", f"https://127.0.0.1:{site.broker.ports['admin']}", "--cert", identity.cert_file, "--key", identity.key_file]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60 * SLOW, check=False)


def test_a_folder_is_imported_and_each_refusal_named(site, amd, turin, tmp_path):
    veks = [amd.vcek(), turin.vcek()]
    files = {"a.der": veks[0].der, "b.pem": pem(veks[1].der), "c.crl": turin.crl(), "d.txt": b"hello", "e.der": amd.vlek().der}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "folder").mkdir()
    done = cli(site, "import", str(tmp_path))
    assert done.returncode == 1, done
    assert "3 taken, 2 refused" in done.stdout
    assert re.search(r"refused +\S+/d.txt: neither a certificate nor a revocation list", done.stdout), done.stdout
    assert re.search(r"refused +\S+/e.der: .*VLEK", done.stdout), done.stdout
    assert [site.bare(v).status for v in veks] == [200, 200]
    done = cli(site, "list")
    assert done.returncode == 0 and veks[0].chip.hex()[:16] in done.stdout and re.search(r"crl +Turin", done.stdout), done


def test_files_are_imported(site, amd, tmp_path):
    veks = [amd.vcek(), amd.vcek()]
    names = []
    for n, vek in enumerate(veks):
        names.append(str(tmp_path / f"{n}.der"))
        with open(names[-1], "wb") as f:
            f.write(vek.der)
    done = cli(site, "import", *names)
    assert done.returncode == 0 and "2 taken, 0 refused" in done.stdout, done
    assert cli(site, "import", str(tmp_path / "none")).returncode == 64


# Revocation lists


def test_a_list_that_is_required_and_not_there(make_site, amd):
    site = make_site()
    reply = site.attest(amd.vcek(), "strict")
    assert (reply.status, reply.code, reply.json["failed"]) == (503, "evidence_unable", ["crl.missing"]), reply
    assert site.post("crl", amd.crl()).status == 201
    assert site.attest(amd.vcek(), "strict").status == 200


def test_a_list_that_has_ended(make_site, amd):
    site = make_site()
    assert site.post("crl", amd.crl(until=utc(4))).status == 201
    reply = site.attest(amd.vcek(), "strict")
    assert reply.status == 200
    assert reply.json["lease"]["until"] <= time.time() + 5  # nothing outlives what it rests on
    time.sleep(5)
    reply = site.attest(amd.vcek(), "strict")
    assert (reply.status, reply.code, reply.json["failed"]) == (503, "evidence_unable", ["crl.stale"]), reply


def test_a_revoked_intermediate(make_site, amd):
    site = make_site()
    vek = amd.vcek()
    assert site.attest(vek).status == 200
    assert site.post("crl", amd.crl(revoked=[0x10001])).status == 201
    rejected(site.attest(vek), "crl.revoked")
    rejected(site.bare(vek), "crl.revoked")  # what is kept is judged anew
    findings = site.admin.get("verdicts/" + site.attest(vek).json["verdict"]).json["findings"]
    row = next(f for f in findings if f["id"] == "crl.revoked")
    assert "SEV-Milan" in row["seen"] + row["wanted"] or "10001" in row["seen"], row


def test_an_older_list_does_not_take_a_revocation_back(make_site, amd):
    site = make_site()
    assert site.post("crl", amd.crl(revoked=[0x10001], since=utc(-DAY.total_seconds()))).status == 201
    refused(site.post("crl", amd.crl(since=utc(-2 * DAY.total_seconds()))), 409, "collateral_older", "newer list of Milan")
    rejected(site.attest(amd.vcek()), "crl.revoked")
