#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A stand-in for configfs-tsm on a machine without SEV-SNP: it watches a folder, and answers what `countersign attest --tsm FOLDER` asks there
with reports of a throw-away AMD (test/api/harness/snp.py).  For demonstrations and tests; whoever trusts its roots trusts nothing.

    tools/tsm_standin.py FOLDER --roots DIR     write the roots, print one line of JSON with the machine's values, serve until told to end

    with TsmStandin(folder, vek):               the same for a harness.snp.Vek, in a thread
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

from harness import snp  # noqa: E402

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


class TsmStandin:
    """machine: a harness.snp.Vek.  table: whether its certificate comes along as auxblob; fields: of every report, beside REPORT_DATA and VMPL."""

    def __init__(self, folder, machine, table=True, **fields):
        self.folder, self.machine, self.fields = str(folder), machine, fields
        kind = snp.GUID_VCEK if machine.kind == snp.VCEK else snp.GUID_VLEK
        self.table = snp.cert_table([(kind, machine.der)], pad=512) if table else b""
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
            for attribute, value in (("inblob", b""), ("privlevel", b""), ("generation", b"0\n"), ("provider", b"sev_guest\n")):
                put(entry, attribute, value)
        elif len(get(entry, "inblob")) == INBLOB_LEN:
            self.answer(entry)
            self.answered[name] = time.monotonic()

    def answer(self, entry):
        level = get(entry, "privlevel").decode().strip()
        fields = {"vmpl": int(level or 0), "report_data": get(entry, "inblob"), **self.fields}
        put(entry, "generation", b"2\n" if level else b"1\n")
        put(entry, "auxblob", self.table)
        put(entry, "outblob", self.machine.report(**fields).signed(self.machine))
        self.asked.append(fields["report_data"])


def main():
    options = argparse.ArgumentParser(description="Stand in for configfs-tsm of an SEV-SNP guest.")
    options.add_argument("folder", help="what --tsm of countersign names")
    options.add_argument("--roots", required=True, help="where the throw-away CA certificates go, DIR/amd/*.pem")
    options.add_argument("--product", default="Milan", choices=["Milan", "Genoa", "Turin"])
    options.add_argument("--version", type=int, default=3, choices=[2, 3, 4, 5], help="of the report")
    options.add_argument("--measurement", metavar="HEX", help="launch digest, 48 bytes")
    options.add_argument("--no-table", action="store_true", help="give no certificates")
    given = options.parse_args()

    world = snp.AmdWorld(given.product)
    world.write_roots(given.roots)
    fields = {"version": given.version}
    if given.measurement:
        fields["measurement"] = bytes.fromhex(given.measurement)
    machine = world.vcek()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with TsmStandin(given.folder, machine, not given.no_table, **fields):
        report = machine.report(**fields)
        values = {"product": given.product, "chip": machine.chip.hex(), "measurement": report.measurement.hex()}
        print(json.dumps({"folder": given.folder, **values}), flush=True)
        ended.wait()


if __name__ == "__main__":
    main()
