"""Files of at most 800 lines and functions of at most 70: a ratchet, whose exceptions only shrink."""
import os
import re

import tree

FILE_LINES = 800
FUNCTION_LINES = 70
SOURCE = (".c", ".h", ".cl", ".py", ".js", ".sh")
EXCEPTIONS = "tests/lint/length.txt"


def exceptions_of(root):
    """`path lines` for a file, `path:function lines` for a function, a line each."""
    allowed = {}
    if os.path.exists(os.path.join(root, EXCEPTIONS)):
        for line in tree.read(root, EXCEPTIONS).splitlines():
            if line.strip() and not line.startswith("#"):
                what, lines = line.split()
                allowed[what] = int(lines)
    return allowed


def functions_of(text):
    """Name and length of each function; in this format its body's braces, and no others, open a line."""
    lines = tree.code_only(text).split("\n")
    start = None
    for number, line in enumerate(lines):
        if line.rstrip() == "{":
            start = number
        elif line.startswith("}") and start is not None:
            # The name stands before the parameters, which may take several lines.
            head = " ".join(lines[max(0, start - 8):start])
            names = re.findall(r"(\w+)\s*\((?=[^()]*(?:\([^()]*\)[^()]*)*\)\s*$)", head)
            yield names[-1] if names else "?", number - start + 1
            start = None


def measures_of(root):
    for path in tree.files_of(root):
        if path.endswith(SOURCE):
            text = tree.read(root, path)
            yield path, text.count("\n"), FILE_LINES
            if path.endswith((".c", ".h")):
                for name, lines in functions_of(text):
                    yield f"{path}:{name}", lines, FUNCTION_LINES


def check(root):
    allowed = exceptions_of(root)
    needless = set(allowed)
    for what, lines, limit in measures_of(root):
        if lines <= limit:
            continue
        needless.discard(what)
        if what not in allowed:
            yield f"{what}: {lines} lines, where {limit} is the limit"
        elif lines > allowed[what]:
            yield f"{what}: {lines} lines, where the exception is for {allowed[what]}"
        elif lines < allowed[what]:
            yield f"{what}: {lines} lines now: lower its exception in {EXCEPTIONS} from {allowed[what]}"
    for what in sorted(needless):
        yield f"{what}: needs no exception in {EXCEPTIONS} any more"


def _function(lines):
    return "int f(void)\n{\n" + "    g();\n" * (lines - 2) + "}\n"


CASES = [
    ({"a.c": "\n" * 800, "b.c": _function(70)}, None),
    ({"a.c": "\n" * 801, EXCEPTIONS: "# why\na.c 801\n"}, None),
    ({"a.c": _function(80), EXCEPTIONS: "a.c:f 80\n"}, None),
    ({"a.c": "\n" * 801}, "a.c: 801 lines, where 800 is the limit"),
    ({"a.c": _function(71)}, "a.c:f: 71 lines, where 70 is the limit"),
    ({"a.c": "\n" * 900, EXCEPTIONS: "a.c 850\n"}, "900 lines, where the exception is for 850"),
    ({"a.c": "\n" * 840, EXCEPTIONS: "a.c 850\n"}, "lower its exception"),
    ({"a.c": "\n", EXCEPTIONS: "a.c 850\n"}, "needs no exception"),
    ({EXCEPTIONS: "gone.c 850\n"}, "needs no exception"),
]
