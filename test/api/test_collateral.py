# SPDX-License-Identifier: Apache-2.0
"""Certificates and revocation lists of AMD: brought by evidence, by an operator, or fetched from a stand-in of KDS, never while a guest waits."""
import concurrent.futures
import datetime
import os
import re
import ssl
import subprocess
import time

import pytest
from harness.admin import usual_policy
from harness.broker import BUILD, SLOW
from harness.jose import b64u
from harness.kds import Kds, vcek_path
from harness.snp import DAY, AmdWorld, Tcb, pem, rsa_key
from harness.snp_guest import GOLDEN, SnpGuest, snp_set


def utc(seconds=0):
    return datetime.datetime.utcnow().replace(microsecond=0) + datetime.timedelta(seconds=seconds)


@pytest.fixture(scope="session")
def amd():
    return AmdWorld("Milan")


@pytest.fixture(scope="session")
def turin():
    return AmdWorld("Turin")


@pytest.fixture(scope="session")
def roots(amd, turin, tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("roots"))
    amd.write_roots(folder)
    turin.write_roots(folder)
    return folder


class Site:
    """A broker with SNP policies, its people, and perhaps a KDS.  Policies: "snp" (Milan, Turin), "strict" (CRL required)."""

    def __init__(self, broker, admin, kds):
        self.broker, self.admin, self.kds = broker, admin, kds
        admin.register("reference-set", snp_set("image", GOLDEN))
        row = {"type": "sev-snp", "product": ["Milan", "Turin"], "reference_set": "image"}
        admin.register("policy", usual_policy("snp", "none", accept=[[row]]))
        admin.register("policy", usual_policy("milan", "none", accept=[[dict(row, product=["Milan"])]]))
        admin.register("policy", usual_policy("strict", "none", accept=[[dict(row, crl="require")]]))

    def attest(self, vek, policy="snp", **more):
        guest = SnpGuest(self.broker, vek, policy, **more)
        try:
            return guest.post_attest()
        finally:
            guest.close()

    def bare(self, vek, policy="snp", **more):
        """Without a certificate."""
        return self.attest(vek, policy, give={}, **more)

    def until(self, accepts, seconds=10):
        """Ask again and again until accepts(reply)."""
        end = time.monotonic() + seconds * SLOW
        while True:
            reply = accepts()
            if reply:
                return reply
            assert time.monotonic() < end, "never came"
            time.sleep(0.1)

    def until_accepted(self, vek, policy="snp", seconds=10):
        def once():
            reply = self.bare(vek, policy)
            assert reply.status in (200, 503), reply
            return reply if reply.status == 200 else None

        return self.until(once, seconds)

    def figure(self, name):
        """One line of /metrics."""
        text = self.broker.local().send("GET", "/metrics").body.decode()
        return int(re.search(rf"^countersign_collateral_{re.escape(name)} (\d+)$", text, re.M)[1])

    def until_figure(self, name, at_least, seconds=10):
        return self.until(lambda: self.figure(name) >= at_least, seconds)

    def post(self, kind, data, who="alice"):
        member = "certificate" if kind == "vek" else "crl"
        return self.admin.post("collateral", {"kind": kind, member: b64u(data)}, who)

    def listed(self):
        return self.admin.get("collateral").json["collateral"]

    def log(self, event="collateral.fetch"):
        return [line for line in self.broker.log().splitlines() if f"event={event} " in line]


@pytest.fixture(scope="module")
def make_site(make_broker, populate, roots):
    closing = []

    def make(kds=None, **collateral):
        amd = collateral.pop("amd", {})
        if kds is not None:
            closing.append(kds)
            amd = {"url": kds.url, "timeout_s": 2, "negative_s": 2, **amd}
        broker = make_broker({"roots": roots, "collateral": {**collateral, **({"amd": amd} if amd else {})}})
        site = Site(broker, populate(broker), kds)
        closing.append(site.admin)
        return site

    yield make
    for one in closing:
        one.close()


@pytest.fixture(scope="module")
def site(make_site):
    """Without a KDS."""
    return make_site()


def missing(reply, least_s=1):
    assert (reply.status, reply.code) == (503, "evidence_unable"), reply
    assert reply.json["failed"] == ["vek.missing"], reply
    assert int(reply.get("Retry-After")) >= least_s, reply.get("Retry-After")


