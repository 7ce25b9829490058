# SPDX-License-Identifier: MIT
# What goes wrong, and what is said about it.
cat nothing
cat /
echo x >/
mkdir d && mkdir d
echo >f && mkdir f/x
cd f
ls f/x
rmdir nothing
touch d/x && rmdir d
ln -s loop loop && cat loop
rm d
mv d d/e
ln d hardlink
mv nothing x
cp f f
kill 99999
kill -99 $$
umount /tmp/errors
mount -t nothing none d
mount -t tmpfs none nothing
chmod 644 nothing
echo x >/dev/full
dd if=/dev/zero of=/dev/full bs=10 count=1 2>&1 | grep -i space
./f
chmod +x f && ./f && echo an empty line is a script
./d
nothing
/bin/nothing
cat <&9
echo x >/proc/meminfo
echo x >/proc/nothing
ls /proc/self/fd/77
cat /proc/self/mem
name=$(head -c 300 /dev/zero | tr '\0' n) && echo x >"$name"
i=0 && while [ $i -lt 30 ]; do long=$long/$name && i=$((i + 1)); done
cat "$long" 2>&1 | tail -c 20
