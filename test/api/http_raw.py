# SPDX-License-Identifier: Apache-2.0
"""Raw bytes to the HTTP front alone (build/http_testd): the server, and connections that send whatever a test wants."""
import os
import queue
import re
import signal
import socket
import ssl
import subprocess
import threading
import time

from harness.broker import BUILD, SLOW, WRAP, free_ports

TESTD = os.path.join(BUILD, "http_testd")


class Testd:
    """One http_testd on free ports; its output is read line by line."""

    __test__ = False  # for pytest

    def __init__(self, pki, **arguments):
        self.ports = dict(zip(("guest", "admin", "local"), free_ports(3)))
        self.pki = pki
        args = {
            **self.ports,
            "cert": pki.server.cert_file,
            "key": pki.server.key_file,
            "ca": pki.client_ca.cert_file,
            **arguments,
        }
        self.lines, self.seen = queue.Queue(), []
        # Freed memory that AddressSanitizer keeps would look like a body that is held.
        env = {**os.environ, "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=4"}
        command = [*WRAP, TESTD, *(f"{k}={v}" for k, v in args.items())]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self.wait("ready", 20)

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.strip())
        self.lines.put(None)

    def drain(self, within=0.0):
        """Lines so far, and those that come within some time."""
        end = time.monotonic() + within
        while True:
            try:
                left = max(0.0, end - time.monotonic())
                self.seen.append(self.lines.get(left > 0, left or None))
            except queue.Empty:
                return self.seen

    def forget(self):
        """Everything up to now, also what is still on its way through the pipe."""
        self.ran()
        self.seen = []

    def wait(self, pattern, within=3.0):
        """The first line not yet forgotten that matches; fails when none comes."""
        end = time.monotonic() + within * SLOW
        while time.monotonic() < end:
            for line in self.drain(0.02):
                if line is not None and re.search(pattern, line):
                    return line
        raise AssertionError(f"no line like {pattern!r} in {self.seen}")

    def ran(self):
        """What handlers and streams have said.  A request of our own goes first, so that all before it is in."""
        with self.connect("local") as c:
            assert c.ask(b"GET /cached HTTP/1.1\r\nHost: a\r\n\r\n").startswith(b"HTTP/1.1 204")
        self.wait(r"done GET /cached 204")
        return [line for line in self.drain() if line and line.split()[0] in ("ran", "sink")]

    def connect(self, listener="guest", **kinds):
        return Raw(self, listener, **kinds)

    def cpu_s(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as f:
            fields = f.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def status_kib(self, name):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as f:
            return int(re.search(rf"{name}:\s+(\d+) kB", f.read()).group(1))

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        """End it; whatever sanitizer or valgrind found makes the exit status wrong."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.reader.join(5)
        self.process.stdout.close()
        return code


class Raw:
    """A connection.  identity: client certificate; tls=False: no handshake (on a TLS port: to send half of one)."""

    def __init__(self, testd, listener="guest", identity=None, tls=None, version=None, host="127.0.0.1"):
        self.plain = socket.create_connection((host, testd.ports[listener]), timeout=5 * SLOW)
        self.plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = self.plain
        if tls if tls is not None else listener != "local":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.load_verify_locations(testd.pki.server_ca.cert_file)
            context.check_hostname = False
            if version:
                context.minimum_version = context.maximum_version = version
            if identity:
                context.load_cert_chain(*identity.files)
            try:
                self.sock = context.wrap_socket(self.plain)
            except BaseException:
                self.plain.close()
                raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def read_all(self, within=5.0):
        """Everything until the other side closes; None when it does not within that time."""
        data, end = b"", time.monotonic() + within * SLOW
        while True:
            left = end - time.monotonic()
            if left <= 0:
                return None
            self.sock.settimeout(left)
            try:
                piece = self.sock.recv(65536)
            except socket.timeout:
                return None
            except (ConnectionError, ssl.SSLError, OSError):
                return data
            if not piece:
                return data
            data += piece

    def read_reply(self, within=5.0):
        """One whole reply, by its Content-Length; b"" when the connection ends before."""
        data, end = b"", time.monotonic() + within * SLOW
        while b"\r\n\r\n" not in data or len(data) < self._whole(data):
            self.sock.settimeout(max(0.001, end - time.monotonic()))
            try:
                # One byte at a time in the head: what follows belongs to the next reply.
                want = 1 if b"\r\n\r\n" not in data else self._whole(data) - len(data)
                piece = self.sock.recv(want)
            except (ssl.SSLError, ConnectionError):
                return b""
            if not piece:
                return b""
            data += piece
        return data

    @staticmethod
    def _whole(data):
        head = data.partition(b"\r\n\r\n")[0]
        length = re.search(rb"\r\nContent-Length: (\d+)", head, re.I)
        return len(head) + 4 + (int(length.group(1)) if length else 0)

    def ask(self, request, within=5.0):
        self.send(request)
        return self.read_reply(within)

    def closed(self, within=5.0):
        """Seconds until the other side closed, or None."""
        start = time.monotonic()
        return time.monotonic() - start if self.read_all(within) is not None else None


def status(reply):
    """Status of a reply, or 0 for an end without one; still open is neither."""
    assert reply is not None, "still open"
    match = re.match(rb"HTTP/1\.1 (\d{3}) ", reply)
    return int(match.group(1)) if match else 0


def header(reply, name):
    head = reply.partition(b"\r\n\r\n")[0].decode("latin-1")
    values = [line.partition(":")[2].strip() for line in head.split("\r\n")[1:] if line.lower().startswith(name.lower() + ":")]
    assert len(values) <= 1, (name, values)
    return values[0] if values else None


def body(reply):
    return reply.partition(b"\r\n\r\n")[2]


def get(path, *more):
    return request("GET", path, None, *more)


def request(method, path, content=None, *more):
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *more]
    if content is not None:
        lines.append(f"Content-Length: {len(content)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + (content or b"")


def post_json(path, content, *more):
    return request("POST", path, content, "Content-Type: application/json", *more)
