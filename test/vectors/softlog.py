# SPDX-License-Identifier: Apache-2.0
"""An event log in software: the boot of a machine that never was, right or wrong in any event.

Written from the TCG PC Client Platform Firmware Profile (TCG_PCR_EVENT, TCG_EfiSpecIdEvent, TCG_PCR_EVENT2, UEFI_VARIABLE_DATA) and UEFI
(EFI_SIGNATURE_LIST), sharing nothing with the C code.
"""
import copy
import hashlib
import struct
import uuid

ALGS = {"sha1": 0x0004, "sha256": 0x000B, "sha384": 0x000C, "sha512": 0x000D, "sm3": 0x0012}
SIZES = {"sha1": 20, "sha256": 32, "sha384": 48, "sha512": 64, "sm3": 32}
NO_ACTION, SEPARATOR, ACTION, TAG, CRTM_CONTENTS, CRTM_VERSION, IPL = 3, 4, 5, 6, 7, 8, 0xD
DRIVER_CONFIG, VARIABLE_BOOT, APPLICATION, DRIVER = 0x80000001, 0x80000002, 0x80000003, 0x80000004
EFI_ACTION, BLOB, HCRTM, AUTHORITY = 0x80000007, 0x80000008, 0x80000010, 0x800000E0
GLOBAL = uuid.UUID("8be4df61-93ca-11d2-aa0d-00e098032b8c").bytes_le
SECURITY = uuid.UUID("d719b2cb-3d3a-4596-a3bc-dad00e67656f").bytes_le
SHIM = uuid.UUID("605dab50-e046-4300-abb6-3dd810dd8b23").bytes_le
OWNER = uuid.UUID("11111111-2222-3333-4444-555555555555").bytes_le
CERT_X509 = uuid.UUID("a5c059a1-94e4-4aa7-87b5-ab155c2bf072").bytes_le
CERT_SHA256 = uuid.UUID("c1c41626-504c-4092-aca9-41f936934328").bytes_le
LOAD_OPTIONS, INITRD = 0x8F3B22ED, 0x8F3B22EC
SECTIONS = (".linux", ".osrel", ".cmdline", ".initrd", ".ucode", ".splash", ".dtb", ".uname", ".sbat", ".pcrpkey")


def hashed(bank, data):
    return hashlib.new(bank, data).digest()


def variable(guid, name, data):
    return guid + struct.pack("<QQ", len(name), len(data)) + name.encode("utf-16-le") + data


def signature_list(kind, *entries):
    size = 16 + len(entries[0])
    return kind + struct.pack("<III", 28 + size * len(entries), 0, size) + b"".join(OWNER + e for e in entries)


class Event:
    """pcr, type, data, and what its digests are of; digest: {bank: bytes} instead."""

    def __init__(self, pcr, kind, data=b"", of=None, digest=None):
        self.pcr, self.type, self.data, self.of, self.digest = pcr, kind, data, data if of is None else of, digest or {}

    def digest_in(self, bank):
        if bank in self.digest:
            return self.digest[bank]
        if self.type == NO_ACTION or bank == "sm3":
            return bytes(SIZES[bank])
        return hashed(bank, self.of)

    def bytes(self, banks):
        head = struct.pack("<III", self.pcr, self.type, len(banks))
        digests = b"".join(struct.pack("<H", ALGS[b]) + self.digest_in(b) for b in banks)
        return head + digests + struct.pack("<I", len(self.data)) + self.data


def spec(banks, version=(0, 2, 0), uintn=2, vendor=b"", sizes=None, signature=b"Spec ID Event03\0", count=None):
    sizes = {**SIZES, **(sizes or {})}
    data = signature + struct.pack("<I", 0) + bytes(version) + bytes([uintn])
    data += struct.pack("<I", len(banks) if count is None else count) + b"".join(struct.pack("<HH", ALGS[b], sizes[b]) for b in banks)
    return data + bytes([len(vendor)]) + vendor


def legacy(pcr, kind, digest, data):
    return struct.pack("<II", pcr, kind) + digest + struct.pack("<I", len(data)) + data


