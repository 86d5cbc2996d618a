"""The files of a source tree, and C text without what a rule must not look into."""
import os
import re
import subprocess


def files_of(root):
    """Paths, relative to root, of what git holds or would add; of all files where there is no git."""
    if os.path.exists(os.path.join(root, ".git")):
        # A checkout may be another user's, as where root runs ./check in somebody's home.
        listed = subprocess.run(
            ["git", "-c", "safe.directory=*", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            check=True, capture_output=True, text=True).stdout
        paths = [path for path in listed.split("\0") if path]
    else:
        paths = [os.path.relpath(os.path.join(folder, name), root)
                 for folder, _, names in os.walk(root) for name in names]
        paths = [path for path in paths if not path.startswith("build" + os.sep)]
    # Deleted in the working tree but not yet in the index: nothing to look at.
    return sorted(path for path in set(paths) if os.path.isfile(os.path.join(root, path)))


def c_files_of(root):
    return [path for path in files_of(root) if path.endswith((".c", ".h"))]


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace",
              newline="") as file:
        return file.read()


TOKEN = re.compile(r"""
    //[^\n]*                      |   # comment to the end of the line
    /\*.*?\*/                     |   # comment
    "(?:\\.|[^"\\\n])*"           |   # string
    '(?:\\.|[^'\\\n])*'               # character
    """, re.VERBOSE | re.DOTALL)


def _blank(match):
    text = match.group(0)
    hollow = re.sub(r"[^\n]", " ", text)
    return text[0] + hollow[1:-1] + text[-1] if text[0] in "\"'" else hollow


def _blank_comment(match):
    text = match.group(0)
    return text if text[0] in "\"'" else re.sub(r"[^\n]", " ", text)


def code_only(text):
    """The text with comments and what strings hold blanked; every line keeps its place."""
    return TOKEN.sub(_blank, text)


def without_comments(text):
    """The text with comments blanked and strings (and names of includes) kept."""
    return TOKEN.sub(_blank_comment, text)
