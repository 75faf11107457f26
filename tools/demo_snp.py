# SPDX-License-Identifier: Apache-2.0
"""The day of a guest on AMD SEV-SNP, on a machine that has none: a throw-away AMD (test/api/harness/snp.py) is the broker's root of trust, a
stand-in for configfs-tsm (tools/tsm_standin.py) signs reports over the live challenge, and a stand-in for AMD's Key Distribution Service
(test/api/harness/kds.py) has the certificate of one chip.  The broker and the command are those that serve real guests: what is made up is
named in the broker's configuration and in the command's options.

Needs python3-cryptography.
"""
import hashlib
import os
import time

import demo_day as day
from demo_house import Stop, make_pki, start_broker, wait_for
from tsm_standin import TsmStandin

from harness import snp
from harness.kds import Kds

PRODUCT = "Genoa"
IMAGE = hashlib.sha384(b"the image of the summarizer").digest()
OTHER_IMAGE = hashlib.sha384(b"an image with a back door").digest()
DEBUG = 0xB0000  # guest policy: SMT, the bit that is always set, and DEBUG
MINIMUM = 23  # of the component snp, AMD-SB-3019 on Genoa
SET, POLICY = "summarizer-image", "summarizer"


class Farm:
    """Chips of one throw-away AMD, and guests on them."""

    def __init__(self, demo):
        self.demo = demo
        self.amd = snp.AmdWorld(PRODUCT)
        self.amd.write_roots(demo.path("roots"))
        self.good = self.amd.vcek()
        self.old = self.amd.vcek(tcb=snp.Tcb(snp=MINIMUM - 1))
        self.kds = Kds()
        demo.closing.callback(self.kds.close)

    def guest(self, name, chip, **fields):
        """A running guest; the options with which `countersign attest` finds its report.  The host gives it no certificates."""
        standin = TsmStandin(self.demo.path("tsm-" + name), chip, table=False, **{"measurement": IMAGE, **fields})
        self.demo.closing.enter_context(standin)
        return ["--evidence", "sev-snp", "--tsm", standin.folder]


def show_registration(demo, farm, reference):
    demo.step("alice takes a report off the reference machine, verifies it offline, proposes its values; bob approves")
    report = demo.write("reference.bin", day.tsm_report(reference[-1]))
    vek = demo.write("reference-vcek.der", farm.good.der)
    roots = ["--roots", demo.path("roots")]
    said = demo.countersign("verify", "sev-snp", "--report", report, "--vek", vek, *roots)
    demo.tell(said.rpartition("\n\n")[2])
    measured = demo.countersign("admin", "measure", "--from-snp", report, "--id", SET)
    day.register(demo, "reference-set", SET, measured)
    row = {"type": "sev-snp", "product": [PRODUCT], "reference_set": SET, "tcb_min": {"snp": MINIMUM}, "crl": "require"}
    day.register(demo, "policy", POLICY, day.policy_document(POLICY, row))


def show_import(demo, farm):
    demo.step("alice brings a revocation list and the certificate of a machine; the broker verifies both before it keeps them")
    os.mkdir(demo.path("collateral"))
    demo.write(os.path.join("collateral", "genoa.crl"), farm.amd.crl())
    demo.write(os.path.join("collateral", "second-machine.der"), farm.old.der)
    demo.tell(demo.admin("alice", "collateral", "import", "collateral"))


def show_unable(demo, farm, evidence):
    """Nobody waits for AMD: the first is told "unable", and soon after it works."""
    demo.step("a guest attests, but nobody has the certificate of its chip yet: neither accepted nor denied")
    farm.kds.add(farm.good)
    said = day.attest(demo, *evidence, status=3)
    if "vek.missing" not in said:
        raise Stop("the answer does not say that the certificate is missing:\n" + said)
    demo.tell(said)
    wait_for(farm.kds.asked, "the fetch behind")
    demo.tell("meanwhile the broker asks AMD: GET " + farm.kds.asked()[0].replace(farm.good.chip.hex(), farm.good.chip.hex()[:8] + "..."))


def attest_soon(demo, evidence, seconds=15):
    """As a guest does: again, until the broker is no longer unable."""
    end = time.monotonic() + seconds
    while True:
        try:
            return day.attest(demo, *evidence)
        except Stop as e:
            if "vek.missing" not in str(e) or time.monotonic() > end:
                raise
        time.sleep(0.2)


def show_refusals(demo, farm):
    demo.step("another image on the same chip: refused")
    verdict = day.refused(demo, "reference_value", *farm.guest("image", farm.good, measurement=OTHER_IMAGE), agent="agent-image")
    day.explain(demo, verdict, "reference_value", OTHER_IMAGE.hex()[:12])

    demo.step("a guest whose memory the host may read (DEBUG): refused")
    verdict = day.refused(demo, "policy.debug", *farm.guest("debug", farm.good, policy=DEBUG), agent="agent-debug")
    day.explain(demo, verdict, "policy.debug", brief=True)

    demo.step(f"the right image on a machine whose firmware is from before AMD-SB-3019 (snp {MINIMUM - 1}): refused")
    verdict = day.refused(demo, "tcb.minimum", *farm.guest("old", farm.old), agent="agent-old")
    day.explain(demo, verdict, "tcb.minimum", f"snp is {MINIMUM - 1}", f">= {MINIMUM} ({PRODUCT})", brief=True)


def story(demo):
    demo.step(f"a throw-away AMD (roots of {PRODUCT}), a stand-in for configfs-tsm and one for AMD's key service, a broker on loopback")
    if not os.path.isdir(snp.KEYS):
        demo.tell("its RSA-4096 keys are made this first time, which takes some seconds")
    make_pki(demo)
    farm = Farm(demo)
    broker = start_broker(demo, roots="roots", collateral={"amd": {"url": farm.kds.url}})
    demo.tell(f"guests {demo.issuer}, administrators on port {demo.ports['admin']}, both TLS 1.3")
    evidence = farm.guest("good", farm.good)
    show_registration(demo, farm, evidence)
    show_import(demo, farm)
    show_unable(demo, farm, evidence)

    demo.step("it attests again: challenge, report, verdict, all bound to a key in its memory")
    demo.tell(attest_soon(demo, evidence))
    alive = day.show_service(demo)
    show_refusals(demo, farm)
    day.show_teardown(demo, *alive)
    day.show_log(demo, broker)
