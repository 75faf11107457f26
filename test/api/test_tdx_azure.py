# SPDX-License-Identifier: Apache-2.0
"""A TDX guest of Azure over HTTPS: TD quote, runtime claims, and a quote by the vTPM's key that the claims hold (attest/azure/azure.h)."""
import hashlib
import json

import pytest
from harness.admin import usual_policy
from harness.azure import AzureVm
from harness.azure_td import AzureTd
from harness.jose import open_jws
from harness.snp import AmdWorld
from harness.tdx import IntelWorld
from harness.tdx_guest import GOLDEN, TdxGuest, tdx_fields
from harness.tdx_site import intel, make_site, rejected, roots, unable

FIXTURES = (intel, make_site, roots)


@pytest.fixture(scope="module")
def vm(intel):
    return AzureTd(intel.machine())


@pytest.fixture(scope="module")
def site(make_site, intel, vm):
    site = make_site()
    site.bring(vm.machine)
    values = {f"sha256:{i}": [vm.pcr[i].hex()] for i in (4, 7)}
    zero = {f"rtmr{n}": bytes(48) for n in range(3)}
    row = {"type": "azure-tdx", **tdx_fields(mrtd=GOLDEN, **zero), "pcrs": "sha256:4,7", "values": values}
    site.admin.register("policy", usual_policy("azure", "none", accept=[[row]]))
    return site


@pytest.fixture
def guest(site, vm):
    guest = TdxGuest(site.broker, vm.machine, "azure", azure=vm)
    yield guest
    guest.close()


def send(guest, challenge=None, **bend):
    """bend: of azure_piece(), and members of the piece that replace what it made."""
    challenge = challenge or guest.challenge()
    made = {name: bend.pop(name) for name in ("kind", "indexes", "hcl", "td_quote") if name in bend}
    piece = guest.azure_piece(challenge, **{"indexes": (4, 7), **made})
    return guest.post_attest(guest.attest_body(challenge, {**piece, **bend}))


def test_a_good_guest_is_accepted(guest, vm):
    reply = send(guest)
    assert reply.status == 200, reply
    part = open_jws(reply.json["ear"])[1]["submods"]["azure-tdx"]
    claims = part["ear.veraison.annotated-evidence"]
    assert claims["mrtd"] == GOLDEN.hex() and claims["ppid"] == vm.machine.ppid.hex()
    assert claims["ak_trust"] == "tee-evidence" and claims["tcb"]["status"] == "UpToDate"
    assert part["ear.trustworthiness-vector"] == {"instance-identity": 2, "executables": 2, "hardware": 2, "runtime-opaque": 2}


def test_its_platform_is_known_the_second_time(guest, site):
    assert send(guest).status == 200
    before = site.platforms("quote")
    fixed = guest.azure.td_quote().bytes()
    assert send(guest, td_quote=fixed).status == 200
    assert send(guest, td_quote=fixed).status == 200
    assert site.platforms("quote") - before <= 1 and site.platforms("memory") >= 1


def test_the_evidence_grant(guest):
    guest.azure_piece_all = guest.azure_piece
    guest.tee_piece = lambda challenge: guest.azure_piece_all(challenge, indexes=(4, 7))
    reply = guest.evidence_grant()
    assert reply.status == 200 and reply.json["token_type"] == "DPoP", reply


def test_an_fmspc_that_nobody_has_brought(site, intel):
    vm = AzureTd(intel.machine("elsewhere", fmspc="00806f050000"))
    guest = TdxGuest(site.broker, vm.machine, "azure", azure=vm)
    reply = send(guest)
    assert reply.status in (403, 503) and "tcb_info.missing" in reply.json["failed"], reply
    guest.close()


def test_a_quote_for_another_challenge(guest):
    old = guest.challenge()
    piece = guest.azure_piece(old, indexes=(4, 7))
    rejected(guest.post_attest(guest.attest_body(None, piece)), "quote.binding")


@pytest.mark.parametrize("kind", [b"tpm2", b"tdx", b"azure-sev-snp"])
def test_a_quote_made_for_another_type(guest, kind):
    rejected(send(guest, kind=kind), "quote.binding")


