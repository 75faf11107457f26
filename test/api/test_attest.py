# SPDX-License-Identifier: Apache-2.0
"""POST /v1/challenge and /v1/attest: what is accepted, and each refusal by its code (docs/API.md)."""
import concurrent.futures
import json
import os
import struct

import pytest
from conftest import POLICY, REFERENCE_SET
from harness.admin import usual_policy, usual_reference_set
from harness.guest import Guest
from harness.jose import Key, b64u, open_jws, unb64u
from harness.tpm import SoftTpm, binding


def refused(reply, status, code):
    assert (reply.status, reply.code) == (status, code), reply
    assert reply.get("Content-Type") == "application/problem+json"
    assert "sandbox" not in reply.json and "ear" not in reply.json


def rejected(reply, check):
    """Evidence was judged and refused for this check, and for no other."""
    refused(reply, 403, "evidence_rejected")
    assert reply.json["failed"] == [check], reply
    assert reply.json["verdict"].startswith("vd-")


def test_challenges_differ_and_come_with_a_nonce(guest):
    reply = guest.send("POST", "/v1/challenge", [("Content-Type", "application/json")], b"{}")
    assert reply.status == 200
    assert reply.json["expires_in"] == 120
    assert len(unb64u(reply.json["challenge"])) == 32
    assert reply.get("DPoP-Nonce")
    assert reply.get("Cache-Control") == "no-store"
    assert guest.challenge() != guest.challenge()


def test_a_good_guest_is_accepted(guest):
    reply = guest.post_attest()
    assert reply.status == 200, reply
    answer = reply.json
    assert set(answer) == {"sandbox", "verdict", "ear", "expires_in", "lease"}
    assert answer["sandbox"].startswith("sb-") and answer["verdict"].startswith("vd-")
    assert answer["lease"]["heartbeat_s"] == 600
    header, claims = open_jws(answer["ear"])
    assert header["typ"] == "eat+jwt" and header["alg"] == "ES256"
    assert claims["iss"] == guest.broker.issuer
    assert claims["cnf"] == {"jkt": b64u(guest.key.jkt())}
    assert claims["sandbox"] == answer["sandbox"]
    assert claims["exp"] - claims["iat"] == answer["expires_in"] <= 3600


def test_the_next_challenge_comes_with_the_reply(guest):
    guest.attest()
    assert guest.next_challenge
    challenge = unb64u(guest.next_challenge)
    assert guest.post_attest(guest.attest_body(challenge)).status == 200


@pytest.mark.parametrize("crv", ["P-384", "Ed25519"])
def test_other_key_types_are_accepted(make_guest, crv):
    assert make_guest(key=Key(crv)).post_attest().status == 200


# The challenge


def test_a_challenge_is_accepted_once(guest):
    challenge = guest.challenge()
    assert guest.post_attest(guest.attest_body(challenge)).status == 200
    refused(guest.post_attest(guest.attest_body(challenge)), 409, "challenge_used")


def test_a_refusal_spends_the_challenge_too(guest):
    challenge = guest.challenge()
    wrong = guest.evidence(challenge, extra_data=b"x" * 32)
    rejected(guest.post_attest(guest.attest_body(challenge, wrong)), "quote.binding")
    refused(guest.post_attest(guest.attest_body(challenge)), 409, "challenge_used")


def test_of_sixteen_at_once_one_is_accepted(make_guest):
    guest = make_guest()
    challenge = guest.challenge()
    body = guest.attest_body(challenge)
    twins = [make_guest(key=guest.key) for _ in range(16)]
    for twin in twins:
        twin.challenge()  # each has its own connection and nonce
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        replies = list(pool.map(lambda g: g.post_attest(body), twins))
    assert sorted(r.status for r in replies) == [200] + [409] * 15
    assert {r.code for r in replies if r.status == 409} == {"challenge_used"}


def test_an_expired_challenge(guest):
    refused(guest.post_attest(guest.attest_body(guest.broker.challenge_of_age(122))), 403, "challenge_expired")
    # and the forged one is as good as a true one while it is young:
    assert guest.post_attest(guest.attest_body(guest.broker.challenge_of_age(60))).status == 200


def test_a_challenge_of_somebody_else(guest):
    refused(guest.post_attest(guest.attest_body(os.urandom(32))), 403, "challenge_unknown")


def test_a_challenge_with_one_bit_changed(guest):
    challenge = bytearray(guest.challenge())
    challenge[3] ^= 1
    refused(guest.post_attest(guest.attest_body(bytes(challenge))), 403, "challenge_unknown")


@pytest.mark.parametrize("length", [1, 31, 33])
def test_a_challenge_of_another_length(guest, length):
    reply = guest.post_attest(guest.attest_body(os.urandom(length)))
    assert reply.status == 400 and reply.code in ("challenge_malformed", "malformed"), reply


# Key and binding


def test_evidence_for_another_key(guest):
    """Evidence taken from its machine and sent with the thief's key."""
    challenge = guest.challenge()
    stolen = guest.evidence(challenge, key=Key())
    rejected(guest.post_attest(guest.attest_body(challenge, stolen)), "quote.binding")


