#!/bin/bash
# SPDX-License-Identifier: MIT
# The C++ compiler on template-heavy source; the same object code, and a
# program whose containers, strings, exceptions and threads then run here too.
set -euo pipefail

flags=(-std=c++20 -frandom-seed=ashlar "-ffile-prefix-map=$PWD=.")
for level in '-O0 -g' -O2; do
	# shellcheck disable=SC2086 # a level may be two words
	g++ "${flags[@]}" $level -c "$PROGRAMS/g++.cpp" -o many.o
	echo "g++ $level: $(cksum <many.o)"
done
g++ -pthread many.o -o containers
./containers
