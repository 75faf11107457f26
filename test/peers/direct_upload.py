#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Presigned URLs against a store that checks them: Ceph radosgw (rgw.py).  Run by `make peers`.

The same proofs for three ways to get a URL: our signer with a long-lived key, with the keys of a put-only session,
and the broker's POST /v1/uploads in mode `direct`, which signs with such a session.  Prints what each one showed;
the last line is 'N passed, N failed'.
"""
import base64
import hashlib
import os
import re
import shutil
import signal
import sys
import tempfile
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "api"))

from rgw import Rgw, end_orderly, statement
from s3 import BUILD, Grant, Keys, S3, S3Error, Signer, curl

# What RGW 16 says to a signature that is not its own computation: it depends on whose key it was.
BAD_SESSION = ((403, "SignatureDoesNotMatch"),)
BAD_KEY = ((403, "AccessDenied"), (403, "SignatureDoesNotMatch"))

BODY = b"a report of 32 bytes, no more..\n"
KIND = "application/pdf"
TAGS = "classification=restricted&retention=P30D"
PREFIX = "summaries/"
SECRET_KEY = PREFIX + "other-sandbox/secret"


class Tally:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, what, ok, seen=""):
        self.passed += bool(ok)
        self.failed += not ok
        print(f"  {'ok  ' if ok else 'FAIL'} {what}" + ("" if ok else f": {seen}"), flush=True)

    def refused(self, what, reply, *wanted):
        """wanted: (status, S3 error code) pairs, or bare status codes, one of which it must be."""
        ok = (reply.status, reply.code) in wanted or reply.status in wanted
        self.check(f"{what}: {reply.status} {reply.code}", ok, f"wanted one of {wanted}")


class FromSigner:
    """URLs as broker/mint/url.c makes them, from the tool."""

    def __init__(self, s3, sandbox):
        self.s3, self.sandbox = s3, sandbox
        self.bad = BAD_SESSION if s3.keys.session_token else BAD_KEY

    def grant(self, name, body=BODY, age_s=0):
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        headers = {
            "content-length": str(len(body)),
            "content-type": KIND,
            "if-none-match": "*",
            "x-amz-checksum-sha256": digest,
            "x-amz-tagging": TAGS,
        }
        key = f"{PREFIX}{self.sandbox}/{name}"
        return self.s3.presign("PUT", key, headers, expires=60, at=int(time.time()) - age_s)

    def expired(self, name):
        return self.grant(name, age_s=61)


class FromBroker:
    """URLs that a running broker grants to an attested guest."""

    bad = BAD_SESSION

    def __init__(self, store, keys, folder):
        from harness.admin import Admin, usual_policy, usual_reference_set
        from harness.broker import PEOPLE, Broker
        from harness.guest import Guest
        from harness.pki import Pki
        from harness.tpm import SoftTpm

        pki = Pki(os.path.join(folder, "pki"))
        people = {name: pki.person(name) for name in PEOPLE}
        home = os.path.join(folder, "broker")
        os.makedirs(home)
        for name, text in (("s3.secret", keys.secret_key), ("s3.token", keys.session_token)):
            with open(os.open(os.path.join(home, name), os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="ascii") as f:
                f.write(text + "\n")
        row = {
            "id": "results", "mode": "direct", "endpoint": store.endpoint, "region": store.region,
            "bucket": store.bucket, "path_style": True, "access_key_id": keys.access_key,
            "secret_file": "s3.secret", "session_token_file": "s3.token",
        }
        self.broker = Broker(home, pki, people, {"stores": [row]})
        self.broker.start()
        admin, tpm = Admin(self.broker), SoftTpm()
        admin.register("reference-set", usual_reference_set("boot", tpm))
        for policy, ttl_s in (("worker", 60), ("hasty", 1)):
            upload = {
                "store": "results", "prefix": PREFIX + "${sandbox}/", "max_bytes": 1 << 20,
                "content_type": [KIND], "tags": {"classification": "restricted", "retention": "P30D"}, "ttl_s": ttl_s,
            }
            admin.register("policy", usual_policy(policy, "boot", upload=[upload]))
        admin.close()
        self.guest = Guest(self.broker, tpm, "worker").ready()
        self.hasty = Guest(self.broker, tpm, "hasty").ready()

    def stop(self):
        self.broker.stop()

    def grant(self, name, body=BODY, guest=None):
        digest = hashlib.sha256(body).hexdigest()
        reply = (guest or self.guest).ask_upload(len(body), name=name, content_type=KIND, sha256=digest)
        if reply.status != 201:
            raise S3Error(f"the broker did not grant: {reply}")
        return Grant(reply.json["url"], reply.json["headers"], reply.json["key"])

    def expired(self, name):
        grant = self.grant(name, guest=self.hasty)
        time.sleep(2.1)
        return grant


def without(headers, name):
    return {k: v for k, v in headers.items() if k.lower() != name}


def changed(headers, name, value):
    return {**without(headers, name), name: value}


def proves_upload(t, owner, source):
    """The granted URL and headers work with plain curl, once, and leave exactly what was granted."""
    g = source.grant("r.pdf")
    put = curl(g.url, g.headers, BODY)
    t.check("curl -T with the returned headers: 200", put.status == 200, put)
    got = owner.send("GET", g.key)
    t.check("the object has the bytes", got.body == BODY, got)
    t.check("the object has the content type", got.headers.get("Content-Type") == KIND, got.headers)
    tags = owner.send("GET", g.key, params={"tagging": ""}).body
    t.check("the object has the tags", all(s.encode() in tags for s in ("restricted", "P30D")), tags)
    again = curl(g.url, g.headers, BODY)
    t.refused("second PUT with the same URL", again, (412, "PreconditionFailed"))
    other = curl(g.url, without(g.headers, "if-none-match"), b"B" * len(BODY))
    t.refused("second PUT without if-none-match", other, *source.bad)
    t.check("the object is unchanged", owner.send("GET", g.key).body == BODY)
    big = os.urandom(1 << 20)
    g = source.grant("big.pdf", big)
    t.check("1 MiB with Expect: 100-continue: 200", curl(g.url, g.headers, big).status == 200)
    t.check("1 MiB arrived whole", owner.send("GET", g.key).body == big)


def proves_refusals(t, owner, source):
    """Whatever differs from what was granted is refused by the store, and nothing appears."""
    g, bad = source.grant("no.pdf"), source.bad
    free = without(g.headers, "content-length")  # curl sends the length of its file
    key, query = g.url.split("?")
    t.refused("one byte more", curl(g.url, free, BODY + b"x"), *bad)
    t.refused("one byte less", curl(g.url, free, BODY[:-1]), *bad)
    t.refused("empty body", curl(g.url, free, b""), *bad)
    t.refused("another content type", curl(g.url, changed(g.headers, "content-type", "text/html"), BODY), *bad)
    for name in sorted(g.headers):
        if name.lower() != "content-length":
            # An empty value keeps curl from sending a header of its own.
            t.refused(f"without {name}", curl(g.url, changed(g.headers, name, ""), BODY), *bad)
    t.refused("other tags", curl(g.url, changed(g.headers, "x-amz-tagging", "classification=public"), BODY), *bad)
    t.refused("another checksum", curl(g.url, changed(g.headers, "x-amz-checksum-sha256", "A" * 43 + "="), BODY), *bad)
    t.refused("another key", curl(f"{key}x?{query}", g.headers, BODY), *bad)
    t.refused("a key of another sandbox", curl(re.sub(r"summaries/[^/]*", "summaries/sb-other", g.url), g.headers, BODY), *bad)
    flip = re.sub(r"(X-Amz-Signature=)(.)", lambda m: m[1] + ("1" if m[2] == "0" else "0"), g.url)
    t.refused("tampered signature", curl(flip, g.headers, BODY), *bad)
    t.refused("no signature", curl(re.sub(r"&X-Amz-Signature=[0-9a-f]+", "", g.url), g.headers, BODY), 400, 403)
    t.refused("longer life", curl(re.sub(r"X-Amz-Expires=\d+", "X-Amz-Expires=604800", g.url), g.headers, BODY), *bad)
    t.refused("one more parameter", curl(g.url + "&versionId=1", g.headers, BODY), *bad)
    t.refused("GET with it", curl(g.url, {}, None, "GET"), 403)
    t.refused("DELETE with it", curl(g.url, {}, None, "DELETE"), 403)
    t.check("nothing appeared", owner.send("HEAD", g.key).status == 404)
    t.check("the URL was good all the time: 200", curl(g.url, g.headers, BODY).status == 200)


def proves_expiry(t, owner, source):
    g = source.expired("late.pdf")
    t.refused("after its expiry", curl(g.url, g.headers, BODY), (403, "AccessDenied"), (403, "RequestTimeTooSkewed"))
    t.check("nothing appeared", owner.send("HEAD", g.key).status == 404)


def proves_session(t, owner, source):
    """Keys of a put-only session sign URLs that can do nothing but put: presign.md's copy attack fails."""
    g = source.grant("copy.pdf")
    theft = {**without(g.headers, "content-length"), "x-amz-copy-source": f"/{owner.store.bucket}/{SECRET_KEY}"}
    t.refused("unsigned x-amz-copy-source of another sandbox's object", curl(g.url, theft, b""), 403)
    length = {**g.headers, "x-amz-copy-source": f"/{owner.store.bucket}/{SECRET_KEY}"}
    t.refused("the same with the signed length", curl(g.url, length, BODY), 403)
    t.check("nothing was copied", owner.send("HEAD", g.key).status == 404)
    altered = re.sub(r"(X-Amz-Security-Token=.{20})(.)", lambda m: m[1] + ("A" if m[2] != "A" else "B"), g.url)
    t.refused("altered session token", curl(altered, g.headers, BODY), 400, 403)
    bare = re.sub(r"&X-Amz-Security-Token=[^&]*", "", g.url)
    t.refused("without the session token", curl(bare, g.headers, BODY), 403)


