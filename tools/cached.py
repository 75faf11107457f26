#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Run a slow analyser once per state of each file.

    tools/cached.py NAME CONFIG[,CONFIG...] FILE... -- COMMAND {} ...

COMMAND runs for each FILE in place of {}, two at a time.  A file that was clean is not looked at again until it, one of
the project headers it includes (transitively), a CONFIG file or the command line changes.  Failures are never kept.
"""
import concurrent.futures
import hashlib
import os
import re
import subprocess
import sys

INCLUDE = re.compile(rb'^\s*#\s*include\s+"([^"]+)"', re.M)


def closure(path, seen):
    """The file and the project headers it reaches; includes count from the root of the repository."""
    if path in seen or not os.path.exists(path):
        return
    with open(path, "rb") as f:
        text = f.read()
    seen[path] = text
    for name in INCLUDE.findall(text):
        closure(name.decode(), seen)


def key_of(path, configs, command):
    seen = {}
    for config in configs:
        closure(config, seen)
    closure(path, seen)
    h = hashlib.sha256("\0".join(command).encode())
    for name in sorted(seen):
        h.update(name.encode() + b"\0" + hashlib.sha256(seen[name]).digest())
    return h.hexdigest()


def run_one(path, folder, configs, command):
    mark = os.path.join(folder, key_of(path, configs, command))
    if os.path.exists(mark):
        return True
    argv = [path if word == "{}" else word for word in command]
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        print(f"{path}:\n{done.stdout}", flush=True)
        return False
    with open(mark, "w", encoding="utf-8") as out:
        out.write(path + "\n")
    return True


def main():
    split = sys.argv.index("--")
    name, configs, *files = sys.argv[1:split]
    command = sys.argv[split + 1 :]
    configs = [c for c in configs.split(",") if c]
    folder = os.path.join(os.environ.get("B", "build"), "lint", name)
    os.makedirs(folder, exist_ok=True)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        good = list(pool.map(lambda f: run_one(f, folder, configs, command), files))
    bad = good.count(False)
    print(f"{name}: {len(files)} files, {bad} with findings")
    return 1 if bad or not files else 0


if __name__ == "__main__":
    sys.exit(main())
