# SPDX-License-Identifier: Apache-2.0
"""A countersignd of one's own: configuration, start, wait until ready, stop by pid."""
import hashlib
import hmac
import json
import os
import shlex
import signal
import socket
import struct
import subprocess
import time

from .http import Http
from .jose import Key

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
BUILD = os.path.abspath(os.environ.get("COUNTERSIGN_BUILD", os.path.join(ROOT, "build")))
# A program to run the broker under, such as valgrind; everything then takes longer.
WRAP = shlex.split(os.environ.get("COUNTERSIGN_WRAP", ""))
SLOW = 8 if WRAP or "san" in os.path.basename(BUILD) else 1

AUDIENCE = "https://files.example"
PEOPLE = {
    "alice": ["registrar", "operator"],
    "bob": ["approver"],
    "carol": ["auditor"],
    "dave": ["registrar", "approver", "operator"],
    "files": ["relying-party"],
}


def free_ports(n):
    """Ports that are free now; held open together so that they differ."""
    held = [socket.socket() for _ in range(n)]
    try:
        for s in held:
            s.bind(("127.0.0.1", 0))
        return [s.getsockname()[1] for s in held]
    finally:
        for s in held:
            s.close()


def merge(base, changes):
    """Nested update; None removes a member."""
    for name, value in changes.items():
        if value is None:
            base.pop(name, None)
        elif isinstance(value, dict) and isinstance(base.get(name), dict):
            merge(base[name], value)
        else:
            base[name] = value
    return base


class Broker:
    """The server under test.  config: changes to the usual configuration."""

    def __init__(self, folder, pki, people, config=None):
        self.folder, self.pki, self.people = str(folder), pki, people
        os.makedirs(self.folder, exist_ok=True)
        self.ports = dict(zip(("guest", "admin", "local"), free_ports(3)))
        self.issuer = f"https://127.0.0.1:{self.ports['guest']}"
        self.config = self.usual_config()
        self.config_file = os.path.join(self.folder, "countersign.conf")
        self.log_file = os.path.join(self.folder, "broker.log")
        self.data_dir = os.path.join(self.folder, "data")
        self.process = None
        self.client_key = Key()  # of the client "files", which proves itself with signed assertions
        self.config["clients"] = [{"id": "files", "jwk": self.client_key.jwk(), "audience": [AUDIENCE]}]
        self.config = merge(self.config, config or {})
        self.write_config()

    def usual_config(self):
        principals = []
        for name, roles in PEOPLE.items():
            row = {"name": name, "spki_sha256": self.people[name].spki, "roles": roles}
            if "relying-party" in roles:
                row["audience"] = [AUDIENCE]
            principals.append(row)
        return {
            "issuer": self.issuer,
            "listen": {k: f"127.0.0.1:{v}" for k, v in self.ports.items()},
            "tls": {
                "certificate": self.pki.server.cert_file,
                "key": self.pki.server.key_file,
                "client_ca": self.pki.client_ca.cert_file,
                "allow_tls12": False,
            },
            "data_dir": "data",
            "approvals": 1,
            "principals": principals,
            "stores": [{"id": "results", "mode": "local", "path": "results"}],
        }

    def write_config(self):
        with open(self.config_file, "w", encoding="utf-8") as f:
            json.dump(self.config, f, indent=2)

    # Life

    def start(self, wait=True):
        argv = [*WRAP, os.path.join(BUILD, "countersignd"), "--config", self.config_file]
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder, start_new_session=True
            )
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, seconds=10):
        end = time.monotonic() + seconds * SLOW
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"countersignd ended with {self.process.returncode}:\n{self.log()}")
            try:
                local = self.local(timeout_s=2)
                if local.send("GET", "/readyz").status == 200:
                    return
            except OSError:
                pass
            time.sleep(0.03)
        raise RuntimeError(f"countersignd was not ready within {seconds * SLOW} s:\n{self.log()}")

    def stop(self):
        """Ask it to end; returns its exit status."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=20 * SLOW)
            except subprocess.TimeoutExpired:
                self.kill()
                raise
        status, self.process = self.process.returncode, None
        return status

    def ends_by_itself(self):
        """Wait for an end that the test expects; returns the exit status."""
        status, self.process = self.process.wait(timeout=20 * SLOW), None
        return status

    def kill(self):
        """End both processes at once, as a power cut would."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process = None

    def log(self):
        with open(self.log_file, encoding="utf-8", errors="replace") as f:
            return f.read()

    def challenge_of_age(self, seconds):
        """A challenge as this broker made it `seconds` ago (broker/flow/challenge.h), from its own MAC key."""
        with open(os.path.join(self.data_dir, "keys", "challenge.key"), encoding="ascii") as f:
            key = bytes.fromhex(f.read().strip())
        body = struct.pack(">I", int(time.time()) - seconds) + os.urandom(12)
        return body + hmac.new(key, b"challenge\0" + body, hashlib.sha256).digest()[:16]

    # Ways in

    def url(self, path):
        return self.issuer + path

    def guest_http(self, **options):
        return Http("127.0.0.1", self.ports["guest"], ca=self.pki.server_ca.cert_file, **options)

    def admin_http(self, identity=None, **options):
        cert = identity.files if identity else None
        return Http("127.0.0.1", self.ports["admin"], ca=self.pki.server_ca.cert_file, cert=cert, **options)

    def local(self, **options):
        return Http("127.0.0.1", self.ports["local"], **options)

    def stored(self, key, store="results"):
        """Where a local store keeps an object."""
        row = next(s for s in self.config["stores"] if s["id"] == store)
        return os.path.join(self.folder, row["path"], key)
