# SPDX-License-Identifier: Apache-2.0
"""What a relying party does with a token of ours, by another library: the signature against the published keys."""
import json

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from .jose import open_jws, unb64u


def verify_jws(text, jwks):
    """Claims of a token whose signature is by the published key that its kid names; raises otherwise."""
    header, claims = open_jws(text)
    row = next(k for k in jwks["keys"] if k["kid"] == header["kid"])
    assert (row["kty"], row["crv"], row["alg"], row["use"]) == ("EC", "P-256", "ES256", "sig")
    assert "d" not in row
    x, y = (int.from_bytes(unb64u(row[n]), "big") for n in ("x", "y"))
    key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    signed, _, signature = text.rpartition(".")
    raw = unb64u(signature)
    assert len(raw) == 64
    der = utils.encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    key.verify(der, signed.encode(), ec.ECDSA(hashes.SHA256()))
    json.dumps(claims)
    return claims
