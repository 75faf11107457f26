# SPDX-License-Identifier: Apache-2.0
"""Vectors of `countersign verify azure-tdx`: HCL report, TD quote, runtime claims and the vTPM's quote, each link between them wrong in one thing."""
import hashlib
import json

from gen_tdx import DEBUG, SEPT_VE_DISABLE, Maker, tdx
from harness import azure, azure_td

NONCE = bytes(range(32))
BOOT = (0, 1, 2, 3, 4, 5, 6, 7)


class AzureTds(Maker):
    def __init__(self, folder, world):
        super().__init__(folder, world)
        self.vm = azure_td.AzureTd(self.machine)
        self.claims = self.vm.claims_bytes()

    def azure(self, name, verdict="accept", failed=(), **how):
        """how: hcl, td (the TD quote), quote (message, signature), pcrs, files (collateral), nonce (None: not asked), and as Maker.common()."""
        vm = self.vm
        message, signature = how["quote"] if "quote" in how else vm.quote(NONCE)
        files = {
            "hcl.bin": how["hcl"] if "hcl" in how else vm.hcl(),
            "td-quote.bin": how["td"] if "td" in how else vm.td_quote().bytes(),
            "quote.msg": message,
            "quote.sig": signature,
            "pcrs.bin": how.get("pcrs", vm.pcr_bytes()),
            **{f"collateral/{file}": data for file, data in how.get("files", self.honest).items()},
        }
        args = ["azure-tdx", "--hcl", "hcl.bin", "--td-quote", "td-quote.bin", "--collateral", "collateral", "--quote", "quote.msg"]
        args += ["--signature", "quote.sig", "--pcrs", "pcrs.bin"]
        nonce = how.get("nonce", NONCE)
        args += ["--nonce", nonce.hex()] if nonce is not None else []
        self.case(f"azure-{name}", args + self.common(how, files, "azure-tdx"), files, verdict, failed, **self.said(how))

    def bad(self, check, name, verdict="reject", **how):
        self.azure(f"bad-{name}", verdict, [check], **how)

    def td(self, **fields):
        return self.vm.td_quote(**fields).bytes()

    def good(self):
        vm = self.vm
        self.azure("good")
        self.azure("good-no-nonce", nonce=None)
        self.azure("good-v5", td=self.td(version=5))
        self.azure("good-tail", td=self.td(tail=bytes(300)))
        self.azure("good-no-padding", hcl=vm.hcl(size=0))
        self.azure("good-header-2", hcl=vm.hcl(header_version=2))
        message = vm.attest(NONCE)
        self.azure("good-tpmt-signature", quote=(message, vm.tpmt_signature(message)))
        self.azure("good-boot-pcrs", quote=vm.quote(NONCE, BOOT), options=["--select", "sha256:0,1,2,3,4,5,6,7"])
        spaced = json.dumps(vm.claims(), indent=1).encode()
        self.azure("good-claims-spaced", hcl=vm.hcl(claims=spaced), td=vm.td_quote(spaced).bytes())
        golden = {"mrtd": [bytes(range(48)).hex()], "rtmr0": ["zero"]}
        self.azure("good-measurement", policy=golden)

    # ---- claims and the quote over them

    def links(self):
        """The TD quote vouches for the claims; what stands in the HCL blob's own report is signed for nobody."""
        vm, text = self.vm, self.claims.decode()
        digest = hashlib.sha256(self.claims).digest()
        other = vm.claims_bytes(**{"user-data": "11" * 64})
        for name, data in {
            "other": hashlib.sha256(other).digest() + bytes(32),
            "zero": bytes(64),
            "nonce": NONCE + bytes(32),
            "tail": digest + bytes(31) + b"\1",
            "last-bit": digest[:-1] + bytes([digest[-1] ^ 1]) + bytes(32),
        }.items():
            self.bad("claims.hash", f"report-data-{name}", td=self.td(report_data=data))
        for name, claims in {
            "white-space": text.replace(",", ", ", 1).encode(),
            "order": json.dumps(vm.claims(keys=list(reversed(vm.claims()["keys"]))), separators=(",", ":")).encode(),
            "other": other,
        }.items():
            self.bad("claims.hash", f"claims-{name}", hcl=vm.hcl(claims=claims))
        lying = vm.report(other)  # agrees with other claims, while the signed quote does not
        self.bad("claims.hash", "claims-of-the-blob", hcl=vm.hcl(claims=other, report=lying))
        self.azure("good-report-in-blob-unread", hcl=vm.hcl(report=vm.report(self.claims, mrtd=b"\1" * 48)))
        stranger = azure_td.AzureTd(self.machine, name="stranger")
        self.bad("quote.signature", "stranger-quotes", quote=stranger.quote(NONCE))
        theirs = stranger.claims_bytes()
        self.bad("claims.hash", "stranger-in-claims", hcl=vm.hcl(claims=theirs), quote=stranger.quote(NONCE), pcrs=stranger.pcr_bytes())

    def blobs(self):
        vm = self.vm
        whole = vm.hcl(size=0)
        for name, blob in {"magic": vm.hcl(magic=b"HCLB"), "cut": whole[:-1], "header": whole[:32], "tail": vm.hcl(tail=b"\0\1")}.items():
            self.bad("hcl.malformed", f"hcl-{name}", "malformed", hcl=blob)
        self.bad("hcl.type", "hcl-snp", hcl=vm.hcl(report_type=azure.SNP))
        self.bad("hcl.type", "hcl-type-0", hcl=vm.hcl(report_type=0))
        self.bad("hcl.type", "hcl-hash", hcl=vm.hcl(hash_type=2))
        ak, ek = vm.claims()["keys"]
        twice = self.claims.replace(b'{"keys":', b'{"keys":[],"keys":', 1)
        self.bad("claims.malformed", "claims-twice", "malformed", hcl=vm.hcl(claims=twice), td=vm.td_quote(twice).bytes())
        for name, keys in {"no-ak": [ek], "two-aks": [ak, ak, ek], "exponent": [{**ak, "e": azure.b64u(3)}, ek]}.items():
            claims = vm.claims_bytes(keys=keys)
            self.bad("claims.ak", f"claims-{name}", hcl=vm.hcl(claims=claims), td=vm.td_quote(claims).bytes())

    # ---- the TD quote

    def quotes(self):
        world, machine = self.world, self.machine
        good = self.td()
        self.bad("tdquote.malformed", "td-cut", "malformed", td=good[:-1])
        self.bad("tdquote.version", "td-version", td=self.td(version=3))
        self.bad("tdquote.signature", "td-signer", td=self.td(signer=world.private("stranger")))
        self.bad("qe.signature", "td-qe-signer", td=self.td(qe_signer=world.private("stranger")))
        self.bad("td.debug", "td-debug", td=self.td(td_attributes=DEBUG | SEPT_VE_DISABLE))
        self.bad("td.attributes", "td-sept-ve", td=self.td(td_attributes=0))
        self.azure("good-sept-ve", td=self.td(td_attributes=0), policy={"td_attributes": {"require": []}})
        self.bad("mrtd", "mrtd", policy={"mrtd": ["11" * 48]})
        rogue = tdx.IntelWorld(world.at, "rogue")
        fake = azure_td.AzureTd(rogue.machine())
        self.bad("pck.root", "td-of-another-root", td=fake.td_quote(self.claims).bytes(), files={**self.honest, "pck_crl.der": rogue.crl("platform")})
        out = world.collateral(machine, tcb={"tcbLevels": [tdx.level(tdx.LOWER, 0, tdx.LOWER, "OutOfDate", tdx.OLD)]})
        said = {"tcb": {"status": "OutOfDate"}}
        self.bad("tcb.status", "td-out-of-date", files=out, **said)
        self.azure("good-out-of-date", files=out, policy={"tcb_status": ["UpToDate", "OutOfDate"]}, **said)
        self.bad("pck_crl.missing", "td-no-crl", "unable", files=world.collateral(machine, pck_crl=None))

    # ---- the vTPM's quote

    def vtpm(self):
        vm = self.vm

        def bent(nonce=NONCE, indexes=None, **bend):
            message = vm.attest(nonce, indexes, **bend)
            return message, vm.sign(message)

        for name, nonce in {"other": b"\1" * 32, "longer": NONCE + b"\0", "shorter": NONCE[:-1], "empty": b""}.items():
            self.bad("quote.nonce", f"nonce-{name}", quote=bent(nonce))
        self.bad("quote.magic", "magic", quote=bent(magic=0xFF544346))
        self.bad("quote.type", "type", quote=bent(kind=0x8017))
        message, signature = vm.quote(NONCE)
        self.bad("quote.malformed", "quote-cut", "malformed", quote=(message[:-1], signature))
        self.bad("quote.signature", "quote-flipped", quote=(message[:60] + bytes([message[60] ^ 1]) + message[61:], signature))
        asked = ["--select", "sha256:0,1,2,3,4,5,6,7"]
        self.bad("quote.selection", "select-less", quote=vm.quote(NONCE, (0, 1, 2)), options=asked)
        values = vm.pcr_bytes()
        self.bad("quote.pcrdigest", "pcr-order", pcrs=values[32:64] + values[:32] + values[64:])
        self.bad("pcrs.malformed", "pcr-short", "malformed", pcrs=values[:-1])
        first = vm.pcr[7].hex()
        some = vm.quote(NONCE, (0, 7))
        self.azure("good-pcr-values", quote=some, policy={"pcrs": "sha256:0,7", "values": {"sha256:7": [first]}})
        self.bad("pcr.values", "pcr-values", quote=some, policy={"pcrs": "sha256:0,7", "values": {"sha256:7": ["00" * 32]}})

    def all(self):
        for make in (self.good, self.links, self.blobs, self.quotes, self.vtpm):
            make()
