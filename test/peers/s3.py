# SPDX-License-Identifier: Apache-2.0
"""An S3 client whose only signer is ours (build/peers/presign_tool), and curl as a guest would use it."""
import collections
import hashlib
import http.client
import json
import os
import re
import subprocess
import tempfile
import time
import urllib.parse

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.environ.get("COUNTERSIGN_BUILD", os.path.join(ROOT, "build"))
WAIT_S = 30

Keys = collections.namedtuple("Keys", "access_key secret_key session_token")
Grant = collections.namedtuple("Grant", "url headers key")
Reply = collections.namedtuple("Reply", "status code headers body")


class S3Error(Exception):
    """The store, or the signer, refused what had to work."""


def error_code(body):
    found = re.search(rb"<Code>([^<]*)</Code>", body)
    return found.group(1).decode() if found else ""


class Signer:
    """presign_tool as a process; one request at a time."""

    def __init__(self):
        tool = os.path.join(BUILD, "peers", "presign_tool")
        self.process = subprocess.Popen([tool], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def close(self):
        self.process.stdin.close()
        self.process.wait(WAIT_S)

    def sign(self, form, store, keys, **request):
        request.update(keys._asdict(), form=form, endpoint=store.endpoint, region=store.region)
        request.setdefault("at", int(time.time()))
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise S3Error(answer["error"])
        return answer


class S3:
    """Requests with an Authorization header, as the broker's own side sends them."""

    def __init__(self, signer, store, keys):
        self.signer, self.store, self.keys = signer, store, keys

    def send(self, method, key="", bucket=None, params=None, headers=None, body=b""):
        bucket = self.store.bucket if bucket is None else bucket
        fields = dict(headers or {})
        digest = hashlib.sha256(body).hexdigest()
        fields["x-amz-content-sha256"] = digest
        signed = self.signer.sign(
            "header", self.store, self.keys, method=method, bucket=bucket, key=key,
            params=params or {}, headers=fields, payload=digest,
        )
        fields.update({"x-amz-date": signed["date"], "Authorization": signed["result"]})
        if self.keys.session_token:
            fields["x-amz-security-token"] = self.keys.session_token
        path = "/" + bucket + "/" * bool(bucket) + urllib.parse.quote(key, safe="/-_.~")
        query = urllib.parse.urlencode(params or {}, quote_via=urllib.parse.quote, safe="")
        conn = http.client.HTTPConnection("127.0.0.1", self.store.port, timeout=WAIT_S)
        try:
            conn.request(method, path + ("?" + query if query else ""), body, fields)
            reply = conn.getresponse()
            data = reply.read()
            return Reply(reply.status, error_code(data), dict(reply.getheaders()), data)
        finally:
            conn.close()

    def must(self, method, *args, **more):
        reply = self.send(method, *args, **more)
        if reply.status // 100 != 2:
            raise S3Error(f"{method}: {reply.status} {reply.code}")
        return reply

    def presign(self, method, key, headers=None, expires=60, **more):
        answer = self.signer.sign(
            "url", self.store, self.keys, method=method, bucket=self.store.bucket, key=key,
            headers=headers or {}, expires=expires, **more,
        )
        return Grant(answer["result"], dict(headers or {}), key)

    def assume_role(self, arn, name, policy):
        """Keys of a session that may do what both the role and `policy` allow."""
        form = {"Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": arn, "RoleSessionName": name}
        form.update({"DurationSeconds": "900", "Policy": policy})
        # RGW 16 does not decode '+'.
        body = urllib.parse.urlencode(form, quote_via=urllib.parse.quote).encode()
        kind = {"content-type": "application/x-www-form-urlencoded"}
        reply = self.must("POST", bucket="", headers=kind, body=body).body.decode()
        parts = ("AccessKeyId", "SecretAccessKey", "SessionToken")
        return Keys(*(re.search(f"<{p}>([^<]+)</{p}>", reply).group(1) for p in parts))


def curl(url, headers, body=None, method="PUT"):
    """What a guest runs: `curl -T FILE -H ... URL`; body None sends none."""
    with tempfile.TemporaryDirectory(prefix="countersign-curl-") as folder:
        out, data = os.path.join(folder, "out"), os.path.join(folder, "data")
        argv = ["curl", "-sS", "-o", out, "-w", "%{http_code}", "--max-time", str(WAIT_S)]
        if body is not None:
            with open(data, "wb") as f:
                f.write(body)
            argv += ["-T", data]
        if method != "PUT" or body is None:
            argv += ["-X", method]
        for name, value in headers.items():
            argv += ["-H", f"{name}: {value}"]
        done = subprocess.run([*argv, url], capture_output=True, text=True, check=False)
        answer = b""
        if os.path.exists(out):
            with open(out, "rb") as f:
                answer = f.read()
        status = int(done.stdout or 0)
        return Reply(status, error_code(answer) or done.stderr.strip(), {}, answer)
