# SPDX-License-Identifier: Apache-2.0
"""After the reply to a teardown nothing of that sandbox works; however the end came about."""
import os
import threading
import time

import pytest
from conftest import POLICY, REFERENCE_SET
from harness.admin import usual_policy, usual_reference_set
from harness.broker import AUDIENCE
from harness.guest import Guest
from harness.jose import open_jws
from harness.raw import StartedPut
from harness.tpm import SoftTpm
from harness.verify import verify_jws

DATA = b"y" * 5000


def files_below(folder):
    return sorted(os.path.join(d, f) for d, _, names in os.walk(folder) for f in names)


def check_dead(guest, admin, granted, away):
    """Every way in: own routes, exchange, introspection, a fresh URL, the old URL."""
    reply = guest.heartbeat()
    assert (reply.status, reply.code) == (401, "invalid_token"), reply
    for subject in (None, guest.token):
        reply = guest.exchange(subject)
        assert reply.status == 400 and reply.code in ("invalid_request", "invalid_grant"), reply
    for token in (guest.token, away):
        assert admin.introspect(token).json == {"active": False}
    reply = guest.ask_upload(10)
    assert (reply.status, reply.code) == (401, "invalid_token"), reply
    reply = guest.put(granted, DATA)
    assert (reply.status, reply.code) == (410, "sandbox_ended"), reply
    reply = guest.commit(granted["id"])
    assert (reply.status, reply.code) == (401, "invalid_token"), reply


def living(make_guest, admin, policy=POLICY, tpm=None):
    """A guest with an open upload and a token for elsewhere, all of it working."""
    guest = make_guest(policy, **({"tpm": tpm} if tpm else {})).ready()
    granted = guest.ask_upload(len(DATA)).json
    away = guest.get_token(audience=AUDIENCE)
    assert admin.introspect(away).json["active"] is True
    assert guest.heartbeat().status == 200
    return guest, granted, away


def test_teardown_by_the_guest(make_guest, admin):
    guest, granted, away = living(make_guest, admin)
    reply = guest.teardown("work is done")
    assert reply.status == 200, reply
    assert reply.json["sandbox"] == guest.sandbox and reply.json["state"] == "ended"
    check_dead(guest, admin, granted, away)
    assert admin.get("sandboxes/" + guest.sandbox).json["state"] == "ended"


def test_the_receipt_is_signed_and_stays_the_same(make_guest, admin):
    guest, _, _ = living(make_guest, admin)
    first = guest.teardown("one")
    header, claims = open_jws(first.json["receipt"])
    assert header["typ"] == "receipt+jwt" and "exp" not in claims
    assert claims["sandbox"] == guest.sandbox
    verify_jws(first.json["receipt"], guest.send("GET", "/jwks").json)
    again = guest.teardown("two")
    assert again.status == 200 and again.json == first.json


def test_two_teardowns_at_once_give_one_receipt(make_guest, admin):
    guest, _, _ = living(make_guest, admin)
    twins = [make_guest(key=guest.key) for _ in range(6)]
    receipts = []
    for twin in twins:
        twin.sandbox, twin.token = guest.sandbox, guest.token
        twin.challenge()
    threads = [threading.Thread(target=lambda t=t: receipts.append(t.teardown().json["receipt"])) for t in twins]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(receipts) == 6 and len(set(receipts)) == 1


def test_another_guest_cannot_tear_down(make_guest, admin):
    guest, _, _ = living(make_guest, admin)
    other = make_guest().ready()
    reply = other.own("POST", f"/v1/sandboxes/{guest.sandbox}/teardown", {})
    assert reply.status in (401, 403), reply
    assert guest.heartbeat().status == 200


def test_an_upload_in_flight_is_cut(make_guest, admin):
    guest, _, _ = living(make_guest, admin)
    granted = guest.ask_upload(4 << 20).json
    before = files_below(guest.broker.folder)
    put = StartedPut(guest.broker, granted, 4 << 20)
    put.send(1 << 20)
    time.sleep(0.3)
    begin = time.monotonic()
    reply = guest.teardown()
    took = time.monotonic() - begin
    assert reply.status == 200, reply
    assert took < 5, "teardown waits for what is under way, but not for a slow guest"
    assert files_below(guest.broker.folder) <= before, "the file must be gone when teardown has answered"
    assert put.is_cut()
    put.close()
    assert not os.path.exists(guest.broker.stored(granted["key"]))


def test_a_stored_upload_that_was_not_committed_is_removed(make_guest, admin):
    guest, granted, _ = living(make_guest, admin)
    before = set(files_below(guest.broker.folder))
    assert guest.put(granted, DATA).status == 201
    stored = set(files_below(guest.broker.folder)) - before
    assert stored
    assert guest.teardown().status == 200
    assert not [f for f in stored if os.path.exists(f) and os.path.getsize(f) == len(DATA)]


