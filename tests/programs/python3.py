# SPDX-License-Identifier: MIT
"""Prints the outcome of each test in a file that Python's test runner wrote."""

import collections
import sys
import xml.etree.ElementTree

count = collections.Counter()
unusual = []
for case in xml.etree.ElementTree.parse(sys.argv[1]).iter("testcase"):
    outcome = next((c.tag for c in case if c.tag in
                    ("failure", "error", "skipped")), case.get("result"))
    count[outcome] += 1
    if outcome != "completed":
        unusual.append(f"{case.get('name')} {outcome}")
print(*sorted(unusual), sep="\n")
print(sys.argv[1], dict(sorted(count.items())))
