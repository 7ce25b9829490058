#!/bin/bash
# SPDX-License-Identifier: MIT
# The stressors of malloc and fork, with threads and verification. stress-ng
# starts a stressor's child again when it dies, so its log is read as well.
set -euo pipefail

common=(--verify --timeout 20 --temp-path .)
stress-ng --malloc 2 --malloc-ops 200000 --malloc-bytes 64K --malloc-max 2000 \
	--malloc-pthreads 2 --malloc-touch "${common[@]}" >small.log 2>&1
stress-ng --malloc 2 --malloc-ops 400 --malloc-bytes 8M --malloc-max 32 \
	--malloc-touch "${common[@]}" >large.log 2>&1
stress-ng --fork 2 --fork-ops 2000 --vfork 1 --vfork-ops 500 \
	"${common[@]}" >fork.log 2>&1
stress-ng --pthread 1 --pthread-ops 3000 --pthread-max 64 --qsort 1 \
	--qsort-ops 5 --tsearch 1 --tsearch-ops 5 --mergesort 1 \
	--mergesort-ops 5 "${common[@]}" >other.log 2>&1
for log in small large fork other; do
	if grep -iE 'fail:|died|signal|abort|unsuccessful' $log.log; then
		exit 1
	fi
	grep -o 'successful run completed' $log.log
done