def rejected(reply, *checks):
    assert (reply.status, reply.code) == (403, "evidence_rejected"), reply
    assert reply.json["failed"] == list(checks), reply


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
    assert done.returncode == 0 and veks[0].chip.hex()[:16] in done.stdout and "crl  Turin" in done.stdout, done


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


# Fetched


def test_fetched_behind_and_not_while_a_guest_waits(make_site, amd):
    kds = Kds()
    site = make_site(kds)
    vek = amd.vcek()
    kds.add(vek)
    kds.delay_s = 1
    began = time.monotonic()
    missing(site.bare(vek))
    assert time.monotonic() - began < 0.9 * SLOW
    site.until_accepted(vek)
    assert kds.asked() == [vcek_path(vek)]
    assert site.bare(vek).status == 200
    assert kds.asked() == [vcek_path(vek)]
    assert next(r for r in site.listed() if r.get("chip") == vek.chip.hex())["source"] == "fetch"
    assert site.broker.stop() == 0  # and it is there after a restart
    site.broker.start()
    assert site.bare(vek).status == 200
    assert kds.asked() == [vcek_path(vek)]


def test_the_urls_of_turin(make_site, turin):
    kds = Kds()
    site = make_site(kds)
    vek = turin.vcek(tcb=Tcb(fmc=2, bootloader=3, tee=1, snp=4, microcode=130))
    kds.add(vek)
    missing(site.bare(vek))
    site.until_accepted(vek)
    assert kds.asked() == [f"/vcek/v1/Turin/{vek.chip.hex()}?fmcSPL=02&blSPL=03&teeSPL=01&snpSPL=04&ucodeSPL=130"]


def test_a_hundred_guests_of_one_chip_are_one_request(make_site, amd):
    kds = Kds()
    site = make_site(kds)
    vek = amd.vcek()
    kds.add(vek)
    kds.delay_s = 1.5
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        replies = list(pool.map(lambda _: site.bare(vek), range(100)))
    assert {r.status for r in replies} <= {200, 503}
    site.until_accepted(vek)
    assert kds.asked() == [vcek_path(vek)]


def test_slow_down_is_obeyed_for_all(make_site, amd):
    kds = Kds()
    site = make_site(kds)
    veks = [amd.vcek(), amd.vcek()]
    for vek in veks:
        kds.add(vek)
    kds.answer("/vcek/v1/Milan/", (429, {"Retry-After": "3"}, b""), (200, {}, veks[0].der))
    missing(site.bare(veks[0]))
    site.until_figure('answers_total{result="throttled"}', 1)
    told = time.monotonic()
    missing(site.bare(veks[0]), least_s=3)
    kds.rules.clear()
    missing(site.bare(veks[1]), least_s=3)
    time.sleep(max(0, told + 2.5 - time.monotonic()))
    assert len(kds.asked()) == 1
    for vek in veks:
        site.until_accepted(vek)
    assert len(kds.asked()) == 3
    assert kds.times_of()[1] - told >= 2.5


def test_a_no_is_remembered_for_a_while(make_site, amd):
    kds = Kds()
    site = make_site(kds)
    vek = amd.vcek()
    missing(site.bare(vek))
    site.until_figure('answers_total{result="absent"}', 1 + 2)  # with the lists of both products
    for _ in range(5):
        missing(site.bare(vek), least_s=2)
    assert len(kds.asked()) == 1
    kds.add(vek)
    site.until_accepted(vek)
    assert len(kds.asked()) == 2


def test_a_failure_is_tried_again(make_site, amd):
    kds = Kds()
    site = make_site(kds)
    vek = amd.vcek()
    kds.add(vek)
    kds.answer("/vcek/v1/Milan/", (503, {}, b""), (500, {}, b""), (200, {}, vek.der))
    missing(site.bare(vek))
    site.until_accepted(vek, seconds=15)
    assert len(kds.asked()) == 3
    first, second, third = kds.times_of()
    assert second - first >= 0.7 and third - second >= 1.4  # later and later


