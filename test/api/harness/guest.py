# SPDX-License-Identifier: Apache-2.0
"""A guest: its key, its TPM, and the requests of its day. Every step can be bent by the test."""
import json
import urllib.parse

from .jose import Key, b64u, dpop, unb64u
from .tpm import binding

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
EVIDENCE_GRANT = "urn:countersign:params:oauth:grant-type:evidence"
JWT_TYPE = "urn:ietf:params:oauth:token-type:jwt"
ACCESS_TYPE = "urn:ietf:params:oauth:token-type:access_token"
FORM = ("Content-Type", "application/x-www-form-urlencoded")
JSON = ("Content-Type", "application/json")


class Guest:
    """One key, one connection; keeps the newest nonce and challenge as a good client does."""

    def __init__(self, broker, tpm, policy, key=None):
        self.broker, self.tpm, self.policy = broker, tpm, policy
        self.key = key or Key()
        self.http = broker.guest_http()
        self.nonce = None
        self.next_challenge = None
        self.sandbox = self.ear = self.token = None

    def close(self):
        self.http.close()

    # The bare requests

    def send(self, method, path, headers=(), body=b""):
        reply = self.http.send(method, path, list(headers), body)
        self.nonce = reply.get("DPoP-Nonce", self.nonce)
        self.next_challenge = reply.get("Countersign-Challenge", self.next_challenge)
        return reply

    def proof(self, method, path, token=None, nonce=True):
        """A good proof; nonce: True for the newest one, None for none, or a text."""
        if nonce is True:
            if self.nonce is None:
                self.challenge()
            nonce = self.nonce
        return dpop(self.key, method, self.broker.url(path), nonce, token)

    def proven(self, method, path, headers=(), body=b"", proof=None, token=None):
        """A request with a proof, and with the token when one is given; asked for a new nonce, it tries once more."""
        for last in (False, True):
            fields = [*headers, ("DPoP", proof or self.proof(method, path, token))]
            if token is not None:
                fields.append(("Authorization", "DPoP " + token))
            reply = self.send(method, path, fields, body)
            if last or proof is not None or reply.code != "use_dpop_nonce":
                return reply
        raise AssertionError("unreachable")

    # Attestation

    def challenge(self):
        reply = self.send("POST", "/v1/challenge", [JSON], b"{}")
        assert reply.status == 200, reply
        return unb64u(reply.json["challenge"])

    def evidence(self, challenge, key=None, extra_data=None, indexes=None, quote=None):
        """One tpm2 item. key: whose thumbprint it commits to; quote: (message, signature) as they are."""
        if extra_data is None:
            extra_data = binding(challenge, (key or self.key).jkt())
        message, signature = quote or self.tpm.quote(extra_data, indexes)
        return {
            "type": "tpm2",
            "quote": b64u(message),
            "signature": b64u(signature),
            "ak": b64u(self.tpm.public()),
            "pcrs": self.tpm.values(indexes),
        }

    def attest_body(self, challenge=None, evidence=None, **changes):
        challenge = challenge or self.challenge()
        body = {
            "policy": self.policy,
            "challenge": b64u(challenge),
            "key": self.key.jwk(),
            "evidence": [evidence or self.evidence(challenge)],
        }
        body.update(changes)
        return {k: v for k, v in body.items() if v is not None}

    def post_attest(self, body=None, proof=None):
        """POST /v1/attest; body: the object, or bytes."""
        body = self.attest_body() if body is None else body
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.proven("POST", "/v1/attest", [JSON], data, proof)

    def attest(self):
        """Must be accepted; afterwards sandbox and ear are set."""
        reply = self.post_attest()
        assert reply.status == 200, reply
        self.sandbox, self.ear = reply.json["sandbox"], reply.json["ear"]
        return reply.json

    # Tokens

    def post_token(self, fields, proof=None):
        """POST /token with a list of (name, value) or an object."""
        return self.proven("POST", "/token", [FORM], urllib.parse.urlencode(fields).encode(), proof)

    def exchange_fields(self, subject=None, **more):
        subject = subject or self.ear
        kind = ACCESS_TYPE if subject != self.ear else JWT_TYPE
        fields = {"grant_type": EXCHANGE, "subject_token": subject, "subject_token_type": kind}
        fields.update(more)
        return {k: v for k, v in fields.items() if v is not None}

    def exchange(self, subject=None, proof=None, **more):
        return self.post_token(self.exchange_fields(subject, **more), proof)

    def evidence_grant(self, body=None, **more):
        body = self.attest_body() if body is None else body
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.post_token({"grant_type": EVIDENCE_GRANT, "evidence": b64u(data), **more})

    def get_token(self, **more):
        """An access token for the broker's own routes (or for `audience`); must be granted."""
        reply = self.exchange(**more)
        assert reply.status == 200, reply
        if "audience" not in more and "resource" not in more:
            self.token = reply.json["access_token"]
        return reply.json["access_token"]

    def ready(self):
        """Attested, and with a token for its own routes."""
        self.attest()
        self.get_token()
        return self

    # Its own routes

    def own(self, method, path, value=None, token=None, proof=None):
        """A request with the token and a proof; value: the JSON body."""
        headers, body = ([JSON], json.dumps(value).encode()) if value is not None else ([], b"")
        return self.proven(method, path, headers, body, proof, token or self.token)

    def heartbeat(self):
        return self.own("POST", f"/v1/sandboxes/{self.sandbox}/heartbeat", {})

    def teardown(self, reason=None):
        body = {"reason": reason} if reason else {}
        return self.own("POST", f"/v1/sandboxes/{self.sandbox}/teardown", body)

    def ask_upload(self, size, name="report.pdf", content_type="application/pdf", **more):
        body = {"store": "results", "name": name, "size": size, "content_type": content_type}
        body.update(more)
        return self.own("POST", "/v1/uploads", {k: v for k, v in body.items() if v is not None})

    def put(self, granted, data, headers=None):
        """PUT to a granted URL as any client would: no token, no proof, only what was returned."""
        path = granted["url"].removeprefix(self.broker.issuer)
        fields = granted["headers"] if headers is None else headers
        conn = self.broker.guest_http()
        try:
            return conn.send(granted["method"], path, list(fields.items()), data)
        finally:
            conn.close()

    def commit(self, upload_id):
        return self.own("POST", f"/v1/uploads/{upload_id}/commit", {})

    def upload(self, data, **more):
        """Ask, put and commit; must work. Returns the granted URL and the answer to the commit."""
        granted = self.ask_upload(len(data), **more)
        assert granted.status == 201, granted
        stored = self.put(granted.json, data)
        assert stored.status == 201, stored
        committed = self.commit(granted.json["id"])
        assert committed.status == 200, committed
        return granted.json, committed.json
