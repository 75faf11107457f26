# SPDX-License-Identifier: Apache-2.0
"""One keep-alive HTTPS connection that sends exactly the header lines it is given."""
import http.client
import json as jsonlib
import ssl


class Reply:
    """Status, header fields (last one wins; all() has every line) and body of an answer."""

    def __init__(self, status, fields, body):
        self.status = status
        self.fields = fields
        self.body = body

    def get(self, name, default=None):
        found = self.all(name)
        return found[-1] if found else default

    def all(self, name):
        return [v for k, v in self.fields if k.lower() == name.lower()]

    @property
    def json(self):
        return jsonlib.loads(self.body)

    @property
    def code(self):
        """The stable word of a refusal: the OAuth `error`, or `code` of problem+json."""
        try:
            members = self.json
        except ValueError:
            return None
        if not isinstance(members, dict):
            return None
        return members.get("error", members.get("code"))

    def __repr__(self):
        return f"<{self.status} {self.body[:300]!r}>"


class Http:
    """A client of one listener. cert: (certificate file, key file) or None."""

    def __init__(self, host, port, ca=None, cert=None, timeout_s=30):
        self.host, self.port, self.timeout_s = host, port, timeout_s
        self.context = None
        if ca is not None:
            self.context = ssl.create_default_context(cafile=ca)
            self.context.minimum_version = ssl.TLSVersion.TLSv1_3
            if cert is not None:
                self.context.load_cert_chain(*cert)
        self.conn = None

    def close(self):
        if self.conn is not None:
            self.conn.close()
            self.conn = None

    def connect(self):
        if self.context is None:
            self.conn = http.client.HTTPConnection(self.host, self.port, timeout=self.timeout_s)
        else:
            self.conn = http.client.HTTPSConnection(
                self.host, self.port, timeout=self.timeout_s, context=self.context
            )
        self.conn.connect()

    def send(self, method, target, headers=(), body=b""):
        """Send one request; a connection that the server has closed meanwhile is opened again once."""
        fresh = self.conn is None
        if fresh:
            self.connect()
        try:
            return self.send_once(method, target, headers, body)
        except (http.client.RemoteDisconnected, ConnectionError, ssl.SSLError):
            self.close()
            if fresh:
                raise
        return self.send(method, target, headers, body)

    def send_once(self, method, target, headers, body):
        names = [k.lower() for k, _ in headers]
        self.conn.putrequest(method, target, skip_host="host" in names, skip_accept_encoding=True)
        for name, value in headers:
            self.conn.putheader(name, value)
        if "content-length" not in names and (body or method in ("POST", "PUT")):
            self.conn.putheader("Content-Length", str(len(body)))
        try:
            self.conn.endheaders()
            if body:
                self.conn.send(body)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):
            pass  # refused early; the answer may be there already
        reply = self.conn.getresponse()
        data = reply.read()
        result = Reply(reply.status, reply.getheaders(), data)
        if reply.will_close:
            self.close()
        return result

    def json(self, method, target, value, headers=()):
        body = value if isinstance(value, bytes) else jsonlib.dumps(value).encode()
        return self.send(method, target, [("Content-Type", "application/json"), *headers], body)
