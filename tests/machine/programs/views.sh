#!/bin/sh
# SPDX-License-Identifier: MIT
# The unmodified readers of /proc, Debian's and busybox's, and whether their
# numbers and the kernel's own agree with each other.
failed=0
check() { # check NAME COMMAND: its last line of output says why
	if out=$(eval "$2" 2>&1); then
		echo "ok $1"
	else
		echo "not ok $1 - $(echo "$out" | tail -n 1)"
		failed=1
	fi
}
row() { awk -v r="$1:" '$1 == r { print $2; f = 1 } END { exit !f }' "${2:-/proc/meminfo}"; }
near() { # near A B SLACK
	[ $(($1 - $2)) -le "$3" ] && [ $(($2 - $1)) -le "$3" ] ||
		{ echo "$1 and $2"; return 1; }
}

# busybox's shell prefers busybox's own; these shall be Debian's.
for tool in ps top uptime w dmesg df mount pidof pmap renice free iostat kill; do
	path=$(ls /bin/$tool /usr/bin/$tool /sbin/$tool 2>/dev/null | head -n 1)
	eval "$tool() { $path \"\$@\"; }"
done
sleep 1000 &
child=$!

check "free: total is MemTotal" \
	'[ "$(free -k | awk "/^Mem:/ { print \$2 }")" = "$(row MemTotal)" ]'
check "free: used + available = total" '[ "$(free -w -k | awk "/^Mem:/ {
	print (\$2 > 0 && \$3 > 0 && \$3 + \$8 == \$2) }")" = 1 ]'
check "busybox free" 'busybox free | grep -q "^Mem: *[1-9]"'
check "meminfo: rows add up" '
	u=$(($(row MemFree) + $(row Buffers) + $(row Cached) + $(row AnonPages) +
		$(row Slab) + $(row KernelStack) + $(row PageTables)))
	[ $u -le $(row MemTotal) ] && near $u $(row MemTotal) 20000'
check "meminfo: high and low" '
	[ $(($(row HighTotal) + $(row LowTotal))) = $(row MemTotal) ] &&
	near $(($(row HighFree) + $(row LowFree))) $(row MemFree) 400'
check "meminfo: active and inactive" '
	near $(($(row "Active(anon)") + $(row "Active(file)"))) $(row Active) 200 &&
	near $(($(row "Inactive(anon)") + $(row "Inactive(file)"))) $(row Inactive) 200'
