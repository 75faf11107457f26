# SPDX-License-Identifier: Apache-2.0
"""Intel's collateral, fetched from a stand-in of PCS or of a PCCS: never while a guest waits, within bounds, and renewed ahead of its end."""
import concurrent.futures
import datetime
import ssl
import time

import pytest
from harness.broker import SLOW
from harness.jose import open_jws
from harness.pcs import PCCS_ROOT_CRL, PCK_CRL, QE, ROOT_CRL, TCB, Pcs, encoded
from harness.snp import pem
from harness.tdx import NEW, OLD, TDX_SVNS, IntelWorld, level, text_time
from harness.tdx_guest import TdxGuest
from harness.tdx_site import intel, make_site, missing, rejected, roots, unable
from harness.vendor import dribble, endless

FIXTURES = (intel, make_site, roots)
ALL = [TCB() + "&update=standard", QE + "?update=standard", PCK_CRL() + "&encoding=der", ROOT_CRL]
TCB_INFO, QE_IDENTITY = "/tdx/certification/v4/tcb", QE
OUTDATED = {"tcbLevels": [level((9,) * 16, 99, TDX_SVNS), level((0,) * 16, 0, (0,) * 16, "OutOfDate", OLD, ["INTEL-SA-00960"])]}


def days(n):
    return datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None, microsecond=0) + datetime.timedelta(days=n)


def window(since, until):
    """In days from now."""
    return {"issueDate": text_time(days(since)), "nextUpdate": text_time(days(until))}


@pytest.fixture
def machine(intel, fresh_name):
    return intel.machine(fresh_name("machine"))


def claims_of(reply):
    assert reply.status == 200, reply
    return open_jws(reply.json["ear"])[1]["submods"]["tdx"]["ear.veraison.annotated-evidence"]


# Fetched behind


def test_fetched_behind_and_not_while_a_guest_waits(make_site, intel, machine):
    pcs = Pcs(intel)
    pcs.add(machine)
    pcs.delay_s = 0.5
    site = make_site(pcs)
    began = time.monotonic()
    missing(site.attest(machine))
    assert time.monotonic() - began < 0.45 * SLOW
    site.until_accepted(machine)
    assert pcs.paths == ALL
    assert site.attest(machine).status == 200
    assert pcs.paths == ALL
    assert {(r["kind"], r["source"]) for r in site.listed()} == {
        (kind, "fetch") for kind in ("tcb_info", "qe_identity", "pck_crl", "root_crl")
    }
    assert site.broker.stop() == 0  # and it is there after a restart
    site.broker.start()
    assert site.attest(machine).status == 200
    assert pcs.paths == ALL


def test_a_known_platform_is_not_verified_again(make_site, intel, machine):
    pcs = Pcs(intel)
    pcs.add(machine)
    site = make_site(pcs)
    site.until_accepted(machine)
    before = site.platforms("quote")
    for _ in range(3):
        assert site.attest(machine).status == 200
    assert (site.platforms("memory"), site.platforms("quote")) == (3, before)
    assert site.attest(machine, quote={"auth": bytes(32)}).status == 200  # other certification data is another platform
    assert site.platforms("quote") == before + 1


def test_a_refused_platform_is_not_remembered(make_site, intel, machine):
    pcs = Pcs(intel)
    pcs.add(machine)
    site = make_site(pcs)
    site.until_accepted(intel.machine())
    for _ in range(2):
        rejected(site.attest(machine, quote={"mrtd": b"\1" * 48}), "reference_value")
    assert site.platforms("memory") == 0


def test_only_what_lacks_is_asked_for(make_site, intel, machine):
    pcs = Pcs(intel)
    site = make_site(pcs)
    pcs.add(machine)
    site.until_accepted(machine)
    other = intel.machine("other", fmspc="00806f050000", ca="processor")
    pcs.add(other)
    unable(site.attest(other), "root_crl.missing", "pck_crl.missing", "tcb_info.missing")
    site.until_accepted(other)
    assert pcs.paths == ALL + [TCB("00806f050000") + "&update=standard", PCK_CRL("processor") + "&encoding=der"]


