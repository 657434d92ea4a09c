#!/usr/bin/python3
"""What table.py says of programs with and without holes."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

TABLE = pathlib.Path(__file__).resolve().parent / "table.py"
RULES = """# One
C01 | 1.4 | First.
C02 | 1.5 | Second.
# Two
S01 | 3.2 | Third.
"""
CLIENT = "Requests.\n  C01_IsThere\n  C02_IsThereToo\n  IsOfNoRule\n"
SERVER = "Ours/Server.\n  S01_IsThere/0  # GetParam() = 1\n  S01_IsThere/1  # GetParam() = 2\n"


class Table(unittest.TestCase):
    def run_table(self, rules=RULES, client=CLIENT, server=SERVER, options=()):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / "rules.txt").write_text(rules, encoding="utf-8")
            for program, tests in {"client": client, "server": server}.items():
                path = folder / f"conformance_{program}"
                path.write_text(f"#!/bin/sh\ncat <<'END'\n{tests}END\n", encoding="utf-8")
                path.chmod(0o755)
            return subprocess.run([sys.executable, TABLE, "--rules", folder / "rules.txt",
                                   *options, folder], capture_output=True, text=True, check=False)

    def test_every_rule_and_its_tests_are_listed(self):
        table = self.run_table()
        self.assertEqual((table.returncode, table.stderr), (0, ""))
        self.assertIn("\n## One\n", table.stdout)
        self.assertIn("| C01 | 1.4 | First. | `Requests.C01_IsThere` |\n", table.stdout)
        self.assertIn("| S01 | 3.2 | Third. | `Server.S01_IsThere` |\n", table.stdout)
        self.assertNotIn("IsOfNoRule", table.stdout)

    def test_a_rule_without_a_test_is_named_and_a_failure(self):
        table = self.run_table(client="Requests.\n  C01_IsThere\n")
        self.assertEqual(table.returncode, 1)
        self.assertEqual(table.stderr, "C02 has no test in conformance_client\n")
        self.assertIn("| none yet |", table.stdout)

    def test_the_check_prints_the_holes_only(self):
        table = self.run_table(client="", options=["--check"])
        self.assertEqual(table.returncode, 1)
        self.assertEqual(table.stdout, "")
        self.assertEqual(table.stderr.count("has no test"), 2)

    def test_a_test_of_the_other_side_is_not_enough(self):
        table = self.run_table(client="Requests.\n  C01_IsThere\n",
                               server=SERVER + "  C02_IsThere\n")
        self.assertEqual(table.returncode, 1)
        self.assertIn("C02 has no test", table.stderr)

    def test_a_disabled_test_is_none(self):
        table = self.run_table(client=CLIENT.replace("C02", "DISABLED_C02"))
        self.assertEqual(table.returncode, 1)
        self.assertIn("C02 has no test", table.stderr)

    def test_a_test_may_be_of_several_rules(self):
        table = self.run_table(client="Requests.\n  C01_C02_AreBothThere\n")
        self.assertEqual((table.returncode, table.stderr), (0, ""))

    def test_a_known_hole_is_no_failure_until_it_is_filled(self):
        known = "without C02\n" + RULES
        self.assertEqual(self.run_table(known, client="Requests.\n  C01_IsThere\n").returncode, 0)
        filled = self.run_table(known)
        self.assertEqual(filled.returncode, 1)
        self.assertIn("C02 is said to have no test, and has", filled.stderr)

    def test_a_test_of_a_rule_that_there_is_not_is_named(self):
        table = self.run_table(client=CLIENT + "  C99_IsNot\n")
        self.assertEqual(table.returncode, 1)
        self.assertIn("Requests.C99_IsNot names a rule that there is not", table.stderr)

    def test_a_line_that_cannot_be_read_is_named(self):
        table = self.run_table(RULES + "C03 no bars\n")
        self.assertEqual(table.returncode, 1)
        self.assertIn("rules.txt:6", table.stderr)


if __name__ == "__main__":
    unittest.main()