class Boot:
    """A boot with Secure Boot of a UKI; what it is made of may be changed before log()."""

    def __init__(self, banks=("sha1", "sha256", "sha384"), secure=True, direct=False):
        self.banks, self.header = list(banks), None
        self.cert, self.image, self.kernel = b"\x30\x82\x00\x10" + bytes(range(16)), b"the loader", b"the kernel"
        self.cmdline, self.initrd, self.version = "root=/dev/vda quiet", b"an initrd", "Firmware 1.2"
        self.revoked = [hashed("sha256", b"bad loader %d" % i) for i in range(3)]
        self.sections = {".linux": self.kernel, ".osrel": b"ID=own", ".cmdline": self.cmdline.encode(), ".initrd": self.initrd}
        self.events = self._firmware(secure) + self._handover(direct) + self._loader(secure)

    def _config(self, secure):
        x509, revoked = signature_list(CERT_X509, self.cert), signature_list(CERT_SHA256, *self.revoked)
        rows = [(GLOBAL, "SecureBoot", bytes([secure])), (GLOBAL, "PK", x509), (GLOBAL, "KEK", x509)]
        rows += [(SECURITY, "db", x509), (SECURITY, "dbx", revoked)]
        return [Event(7, DRIVER_CONFIG, variable(*row)) for row in rows]

    def _firmware(self, secure):
        start = [Event(0, CRTM_VERSION, (self.version + "\0").encode("utf-16-le")), Event(0, BLOB, bytes(16), b"the firmware")]
        order = variable(GLOBAL, "BootOrder", b"\0\0")
        boot = [Event(1, VARIABLE_BOOT, order, b"\0\0")]
        return start + self._config(secure) + [Event(7, SEPARATOR, bytes(4))] + boot

    @staticmethod
    def _separators():
        return [Event(i, SEPARATOR, bytes(4)) for i in range(7)]

    def _handover(self, direct):
        calling = [Event(4, EFI_ACTION, b"Calling EFI Application from Boot Option")]
        return self._separators() if direct else calling + self._separators()

    def _loader(self, secure):
        used = [Event(7, AUTHORITY, variable(SECURITY, "db", OWNER + self.cert))] if secure else []
        apps = [Event(4, APPLICATION, b"device path", self.image), Event(4, APPLICATION, b"device path", self.kernel)]
        uki = [e for s in SECTIONS if s in self.sections for e in self._section(s)]
        exits = [Event(5, EFI_ACTION, text) for text in (b"Exit Boot Services Invocation", b"Exit Boot Services Returned with Success")]
        return used + apps[:1] + uki + apps[1:] + self._stub() + exits

    def _section(self, name):
        label = (name + "\0").encode("utf-16-le")
        return [Event(11, IPL, label, name.encode() + b"\0"), Event(11, IPL, label, self.sections[name])]

    def _stub(self):
        options, initrd = b"LOADED_IMAGE::LoadOptions\0", b"Linux initrd\0"
        return [
            Event(9, TAG, struct.pack("<II", LOAD_OPTIONS, len(options)) + options, (self.cmdline + "\0").encode("utf-16-le")),
            Event(9, TAG, struct.pack("<II", INITRD, len(initrd)) + initrd, self.initrd),
        ]

    # ---- finding and changing

    def copy(self):
        return copy.deepcopy(self)

    def at(self, pcr, kind, n=0):
        """Place of the n-th event of this PCR and type."""
        return [i for i, e in enumerate(self.events) if (e.pcr, e.type) == (pcr, kind)][n]

    def insert(self, at, *events):
        self.events[at:at] = events
        return self

    def append(self, *events):
        return self.insert(len(self.events), *events)

    # ---- what it comes to

    def log(self):
        header = self.header if self.header is not None else spec(self.banks)
        first = struct.pack("<II", 0, NO_ACTION) + bytes(20) + struct.pack("<I", len(header)) + header
        return first + b"".join(e.bytes(self.banks) for e in self.events)

    def pcrs(self, locality=0):
        """Every PCR of every bank that is not sm3."""
        values = {}
        for bank in (b for b in self.banks if b != "sm3"):
            size = SIZES[bank]
            for i in range(24):
                values[(bank, i)] = b"\xff" * size if 17 <= i <= 22 else bytes(size)
            values[(bank, 0)] = bytes(size - 1) + bytes([locality])
            for e in self.events:
                if e.type != NO_ACTION:
                    values[(bank, e.pcr)] = hashed(bank, values[(bank, e.pcr)] + e.digest_in(bank))
        return values

    def policy(self, bank="sha256"):
        """Everything that is true of it."""
        return {
            "secure_boot": True,
            "sb_authority": [hashlib.sha256(self.cert).hexdigest()],
            "dbx_min": [self.revoked[1].hex()],
            "boot_apps": [hashed(bank, self.image).hex(), [hashed(bank, b"other").hex(), hashed(bank, self.kernel).hex()]],
            "no_option_rom": True,
            "scrtm_version": [self.version],
            "cmdline": ["quiet", self.cmdline],
            "initrd": [hashed(bank, self.initrd).hex()],
            "uki": [{bank: {name: hashed(bank, data).hex() for name, data in self.sections.items()}}],
        }


def phases(bank, value, *words):
    """PCR 11 after user space has measured these."""
    for word in words:
        value = hashed(bank, value + hashed(bank, word.encode()))
    return value
