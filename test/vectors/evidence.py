# SPDX-License-Identifier: Apache-2.0
"""The expected verdict on each TPM case of an evidence folder: real quotes and attacks on them.

Nothing of the folder is copied into the repository.  A case of a name that is not known here is a failure, so that new evidence does not go
unseen.
"""
import glob
import json
import os

import softtpm as tpm


# name: list of (verdict, ids that must be among the failed, options)
POLICY_OWNER = {"allow_owner_hierarchy": True}
PINNED_KEY = {"ak_trust": ["pinned-key"]}
EXPECTED = {
    "swtpm-good-ecdsa-p256": [("accept", [], [])],
    "swtpm-good-ecdsa-p384-sha384bank": [("accept", [], [])],
    "swtpm-good-rsapss": [("accept", [], [])],
    "swtpm-good-rsassa": [("accept", [], [])],
    "swtpm-ok-owner-hierarchy": [("reject", ["quote.signer"], []), ("accept", [], [POLICY_OWNER])],
    "swtpm-ok-sel-two-banks": [
        ("accept", [], []),
        ("accept", [], ["--select", "sha256:0,1,2,3,4,5,6,7,8,9,11,12,14+sha384:0,7"]),
        ("reject", ["quote.selection"], ["--select", "sha256:0,1,2,3,4,5,6,7,8,9,11,12,14"]),
    ],
    "swtpm-bad-ak-unrestricted-forged": [("reject", ["ak.attributes"], [])],
    "swtpm-bad-ak-unrestricted-quote": [("reject", ["ak.attributes"], [])],
    "swtpm-bad-magic": [("reject", ["quote.magic"], [])],
    "swtpm-bad-magic-signed": [("reject", ["quote.magic"], [])],
    "swtpm-bad-msg-bitflip": [("reject", ["quote.signature"], [])],
    "swtpm-bad-pcr-alias": [
        ("reject", ["quote.unquoted_pcr"], []),
        ("reject", ["policy.resettable_pcr"], [{"values": {"sha256:23": ["00" * 32]}}]),
    ],
    "swtpm-bad-pcr-value": [("reject", ["quote.pcrdigest"], [])],
    "swtpm-bad-sel-empty": [("reject", ["quote.selection"], [])],
    "swtpm-bad-sel-missing-pcr7": [
        ("reject", ["quote.selection"], ["--select", "sha256:0,1,2,3,4,5,6,7,8,9,11,12,14"]),
        ("reject", ["quote.selection"], [{"pcrs": "sha256:0,7"}]),
        ("reject", ["quote.selection", "pcr.values"], [{"values": {"sha256:7": ["00" * 32]}}]),
    ],
    "swtpm-bad-sel-order": [("reject", ["quote.selection"], [])],
    "swtpm-bad-sel-pcr16-only": [("reject", ["quote.selection"], [])],
    "swtpm-bad-sel-relabel-16-as-7": [
        ("reject", ["quote.selection", "quote.unquoted_pcr"], []),
        ("reject", ["quote.selection"], ["--select", "sha256:7"]),
    ],
    "swtpm-bad-sel-sha1-unallocated": [("reject", ["quote.selection"], [])],
    "swtpm-bad-sig-bitflip": [("reject", ["quote.signature"], [])],
    "swtpm-bad-sig-trailing": [("malformed", ["quote.malformed"], [])],
    "swtpm-bad-trailing": [("malformed", ["quote.malformed"], [])],
    "swtpm-bad-truncated": [("malformed", ["quote.malformed"], [])],
    "swtpm-bad-type-certify": [("reject", ["quote.type"], [])],
    "swtpm-bad-type-gettime": [("reject", ["quote.type"], [])],
    "qemu-tcg": [("accept", [], []), ("accept", [], ["--event-log", "eventlog.bin"])],
    "qemu-secboot": [("accept", [], []), ("reject", ["ek.cert_chain"], ["--ek-cert", "ekcert.der", "--roots", "."])],
    "quote-azure-snp-kinvolk": [("reject", ["ak.untrusted"], []), ("accept", [], [PINNED_KEY])],
    "quote-keylime-unit": [
        ("accept", [], []),
        ("reject", ["quote.selection"], ["--select", "sha256:0,1,2,3,4,5,6,7"]),
        ("reject", ["quote.selection"], [{"pcrs": "sha256:0,1,2,3,4,5,6,7"}]),
    ],
    "quote-rustkeylime-sha1": [("reject", ["pcr.weak_bank", "quote.weak_hash"], [])],
}
GCE = "quote-gce-cos85-nonce9009"
GCE_EXPECTED = {"sha1": ("reject", ["pcr.weak_bank"]), "sha256": ("accept", []), "sha384": ("accept", [])}


