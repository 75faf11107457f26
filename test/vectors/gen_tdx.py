#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Make the vectors of `countersign verify tdx` and `event-log --ccel` from a throw-away Intel: good ones, and for every check id bad ones that only
it refuses.

    test/vectors/gen_tdx.py DIR

Cases are as gen.py writes them; all signatures in them are valid unless the signature is what is wrong, and their root is in DIR/roots.  What is wrong
with certificates, CRLs and collateral is in gen_tdx_trust.py, with levels and statuses in gen_tdx_levels.py, with Azure's form in gen_azure_td.py.
"""
import hashlib
import os
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "api")]

from gen import AT, AT_TEXT, DAY, Cases  # noqa: E402
from harness import ccel, tdx  # noqa: E402

SECOND = DAY / 86400
DEBUG, LASS, SEPT_VE_DISABLE, MIGRATABLE, PKS, KL, PERFMON = (1 << bit for bit in (0, 27, 28, 29, 30, 31, 63))
ATTRIBUTES = {"lass": LASS, "sept_ve_disable": SEPT_VE_DISABLE, "migratable": MIGRATABLE, "pks": PKS, "kl": KL, "perfmon": PERFMON}
FIELDS = ("mrtd", "rtmr0", "rtmr1", "rtmr2", "rtmr3", "mrseam", "mrconfigid", "mrowner", "mrownerconfig", "mrservicetd")
FLIPS = {  # field of the header and of the body: (offset in a v4 quote, bytes)
    "user_data": (28, 20),
    "reserved": (8, 4),
    "tee_tcb_svn": (48, 16),
    "mrseam": (64, 48),
    "mrsignerseam": (112, 48),
    "seamattributes": (160, 8),
    "td_attributes": (168, 8),
    "xfam": (176, 8),
    "mrtd": (184, 48),
    "mrconfigid": (232, 48),
    "mrowner": (280, 48),
    "mrownerconfig": (328, 48),
    "rtmr0": (376, 48),
    "rtmr1": (424, 48),
    "rtmr2": (472, 48),
    "rtmr3": (520, 48),
    "report_data": (568, 64),
}
SIGNED_V4 = 632
SIGNATURE = SIGNED_V4 + 4


def other_s(raw, at=SIGNATURE):
    """The same signature with n - s: it verifies too."""
    s = int.from_bytes(raw[at + 32 : at + 64], "big")
    return raw[: at + 32] + (tdx.N_P256 - s).to_bytes(32, "big") + raw[at + 64 :]


class Maker(Cases):
    """Writes cases below a folder; subclasses say which."""

    def __init__(self, folder, world=None):
        super().__init__(folder)
        self.world = world or tdx.IntelWorld(AT, "vectors")
        self.world.write_roots(f"{folder}/roots")
        self.machine = self.world.machine()
        self.honest = self.world.collateral(self.machine)

    def quote(self, name, raw, files=None, verdict="accept", failed=(), **how):
        """A `verify tdx` case.  raw: the quote; files: the collateral ({} for an empty folder); how: see common() and case(); ccel (bytes)."""
        files = {f"collateral/{file}": data for file, data in (self.honest if files is None else files).items()}
        files |= {"quote.bin": raw, **({} if files else {"collateral/readme.txt": b"nothing\n"})}
        args = ["tdx", "--quote", "quote.bin", "--collateral", "collateral"]
        if "ccel" in how:
            files["ccel.bin"] = how["ccel"]
            args += ["--ccel", "ccel.bin"]
        self.case(name, args + self.common(how, files, "tdx"), files, verdict, failed, **self.said(how))

    def good(self, name, fields=(), machine=None, files=None, **how):
        """The quote of this machine with these fields is accepted."""
        self.quote(f"good-{name}", (machine or self.machine).quote(**dict(fields)).bytes(), files, **how)

    def bad(self, check, name, fields=(), verdict="reject", machine=None, files=None, **how):
        """It is refused for this check and no other."""
        raw = how.pop("raw", None)
        raw = (machine or self.machine).quote(**dict(fields)).bytes() if raw is None else raw
        self.quote(f"bad-{name}", raw, files, verdict, [check], **how)


class Quotes(Maker):
    """What a quote says, and who signed it."""

    # ---- good ones

    def every_kind(self):
        world, processor = self.world, self.world.machine("processor", ca="processor")
        for machine in (self.machine, processor):
            files = world.collateral(machine)
            for name, fields in {"v4": {}, "v5": {"version": 5}, "v5-type-2": {"version": 5, "body_type": 2}}.items():
                self.good(f"{name}-{machine.ca}", fields, machine, files, tcb={"status": "UpToDate", "date": tdx.NEW, "advisories": []})
        self.good("tdx-1.0", {"tee_tcb_svn": bytes([6, 0, 3]) + bytes(13)}, tcb={"module": "none", "platform": "UpToDate"})
        self.good("tdx-3", {"tee_tcb_svn": bytes([3, 3, 3]) + bytes(13)})

    def good_ones(self):
        machine = self.machine
        raw = machine.quote().bytes()
        for name, tail in {"zeros": bytes(70), "to-8000": bytes(8000 - len(raw)), "junk": b"unsigned" * 5, "another-quote": raw}.items():
            self.good(f"tail-{name}", {"tail": tail})
        self.quote("good-other-s", other_s(raw))
        chain = machine.chain()
        self.good("chain-without-nul", {"chain": chain[:-1]})
        self.good("chain-nul-and-junk", {"chain": chain + b"junk behind NUL" * 6})
        self.good("chain-crlf", {"chain": chain.replace(b"\n", b"\r\n")})
        for size in (0, 1, 1000):
            self.good(f"auth-{size}-bytes", {"auth": b"\7" * size})
        self.good("header-words", {"reserved": b"\5\0\x0b\0", "user_data": b"\x11" * 20})
        self.every_field()

    def every_field(self):
        """No two fields alike, so that one read in another's place shows in the claims."""
        words = {name: bytes((i * 16 + k) & 0xFF for k in range(1, 49)) for i, name in enumerate(FIELDS)}
        svns = {"tee_tcb_svn": bytes([6, 1, 3, 9]) + bytes(range(12)), "tee_tcb_svn2": bytes([7, 1, 4, 8]) + bytes(range(12, 24))}
        data = bytes(range(64))
        fields = {**words, **svns, "report_data": data, "td_attributes": SEPT_VE_DISABLE | PKS, "xfam": 0x602E7}
        claims = {name: value.hex() for name, value in {**words, "report_data": data}.items()}
        claims |= {"fmspc": self.machine.fmspc.hex(), "ppid": self.machine.ppid.hex(), "pceid": "0000", "version": 5, "verified": True}
        self.good("every-field", {"version": 5, **fields}, warned=["mrservicetd"], claims=claims)

    # ---- structure

    def structure(self):
        machine, raw = self.machine, self.machine.quote().bytes()
        data = len(raw) - SIGNATURE
        for name, cut in {"47-bytes": 47, "header": 48, "body": 600, "no-size": SIGNED_V4, "signature": 700, "qe": 800, "chain": len(raw) - 1}.items():
            self.bad("tdquote.malformed", f"cut-{name}", verdict="malformed", raw=raw[:cut])
        for name, sizes in {
            "data-huge": {"signature_data": 0xFFFFFFFF},
            "data-more": {"signature_data": data + 1},
            "data-less": {"signature_data": data - 1},
            "data-short": {"signature_data": 64},
            "outer-huge": {"outer": 0xFFFFFFFF},
            "outer-more": {"outer": data - 134 + 1},
            "outer-less": {"outer": data - 134 - 1},
            "auth-max": {"auth": 0xFFFF},
            "auth-more": {"auth": 33},
            "inner-huge": {"inner": 0xFFFFFFF0},
            "inner-more": {"inner": len(machine.chain()) + 1},
            "inner-less": {"inner": len(machine.chain()) - 1},
        }.items():
            failed = "tdquote.cert_type" if name == "auth-more" else "tdquote.malformed"  # the type is read a byte late
            verdict = "reject" if name == "auth-more" else "malformed"
            self.bad(failed, f"size-{name}", {"sizes": sizes}, verdict)
        self.bad("tdquote.malformed", "behind-chain", {"inner_more": b"\0"}, "malformed")
        self.bad("tdquote.malformed", "above-64k", {"tail": bytes(65537 - len(raw))}, "malformed")
        v5 = machine.quote(version=5).bytes()
        self.bad("tdquote.malformed", "cut-v5-body", verdict="malformed", raw=v5[:700])
        self.bad("tdquote.malformed", "cut-v5-descriptor", verdict="malformed", raw=v5[:53])

    def header(self):
        for version in (0, 2, 3, 6, 0x0400):
            self.bad("tdquote.version", f"version-{version}", {"version": version})
        for kind in (0, 1, 3):
            self.bad("tdquote.key_type", f"key-type-{kind}", {"key_type": kind})
        for kind in (0, 0x80, 0x81000000):
            self.bad("tdquote.tee_type", f"tee-type-{kind:x}", {"tee_type": kind})
        other = tdx.VENDOR[:-1] + b"\6"
        self.bad("tdquote.vendor", "vendor-last-bit", {"vendor": other})
        self.bad("tdquote.vendor", "vendor-zero", {"vendor": bytes(16)})
        for name, fields in {
            "type-0": {"body_type": 0x100},
            "type-1-sgx": {"body_type": 1, "body": bytes(384)},
            "type-4": {"body_type": 4, "body": bytes(885)},
            "type-9": {"body_type": 9},
            "type-2-of-648": {"body_type": 2, "body": tdx.Td().raw(3)},
            "type-3-of-584": {"body_type": 3, "body": tdx.Td().raw(2)},
            "size-huge": {"body_size": 0xFFFFFFFF},
        }.items():
            self.bad("tdquote.body", f"body-{name}", {"version": 5, **fields})
        raw = self.machine.quote().bytes()
        self.bad("tdquote.body", "body-v5-on-v4", raw=b"\5" + raw[1:])
        self.bad("tdquote.cert_type", "outer-5", {"outer_type": 5})
        self.bad("tdquote.cert_type", "outer-1", {"outer_type": 1})
        for kind in (1, 2, 3, 4, 6, 7):
            self.bad("tdquote.cert_type", f"inner-{kind}", {"inner_type": kind})

    # ---- signatures

    def signatures(self):
        machine, world = self.machine, self.world
        stranger = world.private("stranger")
        raw = machine.quote().bytes()
        self.bad("tdquote.signature", "signed-by-stranger", {"signer": stranger})
        self.bad("tdquote.signature", "signed-by-pck", {"signer": machine.pck})
        for name, (at, size) in FLIPS.items():
            where = at + (at * 7 + 3) % size
            flipped = raw[:where] + bytes([raw[where] ^ 1 << at % 8]) + raw[where + 1 :]
            self.quote(f"bad-flip-{name}", flipped, None, "reject", ["tdquote.signature", *self.also(name, flipped)])
        for name, signature in {
            "zero": bytes(64),
            "r-zero": bytes(32) + raw[SIGNATURE + 32 : SIGNATURE + 64],
            "s-zero": raw[SIGNATURE : SIGNATURE + 32] + bytes(32),
            "swapped": raw[SIGNATURE + 32 : SIGNATURE + 64] + raw[SIGNATURE : SIGNATURE + 32],
            "s-order": raw[SIGNATURE : SIGNATURE + 32] + tdx.N_P256.to_bytes(32, "big"),
            "of-another": machine.quote(report_data=b"\1" * 64).bytes()[SIGNATURE : SIGNATURE + 64],
        }.items():
            self.bad("tdquote.signature", f"signature-{name}", raw=raw[:SIGNATURE] + signature + raw[SIGNATURE + 64 :])
        v5 = machine.quote(version=5).bytes()
        self.bad("tdquote.signature", "v5-svn2-flipped", raw=v5[: 54 + 584 + 3] + b"\1" + v5[54 + 584 + 4 :])
        point = tdx.point(machine.ak)
        for name, ak in {"off-curve": point[:-1] + bytes([point[-1] ^ 1]), "zero": bytes(64), "above-p": b"\xff" * 64}.items():
            self.bad("tdquote.key", f"ak-{name}", {"ak": ak})
        self.qe(stranger, point)

    @staticmethod
    def also(name, raw):
        """Rows that see a flipped bit too: it is a fact of the TD as well as a signed byte."""
        attributes, xfam = struct.unpack_from("<QQ", raw, 168)
        found = {"mrsignerseam": ["module.mrsigner"], "seamattributes": ["module.attributes"]}.get(name, [])
        reserved = 0x7FFFFFFF07FFFFFE
        found = found + (["td.debug"] if attributes & DEBUG else []) + (["td.attributes_reserved"] if attributes & reserved else [])
        found += ["td.xfam"] if xfam & ~0x6DBE7 or xfam & 3 != 3 else []
        return found

    def qe(self, stranger, point):
        vouched = hashlib.sha256(point + bytes(range(32))).digest()
        self.bad("qe.signature", "qe-signed-by-stranger", {"qe_signer": stranger})
        self.bad("qe.signature", "qe-signed-by-ak", {"qe_signer": self.machine.ak})
        self.bad("qe.signature", "qe-of-another-pck", {"qe_signer": self.world.machine("another").pck})
        other = self.world.private("own key")
        for name, fields in {
            "own-key": {"ak": tdx.point(other), "signer": other, "qe": tdx.Qe(report_data=vouched + bytes(32))},
            "zero": {"qe": tdx.Qe(report_data=bytes(64))},
            "tail": {"qe": tdx.Qe(report_data=vouched + bytes(31) + b"\1")},
            "last-bit": {"qe": tdx.Qe(report_data=vouched[:-1] + bytes([vouched[-1] ^ 1]) + bytes(32))},
            "without-auth": {"qe": tdx.Qe(report_data=hashlib.sha256(point).digest() + bytes(32))},
            "other-auth": {"auth": bytes(32), "qe": tdx.Qe(report_data=vouched + bytes(32))},
        }.items():
            self.bad("qe.report_data", f"qe-data-{name}", fields)

    # ---- the TD

    def attributes(self):
        on = SEPT_VE_DISABLE
        self.bad("td.debug", "debug", {"td_attributes": on | DEBUG})
        self.good("debug-allowed", {"td_attributes": on | DEBUG}, policy={"allow_debug": True})
        for bit in (1, 7, 8, 26, 32, 62):
            self.bad("td.attributes_reserved", f"attributes-bit-{bit}", {"td_attributes": on | 1 << bit})
        self.bad("td.attributes", "sept-ve-enabled", {"td_attributes": 0})
        for name in ("migratable", "perfmon"):
            self.bad("td.attributes", name, {"td_attributes": on | ATTRIBUTES[name]})
        for name in ("lass", "pks", "kl"):
            self.good(name, {"td_attributes": on | ATTRIBUTES[name]})
        for name, bit in ATTRIBUTES.items():
            word, other = name.replace("_", "-"), 0 if bit == on else on  # what the default requires stays required
            there, without = {"td_attributes": bit | other}, {"td_attributes": other}
            for kind, good, wrong in (("require", there, without), ("forbid", without, there)):
                policy = {"td_attributes": {kind: [name]}}
                self.good(f"attribute-{word}-{kind}", good, policy=policy)
                self.bad("td.attributes", f"attribute-{word}-{kind}", wrong, policy=policy)
        for name, xfam in {"no-x87": 0x600E6, "no-sse": 0x600E5, "none": 0, "bit-3": 0x600EF, "bit-63": 0x600E7 | 1 << 63}.items():
            self.bad("td.xfam", f"xfam-{name}", {"xfam": xfam})
        for xfam in (0x3, 0x602E7, 0x618E7, 0x642E7, 0x6DBE7):
            self.good(f"xfam-{xfam:x}", {"xfam": xfam})
        self.good("xfam-listed", {"xfam": 0x602E7}, policy={"xfam": ["0x600e7", "0x602e7"]})
        self.bad("td.xfam", "xfam-not-listed", {"xfam": 0x602E7}, policy={"xfam": ["0x600e7"]})
        self.good("attributes-any", {"td_attributes": MIGRATABLE | PERFMON}, policy={"td_attributes": {"require": [], "forbid": []}})

    def measurements(self):
        for i, name in enumerate(FIELDS):
            value = bytes([i + 1, *range(1, 48)])
            fields = {"version": 5, name: value}
            self.good(f"{name}", fields, policy={name: ["11" * 48, value.hex()]})
            for wrong, other in (("first-bit", bytes([value[0] ^ 0x80]) + value[1:]), ("last-bit", value[:-1] + bytes([value[-1] ^ 1]))):
                self.bad(name, f"{name}-{wrong}", fields, policy={name: [other.hex()]})
            self.bad(name, f"{name}-zero", {"version": 5, name: bytes(48)}, policy={name: [value.hex()]})
            self.good(f"{name}-zero", {"version": 5, name: bytes(48)}, policy={name: ["zero"]})
            self.bad(name, f"{name}-not-zero", fields, policy={name: ["zero"]})
        bound = {"version": 5, "mrservicetd": b"\x5d" * 48}
        self.good("mrservicetd-bound", bound, warned=["mrservicetd"])
        self.bad("mrservicetd", "mrservicetd-of-1.0", policy={"mrservicetd": ["5d" * 48]})
        self.good("ignored", bound, policy={name: "ignore" for name in FIELDS}, warned=["mrservicetd"])
        ppid = self.machine.ppid.hex()
        self.good("ppid", policy={"ppid_allow": ["00" * 15 + "01", ppid]})
        self.bad("ppid", "ppid", policy={"ppid_allow": ["00" * 15 + "01", ppid[:-1] + ("1" if ppid[-1] == "0" else "0")]})
        self.bad("reference_value", "reference-set", policy={"reference_set": "image"})

    def report_data(self):
        data = bytes(range(64))
        fields = {"report_data": data}
        self.good("report-data", fields, options=["--report-data", data.hex()])
        for name, other in {"first": b"\1" + data[1:], "last": data[:-1] + b"\0", "tail": data[:32] + bytes(32), "zero": bytes(64)}.items():
            self.bad("report_data", f"report-data-{name}", fields, options=["--report-data", other.hex()])
        self.bad("report_data", "report-data-none", options=["--report-data", data.hex()])

    # ---- event logs

    def logs(self):
        for runtime in (False, True):
            word, events = "runtime" if runtime else "boot", ccel.boot(runtime)
            fields = {"tee_tcb_svn": tdx.Td.tee_tcb_svn, **ccel.replay(events)}
            rtmr3 = "runtime log" if runtime else "unchecked"
            self.good(f"log-{word}", fields, ccel=ccel.log(events), policy={"event_log": True}, claims={"rtmr3_checked": rtmr3})
            for n in range(3 + runtime):
                self.bad("ccel.replay", f"log-{word}-rtmr{n}", {**fields, f"rtmr{n}": b"\1" * 48}, ccel=ccel.log(events))
        events = ccel.boot()
        fields = ccel.replay(events)
        self.good("log-rtmr3-without-events", {**fields, "rtmr3": b"\3" * 48}, ccel=ccel.log(events), claims={"rtmr3_checked": "unchecked"})
        golden = {"rtmr3": ["03" * 48]}
        self.good("log-rtmr3-golden", {**fields, "rtmr3": b"\3" * 48}, ccel=ccel.log(events), policy=golden, claims={"rtmr3_checked": "golden value"})
        for name, fill in {"none": b"", "zeros": bytes(4096), "ff": b"\xff" * 4096}.items():
            self.good(f"log-fill-{name}", fields, ccel=ccel.log(events, fill))
        self.bad("ccel.malformed", "log-wanted", fields, policy={"event_log": True})
        self.bad("ccel.replay", "log-reordered", fields, ccel=ccel.log([events[1], events[0], *events[2:]]))
        self.bad("ccel.replay", "log-shortened", fields, ccel=ccel.log(events[:-1]))
        self.bad("ccel.replay", "log-data-not-digest", fields, ccel=ccel.log([*events[:-1], ccel.Event(3, ccel.EV_IPL, b"other initrd")]))
        twice = [*events[:2], *[ccel.Event(ccel.RTMR0, ccel.EV_SEPARATOR, bytes(4))] * 2, *events[2:]]
        self.bad("ccel.replay", "log-separators", ccel.replay(twice), ccel=ccel.log(twice))
        two = [*events[:2], ccel.Event(ccel.RTMR0, ccel.EV_SEPARATOR, bytes(4)), *events[2:]]
        self.good("log-two-separators", ccel.replay(two), ccel=ccel.log(two))
        for name, raw in self.broken_logs(events).items():
            self.bad("ccel.malformed", f"log-{name}", fields, "malformed", ccel=raw)

    @staticmethod
    def broken_logs(events):
        def last(**bend):
            return ccel.log([*events[:-1], ccel.Event(3, ccel.EV_IPL, b"initrd", **bend)])

        return {
            "no-header": b"".join(e.raw() for e in events),
            "signature": ccel.log(events, first=ccel.header(signature=b"Spec ID Event02\0")),
            "header-type": ccel.log(events, first=ccel.header(kind=4)),
            "no-algorithms": ccel.log(events, first=ccel.header(algorithms=())),
            "only-sha256": ccel.log(events, first=ccel.header(algorithms=(0x000B,))),
            "algorithms-huge": ccel.log(events, first=ccel.header(count=0xFFFFFFFF)),
            "digest-size": ccel.log(events, first=ccel.header(sizes={ccel.SHA384: 47})),
            "count-huge": last(count=0xFFFFFFFF),
            "count-zero": last(count=0, algorithms=()),
            "size-huge": last(size=0xFFFFFFFF),
            "unknown-algorithm": last(algorithms=(0x0012,)),
            "digest-twice": last(algorithms=(ccel.SHA384, ccel.SHA384)),
            "mrtd": ccel.log([*events, ccel.Event(0, ccel.EV_IPL, b"MRTD is not extended")]),
            "mr-5": ccel.log([*events, ccel.Event(5, ccel.EV_IPL, b"there is no RTMR4")]),
            "cut": ccel.log(events, b"")[:-1],
            "two-fills": ccel.log(events, bytes(64) + b"\xff" * 64),
        }

    def log_alone(self):
        """`verify event-log F --ccel`."""
        events = ccel.boot(runtime=True)
        raw, wanted = ccel.log(events), {n[-1]: v.hex() for n, v in ccel.replay(events).items()}

        def one(name, verdict="accept", failed=(), log=raw, rtmrs=(), **said):
            options = [word for n in rtmrs for word in ("--rtmr", f"{n}={({**wanted, **said.get('other', {})})[n]}")]
            said.pop("other", None)
            self.case(f"event-log-{name}", ["event-log", "ccel.bin", "--ccel", *options, "--at", AT_TEXT], {"ccel.bin": log}, verdict, failed, **said)

        one("alone")
        one("all", rtmrs="0123")
        one("some", rtmrs="02")
        for n in "0123":
            one(f"rtmr{n}", "reject", ["ccel.replay"], rtmrs="0123", other={n: "11" * 48})
        one("malformed", "malformed", ["ccel.malformed"], log=raw[:40])

    def all(self):
        for make in (self.every_kind, self.good_ones, self.structure, self.header, self.signatures, self.attributes):
            make()
        for make in (self.measurements, self.report_data, self.logs, self.log_alone):
            make()


def all_cases(folder):
    import gen_azure_td
    import gen_tdx_levels
    import gen_tdx_trust

    quotes = Quotes(folder)
    quotes.all()
    gen_tdx_trust.Trust(folder, quotes.world).all()
    gen_tdx_levels.Levels(folder, quotes.world).all()
    gen_azure_td.AzureTds(folder, quotes.world).all()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    all_cases(sys.argv[1])
