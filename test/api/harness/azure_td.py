# SPDX-License-Identifier: Apache-2.0
"""An Azure confidential VM on TDX in software: the HCL report around a TD report, the TD quote over it, and the vTPM whose key the claims hold.

    vm = AzureTd(machine)                     a guest on a harness.tdx.Machine
    vm.hcl()                                  the blob of NV index 0x01400001
    vm.td_quote().bytes()                     what the quoting service makes of its TD report
    message, signature = vm.quote(nonce)      TPMS_ATTEST and the bare RSASSA signature
"""
import hashlib
import struct

from . import azure
from .tdx import Td, write_files


def td_report(td):
    """TDREPORT_STRUCT (Intel TDX module ABI), 1024 bytes: a MAC structure, the module's and the TD's facts.  Its MAC is nobody's to check."""
    mac = (bytes([0x81, 0, 1, 0]) + bytes(12) + bytes(16 + 48 + 48) + td.report_data).ljust(256, b"\0")
    module = (bytes(8) + td.tee_tcb_svn + td.mrseam + td.mrsignerseam + td.seamattributes).ljust(256, b"\0")
    facts = struct.pack("<QQ", td.td_attributes, td.xfam) + td.mrtd + td.mrconfigid + td.mrowner + td.mrownerconfig
    return mac + module + (facts + td.rtmr0 + td.rtmr1 + td.rtmr2 + td.rtmr3).ljust(512, b"\0")


class AzureTd(azure.AzureVm):
    """As AzureVm, on a TDX machine: the workload is measured in the vTPM, and RTMRs are zero."""

    def __init__(self, machine, name="azure"):
        super().__init__(None, name)
        self.machine = machine

    def td_fields(self, claims, **fields):
        data = hashlib.sha256(claims).digest() + bytes(32)
        return {"report_data": data, "xfam": 0x618E7, **{f"rtmr{n}": bytes(48) for n in range(3)}, **fields}

    def report(self, claims, **fields):
        return td_report(Td(**self.td_fields(claims, **fields)))

    def hcl(self, claims=None, report=None, **bend):
        return super().hcl(claims, report, **{"report_type": azure.TDX, **bend})

    def td_quote(self, claims=None, **fields):
        """A harness.tdx.Quote over the TD report; fields of Td or of Quote bend it."""
        return self.machine.quote(**self.td_fields(self.claims_bytes() if claims is None else claims, **fields))

    def write(self, folder, nonce, indexes=None):
        """What `countersign verify azure-tdx` reads: hcl.bin, td-quote.bin, quote.msg, quote.sig, pcrs.bin."""
        message, signature = self.quote(nonce, indexes)
        files = {"hcl.bin": self.hcl(), "td-quote.bin": self.td_quote().bytes(), "quote.msg": message, "quote.sig": signature}
        write_files(folder, {**files, "pcrs.bin": self.pcr_bytes()})
