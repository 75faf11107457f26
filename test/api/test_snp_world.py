# SPDX-License-Identifier: Apache-2.0
"""The throw-away AMD writes what AMD writes: certificates, CRLs and reports made from the fields of genuine ones have their very bytes.

Genuine ones are looked for at $COUNTERSIGN_EVIDENCE, by default ../shared/evidence.  What needs none of them is judged by the openssl command.
"""
import glob
import os
import shutil
import struct
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, utils

from harness import azure, snp

HERE = os.path.dirname(os.path.abspath(__file__))
EVIDENCE = os.environ.get("COUNTERSIGN_EVIDENCE", os.path.join(HERE, "..", "..", "..", "shared", "evidence")) + "/snp"
genuine = pytest.mark.skipif(not os.path.isdir(EVIDENCE), reason=f"no evidence at {EVIDENCE}: nothing was compared with genuine samples")
OLD_TRAILER = bytes.fromhex("a303020101")


def files(pattern):
    found = sorted(glob.glob(f"{EVIDENCE}/{pattern}"))
    return [pytest.param(path, id=os.path.relpath(path, EVIDENCE)) for path in found if "forged" not in path]


def read(path):
    with open(path, "rb") as file:
        return file.read()


@pytest.fixture(scope="module")
def worlds():
    return {product: snp.AmdWorld(product) for product in snp.PRODUCTS}


def cn(name):
    return name.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value


def scheme_of(tbs):
    return snp.OLD_PSS if OLD_TRAILER in tbs[:90] else snp.NEW_PSS


def extension_of(cert, name):
    row = [e.value.value for e in cert.extensions if e.oid.dotted_string == snp.OID_ARC + snp.OIDS[name]]
    return row[0] if row else b"\2\1\0"


def number(cert, name):
    return int.from_bytes(extension_of(cert, name)[2:], "big")


def tcb_of(cert):
    return snp.Tcb(*(number(cert, name) for name in ("blSPL", "teeSPL", "snpSPL", "ucodeSPL", "fmcSPL")))


@genuine
@pytest.mark.parametrize("path", files("*/vek*.der"))
def test_leaf(worlds, path):
    cert = x509.load_der_x509_certificate(read(path))
    world = worlds[extension_of(cert, "productName")[2:].decode().partition("-")[0]]
    fields = {"since": cert.not_valid_before, "until": cert.not_valid_after, "spki": snp.spki(cert.public_key())}
    fields["scheme"] = scheme_of(cert.tbs_certificate_bytes)
    if cn(cert.subject) == "SEV-VCEK":
        made = world.vcek(tcb_of(cert), extension_of(cert, "hwID"), **fields)
    else:
        made = world.vlek(tcb_of(cert), csp=extension_of(cert, "CSP_ID")[2:].decode(), **fields)
    assert x509.load_der_x509_certificate(made.der).tbs_certificate_bytes == cert.tbs_certificate_bytes


@genuine
@pytest.mark.parametrize("path", files("roots/*.der"))
def test_authority(worlds, path):
    """All but the key and its identifiers, which cannot be AMD's; the order of extensions differs between them."""
    kind, product = os.path.basename(path)[:-4].split("-")
    cert = x509.load_der_x509_certificate(read(path))
    world = worlds[product.capitalize()]
    ours = x509.load_der_x509_certificate(world.ca(kind, since=cert.not_valid_before, until=cert.not_valid_after))
    for field in ("issuer", "subject", "serial_number", "not_valid_before", "not_valid_after", "signature_algorithm_oid", "version"):
        assert getattr(ours, field) == getattr(cert, field), field
    keyed = (x509.SubjectKeyIdentifier.oid, x509.AuthorityKeyIdentifier.oid)
    both = [{(e.oid, e.critical, None if e.oid in keyed else e.value) for e in c.extensions} for c in (ours, cert)]
    assert both[0] == both[1]
    assert ours.public_key().key_size == cert.public_key().key_size == 4096


@genuine
@pytest.mark.parametrize("path", files("*/crl-*.der"))
def test_crl(worlds, path):
    raw = read(path)
    crl = x509.load_der_x509_crl(raw)
    world = worlds[cn(crl.issuer).removeprefix("ARK-")]
    fields = {"since": crl.last_update, "until": crl.next_update, "scheme": scheme_of(raw)}
    fields["number"] = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    made = world.crl([row.serial_number for row in crl], **fields)
    ours, theirs = x509.load_der_x509_crl(made).tbs_certlist_bytes, crl.tbs_certlist_bytes
    at = theirs.index(b"\x80\x14") + 2  # the ARK's key identifier
    assert ours == theirs[:at] + snp.key_id(world.private("ark").public_key()) + theirs[at + 20 :]


