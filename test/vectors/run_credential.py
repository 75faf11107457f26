#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Credentials (attest/tpm/credential.c): opened by a TPM's arithmetic written here a second time, and by a real TPM implementation.

Hundreds of credentials for software endorsement keys of each kind, then some for those of swtpm, which opens them by
TPM2_ActivateCredential.  The last line is 'N passed, N failed'.
"""
import dataclasses
import hashlib
import hmac
import os
import random
import struct
import subprocess
import sys

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import gen_swtpm  # noqa: E402
import softtpm as tpm  # noqa: E402

BUILD = os.path.abspath(os.environ.get("COUNTERSIGN_BUILD", os.path.join(HERE, "..", "..", "build")))
SEEDS = 150
LIVE = 8
RANDOM_LEN = 128
CANDIDATE_LEN = 48  # of two candidates for an ephemeral key
HASH = {0x000B: "sha256", 0x000C: "sha384", 0x000D: "sha512"}
HASHES = {0x000B: hashes.SHA256, 0x000C: hashes.SHA384}
ORDER = {
    3: 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    4: int("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973", 16),
}
ATTRIBUTES = 0x000300B2
TOOLS = ("tpm2_createek", "tpm2_createak", "tpm2_startauthsession", "tpm2_policysecret", "tpm2_activatecredential")


class Failed(Exception):
    pass


def must(good, what):
    if not good:
        raise Failed(what)


def make(lines):
    """One run of the program over many lines."""
    text = "".join(" ".join(field.hex() or "-" for field in line) + "\n" for line in lines)
    done = subprocess.run([f"{BUILD}/bin/make_credential"], input=text, capture_output=True, text=True, timeout=120, check=True)
    answers = done.stdout.splitlines()
    must(len(answers) == len(lines), f"{len(answers)} answers to {len(lines)} lines, {done.stderr}")
    return answers


def take(data, at):
    size = struct.unpack_from(">H", data, at)[0]
    must(at + 2 + size <= len(data), "a size beyond the end")
    return data[at + 2 : at + 2 + size], at + 2 + size


# ---- what a TPM computes (Part 1 sections 11.4.10 and 24, annexes B.10 and C.6)


def kdfa(alg, key, label, context, bits):
    out = b""
    for i in range(1, 100):
        block = struct.pack(">I", i) + label + b"\0" + context + struct.pack(">I", bits)
        out += hmac.new(key, block, HASH[alg]).digest()
        if len(out) * 8 >= bits:
            return out[: bits // 8]
    raise Failed("a key that long")


def kdfe(alg, z, label, u, v, bits):
    out = hashlib.new(HASH[alg], struct.pack(">I", 1) + z + label + b"\0" + u + v).digest()
    must(len(out) * 8 >= bits, "one block is enough")
    return out[: bits // 8]


def seed_rsa(key, secret):
    alg = HASHES[key.name_alg]
    must(len(secret) == key.private.key_size // 8, "as long as the modulus")
    return key.private.decrypt(secret, padding.OAEP(padding.MGF1(alg()), alg(), b"IDENTITY\0"))


def seed_ecc(key, secret):
    size = (key.private.key_size + 7) // 8
    x, at = take(secret, 0)
    y, end = take(secret, at)
    must(end == len(secret) and len(x) == len(y) == size, "padded coordinates and nothing behind them")
    numbers = ec.EllipticCurvePublicNumbers(int.from_bytes(x, "big"), int.from_bytes(y, "big"), key.private.curve)
    z = key.private.exchange(ec.ECDH(), numbers.public_key())
    mine = key.private.public_key().public_numbers().x.to_bytes(size, "big")
    return kdfe(key.name_alg, z, b"IDENTITY", x, mine, 8 * hashlib.new(HASH[key.name_alg]).digest_size), (x, y)


def activate(key, ak_name, object_, secret):
    """The secret of a credential, and the ephemeral point if there is one."""
    blob, end = take(object_, 0)
    must(end == len(object_), "something behind TPM2B_ID_OBJECT")
    wrapped, end = take(secret, 0)
    must(end == len(secret), "something behind TPM2B_ENCRYPTED_SECRET")
    seed, point = (seed_rsa(key, wrapped), None) if key.type == 1 else seed_ecc(key, wrapped)
    outer, at = take(blob, 0)
    identity = blob[at:]
    size = hashlib.new(HASH[key.name_alg]).digest_size
    must(len(seed) == len(outer) == size, "seed and HMAC as long as the digest")
    mac_key = kdfa(key.name_alg, seed, b"INTEGRITY", b"", 8 * size)
    must(hmac.compare_digest(hmac.new(mac_key, identity + ak_name, HASH[key.name_alg]).digest(), outer), "the outer HMAC")
    bits = struct.unpack_from(">H", key.symmetric, 2)[0]
    cipher_key = kdfa(key.name_alg, seed, b"STORAGE", ak_name, bits)
    decryptor = Cipher(algorithms.AES(cipher_key), modes.CFB(bytes(16))).decryptor()
    clear, end = take(decryptor.update(identity) + decryptor.finalize(), 0)
    must(end == len(identity), "something behind the secret")
    return clear, point


# ---- software keys


def endorsement_key(kind):
    small = {"scheme": tpm.NULL, "attributes": ATTRIBUTES, "policy": bytes(32), "symmetric": struct.pack(">HHH", 6, 128, 0x43)}
    large = {**small, "policy": bytes(48), "symmetric": struct.pack(">HHH", 6, 256, 0x43), "name_alg": 0x000C}
    made = {"rsa2048": (tpm.rsa_key, small), "rsa3072": (lambda: tpm.rsa_key(bits=3072), large)}
    made.update({"p256": (lambda: tpm.ec_key(3), small), "p384": (lambda: tpm.ec_key(4), large)})
    maker, fields = made[kind]
    return dataclasses.replace(maker(), **fields)


def any_name(rng):
    alg = rng.choice(list(HASH))
    return struct.pack(">H", alg) + rng.randbytes(hashlib.new(HASH[alg]).digest_size)


def soft(kind, count):
    rng = random.SystemRandom()
    key = endorsement_key(kind)
    lines = [(key.area(), any_name(rng), rng.randbytes(1 + i % 32), rng.randbytes(RANDOM_LEN)) for i in range(count)]
    for answer, (_area, name, secret, noise) in zip(make(lines), lines):
        must(not answer.startswith("error"), answer)
        object_, sealed = (bytes.fromhex(word) for word in answer.split())
        clear, point = activate(key, name, object_, sealed)
        must(clear == secret, "another secret")
        if point:
            size = len(point[0])
            number = ec.derive_private_key(int.from_bytes(noise[:size], "big"), key.private.curve).public_key().public_numbers()
            must(number.x == int.from_bytes(point[0], "big"), "an ephemeral key that is not the randomness")
    must(len(set(make([lines[0]] * 3))) == 1, "the same in, the same out")
    return count


def candidates(kind):
    """Zero and numbers from the group's order on are no private keys: the second candidate is taken, and without one none."""
    key = endorsement_key(kind)
    size, order, rng = tpm.FIELD[key.curve], ORDER[key.curve], random.SystemRandom()
    none = [n.to_bytes(size, "big").ljust(CANDIDATE_LEN, b"\xaa") for n in (0, order, 2 ** (8 * size) - 1)]
    last, good = (n.to_bytes(size, "big").ljust(CANDIDATE_LEN, b"\xaa") for n in (order - 1, 1))
    name, tail = any_name(rng), bytes(RANDOM_LEN - 2 * CANDIDATE_LEN)
    noise = [(bad, good, 1) for bad in none] + [(last, none[0], order - 1), (good, none[0], 1)] + [(bad, none[0], None) for bad in none]
    for answer, (_first, _second, number) in zip(make([(key.area(), name, b"s", a + b + tail) for a, b, _ in noise]), noise):
        if number is None:
            must(answer.startswith("error") and "no private key" in answer, answer)
            continue
        object_, sealed = (bytes.fromhex(word) for word in answer.split())
        clear, point = activate(key, name, object_, sealed)
        expected = ec.derive_private_key(number, key.private.curve).public_key().public_numbers()
        must(clear == b"s" and int.from_bytes(point[0], "big") == expected.x, f"candidate {number}")
    return len(noise)


