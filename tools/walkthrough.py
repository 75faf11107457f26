#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`make walkthrough`: the way of a guest's day through the code, read from the code itself.

For each request of the day: the row of the table of routes, its handler, and below it the functions that it calls in order, with
file, line and the first sentence of the comment that stands above them (in the .c file, else in the header).
"""
import glob
import re

DAY = [
    ("POST", "/v1/challenge"),
    ("POST", "/v1/attest"),
    ("POST", "/token"),
    ("POST", "/v1/uploads"),
    ("PUT", "/v1/uploads/{id}/content"),
    ("POST", "/v1/uploads/{id}/commit"),
    ("POST", "/v1/sandboxes/{id}/teardown"),
    ("POST", "/introspect"),
]
DEPTH = 3
DEEPER = {"/v1/attest": 5}  # as far as the verdict itself
# Small tools of every step; naming them would hide the steps.
NOISE = re.compile(
    r"^(api_(begin|member|number|end|json|fault|nonce|challenge|body|empty|lease|oauth)|fault_|http_|mem_|json_|log_line|record_(?!denial)|err_|status_of|slice_|wr_|rd_|"
    r"hex_|b64|rfc3339|clock_|random_|why_|least|ids_of|form_get|query_get|bad_request|cut$|find$)|_(free|done)$|_name$"
)
DEFINITION = re.compile(r"^([a-z_][a-z0-9_]*)\(", re.M)
COMMENT = re.compile(r"/\*(.*?)\*/", re.S)


class Function:
    """Where it is, what is said about it, what it calls."""

    def __init__(self, name, path, line, comment, body):
        self.name, self.path, self.line, self.comment, self.body = name, path, line, comment, body


def comment_before(text, at):
    """The comment that ends right before `at`, or ''."""
    head = text[:at].rstrip()
    if not head.endswith("*/"):
        return ""
    return head[head.rindex("/*") + 2 : -2]


def first_sentence(comment):
    words = " ".join(re.sub(r"^\s*\*", "", line).strip() for line in comment.splitlines()).strip()
    if re.match(r"(SPDX|[a-z_]+\.[ch]\b|ERR_)", words):
        return ""  # the head of a file, or a list of errors
    match = re.match(r"(.*?[.;])(\s|$)", words)
    return (match.group(1) if match else words).rstrip(".;")


def read_functions():
    """Definitions as our layout has them: the type on its own line, the name at the left margin."""
    found = {}
    for path in sorted(glob.glob("broker/**/*.c", recursive=True) + ["attest/attest.c"]):
        with open(path, encoding="utf-8") as f:
            text = f.read()
        for m in DEFINITION.finditer(text):
            end = text.find("\n}\n", m.start())
            opening = text.find("\n{", m.start())
            if end < 0 or opening < 0 or opening > end or ";" in text[m.start() : opening]:
                continue
            start_of_type = text.rfind("\n", 0, m.start() - 1) + 1
            line = text.count("\n", 0, m.start()) + 1
            function = Function(m.group(1), path, line, comment_before(text, start_of_type), text[opening:end])
            found[(path, m.group(1))] = function
            found.setdefault(m.group(1), function)
    return found


def look_up(name, functions, path):
    """A function of the same file comes before one of the same name elsewhere."""
    return functions.get((path, name), functions.get(name))


def read_header_comments():
    found = {}
    for path in glob.glob("broker/**/*.h", recursive=True) + ["attest/attest.h"]:
        with open(path, encoding="utf-8") as f:
            text = f.read()
        for m in re.finditer(r"^[a-z][\w \*]*?\b([a-z_]+)\(", text, re.M):
            found.setdefault(m.group(1), comment_before(text, m.start()))
    return found


def calls(function, functions):
    """Functions of ours that it calls, in order, each once."""
    body = COMMENT.sub(" ", function.body)
    seen = []
    for m in re.finditer(r"\b([a-z_][a-z0-9_]*)\(|ops->([a-z_]+)\(", body):
        name = m.group(1) or m.group(2)
        if name in functions and name != function.name and name not in seen and not NOISE.search(name):
            seen.append(name)
    return seen


def show(name, functions, headers, path, depth, shown, deepest=DEPTH):
    function = look_up(name, functions, path)
    said = first_sentence(function.comment) or first_sentence(headers.get(name, ""))
    pad = "  " * depth
    print(f"{pad}{name:<{34 - len(pad)}} {function.path}:{function.line}" + (f"   {said}" if said else ""))
    if depth > deepest or name in shown:
        return
    shown.add(name)
    for inner in calls(function, functions):
        show(inner, functions, headers, function.path, depth + 1, shown, deepest)


def main():
    functions, headers = read_functions(), read_header_comments()
    with open("broker/api/routes.c", encoding="utf-8") as f:
        table = f.read()
    with open("broker/flow/upload_body.c", encoding="utf-8") as f:
        stream = re.findall(r"\.(?:open|write|end) = (\w+)", f.read())
    missing = 0
    for method, pattern in DAY:
        row = re.search(r'\{"%s", "%s",(.*?)\}' % (method, re.escape(pattern)), table, re.S)
        handler = re.search(r"\b(api_\w+)\b", row.group(1)) if row else None
        names = [handler.group(1)] if handler else stream
        print(f"\n{method} {pattern}")
        for name in names:
            if name not in functions:
                print(f"  {name}: not found")
                missing += 1
                continue
            show(name, functions, headers, "broker/flow/upload_body.c", 1, set(), DEEPER.get(pattern, DEPTH))
    # What mint_ask() waits for, in the other process.
    print("\nthe mint, for each batch of asks")
    show("turn", functions, headers, "broker/mint/serve.c", 1, set())
    return 1 if missing else 0


if __name__ == "__main__":
    raise SystemExit(main())