def decode(raw):
    """A report as fields of snp.Report, by another way than the one that wrote it: a slice for each."""
    u4, u8 = (lambda at: struct.unpack_from("<I", raw, at)[0]), (lambda at: struct.unpack_from("<Q", raw, at)[0])
    version = u4(0)
    product = {0x19: "Milan" if raw[0x189] < 0x10 else "Genoa", 0x1A: "Turin"}.get(raw[0x188], "Milan")
    return snp.Report(
        product=product,
        version=version,
        guest_svn=u4(4),
        policy=u8(8),
        family_id=raw[0x10:0x20],
        image_id=raw[0x20:0x30],
        vmpl=u4(0x30),
        signature_algo=u4(0x34),
        current_tcb=raw[0x38:0x40],
        platform_info=u8(0x40),
        flags=u4(0x48),
        report_data=raw[0x50:0x90],
        measurement=raw[0x90:0xC0],
        host_data=raw[0xC0:0xE0],
        id_key_digest=raw[0xE0:0x110],
        author_key_digest=raw[0x110:0x140],
        report_id=raw[0x140:0x160],
        report_id_ma=raw[0x160:0x180],
        reported_tcb=raw[0x180:0x188],
        cpuid=tuple(raw[0x188:0x18B]),
        chip_id=raw[0x1A0:0x1E0],
        committed_tcb=raw[0x1E0:0x1E8],
        current_version=(raw[0x1EA], raw[0x1E9], raw[0x1E8]),
        committed_version=(raw[0x1EE], raw[0x1ED], raw[0x1EC]),
        launch_tcb=raw[0x1F0:0x1F8],
        launch_mit=u8(0x1F8),
        current_mit=u8(0x200),
    )


@genuine
@pytest.mark.parametrize("path", files("*/report*.bin"))
def test_report(path):
    raw = read(path)
    assert decode(raw).signed_part() == raw[: snp.SIGNED_LEN]


@genuine
@pytest.mark.parametrize("folder", files("good-*"))
def test_signature(folder):
    """R and S are where the genuine ones have them."""
    raw = read(f"{folder}/report.bin")
    r, s = (int.from_bytes(raw[at : at + 72], "little") for at in (0x2A0, 0x2E8))
    key = x509.load_der_x509_certificate(read(f"{folder}/vek.der")).public_key()
    key.verify(utils.encode_dss_signature(r, s), raw[: snp.SIGNED_LEN], ec.ECDSA(snp.hashes.SHA384()))
    assert snp.other_s(snp.other_s(raw)) == raw != snp.other_s(raw)


@genuine
@pytest.mark.parametrize("path", files("good-*/report.bin"))
def test_tcb(path):
    """The component of the certificate is where the product's layout says."""
    raw = read(path)
    cert = x509.load_der_x509_certificate(read(f"{os.path.dirname(path)}/vek.der"))
    product = extension_of(cert, "productName")[2:].decode().partition("-")[0]
    assert tcb_of(cert).raw(product) == raw[0x180:0x188]


@genuine
@pytest.mark.parametrize("path", files("*/hcl.bin"))
def test_hcl(path):
    blob = read(path)
    size = struct.unpack_from("<I", blob, 0x4D0)[0]
    version = struct.unpack_from("<I", blob, 4)[0]
    made = azure.hcl_blob(blob[0x20:0x4C0], blob[0x4D4 : 0x4D4 + size], header_version=version, size=len(blob))
    assert made == blob


@genuine
def test_cert_table():
    table = read(f"{EVIDENCE}/good-genoa-v3-exttable-veraison/certtable.bin")
    entries = []
    for at in range(0, 72, snp.ENTRY_LEN):
        offset, length = struct.unpack_from("<II", table, at + 16)
        entries.append((table[at : at + 16], table[offset : offset + length]))
    assert [guid for guid, _data in entries] == [snp.GUID_ARK, snp.GUID_ASK, snp.GUID_VCEK]
    assert snp.cert_table(entries) == table


# ---- without genuine samples


def openssl(*args):
    return subprocess.run(["openssl", *args], capture_output=True, timeout=60, check=False)


@pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl command")
@pytest.mark.parametrize("scheme", [snp.OLD_PSS, snp.NEW_PSS], ids=["old-pss", "new-pss"])
@pytest.mark.parametrize("product", snp.PRODUCTS)
def test_openssl_agrees(worlds, tmp_path, product, scheme):
    world = worlds[product]
    world.write_roots(tmp_path)
    low = product.lower()
    ark = f"{tmp_path}/amd/ark-{low}.pem"
    for kind, leaf in {"ask": world.vcek(scheme=scheme), "asvk": world.vlek(scheme=scheme)}.items():
        (tmp_path / "leaf.pem").write_bytes(leaf.pem)
        chain = ["verify", "-CAfile", ark, "-untrusted", f"{tmp_path}/amd/{kind}-{low}.pem", f"{tmp_path}/leaf.pem"]
        assert openssl(*chain).returncode == 0
        (tmp_path / "leaf.pem").write_bytes(snp.pem(leaf.der[:-1] + bytes([leaf.der[-1] ^ 1])))
        assert b"signature" in openssl(*chain).stderr
    for revoked, code in (((), 0), ((world.facts.serials[1],), 2)):
        (tmp_path / "crl.der").write_bytes(world.crl(revoked, scheme=scheme))
        assert openssl("crl", "-inform", "DER", "-in", f"{tmp_path}/crl.der", "-out", f"{tmp_path}/crl.pem").returncode == 0
        args = ["-crl_check", "-CRLfile", f"{tmp_path}/crl.pem", "-CAfile", ark, f"{tmp_path}/amd/ask-{low}.pem"]
        assert openssl("verify", *args).returncode == code
