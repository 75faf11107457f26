# SPDX-License-Identifier: Apache-2.0
"""A TPM's signing key in software: public areas, quotes and signatures, right or wrong in any field.

Written from TPM 2.0 Library Part 2 (TPMT_PUBLIC 12.2.4, TPMS_ATTEST 10.12.12, TPMT_SIGNATURE 11.3.4) and sharing nothing with
the C code, so that the two can disagree.  Keys live for one run and are never written.
"""
import dataclasses
import hashlib
import struct

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

NULL, RSASSA, RSAPSS, ECDSA = 0x0010, 0x0014, 0x0016, 0x0018
BANKS = {"sha1": 0x0004, "sha256": 0x000B, "sha384": 0x000C, "sha512": 0x000D}
HASHES = {0x0004: hashes.SHA1, 0x000B: hashes.SHA256, 0x000C: hashes.SHA384, 0x000D: hashes.SHA512}
CURVES = {3: ec.SECP256R1, 4: ec.SECP384R1, 5: ec.SECP521R1}
FIELD = {3: 32, 4: 48, 5: 66}
ENDORSEMENT, OWNER, PLATFORM = 0x4000000B, 0x40000001, 0x4000000C
NONCE = bytes(range(32))


def digest(alg, data):
    name = {v: k for k, v in BANKS.items()}[alg]
    return hashlib.new(name, data).digest()


def sized(data):
    return struct.pack(">H", len(data)) + data


def machine():
    """PCR i of every bank is all i + 1."""
    return {(bank, i): bytes([i + 1]) * hashlib.new(bank).digest_size for bank in BANKS for i in range(24)}


@dataclasses.dataclass
class Key:
    """An attestation key; change a field before area() to make it wrong there."""

    private: object
    type: int
    scheme: int
    scheme_hash: int = 0x000B
    name_alg: int = 0x000B
    attributes: int = 0x00050072
    policy: bytes = b""
    symmetric: bytes = struct.pack(">H", NULL)
    kdf: bytes = struct.pack(">H", NULL)
    curve: int = 3
    bits: int = 2048
    exponent: int = 0
    off_curve: bool = False

    def area(self):
        scheme = struct.pack(">H", self.scheme)
        scheme += struct.pack(">H", self.scheme_hash) if self.scheme != NULL else b""
        head = struct.pack(">HHI", self.type, self.name_alg, self.attributes) + sized(self.policy)
        return head + self.symmetric + scheme + (self._rsa() if self.type == 1 else self._ecc())

    def _rsa(self):
        n = self.private.public_key().public_numbers().n
        return struct.pack(">HI", self.bits, self.exponent) + sized(n.to_bytes((n.bit_length() + 7) // 8, "big"))

    def _ecc(self):
        point = self.private.public_key().public_numbers()
        size = (self.private.key_size + 7) // 8
        y = point.y ^ 1 if self.off_curve else point.y
        coordinates = sized(point.x.to_bytes(size, "big")) + sized(y.to_bytes(size, "big"))
        return struct.pack(">H", self.curve) + self.kdf + coordinates

    def name(self):
        return struct.pack(">H", self.name_alg) + digest(self.name_alg, self.area())

    def qualified(self, parent):
        """parent: the handle of a hierarchy, or the qualified Name of a key."""
        over = struct.pack(">I", parent) if isinstance(parent, int) else parent
        if self.name_alg not in HASHES:  # such a key has no Name; any bytes will do
            return bytes(34)
        return struct.pack(">H", self.name_alg) + digest(self.name_alg, over + self.name())

    def pem(self):
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self.private.public_key().public_bytes(serialization.Encoding.PEM, form)

    def raw(self, message, scheme=None, hash_alg=None):
        algorithm = HASHES[hash_alg or self.scheme_hash]()
        scheme = scheme or self.scheme
        if scheme == RSASSA:
            return self.private.sign(message, padding.PKCS1v15(), algorithm)
        if scheme == RSAPSS:
            salt = algorithm.digest_size
            return self.private.sign(message, padding.PSS(padding.MGF1(algorithm), salt), algorithm)
        return self.private.sign(message, ec.ECDSA(algorithm))

    def sign(self, message, scheme=None, hash_alg=None, says=None):
        """TPMT_SIGNATURE; `says` is the scheme written when it is not the one that was used."""
        raw = self.raw(message, scheme, hash_alg)
        head = struct.pack(">HH", says or scheme or self.scheme, hash_alg or self.scheme_hash)
        if self.type == 1:
            return head + sized(raw)
        size = (self.private.key_size + 7) // 8
        return head + b"".join(sized(v.to_bytes(size, "big")) for v in decode_dss_signature(raw))


def rsa_key(scheme=RSASSA, bits=2048, e=65537, **fields):
    exponent = 0 if e == 65537 else e
    private = rsa.generate_private_key(e, bits)
    return Key(private, 1, scheme, bits=bits, exponent=exponent, **fields)


def ec_key(curve=3, **fields):
    fields.setdefault("scheme_hash", 0x000C if curve == 4 else 0x000B)
    return Key(ec.generate_private_key(CURVES[curve]()), 0x23, ECDSA, curve=curve, **fields)


def select(bank, *pcrs, size=3):
    number = BANKS.get(bank, bank)
    bitmap = sum(1 << i for i in pcrs)
    return struct.pack(">HB", number, size) + bitmap.to_bytes(max(size, (bitmap.bit_length() + 7) // 8), "little")[:size]


@dataclasses.dataclass
class Quote:
    """A TPMS_ATTEST; select: list of (bank, [pcr, ...])."""

    select: list = dataclasses.field(default_factory=lambda: [("sha256", [0, 1, 2, 7])])
    nonce: bytes = NONCE
    magic: int = 0xFF544347
    type: int = 0x8018
    parent: object = ENDORSEMENT
    clock: int = 123456
    reset: int = 7
    restart: int = 3
    safe: int = 1
    firmware: int = 0x2019102300163636
    raw_select: bytes = None  # instead of what `select` comes to
    pcrs: dict = dataclasses.field(default_factory=machine)

    def composite(self, hash_alg):
        values = b"".join(self.pcrs[(bank, i)] for bank, indices in self.select for i in sorted(indices))
        return digest(hash_alg, values)

    def bytes(self, key, hash_alg=None):
        selections = self.raw_select
        if selections is None:
            rows = [select(bank, *indices) for bank, indices in self.select]
            selections = struct.pack(">I", len(rows)) + b"".join(rows)
        return (
            struct.pack(">IH", self.magic, self.type)
            + sized(key.qualified(self.parent))
            + sized(self.nonce)
            + struct.pack(">QIIBQ", self.clock, self.reset, self.restart, self.safe, self.firmware)
            + selections
            + sized(self.composite(hash_alg or key.scheme_hash))
        )

    def values(self):
        """What an honest client sends."""
        return {(bank, i): self.pcrs[(bank, i)] for bank, indices in self.select for i in indices}


def pcr_lines(values):
    return "".join(f"{bank}:{i}={value.hex()}\n" for (bank, i), value in values.items())