def test_the_token_endpoint_says_when_to_come_back(make_site, intel, machine):
    guest = TdxGuest(make_site(Pcs(intel)).broker, machine, "tdx")
    reply = guest.evidence_grant()
    assert (reply.status, reply.code) == (503, "temporarily_unavailable"), reply
    assert "tcb_info.missing" in reply.json["failed"] and int(reply.get("Retry-After")) >= 1
    guest.close()


def test_fifty_guests_of_one_kind_are_one_request_each(make_site, intel):
    pcs = Pcs(intel)
    machines = [intel.machine(f"m{n}") for n in range(50)]
    pcs.add(machines[0])
    pcs.delay_s = 0.4
    site = make_site(pcs)
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        replies = list(pool.map(site.attest, machines))
    assert {r.status for r in replies} <= {200, 503}
    site.until_accepted(machines[0])
    assert pcs.paths == ALL
    assert site.attest(machines[7]).status == 200


def test_fmspcs_that_intel_has_not_certified_are_not_asked_for(make_site, intel, machine):
    """The certificates of an invented platform do not verify; nor is anything asked for evidence that is refused anyway."""
    pcs = Pcs(intel)
    site = make_site(pcs)
    stranger = IntelWorld().machine()
    assert site.attest(stranger).status == 403
    bent = site.attest(machine, quote={"qe_signer": stranger.pck})
    assert bent.status == 403 and "qe.signature" in bent.json["failed"], bent
    assert site.attest(machine, quote={"td_attributes": 1}).status == 403
    time.sleep(0.5)
    assert pcs.paths == []


def test_a_policy_without_tdx_asks_for_nothing(make_site, intel, machine):
    pcs = Pcs(intel)
    site = make_site(pcs)
    rejected(site.attest(machine, "worker"), "policy.evidence")
    time.sleep(0.3)
    assert pcs.paths == [] and site.platforms("quote") == 0


# Rudeness


def test_slow_down_is_obeyed_for_all(make_site, intel, machine):
    pcs = Pcs(intel)
    pcs.add(machine)
    pcs.answer(TCB_INFO, (429, {"Retry-After": "3"}, b""), pcs.served(TCB()))
    site = make_site(pcs)
    missing(site.attest(machine))
    site.until_figure('answers_total{result="throttled"}', 1)
    told = time.monotonic()
    missing(site.attest(machine), least_s=3)
    time.sleep(max(0, told + 2.5 - time.monotonic()))
    assert len(pcs.paths) == 1
    site.until_accepted(machine)
    assert len(pcs.paths) == 5 and pcs.times[1] - told >= 2.5


@pytest.mark.parametrize("status", [404, 410, 400])
def test_a_no_is_remembered_for_a_while(make_site, intel, machine, status):
    """404: no such FMSPC; 410: the evaluation data were withdrawn."""
    pcs = Pcs(intel)
    pcs.answer(TCB_INFO, (status, {}, b""))
    site = make_site(pcs)
    missing(site.attest(machine))
    site.until_figure('answers_total{result="kept"}', 3)
    for _ in range(3):
        unable(site.attest(machine), "tcb_info.missing", least_s=2)
    assert len(pcs.asked(TCB_INFO)) == 1
    assert f'result=absent reason="status {status}"' in next(line for line in site.log() if "kind=tcb_info" in line)
    pcs.rules.clear()
    pcs.add(machine)
    site.until_accepted(machine)
    assert len(pcs.asked(TCB_INFO)) == 2


def test_a_failure_is_tried_again(make_site, intel, machine):
    pcs = Pcs(intel)
    pcs.add(machine)
    pcs.answer(TCB_INFO, (503, {}, b""), (500, {}, b""), pcs.served(TCB()))
    site = make_site(pcs)
    missing(site.attest(machine))
    site.until_accepted(machine, seconds=15)
    first, second, third = pcs.times_of(TCB_INFO)
    assert second - first >= 0.7 and third - second >= 1.4  # later and later


