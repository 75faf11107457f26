# SPDX-License-Identifier: Apache-2.0
"""A TPM in software: an attestation key, PCRs, and TPM2_Quote by hand (TPM 2.0 Library, Part 2).

Fast, and able to lie: each step of a quote can be bent by the test.  What a true TPM says is tested through swtpm.
"""
import hashlib
import struct

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

SHA256, ECC, ECDSA, NULL, P256 = 0x000B, 0x0023, 0x0018, 0x0010, 0x0003
MAGIC, ST_QUOTE = 0xFF544347, 0x8018
RH_ENDORSEMENT = 0x4000000B
# fixedTPM fixedParent sensitiveDataOrigin userWithAuth restricted sign
AK_ATTRIBUTES = 0x00050072


def sized(data):
    return struct.pack(">H", len(data)) + data


class SoftTpm:
    """PCRs of the SHA-256 bank and one restricted P-256 key."""

    def __init__(self, pcrs=(0, 7)):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.pcr = {i: hashlib.sha256(b"measured boot %d" % i).digest() for i in pcrs}

    def extend(self, index, data):
        self.pcr[index] = hashlib.sha256(self.pcr[index] + hashlib.sha256(data).digest()).digest()

    def public(self):
        """TPMT_PUBLIC of the attestation key."""
        n = self.key.public_key().public_numbers()
        return (
            struct.pack(">HHIH", ECC, SHA256, AK_ATTRIBUTES, 0)
            + struct.pack(">HHHHH", NULL, ECDSA, SHA256, P256, NULL)
            + sized(n.x.to_bytes(32, "big"))
            + sized(n.y.to_bytes(32, "big"))
        )

    def name(self):
        return struct.pack(">H", SHA256) + hashlib.sha256(self.public()).digest()

    def qualified_name(self):
        data = struct.pack(">I", RH_ENDORSEMENT) + self.name()
        return struct.pack(">H", SHA256) + hashlib.sha256(data).digest()

    def values(self, indexes=None):
        """As the wire carries them: {"sha256:0": hex}."""
        return {f"sha256:{i}": self.pcr[i].hex() for i in sorted(indexes or self.pcr)}

    def attest(self, extra_data, indexes=None, magic=MAGIC, kind=ST_QUOTE):
        """TPMS_ATTEST over the PCRs."""
        indexes = sorted(indexes or self.pcr)
        bitmap = sum(1 << i for i in indexes).to_bytes(3, "little")
        digest = hashlib.sha256(b"".join(self.pcr[i] for i in indexes)).digest()
        return (
            struct.pack(">IH", magic, kind)
            + sized(self.qualified_name())
            + sized(extra_data)
            + struct.pack(">QIIB", 123456789, 3, 1, 1)
            + struct.pack(">Q", 0x2024012500120000)
            + struct.pack(">IHB", 1, SHA256, 3)
            + bitmap
            + sized(digest)
        )

    def sign(self, message):
        """TPMT_SIGNATURE."""
        der = self.key.sign(message, ec.ECDSA(hashes.SHA256()))
        r, s = utils.decode_dss_signature(der)
        return (
            struct.pack(">HH", ECDSA, SHA256)
            + sized(r.to_bytes(32, "big"))
            + sized(s.to_bytes(32, "big"))
        )

    def quote(self, extra_data, indexes=None, **bent):
        message = self.attest(extra_data, indexes, **bent)
        return message, self.sign(message)


def binding(challenge, jkt, kind=b"tpm2", launch_token=b""):
    """The value that evidence must commit to (attest/base/binding.h)."""
    return hashlib.sha256(
        b"countersign-binding-v1\0"
        + kind
        + b"\0"
        + struct.pack(">H", len(challenge))
        + challenge
        + jkt
        + hashlib.sha256(launch_token).digest()
    ).digest()