def proves_broad_key(t, owner):
    """The control of proves_session: the attack works on this store when a broad key signs."""
    g = owner.presign("PUT", PREFIX + "sb-control/stolen")
    stolen = curl(g.url, {"x-amz-copy-source": f"/{owner.store.bucket}/{SECRET_KEY}"}, None)
    t.check("control: a broad key's URL copies another object (why the broker must not use one)",
            stolen.status == 200 and owner.send("GET", g.key).body == b"secret", stolen)


def proves_keys(t, owner):
    """Keys that need encoding arrive as they are; by URL and, to read them back, by header."""
    for key in ("a b+c", "\u00e9\u1234\U0001f600", "res!*'();:@&=$,?#[]", "pct%2Fenc%25", "a//b///c", "~_-.", "q\"<>\\^`{|}"):
        g = owner.presign("PUT", PREFIX + key)
        put = curl(g.url, {}, key.encode())
        t.check(f"key {key!r}", put.status == 200 and owner.send("GET", PREFIX + key).body == key.encode(), put)


def proves_payload_hash(t, owner):
    digest = hashlib.sha256(BODY).hexdigest()
    headers = {"x-amz-content-sha256": digest}
    g = owner.presign("PUT", PREFIX + "hashed", headers, payload=digest)
    other = curl(g.url, headers, BODY[::-1])
    t.refused("another body of the same length under a signed hash", other, (400, "XAmzContentSHA256Mismatch"))
    t.check("the hashed body: 200", curl(g.url, headers, BODY).status == 200)


