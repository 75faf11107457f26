# SPDX-License-Identifier: Apache-2.0
"""TDX evidence over HTTPS: what is accepted, and each refusal by its check (docs/API.md; attest/tdx/tdx.h has the ids)."""
import time

import pytest
from harness import ccel
from harness.admin import usual_policy
from harness.jose import Key, open_jws
from harness.snp import DAY
from harness.tdx import IntelWorld
from harness.tdx_guest import GOLDEN, TdxGuest, tdx_fields, tdx_set
from harness.tdx_site import intel, make_site, rejected, roots, unable
from harness.tpm import SoftTpm

FIXTURES = (intel, make_site, roots)
OTHER = bytes(range(1, 49))


@pytest.fixture(scope="module")
def site(make_site, intel):
    """Its operator has brought what machines of the usual FMSPC are judged by."""
    site = make_site()
    site.bring(intel.machine())
    return site


def tdx_row(**members):
    return {"type": "tdx", "reference_set": "image", **members}


@pytest.fixture(scope="module")
def policy_of(site, fresh_name):
    """policy_of(row, ...) registers a policy of one alternative and returns its id."""

    def make(*rows, **changes):
        policy_id = fresh_name("tdx")
        site.admin.register("policy", usual_policy(policy_id, "none", accept=[list(rows)], **changes))
        return policy_id

    return make


@pytest.fixture
def guest_of(site, intel, fresh_name):
    """guest_of(policy, machine=..., ...): a guest on a machine of its own."""
    guests = []

    def make(policy="tdx", machine=None, **more):
        guests.append(TdxGuest(site.broker, machine or intel.machine(fresh_name("machine")), policy, **more))
        return guests[-1]

    yield make
    for guest in guests:
        guest.close()


def accepted(reply):
    assert reply.status == 200, reply
    return open_jws(reply.json["ear"])[1]


def claims_of(reply):
    return accepted(reply)["submods"]["tdx"]["ear.veraison.annotated-evidence"]


# Accepted


@pytest.mark.parametrize("version,body", [(4, 2), (5, 3)])
def test_each_version_is_accepted(guest_of, version, body):
    claims = claims_of(guest_of(quote={"version": version}).post_attest())
    assert (claims["version"], claims["body_type"]) == (version, body)


def test_the_claims_of_a_quote(guest_of, intel):
    machine = intel.machine("claims")
    ear = accepted(guest_of(machine=machine, quote={"mrconfigid": b"\7" * 48}).post_attest())
    part = ear["submods"]["tdx"]
    assert part["ear.status"] == "affirming"
    assert part["ear.trustworthiness-vector"] == {"instance-identity": 2, "executables": 2, "hardware": 2, "runtime-opaque": 2}
    claims = part["ear.veraison.annotated-evidence"]
    assert claims["mrtd"] == GOLDEN.hex() and claims["mrconfigid"] == "07" * 48
    assert claims["fmspc"] == machine.fmspc.hex() and claims["ppid"] == machine.ppid.hex()
    assert claims["td_attributes"]["bits"] == ["sept_ve_disable"]
    assert claims["tcb"]["status"] == "UpToDate" and claims["tcb"]["tcb_eval"] == 17
    assert claims["rtmr3_checked"] == "unchecked" and claims["early"] is None
    assert claims["stale_by_grace"] is False and len(claims["collateral_digest"]) == 64
    assert "missed" not in claims["tcb"] and "reference_value" not in claims


def test_bytes_behind_the_signature_count_for_nothing(guest_of):
    claims_of(guest_of(quote={"tail": bytes(3065)}).post_attest())
    claims_of(guest_of(quote={"tail": b"\xff" * 39}).post_attest())


def test_the_evidence_grant(guest_of):
    reply = guest_of().evidence_grant()
    assert reply.status == 200, reply
    assert reply.json["sandbox"].startswith("sb-") and reply.json["token_type"] == "DPoP"


