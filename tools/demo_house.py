# SPDX-License-Identifier: Apache-2.0
"""What every demonstration stands in: a temporary folder, processes that are ended by their pid, throw-away certificates, a broker on loopback.

Standard library only.
"""
import contextlib
import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

AUDIENCE = "https://files.example"


class Stop(Exception):
    """A step did not show what it promised."""


class Demo:
    """The folder, the processes, and the clock."""

    def __init__(self, build):
        self.bin = os.path.abspath(build)
        self.folder = tempfile.mkdtemp(prefix="countersign-demo.")
        self.begin = time.monotonic()
        self.last = self.begin
        self.processes = []
        self.ports = {}
        self.agents = []
        self.closing = contextlib.ExitStack()  # what is no process

    # Telling

    def step(self, title):
        now = time.monotonic()
        print(f"\n[{now - self.begin:5.1f} s] {title}", flush=True)

    @staticmethod
    def tell(text):
        for line in text.rstrip().splitlines():
            print(f"          {line}", flush=True)

    # Running

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def run(self, *argv, status=0, env=None):
        """Run to the end; the exit status must be the one expected."""
        done = subprocess.run(
            argv, capture_output=True, text=True, timeout=60, cwd=self.folder, env=env, stdin=subprocess.DEVNULL, check=False
        )
        if done.returncode != status:
            raise Stop(f"{' '.join(argv[:3])} ... ended with {done.returncode}, wanted {status}\n{done.stdout}{done.stderr}")
        return done.stdout if status == 0 else done.stdout + done.stderr

    def countersign(self, *args, **more):
        return self.run(os.path.join(self.bin, "countersign"), *args, **more)

    def guest(self, command, *args, agent="agent", status=0):
        path = self.path(agent)
        if path not in self.agents:
            self.agents.append(path)
        return self.countersign(command, *args, "--socket", path, status=status)

    def admin(self, who, *args, **more):
        server = f"https://127.0.0.1:{self.ports['admin']}"
        mine = ["--cert", self.path(who + ".pem"), "--key", self.path(who + ".key")]
        return self.countersign("admin", *args, "--server", server, "--ca", self.path("server-ca.pem"), *mine, **more)

    def start(self, argv, log):
        with open(self.path(log), "wb") as out:
            process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=self.folder)
        self.processes.append(process)
        return process

    def curl(self, *args):
        """(HTTP status, body)."""
        text = self.run("curl", "-sS", "--cacert", self.path("server-ca.pem"), "-w", "\n%{http_code}", *args)
        body, _, status = text.rpartition("\n")
        return int(status), body

    def read(self, *names):
        """A text file of the folder."""
        with open(self.path(*names), encoding="utf-8", errors="replace") as f:
            return f.read()

    def write(self, name, data):
        """Text, bytes, or anything else as JSON; returns the path."""
        data = data if isinstance(data, (str, bytes)) else json.dumps(data, indent=2)
        with open(self.path(name), "wb") as f:
            f.write(data.encode() if isinstance(data, str) else data)
        return self.path(name)

    def end(self):
        """Leave nothing running and nothing on the disk; nobody's impatience stops this."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        with contextlib.suppress(Exception):
            self.closing.close()
        for path in self.agents:
            with contextlib.suppress(Exception):
                self.countersign("agent", "--stop", "--socket", path)
        for process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(timeout=15)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        if os.environ.get("COUNTERSIGN_DEMO_KEEP"):
            print(f"kept: {self.folder}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)


# Certificates


def make_ca(demo, name):
    demo.run(
        *"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2".split(),
        *["-subj", f"/CN=demo {name}", "-keyout", demo.path(name + ".key"), "-out", demo.path(name + ".pem")],
        *["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign"],
    )


def make_certificate(demo, name, issuer, extensions):
    demo.run(
        *"openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes".split(),
        *["-subj", f"/CN={name}", "-keyout", demo.path(name + ".key"), "-out", demo.path(name + ".csr")],
    )
    demo.write(name + ".ext", "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n" + extensions + "\n")
    demo.run(
        *["openssl", "x509", "-req", "-in", demo.path(name + ".csr"), "-days", "2", "-out", demo.path(name + ".pem")],
        *["-CA", demo.path(issuer + ".pem"), "-CAkey", demo.path(issuer + ".key"), "-CAcreateserial"],
        *["-extfile", demo.path(name + ".ext")],
    )


def spki_sha256(demo, name):
    pem = demo.run("openssl", "x509", "-in", demo.path(name + ".pem"), "-noout", "-pubkey")
    done = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=pem.encode(), capture_output=True, check=True)
    return hashlib.sha256(done.stdout).hexdigest()


def make_pki(demo):
    for ca in ("server-ca", "client-ca"):
        make_ca(demo, ca)
    make_certificate(demo, "server", "server-ca", "extendedKeyUsage=serverAuth\nsubjectAltName=IP:127.0.0.1")
    for person in ("alice", "bob", "files"):
        make_certificate(demo, person, "client-ca", "extendedKeyUsage=clientAuth")


# The broker


def wait_for(condition, what, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise Stop(f"{what} did not start within {seconds} s")
        time.sleep(0.03)


def free_ports(n):
    held = [socket.socket() for _ in range(n)]
    try:
        for s in held:
            s.bind(("127.0.0.1", 0))
        return [s.getsockname()[1] for s in held]
    finally:
        for s in held:
            s.close()


def start_broker(demo, **more):
    """more: further members of the configuration."""
    demo.ports = dict(zip(("guest", "admin", "local"), free_ports(3)))
    person = lambda name, *roles: {"name": name, "spki_sha256": spki_sha256(demo, name), "roles": list(roles)}
    config = {
        "issuer": f"https://127.0.0.1:{demo.ports['guest']}",
        "listen": {name: f"127.0.0.1:{port}" for name, port in demo.ports.items()},
        "tls": {"certificate": "server.pem", "key": "server.key", "client_ca": "client-ca.pem"},
        "data_dir": "data",
        "approvals": 1,
        "principals": [
            person("alice", "registrar", "operator", "auditor"),
            person("bob", "approver"),
            dict(person("files", "relying-party"), audience=[AUDIENCE]),
        ],
        "stores": [{"id": "results", "mode": "local", "path": "results"}],
        **more,
    }
    argv = [os.path.join(demo.bin, "countersignd"), "--config", demo.write("countersign.conf", config)]
    process = demo.start(argv, "broker.log")

    def ready():
        if process.poll() is not None:
            raise Stop("countersignd ended:\n" + demo.read("broker.log"))
        with contextlib.suppress(OSError):
            conn = http.client.HTTPConnection("127.0.0.1", demo.ports["local"], timeout=2)
            conn.request("GET", "/readyz")
            return conn.getresponse().status == 200
        return False

    wait_for(ready, "countersignd")
    demo.issuer = config["issuer"]
    return process