def refusals():
    """What no credential is made for, and the word of the reason."""
    rng, key = random.SystemRandom(), endorsement_key("rsa2048")
    good = [key.area(), any_name(rng), b"s" * 32, rng.randbytes(RANDOM_LEN)]
    bad = {
        "no template": [dataclasses.replace(key, name_alg=0x000C).area(), *good[1:]],
        "not those of an endorsement key": [dataclasses.replace(key, attributes=0x00050072).area(), *good[1:]],
        "secret 0": [*good[:2], b"", good[3]],
        "secret 33": [*good[:2], bytes(33), good[3]],
        "Name 33": [good[0], good[1][:33], *good[2:]],
        "randomness 127": [*good[:3], good[3][:-1]],
    }
    off = dataclasses.replace(endorsement_key("p256"), off_curve=True)
    bad["not on P-256"] = [off.area(), *good[1:]]
    weak = dataclasses.replace(tpm.rsa_key(e=3), **{f: getattr(key, f) for f in ("scheme", "attributes", "policy", "symmetric")})
    bad["exponent"] = [weak.area(), *good[1:]]
    for answer, word in zip(make(list(bad.values())), bad):
        must(answer.startswith("error") and word in answer, f"{word}: {answer}")
    must(not make([good])[0].startswith("error"), "the good one")
    return len(bad)


