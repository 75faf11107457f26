#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Write the seeds of fuzz_http_path and fuzz_form into test/corpus; run it after adding one here."""
import os

CORPUS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "corpus")

HEADS = {
    "get": b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "param": b"GET /v1/U-1_a.b?x=1&y HTTP/1.1\r\nHost: [::1]:8443\r\nAccept: */*\r\n\r\n",
    "params": b"PUT /v1/a/b/x/c HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n",
    "post": b"POST /token HTTP/1.1\r\nhost: a\r\nDPoP: a.b.c\r\ncontent-length: 12\r\n\r\n",
    "cl_te": b"POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n",
    "two_cl": b"POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 4\r\n\r\n",
    "fold": b"POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding:\r\n chunked\r\n\r\n",
    "bare_lf": b"GET / HTTP/1.1\nHost: a\n\n",
    "balanced": b"GET / HTTP/1.1\r\nHost:  a\nX: y\r\n\r\n",
    "balanced_fold": b"GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\nY: y\nZ: z\nA: b\nB: c\n\r\n",
    "nul": b"GET / HTTP/1.1\r\nHost: a\r\nX: secret\0tail\r\n\r\n",
    "nul_lf": b"GET / HTTP/1.1\r\nHost: a\r\nX: y\0\n\r\n",
    "nul_gap": b"GET / HTTP/1.1\r\nHost: a\r\nX: y\0\x0f\n\n",
    "nul_nul": b"GET / HTTP/1.1\r\nHost: a\r\nX: y\0\0\n\n",
    "percent": b"GET /v1/..%2f HTTP/1.1\r\nHost: a\r\n\r\n",
    "dots": b"GET /v1/../token HTTP/1.1\r\nHost: a\r\n\r\n",
    "absolute": b"GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "no_blank": b"GET / HTTP/1.1\r\nHost:a\r\n\r\n",
    "two_blanks": b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
    "tab": b"GET / HTTP/1.1\r\nHost:\ta\r\n\r\n",
    "many": b"GET / HTTP/1.1\r\nHost: a\r\n" + b"A: b\r\n" * 64 + b"\r\n",
}
FORMS = {
    "token": b"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&audience=https://a"
    b"&audience=https%3A%2F%2Fb&scope=upload+read&subject_token=aaa.bbb.ccc",
    "empty": b"",
    "flag": b"a&b&c=",
    "twice": b"a=1&a=2",
    "utf8": b"a=%c3%a4%e2%82%ac%f0%9f%98%80",
    "bad_utf8": b"a=%ed%a0%80",
    "nul": b"a=%00",
    "cut": b"a=%4",
    "trailing": b"a=1&",
    "equals": b"a=b=c==",
    "many": b"&".join(b"n%d" % i for i in range(64)),
    "too_many": b"&".join(b"n%d" % i for i in range(65)),
}


def main():
    for name, seeds in (("http_path", HEADS), ("form", FORMS)):
        folder = os.path.join(CORPUS, name)
        os.makedirs(folder, exist_ok=True)
        for seed, data in seeds.items():
            with open(os.path.join(folder, seed), "wb") as f:
                f.write(data)


if __name__ == "__main__":
    main()