def test_proof_by_another_key_than_named(guest):
    """Evidence and `key` of the victim, proof by the thief."""
    refused(guest.post_attest(guest.attest_body(key=Key().jwk())), 403, "key_mismatch")


@pytest.mark.parametrize("kind", [b"sev-snp", b"tdx", b"azure-sev-snp", b"azure-tdx", b""])
def test_evidence_made_for_another_type(guest, kind):
    challenge = guest.challenge()
    other = guest.evidence(challenge, extra_data=binding(challenge, guest.key.jkt(), kind))
    rejected(guest.post_attest(guest.attest_body(challenge, other)), "quote.binding")


def test_evidence_for_another_challenge(guest):
    old = guest.evidence(guest.challenge())
    rejected(guest.post_attest(guest.attest_body(evidence=old)), "quote.binding")


def test_the_bare_challenge_is_not_the_binding(guest):
    challenge = guest.challenge()
    bare = guest.evidence(challenge, extra_data=challenge)
    rejected(guest.post_attest(guest.attest_body(challenge, bare)), "quote.binding")


# Measurements


def test_a_wrong_measurement(make_guest, admin):
    """A machine with its own registered key that booted something else."""
    other = SoftTpm()
    admin.register("reference-set", usual_reference_set("wrong-boot", other))
    admin.register("policy", usual_policy("wrong", "wrong-boot"))
    guest = make_guest("wrong", tpm=other)
    assert guest.post_attest().status == 200
    other.extend(7, b"another boot loader")
    reply = guest.post_attest()
    rejected(reply, "pcr.values")
    shown = admin.get("verdicts/" + reply.json["verdict"])
    assert shown.status == 200
    found = [f for f in shown.json["findings"] if f["id"] == "pcr.values"]
    assert found and found[0]["outcome"] == "fail" and found[0]["seen"] and found[0]["wanted"]


def test_values_that_were_not_measured(guest):
    """The registered values beside a quote of other ones."""
    challenge = guest.challenge()
    item = guest.evidence(challenge)
    liar = SoftTpm()
    liar.key = guest.tpm.key
    liar.pcr = {0: bytes(32), 7: bytes(32)}
    message, signature = liar.quote(binding(challenge, guest.key.jkt()))
    item.update(quote=b64u(message), signature=b64u(signature))
    rejected(guest.post_attest(guest.attest_body(challenge, item)), "quote.pcrdigest")


def test_a_compound_is_not_mixed(make_guest, admin):
    """PCR 0 of one registered machine with PCR 7 of the other is neither."""
    one, two = SoftTpm(), SoftTpm()
    two.extend(0, b"two")
    two.extend(7, b"two")
    two.key = one.key
    admin.register("reference-set", usual_reference_set("pair-boot", one, two))
    admin.register("policy", usual_policy("pair", "pair-boot"))
    assert make_guest("pair", tpm=one).post_attest().status == 200
    assert make_guest("pair", tpm=two).post_attest().status == 200
    mixed = SoftTpm()
    mixed.key = one.key
    mixed.pcr = {0: one.pcr[0], 7: two.pcr[7]}
    rejected(make_guest("pair", tpm=mixed).post_attest(), "pcr.values")


def test_a_value_outside_the_selection(make_guest, tpm):
    wide = SoftTpm((0, 7, 4))
    wide.key = tpm.key
    guest = make_guest(tpm=wide)
    challenge = guest.challenge()
    item = guest.evidence(challenge, indexes=[0, 7])
    item["pcrs"] = wide.values()
    rejected(guest.post_attest(guest.attest_body(challenge, item)), "quote.unquoted_pcr")


def test_a_selection_that_the_policy_did_not_ask_for(make_guest, tpm):
    wide = SoftTpm((0, 4, 7))
    wide.key = tpm.key
    reply = make_guest(tpm=wide).post_attest()
    refused(reply, 403, "evidence_rejected")
    assert "quote.selection" in reply.json["failed"]


# Quote and key


def test_a_key_nobody_pinned(make_guest, tpm):
    stranger = SoftTpm()
    stranger.pcr = dict(tpm.pcr)
    reply = make_guest(tpm=stranger).post_attest()
    refused(reply, 403, "evidence_rejected")
    assert "ak.untrusted" in reply.json["failed"]


def test_a_broken_signature(guest):
    challenge = guest.challenge()
    message, signature = guest.tpm.quote(binding(challenge, guest.key.jkt()))
    signature = signature[:-1] + bytes([signature[-1] ^ 1])
    item = guest.evidence(challenge, quote=(message, signature))
    rejected(guest.post_attest(guest.attest_body(challenge, item)), "quote.signature")


