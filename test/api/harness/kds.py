# SPDX-License-Identifier: Apache-2.0
"""A stand-in for AMD's Key Distribution Service, over real HTTP on loopback (AMD 57230, chapter 4), that can be rude.

    kds = Kds()
    kds.add(vek)                       its certificate, where KDS has it
    kds.crls["Milan"] = der            the product's list
    kds.answer("/vcek/", [status, headers, body], ...)     the next requests below that path get these instead, one each; the last stays
                                       body: bytes, or a function of the connection's file that writes what it likes
    kds.asked("/vcek/")                the paths that were asked for
"""
import http.server
import threading
import time

from .snp import PRODUCTS


def vcek_path(vek):
    """As the specification has it: 16 hex digits and the FMC for Turin."""
    product, tcb = PRODUCTS[vek.product], vek.tcb
    levels = [("fmcSPL", tcb.fmc)] if product.fmc else []
    levels += [("blSPL", tcb.bootloader), ("teeSPL", tcb.tee), ("snpSPL", tcb.snp), ("ucodeSPL", tcb.microcode)]
    query = "&".join(f"{name}={value:02d}" for name, value in levels)
    return f"/vcek/v1/{vek.product}/{vek.chip.hex()}?{query}"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        status, headers, body = self.server.kds.reply(self.path)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
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


class Kds:
    def __init__(self):
        self.paths, self.times = [], []
        self.certificates, self.crls, self.rules = {}, {}, []
        self.lock = threading.Lock()
        self.delay_s = 0
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.kds = self
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def add(self, vek, der=None):
        self.certificates[vcek_path(vek)] = vek.der if der is None else der

    def answer(self, below, *replies):
        self.rules.insert(0, (below, list(replies)))

    def asked(self, below="/vcek/"):
        """CRLs are asked for all the time; they count only when they are named."""
        with self.lock:
            return [p for p in self.paths if p.startswith(below) and (p.endswith("/crl") == below.endswith("/crl"))]

    def times_of(self, below="/vcek/"):
        """When each of them was asked for (monotonic)."""
        with self.lock:
            return [t for p, t in zip(self.paths, self.times) if p.startswith(below) and not p.endswith("/crl")]

    def reply(self, path):
        with self.lock:
            self.paths.append(path)
            self.times.append(time.monotonic())
            for below, replies in self.rules:
                if path.startswith(below) and path.endswith("/crl") == below.endswith("/crl"):
                    return replies.pop(0) if len(replies) > 1 else replies[0]
        time.sleep(self.delay_s)
        if path in self.certificates:
            return 200, {}, self.certificates[path]
        product = path.split("/")[3] if path.count("/") > 3 else ""
        if path == f"/vcek/v1/{product}/crl" and product in self.crls:
            return 200, {}, self.crls[product]
        return 404, {}, b"not found"
