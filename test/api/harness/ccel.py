# SPDX-License-Identifier: Apache-2.0
"""Confidential computing event logs (CCEL) as a TD's firmware writes them, right or wrong, and what they come to.

    events = boot()                           [Event(mr, kind, data), ...]
    raw = log(events)                         the bytes of the ACPI CCEL area
    machine.quote(**replay(events))           a quote whose RTMRs are those of the log

Layout: UEFI 2.10, chapter 38, and TCG PC Client Platform Firmware Profile (crypto agile log); the MR index of RTMRn is n + 1.
"""
import dataclasses
import hashlib
import struct

SHA384 = 0x000C
SIZES = {0x0004: 20, 0x000B: 32, SHA384: 48}
EV_NO_ACTION, EV_SEPARATOR, EV_EFI_VARIABLE_BOOT, EV_IPL, EV_EVENT_TAG = 3, 4, 0x80000002, 0x0D, 6
RTMR0, RTMR1, RTMR2, RTMR3 = 1, 2, 3, 4


@dataclasses.dataclass
class Event:
    mr: int
    kind: int
    data: bytes
    digest: bytes = None  # None: SHA-384 of the data
    algorithms: tuple = (SHA384,)
    count: int = None  # of digests, instead of what there is
    size: int = None  # of the data, instead of what there is

    def sha384(self):
        return hashlib.sha384(self.data).digest() if self.digest is None else self.digest

    def raw(self):
        digests = b""
        for algorithm in self.algorithms:
            digest = self.sha384() if algorithm == SHA384 else bytes(SIZES.get(algorithm, 0))
            digests += struct.pack("<H", algorithm) + digest
        count = len(self.algorithms) if self.count is None else self.count
        size = len(self.data) if self.size is None else self.size
        return struct.pack("<III", self.mr, self.kind, count) + digests + struct.pack("<I", size) + self.data


def boot(runtime=False):
    """What firmware and boot loader measure; runtime: with an event of RTMR3."""
    events = [
        Event(RTMR0, EV_EFI_VARIABLE_BOOT, b"SecureBoot\1"),
        Event(RTMR0, EV_SEPARATOR, bytes(4)),
        Event(RTMR1, EV_IPL, b"boot loader"),
        Event(RTMR1, EV_SEPARATOR, bytes(4)),
        Event(0, EV_NO_ACTION, b"told, not measured"),
        Event(RTMR2, EV_IPL, b"kernel command line"),
        Event(RTMR2, EV_IPL, b"initrd"),
    ]
    return events + ([Event(RTMR3, EV_EVENT_TAG, b"container image")] if runtime else [])


def header(algorithms=(SHA384,), signature=b"Spec ID Event03\0", kind=EV_NO_ACTION, vendor=b"", **bend):
    """The first record.  bend: count (of algorithms), sizes ({algorithm: size})."""
    sizes = {**SIZES, **bend.get("sizes", {})}
    spec = signature + struct.pack("<I", 0) + b"\0\2\0\2" + struct.pack("<I", bend.get("count", len(algorithms)))
    spec += b"".join(struct.pack("<HH", a, sizes[a]) for a in algorithms) + bytes([len(vendor)]) + vendor
    return struct.pack("<II", 0, kind) + bytes(20) + struct.pack("<I", len(spec)) + spec


def log(events, fill=b"\xff" * 512, first=None):
    return (header() if first is None else first) + b"".join(e.raw() for e in events) + fill


def replay(events):
    """{"rtmr0": bytes, ...} after these events."""
    value = {n: bytes(48) for n in range(4)}
    for event in events:
        if event.kind != EV_NO_ACTION:
            value[event.mr - 1] = hashlib.sha384(value[event.mr - 1] + event.sha384()).digest()
    return {f"rtmr{n}": v for n, v in value.items()}
