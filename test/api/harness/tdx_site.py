# SPDX-License-Identifier: Apache-2.0
"""A broker for TDX guests with its people and perhaps a PCS; and the fixtures of the tests that have several of them.

A test file imports the fixtures that it uses: intel, roots, make_site.
"""
import pytest

from .admin import usual_policy
from .jose import b64u
from .site import Site
from .tdx import IntelWorld
from .tdx_guest import GOLDEN, TdxGuest, tdx_set

DOCUMENTS = ("tcb_info", "qe_identity")
# Row of the verdict by what lacks.
MISSING = ["root_crl.missing", "pck_crl.missing", "tcb_info.missing", "qe_identity.missing"]


@pytest.fixture(scope="session")
def intel():
    return IntelWorld()


@pytest.fixture(scope="session")
def roots(intel, tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("roots"))
    intel.write_roots(folder)
    return folder


def pieces(files):
    """What harness.tdx's collateral() makes, as bodies of POST /v1/admin/collateral; empty where a file lacks."""
    made = []
    for kind in DOCUMENTS:
        if kind + ".json" in files:
            chain = files.get(kind + "_issuer_chain.pem")
            made.append({"kind": kind, "document": b64u(files[kind + ".json"]), "issuer_chain": chain and b64u(chain)})
    if "pck_crl.der" in files:
        chain = files.get("pck_crl_issuer_chain.pem")
        made.append({"kind": "pck_crl", "crl": b64u(files["pck_crl.der"]), "issuer_chain": chain and b64u(chain)})
    if "root_ca_crl.der" in files:
        made.append({"kind": "root_crl", "crl": b64u(files["root_ca_crl.der"])})
    return [{name: value for name, value in piece.items() if value is not None} for piece in made]


class TdxSite(Site):
    """Policies: "tdx", "outdated" (which takes OutOfDate too), "grace" (an hour)."""

    vendor = "intel"

    def __init__(self, broker, admin, pcs, world):
        super().__init__(broker, admin, pcs)
        self.world = world
        admin.register("reference-set", tdx_set("image", GOLDEN))
        row = {"type": "tdx", "reference_set": "image"}
        admin.register("policy", usual_policy("tdx", "none", accept=[[row]]))
        admin.register("policy", usual_policy("outdated", "none", accept=[[dict(row, tcb_status=["UpToDate", "OutOfDate"])]]))
        admin.register("policy", usual_policy("grace", "none", accept=[[dict(row, grace_s=3600)]]))

    def attest(self, machine, policy="tdx", **more):
        guest = TdxGuest(self.broker, machine, policy, **more)
        try:
            return guest.post_attest()
        finally:
            guest.close()

    def until_accepted(self, machine, policy="tdx", seconds=10):
        return self.until_good(lambda: self.attest(machine, policy), seconds)

    def post(self, body, who="alice"):
        return self.admin.post("collateral", body, who)

    def bring(self, machine, track=None, **how):
        """An operator brings all that this machine is judged by; how: of harness.tdx's collateral()."""
        for body in pieces(self.world.collateral(machine, **how)):
            of_track = {"track": track} if track and body["kind"] in DOCUMENTS else {}
            reply = self.post({**body, **of_track})
            assert reply.status == 201, reply

    def platforms(self, source):
        text = self.broker.local().send("GET", "/metrics").body.decode()
        return int(text.partition(f'countersign_tdx_platforms_total{{from="{source}"}} ')[2].split()[0])


@pytest.fixture(scope="module")
def make_site(make_broker, populate, roots, intel):
    closing = []

    def make(pcs=None, world=None, intel_conf=None, **collateral):
        conf = dict(intel_conf or {})
        if pcs is not None:
            closing.append(pcs)
            conf = pcs.conf(**conf)
        broker = make_broker({"roots": roots, "collateral": {**collateral, **({"intel": conf} if conf else {})}})
        site = TdxSite(broker, populate(broker), pcs, world or intel)
        closing.append(site.admin)
        return site

    yield make
    for one in closing:
        one.close()


def unable(reply, *checks, least_s=1):
    assert (reply.status, reply.code) == (503, "evidence_unable"), reply
    assert reply.json["failed"] == list(checks), reply
    assert int(reply.get("Retry-After")) >= least_s, reply.get("Retry-After")
    return reply


def missing(reply, least_s=1):
    return unable(reply, *MISSING, least_s=least_s)


def rejected(reply, *checks):
    assert (reply.status, reply.code) == (403, "evidence_rejected"), reply
    assert reply.json["failed"] == list(checks), reply
    return reply.json["verdict"]