def wrong_bodies(intel, machine):
    """What comes in place of a good reply: the path, and the header and the body of it."""
    other = IntelWorld()
    tcb, qe = intel.tcb_info(machine), intel.qe_identity()
    chain = intel.signing_chain()

    def document(path, name, value, signer=None, signed_as=None, chain=chain):
        return path, chain, intel.signed(name, value, signer) if signed_as is None else signed_as

    good = intel.signed("tcbInfo", tcb)
    return {
        "signature": document(TCB(), "tcbInfo", tcb, other.private("signing")),
        "by-the-root": document(TCB(), "tcbInfo", tcb, intel.private("root")),
        "changed": document(TCB(), "tcbInfo", tcb, signed_as=good.replace(b'"UpToDate"', b'"OutOfDate"')),
        "rewritten": document(TCB(), "tcbInfo", tcb, signed_as=good.replace(b'"version":3', b'"version": 3')),
        "twice": document(TCB(), "tcbInfo", tcb, signed_as=good.replace(b'{"tcbInfo":{', b'{"tcbInfo":{"id":"TDX",')),
        "other-world": (TCB(), other.signing_chain(), other.signed("tcbInfo", other.tcb_info(machine))),
        "chain-of-others": document(TCB(), "tcbInfo", tcb, chain=other.signing_chain()),
        "no-chain": document(TCB(), "tcbInfo", tcb, chain=b""),
        "one-certificate": document(TCB(), "tcbInfo", tcb, chain=chain[: chain.rindex(b"-----BEGIN")]),
        "other-fmspc": document(TCB(), "tcbInfo", {**tcb, "fmspc": "00806F050000"}),
        "sgx": document(TCB(), "tcbInfo", {**tcb, "id": "SGX"}),
        "version": document(TCB(), "tcbInfo", {**tcb, "version": 2}),
        "ended": document(TCB(), "tcbInfo", {**tcb, **window(-30, -1)}),
        "of-tomorrow": document(TCB(), "tcbInfo", {**tcb, **window(1, 30)}),
        "an-identity": (TCB(), chain, intel.signed("enclaveIdentity", qe)),
        "junk": (TCB(), chain, b"<html>hello</html>"),
        "empty": (TCB(), chain, b""),
        "signer-ended": (TCB(), intel.signing_chain(intel.ca("signing", until=days(-1))), good),
        "sgx-qe": document(QE, "enclaveIdentity", {**qe, "id": "QE"}),
        "qe-signature": document(QE, "enclaveIdentity", qe, other.private("signing")),
        "crl-signature": (PCK_CRL(), None, intel.crl("platform", signer=other.private("platform"))),
        "crl-of-the-other-ca": (PCK_CRL(), pem(intel.certificate["processor"]) + pem(intel.certificate["root"]), intel.crl("processor")),
        "crl-of-the-root": (PCK_CRL(), None, intel.crl("root")),
        "crl-ca-of-others": (PCK_CRL(), pem(other.certificate["platform"]) + pem(other.certificate["root"]), other.crl("platform")),
        "crl-ca-alone": (PCK_CRL(), pem(intel.certificate["platform"]), intel.crl("platform")),
        "crl-ended": (PCK_CRL(), None, intel.crl("platform", until=days(-1))),
        "crl-without-end": (PCK_CRL(), None, intel.crl("platform", until=None)),
        "root-signature": (ROOT_CRL, None, other.crl("root")),
        "root-of-a-ca": (ROOT_CRL, None, intel.crl("platform")),
    }


