# SPDX-License-Identifier: MIT
# Filters: everything from a generated table of numbers.
i=0
while [ $i -lt 2000 ]; do
	echo "$((i * 7919 % 2003)) line$i word$((i % 17))"
	i=$((i + 1))
done >table
wc <table
sort -n table | head -n 5
sort -k3,3 -k1,1n table | awk '{ s[$3] += $1 } END { for (k in s) print k, s[k] }' | sort
sed -n 's/^\([0-9]*\) line\([0-9]*\)0 .*/\2:\1/p' table | tail -n 3
grep -c 'word1$' table
grep -E '^1[0-9]{3} ' table | cut -d' ' -f3 | sort | uniq -c | sort -rn | head -n 4
tr 'a-z' 'A-Z' <table | tail -n 2
md5sum table
sha256sum <table
awk 'BEGIN { for (i = 1; i <= 5; i++) printf "%d %x %s\n", i * i, i * 255, substr("abcdefgh", i, 3) }'
seq 1 30 | paste -s -d+ | bc 2>/dev/null || seq 1 30 | awk '{ s += $1 } END { print s }'
rev table | head -n 1
sort table | md5sum
od -A d -t x1 table | head -n 2
expr 12345 \* 678
printf '%s\n' b a c | tac
cat table | fold -w 40 | wc -l
