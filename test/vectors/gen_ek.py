# SPDX-License-Identifier: Apache-2.0
"""Vectors of endorsement keys: `verify ek-cert`, and `verify tpm` with --ek-cert and --ek.

A throw-away vendor (root, intermediate, CRLs) issues certificates as the TCG EK Credential Profile describes them, and for every ek.* rule
one that only it refuses.
"""
import dataclasses
import json
import struct

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtensionOID, NameOID, ObjectIdentifier

import softtpm as tpm
from gen import AT, AT_TEXT, DAY, Cases, der, key_usage, pem

EK_KP = ObjectIdentifier("2.23.133.8.1")
CLIENT_AUTH = ObjectIdentifier("1.3.6.1.5.5.7.3.2")
INSTANCE = ObjectIdentifier("1.3.6.1.4.1.11129.2.1.21")
TPM_AT = "2.23.133.2."
URL = "http://vendor.example/ek/intermediate.crt"
RSA_USE, EC_USE = key_usage(key_encipherment=True), key_usage(key_agreement=True)
OAEP = bytes.fromhex("06092a864886f70d010107")
RSA = bytes.fromhex("06092a864886f70d010101")
AES128 = struct.pack(">HHH", 6, 128, 0x43)
AES256 = struct.pack(">HHH", 6, 256, 0x43)
EK_ATTRIBUTES = 0x000300B2


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)] if text else [])


def tpm_name(parts=("id:4D455249", "made here", "id:00010002"), at=(1, 2, 3)):
    """subjectAltName of the profile; `at`: which of manufacturer, model and version."""
    rows = [x509.NameAttribute(ObjectIdentifier(f"{TPM_AT}{i}"), text) for i, text in zip(at, parts)]
    return x509.SubjectAlternativeName([x509.DirectoryName(x509.Name(rows))])


class Vendor:
    """A vendor of TPMs."""

    def __init__(self, intermediate_until=AT + 900 * DAY):
        self.root_key, self.key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        self.root = self._ca("vendor root", "vendor root", self.root_key.public_key(), AT + 1000 * DAY)
        self.intermediate = self._ca("vendor root", "vendor EK CA", self.key.public_key(), intermediate_until)

    def _ca(self, issuer, subject, public, until):
        builder = x509.CertificateBuilder().issuer_name(name(issuer)).subject_name(name(subject)).public_key(public)
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(AT - 900 * DAY).not_valid_after(until)
        builder = builder.add_extension(x509.BasicConstraints(True, None), critical=True)
        builder = builder.add_extension(key_usage(key_cert_sign=True, crl_sign=True), critical=True)
        return builder.sign(self.root_key, hashes.SHA256())

    def issue(self, public, **how):
        """how: usage, ca, san (None: none), eku, since, until, extra (extension), aia."""
        use = RSA_USE if isinstance(public, rsa.RSAPublicKey) else EC_USE
        builder = x509.CertificateBuilder().issuer_name(name("vendor EK CA")).subject_name(name("")).public_key(public)
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(how.get("since", AT - 300 * DAY)).not_valid_after(how.get("until", AT + 300 * DAY))
        builder = builder.add_extension(x509.BasicConstraints(how.get("ca", False), None), critical=True)
        wanted = [(how.get("usage", use), True), (how.get("san", tpm_name()), True)]
        wanted += [(x509.ExtendedKeyUsage(how.get("eku", [EK_KP])), False)]
        wanted += [(how.get("extra"), False), (how.get("aia"), False)]
        for extension, critical in wanted:
            builder = builder.add_extension(extension, critical) if extension is not None else builder
        return builder.sign(self.key, hashes.SHA256())

    def crl(self, *serials, until=AT + 30 * DAY, root=False, key=None):
        issuer = "vendor root" if root else "vendor EK CA"
        builder = x509.CertificateRevocationListBuilder().issuer_name(name(issuer)).last_update(AT - 60 * DAY).next_update(until)
        for serial in serials:
            row = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(AT - 70 * DAY).build()
            builder = builder.add_revoked_certificate(row)
        signer = key or (self.root_key if root else self.key)
        return builder.sign(signer, hashes.SHA256())

    def roots(self, intermediate=True):
        return {"tpm/vendor.pem": pem(self.root) + (pem(self.intermediate) if intermediate else b"")}