def test_a_lease_ends_with_what_it_rests_on(make_site, intel):
    site = make_site()
    site.bring(intel.machine(), qe={"nextUpdate": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 300))})
    assert site.attest(intel.machine()).json["lease"]["until"] <= time.time() + 301


# The key and the challenge


def test_evidence_for_another_key(guest_of):
    guest = guest_of()
    challenge = guest.challenge()
    rejected(guest.post_attest(guest.attest_body(challenge, guest.tdx_piece(challenge, key=Key()))), "report_data")


def test_evidence_for_another_challenge(guest_of):
    guest = guest_of()
    old = guest.tdx_piece(guest.challenge())
    rejected(guest.post_attest(guest.attest_body(evidence=old)), "report_data")


@pytest.mark.parametrize("kind", [b"tpm2", b"azure-tdx", b"sev-snp", b""])
def test_evidence_made_for_another_type(guest_of, kind):
    guest = guest_of()
    challenge = guest.challenge()
    rejected(guest.post_attest(guest.attest_body(challenge, guest.tdx_piece(challenge, kind=kind))), "report_data")


def test_the_rest_of_report_data_counts(guest_of):
    guest = guest_of()
    challenge = guest.challenge()
    bent = guest.tdx_piece(challenge, tail=bytes(31) + b"\x01")
    rejected(guest.post_attest(guest.attest_body(challenge, bent)), "report_data")


def test_a_collector_without_a_nonce(guest_of):
    rejected(guest_of(quote={"report_data": bytes(64)}).post_attest(), "report_data")


def test_a_replayed_challenge(guest_of):
    guest = guest_of()
    challenge = guest.challenge()
    body = guest.attest_body(challenge)
    assert guest.post_attest(body).status == 200
    again = guest.post_attest(body)
    assert (again.status, again.code) == (409, "challenge_used")


# What the policy and the reference set want


def test_a_wrong_measurement_is_explained(guest_of, site):
    verdict = rejected(guest_of(quote={"mrtd": OTHER}).post_attest(), "reference_value")
    row = next(f for f in site.admin.get("verdicts/" + verdict).json["findings"] if f["id"] == "reference_value")
    assert row["outcome"] == "fail" and row["evidence"] == "tdx"
    assert OTHER.hex()[:12] in row["seen"] and "image 0" in row["wanted"] + row["seen"], row


@pytest.mark.parametrize(
    "fields,check",
    [
        ({"td_attributes": 1 << 28 | 1}, "td.debug"),
        ({"td_attributes": 1 << 28 | 1 << 29}, "td.attributes"),
        ({"td_attributes": 1 << 28 | 1 << 63}, "td.attributes"),
        ({"td_attributes": 0}, "td.attributes"),
        ({"td_attributes": 1 << 28 | 1 << 5}, "td.attributes_reserved"),
        ({"xfam": 0x600E4}, "td.xfam"),
        ({"xfam": 0x600E7 | 1 << 20}, "td.xfam"),
        ({"rtmr1": OTHER}, "reference_value"),
        ({"mrsignerseam": OTHER}, "module.mrsigner"),
        ({"seamattributes": b"\1" + bytes(7)}, "module.attributes"),
    ],
)
def test_the_safe_defaults(guest_of, fields, check):
    rejected(guest_of(quote=fields).post_attest(), check)


@pytest.mark.parametrize(
    "row,fields,check",
    [
        ({"tcb_eval_min": 18}, {}, "tcb.eval"),
        ({"tcb_date_min": "2024-06-01"}, {}, "tcb.date"),
        ({"td_attributes": {"require": ["pks"]}}, {}, "td.attributes"),
        ({"xfam": ["0x602e7"]}, {}, "td.xfam"),
        ({"ppid_allow": ["11" * 16]}, {}, "ppid"),
        ({"mrseam": ["22" * 48]}, {}, "mrseam"),
        ({"event_log": True}, {}, "ccel.malformed"),
    ],
)
def test_what_a_row_asks_for(guest_of, policy_of, row, fields, check):
    reply = guest_of(policy_of(tdx_row(**row)), quote=fields).post_attest()
    assert (reply.status, reply.code) == (403, "evidence_rejected"), reply
    assert check in reply.json["failed"], reply


