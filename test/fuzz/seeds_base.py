#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Seeds for the fuzzers of attest/base, attest/sig, attest/x509 and common: one small file for each thing that the
decoders tell apart.  Keys are made from fixed numbers, so that running it again changes little.

    test/fuzz/seeds_base.py            writes test/corpus/{cbor_gate,json_gate,json,text,der,x509,x509_leaf,crl,jose}/
"""
import base64
import datetime
import json
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, utils
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CORPUS = pathlib.Path(__file__).resolve().parent.parent / "corpus"
NOW = 1800000000


def put(folder, name, data):
    path = CORPUS / folder
    path.mkdir(parents=True, exist_ok=True)
    (path / name).write_bytes(data if isinstance(data, bytes) else data.encode())


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def cbor():
    items = {
        "uint": "1b000000e8d4a51000", "nint": "3903e7", "bytes": "4401020304", "text": "6449455446",
        "array": "8301820203820405", "map": "a26161016162820203", "tag": "d28443a10126a0420102420304",
        "floats": "83f93c00fa47c35000fb3ff199999999999a", "simple": "84f4f5f6f7", "deep": "81" * 16 + "00",
        "indefinite": "9f01ff", "huge": "9b7fffffffffffffff", "long": "5818" + "ab" * 24,
    }
    for name, text in items.items():
        put("cbor_gate", name, bytes.fromhex(text))


def json_texts():
    texts = {
        "object": '{"a":"text","b":-3,"c":true,"d":[1,2,null]}',
        "nested": "[" * 15 + "{}" + "]" * 15,
        "escapes": '{"a":"\\u00e9\\ud83d\\ude00\\"\\\\\\/\\b\\f\\n\\r\\t"}',
        "utf8": '"\u00e9\u20ac\U0001f600"',
        "numbers": "[0,-0,1.5,1e10,-2.5E-3,9223372036854775807]",
        "space": ' \t\r\n{ "a" : [ ] , "b" : { } } ',
        "duplicate": '{"a":1,"a":2}',
        "literals": "[true,false,null]",
        "half": '"\\ud800"',
        "members": "{" + ",".join('"m%d":%d' % (i, i) for i in range(64)) + "}",
    }
    for name, text in texts.items():
        put("json_gate", name, text)
        put("json", name, text)


def texts():
    put("text", "hex", "00ff7f80aBcD")
    put("text", "b64", b64(bytes(range(48))))
    put("text", "b64_two", b64(b"ab"))
    put("text", "time", "2026-11-24T12:00:00Z")
    put("text", "leap", "2000-02-29T23:59:59Z")
    put("text", "utf8", "a\u00e9\u20ac\U0001f600\u0001\"\\")
    put("text", "surrogate", b"\xed\xa0\x80")
    put("text", "overlong", b"\xc0\xaf\xe0\x80\xaf")


def spki(key):
    return key.public_key().public_bytes(serialization.Encoding.DER,
                                         serialization.PublicFormat.SubjectPublicKeyInfo)


P256 = ec.derive_private_key(0x1234567890ABCDEF, ec.SECP256R1())
P384 = ec.derive_private_key(0x1234567890ABCDEF, ec.SECP384R1())
P521 = ec.derive_private_key(0x1234567890ABCDEF, ec.SECP521R1())
ED = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
RSA = rsa.generate_private_key(65537, 2048)


def der():
    for name, key in {"p256": P256, "p384": P384, "p521": P521, "ed25519": ED, "rsa": RSA}.items():
        put("der", "spki_" + name, spki(key))
    put("der", "integer", bytes.fromhex("02090080000000000000ff"))
    put("der", "small", bytes.fromhex("020105"))
    put("der", "kinds", bytes.fromhex("301c0101ff0500060355040303020780030200ff0a010504010080020102"))
    put("der", "nested", bytes.fromhex("300c300a30083006300430020500"))
    put("der", "long", bytes.fromhex("308180") + bytes(128))
    put("der", "context", bytes.fromhex("a003020102"))


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def when(unix):
    return datetime.datetime.fromtimestamp(unix, datetime.timezone.utc).replace(tzinfo=None)


def cert(subject, key, issuer, signer, extensions, last=NOW + 86400, digest=hashes.SHA256()):
    b = (x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name(issuer))
         .public_key(key.public_key()).serial_number(7777)
         .not_valid_before(when(NOW - 86400)).not_valid_after(when(last)))
    for ext, critical in extensions:
        b = b.add_extension(ext, critical)
    return b.sign(signer, digest).public_bytes(serialization.Encoding.DER)


def certificates():
    ca = [(x509.BasicConstraints(True, 1), True),
          (x509.KeyUsage(False, False, False, False, False, True, True, False, False), True)]
    leaf = [(x509.BasicConstraints(False, None), True),
            (x509.KeyUsage(True, False, False, False, False, False, False, False, False), True),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False),
            (x509.SubjectAlternativeName([x509.DNSName("a.example")]), False)]
    put("x509", "root_p256", cert("root", P256, "root", P256, ca))
    put("x509", "root_rsa", cert("root", RSA, "root", RSA, ca))
    put("x509", "root_ed25519", cert("root", ED, "root", ED, ca, digest=None))
    put("x509", "leaf_p384", cert("leaf", P384, "root", P256, leaf, digest=hashes.SHA384()))
    put("x509", "late", cert("late", P256, "late", P256, [], last=253402300799))
    put("x509", "bare", cert("bare", P256, "bare", P256, []))
    crl = (x509.CertificateRevocationListBuilder().issuer_name(name("root"))
           .last_update(when(NOW - 86400)).next_update(when(NOW + 86400))
           .add_revoked_certificate(x509.RevokedCertificateBuilder().serial_number(7777)
                                    .revocation_date(when(NOW - 3600)).build())
           .sign(P256, hashes.SHA256()))
    put("x509", "crl", crl.public_bytes(serialization.Encoding.DER))
    put("x509_leaf", "p384", cert("leaf", P384, "root", P256, leaf, digest=hashes.SHA384()))
    put("x509_leaf", "bare", cert("bare", P256, "bare", P256, []))
    put("x509_leaf", "ed25519", cert("leaf", P256, "root", ED, leaf, last=253402300799, digest=None))
    put("x509_leaf", "crowded", cert("crowded", P256, "root", P256, [
        (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.%d" % i), bytes([2, 1, i])), i == 7)
        for i in range(12)]))


def revoked(serial, *extensions):
    b = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(when(NOW - 3600))
    for ext, critical in extensions:
        b = b.add_extension(ext, critical)
    return b.build()


def revocation_list(entries, extensions):
    b = (x509.CertificateRevocationListBuilder().issuer_name(name("root"))
         .last_update(when(NOW - 86400)).next_update(when(NOW + 86400)))
    for entry in entries:
        b = b.add_revoked_certificate(entry)
    for ext, critical in extensions:
        b = b.add_extension(ext, critical)
    return b.sign(P256, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def revocation_lists():
    usual = [(x509.CRLNumber(7), False), (x509.AuthorityKeyIdentifier(bytes(20), None, None), False)]
    put("crl", "empty", revocation_list([], []))
    put("crl", "numbered", revocation_list([], usual))
    put("crl", "two", revocation_list([revoked(1), revoked(2 ** 151)], usual))
    put("crl", "reason", revocation_list(
        [revoked(255, (x509.CRLReason(x509.ReasonFlags.key_compromise), False))], usual))
    put("crl", "delta", revocation_list([revoked(3)], [(x509.DeltaCRLIndicator(6), True)]))
    put("crl", "indirect", revocation_list(
        [revoked(4, (x509.CertificateIssuer([x509.DirectoryName(name("other"))]), True))], usual))


def jwk(key):
    if isinstance(key, ed25519.Ed25519PrivateKey):
        raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return {"kty": "OKP", "crv": "Ed25519", "x": b64(raw)}
    n = key.public_key().public_numbers()
    size = key.key_size // 8
    return {"kty": "EC", "crv": "P-%d" % key.key_size, "x": b64(n.x.to_bytes(size, "big")),
            "y": b64(n.y.to_bytes(size, "big"))}


def jws(key, header, payload):
    text = b64(json.dumps(header, separators=(",", ":")).encode()) + "." + \
        b64(json.dumps(payload, separators=(",", ":")).encode())
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return text + "." + b64(key.sign(text.encode()))
    digest = hashes.SHA256() if key.key_size == 256 else hashes.SHA384()
    r, s = utils.decode_dss_signature(key.sign(text.encode(), ec.ECDSA(digest)))
    size = key.key_size // 8
    return text + "." + b64(r.to_bytes(size, "big") + s.to_bytes(size, "big"))


def jose():
    claims = {"jti": "j1", "htm": "POST", "htu": "https://broker.example/token", "iat": NOW}
    for alg, key in {"ES256": P256, "ES384": P384, "EdDSA": ED}.items():
        header = {"typ": "dpop+jwt", "alg": alg, "jwk": jwk(key)}
        put("jose", "proof_" + alg, jws(key, header, claims))
        put("jose", "jwk_" + alg, json.dumps(jwk(key)))
    put("jose", "proof_nonce", jws(P256, {"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk(P256)},
                                   dict(claims, nonce="n-1", ath=b64(bytes(32)))))
    put("jose", "token", jws(P256, {"typ": "at+jwt", "alg": "ES256", "kid": "k1"}, {"iss": "i", "exp": NOW}))
    put("jose", "url", "HTTPS://Broker.example:443/a/../%74oken?q#f")
    put("jose", "url6", "https://[2001:DB8::1]:8443/./x/..")
    put("jose", "crit", jws(P256, {"alg": "ES256", "crit": ["x"], "x": 1}, {}))


def main():
    cbor()
    json_texts()
    texts()
    der()
    certificates()
    revocation_lists()
    jose()


if __name__ == "__main__":
    main()
