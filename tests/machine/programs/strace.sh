#!/bin/sh
# SPDX-License-Identifier: MIT
# Debian's strace: what a shell and its children call, a program that runs
# already, numbers that sum up, a call that is made to fail.
mkdir -p /tmp
cd /tmp || exit 1
failed=0
has() { # has NAME FILE PATTERN
	if grep -q -- "$3" "$2"; then
		echo "ok $1"
	else
		echo "not ok $1 - no $3 in: $(tail -n 3 "$2" | tr '\n' '|')"
		failed=1
	fi
}
echo some words >words
strace -f -o calls sh -c 'cat words | tr a-z A-Z >big; ./none; kill -USR1 $$' \
	2>errors
[ "$(cat big)" = "SOME WORDS" ] || { echo "not ok output"; failed=1; }
# Another's call may come between a call and its result.
has "a call and its result" calls \
	'openat(AT_FDCWD, "words", O_RDONLY.*\() = 3\|<unfinished\)'
has "bytes" calls 'write(1, "SOME WORDS\\n", 11\() *= 11\| <unfinished\)'
has "a call that fails" calls 'ENOENT (No such file or directory)'
has "children" calls '+++ exited with 0 +++'
has "a signal" calls '--- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_USER'
has "an end by a signal" calls '+++ killed by SIGUSR1 +++'
has "memory" calls 'brk(NULL) *= 0x'
strace -c -o sums cat words >/dev/null
has "sums" sums '100.00 .* total'
strace -f -e trace=execve -o execs sh -c 'cat words; cat words' >/dev/null
has "only some calls" execs 'execve("[a-z/]*", \["cat", "words"\], .*) = 0'
strace -e inject=openat:error=EIO:when=1+ cat words >none 2>injected
has "a call made to fail" injected 'EIO (Input/output error) (INJECTED)'
sh -c 'while :; do sleep 1; cat words >/dev/null; done' &
loop=$!
strace -f -p $loop -o attached 2>errors &
tracer=$!
sleep 3
kill $tracer
wait $tracer 2>/dev/null
has "attached" attached 'openat(AT_FDCWD, "words"'
if kill -0 $loop; then echo "ok let go"; else
	echo "not ok let go - it has ended"
	failed=1
fi
kill $loop
wait $loop 2>/dev/null
strace -y -o paths cat words >/dev/null
has "what a descriptor is" paths '3</tmp/words>.*= 11'
exit $failed
