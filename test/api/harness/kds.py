# SPDX-License-Identifier: Apache-2.0
"""A stand-in for AMD's Key Distribution Service (AMD 57230, chapter 4); harness.vendor says how it can be rude.

    kds = Kds()
    kds.add(vek)                       its certificate, where KDS has it
    kds.crls["Milan"] = der            the product's list
    kds.asked("/vcek/")                the paths that were asked for; CRLs count only when they are named
"""
from .snp import PRODUCTS
from .vendor import StandIn


def vcek_path(vek):
    """As the specification has it: 16 hex digits and the FMC for Turin."""
    product, tcb = PRODUCTS[vek.product], vek.tcb
    levels = [("fmcSPL", tcb.fmc)] if product.fmc else []
    levels += [("blSPL", tcb.bootloader), ("teeSPL", tcb.tee), ("snpSPL", tcb.snp), ("ucodeSPL", tcb.microcode)]
    query = "&".join(f"{name}={value:02d}" for name, value in levels)
    return f"/vcek/v1/{vek.product}/{vek.chip.hex()}?{query}"


class Kds(StandIn):
    def __init__(self):
        self.certificates, self.crls = {}, {}
        super().__init__()

    def add(self, vek, der=None):
        self.certificates[vcek_path(vek)] = vek.der if der is None else der

    def is_below(self, path, below):
        return path.startswith(below) and path.endswith("/crl") == below.endswith("/crl")

    def asked(self, below="/vcek/"):
        return super().asked(below)

    def times_of(self, below="/vcek/"):
        return super().times_of(below)

    def serve(self, path):
        if path in self.certificates:
            return 200, {}, self.certificates[path]
        product = path.split("/")[3] if path.count("/") > 3 else ""
        if path == f"/vcek/v1/{product}/crl" and product in self.crls:
            return 200, {}, self.crls[product]
        return 404, {}, b"not found"