def test_fields_without_a_set(guest_of, policy_of):
    policy = policy_of({"type": "tdx", **tdx_fields(mrtd=GOLDEN, mrconfigid=bytes(48))})
    ear = accepted(guest_of(policy).post_attest())
    assert ear["submods"]["tdx"]["ear.trustworthiness-vector"]["executables"] == 2
    rejected(guest_of(policy, quote={"mrconfigid": OTHER}).post_attest(), "mrconfigid")


def test_nothing_compared_is_said(guest_of, policy_of):
    ear = accepted(guest_of(policy_of({"type": "tdx", **tdx_fields()})).post_attest())
    assert ear["submods"]["tdx"]["ear.trustworthiness-vector"]["executables"] == 0


def test_debug_is_said_when_it_is_allowed(guest_of, policy_of):
    ear = accepted(guest_of(policy_of(tdx_row(allow_debug=True)), quote={"td_attributes": 1 << 28 | 1}).post_attest())
    assert "runtime-opaque" not in ear["submods"]["tdx"]["ear.trustworthiness-vector"]


def test_a_migration_td(guest_of, policy_of):
    """MRSERVICETD of TDX 1.5: to be listed, never passed over."""
    policy = policy_of({"type": "tdx", **tdx_fields(mrtd=GOLDEN, mrservicetd=bytes(48))})
    accepted(guest_of(policy, quote={"version": 5}).post_attest())
    rejected(guest_of(policy, quote={"version": 5, "mrservicetd": OTHER}).post_attest(), "mrservicetd")


def test_a_set_that_has_expired(site, guest_of, policy_of):
    """And it bounds a lease while it has not."""
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 4))
    site.admin.register("reference-set", tdx_set("brief", GOLDEN, expires=soon))
    policy = policy_of(tdx_row(reference_set="brief"))
    reply = guest_of(policy).post_attest()
    accepted(reply)
    assert reply.json["lease"]["until"] <= time.time() + 5
    time.sleep(5)
    rejected(guest_of(policy).post_attest(), "reference_value")


def test_a_set_of_another_type(guest_of, policy_of):
    rejected(guest_of(policy_of(tdx_row(reference_set="worker-boot"))).post_attest(), "reference_value", "policy.reference_set")


# Levels


def test_an_outdated_platform(guest_of, intel, policy_of):
    low = intel.machine("low", components=(3, 3, 1, 1, 3, 0, 0, 4) + (0,) * 8)
    rejected(guest_of(machine=low).post_attest(), "tcb.status")
    claims = claims_of(guest_of("outdated", machine=low).post_attest())
    assert claims["tcb"]["status"] == "OutOfDate" and claims["tcb"]["advisories"] == ["INTEL-SA-00960", "INTEL-SA-00982"]
    policy = policy_of(tdx_row(tcb_status=["UpToDate", "OutOfDate"], advisory_deny=["INTEL-SA-00982"]))
    rejected(guest_of(policy, machine=low).post_attest(), "tcb.advisory")


def test_a_platform_below_every_level(guest_of, intel, site):
    none = intel.machine("none", components=(0,) * 16)
    verdict = rejected(guest_of(machine=none).post_attest(), "tcb.level")
    row = next(f for f in site.admin.get("verdicts/" + verdict).json["findings"] if f["id"] == "tcb.level")
    assert "sgx 0" in row["seen"] + row["wanted"], row


