"""Which folder may include which, and which libraries: this table is the drawing."""
import re

import tree

# Folder: the project's folders that it sees, and the libraries that it may include.
# Headers of a C and POSIX system belong to no library and are open to all.
DRAWING = {
    "include": ("", ""),
    "docs": ("", "exs"), # examples: as other programs see us
    "base": ("", "jansson libyaml libevent"),
    "kernels": ("base", "openssl secp256k1"),
    "consensus": ("base kernels", "openssl"),
    "engine": ("base kernels", "hwloc libnuma openssl opencl secp256k1"),
    # libevent: the verification service
    "validation": ("base kernels consensus engine include", "libevent secp256k1 uthash"),
    "mining": ("base kernels consensus engine", "jansson libcurl libevent openssl"),
    "rpc": ("base", "jansson libevent wslay openssl"),
    "node": ("base kernels consensus engine validation mining rpc",
             "jansson libevent openssl rocksdb libzmq uthash urcu"),
    "wallet": ("base kernels consensus rpc node", "jansson openssl secp256k1 sqlite"),
    "stratum": ("base kernels consensus engine mining rpc",
                "jansson libevent openssl sqlite libpq"),
}
SEE_ALL = {"programs", "bench", "tests"}  # and are seen by none

LIBRARIES = {
    "exs": r"exs/.*", # ours, as installed
    "openssl": r"openssl/.*",
    "jansson": r"jansson\.h",
    "hwloc": r"hwloc\.h|hwloc/.*",
    "libnuma": r"numa\.h|numaif\.h",
    "libcurl": r"curl/.*",
    "libevent": r"event2/.*",
    "libyaml": r"yaml\.h",
    "secp256k1": r"secp256k1.*\.h",
    "opencl": r"CL/.*",
    "wslay": r"wslay/.*",
    "rocksdb": r"rocksdb/.*",
    "sqlite": r"sqlite3\.h",
    "libpq": r"libpq-fe\.h",
    "libzmq": r"zmq\.h",
    "uthash": r"ut(hash|list|array|string)\.h",
    "urcu": r"urcu.*",
    "systemd": r"systemd/.*",
    "cmocka": r"cmocka\.h",
    "zlib": r"zlib\.h",
}

# What a C17 compiler and a POSIX or Linux system bring.
SYSTEM = re.compile(
    r"(assert|complex|ctype|errno|float|inttypes|limits|locale|math|setjmp|signal|stdalign|stdarg|"
    r"stdatomic|stdbool|stddef|stdint|stdio|stdlib|stdnoreturn|string|strings|time|wchar)\.h|"
    r"(dirent|dlfcn|endian|execinfo|fcntl|fnmatch|getopt|glob|grp|libgen|netdb|poll|pthread|pwd|"
    r"sched|semaphore|spawn|syslog|termios|threads|unistd|cpuid|arm_neon|immintrin|x86intrin|emmintrin|tmmintrin|smmintrin)\.h|"
    r"(arpa|asm|linux|net|netinet|sanitizer|sys)/.*")

# Headers of the system that pure folders do without: no I/O, no clock, no threads.
IMPURE = (r"(time|signal|poll|unistd|fcntl|sched|netdb|pthread|threads|semaphore)\.h|"
          r"(sys/(?!auxv\.h)|linux/|net/|netinet/|arpa/).*") # auxv: what CPUID is on x86
KEPT_OUT = {
    "kernels": IMPURE,
    "consensus": IMPURE,
}


def library_of(header):
    """The library that a <header> belongs to; None for the system's; KeyError for an unknown one."""
    for library, pattern in LIBRARIES.items():
        if re.fullmatch(pattern, header):
            return library
    if SYSTEM.fullmatch(header):
        return None
    raise KeyError(header)


def includes_of(text):
    for number, line in enumerate(tree.without_comments(text).split("\n"), 1):
        match = re.match(r'\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', line)
        if match:
            yield number, match[1], match[2]


def check_project(folder, header):
    if "/" not in header:
        # Public headers stand beside each other wherever they are installed.
        return None if folder == "include" else f'"{header}" names no folder'
    seen = header.split("/")[0]
    if folder in SEE_ALL:
        if seen in SEE_ALL - {folder, "tests"} and folder != "tests":
            return f"{seen} is seen by none"
        return None
    if seen != folder and seen not in DRAWING[folder][0].split():
        return f"{folder} may not see {seen}"
    return None


def check_library(folder, header):
    try:
        library = library_of(header)
    except KeyError:
        return f"<{header}> belongs to no library in tests/lint/arrows.py"
    if library is None:
        if re.fullmatch(KEPT_OUT.get(folder, r"$^"), header):
            return f"{folder} may not include <{header}>"
        return None
    if folder not in SEE_ALL and library not in DRAWING[folder][1].split():
        return f"{folder} may not include <{header}> of {library}"
    return None


def check(root):
    for path in tree.c_files_of(root):
        folder = path.split("/")[0]
        if folder not in DRAWING and folder not in SEE_ALL:
            yield f"{path}: no place in the drawing for {folder}"
            continue
        for number, project, library in includes_of(tree.read(root, path)):
            fault = check_project(folder, project) if project else check_library(folder, library)
            if fault:
                yield f"{path}:{number}: {fault}"


CASES = [
    ({"base/a.c": '#include "base/b.h"\n#include <stdint.h>\n'}, None),
    ({"base/a.c": '/*\n#include "node/b.h"\n*/\n'}, None),
    ({"engine/a.c": '#include "kernels/b.h"\n#include <hwloc.h>\n'}, None),
    ({"bench/a.c": '#include "engine/b.h"\n#include <openssl/sha.h>\n'}, None),
    ({"tests/unit/bench/a.c": '#include "bench/b.h"\n'}, None),
    ({"base/a.c": '#include "kernels/b.h"\n'}, "base/a.c:1: base may not see kernels"),
    ({"engine/a.c": '\n# include "consensus/b.h"\n'}, "engine may not see consensus"),
    ({"base/a.c": '#include "b.h"\n'}, "names no folder"),
    ({"base/a.c": '#include <curl/curl.h>\n'}, "base may not include <curl/curl.h> of libcurl"),
    ({"base/a.c": '#include <sodium.h>\n'}, "belongs to no library"),
    ({"kernels/a.c": '#include <pthread.h>\n'}, "kernels may not include <pthread.h>"),
    ({"gadgets/a.c": "int x;\n"}, "no place in the drawing for gadgets"),
    ({"programs/a.c": '#include "bench/b.h"\n'}, "bench is seen by none"),
    ({"include/exs/exs.h": '#include "base/b.h"\n'}, "include may not see base"),
    ({"include/exs/a.h": '#include "exs.h"\n'}, None),
]
