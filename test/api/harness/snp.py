# SPDX-License-Identifier: Apache-2.0
"""A throw-away AMD: the CAs of a product line, VCEKs and VLEKs, CRLs, attestation reports and certificate tables, right or wrong in any field.

    amd = AmdWorld("Genoa")                              ARK, ASK, ASVK, good for today
    amd.write_roots(folder)                              for `--roots`: folder/amd/{ark,ask,asvk}-genoa.pem
    vek = amd.vcek()                                     a machine: its chip, TCB, key and certificate (vek.der)
    report = vek.report(report_data=bytes(64))           a Report; change any field of it
    raw = report.signed(vek)                             1184 bytes
    table = cert_table([(GUID_VCEK, vek.der)])           what the extended request returns beside it

Written from AMD's SEV-SNP ABI (56860), the VCEK specification (57230) and RFC 5280, and sharing nothing with the C code, so that the two can disagree.
An RSA-4096 key takes seconds to make: those of the CAs are kept in build/snp-keys, whatever is built where, and guard nothing.
"""
import base64
import contextlib
import dataclasses
import datetime
import functools
import hashlib
import os
import struct
import tempfile
import uuid

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from . import der

HERE = os.path.dirname(os.path.abspath(__file__))
KEYS = os.path.abspath(os.path.join(HERE, "..", "..", "..", "build", "snp-keys"))
DAY = datetime.timedelta(days=1)
YEAR = 365 * DAY
HASHES = {"sha256": hashes.SHA256, "sha384": hashes.SHA384, "sha512": hashes.SHA512}
HASH_OID = {"sha256": "2.16.840.1.101.3.4.2.1", "sha384": "2.16.840.1.101.3.4.2.2", "sha512": "2.16.840.1.101.3.4.2.3"}
PKCS1_OID = {"sha256": "1.2.840.113549.1.1.11", "sha384": "1.2.840.113549.1.1.12", "sha512": "1.2.840.113549.1.1.13"}
N_P384 = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973


# ---- keys


@functools.cache
def rsa_key(name, bits=4096):
    """The throw-away key of this name, made at first use."""
    path = f"{KEYS}/{name}-{bits}.pem"
    if os.path.exists(path):
        return load_key(path)
    private = rsa.generate_private_key(65537, bits)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=os.path.dirname(path)) as file:
        file.write(private.private_bytes(*form))
        file.flush()
        with contextlib.suppress(FileExistsError):  # someone else's came first: that one counts
            os.link(file.name, path)
    return load_key(path)


def load_key(path):
    with open(path, "rb") as file:
        return serialization.load_pem_private_key(file.read(), None)


def spki(public):
    return public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def key_id(public):
    form = serialization.PublicFormat.PKCS1 if isinstance(public, rsa.RSAPublicKey) else serialization.PublicFormat.UncompressedPoint
    encoding = serialization.Encoding.DER if isinstance(public, rsa.RSAPublicKey) else serialization.Encoding.X962
    return hashlib.sha1(public.public_bytes(encoding, form)).digest()


# ---- certificates


@dataclasses.dataclass(frozen=True)
class Pss:
    """RSASSA-PSS as AMD uses it; with trailer as until 2024, without as since."""

    hash: str = "sha384"
    mgf: str = "sha384"
    salt: int = 48
    trailer: bool = True

    def der(self):
        digest, mgf = (der.sequence(der.oid(HASH_OID[h]), der.tlv(der.NULL)) for h in (self.hash, self.mgf))
        parameters = [der.explicit(0, digest), der.explicit(1, der.sequence(der.oid("1.2.840.113549.1.1.8"), mgf))]
        parameters += [der.explicit(2, der.integer(self.salt))]
        parameters += [der.explicit(3, der.integer(1))] if self.trailer else []
        return der.sequence(der.oid("1.2.840.113549.1.1.10"), der.sequence(*parameters))

    def sign(self, private, data):
        return private.sign(data, padding.PSS(padding.MGF1(HASHES[self.mgf]()), self.salt), HASHES[self.hash]())


