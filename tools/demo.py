#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`make demo`: one guest's whole day, with a TPM emulator and a broker of its own, in a temporary folder.

    tools/demo.py BUILD

Standard library only.  Everything listens on loopback ports that were free, and everything that was started is ended by
its pid, also when a step fails.  COUNTERSIGN_DEMO_KEEP=1 keeps the folder.
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
import sys
import tempfile
import time

PCRS = "sha256:0,2,4,7"
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

    def end(self):
        """Leave nothing running and nothing on the disk."""
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
    with open(demo.path(name + ".ext"), "w", encoding="ascii") as f:
        f.write("basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n" + extensions + "\n")
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


# The machine and the broker


def start_tpm(demo, name, boot):
    """A TPM emulator that has measured a boot: one value for each of the four PCRs."""
    folder = demo.path(name)
    os.mkdir(folder)
    path = os.path.join(folder, "s")
    argv = ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={folder}", "--server", f"type=unixio,path={path}"]
    argv += ["--ctrl", f"type=unixio,path={path}.ctrl", "--flags", "startup-clear,not-need-init"]
    demo.start(argv, name + ".log")
    wait_for(lambda: os.path.exists(path), "the TPM emulator")
    tcti = f"swtpm:path={path}"
    for index, what in boot.items():
        extend(demo, tcti, index, what)
    return tcti


def extend(demo, tcti, index, what):
    digest = hashlib.sha256(what.encode()).hexdigest()
    demo.run("tpm2_pcrextend", f"{index}:sha256={digest}", env=dict(os.environ, TPM2TOOLS_TCTI=tcti))


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


def start_broker(demo):
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
    }
    with open(demo.path("countersign.conf"), "w", encoding="utf-8") as f:
        json.dump(config, f, indent=2)
    process = demo.start([os.path.join(demo.bin, "countersignd"), "--config", demo.path("countersign.conf")], "broker.log")

    def ready():
        if process.poll() is not None:
            with open(demo.path("broker.log"), encoding="utf-8") as f:
                raise Stop("countersignd ended:\n" + f.read())
        with contextlib.suppress(OSError):
            conn = http.client.HTTPConnection("127.0.0.1", demo.ports["local"], timeout=2)
            conn.request("GET", "/readyz")
            return conn.getresponse().status == 200
        return False

    wait_for(ready, "countersignd")
    demo.issuer = config["issuer"]
    return process


def policy_document():
    return {
        "id": "summarizer",
        "version": 1,
        "accept": [[{"type": "tpm2", "reference_set": "summarizer-boot", "pcrs": PCRS}]],
        "grant": {
            "tier": "cloud-upload",
            "lease": {"heartbeat_s": 60, "max_s": 3600},
            "token": {"ttl_s": 300, "audience": [AUDIENCE], "scope": ["upload"]},
            "upload": [
                {
                    "store": "results",
                    "prefix": "summaries/${sandbox}/",
                    "max_bytes": 10485760,
                    "content_type": ["text/plain"],
                    "ttl_s": 60,
                }
            ],
        },
    }


# The story


def show_registration(demo, tcti):
    demo.step("alice measures a reference machine, registers its values and a policy; bob approves")
    measured = demo.countersign("admin", "measure", "--from", "tpm", "--tcti", tcti, "--pcrs", PCRS, "--id", "summarizer-boot")
    with open(demo.path("set.json"), "w", encoding="utf-8") as f:
        f.write(measured)
    with open(demo.path("policy.json"), "w", encoding="utf-8") as f:
        json.dump(policy_document(), f, indent=2)
    for kind, name, file in (("reference-set", "summarizer-boot", "set.json"), ("policy", "summarizer", "policy.json")):
        demo.tell(demo.admin("alice", kind, "put", demo.path(file)))
        demo.tell(demo.admin("bob", "approve", f"{kind}/{name}/1"))


def attest(demo, tcti, agent="agent", status=0, more=()):
    where = ["--server", demo.issuer, "--ca", demo.path("server-ca.pem"), "--policy", "summarizer", "--tcti", tcti]
    return demo.guest("attest", *where, "--pcrs", PCRS, *more, agent=agent, status=status)


def introspect(demo, token):
    """What the relying party "files" is told about a token; the token goes by a file, not by the command line."""
    with open(demo.path("form"), "w", encoding="ascii") as f:
        f.write("token=" + token)
    url = f"https://127.0.0.1:{demo.ports['admin']}/introspect"
    mine = ["--cert", demo.path("files.pem"), "--key", demo.path("files.key")]
    status, body = demo.curl(*mine, "--data-binary", "@" + demo.path("form"), url)
    os.unlink(demo.path("form"))
    if status != 200:
        raise Stop(f"introspection answered {status}: {body}")
    return json.loads(body)


def put_again(demo, granted):
    """The signed URL, by plain curl; the URL goes by a file."""
    with open(demo.path("put"), "w", encoding="utf-8") as f:
        f.write(f'url = "{granted["url"]}"\nupload-file = "{demo.path("second.txt")}"\n')
        for name, value in granted["headers"].items():
            f.write(f'header = "{name}: {value}"\n')
    answer = demo.curl("-K", demo.path("put"))
    os.unlink(demo.path("put"))
    return answer


