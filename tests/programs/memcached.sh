#!/bin/bash
# SPDX-License-Identifier: MIT
# A cache with four threads, too small for what it is given: it must evict, and
# what it still has must be right.
set -euo pipefail
. "$PROGRAMS/common.sh"

memcached -u root -s cache.sock -m 16 -t 4 -o modern,slab_automove=1 \
	2>memcached.log &
until_true test -S cache.sock
mapped server $!
/usr/bin/python3 "$PROGRAMS/memcached.py"
kill $!
wait $! || [ $? = 143 ]
