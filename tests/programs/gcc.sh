#!/bin/bash
# SPDX-License-Identifier: MIT
# The C compiler on a large generated program, at each level, with debugging
# information, link-time optimisation and parallel jobs. Object code must be
# the same to the byte, and the program must run.
set -euo pipefail

perl "$PROGRAMS/gcc.pl" 60 >many.c
flags=(-frandom-seed=ashlar "-ffile-prefix-map=$PWD=.")
for level in -O0 -O1 '-O2 -g' -Os; do
	# shellcheck disable=SC2086 # a level may be two words
	gcc "${flags[@]}" $level -c many.c -o many.o
	echo "gcc $level: $(cksum <many.o)"
done
gcc "${flags[@]}" -O2 -S -fverbose-asm -o - many.c | cksum

perl "$PROGRAMS/gcc.pl" 25 >half.c
sed 's/\bmain\b/other/; s/\b\(step\|table\)/second_&/' half.c >other.c
gcc "${flags[@]}" -O2 -flto=2 half.c other.c -o lto
./lto
nm lto | awk '{ print $NF }' | grep step | LC_ALL=C sort | cksum
{ gcc -O2 -c many.c -o bad.o -Dint=strange 2>&1 || echo refused; } | cksum
