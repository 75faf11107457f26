# SPDX-License-Identifier: Apache-2.0
"""Collateral of Intel that an operator brings: what is kept, what is refused, what outlives a restart, and what a policy's grace is worth."""
import datetime
import json
import os
import re
import subprocess
import time

import pytest
from harness.broker import BUILD, SLOW
from harness.jose import b64u, open_jws
from harness.pcs import encoded
from harness.snp import pem
from harness.tdx import OLD, TDX_SVNS, IntelWorld, level, text_time
from harness.tdx_site import intel, make_site, missing, pieces, rejected, roots, unable

FIXTURES = (intel, make_site, roots)
DAY = datetime.timedelta(days=1)
OUTDATED = {"tcbLevels": [level((9,) * 16, 99, TDX_SVNS), level((0,) * 16, 0, (0,) * 16, "OutOfDate", OLD, ["INTEL-SA-00960"])]}


def now(seconds=0):
    return datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None, microsecond=0) + datetime.timedelta(seconds=seconds)


@pytest.fixture(scope="module")
def site(make_site):
    return make_site()


@pytest.fixture
def machine(intel, fresh_name):
    return intel.machine(fresh_name("machine"))


def claims_of(reply):
    assert reply.status == 200, reply
    return open_jws(reply.json["ear"])[1]["submods"]["tdx"]["ear.veraison.annotated-evidence"]


def piece_of(kind, files):
    return next(piece for piece in pieces(files) if piece["kind"] == kind)


# Kept


def test_what_is_brought_serves(make_site, intel, machine):
    site = make_site()
    missing(site.attest(machine))
    site.bring(machine)
    assert site.attest(machine).status == 200
    rows = {r["kind"]: r for r in site.listed()}
    assert {r["vendor"] for r in rows.values()} == {"intel"} and {r["source"] for r in rows.values()} == {"import"}
    assert (rows["tcb_info"]["product"], rows["tcb_info"]["track"]) == ("b0c06f000000", "standard")
    assert (rows["qe_identity"]["product"], rows["pck_crl"]["product"], rows["root_crl"]["product"]) == ("TD_QE", "platform", "root")
    assert "track" not in rows["pck_crl"] and "chip" not in rows["tcb_info"]
    assert rows["tcb_info"]["until"] == intel.window()["nextUpdate"]


@pytest.mark.parametrize("lacks", ["tcb_info", "qe_identity", "pck_crl", "root_crl"])
def test_each_piece_is_needed(make_site, intel, machine, lacks):
    site = make_site()
    for body in pieces(intel.collateral(machine)):
        if body["kind"] != lacks:
            assert site.post(body).status == 201
    # Without the CA of a PCK CRL it cannot be told whose the root's CRL is.
    checks = ["root_crl.missing", "pck_crl.missing"] if lacks == "pck_crl" else [lacks + ".missing"]
    unable(site.attest(machine), *checks)


def test_a_restart_keeps_it(make_site, intel, machine):
    site = make_site()
    site.bring(machine)
    site.bring(machine, track="early", tcb=OUTDATED)
    assert site.broker.stop() == 0
    site.broker.start()
    claims = claims_of(site.attest(machine))
    assert claims["tcb"]["status"] == "UpToDate" and claims["early"]["status"] == "OutOfDate"


def test_other_roots_forget_it(make_site, intel, machine, tmp_path):
    """Bytes of the ledger are verified again."""
    site = make_site()
    site.bring(machine)
    other = IntelWorld()
    other.write_roots(str(tmp_path))
    assert site.broker.stop() == 0
    site.broker.config["roots"] = str(tmp_path)
    site.broker.write_config()
    site.broker.start()
    assert "pck.root" in site.attest(machine).json["failed"]
    missing(site.attest(other.machine()))
    assert len(site.log("collateral.unread")) >= 3


def test_both_cas_have_crls_of_their_own(make_site, intel, machine):
    site = make_site()
    site.bring(machine)
    other = intel.machine("processor", ca="processor")
    unable(site.attest(other), "root_crl.missing", "pck_crl.missing")
    site.bring(other)
    assert site.attest(other).status == 200 and site.attest(machine).status == 200


