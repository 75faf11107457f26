# SPDX-License-Identifier: Apache-2.0
"""Certificates and revocation lists of AMD, fetched from a stand-in of KDS: never while a guest waits, and within bounds."""
import concurrent.futures
import ssl
import time

import pytest
from harness.broker import SLOW
from harness.kds import Kds, vcek_path
from harness.site import amd, make_site, missing, rejected, roots, turin, utc
from harness.snp import AmdWorld, Tcb, rsa_key
from harness.snp_guest import SnpGuest
from harness.vendor import dribble, endless

FIXTURES = (amd, make_site, roots, turin)


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


def test_what_was_fetched_for_refused_evidence_is_not_kept(make_site, amd):
    """AMD certifies a chip at every TCB that it is asked for: that must not fill the ledger."""
    kds = Kds()
    site = make_site(kds)
    vek = amd.vcek()
    kds.add(vek)
    bad = {"measurement": bytes(48)}
    missing(site.bare(vek, report=bad))
    site.until(lambda: site.bare(vek, report=bad).status == 403)
    assert site.listed() == []
    assert site.bare(vek).status == 200
    assert [r["source"] for r in site.listed()] == ["fetch"]


def test_the_token_endpoint_says_when_to_come_back(make_site, amd):
    guest = SnpGuest(make_site(Kds()).broker, amd.vcek(), "snp", give={})
    reply = guest.evidence_grant()
    assert (reply.status, reply.code) == (503, "temporarily_unavailable"), reply
    assert reply.json["failed"] == ["vek.missing"] and int(reply.get("Retry-After")) >= 1
    guest.close()


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
