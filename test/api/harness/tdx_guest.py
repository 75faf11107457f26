# SPDX-License-Identifier: Apache-2.0
"""A guest with TDX: quotes by a machine of harness.tdx over the broker's challenge, alone, beside a TPM's quote, or as Azure has it."""
import hashlib

from .jose import b64u
from .snp_guest import TeeGuest
from .tdx import Td
from .tpm import binding

FIELDS = ("mrtd", "rtmr0", "rtmr1", "rtmr2", "rtmr3", "mrconfigid", "mrowner", "mrownerconfig", "mrservicetd")
GOLDEN = bytes(range(48))  # harness.tdx's usual MRTD


def hex_of(value):
    return "zero" if not any(value) else value.hex()


def tdx_fields(*said, **fields):
    """Golden members: those that are named as an honest TD has them, or as given; the others ignored."""
    td = Td()
    values = {name: getattr(td, name) for name in said} | fields
    return {name: [hex_of(values[name])] if name in values else "ignore" for name in FIELDS}


def tdx_set(set_id, *mrtds, version=1, **entry):
    """A reference set with one compound for each MRTD, and the RTMRs of an honest TD; entry: further members of each."""
    values = [
        {"label": f"image {n}", "tdx": tdx_fields("rtmr0", "rtmr1", "rtmr2", mrtd=mrtd), **entry} for n, mrtd in enumerate(mrtds)
    ]
    return {"id": set_id, "version": version, "type": "tdx", "values": values}


class TdxGuest(TeeGuest):
    """machine: the platform.  tpm: a SoftTpm whose quote comes along; azure: an AzureTd instead of a bare quote.
    ccel: an event log that comes along; quote: fields of Td or Quote, where they are not the usual ones."""

    kind = "tdx"

    def __init__(self, broker, machine, policy, key=None, tpm=None, azure=None, ccel=None, quote=None):
        super().__init__(broker, tpm, policy, key)
        self.machine, self.azure, self.ccel, self.fields = machine, azure, ccel, quote or {}

    def sent(self):
        return {"ccel": b64u(self.ccel)} if self.ccel is not None else {}

    def tdx_piece(self, challenge, raw=None, **bend):
        """bend: of report_data(); raw: other bytes."""
        if raw is None:
            fields = {"report_data": self.report_data(challenge, **bend), **self.fields}
            raw = self.machine.quote(**fields).bytes()
        return {"type": "tdx", "quote": b64u(raw), **self.sent()}

    def azure_piece(self, challenge, kind=b"azure-tdx", indexes=None, hcl=None, td_quote=None):
        message, signature = self.azure.quote(binding(challenge, self.key.jkt(), kind), indexes)
        parts = {
            "hcl": self.azure.hcl() if hcl is None else hcl,
            "td_quote": self.azure.td_quote(**self.fields).bytes() if td_quote is None else td_quote,
            "quote": message,
            "signature": signature,
        }
        return {"type": "azure-tdx", **{name: b64u(data) for name, data in parts.items()}, "pcrs": self.azure.values(indexes)}

    def tee_piece(self, challenge):
        return self.azure_piece(challenge) if self.azure else self.tdx_piece(challenge)