@pytest.mark.parametrize("which", ["other-chip", "other-tcb", "vlek", "stranger", "junk", "empty", "expired"])
def test_a_wrong_certificate_is_not_believed(make_site, amd, which):
    kds = Kds()
    site = make_site(kds)
    vek = amd.vcek()
    wrong = {
        "other-chip": lambda: amd.vcek().der,
        "other-tcb": lambda: amd.vcek(tcb=Tcb(snp=127), chip=vek.chip, private=vek.private).der,
        "vlek": lambda: amd.vlek().der,
        "stranger": lambda: amd.vcek(chip=vek.chip, signer=rsa_key("stranger-ca", 4096)).der,
        "junk": lambda: b"<html>hello</html>",
        "empty": lambda: b"",
        "expired": lambda: amd.vcek(chip=vek.chip, private=vek.private, until=utc(-5)).der,
    }[which]()
    kds.add(vek, wrong)
    missing(site.bare(vek))
    site.until_figure('answers_total{result="wrong"}', 1)
    missing(site.bare(vek))
    assert len(kds.asked()) == 1
    assert not [r for r in site.listed() if r["kind"] == "vek"]
    line = next(line for line in site.log() if "kind=vek" in line)
    assert "result=wrong" in line and "reason=" in line
    assert vek.chip.hex()[:8] not in site.broker.log()  # no evidence in the log


def fast_guests(site, amd, n=5):
    """Others with a certificate of their own are served meanwhile."""
    for _ in range(n):
        vek = amd.vcek()
        guest = SnpGuest(site.broker, vek, "snp")
        body = guest.attest_body()
        began = time.monotonic()
        assert guest.post_attest(body).status == 200
        assert time.monotonic() - began < 1 * SLOW
        guest.close()


def dribble(file):
    for _ in range(200):
        file.write(b"0")
        time.sleep(0.2)


def endless(file):
    for _ in range(1 << 14):
        file.write(b"0" * (1 << 14))


def test_a_server_that_dribbles(make_site, amd):
    kds = Kds()
    site = make_site(kds)
    vek = amd.vcek()
    kds.answer("/vcek/v1/Milan/", (200, {}, dribble), (200, {}, vek.der))
    missing(site.bare(vek))
    began = time.monotonic()
    fast_guests(site, amd)
    site.until_figure('answers_total{result="failed"}', 1)
    assert time.monotonic() - began < 5 * SLOW  # the deadline, not the server, ends it
    site.until_accepted(vek)


def test_a_body_without_end(make_site, amd):
    kds = Kds()
    site = make_site(kds)
    vek = amd.vcek()
    kds.answer("/vcek/v1/Milan/", (200, {}, endless))
    missing(site.bare(vek))
    fast_guests(site, amd)
    site.until_figure('answers_total{result="wrong"}', 1)
    assert "larger than 8192 bytes" in next(line for line in site.log() if "kind=vek" in line)


def test_a_redirect_is_not_followed(make_site, amd):
    kds, other = Kds(), Kds()
    site = make_site(kds)
    vek = amd.vcek()
    other.add(vek)
    kds.answer("/vcek/v1/Milan/", (302, {"Location": other.url + vcek_path(vek)}, b""))
    missing(site.bare(vek))
    site.until_figure('answers_total{result="failed"}', 1)
    assert other.paths == []
    other.close()


def test_invented_chips_are_bounded(make_site, amd):
    kds = Kds()
    site = make_site(kds, amd={"chips_per_minute": 4})
    for _ in range(20):
        missing(site.bare(amd.vcek()))
    site.until_figure("turned_away_total", 16)
    assert len(kds.asked()) <= 5  # a chip a quarter of a minute comes back
    missing(site.bare(amd.vcek()), least_s=30)
    fast_guests(site, amd, 2)


def test_a_full_queue_turns_away(make_site, amd):
    kds = Kds()
    site = make_site(kds, amd={"max_pending": 2, "timeout_s": 5})
    kds.delay_s = 3
    for _ in range(6):
        missing(site.bare(amd.vcek()))
    assert site.figure("pending") <= 2
    assert site.figure("turned_away_total") >= 3


def test_what_cannot_be_fetched_is_not_asked_for(make_site, amd, turin):
    """A masked chip id, a VLEK, a product that the policy does not name, or that nobody trusts, and evidence that is refused anyway."""
    kds = Kds()
    site = make_site(kds)
    missing(site.bare(amd.vcek(chip=bytes(64))))
    missing(site.bare(amd.vlek()))
    missing(site.bare(turin.vcek(), "milan"))
    missing(site.bare(AmdWorld("Genoa").vcek()))
    long_chip = site.bare(turin.vcek(), report={"chip_id": bytes([1] * 64)})
    missing(long_chip)
    assert site.bare(amd.vcek(), report={"policy": 1 << 40}).status == 403
    time.sleep(0.5)
    assert kds.asked() == []


