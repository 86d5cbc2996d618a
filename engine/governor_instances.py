"""Writes governor_instances.c, the table of burstable EC2 types, from tuning/ec2-burstable.yaml.

usage: governor_instances.py TUNING.yaml OUTPUT.c

The file is read without a YAML library, which not every machine that builds has: of YAML it may use
nested mappings, one key a line, indented by two spaces, and comments.
"""
import re
import sys
from fractions import Fraction

FAMILY = {"default_mode", "surplus_usd_per_vcpu_hour", "launch_credits_per_vcpu"}
TYPE = {"vcpus", "baseline_percent", "credits_per_hour", "max_credits"}
LINE = re.compile(r"((?:  )*)([a-z0-9_.]+):(?: +([a-z0-9.]+))?")


def read(path):
    """The file's mappings as dictionaries, its values as text."""
    root = {}
    levels = [root]
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            line = line.split("#")[0].rstrip()
            if not line:
                continue
            match = LINE.fullmatch(line)
            depth = len(match[1]) // 2 if match else len(levels)
            if depth >= len(levels) or match[2] in levels[depth]:
                sys.exit(f"{path}:{number}: not a key in its place: {line}")
            del levels[depth + 1:]
            if match[3] is None:
                levels[depth][match[2]] = {}
                levels.append(levels[depth][match[2]])
            else:
                levels[depth][match[2]] = match[3]
    return root


def check(path, families, types):
    """Fails unless everything is there and the figures hang together."""
    for name, family in families.items():
        if set(family) != FAMILY or family["default_mode"] not in ("standard", "unlimited"):
            sys.exit(f"{path}: {name}: wants {sorted(FAMILY)}")
    for name, row in types.items():
        if set(row) != TYPE or name.split(".")[0] not in families:
            sys.exit(f"{path}: {name}: wants a family and {sorted(TYPE)}")
        rate = int(row["vcpus"]) * Fraction(row["baseline_percent"]) * 60 / 100
        if Fraction(row["credits_per_hour"]) != rate or Fraction(row["max_credits"]) != 24 * rate:
            sys.exit(f"{path}: {name}: its baseline gives {float(rate):g} credits an hour")


def main():
    path, output = sys.argv[1:]
    tables = read(path)
    if set(tables) != {"families", "types"}:
        sys.exit(f"{path}: wants families and types, has {sorted(tables)}")
    families, types = tables["families"], tables["types"]
    check(path, families, types)
    with open(output, "w", encoding="utf-8") as file:
        file.write('/* Made by engine/governor_instances.py from tuning/ec2-burstable.yaml. */\n'
                   '#include "engine/governor.h"\n\n'
                   '#include <stddef.h>\n\n'
                   'static const struct governor_instance table[] = {\n')
        for name, row in types.items():
            family = families[name.split(".")[0]]
            launch = int(row["vcpus"]) * int(family["launch_credits_per_vcpu"])
            unlimited = "true" if family["default_mode"] == "unlimited" else "false"
            file.write(f'    {{"{name}", {row["vcpus"]}, {row["credits_per_hour"]}, '
                       f'{row["max_credits"]}, {launch}, '
                       f'{family["surplus_usd_per_vcpu_hour"]}, {unlimited}}},\n')
        file.write('};\n\n'
                   'const struct governor_instance *governor_instance_at(size_t index)\n'
                   '{\n'
                   '    return index < sizeof(table) / sizeof(table[0]) ? &table[index] : NULL;\n'
                   '}\n')


if __name__ == "__main__":
    main()