@pytest.mark.parametrize(
    "bent, check",
    [({"magic": 0xFF544348}, "quote.magic"), ({"kind": 0x8017}, "quote.type"), ({"kind": 0x8019}, "quote.type")],
)
def test_signed_things_that_are_no_quote(guest, bent, check):
    challenge = guest.challenge()
    item = guest.evidence(challenge, quote=guest.tpm.quote(binding(challenge, guest.key.jkt()), **bent))
    reply = guest.post_attest(guest.attest_body(challenge, item))
    refused(reply, 403, "evidence_rejected")
    assert check in reply.json["failed"], reply


def test_a_truncated_quote_is_malformed_not_denied(guest):
    challenge = guest.challenge()
    message, signature = guest.tpm.quote(binding(challenge, guest.key.jkt()))
    item = guest.evidence(challenge, quote=(message[:-1], signature))
    reply = guest.post_attest(guest.attest_body(challenge, item))
    refused(reply, 400, "evidence_malformed")
    assert "quote.malformed" in reply.json["failed"]
    assert reply.json["verdict"].startswith("vd-")


def test_trailing_bytes_after_the_quote(guest):
    challenge = guest.challenge()
    message, signature = guest.tpm.quote(binding(challenge, guest.key.jkt()))
    item = guest.evidence(challenge, quote=(message + b"\0", guest.tpm.sign(message + b"\0")))
    refused(guest.post_attest(guest.attest_body(challenge, item)), 400, "evidence_malformed")


# Policy


def test_an_unknown_policy(guest):
    refused(guest.post_attest(guest.attest_body(policy="nobody-wrote-this")), 403, "policy_unknown")


def test_a_policy_that_is_not_approved_yet(make_guest, admin):
    document = usual_policy("proposed", REFERENCE_SET)
    assert admin.put("policy", document).json["state"] == "proposed"
    refused(make_guest("proposed").post_attest(), 403, "policy_unknown")
    assert admin.approve("policy", document).json["active"] is True
    assert make_guest("proposed").post_attest().status == 200


def test_a_reference_set_that_is_not_approved_counts_for_nothing(make_guest, admin):
    other = SoftTpm()
    document = usual_reference_set("late-boot", other)
    assert admin.put("reference-set", document).status == 201
    admin.register("policy", usual_policy("late", "late-boot"))
    guest = make_guest("late", tpm=other)
    assert guest.post_attest().status in (403, 503)
    assert admin.approve("reference-set", document).status == 200
    assert guest.post_attest().status == 200


def test_one_of_several_alternatives_is_enough(make_guest, admin, tpm):
    document = usual_policy("either", REFERENCE_SET)
    other = SoftTpm()
    admin.register("reference-set", usual_reference_set("either-boot", other))
    row = dict(document["accept"][0][0], reference_set="either-boot")
    document["accept"].append([row])
    admin.register("policy", document)
    assert make_guest("either", tpm=tpm).post_attest().status == 200
    assert make_guest("either", tpm=other).post_attest().status == 200
    refused(make_guest("either", tpm=SoftTpm()).post_attest(), 403, "evidence_rejected")


# What it leaves behind


def test_verdict_and_sandbox_are_on_record(guest, admin):
    answer = guest.attest()
    verdict = admin.get("verdicts/" + answer["verdict"])
    assert verdict.status == 200 and verdict.json["outcome"] == "accept"
    assert verdict.json["sandbox"] == answer["sandbox"]
    sandbox = admin.get("sandboxes/" + answer["sandbox"])
    assert sandbox.status == 200 and sandbox.json["state"] == "live"
    assert sandbox.json["policy"] == POLICY or sandbox.json["policy"].startswith(POLICY + "/")


def test_restart_does_not_forget_a_used_challenge(make_broker, populate, tpm):
    broker = make_broker()
    populate(broker)
    guest = Guest(broker, tpm, POLICY)
    challenge = guest.challenge()
    body = guest.attest_body(challenge)
    assert guest.post_attest(body).status == 200
    guest.close()
    assert broker.stop() == 0
    broker.start()
    again = Guest(broker, tpm, POLICY, guest.key)
    refused(again.post_attest(body), 409, "challenge_used")
    again.close()


def test_two_pieces_of_one_type(guest):
    challenge = guest.challenge()
    body = guest.attest_body(challenge)
    body["evidence"] = body["evidence"] * 2
    assert guest.post_attest(body).status in (400, 403)


def test_a_size_field_that_lies(guest):
    """qualifiedSigner claims 65535 bytes."""
    challenge = guest.challenge()
    message, signature = guest.tpm.quote(binding(challenge, guest.key.jkt()))
    message = message[:6] + struct.pack(">H", 0xFFFF) + message[8:]
    item = guest.evidence(challenge, quote=(message, signature))
    refused(guest.post_attest(guest.attest_body(challenge, item)), 400, "evidence_malformed")


def test_members_of_the_request_are_exact(guest):
    body = guest.attest_body()
    for name in body:
        less = {k: v for k, v in body.items() if k != name}
        refused(guest.post_attest(less), 400, "malformed")
    refused(guest.post_attest(dict(body, more=1)), 400, "malformed")
    refused(guest.post_attest(json.dumps(body).replace('"policy"', '"policy":"x","policy"', 1).encode()), 400, "malformed")
