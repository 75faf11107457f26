# SPDX-License-Identifier: Apache-2.0
"""SEV-SNP evidence over HTTPS: what is accepted, and each refusal by its check (docs/API.md; attest/snp/snp.h has the ids)."""
import datetime
import hashlib
import time

import pytest
from conftest import REFERENCE_SET
from cryptography.hazmat.primitives.asymmetric import ec
from harness.admin import usual_policy
from harness.guest import Guest
from harness.jose import Key, open_jws
from harness.snp import (
    GUID_ASK,
    GUID_VCEK,
    HOST_VMPL,
    SMT,
    AmdWorld,
    Tcb,
    cert_table,
    key_structure,
    other_s,
    pem,
    rsa_key,
)
from harness.snp_guest import GOLDEN, SnpGuest, snp_set
from harness.tpm import SoftTpm

OTHER = bytes(range(1, 49))


@pytest.fixture(scope="module")
def worlds():
    return {product: AmdWorld(product) for product in ("Milan", "Genoa", "Turin")}


@pytest.fixture(scope="module")
def amd(worlds):
    return worlds["Milan"]


@pytest.fixture(scope="module")
def broker(make_broker, worlds, tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("roots"))
    for world in worlds.values():
        world.write_roots(folder)
    return make_broker({"roots": folder})


def snp_row(**members):
    return {"type": "sev-snp", "product": ["Milan"], "reference_set": "image", **members}


@pytest.fixture(scope="module")
def admin(broker, populate):
    admin = populate(broker)
    admin.register("reference-set", snp_set("image", GOLDEN))
    admin.register("policy", usual_policy("snp", "none", accept=[[snp_row(product=["Milan", "Genoa", "Turin"])]]))
    admin.register("policy", usual_policy("milan", "none", accept=[[snp_row()]]))
    yield admin
    admin.close()


@pytest.fixture(scope="module")
def policy_of(admin, fresh_name):
    """policy_of(row, ...) registers a policy of one alternative and returns its id."""

    def make(*rows, **changes):
        policy_id = fresh_name("snp")
        admin.register("policy", usual_policy(policy_id, "none", accept=[list(rows)], **changes))
        return policy_id

    return make


@pytest.fixture
def guest_of(broker, admin, amd):
    """guest_of(policy, vek=..., ...): a guest on a machine of its own."""
    guests = []

    def make(policy="milan", vek=None, **more):
        guests.append(SnpGuest(broker, vek or amd.vcek(), policy, **more))
        return guests[-1]

    yield make
    for guest in guests:
        guest.close()


def accepted(reply):
    assert reply.status == 200, reply
    return open_jws(reply.json["ear"])[1]


def rejected(reply, *checks):
    """Judged and refused, for these checks and for no other."""
    assert (reply.status, reply.code) == (403, "evidence_rejected"), reply
    assert reply.json["failed"] == list(checks), reply
    assert "ear" not in reply.json and "sandbox" not in reply.json
    return reply.json["verdict"]


def unable(reply, *checks):
    assert (reply.status, reply.code) == (503, "evidence_unable"), reply
    assert reply.json["failed"] == list(checks), reply
    assert int(reply.get("Retry-After")) >= 1
    return reply.json["verdict"]


# Accepted


@pytest.mark.parametrize("product", ["Milan", "Genoa", "Turin"])
@pytest.mark.parametrize("version", [3, 5])
def test_each_product_and_version_is_accepted(guest_of, worlds, product, version):
    ear = accepted(guest_of("snp", worlds[product].vcek(), report={"version": version}).post_attest())
    claims = ear["submods"]["sev-snp"]["ear.veraison.annotated-evidence"]
    assert claims["product"] == product and claims["report_version"] == version


def test_a_report_that_does_not_name_its_product(guest_of, amd):
    """Version 2: the certificate says it, and the policy must name that product."""
    assert guest_of("milan", report={"version": 2}).post_attest().status == 200


