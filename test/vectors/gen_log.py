# SPDX-License-Identifier: Apache-2.0
"""Vectors of event logs and of predicates on what booted: `verify event-log`, and `verify tpm` with --event-log and --pcrsig.

Logs of a boot that never was (softlog.py), a quote over what they lead to, and for every log.* and tpm.* rule a case that only it refuses.
"""
import base64
import hashlib
import json
import struct

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

import softlog as soft
import softtpm as tpm
from gen import Cases
from softlog import Boot, Event

ALL = list(range(12))
PREDICATES = ("secure_boot", "sb_authority", "dbx_min", "boot_apps", "no_option_rom", "scrtm_version", "cmdline", "initrd", "uki", "pcr11_signer")


def pem(key):
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def pcr_policy(bank, value):
    """The digest of a session in which TPM2_PolicyPCR over PCR 11 was run."""
    selection = struct.pack(">IHB", 1, soft.ALGS[bank], 3) + bytes([0, 8, 0])
    return hashlib.sha256(bytes(32) + struct.pack(">I", 0x17F) + selection + hashlib.sha256(value).digest()).digest()


def pcrsig(key, bank, *values, pcrs=(11,), pol=None):
    rows = []
    for value in values:
        policy = pcr_policy(bank, value)
        sig = key.sign(policy, padding.PKCS1v15(), hashes.SHA256())
        rows.append({"pcrs": list(pcrs), "pkfp": "00" * 32, "pol": (pol or policy).hex(), "sig": base64.b64encode(sig).decode()})
    return json.dumps({bank: rows})


