# SPDX-License-Identifier: Apache-2.0
"""Uploads in mode `local`: what the URL allows, and nothing else."""
import hashlib
import os
import time

import pytest
from conftest import POLICY, REFERENCE_SET
from harness.admin import usual_policy
from harness.guest import Guest
from harness.raw import StartedPut

DATA = b"%PDF-1.7 " + bytes(range(256)) * 16


def refused(reply, status, code):
    assert (reply.status, reply.code) == (status, code), reply


@pytest.fixture(scope="module")
def worker(broker, admin, tpm):
    guest = Guest(broker, tpm, POLICY).ready()
    yield guest
    guest.close()


def files_below(folder):
    return sorted(os.path.join(d, f) for d, _, names in os.walk(folder) for f in names)


def test_the_whole_way(worker, fresh_name):
    name = fresh_name("report") + ".pdf"
    granted = worker.ask_upload(len(DATA), name=name)
    assert granted.status == 201, granted
    answer = granted.json
    assert answer["id"].startswith("up-") and answer["mode"] == "local" and answer["method"] == "PUT"
    assert answer["url"].startswith(worker.broker.issuer + "/v1/uploads/" + answer["id"] + "/content?t=")
    assert answer["key"] == f"summaries/{worker.sandbox}/{name}"
    assert 0 < answer["expires_in"] <= 60
    target = worker.broker.stored(answer["key"])

    stored = worker.put(answer, DATA)
    assert stored.status == 201, stored
    assert stored.json == {
        "id": answer["id"],
        "state": "stored",
        "size": len(DATA),
        "sha256": hashlib.sha256(DATA).hexdigest(),
    }
    assert not os.path.exists(target), "an upload that was not committed must not be seen"

    committed = worker.commit(answer["id"])
    assert committed.status == 200, committed
    assert committed.json == {
        "id": answer["id"],
        "state": "committed",
        "store": "results",
        "key": answer["key"],
        "size": len(DATA),
    }
    with open(target, "rb") as f:
        assert f.read() == DATA


def test_commit_again_is_no_second_upload(worker, fresh_name):
    granted, _ = worker.upload(DATA, name=fresh_name())
    again = worker.commit(granted["id"])
    assert again.status in (200, 409), again
    refused(worker.put(granted, DATA), 409, "already_stored")


def test_an_empty_file(worker, fresh_name):
    granted, _ = worker.upload(b"", name=fresh_name())
    assert os.path.getsize(worker.broker.stored(granted["key"])) == 0


# Asking


def test_a_store_that_the_policy_does_not_name(worker):
    refused(worker.ask_upload(10, store="elsewhere"), 403, "store_denied")


@pytest.mark.parametrize("content_type", ["text/html", "application/PDF2", "application/pdf; charset=x"])
def test_a_type_that_the_policy_does_not_name(worker, content_type):
    refused(worker.ask_upload(10, content_type=content_type), 403, "type_denied")


def test_a_size_over_the_policys(worker):
    refused(worker.ask_upload(10485761), 403, "size_denied")
    assert worker.ask_upload(10485760, name="largest").status == 201


def test_a_token_without_the_scope(worker):
    token = worker.exchange(scope="secret:db").json["access_token"]
    body = {"store": "results", "name": "a", "size": 1, "content_type": "text/plain"}
    refused(worker.own("POST", "/v1/uploads", body, token=token), 403, "scope_missing")


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", ".hidden", "../x", "a/b", "/etc/passwd", "a\\b", "a b", "a\n", "a\0", "\u00e9", "a%2fb", "x" * 201, "${sandbox}"],
)
def test_names_that_are_none(worker, name):
    reply = worker.ask_upload(10, name=name)
    assert reply.status == 400, reply