def stored(cert, tag=True, kind=0, length=None, padding=b""):
    """TCG_PCCLIENT_STORED_CERT."""
    body = (b"\x10\x02" if tag else b"") + cert
    return struct.pack(">HBH", 0x1001, kind, len(body) if length is None else length) + body + padding


def aia():
    where = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(URL))
    return x509.AuthorityInformationAccess([where])


def one_set(order):
    """A subjectAltName with the three attributes in one SET in this order; DER wants 1, 2, 3, real parts have another."""
    texts = {1: b"id:4D455249", 2: b"a model", 3: b"id:00010002"}
    rows = b"".join(tlv(0x30, tlv(6, bytes([0x67, 0x81, 5, 2, i])) + tlv(0x0C, texts[i])) for i in order)
    return x509.UnrecognizedExtension(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, tlv(0x30, tlv(0xA4, tlv(0x30, tlv(0x31, rows)))))


def tlv(tag, body):
    assert len(body) < 128
    return bytes([tag, len(body)]) + body


class EkVectors(Cases):
    def __init__(self, folder):
        super().__init__(folder)
        self.vendor = Vendor()
        small = {"scheme": tpm.NULL, "attributes": EK_ATTRIBUTES, "policy": bytes(32), "symmetric": AES128}
        large = {**small, "policy": bytes(48), "symmetric": AES256, "name_alg": 0x000C}
        self.rsa = dataclasses.replace(tpm.rsa_key(), **small)
        self.p256 = dataclasses.replace(tpm.ec_key(3), **small)
        self.p384 = dataclasses.replace(tpm.ec_key(4), **large)

    def public(self, key=None):
        return (key or self.rsa).private.public_key()

    def digest(self, key):
        spki = self.public(key).public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        context = hashes.Hash(hashes.SHA256())
        context.update(spki)
        return context.finalize().hex()

    def cert(self, case, cert, failed=(), verdict=None, **how):
        """`verify ek-cert`.  how: vendor, crls ({name: bytes}), policy, roots, at, seen (text in a finding)."""
        vendor = how.get("vendor", self.vendor)
        crls = {f"tpm/{n}.crl": data for n, data in how.get("crls", {}).items()}
        files = {"ek.crt": cert if isinstance(cert, bytes) else der(cert)}
        args = self.common({**how, "roots": {**how.get("roots", vendor.roots()), **crls}}, files, "tpm2")
        verdict = verdict or ("reject" if failed else "accept")
        self.case(case, ["ek-cert", "ek.crt", *args], files, verdict, failed, **self.said(how))

    def wrappers(self):
        good = der(self.vendor.issue(self.public()))
        self.cert("good-bare", good, valid_until=(AT + 300 * DAY).strftime("%Y-%m-%dT%H:%M:%SZ"))
        self.cert("good-pem", pem(self.vendor.issue(self.public())))
        self.cert("good-header", stored(good))
        self.cert("good-header-untagged", stored(good, tag=False))
        for value in (0x00, 0xFF, 0x11):
            self.cert(f"good-padding-{value:02x}", good + bytes([value]) * 97)
            self.cert(f"good-header-padding-{value:02x}", stored(good, padding=bytes([value]) * 300))
        self.cert("good-header-padding-inside", stored(good + bytes(100), padding=bytes(20)))
        for case, data in {
            "trailing": good + b"\x01",
            "padding-mixed": good + b"\0\xff",
            "padding-mixed-header": stored(good + b"\0", padding=b"\xff"),
            "header-partial": stored(good, kind=1),
            "header-too-long": stored(good, length=len(good) + 3),
            "header-too-short": stored(good, length=len(good) + 1),
            "header-alone": stored(good)[:5],
            "header-tag": stored(b"\x10\x02" + good),
            "truncated": good[:-1],
            "no-certificate": b"\x10\x02" + good,
            "empty-sequence": b"\x30\x00",
            "padding-alone": b"\xff" * 40,
        }.items():
            self.cert(f"bad-{case}", data, ["ek.cert_malformed"], "malformed")

    def keys(self):
        for case, key in {"p256": self.p256, "p384": self.p384, "rsa": self.rsa}.items():
            self.cert(f"good-{case}", self.vendor.issue(self.public(key)))
        good = der(self.vendor.issue(self.public()))
        assert good.count(RSA) == 1
        self.cert("bad-key-tpm12", good.replace(RSA, OAEP), ["ek.cert_keytype"])
        self.cert("bad-key-1024", self.vendor.issue(rsa.generate_private_key(65537, 1024).public_key()), ["ek.cert_keytype"])
        self.cert("bad-key-e3", self.vendor.issue(rsa.generate_private_key(3, 2048).public_key()), ["ek.cert_keytype"])
        self.cert("bad-key-p521", self.vendor.issue(ec.generate_private_key(ec.SECP521R1()).public_key()), ["ek.cert_keytype"])

    def profile(self):
        def bad(case, key=None, **how):
            self.cert(f"bad-{case}", self.vendor.issue(self.public(key), **how), ["ek.cert_profile"])

        bad("ca", ca=True, usage=key_usage(key_encipherment=True, key_cert_sign=True))
        bad("ca-flag", ca=True)
        bad("rsa-agreement", usage=EC_USE)
        bad("ec-encipherment", self.p256, usage=RSA_USE)
        bad("no-usage", usage=None)
        bad("signs", usage=key_usage(digital_signature=True))
        bad("signs-too", usage=key_usage(digital_signature=True, key_encipherment=True))
        bad("eku-other", eku=[CLIENT_AUTH])
        bad("san-none", san=None)
        bad("san-dns", san=x509.SubjectAlternativeName([x509.DNSName("tpm.example")]))
        for left in (1, 2, 3):
            at = tuple(i for i in (1, 2, 3) if i != left)
            bad(f"san-without-{left}", san=tpm_name(at=at))
        bad("san-of-another-arc", san=tpm_name(at=(1, 2, 4)))
        bad("san-set-without-3", san=one_set((2, 1)))
        issue = self.vendor.issue
        self.cert("good-eku-two", issue(self.public(), eku=[CLIENT_AUTH, EK_KP]))
        two = [*tpm_name(), x509.DNSName("tpm.example")]
        self.cert("good-san-two", issue(self.public(), san=x509.SubjectAlternativeName(two)))
        for order in ((1, 2, 3), (3, 1, 2), (2, 1, 3)):
            self.cert(f"good-san-set-{''.join(map(str, order))}", issue(self.public(), san=one_set(order)))
        instance = x509.UnrecognizedExtension(INSTANCE, b"\x30\x00")
        self.cert("good-instance", issue(self.public(), san=None, extra=instance))
        wrong = x509.SubjectAlternativeName([x509.DNSName("tpm.example")])
        self.cert("bad-instance-and-san", issue(self.public(), san=wrong, extra=instance), ["ek.cert_profile"])

    def chains(self):
        issue, public = self.vendor.issue, self.public()
        self.cert("bad-no-intermediate", issue(public, aia=aia()), ["ek.cert_chain"], roots=self.vendor.roots(False), says=URL)
        self.cert("bad-no-root", issue(public), ["ek.cert_chain"], roots={"tpm/i.pem": pem(self.vendor.intermediate)})
        self.cert("bad-no-roots", issue(public), ["ek.cert_chain"], roots={"amd/none": b""})
        self.cert("bad-other-vendor", Vendor().issue(public), ["ek.cert_chain"])
        self.cert("bad-expired", issue(public, until=AT - DAY), ["ek.cert_expired"])
        self.cert("good-expired-accepted", issue(public, until=AT - DAY), policy={"ek_expired": "accept"})
        self.cert("bad-expired-said", issue(public, until=AT - DAY), ["ek.cert_expired"], policy={"ek_expired": "refuse"})
        self.cert("bad-not-yet", issue(public, since=AT + DAY), ["ek.cert_expired"])
        self.cert("bad-not-yet-accepted", issue(public, since=AT + DAY), ["ek.cert_expired"], policy={"ek_expired": "accept"})
        old = Vendor(intermediate_until=AT - DAY)
        self.cert("bad-ca-expired", old.issue(public), ["ek.cert_expired"], vendor=old)
        self.cert("bad-ca-expired-accepted", old.issue(public), ["ek.cert_expired"], vendor=old, policy={"ek_expired": "accept"})

    def revocation(self):
        vendor, cert = self.vendor, self.vendor.issue(self.public())
        serial, stale = cert.serial_number, AT - 30 * DAY
        good, listed = der_crl(vendor.crl()), der_crl(vendor.crl(serial))
        old, old_listed = der_crl(vendor.crl(until=stale)), der_crl(vendor.crl(serial, until=stale))
        root_crl = der_crl(vendor.crl(root=True))
        ca_listed = der_crl(vendor.crl(vendor.intermediate.serial_number, root=True))
        forged = der_crl(vendor.crl(key=vendor.root_key))
        foreign = der_crl(Vendor().crl(root=True, until=stale)).replace(b"vendor root", b"wendor root")
        accept = {"ek_crl_stale": "accept"}
        until = (AT + 30 * DAY).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.cert("good-crl", cert, crls={"a": good}, valid_until=until)
        self.cert("good-crl-pem", cert, crls={"a": vendor.crl().public_bytes(serialization.Encoding.PEM)})
        self.cert("good-crl-foreign", cert, crls={"a": good, "b": foreign})
        self.cert("good-crl-all", cert, crls={"a": good, "b": root_crl}, policy={"ek_crl": "require"})
        self.cert("good-crl-off", cert, crls={"a": listed}, policy={"ek_crl": "off"})
        self.cert("warn-crl-stale", cert, crls={"a": old}, policy=accept, warned=["ek.crl_stale"])
        self.cert("bad-crl-stale", cert, ["ek.crl_stale"], "unable", crls={"a": old})
        self.cert("bad-crl-stale-said", cert, ["ek.crl_stale"], "unable", crls={"a": old}, policy={"ek_crl_stale": "refuse"})
        self.cert("bad-crl-none", cert, ["ek.crl_stale"], "unable", policy={"ek_crl": "require"})
        self.cert("bad-crl-one-missing", cert, ["ek.crl_stale"], "unable", crls={"a": good}, policy={"ek_crl": "require"})
        self.cert("bad-crl-forged", cert, ["ek.crl_stale"], "unable", crls={"a": forged})
        self.cert("bad-crl-forged-accept", cert, ["ek.crl_stale"], "unable", crls={"a": forged}, policy=accept)
        self.cert("bad-revoked", cert, ["ek.cert_revoked"], crls={"a": listed})
        self.cert("bad-revoked-ca", cert, ["ek.cert_revoked"], crls={"a": ca_listed})
        self.cert("bad-revoked-stale", cert, ["ek.cert_revoked"], crls={"a": old_listed})
        self.cert("bad-revoked-stale-accept", cert, ["ek.cert_revoked"], crls={"a": old_listed}, policy=accept)
        self.cert("bad-crl-broken", cert, ["input.unreadable"], "unable", crls={"a": good[:-1]})

    def quotes(self):
        """--ek and --ek-cert beside a quote."""
        ak = tpm.ec_key(3)
        for case, key in {"rsa": self.rsa, "p256": self.p256, "p384": self.p384}.items():
            self.quote(f"good-quote-{case}", ak, key, self.vendor.issue(self.public(key)), claims={"ek_sha256": self.digest(key)})
        self.quote("good-quote-cert-alone", ak, None, self.vendor.issue(self.public()))
        self.quote("good-quote-header", ak, self.rsa, stored(der(self.vendor.issue(self.public())), padding=bytes(50)))
        pins = {"ek_pinned": [self.digest(self.p256), self.digest(self.rsa)]}
        self.quote("good-quote-pinned", ak, self.rsa, None, policy=pins, claims={"ek_sha256": self.digest(self.rsa)})
        self.quote("good-quote-pinned-cert", ak, self.rsa, self.vendor.issue(self.public()), policy=pins)
        other = {"ek_pinned": [self.digest(self.p384)]}
        self.quote("bad-quote-not-pinned", ak, self.rsa, None, ["ek.unknown"], policy=other)
        self.quote("bad-quote-not-pinned-cert", ak, self.rsa, self.vendor.issue(self.public()), ["ek.unknown"], policy=other)
        self.quote("bad-quote-no-ek", ak, None, None, ["ek.unknown"], policy=other)
        stranger = Vendor().issue(self.public())
        self.quote("bad-quote-pinned-other-vendor", ak, self.rsa, stranger, ["ek.cert_chain"], policy=pins)
        self.quote("bad-quote-other-key", ak, self.p256, self.vendor.issue(self.public()), ["ek.mismatch"])
        for case, fields in {
            "name-alg": {"name_alg": 0x000C},
            "cipher": {"symmetric": AES256},
            "mode": {"symmetric": struct.pack(">HHH", 6, 128, 0x42)},
            "no-cipher": {"symmetric": struct.pack(">H", tpm.NULL)},
            "not-restricted": {"attributes": EK_ATTRIBUTES & ~0x10000},
            "not-fixed": {"attributes": EK_ATTRIBUTES & ~0x2},
            "signs": {"attributes": EK_ATTRIBUTES | 0x40000},
        }.items():
            key = dataclasses.replace(self.rsa, **fields)
            self.quote(f"bad-quote-template-{case}", ak, key, self.vendor.issue(self.public()), ["ek.mismatch"])

    def quote(self, case, ak, ek, cert, failed=(), **how):
        """The quote's key is a child of the endorsement key, when there is one."""
        parent = {"parent": ek.qualified(tpm.ENDORSEMENT)} if ek else {}
        quote = tpm.Quote(**parent)
        msg = quote.bytes(ak)
        files = {"quote.msg": msg, "quote.sig": ak.sign(msg), "ak.pub": ak.area(), "pcrs.txt": tpm.pcr_lines(quote.values())}
        args = ["tpm", "--quote", "quote.msg", "--signature", "quote.sig", "--ak", "ak.pub", "--pcrs", "pcrs.txt"]
        args += ["--nonce", tpm.NONCE.hex()]
        if ek:
            files["ek.pub"] = ek.area()
            args += ["--ek", "ek.pub"]
        if cert is not None:
            files["ek.crt"] = cert if isinstance(cert, bytes) else der(cert)
            args += ["--ek-cert", "ek.crt"]
        args += self.common({**how, "roots": self.vendor.roots()}, files, "tpm2")
        self.case(case, args, files, "reject" if failed else "accept", failed, **self.said(how))

    def all(self):
        for make in (self.wrappers, self.keys, self.profile, self.chains, self.revocation, self.quotes):
            make()


def der_crl(crl):
    return crl.public_bytes(serialization.Encoding.DER)


def all_cases(folder):
    EkVectors(folder).all()
