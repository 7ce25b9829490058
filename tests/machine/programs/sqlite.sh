#!/bin/sh
# SPDX-License-Identifier: MIT
# Debian's sqlite3 with a database in a file: thousands of inserts, an index,
# joins, two programs at one file, a transaction taken back.
cd /tmp || exit 1
failed=0
check() { # check NAME WANTED SQL
	got=$(echo "$3" | sqlite3 data 2>&1)
	if [ "$got" = "$2" ]; then
		echo "ok $1"
	else
		echo "not ok $1 - got $(echo "$got" | tail -n 1), not $2"
		failed=1
	fi
}
check "insert" 5000 "create table t(id integer primary key, a int, b text);
	begin; with recursive n(i) as (select 1 union all select i + 1 from n
	where i < 5000) insert into t select i, i * 7919 % 5003, hex(i * i)
	from n; commit; select count(*) from t;"
i=0
while [ $i -lt 1000 ]; do
	echo "insert into t(a, b) values($i, 'row $i');"
	i=$((i + 1))
done >inserts
check "a transaction each" 6000 "pragma synchronous = off;
.read inserts
select count(*) from t;"
check "index" "13005|6000" "create index ta on t(a); analyze;
	select sum(a) / 1000, count(*) from t;"
check "join" 1998 "select count(*) from t x join t y on x.a = y.a
	where x.id <> y.id;"
check "rollback" 6000 "begin; delete from t; rollback; select count(*) from t;"
check "write-ahead log" "wal" "pragma journal_mode = wal;"
(echo "insert into t(b) values('first');" | sqlite3 -cmd '.timeout 20000' data) &
(echo "insert into t(b) values('second');" | sqlite3 -cmd '.timeout 20000' data) &
wait
check "two programs" 6002 "select count(*) from t;"
check "map" 6002 ".output /dev/null
pragma mmap_size = 268435456;
.output
	select count(*) from t where b is not null;"
check "big rows" 2000000 "create table big(x blob);
	insert into big values(zeroblob(2000000));
	select length(x) from big;"
check "delete and vacuum" 3001 "delete from t where id % 2 = 0; vacuum;
	select count(*) from t where id % 2 = 1 or id > 6000;"
check "integrity" ok "pragma integrity_check;"
exit $failed
