-- SPDX-License-Identifier: MIT
PRAGMA journal_mode = WAL;
PRAGMA cache_size = -4000;
PRAGMA temp_store = MEMORY;
CREATE TABLE t(id INTEGER PRIMARY KEY, k TEXT, v INTEGER, body BLOB);
BEGIN;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
INSERT INTO t SELECT i, printf('key%05d', i * 7919 % 10007), i * 31 % 1009,
	zeroblob(i % 300) FROM n;
COMMIT;
CREATE INDEX t_k ON t(k);
CREATE INDEX t_v ON t(v, k);
SELECT count(*), count(DISTINCT k), sum(v), sum(length(body)) FROM t;
SELECT k, count(*), group_concat(v, '-') FROM t GROUP BY k ORDER BY k DESC LIMIT 5;
SELECT a.k, sum(a.v * b.v) FROM t a JOIN t b ON a.k = b.k
	WHERE a.v < 40 GROUP BY a.k ORDER BY 2 DESC, 1 LIMIT 5;
SELECT id, v, sum(v) OVER (ORDER BY id ROWS 10 PRECEDING),
	rank() OVER (PARTITION BY v % 3 ORDER BY v, id)
	FROM t WHERE id % 6000 = 0 ORDER BY id;
CREATE VIRTUAL TABLE words USING fts5(line);
INSERT INTO words SELECT 'the ' || k || ' holds ' || v || ' of ' || id
	FROM t WHERE id % 3 = 0;
SELECT count(*) FROM words WHERE words MATCH 'holds AND 500';
SELECT snippet(words, 0, '[', ']', '.', 4) FROM words
	WHERE words MATCH 'key00042' ORDER BY rowid LIMIT 3;
SELECT sum(json_extract(json_object('a', json_array(id, v)), '$.a[1]')) FROM t;
SELECT length(json_group_array(json_object('k', k, 'v', v))) FROM t;
WITH RECURSIVE fact(n, s) AS (
	SELECT 1, '1' UNION ALL SELECT n + 1, s || ',' || n FROM fact WHERE n < 3000)
SELECT max(length(s)) FROM fact;
BEGIN;
UPDATE t SET body = randomblob(200), v = v + 1 WHERE id % 2;
DELETE FROM t WHERE id % 5 = 0;
SELECT count(*), sum(v) FROM t;
ROLLBACK;
DELETE FROM t WHERE id % 7 = 0;
VACUUM;
PRAGMA integrity_check;
SELECT count(*), sum(v), sum(length(body)) FROM t;
