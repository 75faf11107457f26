# SPDX-License-Identifier: Apache-2.0
"""A stand-in for Intel's Provisioning Certification Service, or a PCCS (Intel PCS API v4); harness.vendor says how it can be rude.

    pcs = Pcs(intel)                           CRLs and the identity of the QE on the standard track; a harness.tdx.IntelWorld signs
    pcs.add(machine)                           tcbInfo for its FMSPC, by which it is UpToDate
    pcs.set(TCB, text, track="early")          another body, with the usual issuer chain; PCK_CRL and ROOT_CRL likewise
    Pcs(intel, pccs=True)                      CRLs in hex, and the root's beside the others
    pcs.names = str.upper                      how header names are written

TCB(fmspc), QE, PCK_CRL(ca) and ROOT_CRL are the paths, without the track.
"""
import urllib.parse

from .snp import pem
from .vendor import StandIn

QE = "/tdx/certification/v4/qe/identity"
ROOT_CRL = "/IntelSGXRootCA.der"
PCCS_ROOT_CRL = "/sgx/certification/v4/rootcacrl"


def TCB(fmspc="b0c06f000000"):
    return f"/tdx/certification/v4/tcb?fmspc={fmspc}"


def PCK_CRL(ca="platform"):
    return f"/sgx/certification/v4/pckcrl?ca={ca}"


def header_of(path):
    """The header with the issuer chain."""
    if path.startswith("/tdx/certification/v4/tcb"):
        return "TCB-Info-Issuer-Chain"
    return {"/tdx": "SGX-Enclave-Identity-Issuer-Chain", "/sgx": "SGX-PCK-CRL-Issuer-Chain"}.get(path[:4])


def encoded(chain):
    """As the service writes it."""
    return urllib.parse.quote(chain.decode(), safe="")


class Pcs(StandIn):
    def __init__(self, world, pccs=False):
        self.world, self.pccs, self.names = world, pccs, str
        self.bodies = {}
        self.root_path = PCCS_ROOT_CRL if pccs else ROOT_CRL
        super().__init__()
        self.set(QE, world.signed("enclaveIdentity", world.qe_identity()))
        for ca in ("platform", "processor"):
            self.set(PCK_CRL(ca), world.crl(ca))
        self.set(self.root_path, world.crl("root"))

    def conf(self, **more):
        """For the configuration, member collateral.intel."""
        place = {"pccs": True} if self.pccs else {"root_crl_url": self.url + ROOT_CRL}
        return {"url": self.url, "timeout_s": 2, "negative_s": 2, **place, **more}

    def key(self, path, track="standard"):
        if not path.startswith("/tdx"):
            return path
        return path + ("&" if "?" in path else "?") + f"update={track}"

    def set(self, path, body, track="standard", chain=None):
        """chain: PEM; None: the usual one."""
        if chain is None and path.startswith("/tdx"):
            chain = self.world.signing_chain()
        elif chain is None and path.startswith("/sgx/certification/v4/pckcrl"):
            chain = pem(self.world.certificate[path.partition("ca=")[2]]) + pem(self.world.certificate["root"])
        self.bodies[self.key(path, track)] = (chain, body)

    def add(self, machine, track="standard", **instead):
        """instead: members of its tcbInfo."""
        text = self.world.signed("tcbInfo", self.world.tcb_info(machine, **instead))
        self.set(TCB(machine.fmspc.hex()), text, track)

    def add_early(self, machine, tcb=None, qe=None):
        self.add(machine, "early", **(tcb or {}))
        self.set(QE, self.world.signed("enclaveIdentity", self.world.qe_identity(**(qe or {}))), "early")

    def served(self, path, track="standard"):
        """The reply as it would come, to be bent and given to answer()."""
        return self.serve(self.key(path, track))

    def serve(self, path):
        path, _, encoding = path.partition("&encoding=")
        if path not in self.bodies:
            return 404, {}, b""
        chain, body = self.bodies[path]
        name = header_of(path)
        headers = {self.names(name): encoded(chain)} if name and chain else {}
        if self.pccs and path.startswith("/sgx"):
            body = body.hex().encode()
        return 200, headers, body
