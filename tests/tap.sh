# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# For check scripts: say "ok NAME" and "not ok NAME - reason", remember whether
# any failed. A script ends with `tap_done`, which exits with 1 in that case.
tap_failed=0

ok() { echo "ok $1"; }

# not_ok NAME REASON [FILE-WITH-DETAILS]
not_ok() {
	echo "not ok $1 - $2"
	tap_failed=1
	[ -z "${3:-}" ] || sed 's/^/  | /' "$3"
}

tap_done() { exit $tap_failed; }

# True if this system's kernel runs 32-bit programs; some have no way to.
runs_i386() { /lib/ld-linux.so.2 --version >/dev/null 2>&1; }