def test_the_claims_of_a_report(guest_of, amd):
    vek = amd.vcek(tcb=Tcb(snp=25))
    guest = guest_of(vek=vek, report={"host_data": bytes([7] * 32), "guest_svn": 3})
    ear = accepted(guest.post_attest())
    module = ear["submods"]["sev-snp"]
    assert module["ear.status"] == "affirming"
    vector = {"instance-identity": 2, "executables": 2, "hardware": 2, "runtime-opaque": 2}
    assert module["ear.trustworthiness-vector"] == vector
    claims = module["ear.veraison.annotated-evidence"]
    assert claims["measurement"] == GOLDEN.hex()
    assert claims["host_data"] == "07" * 32
    assert claims["chip_id"] == vek.chip.hex()
    assert claims["tcb_reported"] == {"fmc": 0, "bootloader": 10, "tee": 1, "snp": 25, "microcode": 0xD9}
    assert claims["guest_svn"] == 3 and claims["vmpl"] == 0
    assert claims["signing_key"] == "VCEK" and claims["crl_checked"] is False
    assert claims["policy"] == "0000000000030000"


@pytest.mark.parametrize("form", ["table", "pem", "pem-in-table"])
def test_each_way_to_send_a_certificate(guest_of, amd, form):
    vek = amd.vcek()
    cert = pem(vek.der) if "pem" in form else vek.der
    table = cert_table([(GUID_ASK, amd.ask), (GUID_VCEK, cert)], pad=64)
    give = {"cert_table": table} if "table" in form else {"vek": cert}
    accepted(guest_of(vek=vek, give=give).post_attest())


def test_a_vlek(guest_of, amd, policy_of):
    vek = amd.vlek()
    policy = policy_of(snp_row(csp_id=["CN=cc-us-east-2.amazonaws.com"], allow_masked_chip=True))
    ear = accepted(guest_of(policy, vek).post_attest())
    claims = ear["submods"]["sev-snp"]["ear.veraison.annotated-evidence"]
    assert claims["signing_key"] == "VLEK" and claims["csp_id"] == "CN=cc-us-east-2.amazonaws.com"


def test_a_vlek_is_never_kept(guest_of, amd, policy_of):
    """Which one signed a report does not show in the report: it must come each time."""
    vek = amd.vlek()
    policy = policy_of(snp_row(allow_masked_chip=True))
    accepted(guest_of(policy, vek).post_attest())
    unable(guest_of(policy, vek, give={}).post_attest(), "vek.missing")


def test_the_evidence_grant(guest_of):
    reply = guest_of().evidence_grant()
    assert reply.status == 200, reply
    assert reply.json["sandbox"].startswith("sb-") and reply.json["token_type"] == "DPoP"


# The key and the challenge


def test_evidence_for_another_key(guest_of):
    guest = guest_of()
    challenge = guest.challenge()
    stolen = guest.snp_piece(challenge, key=Key())
    rejected(guest.post_attest(guest.attest_body(challenge, stolen)), "report_data")


def test_evidence_for_another_challenge(guest_of):
    guest = guest_of()
    old = guest.snp_piece(guest.challenge())
    rejected(guest.post_attest(guest.attest_body(evidence=old)), "report_data")


@pytest.mark.parametrize("kind", [b"tpm2", b"azure-sev-snp", b"tdx", b""])
def test_evidence_made_for_another_type(guest_of, kind):
    guest = guest_of()
    challenge = guest.challenge()
    rejected(guest.post_attest(guest.attest_body(challenge, guest.snp_piece(challenge, kind=kind))), "report_data")


def test_the_rest_of_report_data_counts(guest_of):
    guest = guest_of()
    challenge = guest.challenge()
    bent = guest.snp_piece(challenge, tail=bytes(31) + b"\x01")
    rejected(guest.post_attest(guest.attest_body(challenge, bent)), "report_data")


def test_a_replayed_challenge(guest_of):
    guest = guest_of()
    challenge = guest.challenge()
    body = guest.attest_body(challenge)
    assert guest.post_attest(body).status == 200
    again = guest.post_attest(body)
    assert (again.status, again.code) == (409, "challenge_used")


# What the policy and the reference set want


def test_a_wrong_measurement_is_explained(guest_of, admin):
    verdict = rejected(guest_of(report={"measurement": OTHER}).post_attest(), "reference_value")
    found = admin.get("verdicts/" + verdict).json["findings"]
    row = next(f for f in found if f["id"] == "reference_value")
    assert row["outcome"] == "fail" and row["evidence"] == "sev-snp"
    assert OTHER.hex()[:12] in row["seen"] and "image 0" in row["wanted"] + row["seen"], row


