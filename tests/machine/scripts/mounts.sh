# SPDX-License-Identifier: MIT
# File systems in their places.
mkdir m n
mount -t tmpfs -o size=1m,mode=700 name m && stat -c %a m
grep -c ' /tmp/mounts/m tmpfs ' /proc/mounts
echo x >m/file && ls m
dd if=/dev/zero of=m/big bs=4096 count=300 2>&1 | grep -i space
df -k m | awk 'NR == 2 { print $2, $6 }'
rm m/big && df -k m | awk 'NR == 2 { print $3 }'
(cd m && umount /tmp/mounts/m)
exec 5<m/file && umount m; exec 5<&-
mount --bind m n && ls n
umount n && ls n
mount -o remount,ro m && echo y >m/file
mount -o remount,rw m && echo y >m/file && cat m/file
umount m && ls m
umount m
mount -t proc proc m && test -e m/1/status && echo proc; umount m
mv m/x n/y
mount -t tmpfs one m && mount -t tmpfs two m && grep -c /tmp/mounts/m /proc/mounts
umount m && umount m && umount m
mount -t tmpfs -o nodev,nosuid,noexec t m && cp /bin/busybox m/ && m/busybox true
umount m
test -d /proc/self/task && cat /proc/sys/kernel/ostype
