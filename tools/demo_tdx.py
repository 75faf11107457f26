# SPDX-License-Identifier: Apache-2.0
"""The day of a guest on Intel TDX, on a machine that has none: a throw-away Intel (test/api/harness/tdx.py) is the broker's root of trust, and a
stand-in for configfs-tsm (tools/tsm_standin.py) has quotes signed over the live challenge.  No service of Intel's is asked: TCB information,
QE identity and revocation lists are files that an administrator brings.  The broker and the command are those that serve real guests: what is
made up is named in the broker's configuration and in the command's options.

Needs python3-cryptography.
"""
import hashlib

import demo_day as day
from demo_house import Stop, make_pki, start_broker
from tsm_standin import TsmStandin

from harness import ccel, tdx

FIRMWARE = hashlib.sha384(b"the firmware of the summarizer").digest()
DEBUG = 1 << 28 | 1  # TDATTRIBUTES: SEPT_VE_DISABLE and DEBUG
LOADER = 7  # the component that is the SEAM loader
SET, POLICY = "summarizer-td", "summarizer"


def boot(command_line="root=/dev/vda quiet"):
    """What this guest's firmware and boot loader measure."""
    return [
        ccel.Event(ccel.RTMR0, ccel.EV_EFI_VARIABLE_BOOT, b"SecureBoot\1"),
        ccel.Event(ccel.RTMR0, ccel.EV_SEPARATOR, bytes(4)),
        ccel.Event(ccel.RTMR1, ccel.EV_IPL, b"boot loader and kernel"),
        ccel.Event(ccel.RTMR1, ccel.EV_SEPARATOR, bytes(4)),
        ccel.Event(ccel.RTMR2, ccel.EV_IPL, command_line.encode()),
        ccel.Event(ccel.RTMR2, ccel.EV_IPL, b"initrd"),
    ]


class Farm:
    """Machines of one throw-away Intel, and guests on them."""

    def __init__(self, demo):
        self.demo = demo
        self.intel = tdx.IntelWorld()
        self.intel.write_roots(demo.path("roots"))
        self.good = self.intel.machine("good")
        svns = list(self.good.components)
        svns[LOADER] -= 1
        self.old = self.intel.machine("old", components=tuple(svns))
        self.intel.write_collateral(demo.path("collateral"), self.good)

    def guest(self, name, machine, events, log=None, **fields):
        """A running guest; the options with which `countersign attest` finds its quote.  log: events that it shows, where they are not
        those that were measured."""
        fields = {"mrtd": FIRMWARE, **ccel.replay(events), **fields}
        standin = TsmStandin(self.demo.path("tsm-" + name), machine, **fields)
        self.demo.closing.enter_context(standin)
        shown = self.demo.write(f"ccel-{name}.bin", ccel.log(events if log is None else log))
        return ["--evidence", "tdx", "--tsm", standin.folder, "--ccel", shown]


def show_registration(demo, reference):
    demo.step("alice takes a quote off the reference machine, verifies it offline, proposes its values; bob approves")
    quote = demo.write("reference.bin", day.tsm_report(reference[3]))
    roots = ["--roots", demo.path("roots"), "--collateral", demo.path("collateral"), "--ccel", reference[-1]]
    said = demo.countersign("verify", "tdx", "--quote", quote, *roots)
    demo.tell(said.rpartition("\n\n")[2])
    day.register(demo, "reference-set", SET, demo.countersign("admin", "measure", "--from-tdx", quote, "--id", SET))
    row = {"type": "tdx", "reference_set": SET, "tcb_status": ["UpToDate"], "event_log": True}
    day.register(demo, "policy", POLICY, day.policy_document(POLICY, row))


def show_unable(demo, evidence):
    demo.step("a guest attests, but nobody has told the broker what Intel says of its platform: neither accepted nor denied")
    said = day.attest(demo, *evidence, status=3)
    for check in ("tcb_info.missing", "qe_identity.missing", "pck_crl.missing", "root_crl.missing"):
        if check not in said:
            raise Stop(f"the answer does not say {check}:\n{said}")
    demo.tell(said)


def show_import(demo):
    demo.step("alice brings it: TCB information, QE identity and two revocation lists; the broker verifies each before it keeps it")
    demo.tell(demo.admin("alice", "collateral", "import", "collateral"))


def show_refusals(demo, farm):
    other = boot("root=/dev/vda init=/bin/sh")
    demo.step("the same firmware and kernel, started with another command line: refused")
    verdict = day.refused(demo, "reference_value", *farm.guest("shell", farm.good, other), agent="agent-shell")
    day.explain(demo, verdict, "reference_value", "rtmr2", ccel.replay(other)["rtmr2"].hex()[:12])

    demo.step("the same, with the log of the right boot shown instead of its own: refused")
    verdict = day.refused(demo, "ccel.replay", *farm.guest("liar", farm.good, other, log=boot()), agent="agent-liar")
    day.explain(demo, verdict, "ccel.replay", brief=True)

    demo.step("a guest whose memory the host may read (DEBUG): refused")
    verdict = day.refused(demo, "td.debug", *farm.guest("debug", farm.good, boot(), td_attributes=DEBUG), agent="agent-debug")
    day.explain(demo, verdict, "td.debug", brief=True)

    demo.step(f"the right guest on a machine whose SEAM loader is at {farm.old.components[LOADER]}, with known advisories: refused")
    verdict = day.refused(demo, "tcb.status", *farm.guest("old", farm.old, boot()), agent="agent-old")
    day.explain(demo, verdict, "tcb.status", "OutOfDate", "SEAMLDR ACM", brief=True)


def story(demo):
    demo.step("a throw-away Intel, a stand-in for configfs-tsm, a broker on loopback that asks nobody outside")
    make_pki(demo)
    farm = Farm(demo)
    broker = start_broker(demo, roots="roots")
    demo.tell(f"guests {demo.issuer}, administrators on port {demo.ports['admin']}, both TLS 1.3")
    evidence = farm.guest("good", farm.good, boot())
    show_registration(demo, evidence)
    show_unable(demo, evidence)
    show_import(demo)

    demo.step("it attests again: challenge, quote, event log, verdict, all bound to a key in its memory")
    demo.tell(day.attest(demo, *evidence))
    alive = day.show_service(demo)
    show_refusals(demo, farm)
    day.show_teardown(demo, *alive)
    day.show_log(demo, broker)