def show_guest(demo, tcti):
    """Attest, token, upload. Returns what must be dead afterwards."""
    demo.step("a guest attests: challenge, TPM quote, verdict, all bound to a key in its memory")
    demo.tell(attest(demo, tcti))
    sandbox = json.loads(demo.guest("status", "--json"))["sandbox"]

    demo.step(f"it takes a token for {AUDIENCE}; the relying party asks whether it is good")
    token = demo.guest("token", "--scope", "upload", "--audience", AUDIENCE).strip()
    answer = introspect(demo, token)
    if answer.get("active") is not True:
        raise Stop(f"a fresh token is not active: {answer}")
    shown = {k: answer[k] for k in ("active", "aud", "scope", "token_type", "cnf") if k in answer}
    demo.tell(json.dumps(shown))

    demo.step("it uploads a report")
    for name in ("report.txt", "second.txt"):
        with open(demo.path(name), "w", encoding="utf-8") as f:
            f.write(f"{name}: what the sandbox found out\n")
    demo.tell(demo.guest("upload", demo.path("report.txt"), "--store", "results", "--content-type", "text/plain"))
    stored = demo.path("results", "summaries", sandbox, "report.txt")
    with open(stored, "rb") as there, open(demo.path("report.txt"), "rb") as here:
        if there.read() != here.read():
            raise Stop("the stored report differs")
    demo.tell(f"stored as results/summaries/{sandbox}/report.txt, byte for byte")

    demo.step("it asks for the signed URL of a second upload, and does not use it yet")
    asked = demo.guest(
        *["upload", demo.path("second.txt"), "--store", "results", "--content-type", "text/plain", "--url-only", "--json"]
    )
    return sandbox, token, json.loads(asked)


def show_refusal(demo, tcti):
    demo.step("the same machine after somebody loaded another boot loader (PCR 4 moved): refused")
    extend(demo, tcti, 4, "a boot loader nobody registered")
    said = attest(demo, tcti, agent="other", status=1)
    if "pcr.values" not in said:
        raise Stop("the refusal does not name pcr.values:\n" + said)
    demo.tell(said)
    words = said.replace('"', " ").replace("`", " ").replace(",", " ").split()
    verdict = next(w.strip(".:;'()") for w in words if w.startswith("vd-"))
    demo.step(f"alice asks why: countersign admin explain {verdict}")
    explained = demo.admin("alice", "explain", verdict)
    if "pcr.values" not in explained:
        raise Stop("the explanation does not name pcr.values:\n" + explained)
    demo.tell(explained)


def show_teardown(demo, sandbox, token, granted):
    demo.step("teardown")
    demo.tell(demo.guest("teardown", "--reason", "the demo is over"))

    demo.step("nothing of it works any more")
    answer = introspect(demo, token)
    demo.tell(f"token:      introspection says {json.dumps(answer)}")
    if answer != {"active": False}:
        raise Stop("the token outlived its sandbox")
    status, body = put_again(demo, granted)
    demo.tell(f"signed URL: {status} {json.loads(body).get('code')}")
    if status != 410:
        raise Stop("the signed URL outlived its sandbox: " + body)
    said = demo.guest("token", "--audience", AUDIENCE, status=1)
    demo.tell("new token:  " + said.strip().splitlines()[0])
    if os.path.exists(demo.path("results", "summaries", sandbox, "second.txt")):
        raise Stop("an upload appeared after teardown")


def show_log(demo, broker):
    demo.step("the broker ends; its log is checked offline: records, chain, tree, signed checkpoint")
    broker.send_signal(signal.SIGTERM)
    if broker.wait(timeout=20) != 0:
        raise Stop(f"countersignd ended with {broker.returncode}")
    demo.tell(demo.countersign("audit", "verify", demo.path("data", "audit")))


def story(demo):
    demo.step("throw-away certificates, a TPM emulator, a broker on loopback")
    make_pki(demo)
    boot = {0: "firmware", 2: "option roms: none", 4: "boot loader", 7: "secure boot: on"}
    tcti = start_tpm(demo, "tpm", boot)
    broker = start_broker(demo)
    demo.tell(f"guests {demo.issuer}, administrators on port {demo.ports['admin']}, both TLS 1.3")
    show_registration(demo, tcti)
    sandbox, token, granted = show_guest(demo, tcti)
    show_refusal(demo, tcti)
    show_teardown(demo, sandbox, token, granted)
    show_log(demo, broker)


def main():
    demo = Demo(sys.argv[1] if len(sys.argv) > 1 else "build")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        story(demo)
    except (Stop, subprocess.SubprocessError, OSError, ValueError) as e:
        print(f"\ndemo: {e}", file=sys.stderr)
        log = demo.path("broker.log")
        if os.path.exists(log):
            with open(log, encoding="utf-8", errors="replace") as f:
                print("the broker's last lines:\n" + "".join(f.readlines()[-15:]), file=sys.stderr)
        return 1
    finally:
        demo.end()
    print(f"\n[{time.monotonic() - demo.begin:5.1f} s] done; nothing is left running", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
