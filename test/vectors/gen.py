#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Make the vectors of `countersign verify`: good ones, and for every check id a bad one that only it refuses.

    test/vectors/gen.py DIR

Each case is a folder with its files and case.json: args of the command (files relative to the folder), the verdict, and the exact
list of failed ids ("warned" for rows that only warn).  Keys and certificates are made anew each time; none is stored.
"""
import datetime
import json
import os
import struct
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

import softtpm as tpm

AT = datetime.datetime(2026, 6, 1)
AT_TEXT = "2026-06-01T00:00:00Z"
DAY = datetime.timedelta(days=1)


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as out:
        out.write(data.encode() if isinstance(data, str) else data)


# ---- certificates


def key_usage(**bits):
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    names += ("key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    return x509.KeyUsage(**{n: bits.get(n, False) for n in names})


class Ca:
    """A throw-away CA: a root and one intermediate."""

    def __init__(self, name, intermediate_until=AT + 900 * DAY):
        self.root_key = ec.generate_private_key(ec.SECP256R1())
        self.key = ec.generate_private_key(ec.SECP256R1())
        root, middle = f"{name} root", f"{name} intermediate"
        self.root = self._ca(root, root, self.root_key.public_key(), self.root_key, AT + 1000 * DAY)
        self.intermediate = self._ca(root, middle, self.key.public_key(), self.root_key, intermediate_until)
        self.name = middle

    @staticmethod
    def _ca(issuer, subject, public, signer, until):
        usage = key_usage(key_cert_sign=True, crl_sign=True)
        return certificate(issuer, subject, public, signer, AT - 400 * DAY, until, usage, ca=True)

    def issue(self, public, usage=key_usage(digital_signature=True), ca=False, since=AT - 300 * DAY, until=AT + 300 * DAY):
        return certificate(self.name, "attestation key", public, self.key, since, until, usage, ca)


def certificate(issuer, subject, public, signer, since, until, usage, ca):
    def name(text):
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    builder = x509.CertificateBuilder().issuer_name(name(issuer)).subject_name(name(subject)).public_key(public)
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(since).not_valid_after(until)
    builder = builder.add_extension(x509.BasicConstraints(ca, None), critical=True)
    if usage is not None:
        builder = builder.add_extension(usage, critical=True)
    return builder.sign(signer, hashes.SHA256())


def der(cert):
    return cert.public_bytes(serialization.Encoding.DER)


def pem(cert):
    return cert.public_bytes(serialization.Encoding.PEM)


# ---- cases


class Cases:
    """Writes cases below a folder."""

    def __init__(self, folder):
        self.folder = folder

    def case(self, name, args, files, verdict="accept", failed=(), warned=(), **more):
        """more: what run.py knows beside, such as `claims` and `valid_until`."""
        assert not os.path.exists(f"{self.folder}/{name}"), f"two cases of one name: {name}"
        for file, data in files.items():
            write(f"{self.folder}/{name}/{file}", data)
        case = {"args": args, "verdict": verdict, "failed": list(failed), "warned": list(warned), **more}
        write(f"{self.folder}/{name}/case.json", json.dumps(case, indent=1))

    @staticmethod
    def common(how, files, kind):
        """--roots, --at and --policy; how: policy (dict), roots ({path: PEM}), at, options (list), extra (files)."""
        args = ["--roots", "roots" if "roots" in how else "../roots", "--at", how.get("at", AT_TEXT)]
        files.update({f"roots/{path}": data for path, data in how.get("roots", {}).items()})
        if how.get("policy"):
            files["policy.json"] = json.dumps({"type": kind, **how["policy"]})
            args += ["--policy", "policy.json"]
        files.update(how.get("extra", {}))
        return args + how.get("options", [])

    @staticmethod
    def said(how):
        """What a case says beside its verdict."""
        return {word: how[word] for word in ("warned", "claims", "tcb", "early", "valid_until", "says") if word in how}


class Vectors(Cases):
    def __init__(self, folder):
        super().__init__(folder)
        self.made = {
            "rsassa": tpm.rsa_key(),
            "rsapss": tpm.rsa_key(tpm.RSAPSS),
            "rsa3072": tpm.rsa_key(bits=3072),
            "p256": tpm.ec_key(3),
            "p384": tpm.ec_key(4),
        }
        self.ca = Ca("good")

    def key(self, kind="p256", **fields):
        """The same key with other fields in its public area."""
        return tpm.dataclasses.replace(self.made[kind], **fields)

    def quote(self, name, key, quote, verdict="accept", failed=(), warned=(), **how):
        """A `verify tpm` case.  how: pcrs, sig, ak, extra (files), options (list), nonce (None: not asked for)."""
        msg = how.get("msg") or quote.bytes(key)
        files = {"quote.msg": msg, "quote.sig": how.get("sig") or key.sign(msg), "ak.pub": how.get("ak") or key.area()}
        args = ["tpm", "--quote", "quote.msg", "--signature", "quote.sig", "--ak", "ak.pub"]
        pcrs = how.get("pcrs", quote.values())
        if pcrs is not None:
            files["pcrs.txt"] = pcrs if isinstance(pcrs, str) else tpm.pcr_lines(pcrs)
            args += ["--pcrs", "pcrs.txt"]
        nonce = how.get("nonce", tpm.NONCE)
        args += ["--nonce", nonce.hex()] if nonce is not None else []
        files.update(how.get("extra", {}))
        self.case(name, args + how.get("options", []), files, verdict, failed, warned)

    def bad(self, check, name, key, quote, verdict="reject", **how):
        self.quote(f"bad-{name}", key, quote, verdict, [check], **how)

    # ---- good ones

    def good(self):
        for kind in self.made:
            bank = "sha384" if kind == "p384" else "sha256"
            self.quote(f"good-{kind}", self.key(kind), tpm.Quote([(bank, [0, 1, 2, 7])]))
        two = tpm.Quote([("sha256", [0, 7]), ("sha384", [0, 7, 14])])
        self.quote("good-two-banks", self.key(), two, options=["--select", "sha256:0,7+sha384:0,7,14"])
        self.quote("good-all-pcrs", self.key(), tpm.Quote([("sha256", list(range(24)))]))
        self.quote("good-sha1-beside", self.key(), tpm.Quote([("sha1", [0]), ("sha256", [0])]))
        self.quote("good-foreign-banks", self.key(), tpm.Quote(), pcrs={**tpm.Quote().values(), ("sha384", 0): bytes(48)})
        self.quote("good-no-values", self.key(), tpm.Quote(), pcrs=None)
        self.quote("good-no-nonce", self.key(), tpm.Quote(nonce=b"x"), nonce=None)
        self.quote("good-long-nonce", self.key(), tpm.Quote(nonce=bytes(66)), nonce=bytes(66))
        self.quote("good-wrapped-ak", self.key(), tpm.Quote(), ak=tpm.sized(self.key().area()))
        self.quote("good-platform", self.key(), tpm.Quote(parent=tpm.PLATFORM))
        self.quote("good-unknown-parent", self.key(), tpm.Quote(parent=bytes(34)))
        self.quote("good-name-sha384", self.key(name_alg=0x000C), tpm.Quote())
        owner = json.dumps({"allow_owner_hierarchy": True})
        options, extra = ["--policy", "policy.json"], {"policy.json": owner}
        self.quote("good-owner", self.key(), tpm.Quote(parent=tpm.OWNER), options=options, extra=extra)
        ek = tpm.ec_key(4, name_alg=0x000C)
        child = tpm.Quote(parent=ek.qualified(tpm.ENDORSEMENT))
        self.quote("good-ek-child", self.key(), child, options=["--ek", "ek.pub"], extra={"ek.pub": ek.area()})
        binding = ["--binding", tpm.NONCE.hex()]
        self.quote("good-binding", self.key(), tpm.Quote(), nonce=None, options=binding)
        self.quote("warn-clock", self.key(), tpm.Quote(safe=0), warned=["quote.clock_unsafe"])

    def pinned(self):
        """Bare keys, and policies with Names and values."""
        key = self.key("rsassa")
        allow = {"options": ["--policy", "policy.json"], "extra": {"policy.json": '{"ak_trust": ["pinned-key"]}'}}
        msg = tpm.Quote().bytes(key)
        self.quote("good-pinned-key", key, tpm.Quote(), ak=key.pem(), **allow)
        self.quote("good-bare-signature", key, tpm.Quote(), msg=msg, sig=key.raw(msg), ak=key.pem(), **allow)
        self.quote("good-bare-signature-area", key, tpm.Quote(), msg=msg, sig=key.raw(msg))
        self.bad("ak.untrusted", "pinned-key-not-asked", key, tpm.Quote(), ak=key.pem())
        key = self.key()
        values = {f"sha256:{i}": [tpm.machine()[("sha256", i)].hex()] for i in (0, 7)}
        policy = {"type": "tpm2", "pcrs": "sha256:0,1,2,7", "ak_names": [key.name().hex()], "values": values}
        self.policy("good-policy", key, policy)
        self.policy("good-policy-alternatives", key, {"values": {"sha256:7": ["ab" * 32] + values["sha256:7"]}})
        self.policy("good-policy-select", key, {"pcrs": "sha256:0,7"}, options=["--select", "sha256:0,1,2,7"])
        other = {**policy, "ak_names": [self.key("p384").name().hex()]}
        self.policy("bad-ak-name-not-pinned", key, other, "reject", ["ak.untrusted"])
        self.policy("bad-values", key, {"values": {"sha256:7": ["ab" * 32]}}, "reject", ["pcr.values"])
        mixed = {"values": {"sha256:0": values["sha256:0"], "sha256:7": values["sha256:0"]}}
        self.policy("bad-values-mixed", key, mixed, "reject", ["pcr.values"])
        self.policy("bad-reference-set-missing", key, {"reference_set": "boot"}, "reject", ["pcr.values"])
        self.policy("bad-policy-pcrs", key, {"pcrs": "sha256:0,1,2"}, "reject", ["quote.selection"])
        select = ["--select", "sha256:0,1,2,7"]
        self.policy("bad-policy-not-selected", key, {"pcrs": "sha256:0,9"}, "reject", ["quote.selection"], options=select)
        self.policy("bad-policy-resettable", key, {"pcrs": "sha256:0,23"}, "reject", ["policy.resettable_pcr"])
        self.policy("bad-policy-sha1", key, {"values": {"sha1:0": ["ab" * 20]}}, "reject", ["policy.weak_bank"])
        self.policy("bad-policy-secure-boot", key, {"secure_boot": True}, "reject", ["tpm.secure_boot"])
        self.policy("bad-policy-firmware", key, {"firmware_min": "1"}, "unable", ["policy.unsupported"])
        self.policy("bad-policy-activation", key, {"ak_trust": ["ek-activation"]}, "reject", ["ak.untrusted"])

    def policy(self, name, key, policy, verdict="accept", failed=(), options=()):
        extra = {"policy.json": json.dumps(policy)}
        options = ["--policy", "policy.json", *options]
        self.quote(name, key, tpm.Quote(), verdict, failed, options=options, extra=extra)

    # ---- one thing wrong

    def structure(self):
        key, quote = self.key(), tpm.Quote()
        msg, sig = quote.bytes(key), key.sign(quote.bytes(key))
        for name, how in {
            "trailing": {"msg": msg + b"\0", "sig": key.sign(msg + b"\0")},
            "truncated": {"msg": msg[:-1], "sig": key.sign(msg[:-1])},
            "sig-trailing": {"sig": sig + b"\0", "msg": msg},
            "sig-truncated": {"sig": sig[:-1], "msg": msg},
            "header-only": {"msg": msg[:6], "sig": sig},
            "five-bytes": {"msg": msg[:5], "sig": sig},
        }.items():
            self.bad("quote.malformed", name, key, quote, "malformed", **how)
        self.bad("quote.malformed", "safe-2", key, tpm.Quote(safe=2), "malformed")
        huge = struct.pack(">I", 0xFFFFFFFF) + tpm.select("sha256", 0)
        self.bad("quote.malformed", "selection-count", key, tpm.Quote(raw_select=huge), "malformed")
        self.bad("quote.magic", "magic", key, tpm.Quote(magic=0x00544347))
        for name, number in {"certify": 0x8017, "creation": 0x801A, "time": 0x8019, "session": 0x8016, "nv": 0x8014}.items():
            self.bad("quote.type", f"type-{name}", key, tpm.Quote(type=number))
        time_body = msg[:4] + struct.pack(">H", 0x8019) + msg[6:93]  # a real body of another type does not decode as a quote
        self.bad("quote.type", "type-time-body", key, quote, msg=time_body)
        self.bad("pcrs.malformed", "pcrs-hex", key, quote, "malformed", pcrs="sha256:7=zz\n")
        self.bad("pcrs.malformed", "pcrs-twice", key, quote, "malformed", pcrs=tpm.pcr_lines(quote.values()) * 2)

    def algorithms(self):
        sha1 = self.key(scheme_hash=0x0004)
        self.bad("quote.weak_hash", "sha1-signature", sha1, tpm.Quote())
        self.bad("pcr.weak_bank", "sha1-bank", self.key(), tpm.Quote([("sha1", [0, 1, 2, 7])]))
        rsassa, p256 = self.key("rsassa"), self.key()
        msg = tpm.Quote().bytes(rsassa)
        self.bad("quote.sigalg", "pss-by-rsassa-key", rsassa, tpm.Quote(), msg=msg, sig=rsassa.sign(msg, tpm.RSAPSS))
        lie = rsassa.sign(msg, tpm.RSAPSS, says=tpm.RSASSA)
        self.bad("quote.signature", "pss-called-rsassa", rsassa, tpm.Quote(), sig=lie, msg=msg)
        other_hash = tpm.Quote().bytes(p256, 0x000C)
        self.bad("quote.sigalg", "hash-of-another", p256, tpm.Quote(), msg=other_hash, sig=p256.sign(other_hash, hash_alg=0x000C))
        self.bad("quote.sigalg", "sm2", p256, tpm.Quote(), sig=p256.sign(tpm.Quote().bytes(p256), says=0x001B))
        msg = tpm.Quote().bytes(p256)
        self.bad("quote.signature", "other-key", p256, tpm.Quote(), msg=msg, sig=tpm.ec_key(3).sign(msg))
        zero = struct.pack(">HH", tpm.ECDSA, 0x000B) + tpm.sized(bytes(32)) * 2
        self.bad("quote.signature", "zero-signature", p256, tpm.Quote(), msg=msg, sig=zero)

    def meaning(self):
        key = self.key()
        self.bad("quote.nonce", "nonce", key, tpm.Quote(nonce=bytes(32)))
        self.bad("quote.nonce", "nonce-longer", key, tpm.Quote(nonce=tpm.NONCE + b"\0"))
        self.bad("quote.nonce", "nonce-shorter", key, tpm.Quote(nonce=tpm.NONCE[:-1]))
        self.bad("quote.nonce", "nonce-empty", key, tpm.Quote(nonce=b""), nonce=None)
        self.bad("quote.binding", "binding", key, tpm.Quote(), options=["--binding", "ab" * 32])
        self.bad("quote.signer", "owner", key, tpm.Quote(parent=tpm.OWNER))
        ek = tpm.ec_key(3)
        other = tpm.Quote(parent=tpm.ec_key(3).qualified(tpm.ENDORSEMENT))
        self.bad("quote.signer", "other-ek", key, other, options=["--ek", "ek.pub"], extra={"ek.pub": ek.area()})
        values = tpm.Quote().values()
        self.bad("quote.unquoted_pcr", "pcr-alias", key, tpm.Quote(), pcrs={**values, ("sha256", 23): bytes(32)})
        self.bad("quote.pcrdigest", "pcr-value", key, tpm.Quote(), pcrs={**values, ("sha256", 7): bytes(32)})
        swapped = {**values, ("sha256", 0): values[("sha256", 7)], ("sha256", 7): values[("sha256", 0)]}
        self.bad("quote.pcrdigest", "pcr-swapped", key, tpm.Quote(), pcrs=swapped)
        del values[("sha256", 2)]
        self.bad("quote.pcrdigest", "pcr-missing", key, tpm.Quote(), pcrs=values)

    def selections(self):
        one, key = struct.pack(">I", 1), self.key()
        raw = {
            "empty": struct.pack(">I", 0),
            "no-pcr": one + tpm.select("sha256"),
            "unallocated": one + tpm.select("sha1"),
            "second-unallocated": struct.pack(">I", 2) + tpm.select("sha256", 0) + tpm.select("sha384"),
            "bank-twice": struct.pack(">I", 3) + tpm.select("sha256", 16) + tpm.select("sha256", 7) + tpm.select("sha256", 16),
            "five-banks": struct.pack(">I", 5) + b"".join(tpm.select(b, 0) for b in ("sha256", 0x27, 0x28, 0x29, 0x12)),
            "size-2": one + tpm.select("sha256", 0, 7, size=2),
            "size-4": one + tpm.select("sha256", 0, 7, size=4),
            "pcr-24": one + tpm.select("sha256", 0, 24, size=4),
        }
        for name, selection in raw.items():
            self.bad("quote.selection", f"selection-{name}", key, tpm.Quote(raw_select=selection), pcrs=None)
        self.bad("quote.selection", "selection-pcr16", key, tpm.Quote([("sha256", [16])]))
        self.bad("quote.selection", "selection-drtm", key, tpm.Quote([("sha256", [17, 18, 19, 20, 21, 22])]))
        for name, asked in {"more": "sha256:0,1,2,3,7", "less": "sha256:0,1,7", "bank": "sha384:0,1,2,7"}.items():
            self.bad("quote.selection", f"asked-{name}", key, tpm.Quote(), options=["--select", asked])
        two = tpm.Quote([("sha384", [0]), ("sha256", [0])])
        self.bad("quote.selection", "asked-order", key, two, options=["--select", "sha256:0+sha384:0"])

    def keys(self):
        quote = tpm.Quote()
        for name, bits in {"fixed-tpm": 0x2, "fixed-parent": 0x10, "origin": 0x20, "restricted": 0x10000, "sign": 0x40000}.items():
            self.bad("ak.attributes", f"ak-not-{name}", self.key(attributes=0x00050072 & ~bits), quote)
        for name, bits in {"decrypt": 0x20000, "duplication": 0x800, "x509": 0x80000, "bit-0": 1, "bit-31": 1 << 31}.items():
            self.bad("ak.attributes", f"ak-{name}", self.key(attributes=0x00050072 | bits), quote)
        cipher = struct.pack(">HHH", 6, 128, 0x43)
        self.bad("ak.scheme", "ak-cipher", self.key(symmetric=cipher), quote)
        self.bad("ak.scheme", "ak-kdf", self.key(kdf=struct.pack(">HH", 0x20, 0x000B)), quote)
        self.bad("ak.policy", "ak-policy", self.key(policy=bytes(32)), quote)
        self.bad("ak.malformed", "ak-trailing", self.key(), quote, "malformed", ak=self.key().area() + b"\0")
        self.bad("ak.malformed", "ak-truncated", self.key(), quote, "malformed", ak=self.key().area()[:-1])
        self.bad("ak.malformed", "ak-type", self.key(), quote, "malformed", ak=b"\0\x08" + self.key().area()[2:])
        self.bad("ak.malformed", "ak-pem", self.key(), quote, "malformed", ak=self.key().pem().replace(b"M", b"!", 1))
        self.bad("ak.weak_key", "rsa-1024", tpm.rsa_key(bits=1024), quote)
        self.bad("ak.weak_key", "rsa-e3", tpm.rsa_key(e=3), quote)
        self.bad("ak.weak_key", "rsa-bits", self.key("rsassa", bits=3072), quote)
        self.bad("ak.weak_key", "off-curve", self.key(off_curve=True), quote)
        self.bad("ak.weak_key", "p521", tpm.ec_key(5), quote)

    def certificates(self):
        key, ca = self.key("rsassa"), self.ca
        public = key.private.public_key()
        self.certificate("good-certificate", ca.issue(public))
        self.certificate("good-certificate-p256", ca.issue(self.key().private.public_key()), key=self.key())
        no_hash = self.key("rsassa", name_alg=tpm.NULL)
        self.certificate("bad-ak-no-name", ca.issue(public), ["ak.name"], key=no_hash)
        weak_name = self.key("rsassa", name_alg=0x0004)
        self.certificate("bad-ak-name-sha1", ca.issue(public), ["ak.scheme"], key=weak_name)
        usage = key_usage(key_encipherment=True)
        self.certificate("bad-cert-usage", ca.issue(public, usage), ["ak.cert_profile"])
        self.certificate("bad-cert-no-usage", ca.issue(public, None), ["ak.cert_profile"])
        usage = key_usage(digital_signature=True, key_cert_sign=True)
        self.certificate("bad-cert-ca", ca.issue(public, usage, ca=True), ["ak.cert_profile"])
        self.certificate("bad-cert-other-key", ca.issue(self.key("rsapss").private.public_key()), ["ak.cert_mismatch"])
        self.certificate("bad-cert-expired", ca.issue(public, until=AT - DAY), ["ak.cert_expired"])
        self.certificate("bad-cert-not-yet", ca.issue(public, since=AT + DAY), ["ak.cert_expired"])
        stale = Ca("stale", intermediate_until=AT - DAY)
        self.certificate("bad-cert-ca-expired", stale.issue(public), ["ak.cert_expired"], ca=stale)
        self.certificate("bad-cert-unknown-ca", Ca("good").issue(public), ["ak.cert_chain"])
        self.certificate("bad-cert-no-roots", ca.issue(public), ["ak.cert_chain"], roots=False)
        self.certificate("bad-cert-trailing", der(ca.issue(public)) + b"\0", ["ak.cert_malformed"], "malformed")
        both, only = ["ak.cert_chain", "ak.untrusted"], '{"ak_trust": ["ak-certificate"]}'
        self.certificate("bad-cert-chain-only", Ca("good").issue(public), both, policy=only)
        for name, cert, verdict, failed in (
            ("good", ca.issue(public), "accept", []),
            ("usage", ca.issue(public, key_usage(key_agreement=True)), "reject", ["ak.cert_profile"]),
            ("expired", ca.issue(public, until=AT - DAY), "reject", ["ak.cert_expired"]),
        ):
            files = {"ak.pem": pem(cert), **self.roots(ca)}
            self.case(f"ak-cert-{name}", ["ak-cert", "ak.pem", "--roots", "roots", "--at", AT_TEXT], files, verdict, failed)

    @staticmethod
    def roots(ca):
        return {"roots/tpm/all.pem": pem(ca.root) + pem(ca.intermediate)}

    def certificate(self, name, cert, failed=(), verdict=None, key=None, ca=None, roots=True, policy=None):
        """A quote with a certificate; only what a certificate can say is at stake."""
        options = ["--ak-cert", "ak.crt", "--at", AT_TEXT, "--policy", "policy.json"]
        policy = policy or '{"ak_trust": ["ak-certificate", "pinned-name"]}'
        extra = {"ak.crt": cert if isinstance(cert, bytes) else der(cert), "policy.json": policy}
        if roots:
            options += ["--roots", "roots"]
            extra.update(self.roots(ca or self.ca))
        verdict = verdict or ("reject" if failed else "accept")
        self.quote(name, key or self.key("rsassa"), tpm.Quote(), verdict, failed, options=options, extra=extra)

    def unable(self):
        """What was wanted and cannot be done is unable, never silence."""
        for option in ("event-log", "pcrsig"):
            name = f"{option}-empty"
            self.bad("input.unreadable", name, self.key(), tpm.Quote(), "unable", options=[f"--{option}", "file"], extra={"file": b""})
        self.bad("input.unreadable", "missing-file", self.key(), tpm.Quote(), "unable", options=["--policy", "nowhere.json"])
        self.bad("input.unreadable", "missing-roots", self.key(), tpm.Quote(), "unable", options=["--roots", "nowhere"])
        damaged = pem(self.ca.root).replace(b"\n", b"\n!", 1)
        extra = {"roots/tpm/a.pem": damaged}
        self.bad("input.unreadable", "damaged-roots", self.key(), tpm.Quote(), "unable", options=["--roots", "roots"], extra=extra)
        empty = {"file": b""}
        self.bad("input.unreadable", "ek-cert-empty", self.key(), tpm.Quote(), "unable", options=["--ek-cert", "file"], extra=empty)

    def all(self):
        for make in (self.good, self.pinned, self.structure, self.algorithms, self.meaning, self.selections):
            make()
        for make in (self.keys, self.certificates, self.unable):
            make()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    Vectors(sys.argv[1]).all()
