# SPDX-License-Identifier: MIT
# Who may do what.
id -u; id -g
umask 077; mkdir private; echo secret >private/file; echo mine >own; chmod 755 .
umask 022; echo open >public; chmod 644 public
as id -u; as id -g
as cat public
as cat own
as cat private/file
as ls private
as sh -c 'echo x >public'
as sh -c 'echo x >new'
as rm public
as touch /tmp/of-nobody && stat -c '%u %g' /tmp/of-nobody && as rm /tmp/of-nobody
mkdir sticky && chmod 1777 sticky && echo a >sticky/root && as rm -f sticky/root
as sh -c 'echo b >sticky/nobody && rm sticky/nobody && echo removed'
chown nobody own && stat -c %u own && as cat own
as chown root own
as chmod 600 own && stat -c %a own
as kill -TERM 1
as renice -n -5 1
as mount -t tmpfs none sticky
as hostname other
as chroot / true
as sh -c 'ulimit -n 2000000'
chmod 0 own && cat own
as cat own
as mkdir sticky/d && as rmdir sticky/d && echo a folder
mkdir suid && cp /bin/busybox suid && chown nobody suid/busybox && chmod 4755 suid/busybox
suid/busybox id -u; stat -c %a suid/busybox
echo x >>suid/busybox; stat -c %a suid/busybox; as sh -c 'echo x >>suid/busybox'; stat -c %a suid/busybox
as sh -c 'cat /proc/1/environ'
as sh -c 'echo 1 >/proc/sys/vm/overcommit_memory'
