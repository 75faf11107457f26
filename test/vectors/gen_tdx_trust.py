# SPDX-License-Identifier: Apache-2.0
"""Vectors of the TDX trust rows: PCK certificates and their chain, CRLs, and the signed documents, each wrong in one thing."""
import json

from cryptography.hazmat.primitives.asymmetric import ec

from gen import AT, DAY
from gen_tdx import SECOND, Maker, tdx
from harness import der
from harness.snp import pem, spki

KEY_USAGE, BASIC_CONSTRAINTS = "2.5.29.15", "2.5.29.19"


class Trust(Maker):
    def __init__(self, folder, world):
        super().__init__(folder, world)
        self.raw = self.machine.quote().bytes()

    def chain(self, check, name, *certificates, verdict="reject", **how):
        """A quote whose chain has these certificates."""
        raw = self.machine.quote(chain=self.machine.chain(*certificates)).bytes()
        self.bad(check, name, verdict=verdict, raw=raw, **how)

    def leaf(self, check, name, verdict="reject", **bend):
        """An honest quote under a PCK certificate that is bent.  check None: it is good all the same."""
        how = {word: bend.pop(word) for word in ("policy", "at", "valid_until") if word in bend}
        machine = self.world.machine(**bend)
        if check is None:
            self.quote(f"good-{name}", machine.quote().bytes(), **how)
        else:
            self.quote(f"bad-{name}", machine.quote().bytes(), None, verdict, [check], **how)

    # ---- the chain in the quote

    def lengths(self):
        world, leaf = self.world, self.machine.der
        platform, root = world.certificate["platform"], world.certificate["root"]
        for name, certificates in {
            "leaf-only": (leaf,),
            "without-root": (leaf, platform),
            "four": (leaf, leaf, platform, root),
            "root-twice": (leaf, platform, root, root),
            "reversed": (root, platform, leaf),
            "root-first": (root, leaf, platform),
            "processor-ca": (leaf, world.certificate["processor"], root),
            "tcb-signing-as-leaf": (world.certificate["signing"], platform, root),
            "signing-as-ca": (leaf, world.certificate["signing"], root),
            "root-as-leaf": (root, root, root),
        }.items():
            self.chain("pck.chain", f"chain-{name}", *certificates)
        good = self.machine.chain()
        for name, text in {
            "empty": b"",
            "no-pem": b"certificates",
            "damaged": good.replace(b"\n", b"\n!", 1),
            "unended": good[:-12],
            "junk": good[:-1] + b"junk",
            "junk-before": b"junk" + good,
            "labelled-otherwise": good.replace(b" CERTIFICATE-", b" X509 CRL-"),
            "long": good[:-1] + b"\n" * 20 + pem(b"\x30\0" * 2100),
        }.items():
            self.bad("pck.chain", f"chain-{name}", {"chain": text})

    def authorities(self):
        """Each link: who issued whom, and who may."""
        world, leaf = self.world, self.machine.der
        root, keys = world.certificate["root"], {kind: world.private(kind).public_key() for kind in ("root", "platform")}

        def platform(**bend):
            return world.ca("platform", **bend)

        def extensions(kind, **bend):
            return world.extensions(kind, keys[kind], "root", **bend)

        for name, ca in {
            "ca-false": platform(extensions=extensions("platform", constraints=der.sequence())),
            "no-basic-constraints": platform(extensions=extensions("platform")[:4]),
            "no-cert-sign": platform(extensions=extensions("platform", usage=der.bits(b"\x02", 1))),
            "no-key-usage": platform(extensions=[e for i, e in enumerate(extensions("platform")) if i != 3]),
            "critical": platform(extensions=extensions("platform", more=[der.extension("1.2.3.4", der.integer(1), critical=True)])),
            "other-signer": platform(signer=world.private("stranger")),
            "other-issuer": platform(issuer=tdx.intel_name("Intel SGX Root CB")),
            "other-name": platform(subject=tdx.intel_name("Intel SGX PCK Platform CB")),
            "sha384": platform(scheme=tdx.SHA384),
            "version-1": platform(version=0),
            "long-serial": platform(serial=1 << 167),
        }.items():
            self.chain("pck.chain", f"platform-{name}", leaf, ca, root)
        middle = world.ca("platform", subject=tdx.intel_name("Intel SGX PCK Other CA"))
        other = world.machine(issuer=tdx.intel_name("Intel SGX PCK Other CA"))
        crl = world.crl("platform", issuer=tdx.intel_name("Intel SGX PCK Other CA"))
        self.chain("pck.chain", "ca-of-another-name", other.der, middle, root, files={**self.honest, "pck_crl.der": crl})
        for name, anchor in {
            "ca-false": world.ca("root", extensions=extensions("root", constraints=der.sequence())),
            "path-0": world.ca("root", extensions=extensions("root", constraints=der.sequence(der.boolean(True), der.integer(0)))),
            "not-self-signed": world.ca("root", signer=world.private("stranger")),
            "other-name": world.ca("root", subject=tdx.intel_name("Intel SGX Root CB"), issuer=tdx.intel_name("Intel SGX Root CB")),
        }.items():
            self.chain("pck.chain", f"root-{name}", leaf, world.certificate["platform"], anchor)
        self.leaf_as_ca()

    def leaf_as_ca(self):
        """A PCK certificate cannot vouch for another."""
        world, machine = self.world, self.machine
        own = world.machine("own", signer=machine.pck, issuer=tdx.intel_name(tdx.CN["pck"]))
        raw = own.quote(chain=machine.chain(own.der, machine.der, world.certificate["root"])).bytes()
        self.bad("pck.chain", "pck-vouches", raw=raw)
        four = machine.chain(own.der, machine.der, world.certificate["platform"], world.certificate["root"])
        self.bad("pck.chain", "pck-vouches-of-four", raw=own.quote(chain=four).bytes())

    def leaves(self):
        other = ec.derive_private_key(self.world.number("p384"), ec.SECP384R1())
        two = der.name(*(("2.5.4.3", der.PRINTABLE, tdx.CN["pck"]) for _ in range(2)))
        for name, bend in {
            "other-signer": {"signer": self.world.private("processor")},
            "self-signed": {"signer": self.machine.pck},
            "other-issuer": {"issuer": tdx.intel_name(tdx.CN["processor"])},
            "other-name": {"subject": tdx.intel_name("Intel SGX PCK Certificatf")},
            "two-names": {"subject": two},
            "no-name": {"subject": der.name(("2.5.4.10", der.PRINTABLE, "Intel Corporation"))},
            "as-ca": {"constraints": der.sequence(der.boolean(True))},
            "p384": {"spki": spki(other.public_key())},
            "rsa-oid": {"scheme": tdx.Ecdsa(oid="1.2.840.113549.1.1.11")},
            "two-algorithms": {"outer": tdx.SHA384},
            "version-1": {"version": 0},
            "long-serial": {"serial": 1 << 167},
        }.items():
            self.leaf("pck.chain", f"leaf-{name}", **bend)
        machine = self.world.machine("many")
        critical = [tdx.sgx_extension(machine), der.extension("1.2.3.4", der.integer(1), critical=True)]
        self.leaf("pck.chain", "leaf-critical", extension=critical)
        self.leaf("pck.chain", "leaf-extension-twice", extension=[tdx.sgx_extension(machine)] * 2)
        self.leaf(None, "leaf-extension-more", extension=[tdx.sgx_extension(machine), der.extension("1.2.3.4", der.integer(1))])

    def validity(self):
        machine, root = self.machine, self.world.certificate["root"]
        platform = self.world.certificate["platform"]
        for name, window in {"expired": {"until": AT - SECOND}, "future": {"since": AT + SECOND}}.items():
            self.leaf("pck.validity", f"leaf-{name}", **window)
            self.chain("pck.validity", f"platform-{name}", machine.der, self.world.ca("platform", **window), root)
            self.chain("pck.validity", f"root-{name}", machine.der, platform, self.world.ca("root", **window))
        self.leaf(None, "leaf-until-now", until=AT, valid_until=tdx.text_time(AT))
        self.leaf(None, "leaf-since-now", since=AT)

    def roots(self):
        """The key is the pin: a root of the same name, even the same serial, is another root."""
        rogue = tdx.IntelWorld(AT, "rogue")
        raw = rogue.machine().quote().bytes()
        files = {**self.honest, "pck_crl.der": rogue.crl("platform")}
        self.bad("pck.root", "root-of-another", raw=raw, files=files)
        renewed = self.world.ca("root", serial=7, since=AT - DAY)
        self.quote("good-root-renewed", self.machine.quote(chain=self.machine.chain(self.machine.der, self.world.certificate["platform"], renewed)).bytes())
        failed = ["pck.root", "root_crl.signature", "tcb_info.chain", "qe_identity.chain"]
        self.quote("bad-no-roots", self.raw, None, "reject", failed, roots={"amd/readme": b"none of Intel"})
        self.quote("bad-other-roots", self.raw, None, "reject", failed, roots=rogue.roots())

    # ---- the SGX extension

    def extension(self):
        world = self.world
        items = ["ppid", "tcb", "pceid", "fmspc", "type", *(f"tcb.{i}" for i in range(1, 19))]
        for item in items:
            word = item.replace(".", "-")
            self.leaf("pck.extension", f"sgx-without-{word}", extension={"drop": [item]})
        for item in [*items, "instance", "configuration"]:
            self.leaf("pck.extension", f"sgx-twice-{item.replace('.', '-')}", extension={"twice": [item]})
        for item in ("instance", "configuration"):
            self.leaf(None, f"sgx-without-{item}", extension={"drop": [item]})
        for name, item, value in (
            ("ppid-15", "ppid", der.octets(bytes(15))),
            ("ppid-17", "ppid", der.octets(bytes(17))),
            ("fmspc-5", "fmspc", der.octets(bytes(5))),
            ("fmspc-text", "fmspc", der.tlv(der.UTF8, b"b0c06f")),
            ("pceid-integer", "pceid", der.integer(0)),
            ("pceid-3", "pceid", der.octets(bytes(3))),
            ("type-integer", "type", der.integer(1)),
            ("type-3", "type", der.integer(3, tdx.ENUMERATED)),
            ("instance-8", "instance", der.octets(bytes(8))),
            ("tcb-octets", "tcb", der.octets(bytes(18))),
            ("tcb-empty", "tcb", der.sequence()),
            ("svn-256", "tcb.1", der.integer(256)),
            ("svn-negative", "tcb.2", der.integer(-1)),
            ("svn-octets", "tcb.3", der.octets(b"\4")),
            ("svn-long", "tcb.16", b"\x02\x02\0\4"),
            ("svn-empty", "tcb.5", b"\x02\0"),
            ("svn-trailing", "tcb.6", der.integer(1) + b"\0"),
            ("pcesvn-65536", "tcb.17", der.integer(65536)),
            ("cpusvn-15", "tcb.18", der.octets(bytes(15))),
        ):
            self.leaf("pck.extension", f"sgx-{name}", extension={"values": {item: value}})
        for cut in (1, 10, 100):
            self.leaf("pck.extension", f"sgx-cut-{cut}", extension={"trim": cut})
        self.leaf("pck.extension", "sgx-none", extension=[])
        longer = der.extension(tdx.SGX_ARC, der.sequence() + b"\0")
        self.leaf("pck.extension", "sgx-trailing", extension=[longer])
        unknown = der.sequence(der.oid(f"{tdx.SGX_ARC}.9"), der.integer(1))
        self.leaf(None, "sgx-unknown-item", extension={"more": [unknown]})
        machine = world.machine("pce", pceid=b"\0\1")
        files = world.collateral(machine)
        self.quote("good-pceid-1", machine.quote().bytes(), files, claims={"pceid": "0001"})

    # ---- CRLs

    def crls(self):
        world, root, pck = self.world, "root_ca_crl", "pck_crl"
        machine = self.machine
        for name, kind, file in (("root", "root", root), ("pck", "platform", pck)):

            def bad(check, label, data, verdict="reject", row=f"{name}_crl", file=file, name=name):
                self.bad(check if "." in check else f"{row}.{check}", f"{name}-crl-{label}", files=world.collateral(machine, **{file: data}), verdict=verdict)

            good = world.crl(kind)
            bad("missing", "missing", None, "unable")
            for label, data in {
                "empty-sequence": b"\x30\0",
                "truncated": good[:-1],
                "trailing": good + b"\0",
                "certificate": world.certificate["root"],
                "no-next-update": world.crl(kind, until=None),
                "delta": world.crl(kind, more=[der.extension("2.5.29.27", der.integer(1), critical=True)]),
                "unknown-critical": world.crl(kind, more=[der.extension("1.2.3.4", der.integer(1), critical=True)]),
            }.items():
                bad("malformed", label, data)
            windows = {"expired": {"until": AT - SECOND}, "future": {"since": AT + SECOND}, "swapped": {"since": AT + DAY, "until": AT - DAY}}
            for label, window in windows.items():
                bad("expired", label, world.crl(kind, **window), "unable")
            bad("signature", "other-signer", world.crl(kind, signer=world.private("stranger")))
            bad("signature", "sha384", world.crl(kind, scheme=tdx.SHA384))
            now = world.collateral(machine, **{file: world.crl(kind, since=AT, until=AT)})
            self.quote(f"good-{name}-crl-of-now", self.raw, now, valid_until=tdx.text_time(AT))
            many = world.crl(kind, list(range(1, 2000)))
            self.quote(f"good-{name}-crl-others", self.raw, world.collateral(machine, **{file: many}))
        self.revoked()

    def revoked(self):
        world, machine = self.world, self.machine

        def files(**crl):
            return world.collateral(machine, **crl)

        self.bad("pck.revoked", "leaf-revoked", files=files(pck_crl=world.crl("platform", [5, machine.serial, 6])))
        self.bad("pck_ca.revoked", "platform-revoked", files=files(root_ca_crl=world.crl("root", [world.serial("platform")])))
        self.bad("tcb_signing.revoked", "signing-revoked", files=files(root_ca_crl=world.crl("root", [world.serial("signing")])))
        second = world.ca("signing", serial=77)
        for name, chain in {"tcb": "tcb_info_issuer_chain", "qe": "qe_identity_issuer_chain"}.items():
            mixed = files(root_ca_crl=world.crl("root", [77]), **{chain: world.signing_chain(second)})
            self.bad("tcb_signing.revoked", f"signing-revoked-{name}", files=mixed)
        self.quote("good-processor-revoked", self.raw, files(root_ca_crl=world.crl("root", [world.serial("processor")])))
        root_name = tdx.intel_name(tdx.CN["root"])
        self.bad("root_crl.signature", "root-crl-other-issuer", files=files(root_ca_crl=world.crl("root", issuer=tdx.intel_name("Intel SGX Root CB"))))
        self.bad("pck_crl.issuer", "pck-crl-named-processor", files=files(pck_crl=world.crl("platform", issuer=tdx.intel_name(tdx.CN["processor"]))))
        self.bad("pck_crl.issuer", "pck-crl-named-root", files=files(pck_crl=world.crl("platform", issuer=root_name)))
        both = ["pck_crl.issuer", "pck_crl.signature"]
        for kind in ("processor", "root"):
            self.quote(f"bad-pck-crl-of-{kind}", self.raw, files(pck_crl=world.crl(kind)), "reject", both)
        swapped = files(pck_crl=world.crl("root"), root_ca_crl=world.crl("platform"))
        self.quote("bad-crls-swapped", self.raw, swapped, "reject", [*both, "root_crl.signature"])
        processor = world.machine("processor", ca="processor")
        self.bad("pck.revoked", "leaf-revoked-processor", machine=processor, files=world.collateral(processor, pck_crl=world.crl("processor", [processor.serial])))

    # ---- signed documents

    def documents(self):
        world, machine = self.world, self.machine
        for row, file, member, honest in (
            ("tcb_info", "tcb_info", "tcbInfo", world.tcb_info(machine)),
            ("qe_identity", "qe_identity", "enclaveIdentity", world.qe_identity()),
        ):

            def bad(check, name, data, verdict="reject", row=row, file=file, **more):
                self.bad(f"{row}.{check}", f"{row.replace('_', '-')}-{name}", files=world.collateral(machine, **{file: data}, **more), verdict=verdict)

            def good(name, data, row=row, file=file, **more):
                self.quote(f"good-{row.replace('_', '-')}-{name}", self.raw, world.collateral(machine, **{file: data}, **more))

            def of(row=row, member=member, honest=honest, **members):
                return world.signed(member, {name: v for name, v in {**honest, **members}.items() if v is not None})

            self.envelopes(bad, good, member, honest)
            self.members(bad, of, honest)
            self.signers(bad, good, f"{file}_issuer_chain", world.signed(member, honest), member, honest)
            for name, window in {
                "expired": {"nextUpdate": tdx.text_time(AT - SECOND)},
                "future": {"issueDate": tdx.text_time(AT + SECOND)},
            }.items():
                bad("expired", name, of(**window), "unable")
            now = tdx.text_time(AT)
            files = world.collateral(machine, **{file: of(issueDate=now, nextUpdate=now)})
            self.quote(f"good-{file.replace('_', '-')}-of-now", self.raw, files, valid_until=now)
        self.kinds()

    def envelopes(self, bad, good, member, honest):
        """The reply around the object, and the object's exact bytes."""
        world = self.world
        text = tdx.compact(honest)
        body = world.signed(member, honest)
        signature = body[-130:-2]
        bad("missing", "missing", None, "unable")
        pretty = json.dumps(honest, indent=1).encode()
        good("signed-pretty", world.signed(member, pretty))
        good("envelope-spaced", b' {\n"' + member.encode() + b'" : ' + text + b' , "signature" : "' + signature + b'" }\n')
        good("signature-upper", tdx.envelope(member, text, bytes.fromhex(signature.decode())).replace(signature, signature.upper()))
        for name, data in {
            "reprinted-pretty": tdx.envelope(member, pretty, bytes.fromhex(signature.decode())),
            "reprinted-sorted": tdx.envelope(member, json.dumps(honest, sort_keys=True, separators=(",", ":")).encode(), bytes.fromhex(signature.decode())),
            "edited": body.replace(b'DataNumber":17', b'DataNumber":18', 1),
            "signature-zero": body.replace(signature, b"0" * 128),
            "of-stranger": world.signed(member, honest, world.private("stranger")),
            "of-root": world.signed(member, honest, world.private("root")),
        }.items():
            bad("signature", name, data)
        other = world.signed("other", {"id": "other"})[-130:-2]
        bad("signature", "of-another-document", body.replace(signature, other))
        first = text[:1] + b'"id":"first",' + text[1:]
        nested = b"[" * 20 + b"]" * 20
        name = member.encode()
        for label, data in {
            "no-json": b"{",
            "empty-object": b"{}",
            "array": b"[]",
            "trailing": body + b"x",
            "cut": body[:-1],
            "nul": body + b"\0",
            "bom": b"\xef\xbb\xbf" + body,
            "no-signature": b'{"' + name + b'":' + text + b"}",
            "short-signature": body.replace(signature, signature[:-2]),
            "long-signature": body.replace(signature, signature + b"00"),
            "signature-not-hex": body.replace(signature, b"g" * 128),
            "more-members": body[:-1] + b',"more":1}',
            "member-twice": b'{"' + name + b'":' + text + b',"' + name + b'":' + text + b',"signature":"' + signature + b'"}',
            "other-member": world.signed("other", honest),
            "inner-twice": world.signed(member, first),
            "inner-text": world.signed(member, b'"text"'),
            "deep": world.signed(member, text[:-1] + b',"deep":' + nested + b"}"),
            "not-utf8": world.signed(member, text[:-1] + b',"x":"\xff"}'),
            "large": world.signed(member, text[:-1] + b',"x":"' + b"a" * 262144 + b'"}'),
        }.items():
            bad("malformed", label, data)

    def members(self, bad, of, honest):
        """Each member that is needed, missing and of another type."""
        for name, value in honest.items():
            if name in ("tdxModuleIdentities",):
                continue  # not there where only TDX 1.0 runs
            bad("malformed", f"without-{name.lower()}", of(**{name: None}))
            bad("malformed", f"typed-{name.lower()}", of(**{name: [] if isinstance(value, (str, dict, int)) else {}}))
        for name, value in {"version": -1, "tcbEvaluationDataNumber": 1.5, "issueDate": "2026-05-22", "nextUpdate": "soon"}.items():
            bad("malformed", f"value-{name.lower()}", of(**{name: value}))
        bad("malformed", "no-levels", of(tcbLevels=[]))
        level = dict(honest["tcbLevels"][0])
        for name in ("tcb", "tcbDate", "tcbStatus"):
            bad("malformed", f"level-without-{name.lower()}", of(tcbLevels=[{k: v for k, v in level.items() if k != name}]))
        bad("malformed", "level-advisories", of(tcbLevels=[{**level, "advisoryIDs": "INTEL-SA-00001"}]))
        bad("malformed", "too-many-levels", of(tcbLevels=self.many(level)))

    @staticmethod
    def many(level):
        """65 levels, all different."""
        if "isvsvn" in level["tcb"]:
            return [{**level, "tcb": {"isvsvn": n}} for n in range(65)]
        return [{**level, "tcb": {**level["tcb"], "pcesvn": n}} for n in range(65)]

    def signers(self, bad, good, chain, body, member, honest):
        """Who may sign documents: "Intel SGX TCB Signing" under the pinned root, in date."""
        world, machine = self.world, self.machine
        signing, root = world.certificate["signing"], world.certificate["root"]
        key = world.private("signing").public_key()
        rogue = tdx.IntelWorld(AT, "rogue")
        ca = world.extensions("signing", key, "root", constraints=der.sequence(der.boolean(True)))
        for name, text in {
            "missing": None,
            "single": pem(signing),
            "three": pem(signing) + pem(root) * 2,
            "reversed": pem(root) + pem(signing),
            "empty": b"\n",
            "no-pem": b"certificate",
        }.items():
            bad("chain", f"signing-chain-{name}", body, **{chain: text})
        for name, bend in {
            "other-name": {"subject": tdx.intel_name("Evil Signing")},
            "ca": {"extensions": ca},
            "other-issuer": {"issuer": tdx.intel_name(tdx.CN["platform"])},
            "other-signer": {"signer": world.private("platform")},
            "expired": {"until": AT - SECOND},
            "future": {"since": AT + SECOND},
            "long-serial": {"serial": 1 << 167},
        }.items():
            bad("chain", f"signing-{name}", body, **{chain: world.signing_chain(world.ca("signing", **bend))})
        for name, window in {"expired": {"until": AT - SECOND}, "future": {"since": AT + SECOND}}.items():
            bad("chain", f"signing-root-{name}", body, **{chain: pem(signing) + pem(world.ca("root", **window))})
        other = rogue.signed(member, honest)
        bad("chain", "signing-of-another-root", other, **{chain: rogue.signing_chain()})
        pck = tdx.raw_sign(machine.pck, tdx.compact(honest))
        both = pem(machine.der) + pem(world.certificate["platform"])
        bad("chain", "signed-by-pck", tdx.envelope(member, tdx.compact(honest), pck), **{chain: both})
        good("signing-reissued", body, **{chain: world.signing_chain(world.ca("signing", since=AT - DAY, until=AT + DAY))})

    def kinds(self):
        """Documents of another kind or for another machine, well signed."""
        world, machine = self.world, self.machine

        def tcb(check, name, **members):
            self.bad(check, f"tcb-info-{name}", files=world.collateral(machine, tcb=members))

        def qe(check, name, **members):
            self.bad(check, f"qe-identity-{name}", files=world.collateral(machine, qe=members))

        tcb("tcb_info.id", "sgx", id="SGX")
        tcb("tcb_info.id", "sgx-version-2", id="SGX", version=2)
        tcb("tcb_info.id", "lower-case", id="tdx")
        tcb("tcb_info.id", "version-2", version=2)
        tcb("tcb_info.id", "version-4", version=4)
        tcb("tcb_info.id", "type-1", tcbType=1)
        for name, fmspc in {"fmspc-first": "30C06F000000", "fmspc-last": "B0C06F000001"}.items():
            tcb("tcb_info.fmspc", name, fmspc=fmspc)
        for name, pceid in {"pceid-first": "0100", "pceid-last": "0001"}.items():
            tcb("tcb_info.pceid", name, pceId=pceid)
        qe("qe_identity.id", "sgx", id="QE")
        qe("qe_identity.id", "qve", id="QVE")
        qe("qe_identity.id", "version-1", version=1)
        qe("qe_identity.id", "version-3", version=3)
        for name, fmspc in {"lower": "b0c06f000000", "mixed": "b0C06f000000"}.items():
            self.quote(f"good-fmspc-{name}", self.raw, world.collateral(machine, tcb={"fmspc": fmspc}))
        self.quote("good-unknown-members", self.raw, world.collateral(machine, tcb={"more": {"of": [1]}}, qe={"more": None, "x": [True]}))
        self.quote("good-no-module-identities", machine.quote(tee_tcb_svn=bytes([6, 0, 3]) + bytes(13)).bytes(),
                   world.collateral(machine, tcb={"tdxModuleIdentities": None}))
        sgx = {"tcb": {"id": "SGX"}, "qe": {"id": "QE", "mrsigner": "8C" * 32, "isvprodid": 1}}
        files = world.collateral(machine, **sgx, pck_crl=world.crl("processor"))
        failed = ["tcb_info.id", "qe_identity.id", "pck_crl.issuer", "pck_crl.signature"]
        self.quote("bad-collateral-of-sgx", self.raw, files, "reject", failed)
        missing = [f"{row}.missing" for row in ("root_crl", "pck_crl", "tcb_info", "qe_identity")]
        self.quote("bad-no-collateral", self.raw, {}, "unable", missing)
        old = tdx.text_time(AT - DAY)
        stale = world.collateral(machine, tcb={"nextUpdate": old}, qe={"nextUpdate": old}, pck_crl=world.crl("platform", until=AT - DAY),
                                 root_ca_crl=world.crl("root", until=AT - DAY))
        self.quote("bad-all-expired", self.raw, stale, "unable", [m.replace("missing", "expired") for m in missing])
        grace = {"grace_s": 86400}
        self.quote("good-grace", self.raw, stale, policy=grace, claims={"stale_by_grace": True}, valid_until=tdx.text_time(AT))
        late = {**grace, "grace_s": 86399}
        self.quote("bad-beyond-grace", self.raw, stale, "unable", [m.replace("missing", "expired") for m in missing], policy=late)
        self.quote("good-grace-unused", self.raw, None, policy=grace, claims={"stale_by_grace": False})

    def all(self):
        for make in (self.lengths, self.authorities, self.leaves, self.validity, self.roots, self.extension, self.crls, self.documents):
            make()
