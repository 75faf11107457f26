# SPDX-License-Identifier: Apache-2.0
"""The expected verdict on real endorsement key certificates of an evidence folder, under the vendors' own CAs beside them.

Nothing of the folder is copied into the repository.  An ek-* or gce-*_cert of a name that is not known here is a failure.
"""
import glob
import os
import shutil

from evidence import pem

AT = "2026-06-01T00:00:00Z"
TPM12 = ("reject", ["ek.cert_keytype"], "TPM 1.2 style")
VENDOR = {
    "ek-infineon-rsa.der": ("accept", [], ""),
    "ek-infineon-ecc.der": ("accept", [], ""),
    "ek-st-ecc.der": ("accept", [], ""),
    "ek-swtpm-localca-unknown.der": ("reject", ["ek.cert_chain"], "/CN=swtpm-localca"),
    "ek-st-tpm12-nvheader.bin": TPM12,
    "ek-nuvoton-padded11.bin": TPM12,
    "ek-secassertions-nvheader.bin": TPM12,
}
AIA = "http://pki.infineon.com/OptigaRsaMfrCA035/OptigaRsaMfrCA035.crt"
UNKNOWN = ("accept", ["no verdict is known for this certificate"], "")


def copy(source, target, as_pem=False):
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(source, "rb") as f:
        data = f.read()
    with open(target, "wb") as f:
        f.write(pem(data) if as_pem and b"BEGIN" not in data else data)


def case(folder, name, roots, expected, label=None, at=AT):
    verdict, failed, says = expected
    args = ["ek-cert", name, "--roots", roots, "--at", at]
    made = {"name": f"evidence/{label or name}", "folder": folder, "args": args}
    return {**made, "verdict": verdict, "failed": failed, "says": says}


def cases(source, out):
    shutil.rmtree(out, ignore_errors=True)
    for bundle in ("tpm-roots.pem", "tpm-intermediates.pem"):
        copy(f"{source}/{bundle}", f"{out}/vendor/tpm/{bundle}")
    copy(f"{source}/tpm-roots.pem", f"{out}/roots/tpm/tpm-roots.pem")
    for path in glob.glob(f"{source}/gce-ca-*"):
        copy(path, f"{out}/gce/tpm/{os.path.basename(path)}.pem", as_pem=True)
    made, known = [], dict(VENDOR)
    for path in sorted(glob.glob(f"{source}/ek-*")):
        name = os.path.basename(path)
        made.append(case(source, name, f"{out}/vendor", known.pop(name, UNKNOWN)))
    for name in known:
        made.append(case(source, name, f"{out}/vendor", UNKNOWN, f"{name} is not there"))
    missing = ("reject", ["ek.cert_chain"], AIA)
    made.append(case(source, "ek-infineon-rsa.der", f"{out}/roots", missing, "ek-infineon-rsa without intermediates"))
    for path in sorted(glob.glob(f"{source}/gce-*_cert.pem")):
        name = os.path.basename(path)
        expected = ("accept", [], "") if "_enc_" in name else ("reject", ["ek.cert_profile"], "keyUsage 0x01")
        made.append(case(source, name, f"{out}/gce", expected))
    return made + boots(os.path.dirname(source), out)


def boots(evidence, out):
    """The certificates that swtpm_localca made for the booted machines, under its own CA."""
    made = []
    for folder in sorted(glob.glob(f"{evidence}/qemu-*")):
        if os.path.exists(f"{folder}/ekcert.der"):
            label = os.path.basename(folder)
            for name in ("rootca.pem", "issuercert.pem"):
                copy(f"{folder}/{name}", f"{out}/{label}/tpm/{name}")
            made.append(case(folder, "ekcert.der", f"{out}/{label}", ("accept", [], ""), f"{label} EK", "2026-12-01T00:00:00Z"))
    return made
