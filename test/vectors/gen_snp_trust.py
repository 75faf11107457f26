# SPDX-License-Identifier: Apache-2.0
"""Vectors of the SNP trust rows: VCEK and VLEK certificates, their chain, CRLs and certificate tables, each wrong in one thing."""
import base64
import os

from cryptography.hazmat.primitives.asymmetric import ec

from gen import AT
from gen_snp import LOOSE, MASKED, Maker, snp
from harness import der

SECOND = snp.datetime.timedelta(seconds=1)
STEPS = {"Milan": ("bootloader", "tee", "snp", "microcode"), "Turin": ("fmc", "bootloader", "tee", "snp", "microcode")}


def text(when):
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def pem_crl(crl):
    return b"-----BEGIN X509 CRL-----\n" + base64.encodebytes(crl) + b"-----END X509 CRL-----\n"


class Trust(Maker):
    def __init__(self, folder, worlds):
        super().__init__(folder, worlds)
        self.vcek, self.vlek = self.milan.vcek(), self.milan.vlek()
        self.turin_vcek = self.turin.vcek()
        self.raw = self.vcek.report().signed(self.vcek)

    def leaf(self, check, name, verdict="reject", world=None, kind=snp.VCEK, **bend):
        """An honest report by a key whose certificate is bent.  check None: it is good all the same."""
        world = world or self.milan
        how = {word: bend.pop(word) for word in ("policy", "at", "roots", "options") if word in bend}
        policy = {**(MASKED if kind == snp.VLEK else {}), **how.pop("policy", {})}
        vek = world.vlek(**bend) if kind == snp.VLEK else world.vcek(**bend)
        raw = vek.report().signed(vek)
        label = f"good-{name}" if check is None else f"bad-{name}"
        self.report(label, raw, vek, "accept" if check is None else verdict, [check] if check else [], policy=policy, **how)

    def cert(self, check, name, data, verdict="malformed"):
        self.report(f"bad-{name}", self.raw, data, verdict, [check])

    # ---- the certificate itself

    def malformed(self):
        good = self.vcek.der
        self.report("bad-vek-missing", self.raw, None, "unable", ["vek.missing"])
        for name, data in {
            "truncated": good[:-1],
            "trailing": good + b"\0",
            "long-length": b"\x30\x83\0" + good[2:],
            "no-certificate": b"\x30\0",
            "pem-damaged": self.vcek.pem.replace(b"\n", b"\n!", 1),
            "pem-twice": self.vcek.pem * 2,
            "pem-unended": self.vcek.pem[:-10],
        }.items():
            self.cert("vek.malformed", f"vek-{name}", data)
        other = snp.spki(ec.generate_private_key(ec.SECP256R1()).public_key())
        self.leaf("vek.malformed", "vek-p256", spki=other)
        self.leaf("vek.malformed", "vek-rsa", spki=snp.spki(self.milan.private("ask").public_key()))
        point = bytearray(snp.spki(self.vcek.private.public_key()))
        point[-1] ^= 1
        self.leaf("vek.malformed", "vek-off-curve", spki=bytes(point))
        infinity = der.sequence(bytes(point[2:-100]), der.bits(b"\0"))
        self.leaf("vek.malformed", "vek-infinity", "malformed", spki=infinity)
        self.leaf("vek.malformed", "vek-v1", "malformed", version=0)
        self.leaf("vek.malformed", "vek-v2", "malformed", version=1)
        self.leaf("vek.malformed", "vek-time-without-seconds", "malformed", since=der.tlv(der.UTC_TIME, b"2605010000Z"))
        self.leaf("vek.malformed", "vek-two-algorithms", "malformed", outer=snp.NEW_PSS)

    def extensions(self):
        for world, kind in ((self.milan, snp.VCEK), (self.turin, snp.VCEK), (self.genoa, snp.VLEK)):
            product = f"{world.product.lower()}-{'vlek' if kind else 'vcek'}"
            for name in world.leaf_values(kind, snp.Tcb(), bytes(8)):
                word = f"{product}-{name.lower().replace('_', '-')}"
                self.leaf("vek.extensions", f"dropped-{word}", world=world, kind=kind, drop=[name])
                self.leaf("vek.extensions", f"twice-{word}", world=world, kind=kind, twice=[name])
        for name, value in {
            "256": der.integer(256),
            "negative": b"\x02\x01\xd9",
            "not-minimal": b"\x02\x02\0\x18",
            "trailing": b"\x02\x01\x18\0",
            "empty": b"\x02\0",
            "octets": der.octets(b"\x18"),
            "no-der": b"\x18",
        }.items():
            self.leaf("vek.extensions", f"snpspl-{name}", values={"snpSPL": value})
        for name, value in {"utf8": der.tlv(der.UTF8, b"Milan-B0"), "bare": b"Milan-B0", "trailing": b"\x16\5Milan\0"}.items():
            self.leaf("vek.extensions", f"productname-{name}", values={"productName": value})
        self.leaf("vek.extensions", "csp-utf8", kind=snp.VLEK, values={"CSP_ID": der.tlv(der.UTF8, snp.CSP.encode())})
        for size in (0, 8, 63, 65, 67):
            self.leaf("vek.extensions", f"hwid-{size}-bytes", values={"hwID": bytes([7]) * size})
        self.leaf("vek.extensions", "hwid-wrapped-wrongly", values={"hwID": b"\x02\x40" + bytes(64)})
        self.leaf("vek.extensions", "hwid-64-bytes-turin", world=self.turin, values={"hwID": os.urandom(64)})
        for word, name, world in (("fmc", "3.9", self.milan), ("spl4", "3.4", self.turin), ("unknown", "3.10", self.genoa), ("arc", "6", self.milan)):
            one = der.extension(snp.OID_ARC + name, der.integer(0))
            self.leaf("vek.extensions", f"more-{word}-{world.product.lower()}", world=world, more=[one])
        self.leaf("vek.extensions", "usage-cert-sign", more=[der.extension("2.5.29.15", der.bits(b"\x04", 2), critical=True)])
        self.leaf(None, "usage-signature", more=[der.extension("2.5.29.15", der.bits(b"\x80", 7), critical=True)])
        self.leaf("vek.extensions", "no-extensions", drop=list(self.vcek_values()))
        self.leaf("vek.extensions", "unknown-critical", more=[der.extension("1.3.6.1.4.1.3704.1.99", der.integer(1), critical=True)])

    def vcek_values(self):
        return self.milan.leaf_values(snp.VCEK, snp.Tcb(), bytes(64))

    def hwid(self):
        for product, world in self.worlds.items():
            chip = os.urandom(world.facts.chip_len)
            self.leaf(None, f"hwid-wrapped-{product.lower()}", world=world, chip=chip, values={"hwID": der.octets(chip)})
            for first in (b"\x04", b"\x02"):
                chip = first + bytes([world.facts.chip_len - 2]) + os.urandom(world.facts.chip_len - 2)
                self.leaf(None, f"hwid-raw-{first.hex()}-{product.lower()}", world=world, chip=chip)
        chip = self.vcek.chip
        for name, other in {"first": bytes([chip[0] ^ 1]) + chip[1:], "last": chip[:-1] + bytes([chip[-1] ^ 1])}.items():
            self.bad("vek.hwid", f"hwid-{name}", self.vcek, {"chip_id": other})
        self.bad("vek.hwid", "hwid-masked", self.vcek, {"chip_id": bytes(64)}, policy=MASKED)
        self.leaf("vek.hwid", "hwid-zero", chip=bytes(64), policy=MASKED)
        self.bad("vek.hwid", "hwid-vlek-masked", self.vlek)
        turin = self.turin_vcek.chip
        self.bad("vek.hwid", "hwid-turin-tail", self.turin_vcek, {"chip_id": turin + bytes(55) + b"\1"})
        self.bad("vek.hwid", "hwid-turin-ninth", self.turin_vcek, {"chip_id": turin + b"\1"})
        self.bad("vek.hwid", "hwid-turin", self.turin_vcek, {"chip_id": turin[:7] + bytes([turin[7] ^ 1])})

    def tcb(self):
        """What the key was made for is what the report says, component by component."""
        for vek in (self.vcek, self.turin_vcek):
            for part in STEPS[vek.product]:
                word = f"{vek.product.lower()}-{part}"
                low = vek.tcb.with_(**{part: getattr(vek.tcb, part) - 1})
                self.bad("vek.tcb", f"tcb-rolled-back-{word}", vek, {"reported_tcb": low}, policy=LOOSE)
                high = vek.tcb.with_(**{part: getattr(vek.tcb, part) + 1})
                names = ("reported_tcb", "current_tcb", "committed_tcb", "launch_tcb")
                self.bad("vek.tcb", f"tcb-forged-{word}", vek, dict.fromkeys(names, high))
        self.leaf("vek.tcb", "tcb-one-octet", tcb=snp.Tcb(microcode=0xD9), values={"ucodeSPL": der.integer(0x59)})
        self.leaf("vek.tcb", "spl5", values={"spl5": der.integer(1)})
        self.leaf("vek.tcb", "spl4", values={"spl4": der.integer(1)})
        self.leaf("vek.tcb", "spl7-turin", world=self.turin, values={"spl7": der.integer(1)})

    # ---- who it is and who says so

    def kinds(self):
        milan = self.milan
        self.bad("vek.kind", "vlek-report-vcek", self.vcek, {"signing_key": snp.VLEK})
        self.bad("vek.kind", "vcek-report-vlek", self.milan.vlek(chip=os.urandom(64)), {"signing_key": snp.VCEK})
        self.leaf("vek.kind", "vcek-called-vlek", subject=snp.amd_name("SEV-VLEK"))
        self.leaf("vek.kind", "vcek-called-vcek2", subject=snp.amd_name("VCEK"))
        self.leaf("vek.kind", "vcek-of-acme", subject=snp.amd_name("SEV-VCEK", "Acme"))
        authority = der.extension("2.5.29.19", der.sequence(der.boolean(True)), critical=True)
        self.leaf("chain.intermediate", "vcek-as-ca", more=[authority])
        self.report("bad-ark-as-vek", self.raw, milan.ark, "reject", ["chain.intermediate"])
        self.report("bad-ask-as-vek", self.raw, milan.ask, "reject", ["vek.kind", "vek.tcb", "vek.hwid"])
        self.leaf("vek.kind", "vlek-called-vcek", kind=snp.VLEK, subject=snp.amd_name("SEV-VCEK"))
        csp = der.extension(snp.OID_ARC + "5", der.tlv(der.IA5, snp.CSP.encode()))
        self.leaf("vek.kind", "vcek-with-csp", more=[csp])
        hwid = der.extension(snp.OID_ARC + "4", bytes(range(64)))
        self.leaf("vek.kind", "vlek-with-hwid", kind=snp.VLEK, more=[hwid])
        by_ask = {"issuer": snp.amd_name("SEV-Milan"), "signer": milan.private("ask")}
        vlek = milan.vlek(**by_ask)  # an ASK's certificates have a hwID
        self.report("bad-vlek-by-ask", vlek.report().signed(vlek), vlek, "reject", ["vek.kind", "vek.hwid"], policy=MASKED)
        by_asvk = {"issuer": snp.amd_name("SEV-VLEK-Milan"), "signer": milan.private("asvk")}
        self.leaf("vek.kind", "vcek-by-asvk", **by_asvk)

    def products(self):
        for name, value in {"other": b"Genoa", "longer": b"Milan2", "shorter": b"Mila", "empty": b"", "case": b"milan-B0"}.items():
            self.leaf("vek.product", f"product-name-{name}", values={"productName": der.tlv(der.IA5, value)})
        self.leaf(None, "product-name-stepping", values={"productName": der.tlv(der.IA5, b"Milan-B1")})
        self.leaf("vek.product", "struct-version", values={"structVersion": der.integer(2)})
        self.bad("product", "product-not-allowed", self.vcek, policy={"product": ["Genoa", "Turin"]})
        for name, cpuid in {"venice": (0x1A, 0x50, 0), "milan-next": (0x19, 0x20, 0), "rome": (0x17, 0x31, 0), "zero": (0, 0, 0)}.items():
            self.bad("product", f"cpuid-{name}", self.vcek, {"cpuid": cpuid})
        self.bad("vek.product", "cpuid-genoa", self.vcek, {"cpuid": (0x19, 0x11, 1)})
        v2 = self.vcek.report(version=2).signed(self.vcek)
        self.report("bad-v2-product-not-allowed", v2, self.vcek, "reject", ["product"], policy={"product": ["Genoa"]})
        self.report("bad-v2-product-option", v2, self.vcek, "reject", ["vek.product"], options=["--product", "Genoa"])
        self.bad("vek.csp_id", "csp-of-vcek", self.vcek, policy={"csp_id": [snp.CSP]})
        self.bad("vek.csp_id", "csp-not-allowed", self.vlek, policy={**MASKED, "csp_id": [snp.CSP[:-1], snp.CSP + "m", "CN=other"]})

    def issuers(self):
        self.leaf("vek.issuer", "issuer-organization", issuer=snp.amd_name("SEV-Milan", "Advanced Micro Device"))
        self.leaf("vek.issuer", "issuer-only-cn", issuer=der.name(("2.5.4.3", der.UTF8, "SEV-Milan")))
        body = snp.amd_name("SEV-Milan")[2:]
        again = der.name(("2.5.4.3", der.UTF8, "SEV-Milan"))[2:]
        self.leaf("vek.issuer", "issuer-cn-twice", issuer=der.sequence(body, again))
        for name, scheme in {
            "pkcs1": snp.Pkcs1(),
            "sha256": snp.Pss("sha256", "sha256", 32),
            "mgf-sha256": snp.Pss("sha384", "sha256", 48),
            "salt-32": snp.Pss(salt=32),
            "salt-0": snp.Pss(salt=0),
            "sha512": snp.Pss("sha512", "sha512", 64),
        }.items():
            self.leaf("vek.algorithm", f"vek-{name}", scheme=scheme)
        self.leaf("vek.algorithm", "vek-ecdsa", scheme=snp.Ecdsa(), signer=ec.generate_private_key(ec.SECP384R1()))
        self.leaf("chain.signature", "vek-salt-lied", scheme=Lying(snp.OLD_PSS, snp.Pss(salt=32)))
        self.leaf("chain.signature", "vek-mgf-lied", scheme=Lying(snp.OLD_PSS, snp.Pss(mgf="sha256")))
        self.leaf("chain.signature", "vek-pkcs1-lied", scheme=Lying(snp.OLD_PSS, snp.Pkcs1()))
        for name, kind in {"by-ark": "ark", "by-asvk": "asvk"}.items():
            self.leaf("chain.signature", f"vek-{name}", signer=self.milan.private(kind))
        self.leaf("chain.signature", "vek-of-another-amd", signer=snp.rsa_key("ask-other"))
        self.leaf("chain.signature", "vek-by-genoa", signer=self.genoa.private("ask"))
        for at in (1, 200, 512):
            flipped = bytearray(self.vcek.der)
            flipped[-at] ^= 1
            self.report(f"bad-vek-flipped-{at}", self.raw, bytes(flipped), "reject", ["chain.signature"])
        self.bad("report.signature", "report-other-key", self.vcek, raw=self.vcek.report().signed(self.milan.vcek()))

    def roots(self):
        others = {**self.genoa.roots(), **self.turin.roots()}
        self.report("bad-product-without-root", self.raw, self.vcek, "reject", ["chain.root"], roots=others)
        no_ask, no_asvk = self.milan.roots(ask=None), self.milan.roots(asvk=None)
        self.report("bad-no-ask", self.raw, self.vcek, "reject", ["chain.intermediate"], roots=no_ask)
        self.report("good-no-asvk", self.raw, self.vcek, roots=no_asvk)
        vlek = self.vlek.report().signed(self.vlek)
        self.report("bad-no-asvk", vlek, self.vlek, "reject", ["chain.intermediate"], roots=no_asvk, policy=MASKED)
        world = snp.AmdWorld("Milan", AT, keys="-other")
        self.report("bad-other-roots", self.raw, self.vcek, "reject", ["chain.signature"], roots=world.roots())
        evil = world.vcek()
        table = snp.cert_table([(snp.GUID_VCEK, evil.der), (snp.GUID_ASK, world.ask), (snp.GUID_ARK, world.ark)])
        raw = evil.report().signed(evil)
        self.report("bad-root-in-evidence", raw, None, "reject", ["chain.signature"], table=table)
        self.unreadable(world)

    def unreadable(self, world):
        """What an operator gives as trust must hold, or nothing is judged."""
        milan = self.milan
        private = milan.private("ask").public_key()
        for name, roots in {
            "ask-by-another-ark": milan.roots(ask=world.ask),
            "ark-not-self-signed": milan.roots(ark=milan.ca("ark", signer=milan.private("ask"))),
            "ask-not-ca": milan.roots(ask=milan.ca("ask", extensions=milan.ca_extensions("ask", private, ca=False, pathlen=None))),
            "ask-usage": milan.roots(ask=milan.ca("ask", extensions=milan.ca_extensions("ask", private, usage=der.bits(b"\x02", 1)))),
            "ask-named-asvk": milan.roots(ask=milan.asvk),
            "ask-of-genoa": milan.roots(ask=self.genoa.ask),
            "ark-of-genoa": milan.roots(ark=self.genoa.ark),
            "ask-pkcs1": milan.roots(ask=milan.ca("ask", scheme=snp.Pkcs1())),
        }.items():
            self.report(f"bad-roots-{name}", self.raw, self.vcek, "unable", ["input.unreadable"], roots=roots)

    def times(self):
        vek, until = self.vcek, AT + 7 * snp.YEAR - 30 * snp.DAY
        self.report("good-last-second", self.raw, vek, at=text(until))
        self.report("bad-expired", self.raw, vek, "reject", ["vek.validity"], at=text(until + SECOND))
        since = AT - 30 * snp.DAY
        self.report("good-first-second", self.raw, vek, at=text(since))
        self.report("bad-not-yet", self.raw, vek, "reject", ["vek.validity"], at=text(since - SECOND))
        self.bad("vek.validity", "vlek-after-a-year", self.vlek, at=text(AT + snp.YEAR), policy=MASKED)
        for kind in ("ark", "ask"):
            for name, window in {"expired": {"until": AT - snp.DAY}, "not-yet": {"since": AT + snp.DAY}}.items():
                roots = self.milan.roots(**{kind: self.milan.ca(kind, **window)})
                self.report(f"bad-{kind}-{name}", self.raw, vek, "reject", ["vek.validity"], roots=roots)

    # ---- revocation

    def crls(self):
        milan, raw, vek = self.milan, self.raw, self.vcek
        require, off = {"crl": "require"}, {"crl": "off"}
        until = {"valid_until": text(AT + 355 * snp.DAY), "claims": {"crl_checked": True}}
        self.report("good-crl", raw, vek, crl=milan.crl(), policy=require, **until)
        self.report("good-crl-new-pss", raw, vek, crl=milan.crl(scheme=snp.NEW_PSS), policy=require)
        self.report("good-crl-pem", raw, vek, crl=pem_crl(milan.crl()), policy=require)
        self.report("good-crl-others-revoked", raw, vek, crl=milan.crl([0x10000, 0x10101, 0x1000, 0x100, 1]))
        self.report("bad-crl-missing", raw, vek, "unable", ["crl.missing"], policy=require)
        revoked = milan.crl([5, 0x10001])
        self.report("bad-crl-revoked", raw, vek, "reject", ["crl.revoked"], crl=revoked)
        until = {"valid_until": text(AT + 7 * snp.YEAR - 30 * snp.DAY), "claims": {"crl_checked": False}}
        self.report("good-crl-off", raw, vek, crl=revoked, policy=off, **until)
        vlek = self.vlek.report().signed(self.vlek)
        self.report("bad-crl-revoked-asvk", vlek, self.vlek, "reject", ["crl.revoked"], crl=milan.crl([0x10101]), policy=MASKED)
        self.report("good-crl-ask-not-asvk", vlek, self.vlek, crl=revoked, policy=MASKED)
        other = milan.roots(ask=milan.ca("ask", serial=0x10003))
        self.report("bad-crl-revoked-given-ask", raw, vek, "reject", ["crl.revoked"], crl=milan.crl([0x10003]), roots=other)
        for name, bend in {
            "past": {"until": AT - SECOND},
            "future": {"since": AT + SECOND},
        }.items():
            self.report(f"bad-crl-{name}", raw, vek, "unable", ["crl.stale"], crl=milan.crl(**bend))
        self.report("good-crl-last-second", raw, vek, crl=milan.crl(until=AT))
        self.bad_crls()

    def bad_crls(self):
        milan, unknown = self.milan, der.extension("1.2.3.4", der.integer(1), critical=True)
        entry = der.sequence(unknown)
        for name, crl in {
            "no-next-update": milan.crl(until=None),
            "v1": milan.crl(version=0),
            "critical": milan.crl(extensions=[unknown]),
            "entry-critical": milan.crl([5], entry=entry),
            "extension-twice": milan.crl(extensions=[der.extension("2.5.29.20", der.integer(2))] * 2),
            "truncated": milan.crl()[:-1],
            "trailing": milan.crl() + b"\0",
            "two-algorithms": milan.crl(outer=snp.NEW_PSS),
            "certificate": milan.ark,
            "delta": milan.crl(extensions=[der.extension("2.5.29.27", der.integer(1), critical=True)]),
            "distribution-point": milan.crl(extensions=[der.extension("2.5.29.28", der.sequence(), critical=True)]),
            "times-swapped": milan.crl(since=AT, until=AT - snp.DAY),
        }.items():
            self.report(f"bad-crl-{name}", self.raw, self.vcek, "malformed", ["crl.malformed"], crl=crl)
        good = milan.crl()
        for name, crl in {
            "other-signer": milan.crl(signer=snp.rsa_key("ask-other")),
            "by-ask": milan.crl(signer=milan.private("ask")),
            "other-issuer": milan.crl(issuer=snp.amd_name("SEV-Milan")),
            "of-genoa": self.genoa.crl(),
            "pkcs1": milan.crl(scheme=snp.Pkcs1()),
            "salt-32": milan.crl(scheme=snp.Pss(salt=32)),
            "flipped": good[:-1] + bytes([good[-1] ^ 1]),
            "forged-and-stale": milan.crl(signer=milan.private("ask"), until=AT - snp.DAY),
        }.items():
            self.report(f"bad-crl-{name}", self.raw, self.vcek, "reject", ["crl.signature"], crl=crl)

    # ---- the certificate table

    def tables(self):
        vek, raw, pem = self.vcek, self.raw, snp.pem(self.vcek.der)
        chain = [(snp.GUID_ARK, self.milan.ark), (snp.GUID_ASK, self.milan.ask)]
        one = [(snp.GUID_VCEK, vek.der)]
        other = self.milan.vcek().der
        for name, table in {
            "vcek": snp.cert_table(one),
            "chain": snp.cert_table([*chain, *one]),
            "pem": snp.cert_table([(snp.GUID_VCEK, pem), *[(g, snp.pem(c)) for g, c in chain]]),
            "padded": snp.cert_table(one, pad=2784),
            "at-64k": snp.cert_table(one, pad=65536 - 48 - len(vek.der)),
            "page": snp.cert_table(one, pad=16384 - 48 - len(vek.der)),
            "unknown": snp.cert_table([(snp.GUID_GOOGLE, b"info"), (b"\7" * 16, b""), *one]),
            "crl": snp.cert_table([*one, (snp.GUID_CRL, self.milan.crl([0x10001]))]),
            "foreign-chain": snp.cert_table([(snp.GUID_ARK, self.genoa.ark), (snp.GUID_ASK, b"no certificate"), *one]),
        }.items():
            self.report(f"good-table-{name}", raw, None, table=table)
        vlek = self.vlek
        for name, order in (("vcek-first", 1), ("vlek-first", -1)):
            both = snp.cert_table([(snp.GUID_VCEK, self.vcek.der), (snp.GUID_VLEK, vlek.der)][::order])
            self.report(f"good-table-both-{name}", raw, None, table=snp.cert_table([(snp.GUID_VCEK, vek.der), (snp.GUID_VLEK, vlek.der)][::order]))
            self.report(f"good-table-both-{name}-by-vlek", vlek.report().signed(vlek), None, table=both, policy=MASKED)
        self.report("good-table-vlek", vlek.report().signed(vlek), None, table=snp.cert_table([(snp.GUID_VLEK, vlek.der)]), policy=MASKED)
        self.report("good-table-beside-vek", raw, vek, table=snp.cert_table([(snp.GUID_VCEK, other)]))
        self.report("bad-table-other-vek", raw, None, "reject", ["vek.hwid", "report.signature"], table=snp.cert_table([(snp.GUID_VCEK, other)]))
        for name, table in {"zeros": bytes(2784), "no-vek": snp.cert_table(chain), "empty": snp.cert_table([])}.items():
            self.report(f"bad-table-{name}", raw, None, "unable", ["vek.missing"], table=table)
        self.bad_tables(one, chain, len(vek.der))

    def bad_tables(self, one, chain, size):
        two = [*one, *chain]
        for name, table in {
            "wrap": snp.cert_table(one, places={0: (0xFFFFFFF0, 0x20)}),
            "wrap-to-start": snp.cert_table(one, places={0: (48, 0xFFFFFFFF)}),
            "beyond": snp.cert_table(one, places={0: (48, size + 1)}),
            "offset-beyond": snp.cert_table(one, places={0: (48 + size + 1, 0)}),
            "offset-far": snp.cert_table(one, places={0: (0x7FFFFFFF, size)}),
            "inside-header": snp.cert_table(one, places={0: (0, size)}),
            "inside-end": snp.cert_table(one, places={0: (47, size)}),
            "other-inside-header": snp.cert_table(two, places={1: (24, 48)}),
            "unknown-beyond": snp.cert_table([*one, (b"\7" * 16, b"x")], places={1: (72 + size, 2)}),
            "twice": snp.cert_table(one * 2),
            "chain-twice": snp.cert_table([*one, *chain, chain[0]]),
            "unended": snp.cert_table(one, ended=False)[:24],
            "half-entry": snp.cert_table(one)[:30],
            "no-length": snp.cert_table([(snp.GUID_VCEK, b"")]),
            "above-64k": snp.cert_table(one, pad=65537 - 48 - size),
            "half-first-entry": snp.cert_table(one)[:23],
        }.items():
            self.report(f"bad-table-{name}", self.raw, self.vcek, "malformed", ["cert_table"], table=table)
            self.report(f"bad-table-{name}-alone", self.raw, None, "malformed", ["cert_table", "vek.missing"], table=table)

    # ---- a certificate without a report

    def chain(self, name, vek, verdict="accept", failed=(), ask=None, crl=None, **how):
        files, args = {"vek.der": vek}, ["amd-chain", "--vek", "vek.der"]
        for option, data in (("ask", ask), ("crl", crl)):
            if data is not None:
                files[f"{option}.der"] = data
                args += [f"--{option}", f"{option}.der"]
        self.case(f"chain-{name}", args + self.common(how, files, "sev-snp"), files, verdict, failed)

    def chains(self):
        milan, genoa, vcek, vlek = self.milan, self.genoa, self.vcek.der, self.vlek.der
        self.chain("vcek", vcek)
        self.chain("vlek", vlek)
        self.chain("turin", self.turin_vcek.der)
        self.chain("with-ask", vcek, ask=milan.ask)
        self.chain("with-ask-pem", vcek, ask=snp.pem(milan.ask), crl=milan.crl())
        self.chain("ask", milan.ask, crl=milan.crl())
        self.chain("asvk", milan.asvk)
        old = genoa.ca("ask", serial=0x20001)
        self.chain("ask-revoked", old, "reject", ["crl.revoked"], crl=genoa.crl([0x20001]))
        self.chain("ask-not-revoked", genoa.ask, crl=genoa.crl([0x20001]))
        self.chain("by-revoked-ask", genoa.vcek().der, "reject", ["crl.revoked"], ask=old, crl=genoa.crl([0x20001]))
        self.chain("crl-stale", genoa.ask, "unable", ["crl.stale"], crl=genoa.crl(until=AT - snp.DAY))
        self.chain("expired", vcek, "reject", ["vek.validity"], at=text(AT + 8 * snp.YEAR))
        self.chain("flipped", vcek[:-1] + bytes([vcek[-1] ^ 1]), "reject", ["chain.signature"])
        self.chain("implausible", milan.vcek(tcb=snp.Tcb(127, 127, 127, 127)).der, "reject", ["tcb.implausible"])
        self.chain("denied", vcek, "reject", ["chip.denied"], policy={"chip_deny": [self.vcek.chip.hex()]})
        self.chain("not-allowed", vcek, "reject", ["product"], policy={"product": ["Turin"]})
        self.chain("no-extension", milan.vcek(drop=["teeSPL"]).der, "reject", ["vek.extensions"])
        world = snp.AmdWorld("Milan", AT, keys="-other")
        self.chain("other-ask", world.ask, "reject", ["chain.signature"])
        self.chain("ark", milan.ark, "reject", ["chain.intermediate"])
        self.chain("ask-of-another-amd", world.vcek().der, "reject", ["chain.intermediate"], ask=world.ask)

    def all(self):
        for make in (self.malformed, self.extensions, self.hwid, self.tcb, self.kinds, self.products, self.issuers):
            make()
        for make in (self.roots, self.times, self.crls, self.tables, self.chains):
            make()


class Lying:
    """Says one algorithm and signs by another."""

    def __init__(self, says, does):
        self.says, self.does = says, does

    def der(self):
        return self.says.der()

    def sign(self, private, data):
        return self.does.sign(private, data)