def test_an_import_is_on_record(site, machine):
    site.bring(machine)
    with open(os.path.join(site.broker.data_dir, "audit", "log"), "rb") as f:
        log = f.read()
    for name in (b"tcb_info/b0c06f000000/standard", b"qe_identity/TD_QE/standard", b"pck_crl/platform", b"root_crl/root"):
        assert b"collateral/intel/" + name in log


@pytest.mark.parametrize("form", ["pem", "hex"])
def test_crls_in_each_form(make_site, intel, machine, form):
    make = {"pem": lambda der: pem(der).replace(b"CERTIFICATE", b"X509 CRL"), "hex": lambda der: der.hex().encode()}[form]
    site = make_site()
    site.bring(machine, pck_crl=make(intel.crl("platform")), root_ca_crl=make(intel.crl("root")))
    assert site.attest(machine).status == 200


def test_a_crl_without_its_chain(make_site, intel, machine):
    """The chain that came with another CRL of the same CA serves."""
    site = make_site()
    bare = {"kind": "pck_crl", "crl": b64u(intel.crl("platform", [machine.serial], since=now(-60)))}
    reply = site.post(bare)
    assert (reply.status, reply.code) == (403, "collateral_refused") and "none is kept of this CA" in reply.json["detail"], reply
    site.bring(machine)
    assert site.attest(machine).status == 200
    assert site.post({"kind": "pck_crl", "crl": b64u(intel.crl("processor"))}).status == 403
    assert site.post(bare).status == 201
    rejected(site.attest(machine), "pck.revoked")


# Revoked


@pytest.mark.parametrize(
    "which,check",
    [("machine", "pck.revoked"), ("platform", "pck_ca.revoked"), ("signing", "tcb_signing.revoked")],
)
def test_what_is_revoked(make_site, intel, machine, which, check):
    site = make_site()
    site.bring(machine)
    assert site.attest(machine).status == 200
    kind = "platform" if which == "machine" else "root"
    serial = machine.serial if which == "machine" else intel.serial(which)
    files = intel.collateral(machine, **{"pck_crl" if kind == "platform" else "root_ca_crl": intel.crl(kind, [serial], since=now(-60))})
    assert site.post(piece_of("pck_crl" if kind == "platform" else "root_crl", files)).status == 201
    rejected(site.attest(machine), check)


# Refused


def refused(reply, status, code, words):
    assert (reply.status, reply.code) == (status, code), reply
    assert words in reply.json["detail"].replace('"', "").replace("?", ""), reply


def tcb(world, machine, signer=None, **instead):
    return {"tcb_info": world.signed("tcbInfo", world.tcb_info(machine, **instead), signer)}


def ended(world):
    return {"issueDate": text_time(world.at - 40 * DAY), "nextUpdate": text_time(world.at - DAY)}