def proves_header_form(t, owner):
    """sigv4_header_auth(): a multipart upload, which is how mode `commit` will work."""
    key = PREFIX + "multi part"
    created = owner.must("POST", key, params={"uploads": ""}, headers={"x-amz-meta-sandbox": "sb  1 "})
    upload = re.search(rb"<UploadId>([^<]+)</UploadId>", created.body).group(1).decode()
    part = owner.presign("PUT", key, {"content-length": str(len(BODY))}, params={"partNumber": "1", "uploadId": upload})
    t.check("part by presigned URL: 200", curl(part.url, part.headers, BODY).status == 200)
    etag = hashlib.md5(BODY).hexdigest()
    xml = f"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part></CompleteMultipartUpload>"
    done = owner.send("POST", key, params={"uploadId": upload}, body=xml.encode())
    t.check("completed by Authorization header", done.status == 200, done)
    t.check("the object has the bytes", owner.send("GET", key).body == BODY)
    t.check("reuse of the part's URL: 404", curl(part.url, part.headers, BODY).status == 404)
    listed = owner.send("GET", params={"prefix": PREFIX, "max-keys": "2", "delimiter": "/"})
    t.check("list with parameters: 200", listed.status == 200, listed)
    wrong = S3(owner.signer, owner.store, Keys(owner.keys.access_key, "0" * 40, ""))
    t.refused("a wrong secret in the header form", wrong.send("GET", key), *BAD_KEY)


def run_common(t, title, owner, source, session):
    print(f"{title}:", flush=True)
    proves_upload(t, owner, source)
    proves_refusals(t, owner, source)
    proves_expiry(t, owner, source)
    if session:
        proves_session(t, owner, source)


def run_broker(t, owner, session):
    if not os.access(os.path.join(BUILD, "countersignd"), os.X_OK):
        t.check("countersignd is built", False, BUILD)
        return
    folder = tempfile.mkdtemp(prefix="countersign-direct-")
    source = None
    try:
        source = FromBroker(owner.store, session, folder)
        run_common(t, "URLs from the broker's POST /v1/uploads, mode direct", owner, source, True)
    finally:
        if source is not None:
            source.stop()
        shutil.rmtree(folder, ignore_errors=True)


def run(t, store, signer):
    owner = S3(signer, store, Keys(store.access_key, store.secret_key, ""))
    owner.must("PUT")  # the bucket, by the header form
    owner.must("PUT", SECRET_KEY, body=b"secret")
    print("our signer's other forms:", flush=True)
    proves_header_form(t, owner)
    proves_keys(t, owner)
    proves_payload_hash(t, owner)
    proves_broad_key(t, owner)
    run_common(t, "URLs from our signer with a long-lived key", owner, FromSigner(owner, "sb-1"), False)
    here = f"arn:aws:s3:::{store.bucket}/{PREFIX}*"
    put_only = statement("s3:PutObject", "s3:PutObjectTagging", Resource=here)
    session = owner.assume_role(store.make_role("uploader"), "sb-2", put_only)
    signed = FromSigner(S3(signer, store, session), "sb-2")
    run_common(t, "URLs from our signer with put-only session keys", owner, signed, True)
    run_broker(t, owner, session)


def main():
    t = Tally()
    signal.signal(signal.SIGTERM, end_orderly)
    try:
        signer = Signer()
        with Rgw() as store:
            print(f"radosgw at {store.endpoint}", flush=True)
            run(t, store, signer)
        signer.close()
    except Exception as e:  # whatever stops the run is a failure of it, and what started is ended
        traceback.print_exc()
        t.check("everything that the run needs works", False, f"{type(e).__name__}: {e}")
    print(f"{t.passed} passed, {t.failed} failed")
    return 1 if t.failed else 0


if __name__ == "__main__":
    sys.exit(main())