def test_what_was_committed_stays(make_guest, admin):
    guest, granted, _ = living(make_guest, admin)
    assert guest.put(granted, DATA).status == 201
    assert guest.commit(granted["id"]).status == 200
    assert guest.teardown().status == 200
    assert os.path.getsize(guest.broker.stored(granted["key"])) == len(DATA)


def test_teardown_by_the_operator(make_guest, admin):
    guest, granted, away = living(make_guest, admin)
    refused = admin.post(f"sandboxes/{guest.sandbox}/teardown", {"reason": "x"}, who="carol")
    assert (refused.status, refused.code) == (403, "role_missing"), refused
    assert guest.heartbeat().status == 200
    reply = admin.post(f"sandboxes/{guest.sandbox}/teardown", {"reason": "runs too long"})
    assert reply.status == 200, reply
    check_dead(guest, admin, granted, away)
    # The guest may still fetch its receipt.
    assert guest.teardown().status == 200


def test_a_lease_that_was_not_renewed(make_guest, admin):
    document = usual_policy("brief", REFERENCE_SET, lease={"heartbeat_s": 5, "max_s": 60})
    admin.register("policy", document)
    guest, granted, away = living(make_guest, admin, "brief")
    for _ in range(4):  # renewed, it outlives its first lease; no token lives longer than the lease
        time.sleep(1.8)
        guest.get_token()
        assert guest.heartbeat().status == 200
    away = guest.get_token(audience=AUDIENCE)
    time.sleep(5.5)
    assert admin.introspect(away).json == {"active": False}
    reply = guest.heartbeat()
    assert reply.status in (401, 410), reply
    assert guest.ask_upload(10).status in (401, 410)


def test_the_hard_end_is_not_renewed(make_guest, admin):
    document = usual_policy("bounded", REFERENCE_SET, lease={"heartbeat_s": 6, "max_s": 7})
    admin.register("policy", document)
    guest, _, _ = living(make_guest, admin, "bounded")
    begin = time.monotonic()
    time.sleep(2)
    assert guest.heartbeat().status == 200
    time.sleep(8.2 - (time.monotonic() - begin))
    assert guest.heartbeat().status in (401, 410)


def test_revoking_the_reference_set_ends_what_rests_on_it(make_guest, admin):
    other = SoftTpm()
    admin.register("reference-set", usual_reference_set("doomed-boot", other))
    admin.register("policy", usual_policy("doomed", "doomed-boot"))
    guest, granted, away = living(make_guest, admin, "doomed", other)
    bystander, _, _ = living(make_guest, admin)
    reply = admin.revoke("reference-set", "doomed-boot", 1, reason="CVE-2026-0001")
    assert reply.status == 200 and reply.json["state"] == "revoked"
    assert reply.json["ended"] == [guest.sandbox]
    check_dead(guest, admin, granted, away)
    assert bystander.heartbeat().status == 200
    assert guest.post_attest().status in (403, 503), "nobody gets in with it any more"


def test_revoking_the_policy_ends_what_rests_on_it(make_guest, admin):
    admin.register("policy", usual_policy("doomed-policy", REFERENCE_SET))
    guest, granted, away = living(make_guest, admin, "doomed-policy")
    reply = admin.revoke("policy", "doomed-policy", 1)
    assert reply.json["ended"] == [guest.sandbox]
    check_dead(guest, admin, granted, away)
    assert guest.post_attest().code == "policy_unknown"


def test_an_end_survives_restart(make_broker, populate, tpm):
    broker = make_broker()
    admin = populate(broker)
    guest = Guest(broker, tpm, POLICY).ready()
    live = Guest(broker, tpm, POLICY).ready()
    granted = guest.ask_upload(len(DATA)).json
    away = guest.get_token(audience=AUDIENCE)
    receipt = guest.teardown().json["receipt"]
    broker.kill()
    broker.start()
    check_dead(guest, admin, granted, away)
    assert guest.teardown().json["receipt"] == receipt
    assert live.heartbeat().status == 200, "and what lived, lives"
    for one in (guest, live, admin):
        one.close()


@pytest.mark.parametrize("body", [b"", b"[]", b'{"reason":1}', b'{"more":1}', b'{"reason":"' + b"x" * 5000 + b'"}'])
def test_a_teardown_with_a_bad_body_ends_nothing(make_guest, body):
    guest = make_guest().ready()
    path = f"/v1/sandboxes/{guest.sandbox}/teardown"
    json_type = [("Content-Type", "application/json")]
    reply = guest.proven("POST", path, json_type, body, token=guest.token)
    assert reply.status in (400, 413), reply
    assert guest.heartbeat().status == 200