def test_an_outdated_module(guest_of):
    svn = bytes([4, 1, 3]) + bytes(13)
    rejected(guest_of(quote={"tee_tcb_svn": svn}).post_attest(), "tcb.status")
    claims = claims_of(guest_of("outdated", quote={"tee_tcb_svn": svn}).post_attest())
    assert (claims["tcb"]["platform"], claims["tcb"]["module"]) == ("UpToDate", "OutOfDate")
    assert "INTEL-SA-01036" in claims["tcb"]["advisories"]


def test_a_module_that_was_updated_under_a_td(guest_of):
    fields = {"version": 5, "tee_tcb_svn": bytes([4, 1, 3]) + bytes(13), "tee_tcb_svn2": bytes([6, 1, 3]) + bytes(13)}
    rejected(guest_of("outdated", quote=fields).post_attest(), "tcb.status")  # which is TDRelaunchAdvised


# Signatures and certificates


def test_a_quote_by_another_key(guest_of, intel):
    rejected(guest_of(quote={"signer": intel.machine("thief").ak}).post_attest(), "tdquote.signature")


@pytest.mark.parametrize("known", [False, True])
def test_one_bit_more(guest_of, known):
    guest = guest_of()
    if known:
        accepted(guest.post_attest())
    challenge = guest.challenge()
    raw = bytearray(guest.machine.quote(report_data=guest.report_data(challenge)).bytes())
    raw[48 + 520 + 40] ^= 1  # REPORTDATA's second half
    reply = guest.post_attest(guest.attest_body(challenge, guest.tdx_piece(challenge, raw=bytes(raw))))
    rejected(reply, "tdquote.signature", "report_data")


def test_the_key_of_a_known_platform_with_anothers_certificates(guest_of, intel):
    """The look-up is by key and certification data together."""
    mine, theirs = intel.machine("mine"), intel.machine("theirs")
    accepted(guest_of(machine=mine).post_attest())
    reply = guest_of(machine=theirs, quote={"ak": b"\4" * 64}).post_attest()
    assert reply.status == 403 and "tdquote.key" in reply.json["failed"], reply
    stolen = guest_of(machine=theirs, quote={"qe_signer": mine.pck}).post_attest()
    assert stolen.status == 403 and "qe.signature" in stolen.json["failed"], stolen


def test_a_platform_of_another_root(guest_of):
    reply = guest_of(machine=IntelWorld().machine()).post_attest()
    assert reply.status == 403 and "pck.root" in reply.json["failed"], reply


@pytest.mark.parametrize("since,until", [(-9, -1), (1, 9)])
def test_a_platform_whose_certificate_is_not_in_its_time(guest_of, intel, since, until):
    machine = intel.machine(f"time {since}", since=intel.at + since * DAY, until=intel.at + until * DAY)
    rejected(guest_of(machine=machine).post_attest(), "pck.validity")


def test_an_fmspc_that_nobody_has_brought(guest_of, intel):
    machine = intel.machine("elsewhere", fmspc="00806f050000")
    unable(guest_of(machine=machine).post_attest(), "tcb_info.missing")


# Event logs


def test_an_event_log(site, guest_of, policy_of, fresh_name):
    """RTMR3 is worth what vouches for it, and the result says what does."""
    for runtime in (False, True):
        events = ccel.boot(runtime)
        registers = ccel.replay(events)
        fields = tdx_fields(mrtd=GOLDEN, **{name: registers[name] for name in ("rtmr0", "rtmr1", "rtmr2")})
        policy = policy_of({"type": "tdx", "event_log": True, **fields})
        claims = claims_of(guest_of(policy, ccel=ccel.log(events), quote=registers).post_attest())
        assert claims["ccel_replayed"] is True
        assert claims["rtmr3_checked"] == ("runtime log" if runtime else "unchecked")
        other = ccel.log(ccel.boot(runtime)[1:])
        rejected(guest_of(policy, ccel=other, quote=registers).post_attest(), "ccel.replay")
        junk = guest_of(policy, ccel=b"junk", quote=registers).post_attest()
        assert junk.status in (400, 403) and "ccel.malformed" in junk.json["failed"], junk


