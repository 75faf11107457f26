#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A real object store for tests: Ceph radosgw with one monitor and one in-memory OSD, on loopback.

    with Rgw() as store:           # about 12 s; everything lives in a temporary folder
        store.endpoint, store.access_key, store.secret_key, store.region, store.bucket

    test/peers/rgw.py              # the same by hand: prints those as JSON, runs until stdin ends

It verifies SigV4 signatures, expiry and signed headers for real; where it is laxer than AWS is in README.md.
Every process is a child that is ended by its pid; should this program be killed, the kernel ends them
(PR_SET_PDEATHSIG).  Packages: radosgw ceph-mon ceph-osd (tools/deps.sh peers).
"""
import ctypes
import http.client
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid

USER = "countersign"
START_S = 90  # for each step; usually all of it takes 12 s
STOP_S = 10
PROGRAMS = ("ceph", "ceph-authtool", "ceph-mon", "ceph-osd", "monmaptool", "radosgw", "radosgw-admin")

CONF = """[global]
fsid = {fsid}
mon host = [v2:127.0.0.1:{mon_port}]
public network = 127.0.0.0/8
ms bind ipv4 = true
ms bind ipv6 = false
keyring = {dir}/keyring
run dir = {dir}
admin socket = {dir}/$cluster-$name.asok
pid file = {dir}/$name.pid
log file = {dir}/$name.log
log to stderr = false
err to stderr = true
crash dir = {dir}
mon cluster log file = {dir}/cluster.log
mon data = {dir}/mon
mon allow pool size one = true
mon data avail crit = 1
osd data = {dir}/osd
osd objectstore = memstore
memstore device bytes = 4294967296
osd crush chooseleaf type = 0
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd scrub begin hour = 0
osd scrub end hour = 1
rgw data = {dir}/rgw
rgw enable usage log = false
rgw enable gc threads = false
rgw gc max objs = 1
rgw s3 auth use sts = true
rgw sts key = {sts_key}
rgw dns name = localhost
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def die_with_parent():
    """In the child, before exec: SIGKILL when the parent goes, whatever it goes of."""
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class RgwError(Exception):
    """The store cannot be started; the text says at which step and why."""


