"""Functions that are not called here, each with its reason."""
import re

import tree

LIBRARIES = ("base", "kernels", "consensus", "engine", "validation", "mining", "rpc", "node", "wallet",
             "stratum")
PURE = ("kernels", "consensus")

# Names (as a regular expression), reason, folders that it holds for (None: all), files that may.
RULES = [
    (r"gets|strcpy|strcat|stpcpy|sprintf|vsprintf", "writes without a limit: snprintf, memcpy", None, ()),
    (r"strncpy|strncat", "does not always terminate, or counts oddly: memcpy, snprintf", None, ()),
    (r"ato[ifl]|atoll", "cannot tell 0 from an error: a parser of base, or strtol with its end checked",
     None, ()),
    (r"v?f?scanf|v?sscanf", "overflows in silence: a parser of base", None, ()),
    (r"strtok|asctime|asctime_r|ctime|ctime_r|gmtime|localtime|readdir_r|tmpnam|mktemp|tempnam",
     "keeps hidden state or races: the _r form, mkstemp", None, ()),
    (r"rand|srand|rand_r|random|srandom|drand48|lrand48", "is guessable: a seeded generator that says so, "
     "or OpenSSL's", None, ()),
    (r"system|popen", "goes through a shell: posix_spawn", None, ()),
    (r"alloca|__builtin_alloca", "has no limit: an array of fixed size, or the arena", None, ()),
    (r"setjmp|longjmp|signal", "jumps past clean-up, or differs between systems: return, sigaction",
     LIBRARIES + ("programs", "bench"), ()),
    (r"exit|_exit|_Exit|quick_exit", "ends the caller's process: return an error", LIBRARIES, ()),
    (r"time|gettimeofday|clock_gettime|clock", "is another clock: base/clock.h",
     LIBRARIES + ("programs",), ("base/clock.c",)),
    (r"malloc|calloc|realloc|aligned_alloc|posix_memalign|strdup|free|mmap",
     "kernels and rules own no memory: the caller's buffer or arena", PURE, ()),
    (r"v?f?printf|puts|fputs|fopen|open|read|write|getenv", "kernels and rules do no I/O", PURE, ()),
    (r"pthread_\w+|thrd_\w+|mtx_\w+", "kernels and rules have no threads", PURE, ()),
]


def check(root):
    rules = [(re.compile(rf"(?<![\w.>])({names})\s*\("), reason, folders, files)
             for names, reason, folders, files in RULES]
    for path in tree.c_files_of(root):
        folder = path.split("/")[0]
        lines = tree.code_only(tree.read(root, path)).split("\n")
        for pattern, reason, folders, files in rules:
            if (folders and folder not in folders) or path in files:
                continue
            for number, line in enumerate(lines, 1):
                match = pattern.search(line)
                if match:
                    yield f"{path}:{number}: {match[1]}() {reason}"


CASES = [
    ({"base/a.c": '/* strcpy(a, b) */ const char *s = "strcpy(a, b)"; int my_strcpy(int);\n'}, None),
    ({"programs/a.c": "int main(void) { exit(0); }\n"}, None),
    ({"base/clock.c": "void f(void) { clock_gettime(1, 0); }\n"}, None),
    ({"base/a.c": "void f(struct s *s) { s->read(1); s.write(2); }\n"}, None),
    ({"base/a.c": "void f(void)\n{\n    strcpy (a, b);\n}\n"}, "base/a.c:3: strcpy() writes without"),
    ({"tests/a.c": "int x = atoi(s);\n"}, "atoi()"),
    ({"mining/a.c": "void f(void) { exit(1); }\n"}, "exit() ends the caller's process"),
    ({"mining/a.c": "long t = time(0);\n"}, "time() is another clock"),
    ({"kernels/a.c": "void *p = malloc(1);\n"}, "malloc() kernels and rules own no memory"),
    ({"consensus/a.c": "void f(void) { fprintf(0, 0); }\n"}, "fprintf() kernels and rules do no I/O"),
    ({"kernels/a.c": "void f(void) { pthread_create(0, 0, 0, 0); }\n"}, "have no threads"),
    ({"bench/a.c": "int n = rand();\n"}, "rand() is guessable"),
    ({"base/a.c": "int n = sscanf(s, f, &x);\n"}, "sscanf()"),
]
