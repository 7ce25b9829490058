#!/bin/bash
# SPDX-License-Identifier: MIT
# A database in a file: bulk insert, indices, joins, windows, full text, JSON,
# recursion, rollback, vacuum, dump and reload.
set -euo pipefail

sqlite3 -batch file.db <"$PROGRAMS/sqlite3.sql"
sqlite3 file.db .dump >dump.sql
cksum <dump.sql
sqlite3 copy.db <dump.sql
sqlite3 copy.db 'PRAGMA integrity_check; SELECT count(*), sum(v) FROM t;'
