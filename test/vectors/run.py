#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Judge vectors with the built `countersign verify`: our own (gen.py, gen_snp.py, gen_tdx.py), quotes of swtpm (gen_swtpm.py), real evidence when there is any,
and mutations of what is good (snp_mutations.py).

    test/vectors/run.py [NAME...]       only cases whose name contains one of these

The last line is 'N passed, N failed'.  Evidence is looked for at $COUNTERSIGN_EVIDENCE, by default ../shared/evidence.  Ids that were the
only failed one (or the only warning) of a case are written to BUILD/vectors/hit.txt, which a lint compares with the tables.
"""
import concurrent.futures
import glob
import json
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import ek_evidence  # noqa: E402
import evidence  # noqa: E402
import gen  # noqa: E402
import gen_ek  # noqa: E402
import gen_log  # noqa: E402
import gen_snp  # noqa: E402
import gen_swtpm  # noqa: E402
import gen_tdx  # noqa: E402
import log_evidence  # noqa: E402
import snp_evidence  # noqa: E402
import snp_mutations  # noqa: E402
import tdx_evidence  # noqa: E402

BUILD = os.path.abspath(os.environ.get("COUNTERSIGN_BUILD", os.path.join(HERE, "..", "..", "build")))
EXIT = {"accept": 0, "reject": 1, "malformed": 2, "unable": 3}
# Claims that are computed from what was given, and so are told of a refusal too.
COMPUTED = {"ak_name", "verified", "rtmr0", "rtmr1", "rtmr2", "rtmr3", "events", "bytes"}
TIMEOUT_S = 60
WORKERS = 2


def run_case(case):
    """(case, complaint or None, failed ids, warned ids).  case: name, folder, args, verdict ("refused": any but accept), failed; `exact` or
    at least these, and one of `one_of`; claims, of those the members of `tcb` and `early`, valid_until, and a
    text that the verdict `says`, as far as they are given."""
    argv = [os.path.join(BUILD, "countersign"), "verify", *case["args"], "--json"]
    done = subprocess.run(argv, cwd=case["folder"], capture_output=True, timeout=TIMEOUT_S, check=False)
    try:
        out = json.loads(done.stdout)
    except ValueError:
        return case, f"exit {done.returncode}, no JSON: {done.stdout[:200]!r} {done.stderr[:300]!r}", [], []
    failed = out["failed"]
    warned = [f["id"] for f in out["findings"] if f["outcome"] == "warn"]
    return case, complaint(case, out, done, failed, warned), failed, warned


def complaint(case, out, done, failed, warned):
    got = f"{out['verdict']} {failed} {warned}"
    want = case["verdict"]
    right = out["verdict"] != "accept" if want == "refused" else out["verdict"] == want
    if not right or done.returncode != EXIT[out["verdict"]]:
        return f"want {want} {case['failed']}, got {got}, exit {done.returncode}"
    if case.get("exact", True):  # "warned" null: as may be
        good = sorted(failed) == sorted(case["failed"]) and case.get("warned") in (None, warned)
    else:
        good = set(case["failed"]) <= set(failed)
    if not good or (case.get("one_of") and not set(case["one_of"]) & set(failed)):
        return f"want failed {case['failed']} {case.get('one_of', '')}, got {got}"
    if (out["verdict"] == "accept") != (out["valid_until"] is not None) or done.stderr:
        return f"valid_until {out['valid_until']}, stderr {done.stderr[:200]!r}"
    missed = misses(out["claims"], case.get("claims", {}))
    for name in ("tcb", "early"):
        if case.get(name):
            missed += misses(out["claims"].get(name) or {}, case[name])
        elif name in case and out["claims"].get(name) is not None:
            missed.append(f"want no claim {name}")
    if missed:
        return "; ".join(missed)
    if case.get("says", "") not in done.stdout.decode():
        return f"want the text {case['says']!r} somewhere"
    if out["valid_until"] != case.get("valid_until", out["valid_until"]):
        return f"want valid_until {case['valid_until']}, got {out['valid_until']}"
    return shape(out, {"pcrs"} if case["args"][0] == "event-log" else set())


def misses(seen, wanted):
    """What is wanted and not seen."""
    return [f"want claim {name} {value!r}, got {seen.get(name)!r}" for name, value in wanted.items() if seen.get(name) != value]


def shape(out, computed):
    """What scripts rely on, whatever the verdict; computed: claims that do not rest on it."""
    if list(out) != ["verdict", "failed", "findings", "claims", "valid_until"]:
        return f"members {list(out)}"
    for finding in out["findings"]:
        if list(finding) != ["id", "spec", "outcome", "seen", "wanted"]:
            return f"members of a finding {list(finding)}"
    told = out["claims"].get("verified") is True  # of what is genuine all is told, whatever the policy says
    if out["verdict"] != "accept" and not told and set(out["claims"]) - COMPUTED - computed:
        return f"claims of a refusal: {list(out['claims'])}"
    return None


def read_cases(folder):
    cases = []
    for path in sorted(glob.glob(f"{folder}/*/case.json")):
        with open(path, encoding="utf-8") as f:
            case = json.load(f)
        case["folder"] = os.path.dirname(path)
        case["name"] = f"{os.path.basename(folder)}/{os.path.basename(case['folder'])}"
        cases.append(case)
    return cases


def make_cases(root):
    shutil.rmtree(root, ignore_errors=True)
    gen.Vectors(f"{root}/own").all()
    cases = read_cases(f"{root}/own")
    missing = gen_swtpm.missing_tools()
    if missing:
        print(f"NOTICE: no quotes of swtpm were made: {', '.join(missing)} missing", flush=True)
    else:
        gen_swtpm.make(f"{root}/swtpm")
        cases += read_cases(f"{root}/swtpm")
    gen_ek.all_cases(f"{root}/ek")
    cases += read_cases(f"{root}/ek")
    gen_log.all_cases(f"{root}/log")
    cases += read_cases(f"{root}/log")
    gen_snp.all_cases(f"{root}/snp")
    snp = read_cases(f"{root}/snp")
    cases += snp + snp_mutations.of_cases(snp, f"{root}/mutated")
    gen_tdx.all_cases(f"{root}/tdx")
    cases += read_cases(f"{root}/tdx")
    return cases + real_cases(root)


def real_cases(root):
    cases = []
    found = os.environ.get("COUNTERSIGN_EVIDENCE", os.path.join(HERE, "..", "..", "..", "shared", "evidence"))
    readers = [("tpm", evidence), ("tpm", log_evidence), ("tpm/certs", ek_evidence), ("snp", snp_evidence), ("tdx", tdx_evidence)]
    for kind, reader in readers:
        folder = os.path.abspath(os.path.join(found, kind))
        if os.path.isdir(folder):
            cases += reader.cases(folder, f"{root}/{reader.__name__}")
        else:
            print(f"NOTICE: no evidence at {folder}: real samples were NOT judged (set COUNTERSIGN_EVIDENCE)", flush=True)
    return cases


def hits(results):
    """Ids that were the only reason of a case that came out as it should."""
    found = set()
    for _case, wrong, failed, warned in results:
        if not wrong and len(failed) == 1:
            found.add(failed[0])
        if not wrong and not failed and len(warned) == 1:
            found.add(warned[0])
    return sorted(found)


def main():
    root = os.path.abspath(os.path.join(BUILD, "vectors"))
    cases = make_cases(root)
    if sys.argv[1:]:
        cases = [c for c in cases if any(word in c["name"] for word in sys.argv[1:])]
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        results = list(pool.map(run_case, cases))
    wrong = [(case, why) for case, why, _failed, _warned in results if why]
    for case, why in wrong:
        print(f"FAIL {case['name']}: {why}\n     (in {case['folder']}: {' '.join(case['args'])})")
    if not sys.argv[1:]:
        with open(f"{root}/hit.txt", "w", encoding="utf-8") as out:
            out.writelines(f"{i}\n" for i in hits(results))
    print(f"{len(results) - len(wrong)} passed, {len(wrong)} failed")
    return 1 if wrong or not results else 0


if __name__ == "__main__":
    sys.exit(main())