def test_a_quote_by_another_key(guest, vm):
    guest.azure = AzureTd(vm.machine, name="stranger")
    rejected(send(guest, hcl=vm.hcl(), td_quote=vm.td_quote().bytes()), "quote.signature")
    guest.azure = vm


def test_claims_that_the_quote_does_not_hold(guest, vm):
    claims = vm.claims()
    claims["vm-configuration"]["secure-boot"] = False
    changed = json.dumps(claims, separators=(",", ":")).encode()
    rejected(send(guest, hcl=vm.hcl(claims=changed), td_quote=vm.td_quote().bytes()), "claims.hash")


def test_the_td_report_in_the_blob_vouches_for_nothing(guest, vm):
    """What counts is the quote: a report is a MAC that nobody but the machine can check."""
    other = AzureTd(vm.machine, name="other claims")
    quote = other.td_quote().bytes()
    reply = send(guest, td_quote=quote)
    rejected(reply, "claims.hash")


def test_another_measurement(guest):
    guest.fields = {"mrtd": hashlib.sha384(b"other").digest()}
    rejected(send(guest), "mrtd")


def test_debug(guest):
    guest.fields = {"td_attributes": 1 << 28 | 1}
    rejected(send(guest), "td.debug")


def test_other_pcrs(guest):
    rejected(send(guest, indexes=(4,)), "quote.selection", "pcr.values")


def test_another_pcr_value(site, vm):
    other = AzureTd(vm.machine)
    other.extend(7, b"another boot")
    guest = TdxGuest(site.broker, vm.machine, "azure", azure=other)
    rejected(send(guest), "pcr.values")
    guest.close()


def test_a_quote_signed_by_another_key(guest, intel):
    guest.fields = {"signer": intel.machine("thief").ak}
    reply = send(guest)
    assert reply.status == 403 and "tdquote.signature" in reply.json["failed"], reply


def test_a_platform_of_another_root(site, vm):
    stranger = AzureTd(IntelWorld().machine())
    guest = TdxGuest(site.broker, stranger.machine, "azure", azure=stranger)
    reply = send(guest)
    assert reply.status == 403 and "pck.root" in reply.json["failed"], reply
    guest.close()


def test_the_blob_of_an_snp_guest(guest):
    snp = AzureVm(AmdWorld("Milan").vcek())
    reply = send(guest, hcl=snp.hcl())
    assert reply.status in (400, 403) and "hcl.type" in reply.json["failed"], reply


def test_a_blob_that_is_none(guest):
    reply = send(guest, hcl=bytes(100))
    assert (reply.status, reply.code) == (400, "evidence_malformed"), reply
    assert "hcl.malformed" in reply.json["failed"], reply


@pytest.mark.parametrize("name", ["hcl", "td_quote", "quote", "signature"])
def test_a_member_that_is_missing(guest, name):
    challenge = guest.challenge()
    piece = guest.azure_piece(challenge)
    del piece[name]
    reply = guest.post_attest(guest.attest_body(challenge, piece))
    assert (reply.status, reply.code) == (400, "malformed"), reply


@pytest.mark.parametrize("name", ["report", "ccel", "ak", "vek", "cert_table", "more"])
def test_a_member_that_it_does_not_have(guest, name):
    reply = send(guest, **{name: "AAAA"})
    assert (reply.status, reply.code) == (400, "malformed"), reply


def test_a_bare_quote_is_no_substitute(guest, site, intel):
    rejected(site.attest(intel.machine(), "azure"), "policy.evidence")


def test_collateral_that_lacks(make_site, intel, vm):
    site = make_site()
    site.admin.register("policy", usual_policy("azure", "none", accept=[[{"type": "azure-tdx", **tdx_fields(), "pcrs": "sha256:7", "values": "ignore"}]]))
    guest = TdxGuest(site.broker, vm.machine, "azure", azure=vm)
    unable(send(guest, indexes=(7,)), "root_crl.missing", "pck_crl.missing", "tcb_info.missing", "qe_identity.missing")
    guest.close()
