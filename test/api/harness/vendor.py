# SPDX-License-Identifier: Apache-2.0
"""A stand-in for a vendor's service, over real HTTP on loopback, that can be rude; harness.kds and harness.pcs say what it has.

    it.answer("/below/", [status, headers, body], ...)     the next requests below that path get these instead, one each; the last stays
                                       body: bytes, or a function of the connection's file that writes what it likes
    it.asked("/below/")                the paths that were asked for
    it.delay_s = 1                     each answer takes so long
"""
import http.server
import threading
import time


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        status, headers, body = self.server.vendor.reply(self.path)
        self.send_response(status)
        for name, value in headers.items():
            for one in value if isinstance(value, list) else [value]:
                self.send_header(name, one)
        if callable(body):
            self.end_headers()
            self.close_connection = True
            try:
                body(self.wfile)
            except OSError:
                pass  # the other side had enough
            return
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class StandIn:
    def __init__(self):
        self.paths, self.times, self.rules = [], [], []
        self.lock = threading.Lock()
        self.delay_s = 0
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.vendor = self
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, below, *replies):
        self.rules.insert(0, (below, list(replies)))

    def is_below(self, path, below):
        return path.startswith(below)

    def asked(self, below="/"):
        with self.lock:
            return [p for p in self.paths if self.is_below(p, below)]

    def times_of(self, below="/"):
        """When each of them was asked for (monotonic)."""
        with self.lock:
            return [t for p, t in zip(self.paths, self.times) if self.is_below(p, below)]

    def reply(self, path):
        with self.lock:
            self.paths.append(path)
            self.times.append(time.monotonic())
            for below, replies in self.rules:
                if self.is_below(path, below):
                    return replies.pop(0) if len(replies) > 1 else replies[0]
        time.sleep(self.delay_s)
        return self.serve(path)

    def serve(self, path):
        """What the service has there: status, headers, body."""
        raise NotImplementedError


def dribble(file):
    for _ in range(200):
        file.write(b"0")
        time.sleep(0.2)


def endless(file):
    for _ in range(1 << 14):
        file.write(b"0" * (1 << 14))
