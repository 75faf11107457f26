# SPDX-License-Identifier: Apache-2.0
"""A desk with evidence on it: a folder of files, and the offline commands run in it.

    desk = Desk(folder)                           `--roots roots` and `--at AT_TEXT` are those of every verification
    desk.write("quote.bin", data)                 bytes, text, or a value as JSON; returns the name
    desk.judge("tdx", ...)                        the JSON verdict of what must be accepted
"""
import datetime
import json
import os
import subprocess

from .broker import BUILD

TIMEOUT_S = 60
AT = datetime.datetime(2026, 6, 1)
AT_TEXT = "2026-06-01T00:00:00Z"


class Desk:
    def __init__(self, folder):
        self.folder = folder

    def write(self, name, data):
        data = data if isinstance(data, (bytes, str)) else json.dumps(data)
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return name

    def run(self, *words):
        argv = [os.path.join(BUILD, "countersign"), *words]
        return subprocess.run(argv, cwd=self.folder, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)

    def verify(self, kind, *words, at=AT_TEXT):
        return self.run("verify", kind, "--roots", "roots", "--at", at, *words)

    def verdict(self, kind, *words):
        """(exit code, the JSON verdict)."""
        done = self.verify(kind, *words, "--json")
        return done.returncode, json.loads(done.stdout)

    def judge(self, kind, *words):
        code, out = self.verdict(kind, *words)
        assert (code, out["verdict"], out["failed"]) == (0, "accept", []), out
        return out

    def refused(self, kind, *words):
        return self.verdict(kind, *words)[1]["failed"]

    def measured(self, *words):
        """The reference set that `admin measure` proposes."""
        done = self.run("admin", "measure", "--id", "image", *words)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)
