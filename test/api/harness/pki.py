# SPDX-License-Identifier: Apache-2.0
"""Throw-away certificates: one CA for the server, one for people, and whatever a test wants wrong."""
import datetime
import hashlib
import ipaddress
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)


def spki_sha256(private):
    der = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return hashlib.sha256(der).hexdigest()


class Identity:
    """A certificate and its key, as objects and as files."""

    def __init__(self, folder, name, private, certificate):
        self.name, self.private, self.certificate = name, private, certificate
        self.cert_file = os.path.join(folder, f"{name}.pem")
        self.key_file = os.path.join(folder, f"{name}.key")
        with open(self.cert_file, "wb") as f:
            f.write(certificate.public_bytes(serialization.Encoding.PEM))
        with open(os.open(self.key_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as f:
            f.write(
                private.private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption(),
                )
            )

    @property
    def spki(self):
        return spki_sha256(self.private)

    @property
    def files(self):
        return self.cert_file, self.key_file


class Pki:
    """Makes identities in one folder."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        self.server_ca = self.make("server-ca", ca=True)
        self.client_ca = self.make("client-ca", ca=True)
        self.server = self.make("server", issuer=self.server_ca, names=["localhost"], addresses=["127.0.0.1"])

    def person(self, name):
        return self.make(name, issuer=self.client_ca, client=True)

    def make(self, name, issuer=None, ca=False, client=False, names=(), addresses=(), start=-DAY, end=30 * DAY):
        """A P-256 certificate; issuer None signs itself. start and end are counted from now."""
        private = ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.certificate.subject if issuer else subject)
            .public_key(private.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + start)
            .not_valid_after(now + end)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False)
        )
        if issuer:
            builder = builder.add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.private.public_key()), critical=False
            )
        if ca:
            usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        else:
            usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
            purpose = ExtendedKeyUsageOID.CLIENT_AUTH if client else ExtendedKeyUsageOID.SERVER_AUTH
            builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        builder = builder.add_extension(usage, critical=True)
        if names or addresses:
            alternative = [x509.DNSName(n) for n in names]
            alternative += [x509.IPAddress(ipaddress.ip_address(a)) for a in addresses]
            builder = builder.add_extension(x509.SubjectAlternativeName(alternative), critical=False)
        signer = issuer.private if issuer else private
        return Identity(self.folder, name, private, builder.sign(signer, hashes.SHA256()))
