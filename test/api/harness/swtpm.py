# SPDX-License-Identifier: Apache-2.0
"""A TPM 2.0 emulator on Unix sockets, and the tools that measure into it."""
import os
import signal
import subprocess
import time


class Swtpm:
    """Started with empty state; tcti is what `countersign --tcti` takes."""

    def __init__(self, folder):
        self.folder = str(folder)
        os.makedirs(self.folder, exist_ok=True)
        self.socket = os.path.join(self.folder, "s")
        self.tcti = f"swtpm:path={self.socket}"
        self.process = None

    def start(self):
        argv = ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={self.folder}"]
        argv += ["--server", f"type=unixio,path={self.socket}"]
        argv += ["--ctrl", f"type=unixio,path={self.socket}.ctrl"]
        argv += ["--flags", "startup-clear,not-need-init"]
        self.process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 10
        while not os.path.exists(self.socket):
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError("swtpm did not start")
            time.sleep(0.02)
        return self

    def run(self, tool, *args):
        env = dict(os.environ, TPM2TOOLS_TCTI=self.tcti)
        done = subprocess.run([tool, *args], env=env, capture_output=True, text=True, timeout=20, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def extend(self, index, digest_hex):
        self.run("tpm2_pcrextend", f"{index}:sha256={digest_hex}")

    def transient_handles(self):
        """What is left in the TPM: nothing, if everyone cleans up."""
        return self.run("tpm2_getcap", "handles-transient").split()

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=10)
        self.process = None
