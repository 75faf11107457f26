#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Write the seeds of fuzz_snp_vek, fuzz_snp_crl and fuzz_snp_table into test/corpus; run it after adding one here.

All are made by the throw-away AMD of the API tests; its keys are not written.
"""
import datetime
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "api"))

from harness import der, snp  # noqa: E402

CORPUS = os.path.join(HERE, "..", "corpus")
AT = datetime.datetime(2027, 1, 15, 8)
CHIP = bytes(range(64))


def write(folder, seeds):
    os.makedirs(f"{CORPUS}/{folder}", exist_ok=True)
    for name, data in seeds.items():
        with open(f"{CORPUS}/{folder}/{name}", "wb") as out:
            out.write(data)


def veks(milan, turin):
    tall = {"snpSPL": der.integer(256)}
    certs = {
        "vcek_milan": milan.vcek(chip=CHIP).der,
        "vcek_new_pss": milan.vcek(chip=CHIP, scheme=snp.NEW_PSS).der,
        "vlek_milan": milan.vlek().der,
        "vcek_turin": turin.vcek(chip=CHIP[:8]).der,
        "vlek_turin": turin.vlek().der,
        "hwid_wrapped": milan.vcek(values={"hwID": der.octets(CHIP)}).der,
        "spl_twice": milan.vcek(chip=CHIP, twice=["blSPL"]).der,
        "spl_256": milan.vcek(chip=CHIP, values=tall).der,
        "critical": milan.vcek(chip=CHIP, critical=["hwID"]).der,
        "salt_32": milan.vcek(chip=CHIP, scheme=snp.Pss(salt=32)).der,
        "issuer_short": milan.vcek(chip=CHIP, issuer=der.name(("2.5.4.3", der.UTF8, "SEV-Milan"))).der,
        "ask": milan.ask,
        "asvk": milan.asvk,
        "ark": milan.ark,
        "pem": milan.vcek(chip=CHIP).pem,
    }
    return {name: b"\0" + data for name, data in certs.items()} | {"ask_twice": b"\1" + milan.ask}


def crls(milan, turin):
    unknown = der.extension("1.2.3.4", der.integer(1), critical=True)
    return {
        "empty": milan.crl(),
        "revoked": milan.crl([5, 0x10001]),
        "turin": turin.crl([0x30001], scheme=snp.NEW_PSS),
        "no_next": milan.crl(until=None),
        "v1": milan.crl(version=0),
        "critical": milan.crl(extensions=[unknown]),
        "entry": milan.crl([5], entry=der.sequence(der.extension("2.5.29.21", der.integer(1, 0x0A)))),
        "pem": snp.pem(milan.crl()).replace(b"CERTIFICATE", b"X509 CRL"),
    }


def tables():
    one = [(snp.GUID_VCEK, b"vek" * 5)]
    chain = [(snp.GUID_ARK, b"ark"), (snp.GUID_ASK, b"ask")]
    return {
        "vcek": snp.cert_table(one),
        "chain": snp.cert_table([*chain, *one], pad=100),
        "vlek": snp.cert_table([(snp.GUID_VLEK, b"vlek"), (snp.GUID_CRL, b"crl"), (snp.GUID_GOOGLE, b"")]),
        "zeros": bytes(200),
        "unended": snp.cert_table(one, ended=False),
        "wrap": snp.cert_table(one, places={0: (0xFFFFFFF0, 0x20)}),
        "header": snp.cert_table(one, places={0: (24, 24)}),
        "twice": snp.cert_table(one * 2),
        "both": snp.cert_table([*one, (snp.GUID_VLEK, b"vlek")]),
    }


def main():
    milan, turin = snp.AmdWorld("Milan", AT), snp.AmdWorld("Turin", AT)
    write("snp_vek", veks(milan, turin))
    write("snp_crl", crls(milan, turin))
    write("snp_table", tables())


if __name__ == "__main__":
    main()