def first(folder, *names):
    return next((n for n in names if os.path.exists(f"{folder}/{n}")), None)


def nonce_of(folder):
    if os.path.exists(f"{folder}/nonce.bin"):
        with open(f"{folder}/nonce.bin", "rb") as f:
            return f.read().hex()
    with open(f"{folder}/expected.json", encoding="utf-8") as f:
        expected = json.load(f)
    return expected.get("nonce") or expected["extraData"]


class Cases:
    def __init__(self, source, out):
        self.source, self.out, self.cases = source, out, []
        os.makedirs(out, exist_ok=True)

    def write(self, name, data):
        path = f"{self.out}/{name}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(data)
        return path

    def options(self, label, options):
        """Paths and policies of a case; a policy is a dict among the options."""
        words = []
        for word in options:
            if isinstance(word, dict):
                words += ["--policy", self.write(f"{label}.json", json.dumps(word).encode())]
            else:
                words.append(word)
        return words

    def add(self, name, label, verdict, failed, args):
        case = {"name": f"evidence/{label}", "folder": f"{self.source}/{name}", "exact": False}
        self.cases.append({**case, "verdict": verdict, "failed": failed, "args": ["tpm", *args]})

    def quotes(self, name, rows):
        folder = f"{self.source}/{name}"
        ak = first(folder, "ak.pub.tpmt", "ak.pub", "ak.pem")
        ak = ak or self.write("any-ak.pub", tpm.ec_key(3).area())  # one sample has no key at all
        args = ["--quote", "quote.msg", "--signature", first(folder, "quote.sig", "quote.sig.raw"), "--ak", ak]
        args += ["--nonce", nonce_of(folder)]
        for option, file in {"--pcrs": "pcrs.txt", "--ek": "ek.pub" if name.startswith("qemu-") else ""}.items():
            args += [option, file] if file and os.path.exists(f"{folder}/{file}") else []
        for i, (verdict, failed, options) in enumerate(rows):
            label = f"{name}.{i}"
            self.add(name, label, verdict, failed, args + self.options(label, options))

    def gce(self):
        """A real certificate chain, three banks sent beside one that is quoted."""
        roots = f"{self.out}/roots/tpm"
        for path in glob.glob(f"{self.source}/certs/gce-ca-*"):
            with open(path, "rb") as f:
                data = f.read()
            self.write(f"roots/tpm/{os.path.basename(path)}.pem", data if b"BEGIN" in data else pem(data))
        common = ["--ak", "ak.pub.tpmt", "--nonce", "9009", "--pcrs", "pcrs.txt", "--at", "2026-06-01T00:00:00Z"]
        certificate = ["--ak-cert", "ak.crt.der", "--roots", os.path.dirname(roots)]
        only = self.options("gce", [{"ak_trust": ["ak-certificate"]}])
        for bank, (verdict, failed) in GCE_EXPECTED.items():
            args = ["--quote", f"quote-{bank}.msg", "--signature", f"quote-{bank}.sig", *common]
            self.add(GCE, f"gce-{bank}", verdict, failed, args)
            self.add(GCE, f"gce-{bank}-certificate", verdict, failed, args + certificate + only)
            self.add(GCE, f"gce-{bank}-no-certificate", "reject", [*failed, "ak.untrusted"], args + only)


def pem(der):
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)


def cases(source, out):
    made = Cases(source, out)
    known = dict(EXPECTED)
    for path in sorted(p for kind in ("swtpm", "quote", "qemu") for p in glob.glob(f"{source}/{kind}-*")):
        name = os.path.basename(path)
        if name == GCE:
            made.gce()
        else:
            made.quotes(name, known.pop(name, [("accept", ["no verdict is known for this case"], [])]))
    for name in known:
        made.add(name, f"{name} is not there", "accept", [], [])
    return made.cases
