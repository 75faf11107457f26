# SPDX-License-Identifier: Apache-2.0
"""A confidential VM of Azure over HTTPS: hardware report, runtime claims, and a quote by the key that the claims hold (attest/azure/azure.h)."""
import hashlib
import json

import pytest
from harness.admin import usual_policy
from harness.azure import AzureVm
from harness.jose import open_jws
from harness.snp import AmdWorld, rsa_key
from harness.snp_guest import GOLDEN, SnpGuest, snp_set


@pytest.fixture(scope="module")
def amd():
    return AmdWorld("Milan")


@pytest.fixture(scope="module")
def vm(amd):
    return AzureVm(amd.vcek())


@pytest.fixture(scope="module")
def broker(make_broker, amd, tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("roots"))
    amd.write_roots(folder)
    return make_broker({"roots": folder})


@pytest.fixture(scope="module")
def admin(broker, populate, vm):
    admin = populate(broker)
    admin.register("reference-set", snp_set("image", GOLDEN))
    values = {f"sha256:{i}": [vm.pcr[i].hex()] for i in (4, 7)}
    row = {"type": "azure-sev-snp", "product": ["Milan"], "reference_set": "image", "pcrs": "sha256:4,7", "values": values}
    admin.register("policy", usual_policy("azure", "none", accept=[[row]]))
    yield admin
    admin.close()


@pytest.fixture
def guest(broker, admin, vm):
    guest = SnpGuest(broker, vm.vek, "azure", azure=vm)
    yield guest
    guest.close()


def send(guest, challenge=None, **bend):
    """bend: of azure_piece(), and members of the piece that replace what it made."""
    challenge = challenge or guest.challenge()
    made = {name: bend.pop(name) for name in ("kind", "indexes", "hcl") if name in bend}
    piece = guest.azure_piece(challenge, **{"indexes": (4, 7), **made})
    return guest.post_attest(guest.attest_body(challenge, {**piece, **bend}))


def rejected(reply, *checks):
    assert (reply.status, reply.code) == (403, "evidence_rejected"), reply
    assert reply.json["failed"] == list(checks), reply


def test_a_good_guest_is_accepted(guest):
    reply = send(guest)
    assert reply.status == 200, reply
    module = open_jws(reply.json["ear"])[1]["submods"]["azure-sev-snp"]
    claims = module["ear.veraison.annotated-evidence"]
    assert claims["measurement"] == GOLDEN.hex() and claims["chip_id"] == guest.vek.chip.hex()
    assert claims["ak_trust"] == "tee-evidence"
    assert module["ear.trustworthiness-vector"]["runtime-opaque"] == 2


def test_its_certificate_serves_the_next_one(guest, broker, vm):
    assert send(guest).status == 200
    bare = SnpGuest(broker, vm.vek, "azure", azure=vm, give={})
    assert send(bare).status == 200
    bare.close()


def test_without_a_certificate_we_are_unable(broker, admin, amd):
    vm = AzureVm(amd.vcek())
    bare = SnpGuest(broker, vm.vek, "azure", azure=vm, give={})
    reply = send(bare)
    assert (reply.status, reply.code) == (503, "evidence_unable"), reply
    assert "vek.missing" in reply.json["failed"] and int(reply.get("Retry-After")) >= 1
    bare.close()


def test_a_quote_for_another_challenge(guest):
    old = guest.challenge()
    piece = guest.azure_piece(old, indexes=(4, 7))
    reply = guest.post_attest(guest.attest_body(None, piece))
    rejected(reply, "quote.binding")


@pytest.mark.parametrize("kind", [b"tpm2", b"sev-snp", b"azure-tdx"])
def test_a_quote_made_for_another_type(guest, kind):
    rejected(send(guest, kind=kind), "quote.binding")


def test_a_quote_by_another_key(guest, vm):
    stranger = AzureVm(vm.vek, name="stranger")
    guest.azure = stranger
    rejected(send(guest, hcl=vm.hcl()), "quote.signature")
    guest.azure = vm


def test_claims_that_the_report_does_not_hold(guest, vm):
    claims = vm.claims()
    claims["vm-configuration"]["secure-boot"] = False
    changed = json.dumps(claims, separators=(",", ":")).encode()
    report = vm.report(vm.claims_bytes())
    rejected(send(guest, hcl=vm.hcl(claims=changed, report=report)), "claims.hash")


def test_another_measurement(guest, vm):
    report = vm.report(vm.claims_bytes(), measurement=hashlib.sha384(b"other").digest())
    rejected(send(guest, hcl=vm.hcl(report=report)), "reference_value")


def test_debug(guest, vm):
    report = vm.report(vm.claims_bytes(), policy=0xB0000)
    rejected(send(guest, hcl=vm.hcl(report=report)), "policy.debug")


def test_other_pcrs(guest, vm):
    rejected(send(guest, indexes=(4,)), "quote.selection", "pcr.values")


def test_another_pcr_value(broker, admin, vm):
    other = AzureVm(vm.vek)
    other.extend(7, b"another boot")
    guest = SnpGuest(broker, vm.vek, "azure", azure=other)
    rejected(send(guest), "pcr.values")
    guest.close()


def test_a_report_signed_by_another_key(guest, vm, amd):
    claims = vm.claims_bytes()
    data = hashlib.sha256(claims).digest() + bytes(32)
    report = vm.vek.report(report_data=data, policy=0x3001F).signed(amd.vcek())
    reply = send(guest, hcl=vm.hcl(claims=claims, report=report))
    assert (reply.status, reply.code) == (403, "evidence_rejected"), reply
    assert "report.signature" in reply.json["failed"], reply


def test_a_blob_that_is_none(guest):
    reply = send(guest, hcl=bytes(100))
    assert (reply.status, reply.code) == (400, "evidence_malformed"), reply
    assert "hcl.malformed" in reply.json["failed"], reply


@pytest.mark.parametrize("name", ["hcl", "quote", "signature"])
def test_a_member_that_is_missing(guest, name):
    challenge = guest.challenge()
    piece = guest.azure_piece(challenge)
    del piece[name]
    reply = guest.post_attest(guest.attest_body(challenge, piece))
    assert (reply.status, reply.code) == (400, "malformed"), reply


@pytest.mark.parametrize("name", ["report", "ak", "ek", "ak_certificate", "more"])
def test_a_member_that_it_does_not_have(guest, name):
    reply = send(guest, **{name: "AAAA"})
    assert (reply.status, reply.code) == (400, "malformed"), reply


def test_a_foreign_certificate(broker, admin, amd):
    vm = AzureVm(amd.vcek(signer=rsa_key("stranger-ca", 4096)))
    guest = SnpGuest(broker, vm.vek, "azure", azure=vm)
    reply = send(guest)
    assert (reply.status, reply.code) == (403, "evidence_rejected"), reply
    assert reply.json["failed"][0] == "chain.signature", reply
    guest.close()


def test_a_report_that_the_paravisor_did_not_make(guest, broker, admin):
    """The bare report of the machine is no substitute for the blob."""
    rejected(SnpGuest(broker, guest.vek, "azure").post_attest(), "policy.evidence")