@pytest.mark.parametrize(
    "fields,check",
    [
        ({"policy": 0xB0000}, "policy.debug"),
        ({"policy": 0x70000, "report_id_ma": bytes(32)}, "policy.migrate_ma"),
        ({"vmpl": 1}, "vmpl"),
        ({"vmpl": HOST_VMPL}, "vmpl"),
        ({"committed_tcb": Tcb(snp=23)}, "tcb.provisional"),
        ({"committed_version": (1, 58, 2)}, "tcb.provisional"),
        ({"platform_info": 1 << 8}, "platform_info.reserved"),
    ],
)
def test_the_safe_defaults(guest_of, fields, check):
    rejected(guest_of(report=fields).post_attest(), check)


@pytest.mark.parametrize(
    "row,fields,check",
    [
        ({"tcb_min": {"snp": 25}}, {}, "tcb.minimum"),
        ({"tcb_max": {"microcode": 0xD8}}, {}, "tcb.implausible"),
        ({"firmware_min": "1.58.4"}, {}, "firmware.minimum"),
        ({"mit_mask": "0x40"}, {"version": 5}, "mit_vector"),
        ({"mit_mask": "0x01"}, {"version": 3}, "mit_vector"),
        ({"policy": {"require": ["xts"]}}, {}, "policy.xts"),
        ({"platform_info": {"forbid": ["smt"]}}, {"platform_info": SMT}, "platform_info.smt"),
        ({"platform_info": {"require": ["alias_check"]}}, {"platform_info": 0}, "platform_info.alias_check"),
        ({"host_data": ["11" * 32]}, {}, "host_data"),
        ({"chip_allow": ["22" * 64]}, {}, "chip.allowed"),
        ({"report_id": ["33" * 32]}, {}, "report_id"),
        ({"product": ["Genoa"]}, {}, "product"),
    ],
)
def test_what_a_row_asks_for(guest_of, policy_of, row, fields, check):
    rejected(guest_of(policy_of(snp_row(**row)), report=fields).post_attest(), check)


def test_a_denied_chip(guest_of, policy_of, amd):
    vek = amd.vcek()
    policy = policy_of(snp_row(chip_deny=[vek.chip.hex()]))
    rejected(guest_of(policy, vek).post_attest(), "chip.denied")
    accepted(guest_of(policy).post_attest())


def test_an_id_key(guest_of, policy_of):
    digest = hashlib.sha384(key_structure(ec.generate_private_key(ec.SECP384R1()))).digest()
    policy = policy_of(snp_row(id_key=[digest.hex()]))
    rejected(guest_of(policy).post_attest(), "id_key")
    accepted(guest_of(policy, report={"id_key_digest": digest}).post_attest())


def test_debug_is_said_when_it_is_allowed(guest_of, policy_of):
    ear = accepted(guest_of(policy_of(snp_row(allow_debug=True)), report={"policy": 0xB0000}).post_attest())
    assert "runtime-opaque" not in ear["submods"]["sev-snp"]["ear.trustworthiness-vector"]


def test_another_type_than_the_policy_asks_for(guest_of, broker, admin, tpm, amd):
    rejected(Guest(broker, tpm, "milan").post_attest(), "policy.evidence")
    rejected(guest_of("worker").post_attest(), "policy.evidence")


def test_a_reference_set_of_another_type(guest_of, policy_of):
    reply = guest_of(policy_of(snp_row(reference_set=REFERENCE_SET))).post_attest()
    assert (reply.status, reply.code) == (403, "evidence_rejected"), reply
    assert "policy.reference_set" in reply.json["failed"]


def test_revoking_the_reference_set_ends_the_sandbox(guest_of, admin, policy_of, fresh_name):
    name = fresh_name("image")
    admin.register("reference-set", snp_set(name, GOLDEN))
    policy = policy_of(snp_row(reference_set=name))
    guest = guest_of(policy).ready()
    assert admin.revoke("reference-set", name, 1).json["ended"] == [guest.sandbox]
    assert guest.heartbeat().status == 401
    reply = guest_of(policy).post_attest()
    assert (reply.status, reply.code) == (403, "evidence_rejected"), reply
    assert "policy.reference_set" in reply.json["failed"]


