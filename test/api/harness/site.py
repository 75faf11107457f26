# SPDX-License-Identifier: Apache-2.0
"""A broker for SEV-SNP guests with its people and perhaps a KDS; and the fixtures of the tests that have several of them.

A test file imports the fixtures that it uses: amd, turin, roots, make_site.
"""
import datetime
import re
import time

import pytest

from .admin import usual_policy
from .broker import SLOW
from .jose import b64u
from .snp import AmdWorld
from .snp_guest import GOLDEN, SnpGuest, snp_set


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
    """A broker, its people, and perhaps a stand-in for a vendor of hardware."""

    vendor = None  # as metrics name it

    def __init__(self, broker, admin, service):
        self.broker, self.admin, self.service = broker, admin, service

    def until(self, accepts, seconds=10):
        """Ask again and again until accepts(reply)."""
        end = time.monotonic() + seconds * SLOW
        while True:
            reply = accepts()
            if reply:
                return reply
            assert time.monotonic() < end, "never came"
            time.sleep(0.1)

    def until_good(self, ask, seconds=10):
        """Refusals other than "unable" are not what is waited for."""

        def once():
            reply = ask()
            assert reply.status in (200, 503), reply
            return reply if reply.status == 200 else None

        return self.until(once, seconds)

    def figure(self, name):
        """One line of /metrics, without its vendor."""
        name, _, labels = name.partition("{")
        labels = f'{{vendor="{self.vendor}"' + ("," + labels if labels else "}")
        text = self.broker.local().send("GET", "/metrics").body.decode()
        return int(re.search(rf"^countersign_collateral_{re.escape(name + labels)} (\d+)$", text, re.M)[1])

    def until_figure(self, name, at_least, seconds=10):
        return self.until(lambda: self.figure(name) >= at_least, seconds)

    def listed(self):
        return self.admin.get("collateral").json["collateral"]

    def log(self, event="collateral.fetch"):
        return [line for line in self.broker.log().splitlines() if f"event={event} " in line]


class SnpSite(Site):
    """Policies: "snp" (Milan, Turin), "milan", "strict" (CRL required)."""

    vendor = "amd"

    def __init__(self, broker, admin, kds):
        super().__init__(broker, admin, kds)
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

    def until_accepted(self, vek, policy="snp", seconds=10):
        return self.until_good(lambda: self.bare(vek, policy), seconds)

    def post(self, kind, data, who="alice"):
        member = "certificate" if kind == "vek" else "crl"
        return self.admin.post("collateral", {"kind": kind, member: b64u(data)}, who)


@pytest.fixture(scope="module")
def make_site(make_broker, populate, roots):
    closing = []

    def make(kds=None, **collateral):
        amd = collateral.pop("amd", {})
        if kds is not None:
            closing.append(kds)
            amd = {"url": kds.url, "timeout_s": 2, "negative_s": 2, **amd}
        broker = make_broker({"roots": roots, "collateral": {**collateral, **({"amd": amd} if amd else {})}})
        site = SnpSite(broker, populate(broker), kds)
        closing.append(site.admin)
        return site

    yield make
    for one in closing:
        one.close()


def missing(reply, least_s=1):
    assert (reply.status, reply.code) == (503, "evidence_unable"), reply
    assert reply.json["failed"] == ["vek.missing"], reply
    assert int(reply.get("Retry-After")) >= least_s, reply.get("Retry-After")


def rejected(reply, *checks):
    assert (reply.status, reply.code) == (403, "evidence_rejected"), reply
    assert reply.json["failed"] == list(checks), reply