# Malformed


def malformed(reply, code="malformed", *checks):
    assert (reply.status, reply.code) == (400, code), reply
    if checks:
        assert reply.json["failed"] == list(checks), reply


@pytest.mark.parametrize("length", [0, 1, 47, 631, 635, 1300])
def test_a_quote_that_is_cut(guest_of, length):
    guest = guest_of()
    challenge = guest.challenge()
    raw = guest.machine.quote().bytes()[:length]
    reply = guest.post_attest(guest.attest_body(challenge, guest.tdx_piece(challenge, raw=raw)))
    malformed(reply, "evidence_malformed", "tdquote.malformed")


@pytest.mark.parametrize("fields", [{"version": 3}, {"key_type": 3}, {"tee_type": 0}, {"vendor": bytes(16)}, {"inner_type": 3}])
def test_a_quote_of_another_kind(guest_of, fields):
    reply = guest_of(quote=fields).post_attest()
    assert reply.status in (400, 403) and reply.json["failed"], reply


def test_a_quote_that_is_far_too_long(guest_of):
    guest = guest_of()
    challenge = guest.challenge()
    reply = guest.post_attest(guest.attest_body(challenge, guest.tdx_piece(challenge, raw=bytes(65537))))
    assert (reply.status, reply.code) in ((413, "malformed"), (400, "malformed")), reply


@pytest.mark.parametrize("name", ["report", "hcl", "vek", "td_quote", "signature", "ak", "pcrs", "more"])
def test_a_member_of_another_type(guest_of, name):
    guest = guest_of()
    challenge = guest.challenge()
    piece = dict(guest.tdx_piece(challenge), **{name: {} if name == "pcrs" else "AAAA"})
    malformed(guest.post_attest(guest.attest_body(challenge, piece)))


def test_a_piece_without_its_quote(guest_of):
    guest = guest_of()
    challenge = guest.challenge()
    malformed(guest.post_attest(guest.attest_body(challenge, {"type": "tdx"})))


def test_two_quotes(guest_of):
    guest = guest_of()
    challenge = guest.challenge()
    piece = guest.tdx_piece(challenge)
    rejected(guest.post_attest(guest.attest_body(challenge, [piece, piece])), "policy.evidence")


# With a TPM's quote


@pytest.fixture(scope="module")
def both(policy_of, tpm):
    """A quote of the TD, and one by a key that is trusted because the TD's names it."""
    values = {k: [v] for k, v in tpm.values().items()}
    quote = {"type": "tpm2", "pcrs": "sha256:0,7", "values": values, "ak_trust": ["tee-evidence"]}
    return policy_of(quote, tdx_row())


def test_a_key_that_the_td_names(guest_of, both, tpm):
    ear = accepted(guest_of(both, tpm=tpm).post_attest())
    assert set(ear["submods"]) == {"tdx", "tpm2"}
    assert ear["submods"]["tpm2"]["ear.veraison.annotated-evidence"]["ak_trust"] == "tee-evidence"


def test_a_key_that_the_td_does_not_name(guest_of, both, tpm):
    other = SoftTpm()
    other.pcr = dict(tpm.pcr)
    guest = guest_of(both, tpm=tpm)
    challenge = guest.challenge()
    pieces = [guest.tdx_piece(challenge)]
    guest.tpm = other
    reply = guest.post_attest(guest.attest_body(challenge, pieces + [guest.tpm_piece(challenge)]))
    rejected(reply, "ak.untrusted", "report_data")


def test_a_td_whose_own_quote_is_refused_vouches_for_nothing(guest_of, both, tpm):
    rejected(guest_of(both, tpm=tpm, quote={"mrtd": OTHER}).post_attest(), "ak.untrusted", "reference_value")


def test_one_of_two_is_not_enough(guest_of, both):
    rejected(guest_of(both).post_attest(), "policy.evidence")
