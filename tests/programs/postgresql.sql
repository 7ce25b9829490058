-- SPDX-License-Identifier: MIT
SELECT (SELECT sum(abalance) FROM pgbench_accounts) =
	(SELECT sum(delta) FROM pgbench_history),
	(SELECT sum(bbalance) FROM pgbench_branches) =
	(SELECT sum(tbalance) FROM pgbench_tellers),
	(SELECT count(*) FROM pgbench_history);
CREATE TABLE made AS SELECT i, i * 7919 % 10007 AS v,
	md5(i::text) AS m, repeat('x', i % 90) AS t
	FROM generate_series(1, 60000) i;
CREATE INDEX ON made(v);
CREATE INDEX ON made USING gin(string_to_array(t, ' '));
ANALYZE made;
SELECT count(*), sum(v), min(m), max(length(t)) FROM made;
SELECT v, count(*), string_agg(m, '' ORDER BY i) FROM made
	GROUP BY v ORDER BY v DESC LIMIT 2;
SELECT count(*) FROM made a JOIN made b ON a.v = b.i WHERE a.t < b.t;
SELECT md5(string_agg(m, ',' ORDER BY m DESC, t)) FROM made;
SET jit_above_cost = 0;
SET jit_inline_above_cost = 0;
SET jit_optimize_above_cost = 0;
SELECT v % 10, sum(i), avg(v)::numeric(10, 3), count(*) FILTER (WHERE i % 2 = 0)
	FROM made WHERE i * 3 + v > 100 GROUP BY 1 ORDER BY 1;
SET jit = off;
WITH RECURSIVE tree(n, path) AS (
	SELECT 1, '1' UNION ALL
	SELECT n * 2 + d, path || '.' || n * 2 + d FROM tree, (VALUES (0), (1)) b(d)
	WHERE n < 2000)
	SELECT count(*), max(length(path)) FROM tree;
SELECT sum(length(j::text)), sum((j->'b'->>1)::int)
	FROM (SELECT jsonb_build_object('a', m, 'b', jsonb_build_array(t, v)) j
	FROM made) x;
SELECT count(*), sum(length(regexp_replace(m, '([0-9])([a-f])', '\2-\1', 'g')))
	FROM made WHERE m ~ '^[a-f]+[0-9]';
DO $$
BEGIN
	FOR n IN 1..300 LOOP
		BEGIN
			PERFORM 1 / (n % 3);
		EXCEPTION WHEN division_by_zero THEN
			NULL;
		END;
	END LOOP;
END $$;
SELECT i, sum(v) OVER (ORDER BY i ROWS 100 PRECEDING), rank() OVER (ORDER BY v)
	FROM made ORDER BY i DESC LIMIT 3;
