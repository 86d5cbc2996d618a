#!/usr/bin/env python3
"""What only a build shows. ctest runs this; each check proves first, on a small program, that it can fail.

usage: built.py flags COMPILE_COMMANDS      each kernel file got the flags of its instruction set alone
       built.py pure LIBRARY [SEEN...]      a library has no mutable global and calls nothing impure
       built.py hardened [--fortify] PROGRAM...
"""
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile

# The end of a kernel file's name (the first that fits), and all that it may be compiled with
# beyond the baseline.
VARIANTS = {
    "avx512_shani": {"-mavx512f", "-mavx512bw", "-mavx512vl"},
    "sse41": {"-msse4.1"},
    "avx2": {"-mavx2"},
    "avx512": {"-mavx512f", "-mavx512bw", "-mavx512vl"},
    "shani": {"-msha", "-msse4.1"},
    "armv8": {"-march=armv8-a+crypto"},
}
# Those that may only share out the work between others, or bring their instructions as assembly.
NEED_NO_FLAGS = {"avx512_shani"}

# What a pure library may call beyond itself and the libraries that it sees: no heap, no I/O, no
# clock, no thread. assert ends the program, which is not an effect that one could rely on; getauxval
# reads what ARM has in place of CPUID.
PURE_CALLS = re.compile(
    r"mem(cpy|move|set|cmp|chr|rchr)|bcmp|str(n?len|n?cmp|n?casecmp|r?chr|spn|cspn)|bsearch|v?snprintf|"
    r"(__)?explicit_bzero(_chk)?|__(mem(cpy|move|set)|v?snprintf)_chk|"
    r"__stack_chk_(fail|guard)|__assert_fail|abort|getauxval|_GLOBAL_OFFSET_TABLE_|(EVP|SHA256|SHA1|RIPEMD160|OPENSSL)_\w+")
# Of the libraries that it sees, the parts that are not pure either.
IMPURE_PARTS = re.compile(r"(log|settings|listener)_\w+")

WRITABLE = re.compile(r"\.(data|bss|tdata|tbss)(?!\.rel\.ro)|\*COM\*")


def output_of(*command):
    # The C locale: what is read here must not be translated.
    return subprocess.run(command, check=True, capture_output=True, text=True,
                          env={**os.environ, "LC_ALL": "C"}).stdout


def check_flags(commands):
    for entry in commands:
        name = os.path.basename(entry["file"])
        if os.path.basename(os.path.dirname(entry["file"])) != "kernels":
            continue
        stem = os.path.splitext(name)[0]
        words = entry.get("arguments") or shlex.split(entry["command"])
        # Branch protection is made of hints, which processors without it pass over.
        flags = {word for word in words if re.match(r"-m(?!tune=generic|branch-protection=)", word)}
        variant = next((v for v in VARIANTS if stem.endswith("_" + v)), None)
        may = VARIANTS.get(variant, set())
        for flag in sorted(flags - may):
            yield f"kernels/{name}: compiled with {flag}, so it may not run where it is chosen"
        if variant and variant not in NEED_NO_FLAGS and not flags:
            yield f"kernels/{name}: compiled without the flags of {variant}"


def check_pure(library, seen):
    for line in output_of("objdump", "-t", library).splitlines():
        # address, seven flags, section, size, name
        match = re.match(r"[0-9a-f]+ .{7} (\S+)\s+[0-9a-f]+ (?:\.hidden )?(\S+)$", line)
        if match and WRITABLE.match(match[1]) and not match[2].startswith("."):
            yield f"{os.path.basename(library)}: {match[2]} is a mutable global (in {match[1]})"
    defined = set()
    for path in [library, *seen]:
        defined |= set(output_of("nm", "-g", "-j", "--defined-only", path).split())
    for name in sorted(set(output_of("nm", "-j", "-u", library).split()) - defined):
        if not name.endswith(":") and not PURE_CALLS.fullmatch(name):
            yield f"{os.path.basename(library)}: calls {name}"
    own = set(output_of("nm", "-g", "-j", "--defined-only", library).split())
    for name in sorted(set(output_of("nm", "-j", "-u", library).split()) & defined - own):
        if IMPURE_PARTS.fullmatch(name):
            yield f"{os.path.basename(library)}: calls {name}"


