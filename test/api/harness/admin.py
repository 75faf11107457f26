# SPDX-License-Identifier: Apache-2.0
"""People with roles: they sign documents and approvals and use the admin listener."""
import hashlib
import json

from .jose import Key, jws

DOCUMENT_TYP = "countersign-document+jws"
APPROVAL_TYP = "countersign-approval+jws"
JOSE = [("Content-Type", "application/jose")]
PLURAL = {"policy": "policies", "reference-set": "reference-sets"}


def usual_policy(policy_id, reference_set, **changes):
    """A policy for one TPM row; changes replace members of `grant` or, by their name, of the document."""
    document = {
        "id": policy_id,
        "version": 1,
        "accept": [[{"type": "tpm2", "reference_set": reference_set, "pcrs": "sha256:0,7"}]],
        "grant": {
            "tier": "cloud-upload",
            "lease": {"heartbeat_s": 600, "max_s": 3600},
            "token": {"ttl_s": 300, "audience": ["https://files.example"], "scope": ["upload", "secret:db"]},
            "upload": [
                {
                    "store": "results",
                    "prefix": "summaries/${sandbox}/",
                    "max_bytes": 10485760,
                    "content_type": ["application/pdf", "text/plain"],
                    "ttl_s": 60,
                }
            ],
        },
    }
    for name, value in changes.items():
        where = document["grant"] if name in document["grant"] else document
        where[name] = value
    return document


def usual_reference_set(set_id, *tpms, version=1, indexes=None):
    """One compound value for each machine: its PCRs and the Name of its key."""
    values = []
    for n, tpm in enumerate(tpms):
        golden = {k: [v] for k, v in tpm.values(indexes).items()}
        values.append({"label": f"machine {n}", "tpm2": {"values": golden, "ak_names": [tpm.name().hex()]}})
    return {"id": set_id, "version": version, "type": "tpm2", "values": values}


def encode(document):
    return document if isinstance(document, bytes) else json.dumps(document).encode()


class Admin:
    """Acts as any of the broker's people over its admin listener."""

    def __init__(self, broker):
        self.broker = broker
        self.conns = {}

    def http(self, who):
        if who not in self.conns:
            self.conns[who] = self.broker.admin_http(self.broker.people[who])
        return self.conns[who]

    def close(self):
        for conn in self.conns.values():
            conn.close()

    def key(self, who):
        return Key(private=self.broker.people[who].private)

    def get(self, path, who="carol"):
        return self.http(who).send("GET", "/v1/admin/" + path)

    def post(self, path, value, who="alice"):
        return self.http(who).json("POST", "/v1/admin/" + path, value)

    def sign(self, who, payload, typ=DOCUMENT_TYP, key=None):
        key = key or self.key(who)
        return jws(key, {"alg": key.alg, "typ": typ, "jwk": key.jwk()}, payload)

    # Documents

    def put(self, kind, document, who="alice", signed=None):
        """signed: a JWS to send instead of the one by `who`."""
        payload = encode(document)
        doc_id = json.loads(payload)["id"]
        text = signed if signed is not None else self.sign(who, payload)
        return self.http(who).send("PUT", f"/v1/admin/{PLURAL[kind]}/{doc_id}", JOSE, text.encode())

    def approve(self, kind, document, who="bob", digest=None, signed=None):
        payload = encode(document)
        members = json.loads(payload)
        approval = {
            "approve": f"{kind}/{members['id']}/{members['version']}",
            "digest": digest or hashlib.sha256(payload).hexdigest(),
        }
        text = signed if signed is not None else self.sign(who, approval, APPROVAL_TYP)
        return self.http(who).send("POST", "/v1/admin/approvals", JOSE, text.encode())

    def register(self, kind, document):
        """Proposed by alice and approved by bob; must work."""
        put = self.put(kind, document)
        assert put.status == 201, put
        approved = self.approve(kind, document)
        assert approved.status == 200, approved
        return put.json

    def revoke(self, kind, doc_id, version, who="alice", reason="test"):
        return self.post(f"{PLURAL[kind]}/{doc_id}/{version}/revoke", {"reason": reason}, who)

    def introspect(self, token, who="files"):
        body = "token=" + token
        headers = [("Content-Type", "application/x-www-form-urlencoded")]
        return self.http(who).send("POST", "/introspect", headers, body.encode())