@pytest.mark.parametrize(
    "more",
    [
        {"size": -1},
        {"size": 1.5},
        {"size": "10"},
        {"size": 2**63},
        {"sha256": "00"},
        {"sha256": "g" * 64},
        {"sha256": "A" * 64},
        {"more": 1},
        {"store": None},
        {"name": None},
        {"content_type": None},
    ],
)
def test_members_that_are_wrong(worker, more):
    body = {"store": "results", "name": "a", "size": 10, "content_type": "text/plain"}
    body.update(more)
    reply = worker.own("POST", "/v1/uploads", {k: v for k, v in body.items() if v is not None})
    assert reply.status == 400, reply


# Putting


def test_another_size(worker, fresh_name):
    granted = worker.ask_upload(len(DATA), name=fresh_name()).json
    refused(worker.put(granted, DATA + b"x"), 403, "size_mismatch")
    refused(worker.put(granted, DATA[:-1]), 403, "size_mismatch")
    refused(worker.commit(granted["id"]), 409, "not_stored")
    assert worker.put(granted, DATA).status == 201


def test_another_type(worker, fresh_name):
    granted = worker.ask_upload(len(DATA), name=fresh_name()).json
    refused(worker.put(granted, DATA, {"content-type": "text/html"}), 403, "type_mismatch")
    refused(worker.put(granted, DATA, {}), 403, "type_mismatch")


def test_another_content(worker, fresh_name):
    digest = hashlib.sha256(DATA).hexdigest()
    granted = worker.ask_upload(len(DATA), name=fresh_name(), sha256=digest).json
    refused(worker.put(granted, DATA[:-1] + b"!"), 403, "digest_mismatch")
    refused(worker.commit(granted["id"]), 409, "not_stored")
    assert worker.put(granted, DATA).status == 201
    assert worker.commit(granted["id"]).status == 200


def bent(url, edit):
    head, _, token = url.partition("?t=")
    return head + "?t=" + edit(token)


URLS = {
    "no token": lambda u: u.partition("?")[0],
    "empty token": lambda u: bent(u, lambda t: ""),
    "bit flipped": lambda u: bent(u, lambda t: t[:-10] + ("A" if t[-10] != "A" else "B") + t[-9:]),
    "cut": lambda u: bent(u, lambda t: t[:-1]),
    "something behind": lambda u: u + ".x",
    "token twice": lambda u: u + "&t=x",
    "another parameter": lambda u: u + "&x=1",
    "another parameter before": lambda u: u.replace("?t=", "?x=1&t="),
}


@pytest.mark.parametrize("case", URLS)
def test_a_url_that_was_touched(worker, fresh_name, case):
    granted = worker.ask_upload(len(DATA), name=fresh_name()).json
    reply = worker.put(dict(granted, url=URLS[case](granted["url"])), DATA)
    assert reply.status in (400, 403), reply
    assert reply.code in ("url_invalid", "bad_request", "malformed"), reply
    refused(worker.commit(granted["id"]), 409, "not_stored")


def test_a_token_for_another_upload(worker, fresh_name):
    one = worker.ask_upload(len(DATA), name=fresh_name()).json
    two = worker.ask_upload(len(DATA), name=fresh_name()).json
    mixed = dict(one, url=one["url"].partition("?")[0] + "?" + two["url"].partition("?")[2])
    refused(worker.put(mixed, DATA), 403, "url_invalid")


def test_other_kinds_of_token_in_the_url(worker, fresh_name):
    granted = worker.ask_upload(len(DATA), name=fresh_name()).json
    for token in (worker.token, worker.ear):
        refused(worker.put(dict(granted, url=bent(granted["url"], lambda t: token)), DATA), 403, "url_invalid")


def test_the_url_is_no_access_token(worker, fresh_name):
    granted = worker.ask_upload(len(DATA), name=fresh_name()).json
    capability = granted["url"].partition("?t=")[2]
    reply = worker.own("POST", f"/v1/sandboxes/{worker.sandbox}/heartbeat", {}, token=capability)
    refused(reply, 401, "invalid_token")