ROW_OF = {TCB(): "tcb_info", QE: "qe_identity", PCK_CRL(): "pck_crl", ROOT_CRL: "root_crl"}
REASONS = {
    "signature": "signature does not verify",
    "other-fmspc": "another FMSPC",
    "sgx": 'tcbInfo of "SGX',  # text_show() makes the quotes fit
    "ended": "nextUpdate",
    "of-tomorrow": "nextUpdate",
    "no-chain": "no header TCB-Info-Issuer-Chain",
    "one-certificate": "1 certificates, want 2",
    "crl-of-the-other-ca": "another FMSPC or CA",
    "crl-ca-of-others": "not the trusted one",
    "signer-ended": "certificate that signed it",
    "root-signature": "signed by somebody else",
}


@pytest.mark.parametrize("which", sorted(wrong_bodies(IntelWorld(), IntelWorld().machine())))
def test_a_wrong_reply_is_not_believed(make_site, intel, machine, which):
    pcs = Pcs(intel)
    pcs.add(machine)
    path, chain, body = wrong_bodies(intel, machine)[which]
    pcs.set(path, body, chain=chain)
    site = make_site(pcs)
    missing(site.attest(machine))
    site.until_figure('answers_total{result="kept"}', 3)
    site.until_figure('answers_total{result="wrong"}', 1)
    kind = ROW_OF[path]
    # Without the CA of a PCK CRL it cannot be told whose the root's CRL is.
    lacks = ["root_crl.missing", "pck_crl.missing"] if kind == "pck_crl" else [f"{kind}.missing"]
    unable(site.attest(machine), *lacks)
    assert kind not in {r["kind"] for r in site.listed()}
    line = next(line for line in site.log() if f"kind={kind} " in line)
    assert "result=wrong" in line and REASONS.get(which, "reason=").replace('"', "") in line.replace('"', ""), line


def test_a_chain_that_is_there_twice(make_site, intel, machine):
    pcs = Pcs(intel)
    pcs.add(machine)
    status, headers, body = pcs.served(TCB())
    pcs.answer(TCB_INFO, (status, {name: [value, value] for name, value in headers.items()}, body))
    site = make_site(pcs)
    missing(site.attest(machine))
    site.until_figure('answers_total{result="wrong"}', 1)
    assert "is there 2 times" in next(line for line in site.log() if "kind=tcb_info" in line)


@pytest.mark.parametrize(
    "value,words",
    [
        (lambda chain: encoded(chain)[:-1] + "%", "is no text"),
        (lambda chain: encoded(chain).replace("%0A", "%ZZ", 1), "is no text"),
        (lambda chain: encoded(chain).replace("%0A", "%00", 1), "is no text"),
        (lambda chain: "hello", "no PEM"),
        (lambda chain: encoded(chain) * 12, "more than"),
        (lambda chain: encoded(chain) * 40, "longer than"),
    ],
)
def test_a_chain_that_is_none(make_site, intel, machine, value, words):
    pcs = Pcs(intel)
    pcs.add(machine)
    status, headers, body = pcs.served(TCB())
    pcs.answer(TCB_INFO, (status, {name: value(intel.signing_chain()) for name in headers}, body))
    site = make_site(pcs)
    missing(site.attest(machine))
    site.until_figure('answers_total{result="wrong"}', 1)
    assert words in next(line for line in site.log() if "kind=tcb_info" in line)


@pytest.mark.parametrize("write", [str.lower, str.upper, lambda name: name])
def test_header_names_in_any_letter_case(make_site, intel, machine, write):
    pcs = Pcs(intel)
    pcs.names = write
    pcs.add(machine)
    make_site(pcs).until_accepted(machine)


@pytest.mark.parametrize("write", [bytes.lower, bytes.upper])
def test_an_fmspc_in_any_letter_case(make_site, intel, write):
    machine = intel.machine("abc", fmspc="00a0bcdef000")
    value = write(b"00a0bcdef000").decode()
    pcs = Pcs(intel)
    pcs.add(machine, fmspc=value)
    make_site(pcs).until_accepted(machine)