def test_a_reference_value_ends_what_rests_on_it(guest_of, admin, policy_of, fresh_name):
    name = fresh_name("image")
    ends = datetime.datetime.utcnow().replace(microsecond=0) + datetime.timedelta(seconds=100)
    admin.register("reference-set", snp_set(name, GOLDEN, expires=ends.isoformat() + "Z"))
    reply = guest_of(policy_of(snp_row(reference_set=name))).post_attest()
    accepted(reply)
    assert reply.json["lease"]["until"] <= time.time() + 101


def test_an_expired_reference_value(guest_of, admin, policy_of, fresh_name):
    name = fresh_name("image")
    admin.register("reference-set", snp_set(name, GOLDEN, expires="2026-01-01T00:00:00Z"))
    rejected(guest_of(policy_of(snp_row(reference_set=name))).post_attest(), "reference_value")


def test_a_certificate_ends_what_rests_on_it(guest_of, amd):
    until = datetime.datetime.utcnow().replace(microsecond=0) + datetime.timedelta(seconds=100)
    reply = guest_of(vek=amd.vcek(until=until)).post_attest()
    accepted(reply)
    assert reply.json["lease"]["until"] <= time.time() + 101


# The certificate and the signature


def test_a_report_signed_by_another_key(guest_of, amd):
    vek = amd.vcek()
    guest = guest_of(vek=vek)
    challenge = guest.challenge()
    raw = vek.report(report_data=guest.report_data(challenge)).signed(amd.vcek())
    rejected(guest.post_attest(guest.attest_body(challenge, guest.snp_piece(challenge, raw=raw))), "report.signature")


def test_one_bit_more(guest_of, amd):
    vek = amd.vcek()
    guest = guest_of(vek=vek)
    challenge = guest.challenge()
    raw = bytearray(vek.report(report_data=guest.report_data(challenge)).signed(vek))
    raw[0x90] ^= 1
    rejected(guest.post_attest(guest.attest_body(challenge, guest.snp_piece(challenge, raw=bytes(raw)))), "report.signature")


def test_the_other_s_is_the_same_signature(guest_of, amd):
    vek = amd.vcek()
    guest = guest_of(vek=vek)
    challenge = guest.challenge()
    raw = other_s(vek.report(report_data=guest.report_data(challenge)).signed(vek))
    accepted(guest.post_attest(guest.attest_body(challenge, guest.snp_piece(challenge, raw=raw))))


def test_a_certificate_by_nobody(guest_of, amd):
    vek = amd.vcek(signer=rsa_key("stranger-ca", 4096))
    rejected(guest_of(vek=vek).post_attest(), "chain.signature")


def test_the_certificate_of_another_chip(guest_of, amd):
    """Same TCB, so only the chip differs, and with it the key."""
    reply = guest_of(give={"vek": amd.vcek().der}).post_attest()
    assert (reply.status, reply.code) == (403, "evidence_rejected"), reply
    assert "vek.hwid" in reply.json["failed"]


def test_the_certificate_of_another_tcb(guest_of, amd):
    vek = amd.vcek()
    old = amd.vcek(tcb=Tcb(snp=20), chip=vek.chip, private=vek.private)
    rejected(guest_of(vek=vek, give={"vek": old.der}).post_attest(), "vek.tcb")


def test_a_product_that_is_not_trusted(make_broker, populate, amd, worlds, tmp_path):
    amd.write_roots(str(tmp_path))
    broker = make_broker({"roots": str(tmp_path)})
    admin = populate(broker)
    admin.register("reference-set", snp_set("image", GOLDEN))
    admin.register("policy", usual_policy("snp", "none", accept=[[snp_row(product=["Genoa"])]]))
    rejected(SnpGuest(broker, worlds["Genoa"].vcek(), "snp").post_attest(), "chain.root")


# Malformed


def malformed(reply, code="malformed", *checks):
    assert (reply.status, reply.code) == (400, code), reply
    if checks:
        assert reply.json["failed"] == list(checks), reply


@pytest.mark.parametrize("length", [0, 1, 1183, 1185, 2000])
def test_a_report_of_another_length(guest_of, length):
    guest = guest_of()
    challenge = guest.challenge()
    reply = guest.post_attest(guest.attest_body(challenge, guest.snp_piece(challenge, raw=bytes(length))))
    malformed(reply, "evidence_malformed", "report.length")