def check_hardened(program, fortify):
    name = os.path.basename(program)
    dynamic = output_of("readelf", "-Wd", program)
    segments = output_of("readelf", "-Wl", program)
    symbols = output_of("nm", "-D", program)
    if not re.search(r"FLAGS_1.*\bPIE\b", dynamic):
        yield f"{name}: is loaded at a fixed address (no PIE)"
    if "GNU_RELRO" not in segments:
        yield f"{name}: its relocated tables stay writable (no RELRO)"
    if not re.search(r"\bNOW\b", dynamic):
        yield f"{name}: binds lazily, so its GOT stays writable"
    stack = re.search(r"GNU_STACK.*", segments)
    if not stack or "E" in stack[0].split()[-2]:
        yield f"{name}: its stack is executable"
    if "__stack_chk_fail" not in symbols:
        yield f"{name}: no function has a stack protector"
    if fortify and not re.search(r"__\w+_chk\b(?<!__stack_chk)", symbols):
        yield f"{name}: no call is fortified"


def compiled(folder, name, text, *flags):
    path = os.path.join(folder, name)
    with open(path + ".c", "w", encoding="utf-8") as file:
        file.write(text)
    subprocess.run(["cc", "-O1", "-w", *flags, "-o", path, path + ".c"], check=True)
    return path


def expect(said, *parts):
    said = list(said)
    missing = [part for part in parts if not any(part in line for line in said)]
    if missing or (not parts and said):
        sys.exit(f"built.py's own test: expected {parts or 'nothing'}, got {said}")


def self_test():
    expect(check_flags([{"file": "p/kernels/x_avx2.c", "command": "cc -mavx2 -c x"},
                        {"file": "p/kernels/x_armv8.c",
                         "command": "cc -mbranch-protection=standard -march=armv8-a+crypto -c x"},
                        {"file": "p/kernels/x.c", "command": "cc -O2 -c x"}]))
    expect(check_flags([{"file": "p/kernels/x_avx2.c", "command": "cc -mavx2 -mavx512f -c x"}]),
           "x_avx2.c: compiled with -mavx512f")
    expect(check_flags([{"file": "p/kernels/x.c", "command": "cc -march=native -c x"}]),
           "compiled with -march=native")
    expect(check_flags([{"file": "p/kernels/x_avx2.c", "command": "cc -c x"}]), "without the flags of avx2")
    with tempfile.TemporaryDirectory() as folder:
        text = ("#include <stdlib.h>\nconst int table[] = {1, 2};\nint f(int i) { return table[i]; }\n"
                "void log_write(void);\n")
        expect(check_pure(compiled(folder, "good.o", text, "-c"), []))
        text += ("static int calls; int all[9]; _Thread_local int mine;\n"
                 "void *g(void) { log_write(); return calls++ ? &mine : malloc(1); }\n")
        base = compiled(folder, "base.o", "void log_write(void) {}\n", "-c")
        expect(check_pure(compiled(folder, "bad.o", text, "-c"), [base]), "calls is a mutable global",
               "all is a mutable", "mine is a mutable", "calls malloc", "calls log_write")
        text = ("#include <stdio.h>\n#include <string.h>\nint main(int n, char **v) {\n"
                "char b[9]; strncpy(b, v[0], n); return puts(b); }\n")
        hardened = ["-O2", "-fPIE", "-pie", "-Wl,-z,relro,-z,now", "-fstack-protector-strong",
                    "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2"]
        expect(check_hardened(compiled(folder, "good", text, *hardened), True))
        expect(check_hardened(compiled(folder, "bad", text, "-no-pie", "-Wl,-z,norelro,-z,lazy,-z,execstack",
                                       "-fno-stack-protector", "-U_FORTIFY_SOURCE"), True),
               "no PIE", "no RELRO", "binds lazily", "stack is executable", "stack protector", "fortified")


def main():
    what, *paths = sys.argv[1:] or sys.exit(__doc__)
    self_test()
    if what == "flags":
        with open(paths[0], encoding="utf-8") as file:
            faults = list(check_flags(json.load(file)))
    elif what == "pure":
        faults = list(check_pure(paths[0], paths[1:]))
    elif what == "hardened":
        fortify = "--fortify" in paths
        faults = [fault for path in paths if path != "--fortify" for fault in check_hardened(path, fortify)]
    else:
        sys.exit(__doc__)
    print("\n".join(faults) or "clean")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