@pytest.mark.parametrize("form", ["der", "pem", "hex", "upper-hex"])
def test_crls_in_each_form(make_site, intel, machine, form):
    make = {
        "der": lambda der: der,
        "pem": lambda der: pem(der).replace(b"CERTIFICATE", b"X509 CRL"),
        "hex": lambda der: der.hex().encode(),
        "upper-hex": lambda der: der.hex().upper().encode() + b"\n",
    }[form]
    pcs = Pcs(intel)
    pcs.add(machine)
    for path, ca in ((PCK_CRL(), "platform"), (ROOT_CRL, "root")):
        pcs.set(path, make(intel.crl(ca)))
    make_site(pcs).until_accepted(machine)


def test_a_pccs(make_site, intel, machine):
    """Everything below one base, and CRLs in hex."""
    pcs = Pcs(intel, pccs=True)
    pcs.add(machine)
    make_site(pcs).until_accepted(machine)
    assert pcs.paths == ALL[:3] + [PCCS_ROOT_CRL]


def fast_guests(site, machine, n=5):
    """Others whose collateral is there are served meanwhile."""
    for _ in range(n):
        guest = TdxGuest(site.broker, machine, "tdx")
        body = guest.attest_body()
        began = time.monotonic()
        assert guest.post_attest(body).status == 200
        assert time.monotonic() - began < 1 * SLOW
        guest.close()


@pytest.mark.parametrize("body,word,reason", [(dribble, "failed", "Operation"), (endless, "wrong", "larger than 262144 bytes")])
def test_slow_and_huge_bodies(make_site, intel, machine, body, word, reason):
    pcs = Pcs(intel)
    pcs.add(machine)
    site = make_site(pcs)
    site.until_accepted(machine)
    other = intel.machine("slow", fmspc="00906ed50000")
    pcs.add(other)
    headers = pcs.served(TCB("00906ed50000"))[1]
    pcs.answer(TCB("00906ed50000"), (200, headers, body))
    unable(site.attest(other), "tcb_info.missing")
    began = time.monotonic()
    fast_guests(site, machine)
    site.until_figure(f'answers_total{{result="{word}"}}', 1)
    assert time.monotonic() - began < 6 * SLOW  # the deadline, not the server, ends it
    assert reason in next(line for line in site.log() if "product=00906ed50000" in line)
    pcs.rules.clear()
    site.until_accepted(other)


def test_a_crl_without_end(make_site, intel, machine):
    pcs = Pcs(intel)
    pcs.add(machine)
    pcs.answer("/sgx/", (200, pcs.served(PCK_CRL())[1], endless))
    site = make_site(pcs)
    missing(site.attest(machine))
    site.until_figure('answers_total{result="wrong"}', 1)
    assert "larger than 1048576 bytes" in next(line for line in site.log() if "kind=pck_crl" in line)


def test_a_redirect_is_not_followed(make_site, intel, machine):
    pcs, other = Pcs(intel), Pcs(intel)
    other.add(machine)
    pcs.answer(TCB_INFO, (302, {"Location": other.url + TCB() + "&update=standard"}, b""))
    site = make_site(pcs)
    missing(site.attest(machine))
    site.until_figure('answers_total{result="failed"}', 1)
    assert other.paths == []
    other.close()


def test_new_fmspcs_are_bounded(make_site, intel):
    """Four requests a minute: a platform needs four."""
    pcs = Pcs(intel)
    site = make_site(pcs, intel_conf={"new_per_minute": 4})
    for n in range(6):
        assert site.attest(intel.machine(f"b{n}", fmspc=f"00000000000{n}")).status == 503
    site.until_figure("turned_away_total", 4)
    assert len(pcs.paths) <= 5


def test_a_full_queue_turns_away(make_site, intel):
    pcs = Pcs(intel)
    pcs.delay_s = 1.5
    site = make_site(pcs, intel_conf={"max_pending": 3, "timeout_s": 5})
    for n in range(3):
        reply = site.attest(intel.machine(f"q{n}", fmspc=f"00000000000{n}"))
        missing(reply)
    assert site.figure("pending") <= 3
    assert site.figure("turned_away_total") >= 5


