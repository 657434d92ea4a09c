#!/usr/bin/python3
"""The table of rules and their tests.

    table.py [--check] [--rules FILE] BIN

prints, as Markdown, each rule of rules.txt (or FILE) with the tests that carry its id in the
programs conformance_client and conformance_server in BIN. A rule of the client or of frames needs
a test in the first, one of the publishing point a test in the second: rules that have none are
named on standard error, and the exit status is 1. So it is when a test names a rule that there is
not, or when a rule is said to have no test and has one. --check prints nothing else.
"""

import argparse
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
PROGRAMS = {"C": "conformance_client", "F": "conformance_client", "S": "conformance_server",
            "P": "conformance_server"}
RULE = re.compile(r"([CFSP]\d\d) \| (.+) \| (.+)")


def read_rules(path):
    """Parts with their rules, [(title, [(id, section, text)])], and the known holes."""
    parts = []
    known_holes = set()
    title = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("#") or not line:
            title = line.removeprefix("#").strip() or title
            continue
        if line.startswith("without "):
            known_holes |= set(line.split()[1:])
            continue
        if not (rule := RULE.fullmatch(line)):
            sys.exit(f"{path}:{number}: not 'id | section | text'")
        if title:
            parts.append((title, []))
            title = None
        parts[-1][1].append(rule.groups())
    ids = [rule[0] for _, rules in parts for rule in rules]
    if len(ids) != len(set(ids)):
        sys.exit(f"{path}: a rule is there twice")
    return parts, known_holes


def read_tests(program):
    """Names of the tests of a program, as 'Suite.Name'; those of several parameters once."""
    listed = subprocess.run([program, "--gtest_list_tests"], check=True, capture_output=True,
                            text=True).stdout
    tests = []
    suite = ""
    for line in listed.splitlines():
        line = line.split("#")[0].rstrip()
        if line.endswith("."):
            suite = line[:-1].split("/")[-1]
        elif line.startswith("  "):
            tests.append(f"{suite}.{line.strip().split('/')[0]}")
    return list(dict.fromkeys(tests))


def rules_of(test):
    """The ids that a test's name begins with."""
    name = test.split(".")[-1].removeprefix("DISABLED_")
    found = re.match(r"(?:[CFSP]\d\d_)*", name)[0]
    return found.rstrip("_").split("_") if found else []


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--rules", type=pathlib.Path, default=HERE / "rules.txt")
    parser.add_argument("bin", type=pathlib.Path)
    arguments = parser.parse_args()

    parts, known_holes = read_rules(arguments.rules)
    tests = {program: read_tests(arguments.bin / program) for program in set(PROGRAMS.values())}
    everywhere = [test for program in sorted(tests) for test in tests[program]]
    holes = []
    lines = []
    ids = set()
    for title, rules in parts:
        lines += ["", f"## {title}", "",
                  "| rule | section | what it asks for | tests |", "|---|---|---|---|"]
        for rule, section, text in rules:
            ids.add(rule)
            if not any(rule in rules_of(test) and "DISABLED_" not in test
                       for test in tests[PROGRAMS[rule[0]]]):
                holes.append(rule)
            names = "<br>".join(f"`{test}`" for test in everywhere if rule in rules_of(test))
            lines.append(f"| {rule} | {section} | {text} | {names or 'none yet'} |")
    if not arguments.check:
        print("\n".join(lines))
        print()

    complaints = [f"{rule} has no test in {PROGRAMS[rule[0]]}"
                  for rule in holes if rule not in known_holes]
    complaints += [f"{rule} is said to have no test, and has: take it out of {arguments.rules.name}"
                   for rule in sorted(known_holes - set(holes))]
    complaints += [f"{test} names a rule that there is not" for test in everywhere
                   if not set(rules_of(test)) <= ids]
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    sys.exit(1 if complaints else 0)


if __name__ == "__main__":
    main()
