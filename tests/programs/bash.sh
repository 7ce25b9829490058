#!/bin/bash
# SPDX-License-Identifier: MIT
# The shell as a language: strings, arrays, recursion, subshells and pipes.
set -euo pipefail

declare -A words
for ((i = 0; i < 12000; i++)); do
	key=w$((i * 7919 % 5003))
	words[$key]="${words[$key]:-}$i,"
done
echo "${#words[@]} keys"
for key in "${!words[@]}"; do
	echo "$key=${words[$key]}"
done | sort | cksum

fib() {
	(($1 < 2)) && { REPLY=$1; return; }
	local a
	fib $(($1 - 1)); a=$REPLY
	fib $(($1 - 2)); REPLY=$((a + REPLY))
}
fib 16; echo "fib $REPLY"

line=
for ((i = 0; i < 2500; i++)); do
	line+=$(printf '%08x' $((i * 2654435761 % 4294967296)))
	((i % 500)) || echo -n "${#line} "
done
echo
echo "${line//[0-9]/}" | cksum
read -r -a parts <<<"${line//f/ }"
echo "${#parts[@]} parts, longest $(printf '%s\n' "${parts[@]}" |
	awk '{ if (length > n) n = length } END { print n }')"

touch file.{1..2000}
set -- file.*1*
echo "$# files match"
[[ $line =~ ([a-f]{5,})([0-9]+) ]] && echo "${BASH_REMATCH[@]:1}"

coproc upper { tr "[:lower:]" "[:upper:]"; }
echo "through a co-process" >&"${upper[1]}"
# shellcheck disable=SC1083,SC2093 # the brace names the descriptor
exec {upper[1]}>&-
cat <&"${upper[0]}"

mapfile -t lines < <(seq 50000)
echo "${#lines[@]} lines, last ${lines[-1]}"
{ diff <(seq 1 3 9999) <(seq 1 2 9999) || true; } | cksum
trap 'echo "left with $?"' EXIT
(for i in {1..100}; do (exit $((i % 3))) || true; done; echo "subshells done")