def test_https_with_a_ca_of_our_own(make_site, pki, intel, machine):
    """The certificate of the vendor's server counts."""
    results = []
    for ca in (pki.server_ca, pki.client_ca):
        pcs = Pcs(intel, pccs=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pki.server.cert_file, pki.server.key_file)
        pcs.server.socket = context.wrap_socket(pcs.server.socket, server_side=True)
        pcs.url = pcs.url.replace("http:", "https:")
        pcs.add(machine)
        site = make_site(pcs, intel_conf={"ca_file": ca.cert_file})
        missing(site.attest(machine))
        site.until_figure("requests_total", 4)
        results.append((len(pcs.paths) > 0, bool([r for r in site.log() if "result=failed" in r])))
    assert results == [(True, False), (False, True)]


# Renewed ahead


def old_and_good(pcs, intel, machine):
    """More than half of its life is over."""
    life = window(-20, 10)
    pcs.add(machine, **life)
    pcs.set(QE, intel.signed("enclaveIdentity", intel.qe_identity(**life)))
    pcs.set(PCK_CRL(), intel.crl("platform", since=days(-20), until=days(10)))
    pcs.set(ROOT_CRL, intel.crl("root", since=days(-300), until=days(60)))


def test_all_is_renewed_at_half_of_its_life(make_site, intel, machine):
    pcs = Pcs(intel)
    old_and_good(pcs, intel, machine)
    site = make_site(pcs, intel_conf={"refresh_s": 1})
    site.until_accepted(machine)
    life = window(0, 30)
    pcs.add(machine, **life, **OUTDATED)
    pcs.set(QE, intel.signed("enclaveIdentity", intel.qe_identity(**life)))
    pcs.set(PCK_CRL(), intel.crl("platform", since=days(0)))
    pcs.set(ROOT_CRL, intel.crl("root", since=days(0)))
    site.until(lambda: site.attest(machine).status == 403)  # without a guest that lacks anything
    rejected(site.attest(machine), "tcb.status")
    time.sleep(2)
    n = len(pcs.paths)
    time.sleep(2.5)
    assert len(pcs.paths) == n  # what is there now is young
    assert {p.partition("?")[0] for p in pcs.paths[4:]} == {p.partition("?")[0] for p in ALL}


def test_a_revocation_comes_with_the_next_crl(make_site, intel):
    machine = intel.machine("to be revoked")
    pcs = Pcs(intel)
    old_and_good(pcs, intel, machine)
    site = make_site(pcs, intel_conf={"refresh_s": 1})
    site.until_accepted(machine)
    assert site.attest(machine).status == 200 and site.platforms("memory") >= 1
    pcs.set(PCK_CRL(), intel.crl("platform", [machine.serial], since=days(0)))
    site.until(lambda: site.attest(machine).status == 403)
    rejected(site.attest(machine), "pck.revoked")  # though the platform is known
    assert site.attest(intel.machine("another")).status == 200


def test_what_is_there_serves_while_intel_does_not(make_site, intel, machine):
    pcs = Pcs(intel)
    old_and_good(pcs, intel, machine)
    site = make_site(pcs, intel_conf={"refresh_s": 1})
    site.until_accepted(machine)
    pcs.answer("/", (500, {}, b""))
    site.until_figure('answers_total{result="failed"}', 2)
    assert site.attest(machine).status == 200


def test_nothing_serves_beyond_its_end(make_site, intel, machine):
    pcs = Pcs(intel)
    pcs.add(machine, issueDate=text_time(days(-20)), nextUpdate=text_time(days(0) + datetime.timedelta(seconds=4)))
    site = make_site(pcs, intel_conf={"refresh_s": 1})
    site.until_accepted(machine)
    lease = site.attest(machine).json["lease"]["until"]
    assert lease <= time.time() + 5  # nothing outlives what it rests on
    pcs.answer(TCB_INFO, (500, {}, b""))
    time.sleep(5)
    unable(site.attest(machine), "tcb_info.expired")
    reply = site.attest(machine, "grace")  # unless the policy says so, and then the result says it too
    assert claims_of(reply)["stale_by_grace"] is True
    assert reply.json["lease"]["until"] <= lease + 3600
    pcs.rules.clear()
    pcs.add(machine)
    site.until_accepted(machine)
    assert claims_of(site.attest(machine, "grace"))["stale_by_grace"] is False


