#!/usr/bin/env python3
"""Add up what meson's test logs say, and end with "N passed, N failed, N skipped".

usage: summary.py [--failed NAME] ... TESTLOG.json ...

A program's own counts are used where it prints them (check's "Checks: N", TAP's "ok"); a program
that prints none counts as one test. A program that fails without naming a failed test counts as one failure,
and so does each --failed NAME. What was skipped is said with the reason.
"""
import argparse
import json
import re
import sys

CHECKS = re.compile(r"^\d+%: Checks: (\d+), Failures: (\d+), Errors: (\d+)$", re.M)
TAP = re.compile(r"^(not ok|ok) \d+\b(.*)$", re.M)
SKIP = re.compile(r"^(?:1\.\.0|ok \d+\b).*# SKIP *(.*)$", re.M)


def count(test):
    passed = failed = skipped = 0
    out = test.get("stdout", "")
    result = test["result"]
    for total, failures, errors in CHECKS.findall(out):
        bad = int(failures) + int(errors)
        passed += int(total) - bad
        failed += bad
    for verdict, rest in TAP.findall(out):
        if "# SKIP" in rest:
            skipped += 1
        elif verdict == "ok":
            passed += 1
        else:
            failed += 1
    if result == "SKIP":
        skipped = max(skipped, 1)
    elif result in ("OK", "EXPECTEDFAIL"):
        if passed + failed + skipped == 0:
            passed = 1
    elif failed == 0:
        failed = 1
    return passed, failed, skipped


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--failed", action="append", default=[], metavar="NAME")
    parser.add_argument("testlog", nargs="*")
    arguments = parser.parse_args()
    totals = [0, len(arguments.failed), 0]
    for name in arguments.failed:
        print(f"FAILED {name}")
    for path in sorted(arguments.testlog):
        with open(path, encoding="utf-8", errors="replace") as log:
            for line in log:
                test = json.loads(line)
                counts = count(test)
                totals = [a + b for a, b in zip(totals, counts)]
                if counts[1]:
                    print(f"FAILED {test['name']}")
                if counts[2]:
                    reasons = ", ".join(sorted(set(SKIP.findall(test.get("stdout", "")))))
                    print(f"SKIPPED {test['name']}: {reasons or 'no reason given'}")
    print(f"{totals[0]} passed, {totals[1]} failed, {totals[2]} skipped")
    if totals[1] or not totals[0]:
        sys.exit(1)


main()
