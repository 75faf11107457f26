# SPDX-License-Identifier: Apache-2.0
"""An Azure confidential VM in software: the paravisor's HCL report, its runtime claims, and the vTPM whose key they hold.

    vm = AzureVm(vek)                        a guest on the machine of a harness.snp.Vek
    vm.hcl()                                 the blob of NV index 0x01400001
    message, signature = vm.quote(nonce)     TPMS_ATTEST and the bare RSASSA signature
    vm.pcr_bytes()                           24 x 32 bytes

The layout is that of Azure's "guest attestation for confidential VMs"; every field can be bent.
"""
import base64
import hashlib
import json
import os
import struct

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from .snp import rsa_key
from .tpm import AK_ATTRIBUTES, NULL, SHA256, SoftTpm, sized

RSA, RSASSA = 0x0001, 0x0014
HCL_LEN, SNP, TDX = 2600, 2, 4
ALL_PCRS = tuple(range(24))


def b64u(number):
    return base64.urlsafe_b64encode(number.to_bytes((number.bit_length() + 7) // 8, "big")).rstrip(b"=").decode()


def jwk(kid, public, operation):
    n = public.public_numbers()
    return {"kid": kid, "key_ops": [operation], "kty": "RSA", "e": b64u(n.e), "n": b64u(n.n)}


def hcl_blob(report, claims, **bend):
    """bend: magic, header_version, report_size, request_type, status, reserved, data_size, data_version, report_type, hash_type, var_size, size
    (of the whole, padded with zeros), tail (instead of the zeros)."""
    header = struct.pack(
        "<4sIIII12s",
        bend.get("magic", b"HCLA"),
        bend.get("header_version", 1),
        bend.get("report_size", 0x4D4 + len(claims)),
        bend.get("request_type", 2),
        bend.get("status", 0),
        bend.get("reserved", bytes(12)),
    )
    data = struct.pack(
        "<IIIII",
        bend.get("data_size", 20 + len(claims)),
        bend.get("data_version", 1),
        bend.get("report_type", SNP),
        bend.get("hash_type", 1),
        bend.get("var_size", len(claims)),
    )
    made = header + report.ljust(0x4C0 - 0x20, b"\0") + data + claims
    return made + bend.get("tail", bytes(max(0, bend.get("size", HCL_LEN) - len(made))))


class AzureVm(SoftTpm):
    """The vTPM has an RSA-2048 attestation key and a SHA-256 bank of 24 PCRs.

    The keys are throw-away ones kept in the build folder; `name` chooses another pair."""

    def __init__(self, vek, name="azure"):
        super().__init__(pcrs=ALL_PCRS)
        self.vek = vek
        self.key = rsa_key(f"{name}-ak", 2048)
        self.ek = rsa_key(f"{name}-ek", 2048)
        self.user_data = bytes(64)

    # ---- what the paravisor made at boot

    def claims(self, **instead):
        """Runtime claims as a dict, in Azure's order; instead: members, None leaves one out."""
        made = {
            "keys": [jwk("HCLAkPub", self.key.public_key(), "sign"), jwk("HCLEkPub", self.ek.public_key(), "encrypt")],
            "vm-configuration": {
                "console-enabled": True,
                "root-cert-thumbprint": "",
                "secure-boot": True,
                "tpm-enabled": True,
                "tpm-persisted": True,
                "vmUniqueId": "00000000-0000-4000-8000-000000000001",
            },
            "user-data": self.user_data.hex().upper(),
        }
        return {name: value for name, value in {**made, **instead}.items() if value is not None}

    def claims_bytes(self, **instead):
        return json.dumps(self.claims(**instead), separators=(",", ":")).encode()

    def report(self, claims, **fields):
        """The hardware report (1184 bytes) over these claims."""
        data = hashlib.sha256(claims).digest() + bytes(32)
        return self.vek.report(**{"report_data": data, "policy": 0x3001F, "vmpl": 0, **fields}).signed(self.vek)

    def hcl(self, claims=None, report=None, **bend):
        claims = self.claims_bytes() if claims is None else claims
        return hcl_blob(self.report(claims) if report is None else report, claims, **bend)

    # ---- the vTPM

    def public(self):
        n = self.key.public_key().public_numbers().n
        scheme = struct.pack(">HHHHI", NULL, RSASSA, SHA256, 2048, 0)
        return struct.pack(">HHIH", RSA, SHA256, AK_ATTRIBUTES, 0) + scheme + sized(n.to_bytes(256, "big"))

    def sign(self, message):
        """Bare, as Azure's tools hand it out."""
        return self.key.sign(message, padding.PKCS1v15(), hashes.SHA256())

    def tpmt_signature(self, message):
        return struct.pack(">HH", RSASSA, SHA256) + sized(self.sign(message))

    def pcr_bytes(self):
        return b"".join(self.pcr[i] for i in ALL_PCRS)

    # ---- files

    def write(self, folder, nonce, indexes=None):
        """What `countersign verify azure-sev-snp` reads: hcl.bin, quote.msg, quote.sig, pcrs.bin, vek.der."""
        message, signature = self.quote(nonce, indexes)
        os.makedirs(folder, exist_ok=True)
        files = {"hcl.bin": self.hcl(), "quote.msg": message, "quote.sig": signature, "pcrs.bin": self.pcr_bytes(), "vek.der": self.vek.der}
        for name, data in files.items():
            with open(os.path.join(folder, name), "wb") as file:
                file.write(data)
