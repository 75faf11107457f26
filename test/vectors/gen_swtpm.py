# SPDX-License-Identifier: Apache-2.0
"""Quotes of a real TPM implementation (swtpm by tpm2-tools), good and bad, as cases of run.py.

What a TPM does with odd requests is part of the matter: it quotes the same bank twice, quotes banks that are not allocated, and signs
other attestations with the same key.
"""
import json
import os
import re
import shutil
import subprocess
import tempfile
import time

import gen

TOOLS = ("swtpm", "swtpm_ioctl") + tuple(
    "tpm2_" + name
    for name in (
        "certify createak createek createprimary flushcontext getcap gettime hash pcrallocate pcrextend pcrread quote"
        " readpublic sign startup"
    ).split()
)
NONCE = "a5" * 32
BOOT = "0,1,2,4,7"
START_S = 10
TOOL_S = 30
ATTRIBUTES = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign"


def missing_tools():
    return [t for t in TOOLS if not shutil.which(t)]


class Tpm:
    """One software TPM of our own in a short-lived folder; ended with the `with` block."""

    def __enter__(self):
        self.home = tempfile.mkdtemp(prefix="cs-tpm.")
        path = f"{self.home}/s"
        argv = ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={self.home}", "--flags", "startup-clear,not-need-init"]
        argv += ["--server", f"type=unixio,path={path}", "--ctrl", f"type=unixio,path={path}.ctrl"]
        self.process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.env = {**os.environ, "TPM2TOOLS_TCTI": f"swtpm:path={path}", "TSS2_LOG": "all+NONE"}
        try:
            self._wait_until_it_answers()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _wait_until_it_answers(self):
        end = time.monotonic() + START_S
        while True:
            try:
                return self.run("tpm2_getcap", "properties-fixed")
            except RuntimeError:
                if time.monotonic() > end or self.process.poll() is not None:
                    raise
            time.sleep(0.05)

    def __exit__(self, *_exc):
        self.process.terminate()
        self.process.wait(START_S)
        shutil.rmtree(self.home, ignore_errors=True)

    def run(self, tool, *args):
        done = subprocess.run([tool, *args], cwd=self.home, env=self.env, capture_output=True, timeout=TOOL_S, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{tool} {' '.join(args)}: {done.stderr.decode(errors='replace')}")
        return done.stdout.decode()

    def tool(self, name, *args):
        out = self.run(name, *args)
        self.run("tpm2_flushcontext", "-t")  # a TPM has three places for loaded objects
        return out

    def read(self, name):
        with open(f"{self.home}/{name}", "rb") as f:
            return f.read()

    def write(self, name, data):
        gen.write(f"{self.home}/{name}", data)

    def power_cycle(self):
        subprocess.run(["swtpm_ioctl", "--unix", f"{self.home}/s.ctrl", "-i"], check=True, timeout=TOOL_S, stdout=subprocess.DEVNULL)
        self.run("tpm2_startup", "-c")

    def pcrs(self, selection):
        """{(bank, index): bytes} of a selection, as the TPM tells them now."""
        values, bank = {}, ""
        for line in self.tool("tpm2_pcrread", selection).splitlines():
            if re.match(r"\s+(sha\d+):", line):
                bank = line.strip().rstrip(":")
            elif ":" in line:
                index, value = line.split(":")
                values[(bank, int(index))] = bytes.fromhex(value.strip()[2:])
        return values


class Maker:
    def __init__(self, tpm, folder):
        self.tpm, self.vectors = tpm, folder
        self.count = 0

    def keys(self):
        t = self.tpm
        t.tool("tpm2_createek", "-c", "ek.ctx", "-G", "ecc", "-u", "ek.pub")
        for name, words in {
            "p256": ["-G", "ecc", "-g", "sha256", "-s", "ecdsa"],
            "p384": ["-G", "ecc384", "-g", "sha384", "-s", "ecdsa"],
            "rsassa": ["-G", "rsa", "-g", "sha256", "-s", "rsassa"],
            "rsapss": ["-G", "rsa", "-g", "sha256", "-s", "rsapss"],
            "sha1": ["-G", "ecc", "-g", "sha1", "-s", "ecdsa"],
        }.items():
            t.tool("tpm2_createak", "-C", "ek.ctx", "-c", f"{name}.ctx", "-u", f"{name}.pub", *words)
        self.primary("owner", "o", f"{ATTRIBUTES}|restricted")
        self.primary("primary", "e", f"{ATTRIBUTES}|restricted|noda")
        self.primary("free", "e", ATTRIBUTES)

    def primary(self, name, hierarchy, attributes):
        key = ["-g", "sha256", "-G", "ecc:ecdsa-sha256:null", "-a", attributes]
        self.tpm.tool("tpm2_createprimary", "-C", hierarchy, "-c", f"{name}.ctx", *key)
        self.tpm.tool("tpm2_readpublic", "-c", f"{name}.ctx", "-o", f"{name}.pub")

    def quote(self, key, selection, hash_alg="sha256", nonce=NONCE):
        scheme = ["--scheme", "rsapss"] if key == "rsapss" else []
        files = ["-m", "quote.msg", "-s", "quote.sig"]
        self.tpm.tool("tpm2_quote", "-c", f"{key}.ctx", "-l", selection, "-q", nonce, "-g", hash_alg, *files, *scheme)

    def case(self, name, key, verdict="accept", failed=(), pcrs=None, options=(), extra=None):
        """What lies in the TPM's folder now becomes a case."""
        files = {"quote.msg": self.tpm.read("quote.msg"), "quote.sig": self.tpm.read("quote.sig"), "ak.pub": self.tpm.read(f"{key}.pub")}
        args = ["tpm", "--quote", "quote.msg", "--signature", "quote.sig", "--ak", "ak.pub", "--nonce", NONCE]
        if pcrs is not None:
            files["pcrs.txt"] = gen.tpm.pcr_lines(pcrs)
            args += ["--pcrs", "pcrs.txt"]
        files.update(extra or {})
        # Whether the clock is safe depends on how long the TPM has been running.
        case = {"args": [*args, *options], "verdict": verdict, "failed": list(failed), "warned": None}
        for file, data in {**files, "case.json": json.dumps(case)}.items():
            gen.write(f"{self.vectors}/{name}/{file}", data)
        self.count += 1

    def good(self):
        for key, bank in {"p256": "sha256", "p384": "sha384", "rsassa": "sha256", "rsapss": "sha256", "primary": "sha256"}.items():
            self.quote(key, f"{bank}:{BOOT}", bank)
            values = self.tpm.pcrs(f"{bank}:{BOOT}")
            self.case(f"good-{key}", key, pcrs=values, options=["--select", f"{bank}:{BOOT}"])
        self.quote("p256", f"sha256:{BOOT}")
        ek = {"extra": {"ek.pub": self.tpm.read("ek.pub")}, "options": ["--ek", "ek.pub"]}
        self.case("good-ek", "p256", pcrs=self.tpm.pcrs(f"sha256:{BOOT}"), **ek)
        self.case("bad-other-key", "primary", "reject", ["quote.signature"])
        two = f"sha256:{BOOT}+sha384:0,7"
        self.quote("p256", two)
        self.case("good-two-banks", "p256", pcrs=self.tpm.pcrs(two), options=["--select", two])
        self.case("bad-two-banks-not-asked", "p256", "reject", ["quote.selection"], options=["--select", f"sha256:{BOOT}"])
        self.quote("owner", f"sha256:{BOOT}")
        self.case("bad-owner", "owner", "reject", ["quote.signer"])
        policy = {"extra": {"p.json": '{"allow_owner_hierarchy": true}'}, "options": ["--policy", "p.json"]}
        self.case("good-owner-allowed", "owner", **policy)

    def bad(self):
        self.quote("free", f"sha256:{BOOT}")
        self.case("bad-unrestricted", "free", "reject", ["ak.attributes"])
        self.quote("sha1", f"sha256:{BOOT}", "sha1")
        self.case("bad-sha1-signature", "sha1", "reject", ["quote.weak_hash"])
        self.quote("p256", "sha1:0,7")
        self.case("bad-sha1-bank", "p256", "reject", ["pcr.weak_bank"], pcrs=self.tpm.pcrs("sha1:0,7"))
        self.quote("p256", "sha256:16+sha256:7+sha256:16")
        self.case("bad-order", "p256", "reject", ["quote.selection"])
        self.quote("p256", "sha256:16,23")
        self.case("bad-resettable", "p256", "reject", ["quote.selection"], pcrs=self.tpm.pcrs("sha256:16,23"))
        self.quote("p256", f"sha256:{BOOT}", nonce="5a" * 32)
        self.case("bad-nonce", "p256", "reject", ["quote.nonce"])
        self.quote("p256", "sha256:0,1,2,4")
        self.case("bad-no-pcr7", "p256", "reject", ["quote.selection"], options=["--select", f"sha256:{BOOT}"])
        values = {**self.tpm.pcrs("sha256:0,1,2,4"), ("sha256", 7): bytes(32)}
        self.case("bad-pcr7-not-quoted", "p256", "reject", ["quote.unquoted_pcr"], pcrs=values)
        self.quote("p256", f"sha256:{BOOT}")
        self.tpm.tool("tpm2_pcrextend", f"7:sha256={'11' * 32}")
        self.case("bad-extended-since", "p256", "reject", ["quote.pcrdigest"], pcrs=self.tpm.pcrs(f"sha256:{BOOT}"))

    def others(self):
        """Other things that the same key signs."""
        t = self.tpm
        t.tool("tpm2_gettime", "-c", "p256.ctx", "-q", NONCE, "--attestation", "quote.msg", "-o", "quote.sig")
        self.case("bad-time", "p256", "reject", ["quote.type"])
        t.tool("tpm2_certify", "-c", "primary.ctx", "-C", "p256.ctx", "-g", "sha256", "-o", "quote.msg", "-s", "quote.sig")
        self.case("bad-certify", "p256", "reject", ["quote.type"])
        self.quote("p256", f"sha256:{BOOT}")
        t.write("quote.msg", b"\0" + t.read("quote.msg")[1:])  # a TPM hashes this for anybody, and its restricted key signs it
        t.tool("tpm2_hash", "-C", "e", "-g", "sha256", "-t", "ticket", "-o", "digest", "quote.msg")
        t.tool("tpm2_sign", "-c", "p256.ctx", "-g", "sha256", "-d", "-t", "ticket", "-o", "quote.sig", "digest")
        self.case("bad-magic-signed", "p256", "reject", ["quote.magic"])

    def unallocated(self):
        self.tpm.tool("tpm2_pcrallocate", "sha1:none+sha256:all+sha384:none+sha512:none")
        self.tpm.power_cycle()
        self.primary("again", "e", f"{ATTRIBUTES}|restricted")
        self.quote("again", "sha384:0,7")
        self.case("bad-unallocated", "again", "reject", ["quote.selection"])
        self.quote("again", f"sha256:{BOOT}+sha384:0,7")
        self.case("bad-second-unallocated", "again", "reject", ["quote.selection"])


def make(folder):
    with Tpm() as tpm:
        maker = Maker(tpm, folder)
        for step in (maker.keys, maker.good, maker.bad, maker.others, maker.unallocated):
            step()
    return maker.count