@dataclasses.dataclass(frozen=True)
class Pkcs1:
    hash: str = "sha384"

    def der(self):
        return der.sequence(der.oid(PKCS1_OID[self.hash]), der.tlv(der.NULL))

    def sign(self, private, data):
        return private.sign(data, padding.PKCS1v15(), HASHES[self.hash]())


@dataclasses.dataclass(frozen=True)
class Ecdsa:
    def der(self):
        return der.sequence(der.oid("1.2.840.10045.4.3.3"))

    def sign(self, private, data):
        return private.sign(data, ec.ECDSA(hashes.SHA384()))


OLD_PSS, NEW_PSS = Pss(), Pss(trailer=False)


def amd_name(common, organization="Advanced Micro Devices"):
    place = [("2.5.4.11", der.UTF8, "Engineering"), ("2.5.4.6", der.PRINTABLE, "US"), ("2.5.4.7", der.UTF8, "Santa Clara")]
    place += [("2.5.4.8", der.UTF8, "CA"), ("2.5.4.10", der.UTF8, organization)]
    return der.name(*place, ("2.5.4.3", der.UTF8, common))


@dataclasses.dataclass
class Certificate:
    """The fields of a certificate; `issuer` and `subject` are DER, `extensions` a list of DER Extensions."""

    issuer: bytes
    subject: bytes
    spki: bytes
    signer: object
    since: datetime.datetime
    until: datetime.datetime
    serial: int = 0
    extensions: list = dataclasses.field(default_factory=list)
    scheme: object = OLD_PSS
    outer: object = None  # the signatureAlgorithm outside when it is not the one inside
    version: int = 2

    def der(self):
        tbs = der.sequence(
            der.explicit(0, der.integer(self.version)) if self.version else b"",
            der.integer(self.serial),
            self.scheme.der(),
            self.issuer,
            der.sequence(der.time(self.since), der.time(self.until)),
            self.subject,
            self.spki,
            der.explicit(3, der.sequence(*self.extensions)) if self.extensions else b"",
        )
        return sealed(tbs, self.scheme, self.signer, self.outer)


def sealed(tbs, scheme, signer, outer=None):
    return der.sequence(tbs, (outer or scheme).der(), der.bits(scheme.sign(signer, tbs)))


def pem(cert):
    text = base64.encodebytes(cert).replace(b"\n", b"").decode()
    lines = "\n".join(text[i : i + 64] for i in range(0, len(text), 64))
    return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n".encode()


# ---- product lines


@dataclasses.dataclass(frozen=True)
class Product:
    """What differs between product lines."""

    serials: tuple  # ARK, ASK, ASVK
    cpuid: tuple  # family, model, stepping
    struct_version: int = 0
    vcek_name: str = ""
    chip_len: int = 64
    fmc: bool = False  # the TCB layout of family 0x1A


PRODUCTS = {
    "Milan": Product((0x10000, 0x10001, 0x10101), (0x19, 0x01, 0x01), vcek_name="Milan-B0"),
    "Genoa": Product((0x20000, 0x20002, 0x20101), (0x19, 0x11, 0x01), vcek_name="Genoa"),
    "Turin": Product((0x30000, 0x30001, 0x30101), (0x1A, 0x02, 0x01), 1, "Turin", 8, True),
}
OID_ARC = "1.3.6.1.4.1.3704.1."
LEGACY_ORDER = "structVersion productName blSPL teeSPL spl4 spl5 spl6 spl7 snpSPL ucodeSPL".split()
TURIN_ORDER = "structVersion productName fmcSPL blSPL teeSPL snpSPL spl5 spl6 spl7 ucodeSPL".split()
OIDS = {"structVersion": "1", "productName": "2", "blSPL": "3.1", "teeSPL": "3.2", "snpSPL": "3.3", "spl4": "3.4", "spl5": "3.5"}
OIDS |= {"spl6": "3.6", "spl7": "3.7", "ucodeSPL": "3.8", "fmcSPL": "3.9", "hwID": "4", "CSP_ID": "5"}
CSP = "CN=cc-us-east-2.amazonaws.com"