def test_only_put(worker, fresh_name):
    granted = worker.ask_upload(len(DATA), name=fresh_name()).json
    path = granted["url"].removeprefix(worker.broker.issuer)
    for method in ("GET", "POST", "DELETE"):
        conn = worker.broker.guest_http()
        assert conn.send(method, path).status in (405, 404), method
        conn.close()


def test_once(worker, fresh_name):
    granted = worker.ask_upload(len(DATA), name=fresh_name()).json
    assert worker.put(granted, DATA).status == 201
    refused(worker.put(granted, b"!" * len(DATA)), 409, "already_stored")
    assert worker.commit(granted["id"]).status == 200
    with open(worker.broker.stored(granted["key"]), "rb") as f:
        assert f.read() == DATA


def test_an_expired_url(make_guest, admin):
    document = usual_policy("hasty", REFERENCE_SET)
    document["grant"]["upload"][0]["ttl_s"] = 1
    admin.register("policy", document)
    guest = make_guest("hasty").ready()
    granted = guest.ask_upload(len(DATA)).json
    time.sleep(2.1)
    refused(guest.put(granted, DATA), 410, "url_expired")
    refused(guest.commit(granted["id"]), 409, "not_stored")


# Ending


def test_commit_before_the_content(worker, fresh_name):
    granted = worker.ask_upload(len(DATA), name=fresh_name()).json
    refused(worker.commit(granted["id"]), 409, "not_stored")


def test_delete(worker, fresh_name):
    granted = worker.ask_upload(len(DATA), name=fresh_name()).json
    assert worker.put(granted, DATA).status == 201
    reply = worker.own("DELETE", "/v1/uploads/" + granted["id"])
    assert reply.status == 204 and reply.body == b"", reply
    assert worker.commit(granted["id"]).status in (404, 409, 410)
    assert worker.put(granted, DATA).status in (403, 409, 410)
    assert not os.path.exists(worker.broker.stored(granted["key"]))


def test_another_guests_upload(worker, make_guest, fresh_name):
    granted = worker.ask_upload(len(DATA), name=fresh_name()).json
    assert worker.put(granted, DATA).status == 201
    other = make_guest().ready()
    assert other.commit(granted["id"]).status in (403, 404)
    assert other.own("DELETE", "/v1/uploads/" + granted["id"]).status in (403, 404)
    assert worker.commit(granted["id"]).status == 200


def test_an_unknown_upload(worker):
    for upload in ("up-000000000000", "x", "up-" + "0" * 60):
        assert worker.commit(upload).status in (403, 404), upload


def test_a_body_that_breaks_off_leaves_nothing(worker, fresh_name):
    before = files_below(worker.broker.folder)
    granted = worker.ask_upload(100000, name=fresh_name()).json
    put = StartedPut(worker.broker, granted, 100000)
    put.send(50000)
    time.sleep(0.3)
    put.close()
    end = time.monotonic() + 5
    while time.monotonic() < end and files_below(worker.broker.folder) != before:
        time.sleep(0.1)
    assert files_below(worker.broker.folder) == before
    assert worker.put(granted, b"y" * 100000).status == 201


def test_two_at_once_to_one_url(worker, fresh_name):
    """Whoever is second is refused, and never mixed in."""
    granted = worker.ask_upload(200000, name=fresh_name()).json
    slow = StartedPut(worker.broker, granted, 200000)
    slow.send(100000, b"a")
    time.sleep(0.2)
    fast = worker.put(granted, b"b" * 200000)
    slow.send(100000, b"a")
    late = slow.reply()
    slow.close()
    statuses = sorted(r.status if r is not None else 409 for r in (fast, late))
    assert statuses[0] == 201 and statuses[1] in (409, 429, 503), (fast, late)
    assert worker.commit(granted["id"]).status == 200
    with open(worker.broker.stored(granted["key"]), "rb") as f:
        assert set(f.read()) in ({ord("a")}, {ord("b")})
