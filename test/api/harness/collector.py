# SPDX-License-Identifier: Apache-2.0
"""`countersign attest` as a guest runs it, and the places where it finds its evidence: a metadata service on loopback, and a TPM emulator that holds
what an Azure paravisor leaves in it."""
import http.server
import json
import os
import subprocess
import threading

from cryptography.hazmat.primitives import serialization

from .azure import b64u as number_b64u
from .broker import BUILD, SLOW

PCRS = "sha256:0,7"
HCL_INDEX, AK_HANDLE, HCL_LEN = "0x01400001", "0x81000003", 2048  # an index of the emulator has 2048 bytes at most


class Cli:
    """One agent, with a TPM or without."""

    def __init__(self, broker, folder, tpm=None):
        self.broker, self.folder = broker, folder
        self.tcti = tpm.tcti if tpm else "device:/nonexistent/tpm"
        self.socket = os.path.join(folder, "agent")

    def run(self, command, *args):
        argv = [os.path.join(BUILD, "countersign"), command, *args, "--socket", self.socket]
        return subprocess.run(argv, capture_output=True, text=True, timeout=40 * SLOW, cwd=self.folder, check=False)

    def attest(self, policy, *args, status=0):
        ca = self.broker.pki.server_ca.cert_file
        where = ["--server", self.broker.issuer, "--ca", ca, "--policy", policy, "--tcti", self.tcti, "--pcrs", PCRS]
        done = self.run("attest", *where, "--json", *args)
        assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
        return json.loads(done.stdout)

    def stop(self):
        self.run("agent", "--stop")


class Metadata:
    """answers: {path: what is answered, or what makes it of the body that was posted}; another path is 404."""

    def __init__(self, answers):
        self.asked = asked = []  # (method, path, the header Metadata)

        class Handler(http.server.BaseHTTPRequestHandler):
            def reply(self, body=None):
                asked.append((self.command, self.path, self.headers.get("Metadata")))
                answer = answers.get(self.path)
                self.send_response(404 if answer is None else 200)
                self.end_headers()
                if answer is not None:
                    self.wfile.write(json.dumps(answer(body) if callable(answer) else answer).encode())

            def do_GET(self):
                self.reply()

            def do_POST(self):
                self.reply(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

            def log_message(self, *_):
                pass

        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)

    def url(self, path):
        return f"http://127.0.0.1:{self.server.server_port}{path}"

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class InEmulator:
    """For a harness.azure.AzureVm: claims over the key of a TPM emulator, which is put where Azure has it."""

    def __init__(self, machine, tpm):
        super().__init__(machine)
        self.tpm = tpm
        place = os.path.join(tpm.folder, "ak")
        attributes = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|sign"
        tpm.run("tpm2_createprimary", "-C", "e", "-G", "rsa2048:rsassa-sha256:null", "-a", attributes, "-c", place + ".ctx")
        tpm.run("tpm2_evictcontrol", "-C", "o", "-c", place + ".ctx", AK_HANDLE)
        tpm.run("tpm2_readpublic", "-c", AK_HANDLE, "-f", "pem", "-o", place + ".pem")
        tpm.run("tpm2_flushcontext", "-t")
        with open(place + ".pem", "rb") as file:
            self.public_key = serialization.load_pem_public_key(file.read())

    def claims(self, **instead):
        """One key, so that the blob fits into the index."""
        key = {**super().claims()["keys"][0], "n": number_b64u(self.public_key.public_numbers().n)}
        return super().claims(**{"keys": [key], **instead})

    def write_index(self, blob):
        path = os.path.join(self.tpm.folder, "hcl")
        with open(path, "wb") as file:
            file.write(blob)
        self.tpm.run("tpm2_nvdefine", "-C", "o", "-s", str(len(blob)), "-a", "ownerread|ownerwrite|authread", HCL_INDEX)
        self.tpm.run("tpm2_nvwrite", "-C", "o", "-i", path, HCL_INDEX)