def test_a_report_that_is_far_too_long(guest_of):
    guest = guest_of()
    challenge = guest.challenge()
    reply = guest.post_attest(guest.attest_body(challenge, guest.snp_piece(challenge, raw=bytes(5000))))
    assert (reply.status, reply.code) in ((413, "malformed"), (400, "malformed")), reply


@pytest.mark.parametrize("name", ["quote", "hcl", "ak", "pcrs", "more"])
def test_a_member_of_another_type(guest_of, name):
    guest = guest_of()
    challenge = guest.challenge()
    piece = dict(guest.snp_piece(challenge), **{name: {} if name == "pcrs" else "AAAA"})
    malformed(guest.post_attest(guest.attest_body(challenge, piece)))


def test_a_piece_without_its_report(guest_of):
    guest = guest_of()
    challenge = guest.challenge()
    piece = guest.snp_piece(challenge)
    del piece["report"]
    malformed(guest.post_attest(guest.attest_body(challenge, piece)))


@pytest.mark.parametrize("kind", ["tdx", "azure-tdx", "sgx"])
def test_a_type_that_is_not_taken(guest_of, kind):
    guest = guest_of()
    challenge = guest.challenge()
    malformed(guest.post_attest(guest.attest_body(challenge, dict(guest.snp_piece(challenge), type=kind))))


def test_a_table_that_breaks_its_rules(guest_of, amd):
    vek = amd.vcek()
    table = cert_table([(GUID_VCEK, vek.der)], places={0: (0xFFFFFFF0, 0x20)})
    reply = guest_of(vek=vek, give={"cert_table": table}).post_attest()
    assert reply.status in (400, 403) and "cert_table" in reply.json["failed"], reply


def test_two_reports(guest_of):
    guest = guest_of()
    challenge = guest.challenge()
    piece = guest.snp_piece(challenge)
    rejected(guest.post_attest(guest.attest_body(challenge, [piece, piece])), "policy.evidence")


# With a TPM's quote


@pytest.fixture(scope="module")
def both(policy_of, tpm):
    """A report, and a quote by a key that is trusted because the report names it."""
    values = {k: [v] for k, v in tpm.values().items()}
    quote = {"type": "tpm2", "pcrs": "sha256:0,7", "values": values, "ak_trust": ["tee-evidence"]}
    return policy_of(quote, snp_row())


def twin(tpm):
    """The same measurements and another key."""
    other = SoftTpm()
    other.pcr = dict(tpm.pcr)
    return other


def test_a_key_that_the_report_names(guest_of, both, tpm):
    ear = accepted(guest_of(both, tpm=twin(tpm)).post_attest())
    assert set(ear["submods"]) == {"sev-snp", "tpm2"}
    claims = ear["submods"]["tpm2"]["ear.veraison.annotated-evidence"]
    assert claims["ak_trust"] == "tee-evidence"


def test_a_quote_by_another_tpm_than_the_report_names(guest_of, both, tpm):
    guest = guest_of(both, tpm=twin(tpm))
    challenge = guest.challenge()
    report = guest.snp_piece(challenge)
    guest.tpm = twin(tpm)
    reply = guest.post_attest(guest.attest_body(challenge, [report, guest.tpm_piece(challenge)]))
    rejected(reply, "ak.untrusted", "report_data")


def test_a_report_that_is_refused_vouches_for_no_key(guest_of, both, tpm):
    reply = guest_of(both, tpm=twin(tpm), report={"measurement": OTHER}).post_attest()
    rejected(reply, "ak.untrusted", "reference_value")


def test_a_report_without_the_key_that_comes_with_it(guest_of, both, tpm):
    guest = guest_of(both, tpm=twin(tpm))
    challenge = guest.challenge()
    report = guest.snp_piece(challenge, tail=bytes(32))
    reply = guest.post_attest(guest.attest_body(challenge, [report, guest.tpm_piece(challenge)]))
    rejected(reply, "ak.untrusted", "report_data")


def test_one_of_two_is_not_enough(guest_of, both):
    rejected(guest_of(both).post_attest(), "policy.evidence")