@dataclasses.dataclass(frozen=True)
class Tcb:
    """Security versions; fmc counts only where the product has it."""

    bootloader: int = 10
    tee: int = 1
    snp: int = 24
    microcode: int = 0xD9
    fmc: int = 1

    def raw(self, product):
        """TCB_VERSION in the product's layout."""
        if PRODUCTS[product].fmc:
            return bytes([self.fmc, self.bootloader, self.tee, self.snp, 0, 0, 0, self.microcode])
        return bytes([self.bootloader, self.tee, 0, 0, 0, 0, self.snp, self.microcode])

    def with_(self, **parts):
        return dataclasses.replace(self, **parts)


# ---- reports

SIGNED_LEN, REPORT_LEN, SIGNATURE_AT = 0x2A0, 0x4A0, 0x2A0
VCEK, VLEK, NO_KEY = 0, 1, 7
HOST_VMPL = 0xFFFFFFFF
SMT, TSME, ECC, RAPL_DIS, CIPHERTEXT_HIDING, ALIAS_CHECK, IOMMU_WRITE_SAFE, TIO = (1 << i for i in range(8))


@dataclasses.dataclass
class Report:
    """An attestation report (ABI table 23); a TCB is a Tcb or 8 bytes, a firmware version (major, minor, build)."""

    product: str = "Milan"
    version: int = 3
    guest_svn: int = 0
    policy: int = 0x30000
    family_id: bytes = bytes(16)
    image_id: bytes = bytes(16)
    vmpl: int = 0
    signature_algo: int = 1
    current_tcb: object = Tcb()
    platform_info: int = SMT | ECC | ALIAS_CHECK
    signing_key: int = VCEK
    author_key_en: bool = False
    mask_chip_key: bool = False
    flags: int = None  # instead of what the three above come to
    reserved_4c: bytes = bytes(4)
    report_data: bytes = bytes(64)
    measurement: bytes = bytes(range(48))
    host_data: bytes = bytes(32)
    id_key_digest: bytes = bytes(48)
    author_key_digest: bytes = bytes(48)
    report_id: bytes = bytes(range(100, 132))
    report_id_ma: bytes = b"\xff" * 32
    reported_tcb: object = Tcb()
    cpuid: tuple = None  # None: the product's from version 3 on
    reserved_18b: bytes = bytes(21)
    chip_id: bytes = bytes(64)
    committed_tcb: object = Tcb()
    current_version: tuple = (1, 58, 3)
    reserved_1eb: int = 0
    committed_version: tuple = (1, 58, 3)
    reserved_1ef: int = 0
    launch_tcb: object = Tcb()
    launch_mit: int = None  # None: 0x3f from version 5 on
    current_mit: int = None
    reserved_208: bytes = bytes(152)

    def _tcb(self, value):
        return value.raw(self.product) if isinstance(value, Tcb) else value

    def _flags(self):
        return self.author_key_en | self.mask_chip_key << 1 | self.signing_key << 2 if self.flags is None else self.flags

    def signed_part(self):
        """The 0x2A0 bytes that a signature covers."""
        cpuid = self.cpuid or (PRODUCTS[self.product].cpuid if self.version >= 3 else (0, 0, 0))
        mit = [m if m is not None else (0x3F if self.version >= 5 else 0) for m in (self.launch_mit, self.current_mit)]
        out = struct.pack("<IIQ", self.version, self.guest_svn, self.policy) + self.family_id + self.image_id
        out += struct.pack("<II", self.vmpl, self.signature_algo) + self._tcb(self.current_tcb)
        out += struct.pack("<QI", self.platform_info, self._flags()) + self.reserved_4c
        out += self.report_data + self.measurement + self.host_data + self.id_key_digest + self.author_key_digest
        out += self.report_id + self.report_id_ma + self._tcb(self.reported_tcb) + bytes(cpuid) + self.reserved_18b
        out += self.chip_id.ljust(64, b"\0") + self._tcb(self.committed_tcb)
        for (major, minor, build), reserved in ((self.current_version, self.reserved_1eb), (self.committed_version, self.reserved_1ef)):
            out += bytes([build, minor, major, reserved])
        out += self._tcb(self.launch_tcb) + struct.pack("<QQ", *mit) + self.reserved_208
        assert len(out) == SIGNED_LEN
        return out

    def signed(self, vek):
        """The report signed by a Vek (or a bare P-384 key)."""
        return sign_report(self.signed_part(), getattr(vek, "private", vek))


