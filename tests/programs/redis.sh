#!/bin/bash
# SPDX-License-Identifier: MIT
# A server under load from several clients; snapshots by a forked child while
# the load goes on; the data must survive a restart to the bit.
set -euo pipefail
. "$PROGRAMS/common.sh"

cat >redis.conf <<'END'
port 0
unixsocket redis.sock
save ""
enable-debug-command yes
io-threads 2
maxclients 200
hz 50
activedefrag no
logfile redis.log
END

cli() { redis-cli -s redis.sock "$@"; }
start() { redis-server redis.conf & until_true cli ping; }
snapshots() { cli info persistence | grep -q rdb_bgsave_in_progress:0; }

start
mapped server $!
redis-benchmark -s redis.sock -n 20000 -c 20 -P 8 -r 1000 -d 100 -q \
	-t set,get,incr,lpush,rpop,sadd,hset,zadd,mset,lrange_100 >bench.log
cli flushall
cli debug populate 20000 key 120
seq 20000 | awk '{ print "RPUSH list" $1 % 50, $1 * 7919 % 10007
	print "ZADD set" $1 % 20, $1 % 997, "member" $1
	print "HSET hash" $1 % 30, "field" $1, $1 * $1
	if ($1 % 3 == 0) print "APPEND text" $1 % 10, "piece" $1
	if ($1 % 5 == 0) print "DEL key:" $1 }' | cli --pipe | tail -1
cli eval 'local t = {} for i = 1, 20000 do t[i] = tostring(i) end
	return #table.concat(t)' 0

# A child so slow that it lives until its map is read; then one at which the
# load goes on.
cli config set rdb-key-save-delay 10000
cli bgsave
child=$(children $!)
mapped 'BGSAVE child' $child
kill -USR1 $child
until_true snapshots
cli config set rdb-key-save-delay 50
cli bgsave
redis-benchmark -s redis.sock -n 10000 -c 10 -q -t ping >>bench.log
until_true snapshots
cli info persistence | tr -d '\r' | grep rdb_last_bgsave_status
redis-check-rdb dump.rdb | grep -c 'RDB looks OK'
cli config set rdb-key-save-delay 0
before=$(cli debug digest)
echo "$before $(cli dbsize)"
cli debug reload
[ "$(cli debug digest)" = "$before" ]
cli memory purge
cli bgrewriteaof
until_true snapshots
cli shutdown save
wait $!

start
mapped 'restarted server' $!
[ "$(cli debug digest)" = "$before" ] && echo "same data"
cli shutdown nosave
wait $!