class Rgw:
    region = "us-east-1"

    def __init__(self, bucket="countersign-test"):
        self.bucket = bucket
        self.children = []
        self.dir = None
        self.port = None
        self.access_key = "AK" + secrets.token_hex(9).upper()
        self.secret_key = secrets.token_hex(20)

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        absent = [p for p in PROGRAMS if shutil.which(p) is None]
        if absent:
            raise RgwError(f"not installed: {' '.join(absent)} (tools/deps.sh peers)")
        self.dir = tempfile.mkdtemp(prefix="countersign-rgw-")
        self.port = free_port()
        self.write_conf()
        self.start_monitor()
        self.start_osd()
        self.start_gateway()
        self.make_user(self.access_key, self.secret_key, USER)

    def stop(self):
        """Last started, first ended: a gateway that has lost its cluster waits for it."""
        for child in reversed(self.children):
            child.terminate()
            try:
                child.wait(STOP_S)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self.children = []
        if self.dir:
            shutil.rmtree(self.dir, ignore_errors=True)
            self.dir = None

    def write_conf(self):
        text = CONF.format(
            fsid=uuid.uuid4(), mon_port=free_port(), dir=self.dir, sts_key=secrets.token_hex(8)
        )
        with open(self.path("ceph.conf"), "w", encoding="ascii") as out:
            out.write(text)
        self.fsid = text.split("fsid = ")[1].split("\n")[0]
        self.mon = text.split("mon host = ")[1].split("\n")[0]
        for name in ("mon", "osd", "rgw"):
            os.mkdir(self.path(name))

    def path(self, name):
        return os.path.join(self.dir, name)

    def run(self, *argv, data=None):
        done = subprocess.run(
            argv, input=data, capture_output=True, text=True, timeout=START_S, check=False
        )
        if done.returncode != 0:
            raise RgwError(f"{' '.join(argv[:3])}: status {done.returncode}: {done.stderr.strip()[-500:]}")
        return done.stdout

    def spawn(self, *argv):
        log = open(self.path(argv[0] + ".out"), "wb")
        with log:
            child = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=die_with_parent
            )
        self.children.append(child)
        return child

    def ceph(self, *argv, data=None):
        return self.run("ceph", "-c", self.path("ceph.conf"), "--connect-timeout", str(START_S), *argv, data=data)

    def start_monitor(self):
        conf, ring, monmap = self.path("ceph.conf"), self.path("keyring"), self.path("monmap")
        tool = ("ceph-authtool", ring, "--gen-key")
        self.run("ceph-authtool", "--create-keyring", ring)
        self.run(*tool, "-n", "mon.", "--cap", "mon", "allow *")
        caps = ("--cap", "mon", "allow *", "--cap", "osd", "allow *")
        self.run(*tool, "-n", "client.admin", *caps)
        self.run(*tool, "-n", "osd.0", "--cap", "mon", "allow profile osd", "--cap", "osd", "allow *")
        self.run("monmaptool", "--create", "--fsid", self.fsid, "--addv", "a", self.mon, monmap)
        self.run("ceph-mon", "-c", conf, "-i", "a", "--mkfs", "--monmap", monmap, "--keyring", ring)
        self.spawn("ceph-mon", "-c", conf, "-i", "a", "-f")

    def start_osd(self):
        """The uuid given to the monitor must be the one that the OSD is made with."""
        conf, osd_uuid = self.path("ceph.conf"), str(uuid.uuid4())
        self.ceph("osd", "new", osd_uuid)
        self.ceph("auth", "import", "-i", self.path("keyring"))
        self.run("ceph-osd", "-c", conf, "-i", "0", "--mkfs", "--osd-uuid", osd_uuid)
        self.spawn("ceph-osd", "-c", conf, "-i", "0", "-f")

    def start_gateway(self):
        gateway = self.spawn(
            "radosgw", "-c", self.path("ceph.conf"), "-n", "client.admin", "-f",
            "--rgw-frontends", f"beast endpoint=127.0.0.1:{self.port}",
        )
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            if gateway.poll() is not None:
                raise RgwError(f"radosgw ended with {gateway.returncode}: {self.tail('radosgw.out')}")
            try:
                probe = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
                probe.request("GET", "/")
                probe.getresponse().read()
                return
            except OSError:
                time.sleep(0.1)
        raise RgwError(f"radosgw does not answer after {START_S} s: {self.tail('radosgw.out')}")

    def tail(self, name):
        try:
            with open(self.path(name), encoding="utf-8", errors="replace") as f:
                return f.read()[-1000:].strip()
        except OSError as e:
            return str(e)

    def admin(self, *argv):
        return self.run("radosgw-admin", "-c", self.path("ceph.conf"), *argv)

    def make_user(self, access_key, secret_key, uid):
        keys = ("--access-key", access_key, "--secret-key", secret_key)
        self.admin("user", "create", "--uid", uid, "--display-name", uid, *keys)

    def make_role(self, name):
        """A role that our user may assume and that may do anything; what a session may do, its own policy
        says.  Returns the ARN."""
        trust = statement("sts:AssumeRole", Principal={"AWS": [f"arn:aws:iam:::user/{USER}"]})
        self.admin("role", "create", "--role-name", name, "--assume-role-policy-doc", trust)
        rights = statement("s3:*", Resource="arn:aws:s3:::*")
        policy = ("--policy-name", "all", "--policy-doc", rights)
        self.admin("role-policy", "put", "--role-name", name, *policy)
        return f"arn:aws:iam:::role/{name}"


def statement(*actions, **members):
    """An IAM policy document with one statement that allows something."""
    allow = {"Effect": "Allow", "Action": list(actions), **members}
    return json.dumps({"Version": "2012-10-17", "Statement": [allow]})


def end_orderly(*_):
    raise SystemExit(0)


def main():
    signal.signal(signal.SIGTERM, end_orderly)
    with Rgw() as store:
        names = ("endpoint", "access_key", "secret_key", "region", "dir")
        print(json.dumps({name: getattr(store, name) for name in names}), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
