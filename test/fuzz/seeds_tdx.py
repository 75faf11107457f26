#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Write the seeds of the fuzzers of attest/tdx into test/corpus; run it after adding one here.

Everything is of the throw-away Intel of the tests, from one seed: no byte is of a real machine, and nobody trusts its root.
"""
import datetime
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "api"))

from harness import ccel, tdx  # noqa: E402

CORPUS = os.path.join(HERE, "..", "corpus")
AT = datetime.datetime(2027, 1, 15, 8, 0)
SGX_OID = bytes.fromhex("2a864886f84d010d01")
SVNS = bytes([7, 7, 2, 2, 4, 1, 0, 5, 6, 1, 3]) + bytes(21)


def quotes(machine, processor):
    yield "v4", machine.quote().bytes()
    yield "v5", machine.quote(version=5).bytes()
    yield "v5_type_2", machine.quote(version=5, body_type=2).bytes()
    yield "processor", processor.quote().bytes()
    yield "tail", machine.quote(tail=bytes(40)).bytes()
    yield "cut", machine.quote().bytes()[:-1]
    yield "header", machine.quote().bytes()[:48]


def value(extension):
    """What the OCTET STRING of an Extension holds."""
    at = extension.index(b"\x04", extension.index(SGX_OID) + len(SGX_OID))
    return extension[at + 2 + (extension[at + 1] & 0x7F if extension[at + 1] > 0x7F else 0) :]


def extensions(machine, processor):
    yield "platform", value(tdx.sgx_extension(machine))
    yield "processor", value(tdx.sgx_extension(processor))
    yield "twice", value(tdx.sgx_extension(machine, twice=("ppid",)))


def documents(world, machine):
    files = world.collateral(machine)
    for kind, file in (("tcb_info", "tcb_info.json"), ("qe_identity", "qe_identity.json")):
        yield kind, "good", SVNS + files[file]
        yield kind, "current", SVNS[:16] + SVNS[8:23] + b"\1" + files[file]
        yield kind, "old", bytes(32) + files[file]
        yield kind, "cut", SVNS + files[file][:-1]
    yield "crl", "root", files["root_ca_crl.der"]
    yield "crl", "pck", files["pck_crl.der"]
    yield "crl", "revoked", world.crl("root", revoked=(1, 0x80, 2**159))


def logs():
    yield "boot", ccel.log(ccel.boot())
    yield "runtime", ccel.log(ccel.boot(True), b"")
    yield "zeros", ccel.log(ccel.boot(), bytes(100))
    yield "header", ccel.log([], b"")


def write(kind, name, data):
    folder = os.path.join(CORPUS, f"tdx_{kind}")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as file:
        file.write(data)


def main():
    world = tdx.IntelWorld(AT, "seeds")
    machine, processor = world.machine(), world.machine("processor", ca="processor")
    for name, data in quotes(machine, processor):
        write("quote", name, data)
    for name, data in extensions(machine, processor):
        write("pck", name, data)
    for kind, name, data in documents(world, machine):
        write(kind, name, data)
    for name, data in logs():
        write("ccel", name, data)


main()
