# SPDX-License-Identifier: Apache-2.0
"""A throw-away Intel: the CAs, PCK certificates, TCB signing, CRLs, signed collateral and TDX quotes, right or wrong in any field.

    intel = IntelWorld()                                  root, PCK CAs and TCB signing, good for today
    intel.write_roots(folder)                             for `--roots`: folder/intel/root.pem
    machine = intel.machine()                             a platform: its PCK certificate, SVNs, QE and attestation key
    raw = machine.quote(report_data=bytes(64)).bytes()    version 4; version=5 is TDX 1.5 (body type 3)
    files = intel.collateral(machine)                     {file name: bytes}, what `--collateral DIR` wants
    intel.write_collateral(folder, machine)               the same on disk

Two worlds of the same `seed` have the same keys, so that a stand-in process and a test can share one; the seed guards nothing.

Written from Intel's TDX DCAP quoting library API (quote v4, v5), the PCK certificate and CRL profile, the PCS API v4 and RFC 5280, and sharing nothing
with the C code, so that the two can disagree.  Event logs are in harness/ccel.py, Azure's form in harness/azure_td.py.
"""
import dataclasses
import datetime
import hashlib
import json
import os
import struct

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from . import der
from .snp import DAY, YEAR, Certificate, key_id, pem, sealed, spki

N_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
VENDOR = bytes.fromhex("939a7233f79c4ca9940a0db3957f0607")
SGX_ARC = "1.2.840.113741.1.13.1"
ENUMERATED = 0x0A
CN = {
    "root": "Intel SGX Root CA",
    "platform": "Intel SGX PCK Platform CA",
    "processor": "Intel SGX PCK Processor CA",
    "signing": "Intel SGX TCB Signing",
    "pck": "Intel SGX PCK Certificate",
}
# What a real TD Quoting Enclave's report and identity have in common.
QE_MRSIGNER = bytes.fromhex("dc9e2a7c6f948f17474e34a7fc43ed030f7c1563f1babddf6340c82e0e54a8c5")
QE_ATTRIBUTES = b"\x11" + bytes(15)
STATUSES = ("UpToDate", "SWHardeningNeeded", "ConfigurationNeeded", "ConfigurationAndSWHardeningNeeded", "OutOfDate")
STATUSES += ("OutOfDateConfigurationNeeded", "Revoked")


# ---- keys and signatures


@dataclasses.dataclass(frozen=True)
class Ecdsa:
    """ecdsa-with-SHA256, or another hash to be wrong."""

    hash: object = hashes.SHA256
    oid: str = "1.2.840.10045.4.3.2"

    def der(self):
        return der.sequence(der.oid(self.oid))

    def sign(self, private, data):
        return private.sign(data, ec.ECDSA(self.hash()))


SHA256 = Ecdsa()
SHA384 = Ecdsa(hashes.SHA384, "1.2.840.10045.4.3.3")


