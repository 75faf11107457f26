# SPDX-License-Identifier: Apache-2.0
"""The day of a guest with a TPM: swtpm, which has measured a boot.

Standard library, swtpm and tpm2-tools only.
"""
import hashlib
import os

import demo_day as day
from demo_house import make_pki, start_broker, wait_for

PCRS = "sha256:0,2,4,7"


def start_tpm(demo, name, boot):
    """A TPM emulator that has measured a boot: one value for each of the four PCRs."""
    folder = demo.path(name)
    os.mkdir(folder)
    path = os.path.join(folder, "s")
    argv = ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={folder}", "--server", f"type=unixio,path={path}"]
    argv += ["--ctrl", f"type=unixio,path={path}.ctrl", "--flags", "startup-clear,not-need-init"]
    demo.start(argv, name + ".log")
    wait_for(lambda: os.path.exists(path), "the TPM emulator")
    tcti = f"swtpm:path={path}"
    for index, what in boot.items():
        extend(demo, tcti, index, what)
    return tcti


def extend(demo, tcti, index, what):
    digest = hashlib.sha256(what.encode()).hexdigest()
    demo.run("tpm2_pcrextend", f"{index}:sha256={digest}", env=dict(os.environ, TPM2TOOLS_TCTI=tcti))


def show_registration(demo, tcti):
    demo.step("alice measures a reference machine, registers its values and a policy; bob approves")
    measured = demo.countersign("admin", "measure", "--from", "tpm", "--tcti", tcti, "--pcrs", PCRS, "--id", "summarizer-boot")
    day.register(demo, "reference-set", "summarizer-boot", measured)
    row = {"type": "tpm2", "reference_set": "summarizer-boot", "pcrs": PCRS}
    day.register(demo, "policy", "summarizer", day.policy_document("summarizer", row))


def story(demo):
    demo.step("throw-away certificates, a TPM emulator, a broker on loopback")
    make_pki(demo)
    boot = {0: "firmware", 2: "option roms: none", 4: "boot loader", 7: "secure boot: on"}
    tcti = start_tpm(demo, "tpm", boot)
    broker = start_broker(demo)
    demo.tell(f"guests {demo.issuer}, administrators on port {demo.ports['admin']}, both TLS 1.3")
    show_registration(demo, tcti)
    evidence = ["--tcti", tcti, "--pcrs", PCRS]

    demo.step("a guest attests: challenge, TPM quote, verdict, all bound to a key in its memory")
    demo.tell(day.attest(demo, *evidence))
    alive = day.show_service(demo)

    demo.step("the same machine after somebody loaded another boot loader (PCR 4 moved): refused")
    extend(demo, tcti, 4, "a boot loader nobody registered")
    verdict = day.refused(demo, "pcr.values", *evidence, agent="other")
    day.explain(demo, verdict, "pcr.values")
    day.show_teardown(demo, *alive)
    day.show_log(demo, broker)
