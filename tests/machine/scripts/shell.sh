# SPDX-License-Identifier: MIT
# Work for the shell alone: many processes, little memory, much computing.
primes=; n=2
while [ $n -lt 300 ]; do
	for p in $primes; do
		[ $((n % p)) -ne 0 ] || { n=$((n + 1)); continue 2; }
	done
	primes="$primes $n"; n=$((n + 1))
done
echo $primes
fib() { [ "$1" -lt 2 ] && echo "$1" || echo $(($(fib $(($1 - 1))) + $(fib $(($1 - 2))))); }
fib 9
deep() { [ "$1" -eq 0 ] && echo bottom || deep $(($1 - 1)); }
deep 500
s=; i=0; while [ $i -lt 1000 ]; do s="$s$i,"; i=$((i + 1)); done; echo ${#s}
case abc in a*c) echo matched ;; esac
echo $((0x7fffffff + 1)) $((1 << 40)) $((-7 / 2)) $((-7 % 3))
set -- a 'b c' d; echo $# "$2"; shift; echo "$*"
x=hello; echo ${x#he} ${x%lo} ${x:-no} ${y:-default} ${#x}
eval 'z=5'; echo $z; unset z; echo "[$z]"
f() { local x=inner; echo $x; }; f; echo $x
while read -r a b; do echo "$b $a"; done <<EOF
one two
three four
EOF
echo */ .[a-z]* 2>/dev/null
mkdir -p g; touch g/a1 g/a2 g/b1; echo g/a* g/[!a]*
date -u -d @1000000000
env -i A=1 sh -c 'echo $A; env | grep -c A='
printf '%05d|%-5s|%x|%c\n' 42 ab 255 z
trap 'echo bye' EXIT
uname -m
uname -s >/dev/null && echo a system
test -t 0; echo $?
sleep 0.1 && usleep 1000 && echo slept
cat /proc/sys/vm/overcommit_memory /proc/sys/kernel/pid_max
