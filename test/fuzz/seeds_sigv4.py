#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Write the seeds of fuzz_sigv4 into test/corpus/sigv4/.

Input: u8 flags (1 header form, 2 http, 4 token unsigned, 8 payload is the empty body), u8 shape (path rule in
shape % 3, method in shape / 4 % 4), be64 time, be32 expiry, be16 sizes of the three buffers; then texts, each with a
be16 length: token, region, host, bucket, path; then u8 count and that many (name, value) of parameters, and of headers.
"""
import os
import struct

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "corpus", "sigv4")
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def text(s):
    raw = s.encode() if isinstance(s, str) else s
    return struct.pack(">H", len(raw)) + raw


def pairs(items):
    return bytes([len(items)]) + b"".join(text(n) + text(v) for n, v in items)


def seed(flags=0, shape=0, at=1764028800, expires=60, caps=(4095, 4095, 4095), token="", region="us-east-1",
         host="s3.example", bucket="my-bucket", path="sb-1/r.pdf", params=(), headers=()):
    out = struct.pack(">BBQIHHH", flags, shape, at, expires, *caps)
    out += b"".join(text(s) for s in (token, region, host, bucket, path))
    return out + pairs(params) + pairs(headers)


PUT = [("content-type", "application/pdf"), ("Content-Length", "16"), ("if-none-match", "*")]
SEEDS = {
    "put": seed(headers=PUT),
    "put-token": seed(token="AbCd/+==" * 20, headers=PUT),
    "put-token-unsigned": seed(flags=4, token="AbCd/+==", headers=PUT),
    "put-http-port": seed(flags=2, host="127.0.0.1:8000"),
    "put-own-port": seed(host="S3.Example:443"),
    "put-virtual": seed(bucket="", path="a//b/../c \u00e9%2F?#"),
    "part": seed(params=[("partNumber", "1"), ("uploadId", "a/b+c="), ("uploads", "")]),
    "repeated": seed(params=[("a", "2"), ("a", "1"), ("a-", ""), ("a/", "")],
                     headers=[("X-Amz-Meta-A", " x  y\t"), ("x-amz-meta-a", "z"), ("b", "")]),
    "hash": seed(flags=8, headers=[("x-amz-content-sha256", EMPTY)]),
    "header-form": seed(flags=1, headers=PUT + [("x-amz-content-sha256", "UNSIGNED-PAYLOAD")]),
    "header-form-token": seed(flags=1, token="tok", headers=[("x-amz-content-sha256", "UNSIGNED-PAYLOAD")]),
    "service": seed(flags=9, shape=1, bucket="", path="/a/./b//../c/"),
    "verbatim": seed(flags=8, shape=2, bucket="", path="/a/./b//../c/%20"),
    "many": seed(params=[(f"p{i}", str(i)) for i in range(16)], headers=[(f"h{i}", str(i)) for i in range(32)]),
    "too-many": seed(params=[("p", "")] * 17),
    "small": seed(caps=(300, 100, 200), headers=PUT),
    "control": seed(path="a\nb"),
    "not-utf8": seed(path=b"a\xff"),
    "crlf-header": seed(headers=[("x-amz-meta-a", "b\r\nhost: c")]),
    "ours": seed(params=[("X-Amz-Signature", "0")]),
    "ipv6": seed(flags=2, host="[::1]:80"),
    "late": seed(at=253402300799, expires=604800),
}

os.makedirs(FOLDER, exist_ok=True)
for name, data in SEEDS.items():
    with open(os.path.join(FOLDER, name), "wb") as out:
        out.write(data)
print(f"{len(SEEDS)} seeds")
