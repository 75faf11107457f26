#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Make the vectors of `countersign verify sev-snp` from a throw-away AMD: good ones, and for every check id bad ones that only it refuses.

    test/vectors/gen_snp.py DIR

Cases are as gen.py writes them; all signatures in them are valid unless the signature is what is wrong, and their roots are in DIR/roots.
What is wrong with certificates and CRLs is in gen_snp_trust.py, with Azure's form in gen_azure.py.
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "api")]

from gen import AT, Cases  # noqa: E402
from harness import snp  # noqa: E402

VERSIONS = (2, 3, 4, 5)
MASKED = {"allow_masked_chip": True}
LOOSE = {"allow_provisional": True}
BITS = {  # name in a policy: bit of the guest's POLICY
    "single_socket": 20,
    "xts": 22,
    "rapl_dis": 23,
    "ciphertext_hiding": 24,
    "page_swap_disable": 25,
}
PLATFORM = "smt tsme ecc rapl_dis ciphertext_hiding alias_check iommu_write_safe tio".split()
SIZES = {  # fields of a report that are bytes
    "family_id": 16,
    "image_id": 16,
    "report_data": 64,
    "measurement": 48,
    "host_data": 32,
    "id_key_digest": 48,
    "author_key_digest": 48,
    "report_id": 32,
}
GOLDEN = {  # name in a policy: field of a report, length
    "measurement": ("measurement", 48),
    "host_data": ("host_data", 32),
    "id_key": ("id_key_digest", 48),
    "author_key": ("author_key_digest", 48),
}


def claims(report):
    """What `--json` says of a good report."""
    levels = ("fmc",) * snp.PRODUCTS[report.product].fmc + ("bootloader", "tee", "snp", "microcode")
    tcbs = {name: getattr(report, f"{name}_tcb") for name in ("reported", "current", "committed", "launch")}
    out = {
        "product": report.product,
        "kind": "VLEK" if report.signing_key == snp.VLEK else "VCEK",
        "version": report.version,
        "vmpl": report.vmpl,
        "guest_svn": report.guest_svn,
        "tcb": {name: {level: getattr(tcb, level) for level in levels} for name, tcb in tcbs.items()},
        "firmware": {name: "%d.%d.%d" % getattr(report, f"{name}_version") for name in ("current", "committed")},
        "author_key": report.author_key_digest.hex() if report.author_key_en else None,
        "id_key": report.id_key_digest.hex(),
    }
    for name in ("measurement", "host_data", "family_id", "image_id", "report_id", "report_data"):
        out[name] = getattr(report, name).hex()
    return out


class Maker(Cases):
    """Writes cases below a folder; subclasses say which."""

    def __init__(self, folder, worlds=None):
        super().__init__(folder)
        self.worlds = worlds or {product: snp.AmdWorld(product, AT) for product in snp.PRODUCTS}
        for world in self.worlds.values():
            world.write_roots(f"{folder}/roots")
        self.milan, self.genoa, self.turin = (self.worlds[p] for p in ("Milan", "Genoa", "Turin"))

    def report(self, name, raw, vek, verdict="accept", failed=(), **how):
        """A `verify sev-snp` case.  raw: the report; vek: a Vek, bytes, or None; how: see common(); table, crl (bytes)."""
        files = {"report.bin": raw}
        args = ["sev-snp", "--report", "report.bin"]
        for option, file, data in (
            ("--vek", "vek.der", getattr(vek, "der", vek)),
            ("--cert-table", "certtable.bin", how.get("table")),
            ("--crl", "crl.der", how.get("crl")),
        ):
            if data is not None:
                files[file] = data
                args += [option, file]
        self.case(name, args + self.common(how, files, "sev-snp"), files, verdict, failed, **self.said(how))

    def good(self, name, vek, fields=(), **how):
        report = vek.report(**dict(fields))
        self.report(f"good-{name}", report.signed(vek), vek, claims=claims(report), **how)

    def bad(self, check, name, vek, fields=(), verdict="reject", **how):
        """The report of this machine with these fields is refused for this check and no other."""
        raw = vek.report(**dict(fields)).signed(vek)
        self.report(f"bad-{name}", how.pop("raw", raw), vek, verdict, [check], **how)