def raw_sign(private, data):
    """r || s, 32 bytes each, big-endian: as quotes and collateral have it."""
    r, s = utils.decode_dss_signature(private.sign(data, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def point(private):
    n = private.public_key().public_numbers()
    return n.x.to_bytes(32, "big") + n.y.to_bytes(32, "big")


def intel_name(common):
    parts = [("2.5.4.3", common), ("2.5.4.10", "Intel Corporation"), ("2.5.4.7", "Santa Clara"), ("2.5.4.8", "CA"), ("2.5.4.6", "US")]
    return der.name(*((kind, der.PRINTABLE, text) for kind, text in parts))


def text_time(when):
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


# ---- the TD report and the QE's


@dataclasses.dataclass
class Td:
    """The body of a quote."""

    tee_tcb_svn: bytes = bytes([6, 1, 3]) + bytes(13)
    mrseam: bytes = b"\x5e" * 48
    mrsignerseam: bytes = bytes(48)
    seamattributes: bytes = bytes(8)
    td_attributes: int = 1 << 28
    xfam: int = 0x600E7
    mrtd: bytes = bytes(range(48))
    mrconfigid: bytes = bytes(48)
    mrowner: bytes = bytes(48)
    mrownerconfig: bytes = bytes(48)
    rtmr0: bytes = b"\xa0" * 48
    rtmr1: bytes = b"\xa1" * 48
    rtmr2: bytes = b"\xa2" * 48
    rtmr3: bytes = bytes(48)
    report_data: bytes = bytes(64)
    tee_tcb_svn2: bytes = None  # None: the same as at launch
    mrservicetd: bytes = bytes(48)

    def raw(self, kind):
        """kind 2: TDX 1.0, 584 bytes; 3: TDX 1.5, 648 bytes."""
        out = self.tee_tcb_svn + self.mrseam + self.mrsignerseam + self.seamattributes
        out += struct.pack("<QQ", self.td_attributes, self.xfam)
        out += self.mrtd + self.mrconfigid + self.mrowner + self.mrownerconfig
        out += self.rtmr0 + self.rtmr1 + self.rtmr2 + self.rtmr3 + self.report_data
        if kind == 3:
            out += (self.tee_tcb_svn if self.tee_tcb_svn2 is None else self.tee_tcb_svn2) + self.mrservicetd
        return out


@dataclasses.dataclass
class Qe:
    """The Quoting Enclave's SGX report."""

    cpusvn: bytes = bytes([4, 4, 2, 2]) + bytes(12)
    miscselect: int = 0
    attributes: bytes = QE_ATTRIBUTES
    mrenclave: bytes = b"\xe9" * 32
    mrsigner: bytes = QE_MRSIGNER
    isvprodid: int = 2
    isvsvn: int = 4
    report_data: bytes = None  # None: what vouches for the attestation key

    def raw(self, vouched):
        out = self.cpusvn + struct.pack("<I", self.miscselect) + bytes(28) + self.attributes
        out += self.mrenclave + bytes(32) + self.mrsigner + bytes(96)
        out += struct.pack("<HH", self.isvprodid, self.isvsvn) + bytes(60)
        out += vouched if self.report_data is None else self.report_data
        assert len(out) == 384
        return out


@dataclasses.dataclass
class Quote:
    """A quote of a machine.  None stands for what is true."""

    machine: object
    td: Td
    version: int = 4
    key_type: int = 2
    tee_type: int = 0x81
    reserved: bytes = bytes(4)
    vendor: bytes = VENDOR
    user_data: bytes = bytes(20)
    body_type: int = None
    body_size: int = None
    body: bytes = None
    signer: object = None  # who signs the quote
    ak: bytes = None  # x || y
    qe: Qe = None
    qe_signer: object = None
    auth: bytes = bytes(range(32))
    chain: bytes = None  # PEM
    inner_type: int = 5
    outer_type: int = 6
    inner_more: bytes = b""  # behind the chain, within the certification data
    sizes: dict = dataclasses.field(default_factory=dict)  # "signature_data", "outer", "auth", "inner": a lie
    tail: bytes = b""  # behind the signature data, signed by nobody

    def signed_part(self):
        kind = self.body_type or (2 if self.version == 4 else 3)
        body = self.td.raw(3 if kind == 3 else 2) if self.body is None else self.body
        out = struct.pack("<HHI", self.version, self.key_type, self.tee_type) + self.reserved + self.vendor + self.user_data
        if self.version == 5:
            out += struct.pack("<HI", kind, len(body) if self.body_size is None else self.body_size)
        return out + body

    def _size(self, name, data):
        return self.sizes.get(name, len(data))

    def certification(self, ak):
        """The QE's certification data: report, signature, authentication data, chain."""
        qe = (self.qe or self.machine.qe).raw(hashlib.sha256(ak + self.auth).digest() + bytes(32))
        chain = self.machine.chain() if self.chain is None else self.chain
        out = qe + (raw_sign(self.qe_signer, qe) if self.qe_signer else self.machine.qe_signature(qe))
        out += struct.pack("<H", self._size("auth", self.auth)) + self.auth
        return out + struct.pack("<HI", self.inner_type, self._size("inner", chain)) + chain + self.inner_more

    def bytes(self):
        part = self.signed_part()
        ak = point(self.machine.ak) if self.ak is None else self.ak
        outer = self.certification(ak)
        data = raw_sign(self.signer or self.machine.ak, part) + ak
        data += struct.pack("<HI", self.outer_type, self._size("outer", outer)) + outer
        return part + struct.pack("<I", self._size("signature_data", data)) + data + self.tail


# ---- machines


TD_FIELDS = {f.name for f in dataclasses.fields(Td)}


@dataclasses.dataclass
class Machine:
    """A platform: what its PCK certificate says, its keys and its QE."""

    world: object
    ca: str  # "platform" or "processor"
    fmspc: bytes
    pceid: bytes
    components: tuple
    pcesvn: int
    ppid: bytes
    serial: int
    pck: object  # private key of the PCK certificate
    ak: object
    der: bytes = b""  # the PCK certificate
    qe: Qe = dataclasses.field(default_factory=Qe)
    signatures: dict = dataclasses.field(default_factory=dict, init=False, repr=False, compare=False)

    def qe_signature(self, report):
        """Made once: a machine has the same certification data for as long as it is up."""
        if report not in self.signatures:
            self.signatures[report] = raw_sign(self.pck, report)
        return self.signatures[report]

    def chain(self, *instead):
        """PEM of leaf, CA and root as a quote has it, or of other certificates; it ends with NUL."""
        return b"".join(pem(c) for c in instead or (self.der, self.world.certificate[self.ca], self.world.certificate["root"])) + b"\0"

    def quote(self, **fields):
        """An honest Quote; fields of Td or of Quote bend it."""
        td = Td(**{name: fields.pop(name) for name in TD_FIELDS & set(fields)})
        return Quote(self, td, **fields)


def sgx_extension(machine, drop=(), twice=(), more=(), values=None, trim=0):
    """The SGX extension.  drop, twice: items ("ppid", "tcb", "pceid", "fmspc", "type", "instance", "configuration", "tcb.1" .. "tcb.18"); values:
    {item: DER}; more: DER items at the end; trim: bytes cut off the whole."""
    values = values or {}

    def listed(items, prefix, oid):
        out = []
        for number, (name, value) in enumerate(items.items(), 1):
            one = der.sequence(der.oid(f"{oid}.{number}"), values.get(prefix + name, value))
            out += [] if prefix + name in drop else [one, one] if prefix + name in twice else [one]
        return out

    svns = {str(i + 1): der.integer(svn) for i, svn in enumerate(machine.components)}
    svns |= {"17": der.integer(machine.pcesvn), "18": der.octets(bytes(machine.components))}
    items = {
        "ppid": der.octets(machine.ppid),
        "tcb": der.sequence(*listed(svns, "tcb.", f"{SGX_ARC}.2")),
        "pceid": der.octets(machine.pceid),
        "fmspc": der.octets(machine.fmspc),
        "type": der.integer(1 if machine.ca == "platform" else 0, ENUMERATED),
    }
    if machine.ca == "platform":
        flags = (der.sequence(der.oid(f"{SGX_ARC}.7.{i}"), der.boolean(i > 1)) for i in (1, 2, 3))
        items |= {"instance": der.octets(hashlib.sha256(machine.ppid).digest()[:16]), "configuration": der.sequence(*flags)}
    whole = der.sequence(*listed(items, "", SGX_ARC), *more)
    return der.extension(SGX_ARC, whole[: len(whole) - trim])


# ---- collateral

SGX_NAMES = {0: ("BIOS", "Early Microcode Update"), 1: ("OS/VMM", "SGX Late Microcode Update"), 2: ("OS/VMM", "TXT SINIT")}
SGX_NAMES |= {3: ("BIOS", ""), 4: ("BIOS", ""), 5: ("BIOS", ""), 7: ("OS/VMM", "SEAMLDR ACM")}
TDX_NAMES = {0: ("OS/VMM", "TDX Module"), 1: ("OS/VMM", "TDX Module"), 2: ("OS/VMM", "TDX Late Microcode Update")}
NEW, OLD = "2024-03-13T00:00:00Z", "2023-08-09T00:00:00Z"


def components(svns, names):
    out = []
    for i, svn in enumerate(svns):
        category, kind = names.get(i, ("", ""))
        out.append({"svn": svn, **({"category": category} if category else {}), **({"type": kind} if kind else {})})
    return out


def status(text, date, advisories=()):
    return {"tcbDate": date, "tcbStatus": text, **({"advisoryIDs": list(advisories)} if advisories else {})}


def level(sgx, pcesvn, tdx, text="UpToDate", date=NEW, advisories=()):
    """One of tcbLevels."""
    tcb = {"sgxtcbcomponents": components(sgx, SGX_NAMES), "pcesvn": pcesvn, "tdxtcbcomponents": components(tdx, TDX_NAMES)}
    return {"tcb": tcb, **status(text, date, advisories)}


def svn_level(isvsvn, text="UpToDate", date=NEW, advisories=()):
    """One level of a module or of the QE."""
    return {"tcb": {"isvsvn": isvsvn}, **status(text, date, advisories)}


def module(number, *levels, **instead):
    """An element of tdxModuleIdentities."""
    facts = {"id": f"TDX_{number:02X}", "mrsigner": "00" * 48, "attributes": "00" * 8, "attributesMask": "FF" * 8}
    return {**facts, "tcbLevels": list(levels), **instead}


def compact(value):
    return json.dumps(value, separators=(",", ":")).encode()


def envelope(name, text, signature):
    """What the service replies: the signed object and its signature."""
    return b'{"' + name.encode() + b'":' + text + b',"signature":"' + signature.hex().encode() + b'"}'


TDX_SVNS = (6, 0, 3) + (0,) * 13
LOWER = (0,) * 16


# ---- the world


class IntelWorld:
    """`at`: a datetime in UTC at which all is valid; None: now."""

    def __init__(self, at=None, seed=None):
        self.at = at or datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None, microsecond=0)
        self.seed = os.urandom(16).hex() if seed is None else seed
        self.certificate = {kind: self.ca(kind) for kind in ("root", "platform", "processor", "signing")}

    def number(self, name, bits=256):
        return int.from_bytes(hashlib.sha256(f"{self.seed}/{name}".encode()).digest(), "big") >> (256 - bits)

    def private(self, name):
        """The throw-away key of this name: "root", "platform", "processor", "signing", or any other."""
        return ec.derive_private_key(self.number(name) % (N_P256 - 1) + 1, ec.SECP256R1())

    def serial(self, name):
        return self.number(f"serial {name}", 159)

    # ---- certificates

    def ca(self, kind, **bend):
        """The certificate (DER) of "root", "platform", "processor" or "signing"; any field of Certificate can be another."""
        years = {"root": (8, 23), "platform": (8, 7), "processor": (8, 7), "signing": (1, 6)}[kind]
        issuer = "root"
        given = {
            "issuer": intel_name(CN[issuer]),
            "subject": intel_name(CN[kind]),
            "spki": spki(self.private(kind).public_key()),
            "signer": self.private(issuer),
            "since": self.at - years[0] * YEAR,
            "until": self.at + years[1] * YEAR,
            "serial": self.serial(kind),
            "scheme": SHA256,
            "extensions": self.extensions(kind, self.private(kind).public_key(), issuer),
        }
        return Certificate(**{**given, **bend}).der()

    def extensions(self, kind, public, issuer, more=(), **bend):
        """As Intel has them: key identifiers, CRL distribution point, key usage, basic constraints.  bend: usage (DER), constraints (DER)."""
        place = "https://certificates.example/IntelSGXRootCA.der" if issuer == "root" else f"https://pcs.example/pckcrl?ca={issuer}"
        point = der.sequence(der.sequence(der.explicit(0, der.explicit(0, der.tlv(0x86, place.encode())))))
        is_ca = kind in ("root", "platform", "processor")
        usage = bend.get("usage", der.bits(b"\x06", 1) if is_ca else der.bits(b"\xc0", 6))
        path = {"root": der.integer(1), "platform": der.integer(0), "processor": der.integer(0)}.get(kind, b"")
        constraints = bend.get("constraints", der.sequence(der.boolean(True) if is_ca else b"", path))
        return [
            der.extension("2.5.29.35", der.sequence(der.tlv(0x80, key_id(self.private(issuer).public_key())))),
            der.extension("2.5.29.31", point),
            der.extension("2.5.29.14", der.octets(key_id(public))),
            der.extension("2.5.29.15", usage, critical=True),
            der.extension("2.5.29.19", constraints, critical=True),
            *more,
        ]

    def machine(self, name="machine", ca="platform", fmspc="b0c06f000000", extension=None, **bend):
        """bend: fields of Machine (components, pcesvn, pceid, ppid, serial, pck, ak, qe), fields of Certificate, or extension={...} of
        sgx_extension().  Machines of different names have different keys."""
        facts = {"components": (4, 4, 2, 2, 4, 1, 0, 5) + (0,) * 8, "pcesvn": 11, "pceid": bytes(2)}
        facts |= {"ppid": hashlib.sha256(f"{self.seed}/{name}".encode()).digest()[:16], "serial": self.serial(name)}
        facts |= {"pck": self.private(f"pck {name}"), "ak": self.private(f"ak {name}"), "qe": Qe()}
        facts |= {field: bend.pop(field) for field in tuple(facts) if field in bend}
        made = Machine(self, ca, bytes.fromhex(fmspc) if isinstance(fmspc, str) else fmspc, **facts)
        made.der = self.pck(made, extension, **bend)
        return made

    def pck(self, machine, extension=None, **bend):
        """The PCK certificate (DER) of a machine.  extension: what sgx_extension() takes, or DER Extensions in a list."""
        public = machine.pck.public_key()
        more = extension if isinstance(extension, list) else [sgx_extension(machine, **(extension or {}))]
        given = {
            "issuer": intel_name(CN[machine.ca]),
            "subject": intel_name(CN["pck"]),
            "spki": spki(public),
            "signer": self.private(machine.ca),
            "since": self.at - 300 * DAY,
            "until": self.at + 7 * YEAR - 300 * DAY,
            "serial": machine.serial,
            "scheme": SHA256,
            "extensions": self.extensions("pck", public, machine.ca, more, **{n: bend.pop(n) for n in ("usage", "constraints") if n in bend}),
        }
        return Certificate(**{**given, **bend}).der()

    def crl(self, kind="root", revoked=(), **bend):
        """A CRL (DER) of "root", "platform" or "processor".  revoked: serials.  bend: since, until (None: no nextUpdate), signer, issuer (DER), scheme,
        more (DER Extensions)."""
        since, until = bend.get("since", self.at - 10 * DAY), bend.get("until", self.at + (300 if kind == "root" else 20) * DAY)
        signer, scheme = bend.get("signer") or self.private(kind), bend.get("scheme", SHA256)
        reason = der.sequence(der.extension("2.5.29.21", der.integer(1, ENUMERATED)))
        rows = [der.sequence(der.integer(serial), der.time(since), reason) for serial in revoked]
        authority = der.sequence(der.tlv(0x80, key_id(self.private(kind).public_key())))
        extensions = [der.extension("2.5.29.20", der.integer(1)), der.extension("2.5.29.35", authority), *bend.get("more", ())]
        tbs = der.sequence(
            der.integer(1),
            scheme.der(),
            bend.get("issuer") or intel_name(CN[kind]),
            der.time(since),
            der.time(until) if until else b"",
            der.sequence(*rows) if rows else b"",
            der.explicit(0, der.sequence(*extensions)),
        )
        return sealed(tbs, scheme, signer)

    # ---- collateral

    def window(self):
        return {"issueDate": text_time(self.at - 10 * DAY), "nextUpdate": text_time(self.at + 20 * DAY)}

    def tcb_info(self, machine, **instead):
        """tcbInfo as a dict, by which this machine is UpToDate; instead: members, None leaves one out."""
        low = tuple(max(0, svn - 1) for svn in machine.components)
        made = {
            "id": "TDX",
            "version": 3,
            **self.window(),
            "fmspc": machine.fmspc.hex().upper(),
            "pceId": machine.pceid.hex().upper(),
            "tcbType": 0,
            "tcbEvaluationDataNumber": 17,
            "tdxModule": {"mrsigner": "00" * 48, "attributes": "00" * 8, "attributesMask": "FF" * 8},
            "tdxModuleIdentities": [
                module(1, svn_level(6), svn_level(4, "OutOfDate", OLD, ["INTEL-SA-01036"]), svn_level(2, "OutOfDate", OLD)),
                module(3, svn_level(3)),
            ],
            "tcbLevels": [
                level(machine.components, machine.pcesvn, TDX_SVNS),
                level(low, machine.pcesvn, TDX_SVNS, "OutOfDate", OLD, ["INTEL-SA-00960", "INTEL-SA-00982"]),
            ],
        }
        return {name: value for name, value in {**made, **instead}.items() if value is not None}

    def qe_identity(self, **instead):
        """enclaveIdentity as a dict, by which the QE is UpToDate."""
        made = {
            "id": "TD_QE",
            "version": 2,
            **self.window(),
            "tcbEvaluationDataNumber": 17,
            "miscselect": "00000000",
            "miscselectMask": "FFFFFFFF",
            "attributes": QE_ATTRIBUTES.hex().upper(),
            "attributesMask": "FBFFFFFFFFFFFFFF0000000000000000",
            "mrsigner": QE_MRSIGNER.hex().upper(),
            "isvprodid": 2,
            "tcbLevels": [svn_level(4), svn_level(2, "OutOfDate", OLD, ["INTEL-SA-00477"])],
        }
        return {name: value for name, value in {**made, **instead}.items() if value is not None}

    def signed(self, name, value, signer=None):
        """A reply of the service.  name: "tcbInfo" or "enclaveIdentity"; value: a dict, or the exact bytes."""
        text = value if isinstance(value, bytes) else compact(value)
        return envelope(name, text, raw_sign(signer or self.private("signing"), text))

    def signing_chain(self, signing=None):
        return pem(signing or self.certificate["signing"]) + pem(self.certificate["root"])

    def collateral(self, machine, tcb=None, qe=None, **instead):
        """{file name: bytes}.  tcb, qe: members in the place of the honest ones; instead: a file's contents by its name without ending, None leaves
        it out: tcb_info, tcb_info_issuer_chain, qe_identity, qe_identity_issuer_chain, pck_crl, pck_crl_issuer_chain, root_ca_crl."""
        made = {
            "tcb_info.json": self.signed("tcbInfo", self.tcb_info(machine, **(tcb or {}))),
            "tcb_info_issuer_chain.pem": self.signing_chain(),
            "qe_identity.json": self.signed("enclaveIdentity", self.qe_identity(**(qe or {}))),
            "qe_identity_issuer_chain.pem": self.signing_chain(),
            "pck_crl.der": self.crl(machine.ca),
            "pck_crl_issuer_chain.pem": pem(self.certificate[machine.ca]) + pem(self.certificate["root"]),
            "root_ca_crl.der": self.crl("root"),
        }
        made = {name: instead.pop(name.partition(".")[0], data) for name, data in made.items()}
        assert not instead, instead
        return {name: data for name, data in made.items() if data is not None}

    # ---- files

    def roots(self, root=None):
        """{path below DIR: PEM}, as `--roots DIR` and the broker read them."""
        return {"intel/root.pem": pem(root or self.certificate["root"])}

    def write_roots(self, folder):
        write_files(folder, self.roots())

    def write_collateral(self, folder, machine, **how):
        write_files(folder, self.collateral(machine, **how))


def write_files(folder, files):
    for name, data in files.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
