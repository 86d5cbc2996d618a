"""clang-format 14 would change nothing; text is plain: LF, no tabs, no blanks at line ends."""
import os
import shutil
import subprocess

import tree

TEXT = (".c", ".h", ".cl", ".py", ".sh", ".md", ".txt", ".cmake", ".json", ".yaml", ".in")


def check_clang_format(root):
    paths = tree.c_files_of(root)
    style = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", ".clang-format")
    if not shutil.which("clang-format-14"):
        yield "clang-format-14 is not installed"
        return
    for start in range(0, len(paths), 50):
        done = subprocess.run(
            ["clang-format-14", f"--style=file:{style}", "--dry-run", "-Werror",
             *paths[start:start + 50]], cwd=root, capture_output=True, text=True)
        told = set()  # one line a file is enough to act on
        for line in done.stderr.splitlines():
            path = line.split(":")[0]
            if "clang-formatted" in line and path not in told:
                told.add(path)
                yield f"{path}:{line.split(':')[1]}: clang-format-14 would change this"
        if done.returncode and "clang-formatted" not in done.stderr:
            yield done.stderr.strip()


def check(root):
    yield from check_clang_format(root)
    for path in tree.files_of(root):
        if not path.endswith(TEXT):
            continue
        text = tree.read(root, path)
        if text and not text.endswith("\n"):
            yield f"{path}: no newline at the end"
        for number, line in enumerate(text.split("\n"), 1):
            if line != line.rstrip():
                yield f"{path}:{number}: blanks or a carriage return at the end of the line"
            if "\t" in line and path.endswith((".c", ".h", ".py")):
                yield f"{path}:{number}: a tab"


CASES = [
    ({"a.c": "int f(void) { return 0; }\n", "a.md": "text\n"}, None),
    ({"a.c": "int  f(void) { return 0; }\n"}, "a.c:1: clang-format-14 would change this"),
    ({"a.md": "text \n"}, "a.md:1: blanks"),
    ({"a.md": "text\r\n"}, "a.md:1: blanks or a carriage return"),
    ({"a.py": "if x:\n\ty\n"}, "a.py:2: a tab"),
    ({"a.md": "text"}, "no newline at the end"),
]
