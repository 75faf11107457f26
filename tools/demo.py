#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`make demo`: one guest's whole day, with a broker of its own, in a temporary folder.

    tools/demo.py BUILD [tpm|snp|tdx]

Everything listens on loopback ports that were free, and everything that was started is ended by its pid, also when a step fails or somebody
presses Ctrl-C.  COUNTERSIGN_DEMO_KEEP=1 keeps the folder.
"""
import importlib
import os
import signal
import subprocess
import sys
import time

from demo_house import Demo, Stop

GUESTS = {"tpm": "demo_tpm", "snp": "demo_snp", "tdx": "demo_tdx"}


def tell(demo, story):
    """The exit status."""
    try:
        story(demo)
    except (Stop, subprocess.SubprocessError, OSError, ValueError) as e:
        print(f"\ndemo: {e}", file=sys.stderr)
        if os.path.exists(demo.path("broker.log")):
            print("the broker's last lines:", *demo.read("broker.log").splitlines()[-15:], sep="\n", file=sys.stderr)
        return 1
    finally:
        demo.end()
    print(f"\n[{time.monotonic() - demo.begin:5.1f} s] done; nothing is left running", flush=True)
    return 0


def main():
    build, guest = (sys.argv[1:] + ["build", "tpm"][len(sys.argv) - 1 :])[:2]
    if guest not in GUESTS:
        print(f"demo: no guest '{guest}'; there are {', '.join(GUESTS)}", file=sys.stderr)
        return 64
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return tell(Demo(build), importlib.import_module(GUESTS[guest]).story)
    except KeyboardInterrupt:
        print("\ndemo: stopped", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
