#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Banned words in C: each with the reason, and with the files where it may stand."""
import glob
import re
import sys

# (pattern, why, files that may, as regular expression)
BANNED = [
    (r"\b(strcpy|strcat|stpcpy|gets|sprintf|vsprintf)\s*\(", "no bound: use snprintf or struct wr", None),
    (r"\b(strncpy|strncat)\s*\(", "does not terminate, or counts oddly: use snprintf or memcpy", None),
    (r"\b(sscanf|fscanf|scanf|strtok|strtok_r|atoi|atol|atoll|atof)\s*\(", "cannot refuse: use struct rd or text.h", r"test/"),
    (r"\b(system|popen|wordexp)\s*\(", "a shell", r"test/"),
    (r"\balloca\s*\(", "unbounded stack", None),
    (r"\bgoto\b", "use AUTO and early returns", None),
    (r"\b(rand|random|srand|srandom|drand48|rand_r)\s*\(", "not random: use random_bytes", r"test/"),
    (r"\b(tmpnam|tempnam|mktemp)\s*\(", "a race", None),
    (r"\b(asctime|ctime|gmtime|localtime)\s*\(", "shared static buffer: use the _r form or text.h", r"test/"),
    (r"\b(setenv|putenv|unsetenv)\s*\(", "environment is shared by all threads", r"test/|clients/main\.c"),
    (r"\b(getenv)\s*\(", "configuration comes from files (and no secret from the environment): use secure_getenv", r"test/"),
    (r"\b(malloc|calloc|realloc|reallocarray|strdup|strndup|free)\s*\(", "allocation is common/mem.c's", r"test/|common/mem\.c"),
    (r"\bfork\s*\(", "only the mint and the agent start processes", r"test/|broker/mint/|clients/(lib/)?agent"),
    (r"\bexec[lv]p?e?\s*\(", "only the agent starts a program", r"test/|clients/(lib/)?agent"),
    (r"\b_Generic\b|##", "no macro cleverness", r"tools/|test/"),
    (r"#\s*if(n?def)?\s+(?!.*_H\b)", "no feature #ifdefs", r"test/"),
    (r"__attribute__\s*\(\(\s*(packed|constructor|destructor)", "no packed input, nothing runs by itself", None),
    (r"\bmemcmp\s*\([^;()]*\b\w*(mac|secret|nonce|binding|password)\w*\b", "leaks by time: use sec_equal", r"test/"),
    (r"\bstrcmp\s*\([^;()]*\b\w*(mac_|secret|nonce|password)\w*\b", "leaks by time: use sec_equal", r"test/"),
    (r"\bmemset\s*\([^;()]*\b\w*(secret|private|password)\w*\b", "may be optimised away: use sec_zero", r"test/"),
    (r"\bSSL_VERIFY_NONE\b|CURLOPT_SSL_VERIFY\w+,\s*0", "TLS is always verified", None),
]

TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def bare(text):
    """Comments and the insides of strings become blanks; lines stay where they are."""

    def blank(m):
        word = m.group(0)
        if word[0] in "\"'" and "include" in text[max(0, m.start() - 12) : m.start()]:
            return word
        kept = re.sub(r"[^\n]", " ", word)
        return '"' + kept[1:-1] + '"' if word[0] == '"' else kept

    return TOKEN.sub(blank, text)


def main():
    found = 0
    files = [f for d in ("attest", "broker", "certs", "clients", "common", "test", "tools") for f in glob.glob(f"{d}/**/*.[ch]", recursive=True)]
    for path in sorted(files):
        with open(path, encoding="utf-8") as f:
            code = bare(f.read())
        for pattern, why, where in BANNED:
            if where and re.match(where, path):
                continue
            for m in re.finditer(pattern, code):
                line = code.count("\n", 0, m.start()) + 1
                print(f"{path}:{line}: {m.group(0).strip()[:40]}: {why}")
                found += 1
    print(f"banned: {len(files)} files, {found} findings")
    return 1 if found or not files else 0


if __name__ == "__main__":
    sys.exit(main())
