# SPDX-License-Identifier: MIT
# Data that goes from one process to the next.
dd if=/dev/zero bs=65536 count=64 2>/dev/null | tr '\0' 'x' | cat | cat | wc -c
head -c 3000000 /dev/zero | gzip | gunzip | md5sum
(seq 1 50000 | tee copy | sort -rn | head -n 2); wc -l <copy
cat copy | (read -r a; read -r b; echo "$a $b"; wc -l)
mkfifo f; (for i in 1 2 3; do echo $i; done >f) & while read -r l; do echo "got $l"; done <f; wait
{ echo out; echo err >&2; } 2>&1 >/dev/null | cat
cat <<EOF | tr a-z A-Z
a here document with $((6 * 7))
EOF
seq 1 100000 | head -n 1
dd if=/dev/urandom bs=1000 count=1000 2>/dev/null | wc -c
head -c 100000 /dev/zero | dd bs=7 2>/dev/null | wc -c
echo abc | dd bs=1 skip=1 count=1 2>/dev/null; echo
x=$(head -c 200000 /dev/zero | tr '\0' y); echo ${#x}
seq 1 2000 | xargs -n 100 echo | wc -l
echo first >log; (sleep 1; echo second >>log) & tail -f log & t=$!; sleep 4; kill $t; wait
sh -c 'echo to nobody; echo $? >&2' 2>status | true; echo done
yes abcdefgh | head -c 1000000 | md5sum
echo left behind | { sleep 1; cat /proc/self/fd/0; }
{ sleep 1; echo to nobody >/proc/self/fd/1; } 2>/dev/null | exec true; echo done
