#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Run test suites and count: the last line printed is 'N passed, N failed'.

    tools/run_tests.py [--build DIR] [--jobs N] [--only TEXT] [--skip NAMES] [--total FILE] SUITE...

Suites: unit, corpus, vectors, api, fault, peers, lint.  What belongs to a suite is found in the source tree, so
a program that was not built is a failure, and so is one that crashes, hangs, prints no count, runs no test, or
says that all is well and exits with another status.  Skipped tests are shown, and never counted as passed.
Each program's whole output stays in DIR/log/SUITE/NAME.log.
"""
import argparse
import concurrent.futures
import dataclasses
import glob
import os
import re
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree

PYTHON = "/usr/bin/python3"  # Debian's: it has pytest, cryptography and requests
TAIL = 40  # lines shown of a program that failed


@dataclasses.dataclass
class Job:
    """One program of a suite."""

    suite: str
    name: str
    argv: list
    timeout_s: int
    count: object  # function (Job, output, status) -> (passed, failed, skipped)
    needs: str = ""  # a file that must exist
    log: str = ""
    xml: str = ""


def stem(path):
    return os.path.splitext(os.path.basename(path))[0]


# Each counter reads what one kind of program prints.


def count_cmocka(_job, text, _status):
    run = len(re.findall(r"^\[ RUN      \]", text, re.M))
    good = len(re.findall(r"^\[       OK \]", text, re.M))
    skipped = len(re.findall(r"^\[  SKIPPED \] [^:]*$", text, re.M))
    skipped = min(skipped, run - good)
    return good, run - good - skipped, skipped


def count_line(_job, text, _status):
    found = re.findall(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", text, re.M)
    if not found:
        return 0, 0, 0
    passed, failed, skipped = found[-1]
    return int(passed), int(failed), int(skipped or 0)


def count_pytest(job, _text, _status):
    try:
        root = xml.etree.ElementTree.parse(job.xml).getroot()
    except (OSError, xml.etree.ElementTree.ParseError):
        return 0, 0, 0
    total = failed = skipped = 0
    for suite in root.iter("testsuite"):
        total += int(suite.get("tests", 0))
        failed += int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        skipped += int(suite.get("skipped", 0))
    return max(total - failed - skipped, 0), failed, skipped


def count_status(_job, _text, status):
    return (1, 0, 0) if status == 0 else (0, 1, 0)


# Each finder lists the jobs of one suite.


def find_unit(build, _log):
    for src in sorted(glob.glob("test/unit/test_*.c")):
        exe = f"{build}/test/{stem(src)}"
        yield Job("unit", stem(src), [exe], 120, count_cmocka, needs=exe)


def find_corpus(build, _log):
    for src in sorted(glob.glob("test/fuzz/fuzz_*.c")):
        name = stem(src)
        exe = f"{build}/corpus/{name}"
        folder = "test/corpus/" + name.removeprefix("fuzz_")
        yield Job("corpus", name, [exe, folder], 120, count_line, needs=exe)


def find_vectors(build, _log):
    for src in sorted(glob.glob("test/vectors/run*.py")):
        yield Job("vectors", stem(src), [PYTHON, src], 240, count_line, needs=src)
    for src in sorted(glob.glob("test/vectors/run*.c")):
        exe = f"{build}/bin/{stem(src)}"
        yield Job("vectors", stem(src) + "_c", [exe], 240, count_line, needs=exe)


def pytest_job(suite, src, log, timeout_s):
    xml_file = f"{log}/{suite}/{stem(src)}.xml"
    argv = [PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={xml_file}", src]
    return Job(suite, stem(src), argv, timeout_s, count_pytest, needs=src, xml=xml_file)


def find_api(_build, log):
    for src in sorted(glob.glob("test/api/test_*.py")):
        yield pytest_job("api", src, log, int(os.environ.get("API_TIMEOUT_S", "240")))


def find_fault(build, _log):
    for src in sorted(glob.glob("test/fault/*.c")):
        exe = f"{build}/fault/{stem(src)}"
        yield Job("fault", stem(src), [exe], 900, count_line, needs=exe)
    for src in sorted(glob.glob("test/fault/run_*.py")):
        yield Job("fault", stem(src), [PYTHON, src], 1800, count_line, needs=src)


def find_peers(_build, log):
    for src in sorted(glob.glob("test/peers/test_*.py")):
        yield pytest_job("peers", src, log, 600)
    for src in sorted(glob.glob("test/peers/run_*.py") + glob.glob("test/peers/direct_upload.py")):
        yield Job("peers", stem(src), [PYTHON, src], 600, count_line, needs=src)


def find_lint(_build, _log):
    for src in sorted(glob.glob("test/lint/*.sh")):
        yield Job("lint", stem(src), ["sh", src], 1500, count_status, needs=src)


FINDERS = {
    "unit": find_unit,
    "corpus": find_corpus,
    "vectors": find_vectors,
    "api": find_api,
    "fault": find_fault,
    "peers": find_peers,
    "lint": find_lint,
}
PARALLEL = {"unit", "corpus", "lint"}  # the others start servers and measure times


def run_bounded(job):
    """Status and output; a program that hangs is ended together with the children of its session."""
    if not os.path.exists(job.needs):
        return 127, f"{job.needs} does not exist (was it built?)\n"
    with open(job.log, "wb") as log:
        child = subprocess.Popen(
            job.argv, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            status = child.wait(timeout=job.timeout_s)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            status = "timeout"
    with open(job.log, "r", encoding="utf-8", errors="replace") as log:
        return status, log.read()


def judge(job, status, text):
    """(passed, failed, skipped, complaint): a doubtful program counts as one failure at least."""
    passed, failed, skipped = job.count(job, text, status)
    complaint = ""
    if status == "timeout":
        complaint = f"did not end within {job.timeout_s} s"
    elif status == 127:
        complaint = "could not run"
    elif isinstance(status, int) and status < 0:
        complaint = f"killed by {signal.Signals(-status).name}"
    elif passed + failed + skipped == 0:
        complaint = "printed no count, or ran no test"
    elif status != 0 and failed == 0:
        complaint = f"exit status {status} though no test failed"
    if complaint and failed == 0:
        failed = 1
    return passed, failed, skipped, complaint


def run_job(job):
    begin = time.monotonic()
    status, text = run_bounded(job)
    passed, failed, skipped, complaint = judge(job, status, text)
    took = time.monotonic() - begin
    mark = "ok  " if failed == 0 else "FAIL"
    line = f"  {mark} {job.name:<28} {passed:5} passed {failed:4} failed"
    line += f" {skipped:4} skipped" if skipped else ""
    line += f"  {took:6.1f} s" + (f"  ({complaint})" if complaint else "")
    if failed:
        line += "\n" + "\n".join("       | " + t for t in text.splitlines()[-TAIL:])
        line += f"\n       (all of it: {job.log})"
    else:
        notices = [t for t in text.splitlines() if t.startswith("NOTICE")]
        line += "".join("\n       | " + t for t in notices)
    print(line, flush=True)
    return passed, failed, skipped


def run_suite(suite, args, log):
    jobs = list(FINDERS[suite](args.build, log))
    jobs = [j for j in jobs if args.only in j.name and j.name not in args.skip.split()]
    os.makedirs(f"{log}/{suite}", exist_ok=True)
    for job in jobs:
        job.log = f"{log}/{suite}/{job.name}.log"
        if job.xml and os.path.exists(job.xml):
            os.unlink(job.xml)
    print(f"{suite}:", flush=True)
    if not jobs:
        print("  FAIL nothing to run", flush=True)
        return 0, 1
    workers = args.jobs if suite in PARALLEL else 1
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        results = list(pool.map(run_job, jobs))
    passed, failed, skipped = (sum(r[i] for r in results) for i in range(3))
    note = f", {skipped} skipped" if skipped else ""
    print(f"{suite}: {passed} passed, {failed} failed{note}", flush=True)
    return passed, failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default=os.environ.get("B", "build"))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="", help="only programs whose name contains this")
    parser.add_argument("--skip", default="", help="names of programs that are left out, with blanks between")
    parser.add_argument("--total", help="write the last line into this file, too")
    parser.add_argument("suite", nargs="+", choices=sorted(FINDERS))
    args = parser.parse_args()

    os.environ["COUNTERSIGN_BUILD"] = os.path.abspath(args.build)
    os.environ["B"] = args.build
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"  # leave no byte code in the tree

    passed = failed = 0
    for suite in args.suite:
        good, bad = run_suite(suite, args, f"{args.build}/log")
        passed += good
        failed += bad
    total = f"{passed} passed, {failed} failed"
    if args.total:
        with open(args.total, "w", encoding="utf-8") as out:
            out.write(total + "\n")
    print(total, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
