# SPDX-License-Identifier: Apache-2.0
"""Vectors of `countersign verify azure-sev-snp`: the paravisor's report, its claims and the vTPM's quote, each wrong in one thing."""
import json
import struct

import softtpm as tpm
from gen_snp import Maker, snp
from harness import azure

NONCE = bytes(range(32))
BOOT = [0, 1, 2, 3, 4, 5, 6, 7]


class Azure(Maker):
    def __init__(self, folder, worlds):
        super().__init__(folder, worlds)
        self.vm = azure.AzureVm(self.milan.vcek())
        self.key = tpm.Key(self.vm.key, 1, tpm.RSASSA)
        self.claims = self.vm.claims_bytes()

    def quote(self, select=None, **bend):
        """A quote whose every field can be bent, over the PCRs of this machine."""
        pcrs = {("sha256", i): self.vm.pcr[i] for i in range(24)}
        pcrs |= {("sha1", i): bytes(20) for i in range(24)} | {("sha384", i): bytes(48) for i in range(24)}
        fields = {"nonce": NONCE, "select": select or [("sha256", list(range(24)))], "pcrs": pcrs, **bend}
        return tpm.Quote(**fields).bytes(self.key)

    def azure(self, name, verdict="accept", failed=(), **how):
        """how: vm, hcl, msg, sig, pcrs (bytes), vek (None: none), nonce (None: not asked), and as Maker.common()."""
        vm = how.get("vm", self.vm)
        message = how["msg"] if "msg" in how else self.quote()
        files = {
            "hcl.bin": how["hcl"] if "hcl" in how else vm.hcl(),
            "quote.msg": message,
            "quote.sig": how["sig"] if "sig" in how else vm.sign(message),
            "pcrs.bin": how["pcrs"] if "pcrs" in how else self.vm.pcr_bytes(),
        }
        args = ["azure-sev-snp", "--hcl", "hcl.bin", "--quote", "quote.msg", "--signature", "quote.sig", "--pcrs", "pcrs.bin"]
        nonce, vek = how.get("nonce", NONCE), how.get("vek", vm.vek.der)
        args += ["--nonce", nonce.hex()] if nonce is not None else []
        if vek is not None:
            files["vek.der"] = vek
            args += ["--vek", "vek.der"]
        self.case(f"azure-{name}", args + self.common(how, files, "azure-sev-snp"), files, verdict, failed)

    def bad(self, check, name, verdict="reject", also=(), **how):
        self.azure(f"bad-{name}", verdict, [check, *also], **how)

    # ---- good ones

    def good(self):
        vm = self.vm
        self.azure("good")
        self.azure("good-no-nonce", nonce=None)
        for name, bend in {
            "header-1": {"header_version": 1},
            "header-2": {"header_version": 2},
            "old-size": {"size": 2048 + 1024},
            "no-padding": {"size": 0},
        }.items():
            self.azure(f"good-{name}", hcl=vm.hcl(**bend))
        message = self.quote()
        self.azure("good-tpmt-signature", msg=message, sig=vm.tpmt_signature(message))
        some = self.quote([("sha256", BOOT)])
        self.azure("good-boot-pcrs", msg=some, options=["--select", "sha256:0,1,2,3,4,5,6,7"])
        vm.user_data = NONCE + bytes(32)
        self.azure("good-user-data")
        vm.user_data = bytes(64)
        for product, world in self.worlds.items():
            for version in (2, 3, 5):
                other = azure.AzureVm(world.vcek())
                claims = other.claims_bytes()
                self.azure(f"good-{product.lower()}-v{version}", vm=other, hcl=other.hcl(report=other.report(claims, version=version)))
        self.azure("good-crl", options=["--crl", "crl.der"], extra={"crl.der": self.milan.crl()})
        spaced = json.dumps(vm.claims(), indent=1).encode()
        self.azure("good-claims-spaced", hcl=vm.hcl(claims=spaced))

    # ---- the blob

    def blobs(self):
        vm, claims = self.vm, self.claims
        whole = vm.hcl(size=0)
        for name, blob in {
            "magic": vm.hcl(magic=b"HCLB"),
            "header-0": vm.hcl(header_version=0),
            "header-3": vm.hcl(header_version=3),
            "truncated": whole[:-1],
            "header-only": whole[:32],
            "no-data": whole[:0x4C0],
            "var-size": vm.hcl(var_size=len(claims) + 4000),
            "var-size-huge": vm.hcl(var_size=0xFFFFFFFF),
            "data-size": vm.hcl(data_size=len(claims) + 21),
            "report-size": vm.hcl(report_size=0xFFFFFFFF),
            "status": vm.hcl(status=1),
            "reserved": vm.hcl(reserved=bytes(11) + b"\1"),
            "data-version": vm.hcl(data_version=2),
            "tail": vm.hcl(tail=b"\0" * 99 + b"\1"),
        }.items():
            self.bad("hcl.malformed", f"hcl-{name}", "malformed", hcl=blob)
        self.bad("hcl.type", "hcl-tdx", hcl=vm.hcl(report_type=azure.TDX))
        self.bad("hcl.type", "hcl-type-0", hcl=vm.hcl(report_type=0))
        self.bad("hcl.type", "hcl-hash", hcl=vm.hcl(hash_type=2))
        self.bad("hcl.type", "hcl-request", hcl=vm.hcl(request_type=1))

    def all_claims(self):
        vm, good = self.vm, self.vm.claims()
        ak, ek = good["keys"]
        text = self.claims.decode()
        number = vm.key.public_key().public_numbers()
        short = azure.rsa_key("azure-short", 1024).public_key()
        for name, data in {
            "no-json": b"{",
            "trailing": text.encode() + b"x",
            "not-utf8": text.replace("console-enabled", "console-\udcff").encode(errors="surrogateescape"),
            "twice": text.replace('{"keys":', '{"keys":[],"keys":', 1).encode(),
            "kid-twice": text.replace('"kid":"HCLAkPub"', '"kid":"HCLAkPub","kid":"HCLAkPub"', 1).encode(),
            "deep": text.replace('"secure-boot":true', '"secure-boot":' + "[" * 64 + "]" * 64, 1).encode(),
            "array": b"[]",
        }.items():
            self.bad("claims.malformed", f"claims-{name}", "malformed", hcl=vm.hcl(claims=data))
        for name, keys in {
            "no-ak": [ek],
            "two-aks": [ak, ak, ek],
            "no-keys": [],
            "ec": [{**ak, "kty": "EC"}, ek],
            "exponent": [{**ak, "e": azure.b64u(3)}, ek],
            "short": [azure.jwk("HCLAkPub", short, "sign"), ek],
            "even": [{**ak, "n": azure.b64u(number.n - 1)}, ek],
            "no-n": [{k: v for k, v in ak.items() if k != "n"}, ek],
        }.items():
            data = json.dumps({**good, "keys": keys}).encode()
            self.bad("claims.ak", f"claims-{name}", hcl=vm.hcl(claims=data))
        report = vm.report(self.claims)
        white = text.replace(",", ", ", 1).encode()
        self.bad("claims.hash", "claims-white-space", hcl=vm.hcl(claims=white, report=report))
        swapped = json.dumps(vm.claims(keys=[ek, ak]), separators=(",", ":")).encode()
        self.bad("claims.hash", "claims-order", hcl=vm.hcl(claims=swapped, report=report))
        half = vm.vek.report(report_data=azure.hashlib.sha256(self.claims).digest() + bytes(31) + b"\1").signed(vm.vek)
        self.bad("claims.hash", "claims-hash-tail", hcl=vm.hcl(report=half))

    # ---- the hardware report under it

    def hardware(self):
        vm, claims = self.vm, self.claims
        self.bad("vek.missing", "no-vek", "unable", vek=None)
        other = self.milan.vcek(chip=vm.vek.chip)
        self.bad("report.signature", "vek-of-another-key", vek=other.der)
        for check, name, fields in (
            ("policy.debug", "debug", {"policy": 0xB001F}),
            ("vmpl", "vmpl", {"vmpl": 1}),
            ("report.version", "version", {"version": 6}),
            ("tcb.provisional", "provisional", {"committed_version": (1, 55, 1)}),
        ):
            self.bad(check, f"report-{name}", hcl=vm.hcl(report=vm.report(claims, **fields)))
        self.bad("measurement", "measurement", policy={"measurement": ["00" * 48]})
        self.azure("good-measurement", policy={"measurement": [bytes(range(48)).hex()]})
        raw = vm.report(claims)
        self.bad("report.reserved", "unsigned", hcl=vm.hcl(report=raw[:-1] + b"\1"))

    # ---- the quote

    def quotes(self):
        vm, good = self.vm, self.quote()
        for check, name, verdict, fields in (
            ("quote.magic", "magic", "reject", {"magic": 0xFF544346}),
            ("quote.type", "type", "reject", {"type": 0x8017}),
            ("quote.nonce", "nonce", "reject", {"nonce": b"\1" * 32}),
            ("quote.nonce", "nonce-longer", "reject", {"nonce": NONCE + b"\0"}),
            ("quote.nonce", "nonce-shorter", "reject", {"nonce": NONCE[:-1]}),
            ("quote.nonce", "nonce-empty", "reject", {"nonce": b""}),
            ("quote.malformed", "safe", "malformed", {"safe": 2}),
        ):
            self.bad(check, f"quote-{name}", verdict, msg=self.quote(**fields))
        none = tpm.Quote(nonce=NONCE, select=[], raw_select=struct.pack(">I", 0)).bytes(self.key)
        self.bad("quote.selection", "quote-no-pcrs", msg=none)
        self.bad("quote.malformed", "quote-trailing", "malformed", msg=good + b"\0")
        self.bad("quote.malformed", "quote-truncated", "malformed", msg=good[:-1])
        self.bad("quote.signature", "quote-flipped", msg=good[:60] + bytes([good[60] ^ 1]) + good[61:], sig=vm.sign(good))
        stranger = azure.AzureVm(vm.vek, name="stranger")
        self.bad("quote.signature", "quote-other-ak", sig=stranger.sign(good))
        self.bad("quote.sigalg", "quote-ecdsa", sig=struct.pack(">HH", tpm.ECDSA, 0x000B) + tpm.sized(bytes(32)) * 2)
        pss = self.key.sign(good, tpm.RSAPSS)
        self.bad("quote.sigalg", "quote-pss", sig=pss)
        self.selections(good)

    def selections(self, good):
        vm = self.vm
        digest = ["quote.pcrdigest"]  # over values that the file does not have
        self.bad("pcr.weak_bank", "sha1-bank", also=digest, msg=self.quote([("sha1", BOOT)]))
        asked = ["--select", "sha256:0,1,2,3,4,5,6,7"]
        for name, chosen in {"less": [0, 1, 2], "other": [16]}.items():
            self.bad("quote.selection", f"select-{name}", msg=self.quote([("sha256", chosen)]), options=asked)
        self.bad("quote.selection", "select-bank", also=digest, msg=self.quote([("sha384", BOOT)]), options=asked)
        values = vm.pcr_bytes()
        swapped = values[32:64] + values[:32] + values[64:]
        self.bad("quote.pcrdigest", "pcr-order", pcrs=swapped)
        self.bad("quote.pcrdigest", "pcr-value", pcrs=values[:-1] + bytes([values[-1] ^ 1]))
        self.bad("pcrs.malformed", "pcr-short", "malformed", pcrs=values[:-1])
        self.bad("pcrs.malformed", "pcr-long", "malformed", pcrs=values + b"\0")

    def all(self):
        for make in (self.good, self.blobs, self.all_claims, self.hardware, self.quotes):
            make()