class LogVectors(Cases):
    def __init__(self, folder):
        super().__init__(folder)
        self.ak = tpm.ec_key(3)
        self.boot = Boot()

    def log(self, name, log, failed=(), verdict=None, pcrs=None, **how):
        """`verify event-log`; pcrs: values that it must lead to."""
        files = {"log.bin": log}
        args = ["event-log", "log.bin"]
        if pcrs is not None:
            files["pcrs.txt"] = tpm.pcr_lines(pcrs)
            args += ["--pcrs", "pcrs.txt"]
        args += self.common({**how, "roots": {"tpm/none": ""}}, files, "tpm2")
        self.case(name, args, files, verdict or ("reject" if failed else "accept"), failed, **self.said(how))

    def bad(self, check, name, boot, verdict="reject", **how):
        how.setdefault("pcrs", {k: v for k, v in boot.pcrs(how.pop("locality", 0)).items() if k[1] < 16})
        self.log(f"bad-{name}", boot.log(), [check], verdict, **how)

    def quote(self, name, boot, failed=(), verdict=None, select=None, pcrs=None, log=None, **how):
        """`verify tpm`: a quote over what the boot comes to; pcrs: what is sent (None: nothing)."""
        quote = tpm.Quote(select or [("sha256", ALL)])
        quote.pcrs = how.get("machine") or boot.pcrs()
        msg = quote.bytes(self.ak)
        files = {"quote.msg": msg, "quote.sig": self.ak.sign(msg), "ak.pub": self.ak.area()}
        args = ["tpm", "--quote", "quote.msg", "--signature", "quote.sig", "--ak", "ak.pub", "--nonce", tpm.NONCE.hex()]
        for option, data in {"event-log": boot.log() if log is None else log, "pcrs": pcrs and tpm.pcr_lines(pcrs), "pcrsig": how.get("pcrsig")}.items():
            if data:
                files[option] = data
                args += [f"--{option}", option]
        args += self.common({**how, "roots": {"tpm/none": ""}}, files, "tpm2")
        self.case(name, args, files, verdict or ("reject" if failed else "accept"), failed, **self.said(how))

    # ---- good ones

    def good(self):
        for banks in (["sha256"], ["sha384"], ["sha512"], ["sha1", "sha256"], ["sha1", "sha256", "sm3"], list(soft.ALGS)):
            boot = Boot(banks)
            self.log(f"good-{'-'.join(banks)}", boot.log(), pcrs={k: v for k, v in boot.pcrs().items() if k[1] < 12})
        self.log("good-no-values", self.boot.log())
        self.log("good-insecure", Boot(secure=False).log())
        direct = Boot(direct=True)
        direct.insert(0, Event(4, soft.APPLICATION, b"direct", b"kernel"))
        self.log("good-direct-boot", direct.log(), pcrs={("sha256", 4): direct.pcrs()[("sha256", 4)]})
        self.started()
        shim = self.boot.copy()
        old = soft.variable(soft.SHIM, "Shim", shim.cert)
        shim.insert(shim.at(4, soft.APPLICATION, 1), Event(7, soft.AUTHORITY, old + b"\0", old))
        self.log("good-shim-extra-byte", shim.log(), policy={"secure_boot": True})
        ima = {("sha256", 10): b"\x07" * 32, ("sha256", 7): self.boot.pcrs()[("sha256", 7)]}
        self.log("good-ima", self.boot.log(), pcrs=ima, warned=["log.replay"])
        self.log("good-vendor-type", self.boot.copy().append(Event(8, 0x8401, b"vendor")).log())
        whole = self.boot.copy()
        whole.events[whole.at(1, soft.VARIABLE_BOOT)].of = whole.events[whole.at(1, soft.VARIABLE_BOOT)].data
        self.quote("good-variable-whole", whole)

    def started(self):
        """What PCR 0 begins with."""
        for locality in (0, 3, 4):
            boot = self.boot.copy().insert(0, Event(0, soft.NO_ACTION, b"StartupLocality\0" + bytes([locality])))
            self.log(f"good-locality-{locality}", boot.log(), pcrs={("sha256", 0): boot.pcrs(locality)[("sha256", 0)]})
        boot = self.boot.copy().insert(0, Event(0, soft.HCRTM, b"HCRTM", b"h-crtm"))
        self.log("good-hcrtm", boot.log(), pcrs={("sha256", 0): boot.pcrs(4)[("sha256", 0)]})

    def quoted(self):
        """Log first: no values are sent, or only those that the log does not lead to."""
        claims = {"event_log": True, "predicates": []}
        self.quote("good-quote-no-values", self.boot, claims=claims)
        self.quote("good-quote-two-banks", self.boot, select=[("sha256", [0, 7]), ("sha384", [4, 11])])
        values = {("sha256", i): self.boot.pcrs()[("sha256", i)] for i in ALL}
        self.quote("good-quote-values", self.boot, pcrs=values)
        machine = {**self.boot.pcrs(), ("sha256", 10): b"\x0a" * 32}
        self.quote("good-quote-ima", self.boot, machine=machine, pcrs={("sha256", 10): b"\x0a" * 32}, warned=["log.replay"])
        self.quote("bad-quote-ima-not-sent", self.boot, ["quote.pcrdigest"], machine=machine)
        golden = {"values": {"sha256:7": [self.boot.pcrs()[("sha256", 7)].hex()]}}
        self.quote("good-quote-golden-replayed", self.boot, policy=golden)
        self.quote("bad-quote-golden-replayed", self.boot, ["pcr.values"], policy={"values": {"sha256:7": ["ab" * 32]}})
        other = {**self.boot.pcrs(), ("sha256", 2): b"\x02" * 32}
        sent = {("sha256", i): other[("sha256", i)] for i in ALL}
        self.quote("bad-quote-replay", self.boot, ["log.replay"], machine=other, pcrs=sent)
        churn = {"policy": {"secure_boot": True}, "warned": ["log.replay"]}
        self.quote("good-quote-churn", self.boot, machine=other, pcrs=sent, **churn)
        self.quote("bad-quote-bank-not-in-log", Boot(["sha256"]), ["log.replay"], select=[("sha256", [0, 7]), ("sha384", [7])],
                   machine=self.boot.pcrs(), pcrs={k: v for k, v in self.boot.pcrs().items() if k in (("sha256", 0), ("sha256", 7), ("sha384", 7))})

    # ---- one thing wrong with a log

    def headers(self):
        boot = self.boot.copy()
        for name, header in {
            "signature": soft.spec(boot.banks, signature=b"Spec ID Event02\0"),
            "version": soft.spec(boot.banks, version=(0, 1, 0)),
            "uintn": soft.spec(boot.banks, uintn=3),
            "no-algorithms": soft.spec([]),
            "nine-algorithms": soft.spec(["sha256"] * 9),
            "twice": soft.spec(["sha256", "sha256"]),
            "wrong-size": soft.spec(["sha256"], sizes={"sha256": 20}),
            "vendor-info": soft.spec(boot.banks)[:-1] + b"\x09",
            "trailing": soft.spec(boot.banks) + b"\0",
        }.items():
            boot.header = header
            self.log(f"bad-header-{name}", boot.log(), ["log.header"], "malformed")
        self.log("bad-header-none", b"".join(e.bytes(boot.banks) for e in boot.events), ["log.header"], "malformed")
        self.log("bad-header-garbage", b"garbage", ["log.header"], "malformed")
        self.log("bad-sha1-only", Boot(["sha1"]).log(), ["log.sha1_only"])
        self.log("bad-sm3-only", Boot(["sm3"]).log(), ["log.sha1_only"])
        records = [soft.legacy(e.pcr, e.type, e.digest_in("sha1"), e.data) for e in Boot(["sha1"]).events]
        self.log("bad-sha1-legacy", b"".join(records), ["log.sha1_only"])

    def malformed(self):
        log = self.boot.log()
        one = self.boot.events[0].bytes(self.boot.banks)
        short = self.boot.events[0].bytes(self.boot.banks[:2])
        twice = self.boot.events[0].bytes(["sha1", "sha256", "sha256"])
        for name, data in {
            "truncated": log[:-1],
            "trailing": log + b"\0",
            "pcr-24": log + struct.pack("<I", 24) + one[4:],
            "pcr-none": log + struct.pack("<I", 0xFFFFFFFF) + one[4:],
            "digest-missing": log + short,
            "digest-twice": log + twice,
            "digest-undeclared": log + self.boot.events[0].bytes(["sha1", "sha256", "sha512"]),
            "digest-count": log + one[:8] + struct.pack("<I", 2**31) + one[12:],
            "event-size": log + one[:-4 - len(self.boot.events[0].data)] + b"\xff\xff\xff\xff",
            "event-too-long": log + Event(8, soft.IPL, bytes(256 * 1024 + 1)).bytes(self.boot.banks),
            "too-many": log + Event(8, soft.IPL, b"x").bytes(self.boot.banks) * 4096,
        }.items():
            self.log(f"bad-malformed-{name}", data, ["log.malformed"], "malformed")
        free = Event(0xFFFFFFFF, soft.NO_ACTION, b"SP800-155 Event3")
        self.log("good-no-pcr", self.boot.copy().insert(0, free).log())
        self.log("good-most-events", Boot(["sha256"]).log() + Event(8, soft.IPL).bytes(["sha256"]) * (4096 - len(self.boot.events)))

    def facts(self):
        boot = self.boot
        loud = Event(7, soft.NO_ACTION, b"x", digest={"sha384": b"\1" * 48})
        self.bad("log.noaction", "noaction-digest", boot.copy().append(loud))
        for name, data in {"locality-2": b"\2", "locality-long": b"\3\0", "locality-short": b""}.items():
            self.bad("log.locality", name, boot.copy().insert(0, Event(0, soft.NO_ACTION, b"StartupLocality\0" + data)))
        said = Event(0, soft.NO_ACTION, b"StartupLocality\0\3")
        self.bad("log.locality", "locality-twice", boot.copy().insert(0, said, said), locality=3)
        self.bad("log.locality", "locality-late", boot.copy().append(said))
        self.bad("log.locality", "hcrtm-late", boot.copy().insert(1, Event(0, soft.HCRTM, b"HCRTM", b"x")))
        self.bad("log.locality", "hcrtm-locality-3", boot.copy().insert(0, said, Event(0, soft.HCRTM, b"HCRTM", b"x")), locality=4)
        self.bad("log.replay", "locality-fake", boot.copy().insert(0, said))
        self.bad("log.type", "type-unused", boot.copy().insert(8, Event(7, 2, b"hidden")))
        self.bad("log.type", "type-foreign", boot.copy().insert(8, Event(7, soft.APPLICATION, b"hidden")))
        self.separators()
        late = Event(4, soft.APPLICATION, b"late", b"late")
        self.bad("log.after_ebs", "after-exit", boot.copy().append(late))
        self.bad("log.after_ebs", "variable-after-exit", boot.copy().append(boot.events[2]))
        for n, (kind, of) in enumerate({soft.DRIVER_CONFIG: b"off", soft.AUTHORITY: b"other"}.items()):
            wrong = boot.copy()
            wrong.events[wrong.at(7, kind)].of = of
            self.bad("log.data_mismatch", f"data-{n}", wrong)
        one_bank = boot.copy()
        one_bank.events[one_bank.at(7, soft.AUTHORITY)].digest = {"sha384": soft.hashed("sha384", b"other")}
        self.bad("log.data_mismatch", "data-one-bank", one_bank)
        action = boot.copy()
        action.events[action.at(4, soft.EFI_ACTION)].of = b"an application"
        self.bad("log.data_mismatch", "data-action", action)

    def separators(self):
        boot = self.boot
        place = boot.at(7, soft.SEPARATOR)
        missing, twice, error, lie, hidden, half = (boot.copy() for _ in range(6))
        del missing.events[place]
        twice.insert(place, boot.events[place])
        error.events[place] = Event(7, soft.SEPARATOR, b"\xff" * 4)
        lie.events[place].data = b"\xff" * 4
        hidden.insert(place + 1, Event(7, soft.EFI_ACTION, bytes(4)))
        half.events[place].digest = {"sha384": soft.hashed("sha384", b"\xff" * 4)}
        for name, wrong in {"missing": missing, "twice": twice, "error": error, "lie": lie, "hidden": hidden, "half": half}.items():
            self.bad("log.separator", f"separator-{name}", wrong)
        unused = boot.copy()
        del unused.events[unused.at(2, soft.SEPARATOR)]
        self.log("good-separator-unused", unused.log())
        self.bad("log.separator", "separator-of-golden", unused, policy={"values": {"sha256:2": [unused.pcrs()[("sha256", 2)].hex()]}})
        same = boot.copy().insert(1, Event(0, soft.CRTM_CONTENTS, b"x", bytes(4)))
        self.quote("good-separator-crtm", same)

    # ---- predicates

    def predicates(self):
        self.quote("good-predicates", self.boot, policy=self.boot.policy(), claims={"predicates": list(PREDICATES[:9]), "uki_phase": ""})
        self.quote("good-predicates-sha384", self.boot, select=[("sha384", ALL)], policy=self.boot.policy("sha384"))
        self.quote("good-predicates-two-banks", self.boot, select=[("sha256", ALL), ("sha384", ALL)], policy=self.boot.policy())
        self.log("good-log-predicates", self.boot.log(), policy=self.boot.policy())
        for name in PREDICATES[:9]:
            one = {name: self.boot.policy()[name]}
            self.quote(f"good-alone-{name}", self.boot, policy=one)
            if name != "uki":
                self.quote(f"bad-no-log-{name}", self.boot, [f"tpm.{name}"], policy=one, log=b"", pcrs={("sha256", i): self.boot.pcrs()[("sha256", i)] for i in ALL})
        self.quote("bad-not-quoted", self.boot, ["quote.selection", "tpm.secure_boot"], select=[("sha256", [0, 4])], policy={"secure_boot": True})
        self.secure_boot()
        self.authorities()
        self.applications()
        self.handed_over()
        self.images()
        self.signers()

    def refuses(self, name, boot, policy, case, **how):
        self.quote(f"bad-{name}-{case}", boot, [f"tpm.{name}"], policy=policy, **how)

    def secure_boot(self):
        boot, policy = self.boot, {"secure_boot": True}
        self.refuses("secure_boot", Boot(secure=False), policy, "off")
        place = boot.at(7, soft.DRIVER_CONFIG)
        for n, name in enumerate(("SecureBoot", "PK", "KEK", "db", "dbx")):
            wrong = boot.copy()
            del wrong.events[place + n]
            self.refuses("secure_boot", wrong, policy, f"no-{name}")
        twice = boot.copy().insert(place, boot.events[place])
        self.refuses("secure_boot", twice, policy, "twice")
        guid = boot.copy()
        guid.events[place] = Event(7, soft.DRIVER_CONFIG, soft.variable(soft.SECURITY, "SecureBoot", b"\1"))
        self.refuses("secure_boot", guid, policy, "guid")
        for case, data in {"empty": b"", "two": b"\2", "long": b"\1\1"}.items():
            odd = boot.copy()
            odd.events[place] = Event(7, soft.DRIVER_CONFIG, soft.variable(soft.GLOBAL, "SecureBoot", data))
            self.refuses("secure_boot", odd, policy, case)
        late = boot.copy().insert(boot.at(4, soft.APPLICATION), boot.events[place])
        self.refuses("secure_boot", late, policy, "after-separator")
        garbled = boot.copy()
        garbled.events[place] = Event(7, soft.DRIVER_CONFIG, b"garbled")
        self.refuses("secure_boot", garbled, policy, "garbled")
        debug = boot.copy().insert(place, Event(7, soft.EFI_ACTION, b"UEFI Debug Mode"))
        self.refuses("secure_boot", debug, policy, "debug")
        dma = boot.copy().insert(place, Event(7, soft.EFI_ACTION, b"DMA Protection Disabled\0"))
        self.quote("good-secure_boot-dma", dma, policy=policy)
        extra = boot.copy().insert(place, Event(7, soft.DRIVER_CONFIG, soft.variable(soft.OWNER, "VendorKeys", b"\0")))
        self.quote("good-secure_boot-vendor", extra, policy=policy)
        lists = boot.copy()
        lists.events[place + 3] = Event(7, soft.DRIVER_CONFIG, soft.variable(soft.SECURITY, "db", b"no lists"))
        self.refuses("secure_boot", lists, policy, "lists")

    def authorities(self):
        boot, policy = self.boot, {"secure_boot": True}
        place = boot.at(7, soft.AUTHORITY)
        none = boot.copy()
        del none.events[place]
        self.refuses("secure_boot", none, policy, "no-authority")
        self.refuses("sb_authority", none, {"sb_authority": ["ab" * 32]}, "none")
        stranger, before, shim_first, unknown = (boot.copy() for _ in range(4))
        stranger.events[place] = Event(7, soft.AUTHORITY, soft.variable(soft.SECURITY, "db", soft.OWNER + b"\x30\x82\0\1\5"))
        before.insert(boot.at(7, soft.SEPARATOR), boot.events[place])
        shim_first.events[place] = Event(7, soft.AUTHORITY, soft.variable(soft.SHIM, "MokList", boot.cert))
        unknown.insert(place + 1, Event(7, soft.AUTHORITY, soft.variable(soft.GLOBAL, "db", soft.OWNER + boot.cert)))
        for case, wrong in {"not-in-db": stranger, "before-separator": before, "shim-first": shim_first, "unknown-list": unknown}.items():
            self.refuses("secure_boot", wrong, policy, case)
        sbat = boot.copy().insert(place + 1, Event(7, soft.AUTHORITY, soft.variable(soft.SHIM, "SbatLevel", b"sbat,1")))
        self.quote("good-secure_boot-sbat", sbat, policy={**policy, "sb_authority": boot.policy()["sb_authority"]})
        self.refuses("sb_authority", boot, {"sb_authority": ["ab" * 32]}, "other")
        vendor = boot.copy().insert(place + 1, Event(7, soft.AUTHORITY, soft.variable(soft.SHIM, "Shim", b"\x30\x82\0\1\5")))
        self.quote("good-secure_boot-shim", vendor, policy=policy)
        self.refuses("sb_authority", vendor, {"sb_authority": boot.policy()["sb_authority"]}, "of-shim")
        self.quote("good-dbx-count", boot, policy={"dbx_min": 3})
        self.refuses("dbx_min", boot, {"dbx_min": 4}, "count")
        self.refuses("dbx_min", boot, {"dbx_min": [boot.revoked[0].hex(), "ab" * 32]}, "not-revoked")

    def applications(self):
        boot, apps = self.boot, self.boot.policy()["boot_apps"]
        for case, policy in {"fewer": apps[:1], "more": apps + ["ab" * 32], "order": apps[::-1], "other": ["ab" * 32, apps[1]]}.items():
            self.refuses("boot_apps", boot, {"boot_apps": policy}, case)
        self.refuses("boot_apps", boot, {"boot_apps": [a[1] if isinstance(a, list) else a for a in boot.policy("sha384")["boot_apps"]]}, "bank")
        other = boot.copy().insert(boot.at(4, soft.APPLICATION), Event(4, soft.IPL, b"legacy", b"boot sector"))
        self.refuses("boot_apps", other, {"boot_apps": apps}, "other-type")
        rom = boot.copy().insert(0, Event(2, soft.DRIVER, b"option ROM", b"rom"))
        self.refuses("no_option_rom", rom, {"no_option_rom": True}, "driver")
        self.quote("good-option-rom-free", rom, policy={"boot_apps": apps})
        self.refuses("scrtm_version", boot, {"scrtm_version": ["Firmware 1.1"]}, "other")
        lie = boot.copy()
        lie.events[0].of = b"another version"
        self.refuses("scrtm_version", lie, {"scrtm_version": [boot.version]}, "lie")
        twice = boot.copy().insert(1, boot.events[0])
        self.refuses("scrtm_version", twice, {"scrtm_version": [boot.version]}, "twice")

    def handed_over(self):
        boot = self.boot
        anchor = {"secure_boot": True}
        self.refuses("cmdline", boot, {**anchor, "cmdline": ["root=/dev/vdb"]}, "other")
        self.refuses("initrd", boot, {**anchor, "initrd": ["ab" * 32]}, "other")
        place = boot.at(9, soft.TAG)
        first = boot.copy().insert(place, Event(9, soft.IPL, b"a file", b"a file"))
        self.refuses("cmdline", first, {**anchor, "cmdline": [boot.cmdline]}, "not-first")
        self.refuses("initrd", first, {**anchor, "initrd": boot.policy()["initrd"]}, "not-first")
        none = boot.copy()
        del none.events[place + 1]
        self.refuses("initrd", none, {**anchor, "initrd": boot.policy()["initrd"]}, "none")
        hidden = boot.copy()
        hidden.events[place].of = b"init=/bin/sh"
        hidden.append(boot.events[place])
        self.refuses("cmdline", hidden, {**anchor, "cmdline": [boot.cmdline]}, "repeated-later")
        wide = Boot()
        wide.cmdline = "grüße=\U0001f600"
        wide.events = wide._firmware(True) + wide._handover(False) + wide._loader(True)
        self.quote("good-cmdline-utf16", wide, policy={**anchor, "cmdline": [wide.cmdline]})
        self.quote("good-unanchored-at-a-desk", boot, policy={"cmdline": [boot.cmdline]})

    def images(self):
        boot, uki = self.boot, self.boot.policy()["uki"]
        value = boot.pcrs()[("sha256", 11)]
        words = ["enter-initrd", "leave-initrd", "sysinit", "ready"]
        for n in range(1, 5):
            machine = {**boot.pcrs(), ("sha256", 11): soft.phases("sha256", value, *words[:n])}
            sent = {("sha256", 11): machine[("sha256", 11)]}
            how = {"machine": machine, "pcrs": sent, "warned": ["log.replay"]}
            self.quote(f"good-uki-phase-{n}", boot, policy={"uki": uki}, claims={"uki_phase": ":".join(words[:n])}, **how)
        named = [{**uki[0], "phases": [":".join(words)]}]
        self.quote("good-uki-named-phase", boot, policy={"uki": named}, **how)
        self.refuses("uki", boot, {"uki": named}, "phase")
        order = {**boot.pcrs(), ("sha256", 11): soft.phases("sha256", value, "sysinit")}
        self.refuses("uki", boot, {"uki": uki}, "skipped", machine=order, pcrs={("sha256", 11): order[("sha256", 11)]}, warned=["log.replay"])
        for case, sections in {"other": {**uki[0]["sha256"], ".initrd": "ab" * 32}, "fewer": {".linux": uki[0]["sha256"][".linux"]}}.items():
            self.refuses("uki", boot, {"uki": [{"sha256": sections}]}, case)
        self.refuses("uki", boot, {"uki": boot.policy("sha384")["uki"]}, "bank")
        both = [{"sha256": uki[0]["sha256"], "sha384": boot.policy("sha384")["uki"][0]["sha384"]}]
        self.quote("good-uki-other-bank", boot, select=[("sha384", ALL)], policy={"uki": both})
        self.quote("good-uki-no-log", boot, policy={"uki": uki}, log=b"", pcrs={("sha256", i): boot.pcrs()[("sha256", i)] for i in ALL})
        self.refuses("uki", boot, {"uki": uki}, "unknown-value", log=b"")

    def signers(self):
        key, other = rsa.generate_private_key(65537, 2048), rsa.generate_private_key(65537, 2048)
        boot, value = self.boot, self.boot.pcrs()[("sha256", 11)]
        policy = {"pcr11_signer": [pem(other), pem(key)]}
        later = soft.phases("sha256", value, "enter-initrd")
        self.quote("good-signer", boot, policy=policy, pcrsig=pcrsig(key, "sha256", later, value), claims={"predicates": ["pcr11_signer"]})
        self.quote("good-signer-sha384", boot, select=[("sha384", ALL)], policy=policy, pcrsig=pcrsig(key, "sha384", boot.pcrs()[("sha384", 11)]))
        self.refuses("pcr11_signer", boot, policy, "none")
        wrong = {
            "other-value": pcrsig(key, "sha256", later),
            "other-key": pcrsig(rsa.generate_private_key(65537, 2048), "sha256", value),
            "other-bank": pcrsig(key, "sha384", value),
            "other-pcrs": pcrsig(key, "sha256", value, pcrs=(11, 12)),
            "other-pcr": pcrsig(key, "sha256", value, pcrs=(12,)),
            "pol-relabelled": pcrsig(key, "sha256", later, pol=pcr_policy("sha256", value)),
            "malformed": '{"sha256": [{"pcrs": [11]}]}',
            "not-json": "{",
            "twice": '{"sha256": [], "sha256": []}',
            "empty": "{}",
        }
        for case, text in wrong.items():
            self.refuses("pcr11_signer", boot, policy, case, pcrsig=text)

    def all(self):
        for make in (self.good, self.quoted, self.headers, self.malformed, self.facts, self.predicates):
            make()


def all_cases(folder):
    LogVectors(folder).all()