def sign_report(part, private):
    """Append ECDSA P-384 with SHA-384 to 0x2A0 bytes as the ABI writes it: R and S, 72 bytes each, little-endian."""
    r, s = utils.decode_dss_signature(private.sign(part, ec.ECDSA(hashes.SHA384())))
    return (part + r.to_bytes(72, "little") + s.to_bytes(72, "little")).ljust(REPORT_LEN, b"\0")


def resign(raw, vek, **patch):
    """Bytes put into a report by offset ("at_0x188"=...) and signed anew."""
    part = bytearray(raw[:SIGNED_LEN])
    for at, data in patch.items():
        offset = int(at.removeprefix("at_"), 16)
        part[offset : offset + len(data)] = data
    return sign_report(bytes(part), vek.private)


def other_s(raw):
    """The same signature with n - S: it verifies too."""
    s = int.from_bytes(raw[0x2E8:0x330], "little")
    return raw[:0x2E8] + (N_P384 - s).to_bytes(72, "little") + raw[0x330:]


def key_structure(private):
    """The 0x404 bytes of an ID key or author key, whose SHA-384 is in the report."""
    point = private.public_key().public_numbers()
    return (struct.pack("<I", 2) + point.x.to_bytes(72, "little") + point.y.to_bytes(72, "little")).ljust(0x404, b"\0")


# ---- the world


@dataclasses.dataclass
class Vek:
    """A machine's key, its certificate and what that was issued for."""

    product: str
    kind: int  # VCEK or VLEK
    tcb: Tcb
    chip: bytes  # bytes(64) when masked
    private: object
    der: bytes

    @property
    def pem(self):
        return pem(self.der)

    def report(self, **fields):
        """An honest report of this machine; name fields to bend it."""
        tcbs = {name: self.tcb for name in ("reported_tcb", "current_tcb", "committed_tcb", "launch_tcb")}
        return Report(**{"product": self.product, "signing_key": self.kind, "chip_id": self.chip, **tcbs, **fields})