OTHER = IntelWorld()
REFUSED = {
    "signature": ("tcb_info", lambda w, m: tcb(w, m, OTHER.private("signing")), 403, "signature does not verify"),
    "chain": ("tcb_info", lambda w, m: {"tcb_info_issuer_chain": OTHER.signing_chain()}, 403, "issuer chain"),
    "no chain": ("tcb_info", lambda w, m: {"tcb_info_issuer_chain": None}, 403, "issuer chain"),
    "ended": ("tcb_info", lambda w, m: tcb(w, m, **ended(w)), 403, "nextUpdate"),
    "sgx": ("tcb_info", lambda w, m: tcb(w, m, id="SGX"), 403, "tcbInfo of SGX"),
    "sgx type": ("tcb_info", lambda w, m: tcb(w, m, tcbType=1), 403, "tcbInfo of TDX"),
    "spaces": ("tcb_info", lambda w, m: {"tcb_info": tcb(w, m)["tcb_info"].replace(b',"version"', b', "version"')}, 403, "signature does not verify"),
    "junk": ("tcb_info", lambda w, m: {"tcb_info": b"junk"}, 400, ""),
    "identity": ("tcb_info", lambda w, m: {"tcb_info": w.signed("enclaveIdentity", w.qe_identity())}, 400, ""),
    "no fmspc": ("tcb_info", lambda w, m: tcb(w, m, fmspc=None), 400, "fmspc"),
    "unknown": ("tcb_info", lambda w, m: {"tcb_info": w.signed("tcbInfo", w.tcb_info(m))[:-1] + b',"more":1}'}, 400, ""),
    "SGX QE": ("qe_identity", lambda w, m: {"qe_identity": w.signed("enclaveIdentity", w.qe_identity(id="QE"))}, 403, "enclaveIdentity of QE"),
    "crl signature": ("pck_crl", lambda w, m: {"pck_crl": w.crl("platform", signer=OTHER.private("platform"))}, 403, "signed by somebody else"),
    "crl of the root": ("pck_crl", lambda w, m: {"pck_crl": w.crl("root")}, 403, "signed by somebody else"),
    "crl of others": (
        "pck_crl",
        lambda w, m: {"pck_crl": OTHER.crl("platform"), "pck_crl_issuer_chain": pem(OTHER.certificate["platform"]) + pem(OTHER.certificate["root"])},
        403,
        "not the trusted one",
    ),
    "root of others as chain": (
        "pck_crl",
        lambda w, m: {"pck_crl": OTHER.crl("platform"), "pck_crl_issuer_chain": pem(OTHER.certificate["platform"]) + pem(w.certificate["root"])},
        403,
        "",
    ),
    "signer as CA": ("pck_crl", lambda w, m: {"pck_crl_issuer_chain": w.signing_chain()}, 403, "neither the PCK Platform CA"),
    "crl ended": ("pck_crl", lambda w, m: {"pck_crl": w.crl("platform", until=now(-5))}, 403, "nextUpdate"),
    "crl for ever": ("pck_crl", lambda w, m: {"pck_crl": w.crl("platform", until=None)}, 400, "nextUpdate"),
    "crl junk": ("pck_crl", lambda w, m: {"pck_crl": b"junk"}, 400, ""),
    "crl and more": ("root_crl", lambda w, m: {"root_ca_crl": w.crl("root") + b"\0"}, 400, ""),
    "root of others": ("root_crl", lambda w, m: {"root_ca_crl": OTHER.crl("root")}, 403, "signed by somebody else"),
    "root ended": ("root_crl", lambda w, m: {"root_ca_crl": w.crl("root", until=now(-5))}, 403, "nextUpdate"),
}


@pytest.mark.parametrize("which", REFUSED)
def test_pieces_that_are_refused(site, intel, machine, which):
    kind, make, status, words = REFUSED[which]
    before = len(site.listed())
    body = piece_of(kind, intel.collateral(machine, **make(intel, machine)))
    refused(site.post(body), status, "collateral_malformed" if status == 400 else "collateral_refused", words)
    assert len(site.listed()) == before


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "tcb_info"},
        {"kind": "tcb_info", "crl": "AAAA"},
        {"kind": "tcb_info", "document": "AAAA", "certificate": "AAAA"},
        {"kind": "tcb_info", "document": "A=="},
        {"kind": "tcb_info", "document": "AAAA", "track": "late"},
        {"kind": "pck_crl", "crl": "AAAA", "track": "early"},
        {"kind": "root_crl", "crl": "AAAA", "issuer_chain": "AAAA"},
        {"kind": "root_crl", "document": "AAAA"},
        {"kind": "crl", "crl": "AAAA", "issuer_chain": "AAAA"},
        {"kind": "vek", "certificate": "AAAA", "track": "standard"},
        {"kind": "qe_identity", "document": "AAAA", "more": 1},
    ],
)
def test_bodies_that_are_none(site, body):
    reply = site.post(body)
    assert (reply.status, reply.code) == (400, "malformed"), reply