def test_a_report_that_names_no_product(make_site, amd):
    """Version 2: fetched when the policy names one product, and then that one."""
    kds = Kds()
    site = make_site(kds)
    vek = amd.vcek()
    kds.add(vek)
    missing(site.bare(vek, "snp", report={"version": 2}))
    missing(site.bare(vek, "milan", report={"version": 2}))
    site.until(lambda: site.bare(vek, "milan", report={"version": 2}).status == 200)
    assert kds.asked() == [vcek_path(vek)]
    assert site.bare(vek, "snp", report={"version": 2}).status == 200


def test_a_list_is_fetched_at_the_start_and_ahead_of_its_end(make_site, amd):
    kds = Kds()
    kds.crls["Milan"] = amd.crl(since=utc(-10 * 86400), until=utc(86400))  # more than half of its life is over
    site = make_site(kds, amd={"crl_refresh_s": 1})
    vek = amd.vcek()
    site.until(lambda: site.attest(vek, "strict").status == 200)
    kds.crls["Milan"] = amd.crl(revoked=[0x10001], since=utc(-5))
    site.until(lambda: site.attest(vek, "strict").status == 403)
    rejected(site.attest(vek, "strict"), "crl.revoked")
    n = len(kds.asked("/vcek/v1/Milan/crl"))
    time.sleep(2.5)
    assert len(kds.asked("/vcek/v1/Milan/crl")) == n  # the new one is young


def test_the_list_that_is_there_serves_while_kds_does_not(make_site, amd):
    kds = Kds()
    kds.crls["Milan"] = amd.crl(since=utc(-10 * 86400), until=utc(86400))
    site = make_site(kds, amd={"crl_refresh_s": 1})
    vek = amd.vcek()
    site.until(lambda: site.attest(vek, "strict").status == 200)
    kds.answer("/vcek/v1/Milan/crl", (500, {}, b""))
    site.until_figure('answers_total{result="failed"}', 1)
    assert site.attest(vek, "strict").status == 200


@pytest.mark.parametrize("which", ["stranger", "other-product", "older", "ended", "junk"])
def test_a_wrong_list_is_not_believed(make_site, amd, turin, which):
    kds = Kds()
    kds.crls["Milan"] = {
        "stranger": lambda: amd.crl(signer=rsa_key("stranger-ca", 4096)),
        "other-product": turin.crl,
        "older": lambda: amd.crl(since=utc(-30 * 86400)),
        "ended": lambda: amd.crl(until=utc(-5)),
        "junk": lambda: b"junk",
    }[which]()
    site = make_site(kds, amd={"fetch": False})
    assert site.post("crl", amd.crl(since=utc(-400 * 86400), until=utc(3600))).status == 201
    if which == "older":
        assert site.post("crl", amd.crl(since=utc(-20 * 86400), until=utc(3600))).status == 201
    assert site.broker.stop() == 0
    site.broker.config["collateral"]["amd"]["fetch"] = True
    site.broker.write_config()
    site.broker.start()
    site.until_figure('answers_total{result="wrong"}', 1)
    assert "result=wrong" in next(line for line in site.log() if "kind=crl product=Milan" in line)
    reply = site.attest(amd.vcek(), "strict")
    assert reply.status == 200 and reply.json["lease"]["until"] <= time.time() + 3601  # by the list that was there


def test_https_with_a_ca_of_our_own(make_site, pki, amd, tmp_path):
    """The certificate of the vendor's server counts."""
    results = []
    for ca in (pki.server_ca, pki.client_ca):
        kds = Kds()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pki.server.cert_file, pki.server.key_file)
        kds.server.socket = context.wrap_socket(kds.server.socket, server_side=True)
        kds.url = kds.url.replace("http:", "https:")
        site = make_site(kds, amd={"ca_file": ca.cert_file})
        vek = amd.vcek()
        kds.add(vek)
        missing(site.bare(vek))
        site.until_figure("requests_total", 3)
        results.append((len(kds.asked()) > 0, bool([r for r in site.log() if "result=failed" in r])))
    assert results == [(True, False), (False, True)]
