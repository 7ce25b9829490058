#!/bin/bash
# SPDX-License-Identifier: MIT
# A cluster made, loaded and queried: parallel plans, just-in-time code, sorts
# that spill, and the accounts that must balance after pgbench. PostgreSQL
# refuses to run as root, so root becomes the user its package made.
set -euo pipefail
. "$PROGRAMS/common.sh"

bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | tail -1)
as=()
if [ "$(id -u)" = 0 ]; then
	as=(setpriv --reuid=postgres --regid=postgres --clear-groups)
fi
sql() { "$bin/psql" -X -h "$PWD" -U ashlar -At -d postgres "$@"; }

"${as[@]}" "$bin/initdb" -D data -U ashlar -A trust --no-sync \
	--no-locale -E UTF8 >initdb.log
cat >>data/postgresql.conf <<END
listen_addresses = ''
unix_socket_directories = '$PWD'
shared_buffers = 32MB
fsync = off
work_mem = 1MB
max_parallel_workers_per_gather = 2
min_parallel_table_scan_size = 0
parallel_setup_cost = 0
parallel_tuple_cost = 0
jit = on
autovacuum_naptime = 1s
END
"${as[@]}" "$bin/postgres" -D data >postgres.log 2>&1 &
server=$!
until_true sql -c 'SELECT 1'
mapped postmaster $server
# shellcheck disable=SC2046 # each process is a word
mapped 'its children' $(children $server)

"$bin/pgbench" -h "$PWD" -U ashlar -i -s 2 -q postgres >pgbench.log 2>&1
"$bin/pgbench" -h "$PWD" -U ashlar -c 6 -j 2 -t 150 postgres >>pgbench.log
grep 'actually processed' pgbench.log
sql -f "$PROGRAMS/postgresql.sql"
"$bin/pg_dump" -h "$PWD" -U ashlar -t made postgres | grep -v '^[\]' | cksum

# The whole tree of a backend at work, its parallel workers included.
sql -c "SELECT pg_sleep(2)" >/dev/null &
# shellcheck disable=SC2046 # each process is a word
mapped 'its backends' $(children $server)
wait $!
kill -INT $server
wait $server
grep -E 'PANIC|out of memory|terminated by signal' postgres.log ||
	echo "no complaint in the log"