@pytest.mark.parametrize("who", ["bob", "carol", "files"])
def test_who_may_not_import(site, intel, machine, who):
    reply = site.post(piece_of("root_crl", intel.collateral(machine)), who)
    assert (reply.status, reply.code) == (403, "role_missing"), reply


def test_an_older_piece_does_not_take_anything_back(make_site, intel, machine):
    site = make_site()
    site.bring(machine, tcb={**OUTDATED, "tcbEvaluationDataNumber": 18})
    later = {"issueDate": text_time(now(-60))}
    reply = site.post(piece_of("tcb_info", intel.collateral(machine, tcb=later)))  # signed later, for evaluation 17
    refused(reply, 409, "collateral_older", "evaluation 18")
    reply = site.post(piece_of("tcb_info", intel.collateral(machine, tcb={"issueDate": text_time(intel.at - 11 * DAY), "tcbEvaluationDataNumber": 18})))
    refused(reply, 409, "collateral_older", "evaluation 18")
    reply = site.post(piece_of("pck_crl", intel.collateral(machine, pck_crl=intel.crl("platform", since=intel.at - 11 * DAY))))
    refused(reply, 409, "collateral_older", "pck_crl")
    rejected(site.attest(machine), "tcb.status")


def test_one_that_has_ended_makes_room(make_site, intel, machine):
    """Intel may take an evaluation back; a document is bound to it for no longer than it lives."""
    site = make_site()
    site.bring(machine, tcb={"tcbEvaluationDataNumber": 18, "nextUpdate": text_time(now(3))})
    time.sleep(4)
    unable(site.attest(machine), "tcb_info.expired")
    assert site.post(piece_of("tcb_info", intel.collateral(machine))).status == 201
    assert claims_of(site.attest(machine))["tcb"]["tcb_eval"] == 17


def test_the_tracks_are_apart(make_site, intel, machine):
    site = make_site()
    site.bring(machine, track="early", tcb={**OUTDATED, "tcbEvaluationDataNumber": 18})
    unable(site.attest(machine), "tcb_info.missing", "qe_identity.missing")  # the early one decides nothing
    site.bring(machine)
    claims = claims_of(site.attest(machine))
    assert claims["tcb"]["tcb_eval"] == 17 and claims["early"]["tcb_eval"] == 18


def test_a_full_ledger_is_named_and_memory_serves(make_site, intel, machine):
    site = make_site(rows_max=3)
    files = pieces(intel.collateral(machine))
    statuses = [site.post(body).status for body in files]
    assert statuses == [201, 201, 201, 429]
    assert site.attest(machine).status == 200


def test_the_fmspc_used_longest_ago_makes_room(make_site, intel):
    """It comes back out of the ledger."""
    site = make_site(intel_conf={"fmspc_max": 1})
    machines = [intel.machine(f"f{n}", fmspc=f"00000000000{n}") for n in range(6)]
    for machine in machines:
        site.bring(machine)
    assert [site.attest(machine).status for machine in machines * 2] == [200] * 12


# Grace


@pytest.mark.parametrize("ends", ["tcb", "qe", "pck_crl", "root_ca_crl"])
def test_grace(make_site, intel, machine, ends):
    site = make_site()
    soon = now(4)
    how = {"tcb": {"nextUpdate": text_time(soon)}, "qe": {"nextUpdate": text_time(soon)}}
    how |= {"pck_crl": intel.crl("platform", until=soon), "root_ca_crl": intel.crl("root", until=soon)}
    site.bring(machine, **{ends: how[ends]})
    assert claims_of(site.attest(machine, "grace"))["stale_by_grace"] is False
    time.sleep(5)
    check = {"tcb": "tcb_info", "qe": "qe_identity", "root_ca_crl": "root_crl"}.get(ends, ends) + ".expired"
    unable(site.attest(machine), check)
    reply = site.attest(machine, "grace")
    assert claims_of(reply)["stale_by_grace"] is True
    assert reply.json["lease"]["until"] <= time.time() + 3600


# By the command