def test_an_older_document_does_not_replace_a_newer_one(make_site, intel, machine):
    """Signed later, but with a lower evaluation number: it would take a TCB recovery back."""
    pcs = Pcs(intel)
    life = window(-20, 10)
    pcs.add(machine, **life, **OUTDATED, tcbEvaluationDataNumber=18)
    site = make_site(pcs, intel_conf={"refresh_s": 1})
    site.until(lambda: site.attest(machine).json["failed"] == ["tcb.status"])
    pcs.add(machine, **window(-1, 29), tcbEvaluationDataNumber=17)
    site.until_figure('answers_total{result="wrong"}', 1)
    assert "evaluation 18" in next(line for line in site.log() if "result=wrong" in line)
    rejected(site.attest(machine), "tcb.status")


# Two tracks


def test_both_tracks(make_site, intel, machine):
    """The early one is told and decides nothing."""
    pcs = Pcs(intel)
    pcs.add(machine)
    pcs.add_early(machine, {**OUTDATED, "tcbEvaluationDataNumber": 18})
    site = make_site(pcs, intel_conf={"update": "both"})
    missing(site.attest(machine))
    site.until_accepted(machine)
    site.until(lambda: claims_of(site.attest(machine))["early"])
    claims = claims_of(site.attest(machine))
    assert (claims["tcb"]["status"], claims["tcb"]["tcb_eval"]) == ("UpToDate", 17)
    early = claims["early"]
    assert (early["status"], early["tcb_eval"], early["advisories"]) == ("OutOfDate", 18, ["INTEL-SA-00960"])
    assert sorted(pcs.paths) == sorted(ALL + [TCB() + "&update=early", QE + "?update=early"])
    tracks = {(r["kind"], r.get("track")) for r in site.listed()}
    assert {("tcb_info", "standard"), ("tcb_info", "early"), ("qe_identity", "early"), ("pck_crl", None)} <= tracks


def test_no_early_track_hinders_nobody(make_site, intel, machine):
    pcs = Pcs(intel)
    pcs.add(machine)
    site = make_site(pcs, intel_conf={"update": "both"})
    site.until_accepted(machine)
    assert claims_of(site.attest(machine))["early"] is None


def test_the_early_track_alone_decides(make_site, intel, machine):
    pcs = Pcs(intel)
    pcs.add(machine)
    pcs.add_early(machine, OUTDATED)
    site = make_site(pcs, intel_conf={"update": "early"})
    missing(site.attest(machine))
    site.until(lambda: site.attest(machine).json["failed"] == ["tcb.status"])
    rejected(site.attest(machine), "tcb.status")
    claims = claims_of(site.attest(machine, "outdated"))
    assert claims["tcb"]["status"] == "OutOfDate" and claims["early"] is None
    assert all("standard" not in path for path in pcs.paths)


def test_levels_of_the_new_document_are_explained(make_site, intel, machine):
    pcs = Pcs(intel)
    low = list(machine.components)
    low[7] += 2
    pcs.add(machine, tcbLevels=[level(tuple(low), 11, TDX_SVNS, date=NEW), level((0,) * 16, 0, (0,) * 16, "OutOfDate", OLD)])
    site = make_site(pcs)
    site.until(lambda: site.attest(machine).json["failed"] == ["tcb.status"])
    verdict = rejected(site.attest(machine), "tcb.status")
    row = next(f for f in site.admin.get("verdicts/" + verdict).json["findings"] if f["id"] == "tcb.status")
    assert "OutOfDate" in row["seen"] and "SEAMLDR ACM" in row["seen"] + row["wanted"], row