check "meminfo: Slab" 'near $(($(row SReclaimable) + $(row SUnreclaim))) $(row Slab) 200'
check "buddyinfo is MemFree" '
	b=$(awk "{ m = 1; for (i = 5; i <= NF; i++) { t += \$i * m; m *= 2 } }
		END { print t * 4 }" /proc/buddyinfo)
	near $b $(row MemFree) 2000'
check "pagetypeinfo is buddyinfo" '
	p=$(awk "\$5 == \"type\" && !/Number/ {
		m = 1; for (i = 7; i <= NF; i++) { t += \$i * m; m *= 2 } } END { print t * 4 }" /proc/pagetypeinfo)
	near $p $(row MemFree) 2000'
check "zoneinfo: managed pages are MemTotal" '
	m=$(awk "\$1 == \"managed\" { s += \$2 } END { print s * 4 }" /proc/zoneinfo)
	near $m $(row MemTotal) 64'
check "zoneinfo: zones" 'grep -q "^Node 0, zone  *Normal" /proc/zoneinfo'
check "vmstat file: free pages" 'near $(($(awk "/^nr_free_pages / { print \$2 }" /proc/vmstat) * 4)) $(row MemFree) 400'
check "vmstat file: faults are counted" '
	a=$(awk "/^pgfault / { print \$2 }" /proc/vmstat); busybox true
	b=$(awk "/^pgfault / { print \$2 }" /proc/vmstat); [ "$b" -gt "$a" ]'
check "slabinfo: header" 'head -n 2 /proc/slabinfo | tail -n 1 | grep -q "^# name  *<active_objs> <num_objs> <objsize>"'
check "slabinfo is Slab" '
	s=$(awk "NR > 2 { s += \$15 * \$6 } END { print s * 4 }" /proc/slabinfo)
	near $s $(row Slab) 400'
check "slabtop" 'slabtop -o | grep -q "kmalloc\|vm_area"'
check "vmstat" 'vmstat 1 2 | tail -n 1 | awk "{ exit !(NF >= 17 && \$4 > 0) }"'
check "vmstat -s" 'vmstat -s | grep -q "[1-9].* K total memory"'
check "vmstat -m" 'vmstat -m | grep -q kmalloc'
check "ps sees itself" 'ps -eo pid,comm,rss | grep -q "ps$\|ps "'
check "ps aux" 'ps aux | awk "\$2 == '$child' { f = (\$6 > 0 && \$5 >= \$6) } END { exit !f }"'
check "ps -ef: parents" '[ "$(ps -o ppid= -p '$child' | tr -d " ")" = $$ ]'
check "ps: threads" 'ps -eLf | grep -q sleep'
check "busybox ps" 'busybox ps | grep -q "sleep 1000"'
check "top" 'top -b -n 1 | grep -q "sleep$"'
check "busybox top" 'busybox top -b -n 1 | grep -q sleep'
check "uptime" 'uptime | grep -q "load average: [0-9]"'
check "pgrep, pidof" '[ "$(pgrep -x sleep)" = '$child' ] && [ "$(busybox pidof sleep)" = '$child' ]'
check "pmap: total is VmSize" '
	t=$(pmap '$child' | awk "\$1 == \"total\" { print \$2 + 0 }")
	near $t $(row VmSize /proc/'$child'/status) 8'
check "pmap -x: Rss is smaps_rollup's" '
	t=$(pmap -x $$ | awk "/^total/ { print \$4 }")
	near $t $(row Rss /proc/$$/smaps_rollup) 64'
check "smaps: sums" '
	s=$(awk "/^Rss:/ { s += \$2 } END { print s }" /proc/'$child'/smaps)
	near $s $(row VmRSS /proc/'$child'/status) 64
	s=$(awk "/^Pss:/ { p += \$2 } /^Rss:/ { r += \$2 } END { print p, r; exit !(p > 0 && p <= r) }" /proc/'$child'/smaps)'
check "maps: no overlap, names" '
	grep -q "\[stack\]" /proc/'$child'/maps && grep -q "/busybox\|/sleep" /proc/'$child'/maps &&
	grep -q "\[heap\]" /proc/self/maps'
check "statm" '[ "$(cut -d" " -f1 /proc/'$child'/statm)" = $(($(row VmSize /proc/'$child'/status) / 4)) ]'
check "status: names" 'grep -q "^Name:	sleep" /proc/'$child'/status && grep -q "^PPid:	$$" /proc/'$child'/status'
check "stat: 52 fields" '[ "$(wc -w </proc/'$child'/stat)" = 52 ]'
check "cmdline, exe, fd" '
	[ "$(tr "\0" " " </proc/'$child'/cmdline)" = "sleep 1000 " ] &&
	readlink /proc/'$child'/exe | grep -q /bin && [ -e /proc/'$child'/fd/1 ]'
check "pagemap" 'head -c 64 /proc/'$child'/pagemap | wc -c | grep -q 64'
check "oom_score_adj" 'echo 500 >/proc/'$child'/oom_score_adj && grep -q 500 /proc/'$child'/oom_score_adj'
check "ipcs" 'id=$(ipcmk -M 65536 | sed "s/.*: //"); ipcs -m | awk -v i="$id" "\$2 == i && \$5 == 65536 { f = 1 } END { exit !f }" && ipcs -m -i "$id" | grep -q bytes=65536 && ipcrm -m "$id" && ! ipcs -m | grep -q 65536'
check "ipcs -l, -u" 'ipcs -ml | grep -q "max number of segments = 4096" && ipcs -mu | grep -q "segments allocated 0"'
check "lscpu" 'lscpu | grep -q "^CPU(s): *1"'
check "lsmem-like: iomem" 'grep -qi "system ram" /proc/iomem && grep -qi "kernel code" /proc/iomem'
check "ioports" 'grep -qi "serial\|pic\|timer" /proc/ioports'
check "interrupts: the timer's count" '
	a=$(awk "/timer/ { s += \$2 } END { print s }" /proc/interrupts); sleep 1
	b=$(awk "/timer/ { s += \$2 } END { print s }" /proc/interrupts); echo $a $b; [ -n "$a" ] && [ "$b" -gt "$a" ]'
check "stat: cpu, ctxt, processes, btime" 'for k in cpu intr ctxt btime processes; do grep -q "^$k [ 0-9]*[1-9]" /proc/stat || exit 1; done'
check "cpuinfo" 'grep -q "^flags.*fpu" /proc/cpuinfo'
check "loadavg" 'grep -qE "^[0-9.]+ [0-9.]+ [0-9.]+ [0-9]+/[0-9]+ [0-9]+$" /proc/loadavg'
check "uptime file" 'a=$(cut -d. -f1 /proc/uptime); sleep 1; b=$(cut -d. -f1 /proc/uptime); [ "$b" -gt "$a" ]'
check "mounts" 'grep -q " /proc proc " /proc/mounts && findmnt /proc >/dev/null'
check "filesystems" 'grep -q "nodev	tmpfs" /proc/filesystems'
check "vmallocinfo" 'grep -q "^0x" /proc/vmallocinfo'
check "version, cmdline" 'grep -q "(" /proc/version && grep -q console=ttyS0 /proc/cmdline'
check "sysctl" 'sysctl -n vm.overcommit_memory | grep -q 0 && sysctl -w vm.overcommit_memory=2 >/dev/null && sysctl -n vm.overcommit_memory | grep -q 2 && sysctl -w vm.overcommit_memory=0'
check "sysctl: shm" '[ "$(sysctl -n kernel.shmmni)" = 4096 ]'
check "dmesg" 'dmesg | grep -qi "memory"'
check "w, who" 'w | grep -q "load average"'
check "df, mount" 'df /tmp | grep -q tmpfs && mount | grep -q "^proc on /proc"'
check "prlimit" 'prlimit --nofile | grep -q NOFILE'
check "taskset, chrt, renice" 'taskset -p $$ | grep -q "mask: 1" && chrt -p $$ >/dev/null && renice -n 3 -p '$child' >/dev/null'
check "getopt, flock" 'flock /tmp/lock true'
check "fallocate" 'fallocate -l 100000 /tmp/f && [ "$(stat -c %s /tmp/f)" = 100000 ]'
check "memory comes back in free" '
	a=$(row MemFree); dd if=/dev/zero of=/tmp/big bs=1024 count=8000 2>/dev/null
	b=$(row MemFree); rm /tmp/big; c=$(row MemFree)
	near $((a - b)) 8000 1000 && near $a $c 1000'
check "Shmem counts tmpfs" '
	a=$(row Shmem); dd if=/dev/zero of=/tmp/big bs=1024 count=4000 2>/dev/null
	b=$(row Shmem); rm /tmp/big; near $((b - a)) 4000 64'
check "losetup" '
	dd if=/dev/zero of=/tmp/img bs=1024 count=3000 2>/dev/null
	d=$(/sbin/losetup -f --show -o 512 /tmp/img) && [ "$d" = /dev/loop0 ] &&
	/sbin/losetup -a | grep -q "^/dev/loop0: .*(/tmp/img), offset 512" &&
	/sbin/losetup -l -n -O NAME,OFFSET,BACK-FILE | grep -q "^/dev/loop0 *512 /tmp/img"'
check "lsblk" '
	lsblk -n -b -o NAME,MAJ:MIN,SIZE,RO,TYPE /dev/loop0 | grep -q "^loop0 *7:0 *3071488 *0 loop" &&
	lsblk -a | grep -q "^fd0 *2:0 *1 .* disk" &&
	lsblk -n -o RA /dev/loop0 | grep -q "128"'
check "blockdev" '
	[ "$(/sbin/blockdev --getsz /dev/loop0)" = 5999 ] &&
	/sbin/blockdev --flushbufs /dev/loop0 && /sbin/losetup -d /dev/loop0 &&
	[ -z "$(/sbin/losetup -a)" ]'
# Disks: sda has partitions, and each sector its number.
sda() { awk -v d=sda -v f="$1" '$3 == d { print $f; n = 1 } END { exit !n }' /proc/diskstats; }
dd if=/dev/sda of=/dev/null bs=4096 count=300 2>/dev/null
check "lsblk: a disk and its partitions" '
	lsblk -n -r -o NAME,TYPE,SIZE,RO /dev/sda | head -n 1 | grep -q "^sda disk 8M 0$" &&
	[ "$(lsblk -n -r -o TYPE /dev/sda | grep -c part)" = "$(grep -c " sda[1-9]" /proc/partitions)" ] &&
	lsblk -n -t /dev/sda | grep -q "mq-deadline\|none"'
check "vmstat -d: a disk, as diskstats has it" '
	v=$(vmstat -d | awk "\$1 == \"sda\" { print \$2, \$3, \$4, \$6 }")
	[ "$v" = "$(sda 4) $(sda 5) $(sda 6) $(sda 8)" ] || { echo "$v"; false; }'
check "vmstat -D: sums" '
	d=$(vmstat -D | awk "/total reads/ { print \$1 }")
	[ "$d" -ge "$(sda 4)" ] && vmstat -D | grep -q "^ *[1-9][0-9]* disks"'
check "vmstat -p" 'vmstat -p sda1 | tail -n 1 | awk "{ exit !(NF == 4) }"'
check "vmstat -s: pages, swaps, interrupts" '
	vmstat -s >/tmp/s
	near $(awk "/K paged in/ { print \$1 }" /tmp/s) $(awk "/^pgpgin / { print \$2 }" /proc/vmstat) 200 &&
	grep -q "[1-9][0-9]* boot time" /tmp/s && grep -q "[1-9][0-9]* forks" /tmp/s'
check "slabtop: objects as in slabinfo" '
	t=$(slabtop -o | awk "/Active . Total Objects/ { print \$8 + 0 }")
	n=$(awk "NR > 2 { n += \$3 } END { print n }" /proc/slabinfo)
	near $t $n 2000'
check "slabtop: sorted by size" 'slabtop -o -s c | awk "NR > 7 && NF == 8 { print \$7 + 0 }" |
	head -n 5 | awk "NR > 1 && \$1 > p { exit 1 } { p = \$1 }"'
check "pmap -X: columns, and Rss of smaps_rollup" '
	pmap -X $$ >/tmp/x && grep -q "Address Perm *Offset Device *Inode *Size *Rss *Pss" /tmp/x &&
	t=$(tail -n 1 /tmp/x | awk "{ print \$2 }") && near $t $(row Rss /proc/$$/smaps_rollup) 64'
check "pmap -XX: VmFlags" 'pmap -XX $$ | head -n 2 | grep -q "VmFlags"'
check "iostat: a disk" '
	iostat -d -k sda | awk "\$1 == \"sda\" { print \$6 }" >/tmp/i &&
	near $(cat /tmp/i) $(($(sda 6) / 2)) 64'
check "iostat -c: parts of the time" '
	iostat -c | awk "/avg-cpu/ { getline; s = \$1 + \$2 + \$3 + \$4 + \$5 + \$6; exit !(s > 99 && s < 101) }"'
check "iostat -x: requests" 'iostat -x -d sda | awk "\$1 == \"sda\" { exit !(NF >= 20) }"'
check "iostat -p: partitions" 'iostat -d -p sda | grep -q "^sda1"'
kill $child
exit $failed
