#!/usr/bin/env python3
"""Add up what meson's test logs say, and end with "N passed, N failed, N skipped".

usage: summary.py TESTLOG.json ...

A program's own counts are used where it prints them (check's "Checks: N", TAP's "ok"); a program
that prints none counts as one test. A program that fails without naming a failed test counts as one failure.
"""
import json
import re
import sys

CHECKS = re.compile(r"^\d+%: Checks: (\d+), Failures: (\d+), Errors: (\d+)$", re.M)
TAP = re.compile(r"^(not ok|ok)\b(.*)$", re.M)


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
    totals = [0, 0, 0]
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8", errors="replace") as log:
            for line in log:
                test = json.loads(line)
                counts = count(test)
                totals = [a + b for a, b in zip(totals, counts)]
                if counts[1]:
                    print(f"FAILED {test['name']}")
    print(f"{totals[0]} passed, {totals[1]} failed, {totals[2]} skipped")
    if totals[1] or not totals[0]:
        sys.exit(1)


main()
