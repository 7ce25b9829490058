# SPDX-License-Identifier: MIT
# Processes and signals as a shell sees them.
sh -c 'exit 7'; echo $?
sh -c 'kill -9 $$'; echo $?
sh -c 'kill -TERM $$'; echo $?
(sleep 100 & echo $! >pid; wait) & sleep 1; kill "$(cat pid)"; wait; echo waited
trap 'echo got USR1' USR1; kill -USR1 $$; echo after
trap 'echo got ALRM' ALRM; (sleep 1; kill -ALRM $$) & wait; echo $?; wait
trap '' TERM; sh -c 'kill -TERM $$; echo ignored'; trap - TERM
sh -c 'trap "echo leaving" EXIT; exit 3'; echo $?
sleep 30 & p=$!; kill -STOP $p; sleep 0.3; grep State /proc/$p/status; kill -CONT $p; kill $p; wait $p; echo $?
for i in 1 2 3 4 5; do (sleep 0.$i; echo job $i) & done; wait; echo all
timeout 1 sleep 10; echo $?
timeout -s KILL 1 sleep 10; echo $?
yes | head -n 3
yes 2>/dev/null | true; echo $?
i=0; while [ $i -lt 200 ]; do (exit $((i % 5))); s=$((${s:-0} + $?)); i=$((i + 1)); done; echo $s
i=0; while [ $i -lt 50 ]; do echo $i; i=$((i + 1)); done | while read -r x; do echo $x; done | tail -n 1
sh -c 'sh -c "sh -c \"exit 5\"; exit \$?"; exit $?'; echo $?
setsid sh -c 'echo a session'
(ulimit -n 10; i=3; while eval "exec $i<&0" 2>/dev/null && [ $i -lt 9 ]; do i=$((i + 1)); done; cat /proc/meminfo >/dev/null && echo some files)
(ulimit -f 8; dd if=/dev/zero of=big bs=1024 count=100 2>/dev/null; echo $?; wc -c <big)
(ulimit -c 0; ulimit -c)
(ulimit -v 4000; head -c 3000000 /dev/zero | tr '\0' x | sort | wc -c; echo $?)
(ulimit -u 0; as sh -c 'true & wait; echo forked' 2>&1 | head -n 1)
echo 'echo from a pipe; exit 4' | sh; echo $?
xargs -n 2 echo <<EOF
a b c
d e
EOF
pidof nothing; echo $?
sh -c 'sleep 50 & echo $!' >orphan; kill -0 "$(cat orphan)" && echo orphan lives; kill "$(cat orphan)"
