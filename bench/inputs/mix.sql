-- SPDX-License-Identifier: MIT
-- A small shop in memory: rows made by a recursive query, indexes, joins,
-- updates and deletions. The parameter @scale is the work in percent.
CREATE TABLE customer(id INTEGER PRIMARY KEY, name TEXT, town TEXT);
CREATE TABLE purchase(id INTEGER PRIMARY KEY, customer INTEGER, day INTEGER,
	price INTEGER, note TEXT);

BEGIN;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
	WHERE i < 100 * @scale)
INSERT INTO customer SELECT i, 'customer ' || (i * 7919 % 10007),
	'town ' || (i * 31 % 97) FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
	WHERE i < 2000 * @scale)
INSERT INTO purchase SELECT i, i * 2654435761 % (100 * @scale) + 1,
	i * 40503 % 365, i * 48271 % 9973,
	substr('the quick brown fox jumps over the lazy dog', i % 20, i % 23)
	FROM n;
COMMIT;

CREATE INDEX by_customer ON purchase(customer, day);
CREATE INDEX by_town ON customer(town);

SELECT town, count(*), sum(price) FROM customer JOIN purchase
	ON purchase.customer = customer.id GROUP BY town ORDER BY 3 DESC LIMIT 5;
SELECT day, group_concat(DISTINCT note) FROM purchase WHERE day < 3
	GROUP BY day;
UPDATE purchase SET price = price + 1, note = note || '!' WHERE day % 5 = 0;
DELETE FROM purchase WHERE day % 7 = 0;
SELECT count(*), sum(price), sum(length(note)) FROM purchase;
SELECT name, count(DISTINCT day) AS days FROM customer JOIN purchase
	ON purchase.customer = customer.id GROUP BY name ORDER BY days DESC, name
	LIMIT 5;
