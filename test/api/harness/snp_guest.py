# SPDX-License-Identifier: Apache-2.0
"""A guest with SEV-SNP: reports by a machine of harness.snp over the broker's challenge, alone, beside a TPM's quote, or as Azure has it."""
import hashlib

from .guest import Guest
from .jose import b64u
from .tpm import binding

GOLDEN = bytes(range(48))  # harness.snp's usual measurement


def snp_set(set_id, *measurements, version=1, **entry):
    """A reference set with one compound for each measurement; entry: further members of each."""
    ignored = {"host_data": "ignore", "id_key": "ignore", "author_key": "ignore"}
    values = [
        {"label": f"image {n}", "sev-snp": {"measurement": [m.hex()], **ignored}, **entry} for n, m in enumerate(measurements)
    ]
    return {"id": set_id, "version": version, "type": "sev-snp", "values": values}


class TeeGuest(Guest):
    """What guests of SEV-SNP and of TDX have in common; `kind` names the type, tee_piece() makes its evidence."""

    kind, azure = None, None

    def report_data(self, challenge, kind=None, key=None, tail=None):
        if tail is None:
            tail = hashlib.sha256(self.tpm.name()).digest() if self.tpm else bytes(32)
        kind = self.kind.encode() if kind is None else kind
        return binding(challenge, (key or self.key).jkt(), kind) + tail

    def tee_piece(self, challenge):
        raise NotImplementedError

    def tpm_piece(self, challenge, **bend):
        return Guest.evidence(self, challenge, **bend)

    def pieces(self, challenge):
        alone = self.azure or not self.tpm
        return [self.tee_piece(challenge)] + ([] if alone else [self.tpm_piece(challenge)])

    def attest_body(self, challenge=None, evidence=None, **changes):
        """evidence: one piece, or a list of them."""
        challenge = challenge or self.challenge()
        evidence = self.pieces(challenge) if evidence is None else evidence
        body = {
            "policy": self.policy,
            "challenge": b64u(challenge),
            "key": self.key.jwk(),
            "evidence": evidence if isinstance(evidence, list) else [evidence],
        }
        body.update(changes)
        return {k: v for k, v in body.items() if v is not None}


class SnpGuest(TeeGuest):
    """vek: the machine.  tpm: a SoftTpm whose quote comes along; azure: an AzureVm instead of a bare report.
    give: what is sent beside the report, {"vek": DER} or {"cert_table": bytes}; report: its fields, where they are not the usual ones."""

    kind = "sev-snp"

    def __init__(self, broker, vek, policy, key=None, tpm=None, azure=None, give=None, report=None):
        super().__init__(broker, tpm, policy, key)
        self.vek, self.azure, self.fields = vek, azure, report or {}
        self.give = {"vek": vek.der} if give is None else give

    def sent(self):
        return {name: b64u(data) for name, data in self.give.items()}

    def snp_piece(self, challenge, raw=None, **bend):
        """bend: of report_data(); raw: other 1184 bytes."""
        if raw is None:
            fields = {"report_data": self.report_data(challenge, **bend), **self.fields}
            raw = self.vek.report(**fields).signed(self.vek)
        return {"type": "sev-snp", "report": b64u(raw), **self.sent()}

    def azure_piece(self, challenge, kind=b"azure-sev-snp", indexes=None, hcl=None):
        message, signature = self.azure.quote(binding(challenge, self.key.jkt(), kind), indexes)
        values = self.azure.values(indexes)
        hcl = self.azure.hcl() if hcl is None else hcl
        piece = {"type": "azure-sev-snp", "hcl": b64u(hcl), "quote": b64u(message), "signature": b64u(signature)}
        return {**piece, "pcrs": values, **self.sent()}

    def tee_piece(self, challenge):
        return self.azure_piece(challenge) if self.azure else self.snp_piece(challenge)
