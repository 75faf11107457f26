# SPDX-License-Identifier: Apache-2.0
"""base64url, JWK, compact JWS and DPoP proofs, able to make wrong ones on purpose."""
import base64
import hashlib
import json
import secrets
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CURVES = {
    "P-256": (ec.SECP256R1(), 32, hashes.SHA256(), "ES256"),
    "P-384": (ec.SECP384R1(), 48, hashes.SHA384(), "ES384"),
}


def b64u(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64u(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Key:
    """A private signing key: EC P-256 (the default), P-384, or Ed25519."""

    def __init__(self, crv="P-256", private=None):
        self.crv = crv
        if crv == "Ed25519":
            self.private = private or ed25519.Ed25519PrivateKey.generate()
            self.alg = "EdDSA"
        else:
            self.private = private or ec.generate_private_key(CURVES[crv][0])
            self.alg = CURVES[crv][3]

    def jwk(self):
        if self.crv == "Ed25519":
            raw = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
            return {"kty": "OKP", "crv": self.crv, "x": b64u(raw)}
        size = CURVES[self.crv][1]
        n = self.private.public_key().public_numbers()
        return {
            "kty": "EC",
            "crv": self.crv,
            "x": b64u(n.x.to_bytes(size, "big")),
            "y": b64u(n.y.to_bytes(size, "big")),
        }

    def secret(self):
        """The private scalar, for tests that must be refused when they send it."""
        return b64u(self.private.private_numbers().private_value.to_bytes(CURVES[self.crv][1], "big"))

    def jkt(self):
        members = {k: v for k, v in self.jwk().items() if k in ("crv", "kty", "x", "y")}
        text = json.dumps(members, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).digest()

    def sign(self, data):
        """The JOSE form of the signature: r || s of the curve's size."""
        if self.crv == "Ed25519":
            return self.private.sign(data)
        _, size, digest, _ = CURVES[self.crv]
        r, s = utils.decode_dss_signature(self.private.sign(data, ec.ECDSA(digest)))
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")

    def sign_der(self, data):
        return self.private.sign(data, ec.ECDSA(CURVES[self.crv][2]))


def compact(value):
    """JSON bytes of a value; bytes are taken as they are (for hostile JSON)."""
    return value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()


def jws(key, header, payload, signature=None):
    """Compact JWS. header and payload: objects or bytes; signature: bytes instead of the true one."""
    signing_input = b64u(compact(header)) + "." + b64u(compact(payload))
    if signature is None:
        signature = key.sign(signing_input.encode())
    return signing_input + "." + b64u(signature)


def open_jws(text):
    """(header, payload) without checking anything."""
    head, payload, _ = text.split(".")
    return json.loads(unb64u(head)), json.loads(unb64u(payload))


def ath(token):
    return b64u(hashlib.sha256(token.encode()).digest())


def dpop_parts(key, htm, htu, nonce=None, token=None):
    """Header and claims of a good proof, to be bent by a test."""
    header = {"typ": "dpop+jwt", "alg": key.alg, "jwk": key.jwk()}
    claims = {"jti": secrets.token_urlsafe(16), "htm": htm, "htu": htu, "iat": int(time.time())}
    if nonce is not None:
        claims["nonce"] = nonce
    if token is not None:
        claims["ath"] = ath(token)
    return header, claims


def dpop(key, htm, htu, nonce=None, token=None):
    return jws(key, *dpop_parts(key, htm, htu, nonce, token))