class AmdWorld:
    """ARK, ASK and ASVK of one product line.  `at`: a datetime in UTC at which all is valid; None: now."""

    def __init__(self, product="Milan", at=None, keys="", scheme=OLD_PSS):
        self.product, self.facts, self.scheme = product, PRODUCTS[product], scheme
        self.at = at or datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None, microsecond=0)
        self.keys = {kind: f"{kind}-{product.lower()}{keys}" for kind in ("ark", "ask", "asvk")}
        self.names = {"ark": f"ARK-{product}", "ask": f"SEV-{product}", "asvk": f"SEV-VLEK-{product}"}
        self.ark = self.ca("ark")
        self.ask = self.ca("ask")
        self.asvk = self.ca("asvk")

    def private(self, kind):
        """The key of "ark", "ask" or "asvk"."""
        return rsa_key(self.keys[kind])

    def ca(self, kind, signer=None, extensions=None, **fields):
        """The certificate (DER) of a CA; any field of Certificate, `signer` or the list of extensions can be another."""
        private, root = self.private(kind), kind == "ark"
        if extensions is None:
            extensions = self.ca_extensions(kind, private.public_key())
        serial = self.facts.serials[("ark", "ask", "asvk").index(kind)]
        given = {
            "issuer": amd_name(self.names["ark"]),
            "subject": amd_name(self.names[kind]),
            "spki": spki(private.public_key()),
            "signer": signer or self.private("ark"),
            "since": self.at - 4 * YEAR if root else self.at - 3 * YEAR,
            "until": self.at + 21 * YEAR if root else self.at + 20 * YEAR,
            "serial": serial,
            "scheme": self.scheme,
            "extensions": extensions,
        }
        return Certificate(**{**given, **fields}).der()

    def ca_extensions(self, kind, public, pathlen=0, usage=None, ca=True):
        """As AMD has them: key usage as one octet, CRL distribution point, key identifiers."""
        root = kind == "ark"
        family = "vlek" if kind == "asvk" else "vcek"
        url = f"https://kdsintf.amd.com/{family}/v1/{self.product}/crl".encode()
        constraints = der.sequence(der.boolean(True) if ca else b"", b"" if root or pathlen is None else der.integer(pathlen))
        usage = usage or (der.bits(b"\x06", 1) if root else der.bits(b"\x04", 2))
        authority = der.sequence(der.tlv(0x80, key_id(self.private("ark").public_key())))
        point = der.sequence(der.sequence(der.explicit(0, der.explicit(0, der.tlv(0x86, url)))))
        return [
            der.extension("2.5.29.14", der.octets(key_id(public))),
            *([] if root else [der.extension("2.5.29.35", authority)]),
            der.extension("2.5.29.19", constraints, critical=True),
            der.extension("2.5.29.15", usage, critical=True),
            der.extension("2.5.29.31", point),
        ]

    # ---- leaves

    def vcek(self, tcb=Tcb(), chip=None, **bend):
        chip = os.urandom(self.facts.chip_len) if chip is None else chip
        return self._leaf(VCEK, tcb, chip, bend)

    def vlek(self, tcb=Tcb(), chip=bytes(64), csp=CSP, **bend):
        """As at AWS: the report's CHIP_ID is masked unless a chip is given."""
        return self._leaf(VLEK, tcb, chip, {"csp": csp, **bend})

    def leaf_values(self, kind, tcb, chip, csp=CSP):
        """The contents of AMD's extensions, in AMD's order."""
        spl = {"blSPL": tcb.bootloader, "teeSPL": tcb.tee, "snpSPL": tcb.snp, "ucodeSPL": tcb.microcode, "fmcSPL": tcb.fmc}
        text = self.facts.vcek_name if kind == VCEK else self.product
        values = {"structVersion": der.integer(self.facts.struct_version), "productName": der.tlv(der.IA5, text.encode())}
        order = TURIN_ORDER if self.facts.fmc else LEGACY_ORDER
        values = {name: values.get(name) or der.integer(spl.get(name, 0)) for name in order}
        values |= {"hwID": chip} if kind == VCEK else {"CSP_ID": der.tlv(der.IA5, csp.encode())}
        return values

    def _leaf(self, kind, tcb, chip, bend):
        """bend: any field of Certificate, `private`, and for the extensions drop=(name, ...), twice=(name, ...), critical=(name, ...),
        values={name: content}, more=[Extension, ...] or extensions=[...]."""
        private = bend.pop("private", None) or ec.generate_private_key(ec.SECP384R1())
        extensions = self._leaf_extensions(kind, tcb, chip, bend)
        issuer = "ask" if kind == VCEK else "asvk"
        given = {
            "issuer": amd_name(self.names[issuer]),
            "subject": amd_name("SEV-VCEK" if kind == VCEK else "SEV-VLEK"),
            "spki": spki(private.public_key()),
            "since": self.at - 30 * DAY,
            "until": self.at + (7 * YEAR if kind == VCEK else YEAR) - 30 * DAY,
            "scheme": self.scheme,
            "extensions": extensions,
        }
        given = {**given, **bend}
        given.setdefault("signer", None)
        given["signer"] = given["signer"] or self.private(issuer)
        return Vek(self.product, kind, tcb, chip, private, Certificate(**given).der())

    def _leaf_extensions(self, kind, tcb, chip, bend):
        drop, twice, critical = (bend.pop(word, ()) for word in ("drop", "twice", "critical"))
        values = self.leaf_values(kind, tcb, chip, bend.pop("csp", CSP)) | bend.pop("values", {})
        out = []
        for name, value in values.items():
            one = der.extension(OID_ARC + OIDS[name], value, name in critical)
            out += [] if name in drop else [one, one] if name in twice else [one]
        return out + list(bend.pop("more", ()))

    # ---- revocation

    def crl(self, revoked=(), **bend):
        """A CRL (DER) by the ARK.  revoked: serials.  bend: since, until (None: no nextUpdate), signer, issuer (DER), version, scheme, outer,
        number, entry (DER put into each revoked entry), extensions (list of DER Extensions)."""
        signer = bend.get("signer") or self.private("ark")
        since, until = bend.get("since", self.at - 10 * DAY), bend.get("until", self.at + 355 * DAY)
        version, scheme = bend.get("version", 1), bend.get("scheme", self.scheme)
        authority = der.sequence(der.tlv(0x80, key_id(self.private("ark").public_key())))
        extensions = [der.extension("2.5.29.35", authority), der.extension("2.5.29.20", der.integer(bend.get("number", 2)))]
        extensions = bend.get("extensions", extensions if version else [])
        rows = [der.sequence(der.integer(serial), der.time(since), bend.get("entry", b"")) for serial in revoked]
        tbs = der.sequence(
            der.integer(version) if version else b"",
            scheme.der(),
            bend.get("issuer") or amd_name(self.names["ark"]),
            der.time(since),
            der.time(until) if until else b"",
            der.sequence(*rows) if rows else b"",
            der.explicit(0, der.sequence(*extensions)) if extensions else b"",
        )
        return sealed(tbs, scheme, signer, bend.get("outer"))

    # ---- files

    def write_roots(self, folder):
        """DIR/amd/{ark,ask,asvk}-PRODUCT.pem, as `--roots DIR` and the broker read them."""
        for name, data in self.roots().items():
            path = os.path.join(folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(data)

    def roots(self, **instead):
        """{path below DIR: PEM}; instead: ask=DER, asvk=None (left out)."""
        made = {"ark": self.ark, "ask": self.ask, "asvk": self.asvk, **instead}
        return {f"amd/{kind}-{self.product.lower()}.pem": pem(cert) for kind, cert in made.items() if cert}


# ---- the certificate table of the extended request (GHCB, section 4.1.8.1)


def guid(text):
    """In the order of the text, as the table has it."""
    return uuid.UUID(text).bytes


GUID_VCEK = guid("63da758d-e664-4564-adc5-f4b93be8accd")
GUID_VLEK = guid("a8074bc2-a25a-483e-aae6-39c045a0b8a1")
GUID_ASK = guid("4ab7b379-bbac-4fe4-a02f-05aef327c782")
GUID_ARK = guid("c0b406a4-a803-4952-9743-3fb6014cd0ae")
GUID_CRL = guid("92f81bc3-5811-4d3d-97ff-d19f88dc67ea")
GUID_GOOGLE = guid("ecae0c0f-9502-43b1-afa2-0ae2e0d565b6")
ENTRY_LEN = 24


def cert_table(entries, pad=0, places=None, ended=True):
    """entries: [(GUID, bytes)].  pad: zeros behind.  places: {index: (offset, length)} written instead of the true ones.  ended: with the
    entry of zeros that ends it."""
    at = ENTRY_LEN * (len(entries) + bool(ended))
    head = body = b""
    for i, (kind, data) in enumerate(entries):
        offset, length = (places or {}).get(i, (at + len(body), len(data)))
        head += kind + struct.pack("<II", offset, length)
        body += data
    return head + bytes(ENTRY_LEN if ended else 0) + body + bytes(pad)
