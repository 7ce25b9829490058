#!/bin/sh
# SPDX-License-Identifier: MIT
# Debian's gdb on a program with symbols: breakpoints, steps, watchpoints, a
# call, threads, a fault, a process that runs already.
mkdir -p /tmp
cd /tmp || exit 1
failed=0
has() { # has NAME PATTERN
	if grep -q -- "$2" out; then
		echo "ok $1"
	else
		echo "not ok $1 - no $2 in: $(tail -n 5 out | tr '\n' '|')"
		failed=1
	fi
}
debug() { # debug COMMAND… -- ARGUMENTS OF GDB
	: >commands
	while [ "$1" != -- ]; do
		echo "$1" >>commands
		shift
	done
	shift
	gdb -nx -batch -x commands "$@" >out 2>&1 </dev/null
}
debug 'break sum' run 'info registers eip' backtrace 'print *p@4' 'print n' \
	'watch counter' continue 'print counter' delete finish continue \
	-- /t/debuggee
has "breakpoint" 'Breakpoint 1, sum (p=.*, n=.*4)'
has "registers" '^eip .*<sum'
has "backtrace" '^#1 .* in main'
has "data" '{{x = 0, y = 1}, {x = 1, y = 2}, {x = 2, y = 3}, {x = 3, y = 4}}'
has "watchpoint" 'Hardware watchpoint 2: counter'
has "its values" 'New value = 1'
has "finish" 'Value returned is .* = 20'
has "end" 'exited with code 0150'
debug 'tbreak sum' run finish 'print sum(points, 2)' 'set var counter = 40' \
	'print counter' 'print ratio * 2' 'set var ratio = 3.5' 'print ratio' \
	stepi 'x/2i $pc' next continue -- /t/debuggee
has "a call of ours" ' = 2$'
has "change" '= 40'
has "floating point" '= 1.5'
has "change of floating point" '= 3.5'
has "a step" '=> 0x.*<main+'
has "end after that" 'exited with code 014'
debug 'break in_thread' run 'info threads' 'thread apply all backtrace 1' \
	continue -- /t/debuggee
has "threads" '^\* 2 .* in_thread'
has "the other one" '^  1 '
debug 'set follow-fork-mode child' run -- /t/debuggee
has "the child followed" 'Inferior 2 .*exited'
debug run 'print $_siginfo.si_signo' 'print $_siginfo._sifields._sigfault.si_addr' \
	'x/i $pc' kill -- --args /t/debuggee fault
has "a fault" 'received signal SIGSEGV'
has "why" '= 11'
has "where" 'si_addr\|= (void \*) 0x4'
debug 'catch syscall 29' run 'print $orig_eax' kill -- --args /t/debuggee wait
has "a call caught" 'Catchpoint 1 (call to syscall 29)'
/t/debuggee wait >/dev/null &
pid=$!
sleep 2
debug backtrace 'print counter' 'detach' -- -p $pid /t/debuggee
has "attached" ' in main '
has "its data" '= 104'
kill $pid
wait $pid
[ $? = 143 ] && echo "ok let go" || { echo "not ok let go"; failed=1; }
exit $failed
