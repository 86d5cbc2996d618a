"""Includes stand in the order own header, project, libraries, system; headers have the right guard."""
import os
import re

import arrows
import tree

OWN, PROJECT, LIBRARY, SYSTEM = range(4)
NAMES = ["the own header", "the project's", "a library's", "the system's"]

# cmocka.h uses types of these without including them, so it and they stand where that works.
NEEDED_BY_CMOCKA = {"setjmp.h", "stdarg.h", "stdbool.h", "stddef.h", "stdint.h"}

# Text included several times with other macros: `sha256_lanes.h` and its like have no guard.
TEMPLATE = re.compile(r"_(lanes|scalar|streams|template)\.h$")


def rank_of(path, project, library):
    if project:
        stem = os.path.splitext(path)[0]
        return OWN if path.endswith(".c") and project == stem + ".h" else PROJECT
    try:
        return SYSTEM if arrows.library_of(library) is None else LIBRARY
    except KeyError:
        return LIBRARY  # arrows reports it


def first_code(lines):
    """The number of the first line that is code; what is included after it has its own reasons."""
    for number, line in enumerate(lines, 1):
        if line.strip() and not re.match(r"\s*#", line):
            return number
    return len(lines) + 1


def check_order(path, text):
    end = first_code(tree.code_only(text).split("\n"))
    found = [(number, project, library) for number, project, library in arrows.includes_of(text)
             if number < end]
    with_cmocka = any(library == "cmocka.h" for _, _, library in found)
    reached = OWN
    for number, project, library in found:
        if library == "cmocka.h" or (with_cmocka and library in NEEDED_BY_CMOCKA):
            continue
        rank = rank_of(path, project, library)
        if rank < reached:
            yield f"{path}:{number}: {NAMES[rank]} include stands after {NAMES[reached]}"
        reached = max(reached, rank)


def guard_of(path):
    return re.sub(r"[^A-Z0-9]", "_", re.sub(r"^include/", "", path).upper())


def check_guard(path, text):
    if TEMPLATE.search(path):
        return
    lines = [line for line in tree.code_only(text).split("\n") if line.strip()]
    guard = guard_of(path)
    if lines[:2] != [f"#ifndef {guard}", f"#define {guard}"] or lines[-1] != "#endif":
        yield f"{path}: the include guard is not {guard}"


def check(root):
    for path in tree.c_files_of(root):
        text = tree.read(root, path)
        yield from check_order(path, text)
        if path.endswith(".h"):
            yield from check_guard(path, text)


CASES = [
    ({"base/a.c": '#include "base/a.h"\n\n#include "base/b.h"\n\n#include <jansson.h>\n\n'
                  "#include <stdio.h>\n"}, None),
    ({"base/a.h": "/* a */\n#ifndef BASE_A_H\n#define BASE_A_H\nint f(void);\n#endif\n"}, None),
    ({"tests/unit/t.c": '#include "base/a.h"\n\n#include <stddef.h>\n\n#include <cmocka.h>\n'}, None),
    ({"tests/unit/t.c": '#include "base/a.h"\n\n#include <stdio.h>\n\n#include <cmocka.h>\n'}, None),
    ({"base/x_lanes.h": "static int a;\n"}, None),
    ({"base/a.c": '#include <stdio.h>\n\n#include "base/a.h"\n'},
     "base/a.c:3: the own header include stands after the system's"),
    ({"base/a.c": '#include "base/b.h"\n#include "base/a.h"\n'}, "the own header include"),
    ({"base/a.c": "#include <stdio.h>\n#include <jansson.h>\n"}, "a library's include stands after"),
    ({"base/a.h": "#ifndef A_H\n#define A_H\n#endif\n"}, "the include guard is not BASE_A_H"),
    ({"base/a.h": "#pragma once\nint f(void);\n"}, "the include guard is not BASE_A_H"),
]
