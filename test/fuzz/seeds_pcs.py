#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Write the seeds of fuzz_pcs_headers into test/corpus: replies of a service that the throw-away Intel of the API tests signs, and near misses.

A seed is the kind (0 tcbInfo, 1 QE identity, 2 PCK CRL, 3 root CRL), the header, NUL, the body.
"""
import datetime
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "api"))

from harness import pcs, snp, tdx  # noqa: E402

CORPUS = os.path.join(HERE, "..", "corpus", "pcs_headers")
AT = datetime.datetime(2027, 1, 15, 8)


def seeds():
    intel = tdx.IntelWorld(at=AT, seed="pcs")
    machine = intel.machine()
    tcb = intel.signed("tcbInfo", intel.tcb_info(machine))
    chain = pcs.encoded(intel.signing_chain()).encode()
    ca = pcs.encoded(snp.pem(intel.certificate["platform"]) + snp.pem(intel.certificate["root"])).encode()
    crl = intel.crl("platform", [machine.serial])
    root = intel.crl("root")
    yield "tcb_info", b"\0" + chain + b"\0" + tcb
    yield "qe_identity", b"\1" + chain + b"\0" + intel.signed("enclaveIdentity", intel.qe_identity())
    yield "pck_crl", b"\2" + ca + b"\0" + crl
    yield "pck_crl_hex", b"\2" + ca + b"\0" + crl.hex().encode()
    yield "pck_crl_pem", b"\2" + ca + b"\0" + snp.pem(crl).replace(b"CERTIFICATE", b"X509 CRL")
    yield "root_crl", b"\3\0" + root
    yield "root_crl_hex", b"\3\0" + root.hex().upper().encode() + b"\n"
    yield "plain", b"\0" + intel.signing_chain().replace(b"\n", b"%0a") + b"\0" + tcb
    yield "cut_escape", b"\0" + chain[:-1] + b"%\0" + tcb
    yield "bad_escape", b"\0" + chain.replace(b"%0A", b"%0G", 1) + b"\0" + tcb
    yield "nul_escape", b"\0" + chain.replace(b"%0A", b"%00", 1) + b"\0" + tcb
    yield "other_chain", b"\0" + ca + b"\0" + tcb
    yield "three", b"\2" + ca + pcs.encoded(snp.pem(intel.certificate["root"])).encode() + b"\0" + crl
    yield "no_chain", b"\0\0" + tcb
    yield "no_body", b"\0" + chain
    yield "sgx", b"\0" + chain + b"\0" + intel.signed("tcbInfo", intel.tcb_info(machine, id="SGX"))
    yield "spaces", b"\0" + chain + b"\0" + tcb.replace(b",", b", ", 1)


def main():
    os.makedirs(CORPUS, exist_ok=True)
    for name, data in seeds():
        with open(os.path.join(CORPUS, name), "wb") as out:
            out.write(data)


if __name__ == "__main__":
    main()