class Reports(Maker):
    """What a report says."""

    def __init__(self, folder, worlds=None):
        super().__init__(folder, worlds)
        self.vcek = self.milan.vcek()
        self.vlek = self.milan.vlek()
        self.turin_vcek = self.turin.vcek()

    # ---- good ones

    def every_kind(self):
        """Four versions, three layouts of the TCB, two kinds of key, two encodings of PSS."""
        for world in self.worlds.values():
            for scheme in (snp.OLD_PSS, snp.NEW_PSS):
                vcek, vlek = world.vcek(scheme=scheme), world.vlek(scheme=scheme)
                for version in VERSIONS:
                    name = f"{world.product.lower()}-v{version}-{'old' if scheme.trailer else 'new'}-pss"
                    self.good(f"{name}-vcek", vcek, {"version": version})
                    self.good(f"{name}-vlek", vlek, {"version": version}, policy=MASKED)

    def good_ones(self):
        vcek, vlek = self.vcek, self.vlek
        unmasked = self.milan.vlek(chip=os.urandom(64))
        self.good("vlek-with-chip", unmasked)
        self.good("spl-0x80", *self.machine(self.genoa, microcode=0x80))
        self.good("spl-0xff", *self.machine(self.genoa, microcode=0xFF))
        self.good("spl-0", *self.machine(self.turin, tee=0, fmc=0))
        for product, cpuid in {"Milan": (0x19, 0x0F, 2), "Genoa": (0x19, 0xA0, 2), "Turin": (0x1A, 0x11, 0)}.items():
            self.good(f"cpuid-{product.lower()}", self.worlds[product].vcek(), {"cpuid": cpuid})
        self.good("bergamo-last", self.genoa.vcek(), {"cpuid": (0x19, 0xAF, 0)})
        raw = vcek.report().signed(vcek)
        self.report("good-other-s", snp.other_s(raw), vcek)
        self.report("good-vek-pem", raw, vcek.pem)
        self.report("good-product-named", raw, vcek, policy={"product": ["Genoa", "Milan"]})
        v2 = vcek.report(version=2).signed(vcek)
        self.report("good-v2-product-option", v2, vcek, options=["--product", "Milan"])
        self.good("max-vmpl", vcek, {"vmpl": 3}, policy={"vmpl_max": 3})
        self.good("vmpl-below", vcek, {"vmpl": 1}, policy={"vmpl_max": 2})
        self.good("debug-allowed", vcek, {"policy": 0xB0000}, policy={"allow_debug": True})
        self.good("author-key-beside-id-key", vcek, {"author_key_en": True, "author_key_digest": b"\x01" * 48, "id_key_digest": b"\x02" * 48})
        self.good("mit", vcek, {"version": 5, "launch_mit": 0x0B, "current_mit": 0x3F}, policy={"mit_mask": "0x0b"})
        self.good("platform-turin", self.turin_vcek, {"platform_info": 0x67, "version": 5})
        self.good("csp", vlek, policy={**MASKED, "csp_id": ["CN=cc-eu-west-1.amazonaws.com", snp.CSP]})

    def every_field(self):
        """No two fields alike, so that one read in another's place shows in the claims."""
        for world in self.worlds.values():
            for make, policy in ((world.vcek, LOOSE), (world.vlek, {**LOOSE, **MASKED})):
                vek = make(tcb=snp.Tcb(5, 6, 7, 8, 9))
                fields = {
                    "version": 5,
                    "guest_svn": 0x01020304,
                    "policy": 0x2030133,
                    "platform_info": 0x2D,
                    "author_key_en": True,
                    "current_tcb": snp.Tcb(15, 16, 17, 0xF8, 19),
                    "committed_tcb": snp.Tcb(10, 11, 12, 13, 14),
                    "launch_tcb": snp.Tcb(11, 12, 13, 14, 15),
                    "current_version": (2, 3, 4),
                    "committed_version": (1, 253, 254),
                    "launch_mit": 0x1122334455667788,
                    "current_mit": 0x99AABBCCDDEEFF00,
                }
                for i, (name, size) in enumerate(SIZES.items()):
                    fields[name] = bytes((i * 16 + k) & 0xFF for k in range(1, size + 1))
                more = {
                    "policy": {"value": "0x0000000002030133", "abi": "1.51", "bits": ["smt", "page_swap_disable"]},
                    "platform_info": {"value": "0x000000000000002d", "bits": ["smt", "ecc", "rapl_dis", "alias_check"]},
                    "mit_vector": {"launch": "0x1122334455667788", "current": "0x99aabbccddeeff00"},
                    "chip_id": vek.chip.hex().ljust(128, "0") if vek.kind == snp.VCEK else None,
                    "csp_id": None if vek.kind == snp.VCEK else snp.CSP,
                }
                report = vek.report(**fields)
                name = f"good-every-field-{world.product.lower()}-{'vlek' if vek.kind else 'vcek'}"
                self.report(name, report.signed(vek), vek, policy=policy, claims={**claims(report), **more})

    @staticmethod
    def machine(world, **tcb):
        """A VCEK for this TCB, and no fields of its report that differ."""
        return world.vcek(tcb=snp.Tcb().with_(**tcb)), {}

    # ---- structure

    def structure(self):
        vcek = self.vcek
        raw = vcek.report(version=5).signed(vcek)
        for name, data in {
            "truncated": raw[:-1],
            "longer": raw + b"\0",
            "signed-part-only": raw[: snp.SIGNED_LEN],
            "one-byte": raw[:1],
            "twice": raw + raw,
        }.items():
            self.bad("report.length", f"length-{name}", vcek, verdict="malformed", raw=data)
        for version in (0, 1, 6, 0xFFFFFFFF):
            self.bad("report.version", f"version-{version}", vcek, {"version": version})
        for algo in (0, 2, 0x101):
            self.bad("report.sigalgo", f"sigalgo-{algo}", vcek, {"signature_algo": algo})
        for name, flags in {"reserved": 2 << 2, "none": 7 << 2, "bit-5": 1 << 5, "bit-31": 1 << 31}.items():
            self.bad("report.signing_key", f"signing-key-{name}", vcek, {"flags": flags})
        self.bad("report.mask_chip_key", "mask-chip-key", vcek, {"mask_chip_key": True})
        self.reserved(raw)

    def reserved(self, raw):
        vcek = self.vcek
        for name, fields in {
            "4c": {"reserved_4c": b"\0\0\0\1"},
            "18b": {"reserved_18b": b"\1" + bytes(20)},
            "19f": {"reserved_18b": bytes(20) + b"\x80"},
            "1eb": {"reserved_1eb": 1},
            "1ef": {"reserved_1ef": 1},
            "208": {"reserved_208": b"\1" + bytes(151)},
            "29f": {"reserved_208": bytes(151) + b"\1"},
            "v2-cpuid": {"version": 2, "cpuid": (0x19, 1, 1)},
            "v3-launch-mit": {"version": 3, "launch_mit": 1},
            "v4-current-mit": {"version": 4, "current_mit": 1 << 63},
        }.items():
            self.bad("report.reserved", f"reserved-{name}", vcek, fields)
        for at in (0x2A0 + 48, 0x2E7, 0x2E8 + 48, 0x32F, 0x330, 0x400, 0x49F):
            self.bad("report.reserved", f"unsigned-{at:x}", vcek, raw=raw[:at] + b"\1" + raw[at + 1 :])
        for name in ("current", "committed", "launch"):
            tcb = bytearray(vcek.tcb.raw("Milan"))
            tcb[2] = 1
            self.bad("tcb.reserved", f"tcb-reserved-{name}", vcek, {f"{name}_tcb": bytes(tcb)}, policy=LOOSE)
        tcb = bytearray(self.turin_vcek.tcb.raw("Turin"))
        tcb[6] = 1
        self.bad("tcb.reserved", "tcb-reserved-turin", self.turin_vcek, {"current_tcb": bytes(tcb)}, policy=LOOSE)
        for name, policy in {"17": 0x10000, "26": 0x30000 | 1 << 26, "63": 0x30000 | 1 << 63}.items():
            self.bad("policy.reserved", f"policy-bit-{name}", vcek, {"policy": policy})
        for bit in (8, 31, 32, 63):
            self.bad("platform_info.reserved", f"platform-bit-{bit}", vcek, {"platform_info": 0x25 | 1 << bit})
        consistency = {
            "digest-without-author": {"author_key_digest": bytes(47) + b"\1"},
            "author-without-digest": {"author_key_en": True, "id_key_digest": b"\2" * 48},
            "migration-agent": {"report_id_ma": b"\xff" * 31 + b"\xfe"},
            "migration-agent-zero": {"report_id_ma": bytes(32)},
        }
        for name, fields in consistency.items():
            self.bad("report.consistency", name, vcek, fields)

    # ---- firmware

    def tcb(self):
        vcek, top = self.vcek, self.vcek.tcb
        for part in ("bootloader", "tee", "snp", "microcode"):
            low = top.with_(**{part: getattr(top, part) - 1})
            fields = {"current_tcb": low, "committed_tcb": low, "launch_tcb": low}
            self.bad("tcb.order", f"reported-above-current-{part}", vcek, fields, policy=LOOSE)
            high = top.with_(**{part: getattr(top, part) + 1})
            self.bad("tcb.order", f"committed-above-current-{part}", vcek, {"committed_tcb": high}, policy=LOOSE)
        turin = self.turin_vcek
        low = turin.tcb.with_(fmc=0)
        fields = {"current_tcb": low, "committed_tcb": low, "launch_tcb": low}
        self.bad("tcb.order", "reported-above-current-fmc", turin, fields, policy=LOOSE)
        for name, version in {"build": (1, 58, 4), "minor": (1, 59, 0), "major": (2, 0, 0)}.items():
            self.bad("tcb.order", f"committed-version-{name}", vcek, {"committed_version": version}, policy=LOOSE)
        low = top.with_(microcode=top.microcode - 1)
        self.bad("tcb.provisional", "provisional-tcb", vcek, {"committed_tcb": low, "launch_tcb": low})
        self.bad("tcb.provisional", "provisional-version", vcek, {"committed_version": (1, 58, 2)})
        self.good("provisional", vcek, {"committed_tcb": low, "committed_version": (1, 55, 9)}, policy=LOOSE)
        self.bounds()

    def bounds(self):
        for vek, parts in (
            (self.vcek, ("bootloader", "tee", "snp", "microcode")),
            (self.turin_vcek, ("fmc", "bootloader", "tee", "snp", "microcode")),
        ):
            product = vek.product.lower()
            for part in parts:
                is_at = getattr(vek.tcb, part)
                self.good(f"tcb-min-{product}-{part}", vek, policy={"tcb_min": {part: is_at}})
                self.bad("tcb.minimum", f"tcb-min-{product}-{part}", vek, policy={"tcb_min": {part: is_at + 1}})
                self.good(f"tcb-max-{product}-{part}", vek, policy={"tcb_max": {part: is_at}})
                self.bad("tcb.implausible", f"tcb-max-{product}-{part}", vek, policy={"tcb_max": {part: is_at - 1}})
        top, low = self.vcek.tcb, self.vcek.tcb.with_(snp=self.vcek.tcb.snp - 1)
        for name in ("launch", "committed"):
            policy = {**LOOSE, f"tcb_{name}_min": {"snp": top.snp}}
            self.good(f"tcb-{name}-min", self.vcek, policy=policy)
            fields = {"launch_tcb": low, f"{name}_tcb": low}
            fields |= {"committed_tcb": low} if name == "launch" else {}
            self.bad("tcb.minimum", f"tcb-{name}-min", self.vcek, fields, policy=policy)
        for product in self.worlds:
            vek = self.worlds[product].vcek(tcb=snp.Tcb(127, 127, 127, 127, 127))
            self.bad("tcb.implausible", f"tcb-127-{product.lower()}", vek, policy={"tcb_min": {"snp": 24}})
        for text, good in {"1.58.3": True, "1.55.40": True, "1.58.4": False, "1.59.0": False, "2.0.0": False}.items():
            if good:
                self.good(f"firmware-{text}", self.vcek, policy={"firmware_min": text})
            else:
                self.bad("firmware.minimum", f"firmware-{text}", self.vcek, policy={"firmware_min": text})
        both = {"version": 5, "launch_mit": 0x3F, "current_mit": 0x3F}
        self.good("mit-mask", self.vcek, both, policy={"mit_mask": "0x3f"})
        self.bad("mit_vector", "mit-higher-number", self.vcek, both, policy={"mit_mask": "0x40"})
        self.bad("mit_vector", "mit-launch", self.vcek, {**both, "launch_mit": 0xF7}, policy={"mit_mask": "0x0b"})
        self.bad("mit_vector", "mit-current", self.vcek, {**both, "current_mit": 0xFE}, policy={"mit_mask": "0x0b"})
        for version in (2, 3, 4):
            self.bad("mit_vector", f"mit-v{version}", self.vcek, {"version": version}, policy={"mit_mask": "0x01"})

    # ---- guest

    def guest_policy(self):
        vcek = self.vcek
        self.bad("policy.debug", "debug", vcek, {"policy": 0xB0000})
        moving = {"policy": 0x30000 | 1 << 18, "report_id_ma": b"\7" * 32}
        self.bad("policy.migrate_ma", "migrate", vcek, moving)
        self.bad("policy.smt", "smt", vcek, policy={"allow_smt": False})
        self.good("no-smt", vcek, {"policy": 0x20000}, policy={"allow_smt": False})
        self.bad("policy.cxl", "cxl", vcek, {"policy": 0x30000 | 1 << 21}, policy={"policy": {"forbid": ["cxl"]}})
        for name, bit in BITS.items():
            fields, word = {"policy": 0x30000 | 1 << bit}, name.replace("_", "-")
            require, forbid = {"policy": {"require": [name]}}, {"policy": {"forbid": [name]}}
            self.good(f"policy-{word}", vcek, fields, policy=require)
            self.bad(f"policy.{name}", f"policy-{word}-missing", vcek, policy=require)
            self.good(f"policy-{word}-absent", vcek, policy=forbid)
            self.bad(f"policy.{name}", f"policy-{word}-there", vcek, fields, policy=forbid)
        for abi, low in {0x0132: "1.51", 0x0133: "1.52", 0x00FF: "1.0"}.items():
            self.bad("policy.abi", f"abi-{low}", vcek, {"policy": 0x30000 | abi}, policy={"abi_min": low})
        for abi, low in {0x0133: "1.51", 0x0200: "1.51"}.items():
            self.good(f"abi-{abi:x}", vcek, {"policy": 0x30000 | abi}, policy={"abi_min": low})
        for bit, name in enumerate(PLATFORM):
            word = name.replace("_", "-")
            without, there = {"platform_info": 0xFF & ~(1 << bit)}, {"platform_info": 1 << bit}
            for kind, good, wrong in (("require", there, without), ("forbid", without, there)):
                policy = {"platform_info": {kind: [name]}}
                self.good(f"platform-{word}-{kind}", vcek, good, policy=policy)
                self.bad(f"platform_info.{name}", f"platform-{word}-{kind}", vcek, wrong, policy=policy)

    def guest_identity(self):
        vcek = self.vcek
        for vmpl in (1, 2, 3):
            self.bad("vmpl", f"vmpl-{vmpl}", vcek, {"vmpl": vmpl}, policy={"vmpl_max": vmpl - 1})
        for vmpl in (4, snp.HOST_VMPL, 0x80000000):
            self.bad("vmpl", f"vmpl-{vmpl:x}", vcek, {"vmpl": vmpl}, policy={"vmpl_max": 3})
        both = {"author_key_en": True, "author_key_digest": b"\xa0" * 48, "id_key_digest": b"\x1d" * 48}
        for name, (field, size) in GOLDEN.items():
            value = bytes([size, *range(1, size)])
            fields, word = {**both, field: value}, name.replace("_", "-")
            self.good(word, vcek, fields, policy={name: ["00" * size, value.hex()]})
            for wrong, other in (("first-bit", bytes([value[0] ^ 0x80]) + value[1:]), ("last-bit", value[:-1] + bytes([value[-1] ^ 1]))):
                self.bad(name, f"{word}-{wrong}", vcek, fields, policy={name: [other.hex()]})
        self.bad("id_key", "id-key-none", vcek, policy={"id_key": ["1d" * 48]})
        self.bad("author_key", "author-key-none", vcek, {"id_key_digest": b"\x1d" * 48}, policy={"author_key": ["a0" * 48]})
        self.under_a_key(vcek, both)
        self.good("report-id", vcek, policy={"report_id": [bytes(range(100, 132)).hex()]})
        self.bad("report_id", "report-id", vcek, policy={"report_id": ["00" * 32]})
        data = bytes(range(64))
        self.good("report-data", vcek, {"report_data": data}, options=["--report-data", data.hex()])
        for name, other in {"first": b"\1" + data[1:], "last": data[:-1] + b"\0", "tail": data[:32] + bytes(32)}.items():
            self.bad("report_data", f"report-data-{name}", vcek, {"report_data": data}, options=["--report-data", other.hex()])
        short = {"report_data": bytes(range(32)) + bytes(32)}  # the option is filled up with zeros, and all of it compared
        self.good("report-data-short", vcek, short, options=["--report-data", data[:32].hex()])
        self.bad("report_data", "report-data-prefix", vcek, {"report_data": data}, options=["--report-data", data[:32].hex()])
        self.bad("reference_value", "reference-set", vcek, policy={"reference_set": "image"})

    def under_a_key(self, vcek, both):
        """FAMILY_ID, IMAGE_ID and GUEST_SVN are the host's word unless a key that we trust signed them."""
        fields = {**both, "family_id": b"F" * 16, "image_id": b"I" * 16, "guest_svn": 7}
        for trusted in ({"id_key": ["1d" * 48]}, {"author_key": ["a0" * 48]}):
            kind = next(iter(trusted)).replace("_", "-")
            for name, good, wrong in (
                ("family_id", ["46" * 16], ["46" * 15 + "47"]),
                ("image_id", ["49" * 16], ["48" + "49" * 15]),
                ("guest_svn_min", 7, 8),
            ):
                check, word = name.removesuffix("_min"), name.removesuffix("_min").replace("_", "-")
                self.good(f"{word}-{kind}", vcek, fields, policy={**trusted, name: good})
                self.bad(check, f"{word}-{kind}", vcek, fields, policy={**trusted, name: wrong})
        for name, good in {"family_id": ["46" * 16], "image_id": ["49" * 16], "guest_svn_min": 7}.items():
            check = name.removesuffix("_min")
            self.bad(check, f"{check.replace('_', '-')}-alone", vcek, fields, policy={name: good})

    def chips(self):
        vcek, chip = self.vcek, self.vcek.chip.hex()
        self.good("chip-allowed", vcek, policy={"chip_allow": ["00" * 64, chip], "chip_deny": ["11" * 64]})
        self.bad("chip.allowed", "chip-not-allowed", vcek, policy={"chip_allow": ["00" * 63 + "01"]})
        self.bad("chip.denied", "chip-denied", vcek, policy={"chip_deny": ["11" * 64, chip]})
        turin = self.turin_vcek.chip.hex() + "00" * 56
        self.good("chip-allowed-turin", self.turin_vcek, policy={"chip_allow": [turin]})
        self.bad("chip.denied", "chip-denied-turin", self.turin_vcek, policy={"chip_deny": [turin]})
        self.bad("chip.allowed", "chip-masked", self.vlek, policy={**MASKED, "chip_allow": [chip]})

    def all(self):
        for make in (self.every_kind, self.every_field, self.good_ones, self.structure, self.tcb, self.guest_policy):
            make()
        self.guest_identity()
        self.chips()


def all_cases(folder):
    import gen_azure
    import gen_snp_trust

    reports = Reports(folder)
    reports.all()
    gen_snp_trust.Trust(folder, reports.worlds).all()
    gen_azure.Azure(folder, reports.worlds).all()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    all_cases(sys.argv[1])