def cli(site, *words):
    identity = site.broker.people["alice"]
    argv = [os.path.join(BUILD, "countersign"), "admin", "collateral", *words, "--ca", site.broker.pki.server_ca.cert_file]
    argv += ["--server", f"https://127.0.0.1:{site.broker.ports['admin']}", "--cert", identity.cert_file, "--key", identity.key_file]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60 * SLOW, check=False)


def test_a_folder_is_imported(make_site, intel, machine, tmp_path):
    site = make_site()
    intel.write_collateral(str(tmp_path), machine)
    intel.write_collateral(str(tmp_path / "early"), machine, tcb=OUTDATED, pck_crl=None, root_ca_crl=None, pck_crl_issuer_chain=None)
    done = cli(site, "import", str(tmp_path))
    assert done.returncode == 0 and "6 taken, 0 refused" in done.stdout, done
    claims = claims_of(site.attest(machine))
    assert claims["tcb"]["status"] == "UpToDate" and claims["early"]["status"] == "OutOfDate"
    done = cli(site, "list")
    assert re.search(r"tcb_info +b0c06f000000 +import .* standard", done.stdout), done.stdout
    assert re.search(r"tcb_info +b0c06f000000 +import .* early", done.stdout), done.stdout


def test_recorded_replies_are_imported(make_site, intel, machine, tmp_path):
    """As a proxy writes them: a body, and the headers beside it, whose names may be written in any way."""
    site = make_site()
    files = intel.collateral(machine)
    made = [("tcb", "tcb_info", ".json", "Tcb-Info-Issuer-Chain"), ("qe", "qe_identity", ".json", "sgx-enclave-identity-issuer-chain")]
    made += [("crl", "pck_crl", ".der", "SGX-PCK-CRL-Issuer-Chain"), ("root", "root_ca_crl", ".der", "X-Nothing")]
    for name, kind, ending, header in made:
        (tmp_path / f"{name}.body").write_bytes(files[kind + ending])
        chain = files.get(f"{kind}_issuer_chain.pem", b"")
        (tmp_path / f"{name}.http.json").write_text(json.dumps({"status": 200, "headers": {"Date": ["now"], header: [encoded(chain)]}}))
    done = cli(site, "import", str(tmp_path))
    assert done.returncode == 0 and "4 taken, 0 refused" in done.stdout, done
    assert site.attest(machine).status == 200


def test_files_and_a_track(make_site, intel, machine, tmp_path):
    site = make_site()
    intel.write_collateral(str(tmp_path), machine)
    names = [str(tmp_path / name) for name in ("tcb_info.json", "qe_identity.json")]
    done = cli(site, "import", *names, "--track", "early")
    assert done.returncode == 0 and "2 taken, 0 refused" in done.stdout, done
    assert {r["track"] for r in site.listed()} == {"early"}
    assert cli(site, "import", *names, "--track", "late").returncode == 64
    (tmp_path / "tcb_info_issuer_chain.pem").unlink()
    done = cli(site, "import", names[0])
    assert done.returncode == 1 and re.search(r"refused +\S+tcb_info.json: .*issuer chain", done.stdout), done


def test_genuine_collateral_of_its_time_is_named(make_broker, populate):
    """Captured from Intel's service in June 2026: genuine, and long ended."""
    folder = os.environ.get("COUNTERSIGN_EVIDENCE", os.path.join(os.path.dirname(__file__), "../../../shared/evidence"))
    captured = os.path.join(folder, "tdx", "pcs-capture-2026-06-29")
    if not os.path.isdir(captured):
        pytest.skip(f"no evidence at {folder}: set COUNTERSIGN_EVIDENCE")
    broker = make_broker({})
    admin = populate(broker)
    site = type("Bare", (), {"broker": broker})
    done = cli(site, "import", captured)
    admin.close()
    assert done.returncode == 1 and "1 taken, 3 refused" in done.stdout, done
    assert len(re.findall(r"refused .*2026-07-\S+ .nextUpdate", done.stdout)) == 3, done.stdout
