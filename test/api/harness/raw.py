# SPDX-License-Identifier: Apache-2.0
"""A PUT whose body is sent piece by piece, so that something can happen in its midst."""
import http.client
import socket
import ssl

from .http import Reply


class StartedPut:
    """Head sent; send(n) sends n more bytes of the body."""

    def __init__(self, broker, granted, length):
        context = ssl.create_default_context(cafile=broker.pki.server_ca.cert_file)
        plain = socket.create_connection(("127.0.0.1", broker.ports["guest"]), timeout=20)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = context.wrap_socket(plain, server_hostname="127.0.0.1")
        head = [f"PUT {granted['url'].removeprefix(broker.issuer)} HTTP/1.1", f"Host: 127.0.0.1:{broker.ports['guest']}"]
        head += [f"{k}: {v}" for k, v in granted["headers"].items() if k.lower() != "content-length"]
        head += [f"Content-Length: {length}", "", ""]
        self.sock.sendall("\r\n".join(head).encode())

    def send(self, n, byte=b"x"):
        self.sock.sendall(byte * n)

    def reply(self):
        """The answer, or None when the connection ends without one."""
        answer = http.client.HTTPResponse(self.sock)
        try:
            answer.begin()
            return Reply(answer.status, answer.getheaders(), answer.read())
        except (http.client.HTTPException, ConnectionError, ssl.SSLError):
            return None

    def is_cut(self, timeout_s=5):
        """True once the other side has ended the connection without a good answer."""
        self.sock.settimeout(timeout_s)
        try:
            return b" 201 " not in self.sock.recv(65536)
        except (ConnectionError, ssl.SSLError):
            return True
        except (TimeoutError, socket.timeout):
            return False

    def close(self):
        self.sock.close()
