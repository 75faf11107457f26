#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A stand-in for configfs-tsm on a machine without SEV-SNP and TDX: it watches a folder, and answers what `countersign attest --tsm FOLDER` asks
there with reports of a throw-away AMD (test/api/harness/snp.py) or quotes of a throw-away Intel (test/api/harness/tdx.py).  For demonstrations and
tests; whoever trusts its roots trusts nothing.

    tools/tsm_standin.py FOLDER --roots DIR             write the roots, print one line of JSON with the machine's values, serve until told to end
    tools/tsm_standin.py FOLDER --roots DIR --tdx       the same as a TD

    with TsmStandin(folder, machine):                   the same for a harness.snp.Vek or a harness.tdx.Machine, in a thread
        ...

On Linux an entry has its attributes from the start and loses them with its folder; here they come a moment later and are taken away by us.
"""
import argparse
import contextlib
import json
import os
import shutil
import signal
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "test", "api"))

from harness import snp, tdx  # noqa: E402

POLL_S = 0.004
KEEP_S = 10.0  # how long an answered entry stays for its reader
INBLOB_LEN = 64


def put(folder, name, data):
    """A whole file or none: whoever looks never sees a part."""
    path = os.path.join(folder, name)
    with open(path + ".new", "wb") as file:
        file.write(data)
    os.rename(path + ".new", path)


def get(folder, name):
    with open(os.path.join(folder, name), "rb") as file:
        return file.read()


class SnpDoor:
    """What the driver of an SEV-SNP guest makes of a question.  table: whether the host gives the certificate; fields: of every report."""

    provider = "sev_guest"
    levels = True

    def __init__(self, vek, table=True, **fields):
        self.vek, self.fields = vek, fields
        kind = snp.GUID_VCEK if vek.kind == snp.VCEK else snp.GUID_VLEK
        self.table = snp.cert_table([(kind, vek.der)], pad=512) if table else b""

    def answer(self, report_data, level):
        """{attribute: bytes}"""
        fields = {"vmpl": level or 0, "report_data": report_data, **self.fields}
        return {"auxblob": self.table, "outblob": self.vek.report(**fields).signed(self.vek)}


class TdxDoor:
    """What the driver of a TDX guest makes of a question.  fields: of every TD report and quote."""

    provider = "tdx_guest"
    levels = False

    def __init__(self, machine, **fields):
        self.machine, self.fields = machine, fields

    def answer(self, report_data, _level):
        return {"outblob": self.machine.quote(**{"report_data": report_data, **self.fields}).bytes()}


class TsmStandin:
    """machine: a harness.snp.Vek or a harness.tdx.Machine; how: what its door takes beside it."""

    def __init__(self, folder, machine, *how, **more):
        self.folder = str(folder)
        self.door = (TdxDoor if isinstance(machine, tdx.Machine) else SnpDoor)(machine, *how, **more)
        self.answered = {}  # entry: when
        self.asked = []  # REPORT_DATA of each report that was made
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def __enter__(self):
        os.makedirs(self.folder, exist_ok=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()
        for name in os.listdir(self.folder):
            shutil.rmtree(os.path.join(self.folder, name), ignore_errors=True)

    def serve(self):
        while not self.ended.wait(POLL_S):
            for name in os.listdir(self.folder):
                with contextlib.suppress(FileNotFoundError):  # its maker has removed it meanwhile
                    self.look(name)

    def look(self, name):
        entry = os.path.join(self.folder, name)
        if name in self.answered:
            if time.monotonic() - self.answered[name] > KEEP_S:
                shutil.rmtree(entry, ignore_errors=True)
                del self.answered[name]
        elif not os.path.exists(os.path.join(entry, "provider")):
            level = {"privlevel": b""} if self.door.levels else {}
            for attribute, value in {"inblob": b"", **level, "generation": b"0\n", "provider": self.door.provider.encode() + b"\n"}.items():
                put(entry, attribute, value)
        elif len(get(entry, "inblob")) == INBLOB_LEN:
            self.answer(entry)
            self.answered[name] = time.monotonic()

    def answer(self, entry):
        level = get(entry, "privlevel").decode().strip() if self.door.levels else ""
        report_data = get(entry, "inblob")
        put(entry, "generation", b"2\n" if level else b"1\n")
        for attribute, value in self.door.answer(report_data, int(level) if level else None).items():
            put(entry, attribute, value)
        self.asked.append(report_data)


def snp_guest(given):
    """(machine, fields, values to be told)"""
    world = snp.AmdWorld(given.product)
    world.write_roots(given.roots)
    machine, fields = world.vcek(), {"version": given.version}
    if given.measurement:
        fields["measurement"] = bytes.fromhex(given.measurement)
    report = machine.report(**fields)
    values = {"product": given.product, "chip": machine.chip.hex(), "measurement": report.measurement.hex()}
    return machine, {"table": not given.no_table, **fields}, values


def tdx_guest(given):
    """The same; what the verifier needs beside the quote goes to --collateral."""
    world = tdx.IntelWorld()
    world.write_roots(given.roots)
    machine, fields = world.machine(), {"mrtd": bytes.fromhex(given.measurement)} if given.measurement else {}
    if given.collateral:
        world.write_collateral(given.collateral, machine)
    values = {"fmspc": machine.fmspc.hex(), "ppid": machine.ppid.hex(), "mrtd": machine.quote(**fields).td.mrtd.hex()}
    return machine, fields, values


def main():
    options = argparse.ArgumentParser(description="Stand in for configfs-tsm of an SEV-SNP or a TDX guest.")
    options.add_argument("folder", help="what --tsm of countersign names")
    options.add_argument("--roots", required=True, help="where the throw-away CA certificates go, DIR/amd/*.pem or DIR/intel/root.pem")
    options.add_argument("--measurement", metavar="HEX", help="launch digest or MRTD, 48 bytes")
    options.add_argument("--product", default="Milan", choices=["Milan", "Genoa", "Turin"], help="of an SEV-SNP guest")
    options.add_argument("--version", type=int, default=3, choices=[2, 3, 4, 5], help="of its report")
    options.add_argument("--no-table", action="store_true", help="give no certificates with it")
    options.add_argument("--tdx", action="store_true", help="be a TDX guest")
    options.add_argument("--collateral", metavar="DIR", help="where tcbInfo, identities and CRLs for it go")
    given = options.parse_args()

    machine, how, values = (tdx_guest if given.tdx else snp_guest)(given)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with TsmStandin(given.folder, machine, **how):
        print(json.dumps({"folder": given.folder, **values}), flush=True)
        ended.wait()


if __name__ == "__main__":
    main()
