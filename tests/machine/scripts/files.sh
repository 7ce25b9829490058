# SPDX-License-Identifier: MIT
# What a file system must do.
umask 022
mkdir -p a/b/c d && echo hello >a/b/c/file && echo world >>a/b/c/file
cp -r a e && diff -r a e && echo copied
ln a/b/c/file d/hard && ln -s ../a/b/c/file d/soft && ln -s nowhere d/dangling
cat d/hard d/soft
cat d/dangling
stat -c '%n %s %a %h %F' a/b/c/file d/hard d/soft d/dangling a d
mv d/hard d/renamed && ls d
chmod 640 d/renamed && ls -l d/renamed | cut -c1-10
chmod u+s,g-r d/renamed && stat -c %a d/renamed
rm d/renamed && cat d/soft
readlink -f d/soft
rmdir a
rm -r e && ls
dd if=/dev/zero of=big bs=4096 count=300 2>/dev/null && wc -c <big
dd if=/dev/zero of=big bs=1 seek=1000000 count=1 conv=notrunc 2>/dev/null
truncate -s 5000000 big && stat -c %s big && du -k big | cut -f1
truncate -s 100 big && od -c big | head -n 1 && du -k big | cut -f1
for n in 3 1 2 5 4; do echo $n >list$n; done
ls list* && find . -name "list*"
tar cf t.tar a d && mkdir x && tar xf t.tar -C x && diff -r a x/a && find x | sort
gzip -c t.tar | gunzip | cmp - t.tar && echo gzip
find . -name 'file' -o -type l | sort
mkfifo fifo && (echo through the fifo >fifo &) && cat fifo
mknod null c 1 3 && echo gone >null && cat null && stat -c '%F %t %T' null
touch -d '2001-02-03 04:05:06' old && stat -c %y old | cut -c1-19
test old -ot a && echo older
exec 5>shared && echo one >&5 && (echo two >&5) && exec 5>&- && cat shared
exec 6<list3 && rm list3 && cat <&6 && exec 6<&-
echo x >one && echo y >two && mv one two && cat two
mkdir sub && cd sub && rmdir ../sub && ls && echo x >file
cd .. && ls -d sub
chroot . /nothing
pwd
mkdir bin && cp /bin/busybox bin && bin/busybox echo 'a copy runs' &&
	cmp bin/busybox /bin/busybox && echo equal
