# SPDX-License-Identifier: Apache-2.0
"""What every guest's day has in common, whatever hardware vouches for it: documents, token, upload, refusal, teardown, log.

Standard library only.
"""
import json
import os
import re
import signal

from demo_house import AUDIENCE, Stop, wait_for


def policy_document(policy_id, *rows):
    """Evidence rows that must all hold, and the grant of this story."""
    return {
        "id": policy_id,
        "version": 1,
        "accept": [list(rows)],
        "grant": {
            "tier": "cloud-upload",
            "lease": {"heartbeat_s": 60, "max_s": 3600},
            "token": {"ttl_s": 300, "audience": [AUDIENCE], "scope": ["upload"]},
            "upload": [
                {
                    "store": "results",
                    "prefix": "summaries/${sandbox}/",
                    "max_bytes": 10485760,
                    "content_type": ["text/plain"],
                    "ttl_s": 60,
                }
            ],
        },
    }


def tsm_report(folder):
    """As an administrator takes one on the reference machine: make an entry of configfs-tsm, write 64 bytes, read the report."""
    entry = os.path.join(folder, "reference")
    os.mkdir(entry)
    there = lambda name: os.path.exists(os.path.join(entry, name))
    wait_for(lambda: there("provider"), "the entry of configfs-tsm")
    with open(os.path.join(entry, "inblob"), "wb") as f:
        f.write(bytes(64))
    wait_for(lambda: there("outblob"), "the report of configfs-tsm")
    with open(os.path.join(entry, "outblob"), "rb") as f:
        return f.read()


def register(demo, kind, name, document):
    """alice puts it, bob approves; document: JSON text or what becomes JSON."""
    demo.tell(demo.admin("alice", kind, "put", demo.write(name + ".json", document)))
    demo.tell(demo.admin("bob", "approve", f"{kind}/{name}/1"))


def attest(demo, *how, policy="summarizer", agent="agent", status=0):
    """What the command printed; how: the options that say where the evidence comes from."""
    where = ["--server", demo.issuer, "--ca", demo.path("server-ca.pem"), "--policy", policy]
    return demo.guest("attest", *where, *how, agent=agent, status=status)


def refused(demo, check, *how, agent, policy="summarizer"):
    """Attest, and be refused for this check; returns the id of the verdict."""
    said = attest(demo, *how, policy=policy, agent=agent, status=1)
    if check not in said:
        raise Stop(f"the refusal does not name {check}:\n{said}")
    demo.tell(said)
    return re.search(r"\bvd-[\w-]+", said)[0]


def explain(demo, verdict, *words, brief=False):
    """Why, for administrators; each of the words must be there.  brief: only what did not hold."""
    if not brief:
        demo.step(f"alice asks why: countersign admin explain {verdict}")
    explained = demo.admin("alice", "explain", verdict)
    for word in words:
        if word not in explained:
            raise Stop(f"the explanation does not say {word}:\n{explained}")
    demo.tell("\n".join(re.findall(r"^fail .*(?:\n  .*)*", explained, re.M)) if brief else explained)


def introspect(demo, token):
    """What the relying party "files" is told about a token; the token goes by a file, not by the command line."""
    form = demo.write("form", "token=" + token)
    url = f"https://127.0.0.1:{demo.ports['admin']}/introspect"
    mine = ["--cert", demo.path("files.pem"), "--key", demo.path("files.key")]
    status, body = demo.curl(*mine, "--data-binary", "@" + form, url)
    os.unlink(form)
    if status != 200:
        raise Stop(f"introspection answered {status}: {body}")
    return json.loads(body)


def put_again(demo, granted):
    """The signed URL, by plain curl; the URL goes by a file."""
    lines = [f'url = "{granted["url"]}"', f'upload-file = "{demo.path("second.txt")}"']
    lines += [f'header = "{name}: {value}"' for name, value in granted["headers"].items()]
    config = demo.write("put", "\n".join(lines) + "\n")
    answer = demo.curl("-K", config)
    os.unlink(config)
    return answer


def show_service(demo):
    """An attested guest takes a token and uploads.  Returns what must be dead after teardown: sandbox, token, upload that was granted."""
    sandbox = json.loads(demo.guest("status", "--json"))["sandbox"]

    demo.step(f"it takes a token for {AUDIENCE}; the relying party asks whether it is good")
    token = demo.guest("token", "--scope", "upload", "--audience", AUDIENCE).strip()
    answer = introspect(demo, token)
    if answer.get("active") is not True:
        raise Stop(f"a fresh token is not active: {answer}")
    demo.tell(json.dumps({k: answer[k] for k in ("active", "aud", "scope", "token_type", "cnf") if k in answer}))

    demo.step("it uploads a report")
    for name in ("report.txt", "second.txt"):
        demo.write(name, f"{name}: what the sandbox found out\n")
    kind = ["--store", "results", "--content-type", "text/plain"]
    demo.tell(demo.guest("upload", demo.path("report.txt"), *kind))
    if demo.read("results", "summaries", sandbox, "report.txt") != demo.read("report.txt"):
        raise Stop("the stored report differs")
    demo.tell(f"stored as results/summaries/{sandbox}/report.txt, byte for byte")

    demo.step("it asks for the signed URL of a second upload, and does not use it yet")
    asked = demo.guest("upload", demo.path("second.txt"), *kind, "--url-only", "--json")
    return sandbox, token, json.loads(asked)


def show_teardown(demo, sandbox, token, granted):
    demo.step("teardown")
    demo.tell(demo.guest("teardown", "--reason", "the demo is over"))

    demo.step("nothing of it works any more")
    answer = introspect(demo, token)
    demo.tell(f"token:      introspection says {json.dumps(answer)}")
    if answer != {"active": False}:
        raise Stop("the token outlived its sandbox")
    status, body = put_again(demo, granted)
    demo.tell(f"signed URL: {status} {json.loads(body).get('code')}")
    if status != 410:
        raise Stop("the signed URL outlived its sandbox: " + body)
    said = demo.guest("token", "--audience", AUDIENCE, status=1)
    demo.tell("new token:  " + said.strip().splitlines()[0])
    if os.path.exists(demo.path("results", "summaries", sandbox, "second.txt")):
        raise Stop("an upload appeared after teardown")


def show_log(demo, broker):
    demo.step("the broker ends; its log is checked offline: records, chain, tree, signed checkpoint")
    broker.send_signal(signal.SIGTERM)
    if broker.wait(timeout=20) != 0:
        raise Stop(f"countersignd ended with {broker.returncode}")
    demo.tell(demo.countersign("audit", "verify", demo.path("data", "audit")))
