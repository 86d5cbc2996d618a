"""No marks of unfinished work, no files of somebody's machine, no binaries; a README in each folder."""
import os
import re

import tree

# Split, so that this file does not hold them itself.
MARKS = re.compile(r"\b(" + "|".join(["TO" "DO", "FIX" "ME", "XX" "X", "HA" "CK", "W" "IP"]) + r")\b")

# First folders of absolute paths that a text may name. Any other is probably on the writer's
# machine alone. The second row are places of URLs and RPC interfaces.
PLACES = set("""
    bin boot dev etc home lib lib64 mnt nonexistent opt proc run sbin sys tmp usr var
    api block blocks rest rpc tx wallet ws
""".split())
# Below these, names beyond the first are some machine's too.
PRIVATE = re.compile(r"/(home|opt|root)/\w+/")
ABSOLUTE = re.compile(r"""(?:^|[\s"'`=(\[,;])/([A-Za-z][\w.-]*)/[\w.-]""")

FOLDER_README_LINES = 60
# Below these, each folder that holds files has its README too.
DEEP = ("tests",)


def check_text(path, text):
    for number, line in enumerate(text.split("\n"), 1):
        mark = MARKS.search(line)
        if mark:
            yield f"{path}:{number}: {mark[0]} marks unfinished work"
        for place in ABSOLUTE.findall(line):
            if place not in PLACES:
                yield f"{path}:{number}: /{place} is a folder of some machine"
        if PRIVATE.search(line):
            yield f"{path}:{number}: {PRIVATE.search(line)[0]} is a folder of some machine"


def check_readmes(root, paths):
    folders = set()
    for path in paths:
        parts = path.split("/")
        if len(parts) > 1 and not parts[0].startswith(".") and parts[0] != "include":
            folders.add(parts[0])
            if parts[0] in DEEP and len(parts) > 2:
                folders.add("/".join(parts[:2]))
    for folder in sorted(folders):
        readme = f"{folder}/README.md"
        if readme not in paths:
            yield f"{folder}: no README.md"
        elif tree.read(root, readme).count("\n") > FOLDER_README_LINES:
            yield f"{readme}: longer than a page ({FOLDER_README_LINES} lines)"


def check(root):
    paths = tree.files_of(root)
    for path in paths:
        with open(os.path.join(root, path), "rb") as file:
            data = file.read()
        if b"\0" in data:
            yield f"{path}: a binary file"
        else:
            yield from check_text(path, data.decode(errors="replace"))
    yield from check_readmes(root, set(paths))


CASES = [
    ({"base/a.c": "/* from /proc/stat; mkstemp of /tmp/fooXXXXXX */\n", "base/README.md": "Base.\n"}, None),
    ({"a.md": "and/or, https://example.org/a/b, ./a/b, a /b\n"}, None),
    ({"a.c": "/* TO" "DO: more */\n"}, "a.c:1: TO" "DO marks unfinished work"),
    ({"a.md": "see /" "data/disk1/notes\n"}, "a.md:1: /data is a folder of some machine"),
    ({"a.md": "see /home/" "alice/notes\n"}, "is a folder of some machine"),
    ({"a.bin": "a\0b"}, "a.bin: a binary file"),
    ({"base/a.c": "int x;\n"}, "base: no README.md"),
    ({"tests/README.md": "\n", "tests/unit/a.c": "int x;\n"}, "tests/unit: no README.md"),
    ({"base/README.md": "\n" * 61}, "longer than a page"),
]
