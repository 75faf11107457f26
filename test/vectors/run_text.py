#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`countersign verify` for people: what the text says, and which command lines are wrong (exit 64 and no verdict).

The last line is 'N passed, N failed'.
"""
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import gen  # noqa: E402

BUILD = os.path.abspath(os.environ.get("COUNTERSIGN_BUILD", os.path.join(HERE, "..", "..", "build")))
TIMEOUT_S = 60
NONCE = gen.tpm.NONCE.hex()
FILES = ["--quote", "quote.msg", "--signature", "quote.sig", "--ak", "ak.pub"]
GOOD = ["tpm", *FILES, "--pcrs", "pcrs.txt"]

# words after `verify`: (exit code, words that must be said, words that must not)
TEXTS = {
    "accept": (GOOD + ["--nonce", NONCE], 0, ["verdict: accept", "not an approval"], ["freshness", "FAIL"]),
    "accept, perhaps old": (GOOD, 0, ["verdict: accept", "perhaps old", "no --nonce", "not an approval"], ["FAIL"]),
    "accept by values": (GOOD + ["--nonce", NONCE, "--policy", "values.json"], 0, ["verdict: accept"], ["not an approval"]),
    "values without nonce": (GOOD + ["--policy", "values.json"], 0, ["freshness was not judged"], ["not an approval"]),
    "reject": (GOOD + ["--nonce", "00"], 1, ["FAIL       quote.nonce", f"is {NONCE}", "wanted: 00", "verdict: reject"], ["accept"]),
    "gate": (GOOD + ["--select", "sha256:0"], 1, ["FAIL       quote.selection", "sha256:0,1,2,7; wanted: sha256:0"], []),
    "not run": (
        ["tpm", *FILES[:2], "--signature", "other.sig", "--ak", "ak.pub"],
        1,
        ["FAIL       quote.signature", "not run    quote.nonce"],
        [],
    ),
    "malformed": (["tpm", "--quote", "ak.pub", *FILES[2:]], 1, ["quote.magic"], []),
    "malformed bytes": (["tpm", *FILES[:2], "--signature", "quote.msg", "--ak", "ak.pub"], 1, ["quote.sigalg"], []),
    "missing file": (["tpm", *FILES, "--pcrs", "nowhere"], 3, ["UNABLE     input.unreadable", "nowhere", "verdict: unable"], []),
    "missing key": (["tpm", *FILES[:4], "--ak", "nowhere"], 3, ["nowhere", "verdict: unable"], []),
    "bare key": (["tpm", *FILES[:4], "--ak", "ak.pem"], 1, ["ak.untrusted", '"pinned-key" in the policy'], []),
    "EK certificate": (["ek-cert", "nowhere"], 3, ["UNABLE     input.unreadable", "nowhere", "verdict: unable"], []),
    "EK certificate malformed": (["ek-cert", "ak.pub"], 2, ["MALFORMED  ek.cert_malformed", "verdict: malformed"], []),
    "help": (["tpm", "--help"], 0, ["--quote", "--select", "--at"], []),
    "help on types": (["--help"], 0, ["tpm", "tdx", "ek-cert"], ["not in this version"]),
}

USAGE = {
    "no type": [],
    "unknown type": ["tpm3"],
    "no EK certificate": ["ek-cert"],
    "two EK certificates": ["ek-cert", "ak.pub", "ak.pub"],
    "EK certificate and a wrong time": ["ek-cert", "ak.pub", "--at", "today"],
    "no quote": ["tpm", *FILES[2:]],
    "no signature": ["tpm", *FILES[:2], *FILES[4:]],
    "no key": ["tpm", *FILES[:4]],
    "unknown option": [*GOOD, "--force"],
    "option twice": [*GOOD, "--ak", "ak.pub"],
    "option without value": [*GOOD, "--nonce"],
    "a word too many": [*GOOD, "quote.msg"],
    "nonce is not hex": [*GOOD, "--nonce", "xyz"],
    "nonce of half a byte": [*GOOD, "--nonce", "abc"],
    "nonce empty": [*GOOD, "--nonce", ""],
    "nonce too long": [*GOOD, "--nonce", "00" * 67],
    "binding of another length": [*GOOD, "--binding", "00" * 31],
    "select is no selection": [*GOOD, "--select", "sha256:24"],
    "select empty": [*GOOD, "--select", ""],
    "time is no time": [*GOOD, "--at", "yesterday"],
    "policy is not JSON": [*GOOD, "--policy", "quote.msg"],
    "policy is no row": [*GOOD, "--policy", "list.json"],
    "policy with an unknown member": [*GOOD, "--policy", "unknown.json"],
    "ak-cert without a file": ["ak-cert"],
    "ak-cert with a policy": ["ak-cert", "ak.pub", "--policy", "values.json"],
}


def prepare(folder):
    shutil.rmtree(folder, ignore_errors=True)
    key, quote = gen.tpm.ec_key(), gen.tpm.Quote()
    message = quote.bytes(key)
    files = {
        "quote.msg": message,
        "quote.sig": key.sign(message),
        "other.sig": gen.tpm.ec_key().sign(message),
        "ak.pub": key.area(),
        "ak.pem": key.pem(),
        "pcrs.txt": gen.tpm.pcr_lines(quote.values()),
        "values.json": '{"values": {"sha256:7": ["%s"]}}' % quote.pcrs[("sha256", 7)].hex(),
        "list.json": "[]",
        "unknown.json": '{"pcr": 7}',
    }
    for name, data in files.items():
        gen.write(f"{folder}/{name}", data)


def run(folder, words):
    argv = [os.path.join(BUILD, "countersign"), "verify", *words]
    return subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)


def judge_text(folder, words, code, said, unsaid):
    done = run(folder, words)
    wrong = [f"exit {done.returncode}, want {code}"] if done.returncode != code else []
    wrong += [f"does not say {w!r}" for w in said if w not in done.stdout]
    wrong += [f"says {w!r}" for w in unsaid if w in done.stdout]
    wrong += [f"stderr {done.stderr!r}"] if done.stderr else []
    return wrong and wrong + [done.stdout]


def judge_usage(folder, words):
    done = run(folder, words)
    wrong = [f"exit {done.returncode}, want 64"] if done.returncode != 64 else []
    wrong += [f"says {done.stdout!r}"] if done.stdout else []
    wrong += [] if done.stderr.startswith(("countersign: ", "usage: ")) else [f"stderr {done.stderr!r}"]
    return wrong


def main():
    folder = os.path.abspath(os.path.join(BUILD, "vectors-text"))
    prepare(folder)
    results = {f"text: {name}": judge_text(folder, *row) for name, row in TEXTS.items()}
    results.update({f"usage: {name}": judge_usage(folder, words) for name, words in USAGE.items()})
    failed = {name: wrong for name, wrong in results.items() if wrong}
    for name, wrong in failed.items():
        print(f"FAIL {name}: " + "\n     ".join(wrong))
    print(f"{len(results) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