# ---- swtpm


def open_by(t, object_, sealed, session):
    """The secret, or None when the TPM refuses.  The high-range templates let the key be used with its empty password."""
    t.write("credential", struct.pack(">II", 0xBADCC0DE, 1) + object_ + sealed)
    words = ["-c", "ak.ctx", "-C", "ek.ctx", "-i", "credential", "-o", "secret"]
    if session:
        t.run("tpm2_startauthsession", "--policy-session", "-S", "session.ctx")
        t.run("tpm2_policysecret", "-S", "session.ctx", "-c", "e")
        words += ["-P", "session:session.ctx"]
    try:
        t.run("tpm2_activatecredential", *words)
        return t.read("secret")
    except RuntimeError:
        return None
    finally:
        if session:
            t.run("tpm2_flushcontext", "session.ctx")
        t.run("tpm2_flushcontext", "-t")


def live(kind, words, session):
    """Each is opened by the TPM that holds both keys; not for another Name, nor by another TPM of the same kind."""
    rng = random.SystemRandom()
    with gen_swtpm.Tpm() as t, gen_swtpm.Tpm() as other:
        for each in (t, other):
            each.tool("tpm2_createek", "-c", "ek.ctx", "-u", "ek.pub", *words)
            each.tool("tpm2_createak", "-C", "ek.ctx", "-c", "ak.ctx", "-u", "ak.pub", "-n", "ak.name", "-G", "ecc", "-g", "sha256", "-s", "ecdsa")
        area, name = t.read("ek.pub"), t.read("ak.name")
        secrets = [rng.randbytes(32 if i < LIVE - 1 else 5) for i in range(LIVE)]
        for answer, secret in zip(make([(area, name, s, rng.randbytes(RANDOM_LEN)) for s in secrets]), secrets):
            must(not answer.startswith("error"), answer)
            made = [bytes.fromhex(word) for word in answer.split()]
            must(open_by(t, *made, session) == secret, f"{kind}: the TPM did not open it")
        must(open_by(other, *made, session) is None, f"{kind}: another TPM opened it")
        wrong = make([(area, name[:-1] + bytes([name[-1] ^ 1]), secrets[0], rng.randbytes(RANDOM_LEN))])[0]
        must(open_by(t, *(bytes.fromhex(word) for word in wrong.split()), session) is None, f"{kind}: opened for another key")
    return LIVE + 2


def main():
    jobs = [(soft, kind, SEEDS) for kind in ("rsa2048", "p256", "p384")] + [(soft, "rsa3072", 5)]
    jobs += [(candidates, "p256"), (candidates, "p384"), (refusals,)]
    missing = gen_swtpm.missing_tools() + [t for t in TOOLS if not gen_swtpm.shutil.which(t)]
    if missing:
        print(f"NOTICE: no credential was opened by a TPM: {', '.join(missing)} missing", flush=True)
    else:
        jobs += [(live, "rsa2048", ["-G", "rsa"], True), (live, "p256", ["-G", "ecc"], True), (live, "p384", ["-G", "ecc384"], False)]
    passed = failed = 0
    for run, *args in jobs:
        try:
            passed += run(*args)
        except (Failed, RuntimeError, ValueError, subprocess.SubprocessError) as e:
            failed += 1
            print(f"FAIL {run.__name__} {args}: {type(e).__name__} {e}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
