#!/bin/bash
# SPDX-License-Identifier: MIT
# Sorting in memory, through temporary files, with threads and a compressor,
# and the other tools that hold whole files.
set -euo pipefail

awk 'BEGIN {
	x = 12345
	for (i = 0; i < 150000; i++) {
		x = (x * 1103515245 + 12345) % 2147483648
		printf "%d\tkey%05x\t%.4f\n", x, x % 65521, x / 65536
	}
}' >data

sort data | cksum
sort -n --parallel=4 data | cksum
sort -k2,2 -k3,3gr -s data | cksum
sort -r -u -k2,2 data | cksum
sort -S 1M --batch-size=4 -T . data | cksum
sort -S 2M --compress-program=gzip -T . -k3g data | cksum
LC_ALL=C sort --parallel=2 -R --random-source=data data | cksum

split -n l/7 data part.
for part in part.*; do
	sort "$part" >"$part.sorted"
done
sort -m part.*.sorted | cksum
cut -f2 data | sort | uniq -c | sort -rn | sed -n 1,3p
tac data | shuf --random-source=data | cksum
join -1 2 -2 2 <(sort -k2,2 part.aa) <(sort -k2,2 part.ab) | cksum
seq 1000 | awk '{ print $1, int($1 / 2) }' | tsort | cksum
awk 'length > 5' data | fmt -w 200 | tr -d '\t' | fold -w 33 | cksum
factor 1234567890123456789012345678901
