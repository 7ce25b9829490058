/* SPDX-License-Identifier: MIT */
/*
 * Files in memory, pipes and SysV segments as programs use them. Every check
 * holds on Linux as well: run it there with a folder of a tmpfs.
 *
 *   files [FOLDER]    the folder (/tmp) must be in a tmpfs and be writable
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define PAGE 4096
#define RW (PROT_READ | PROT_WRITE)

static char page[PAGE];
static void *volatile bad_address = (void *)1;
#define bad ((void *)bad_address)

/* ---- names and bytes in a tmpfs ---- */

static long size_of(const char *name)
{
	struct stat st;

	return lstat(name, &st) ? -errno : (long)st.st_size;
}

static long links_of(const char *name)
{
	struct stat st;

	return lstat(name, &st) ? -errno : (long)st.st_nlink;
}

static int names_in(const char *folder)
{
	DIR *d = opendir(folder);
	int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static void check_names(void)
{
	char name[300], to[300];
	int i;

	is(mkdir("d", 0755), 0);
	is(mkdir("d", 0755), -EEXIST);
	is(links_of("d"), 2);
	is(size_of("d"), 40);
	is(mkdir("d/e", 0700), 0);
	is(links_of("d"), 3);
	is(size_of("d"), 60);
	is(rmdir("d"), -ENOTEMPTY);
	is(close(open("d/f", O_CREAT | O_EXCL | O_WRONLY, 0644)), 0);
	is(open("d/f", O_CREAT | O_EXCL | O_WRONLY, 0644), -EEXIST);
	is(link("d/f", "d/g"), 0);
	is(links_of("d/g"), 2);
	is(size_of("d"), 100);
	is(symlink("f", "d/s"), 0);
	is(size_of("d/s"), 1);
	is(readlink("d/s", to, sizeof(to)), 1);
	is(rename("d/g", "d/f"), 0); /* the same file: nothing happens */
	is(links_of("d/g"), 2);
	is(rename("d/f", "d/e/h"), 0);
	is(access("d/s", F_OK), -ENOENT);
	is(links_of("d/e/h"), 2);
	is(rename("d/e", "d/e/x"), -EINVAL);
	is(rename("d/s", "d/e"), -EISDIR);
	is(mkfifo("d/p", 0600), 0);
	is(unlink("d/e"), -EISDIR);
	is(rmdir("d/g"), -ENOTDIR);
	memset(name, 'n', sizeof(name));
	name[255] = 0;
	is(mkdir(name, 0700), 0);
	is(rmdir(name), 0);
	name[255] = 'n';
	name[256] = 0;
	is(mkdir(name, 0700), -ENAMETOOLONG);
	for (i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "d/e/%d", i);
		is(close(creat(name, 0600)), 0);
	}
	is(names_in("d/e"), 501);
	for (i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "d/e/%d", i);
		is(unlink(name), 0);
	}
	is(unlink("d/e/h") | unlink("d/g") | unlink("d/s") | unlink("d/p"), 0);
	is(size_of("d"), 60);
	is(rmdir("d/e") | rmdir("d"), 0);
	check(1, "names", " ");
}

/* A list that is read while names go: none comes twice, none is left out. */
static void check_listing(void)
{
	int seen = 0, i;
	char name[30];
	struct dirent *e;
	DIR *d;

	is(mkdir("l", 0755), 0);
	for (i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "l/%d", i);
		is(close(creat(name, 0600)), 0);
	}
	d = opendir("l");
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		seen++;
		snprintf(name, sizeof(name), "l/%.20s", e->d_name);
		is(unlink(name), 0);
	}
	closedir(d);
	is(seen, 3000);
	is(rmdir("l"), 0);
	check(1, "a folder that empties while it is listed", " ");
}

static void check_bytes(void)
{
	int fd = open("f", O_CREAT | O_RDWR | O_TRUNC, 0644);
	char buf[PAGE * 2];
	struct stat st;

	memset(page, 'x', PAGE);
	is(write(fd, page, PAGE), PAGE);
	is(pwrite(fd, page, 10, 3 * PAGE + 5), 10);
	is(lseek(fd, 0, SEEK_END), 3 * PAGE + 15);
	is(lseek(fd, 0, SEEK_HOLE), PAGE);
	is(lseek(fd, PAGE, SEEK_DATA), 3 * PAGE);
	is(lseek(fd, 3 * PAGE + 15, SEEK_DATA), -ENXIO);
	fstat(fd, &st);
	is(st.st_blocks, 16);
	is(pread(fd, buf, sizeof(buf), 2 * PAGE), PAGE + 15);
	is(buf[PAGE - 1] | buf[PAGE + 4], 0);
	is(buf[PAGE + 5], 'x');
	is(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 10, PAGE),
	   0);
	is(pread(fd, buf, 20, 0), 20);
	is(buf[9], 'x');
	is(buf[10], 0);
	is(fallocate(fd, 0, 0, 6 * PAGE), 0);
	fstat(fd, &st);
	is(st.st_blocks, 48);
	is(st.st_size, 6 * PAGE);
	is(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 8 * PAGE), 0);
	fstat(fd, &st);
	is(st.st_blocks, 64);
	is(st.st_size, 6 * PAGE);
	is(fallocate(fd, 0, -1, 1), -EINVAL);
	is(fallocate(fd, 0x100, 0, 1), -EOPNOTSUPP);
	is(ftruncate(fd, 5), 0);
	fstat(fd, &st);
	is(st.st_blocks, 8);
	is(ftruncate(fd, -1), -EINVAL);
	is(lseek(fd, 0, SEEK_SET), 0);
	is(read(fd, bad, 5), -EFAULT);
	is(write(fd, bad, 5), -EFAULT);
	close(fd);
	fd = open("f", O_WRONLY | O_APPEND);
	is(write(fd, "ab", 2), 2);
	is(read(fd, buf, 1), -EBADF);
	close(fd);
	is(size_of("f"), 7);
	is(unlink("f"), 0);
	check(1, "bytes", " ");
}

/* A file lives on while it is open, and its memory comes back. */
static void check_unlinked(void)
{
	struct statfs before, during, after;
	int fd = open("u", O_CREAT | O_RDWR, 0600), i;
	char *p;

	statfs(".", &before);
	is(before.f_type, 0x01021994);
	is(unlink("u"), 0);
	for (i = 0; i < 64; i++)
		is(write(fd, page, PAGE), PAGE);
	p = mmap(NULL, 64 * PAGE, RW, MAP_SHARED, fd, 0);
	close(fd);
	is(p[5 * PAGE], page[0]);
	p[7] = 1;
	statfs(".", &during);
	is(before.f_bfree - during.f_bfree, 64);
	munmap(p, 64 * PAGE);
	statfs(".", &after);
	is(before.f_bfree - after.f_bfree, 0);
	check(1, "a file without a name", " ");
}

static void check_copies(void)
{
	int in = open("in", O_CREAT | O_RDWR, 0600), i, ends[2];
	int out = open("out", O_CREAT | O_RDWR, 0600);
	char buf[PAGE];
	off_t at = PAGE / 2;
	loff_t a = 0, b = 10;

	for (i = 0; i < 3; i++) {
		memset(page, 'a' + i, PAGE);
		is(write(in, page, PAGE), PAGE);
	}
	is(sendfile(out, in, &at, 10 * PAGE), 2 * PAGE + PAGE / 2);
	is(at, 3 * PAGE);
	is(pread(out, buf, 2, PAGE / 2 - 1), 2);
	is(buf[0] == 'a' && buf[1] == 'b', 1);
	is(sendfile(out, in, &at, PAGE), 0);
	is(sendfile(in, in, NULL, 0), 0);
	is(pipe(ends), 0);
	at = 0;
	is(sendfile(ends[1], in, &at, PAGE), PAGE);
	is(read(ends[0], buf, PAGE), PAGE);
	is(buf[PAGE - 1], 'a');
	is(sendfile(out, ends[0], NULL, 1), -EINVAL);
	is(sendfile(-1, in, NULL, 1), -EBADF);
	is(copy_file_range(in, &a, out, &b, 2 * PAGE, 0), 2 * PAGE);
	is(a, 2 * PAGE);
	is(b, 2 * PAGE + 10);
	is(copy_file_range(in, &a, in, &a, 10, 0), -EINVAL);
	is(copy_file_range(in, &a, out, &b, 10, 7), -EINVAL);
	is(unlink("in") | unlink("out"), 0);
	close(in);
	close(out);
	close(ends[0]);
	close(ends[1]);
	check(1, "sendfile, copy_file_range", " ");
}

/* ---- memfd ---- */

static int has_line(const char *file, const char *text)
{
	static char all[65536];
	int fd = open(file, O_RDONLY), n = 0, got;

	while ((got = read(fd, all + n, sizeof(all) - 1 - n)) > 0)
		n += got;
	close(fd);
	all[n > 0 ? n : 0] = 0;
	return strstr(all, text) != NULL;
}

static void check_memfd(void)
{
	int fd = memfd_create("some name", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	char *p;

	is(fcntl(fd, F_GETFD), FD_CLOEXEC);
	is(fcntl(fd, F_GET_SEALS), 0);
	is(ftruncate(fd, 2 * PAGE), 0);
	p = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 0);
	p[PAGE] = 5;
	is(has_line("/proc/self/maps", "/memfd:some name (deleted)"), 1);
	is(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -EBUSY);
	is(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);
	is(ftruncate(fd, PAGE), -EPERM);
	is(ftruncate(fd, 3 * PAGE), -EPERM);
	is(pwrite(fd, page, 1, 2 * PAGE), -EPERM);
	is(munmap(p, 2 * PAGE), 0);
	is(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
	is(write(fd, page, 1), -EPERM);
	is(mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0), -EPERM);
	p = mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, PAGE);
	is(p[0], 5);
	is(munmap(p, PAGE), 0);
	is(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL), 0);
	is(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL), -EPERM);
	close(fd);
	fd = memfd_create("", 0);
	is(fcntl(fd, F_GET_SEALS), F_SEAL_SEAL);
	is(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -EPERM);
	close(fd);
	is(memfd_create("x", 0x8000), -EINVAL);
	is(memfd_create(bad, 0), -EFAULT);
	memset(page, 'm', 300);
	page[250] = 0;
	is(memfd_create(page, 0), -EINVAL);
	page[249] = 0;
	is(close(memfd_create(page, 0)), 0);
	check(1, "memfd and seals", " ");
}

/* ---- pipes ---- */

static int readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };

	poll(&p, 1, 0);
	return p.revents;
}

static volatile int pipe_signals;

static void on_sigpipe(int sig)
{
	(void)sig;
	pipe_signals++;
}

static void check_pipe(void)
{
	static char big[200000], back[200000];
	int ends[2], n;

	is(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
	is(pipe2(ends, 0x8), -EINVAL);
	is(fcntl(ends[0], F_GETPIPE_SZ), 65536);
	is(readable(ends[0]), 0);
	is(readable(ends[1]), POLLOUT);
	is(read(ends[0], page, 1), -EAGAIN);
	is(lseek(ends[0], 0, SEEK_CUR), -ESPIPE);
	is(read(ends[1], page, 1), -EBADF);
	is(write(ends[1], "hello", 5), 5);
	is(ioctl(ends[0], FIONREAD, &n), 0);
	is(n, 5);
	is(readable(ends[0]), POLLIN);
	is(read(ends[0], page, 3), 3);
	n = write(ends[1], big, 70000); /* Linux counts in pages */
	is(n > 60000 && n < 65536, 1);
	is(write(ends[1], page, 1), -EAGAIN);
	is(readable(ends[1]), 0);
	is(fcntl(ends[1], F_SETPIPE_SZ, 100), -EBUSY);
	is(fcntl(ends[1], F_SETPIPE_SZ, 200000), 262144);
	is(write(ends[1], page, PAGE), PAGE);
	is(read(ends[0], back, sizeof(back)), 2 + n + PAGE);
	is(back[0] == 'l' && back[1] == 'o', 1);
	is(fcntl(ends[1], F_SETPIPE_SZ, 1), PAGE);
	is(write(ends[1], bad, 5), -EFAULT);
	is(write(ends[1], "x", 1), 1);
	is(read(ends[0], bad, 1), -EFAULT);
	is(read(ends[0], back, 9), 1);
	close(ends[1]);
	is(readable(ends[0]), POLLHUP);
	is(read(ends[0], back, 9), 0);
	close(ends[0]);
	check(1, "pipes", " ");
}

static void check_broken_pipe(void)
{
	int ends[2];

	is(pipe(ends), 0);
	close(ends[0]);
	signal(SIGPIPE, on_sigpipe);
	is(write(ends[1], "x", 1), -EPIPE);
	is(pipe_signals, 1);
	is(readable(ends[1]), POLLOUT | POLLERR);
	close(ends[1]);
	check(1, "broken pipe", " ");
}

/* Bytes come out as they went in, whatever the sizes of reads and writes. */
static void check_stream(void)
{
	static char big[200000], back[200000];
	int ends[2], n, status, i;

	is(pipe(ends), 0);
	for (i = 0; i < (int)sizeof(big); i++)
		big[i] = (char)(i * 7 + i / 251);
	if (!fork()) {
		for (i = 0; i < 50; i++)
			if (write(ends[1], big, sizeof(big)) != sizeof(big))
				_exit(1);
		_exit(0);
	}
	close(ends[1]);
	for (i = 0, n = 0; (status = read(ends[0], back, 1 + i % 9999)) > 0;
	     i++, n = (n + status) % sizeof(big)) {
		int first = (int)sizeof(big) - n < status ?
				    (int)sizeof(big) - n :
				    status;

		if (memcmp(back, big + n, first) ||
		    memcmp(back + first, big, status - first))
			break;
	}
	is(status, 0);
	wait(&status);
	is(status, 0);
	close(ends[0]);
	check(1, "a long way through a pipe", " ");
}

static void check_fifo(void)
{
	int r, w, status;

	is(mkfifo("fifo", 0600), 0);
	is(open("fifo", O_WRONLY | O_NONBLOCK), -ENXIO);
	r = open("fifo", O_RDONLY | O_NONBLOCK);
	is(readable(r), 0);
	w = open("fifo", O_WRONLY);
	is(write(w, "abc", 3), 3);
	is(read(r, page, 10), 3);
	close(w);
	is(readable(r), POLLHUP);
	is(read(r, page, 10), 0);
	close(r);
	if (!fork()) {
		w = open("fifo", O_WRONLY);
		_exit(write(w, "xyz", 3) != 3);
	}
	r = open("fifo", O_RDONLY);
	is(read(r, page, 10), 3);
	is(read(r, page, 10), 0);
	close(r);
	wait(&status);
	is(status, 0);
	is(unlink("fifo"), 0);
	check(1, "fifos", " ");
}

/* ---- SysV shared memory ---- */

static struct shmid_ds ds;

static long attached(int id)
{
	return shmctl(id, IPC_STAT, &ds) ? -errno : (long)ds.shm_nattch;
}

static void check_shm_get(void)
{
	int id, key = 0x1234567 ^ getpid();

	is(shmget(key, PAGE, 0), -ENOENT);
	is(shmget(key, 0, IPC_CREAT | 0600), -EINVAL);
	id = shmget(key, PAGE + 1, IPC_CREAT | IPC_EXCL | 0640);
	is(id >= 0, 1);
	is(shmget(key, PAGE, IPC_CREAT | IPC_EXCL | 0600), -EEXIST);
	is(shmget(key, 3 * PAGE, 0), -EINVAL);
	is(shmget(key, 1, 0), id);
	is(attached(id), 0);
	is(ds.shm_segsz, PAGE + 1);
	is(ds.shm_perm.mode, 0640);
	is(ds.shm_perm.uid, geteuid());
	is(ds.shm_cpid, getpid());
	is(ds.shm_lpid, 0);
	is(ds.shm_atime, 0);
	is(ds.shm_ctime != 0, 1);
	ds.shm_perm.mode = 0604;
	is(shmctl(id, IPC_SET, &ds), 0);
	is(attached(id), 0);
	is(ds.shm_perm.mode, 0604);
	is(syscall(SYS_shmctl, id, IPC_STAT, bad), -EFAULT);
	is(shmctl(id, 999, &ds), -EINVAL);
	is(shmctl(-1, IPC_STAT, &ds), -EINVAL);
	is(shmctl(id, IPC_RMID, NULL), 0);
	is(shmctl(id, IPC_RMID, NULL), -EINVAL);
	is(shmget(key, PAGE, 0), -ENOENT);
	check(1, "shmget", " ");
}

static void check_shm_attach(void)
{
	int id = shmget(IPC_PRIVATE, 3 * PAGE, IPC_CREAT | 0600), status;
	char *p = shmat(id, NULL, 0), *q, *r;

	is(attached(id), 1);
	is(ds.shm_lpid, getpid());
	p[PAGE] = 7;
	q = shmat(id, NULL, SHM_RDONLY);
	is(q[PAGE], 7);
	is(mprotect(q, PAGE, RW), -EACCES);
	is(shmat(id, (void *)(q + 5), 0), -EINVAL);
	is(shmat(id, q, 0), -EINVAL);
	is(shmat(id, NULL, SHM_REMAP), -EINVAL);
	r = shmat(id, q + 5, SHM_RND | SHM_REMAP);
	is(r == q, 1);
	is(attached(id), 2);
	is(has_line("/proc/self/maps", "/SYSV00000000 (deleted)"), 1);
	if (!fork())
		_exit(attached(id) != 4 || p[PAGE] != 7);
	wait(&status);
	is(status, 0);
	is(attached(id), 2);
	is(shmdt(q + PAGE), -EINVAL);
	is(shmdt(q + 1), -EINVAL);
	is(shmdt(q), 0);
	is(shmdt(q), -EINVAL);
	is(munmap(p + PAGE, PAGE), 0); /* a hole makes two areas of it */
	is(attached(id), 2);
	is(shmctl(id, IPC_RMID, NULL), 0);
	is(attached(id), 2);
	is(ds.shm_perm.mode & 01000, 01000);
	q = shmat(id, NULL, 0); /* the id is still good */
	is(q[PAGE], 7);
	is(shmdt(p), 0);
	is(shmdt(q), 0);
	is(attached(id), -EINVAL);
	check(1, "shmat, shmdt", " ");
}

static void check_shm_info(void)
{
	struct shm_info info, more;
	struct shminfo limits;
	int id, i, max, found = 0;

	max = shmctl(0, SHM_INFO, (struct shmid_ds *)&info);
	is(max >= 0, 1);
	is(shmctl(0, IPC_INFO, (struct shmid_ds *)&limits), max);
	is(limits.shmmin, 1);
	id = shmget(IPC_PRIVATE, 5 * PAGE, IPC_CREAT | 0600);
	max = shmctl(0, SHM_INFO, (struct shmid_ds *)&more);
	is(more.used_ids - info.used_ids, 1);
	is(more.shm_tot - info.shm_tot, 5);
	for (i = 0; i <= max; i++)
		found += shmctl(i, SHM_STAT, &ds) == id;
	is(found, 1);
	is(shmctl(id, SHM_LOCK, NULL), 0);
	attached(id);
	is(ds.shm_perm.mode & 02000, 02000);
	is(shmctl(id, SHM_UNLOCK, NULL), 0);
	attached(id);
	is(ds.shm_perm.mode & 02000, 0);
	is(has_line("/proc/sysvipc/shm", "       key      shmid perms"), 1);
	is(shmctl(id, IPC_RMID, NULL), 0);
	if (geteuid() == 0 && !fork()) {
		id = shmget(IPC_PRIVATE, PAGE, 0600);
		if (setresuid(1000, 1000, 1000))
			_exit(2);
		is(shmat(id, NULL, 0), -EACCES);
		is(shmctl(id, IPC_STAT, &ds), -EACCES);
		is(shmctl(id, IPC_RMID, NULL), -EPERM);
		is(shmctl(id, SHM_LOCK, NULL), -EPERM);
		_exit(checks_done());
	}
	if (geteuid() == 0) {
		wait(&i);
		is(i, 0);
	}
	for (i = 0; i <= max + 2; i++) { /* what the child could not remove */
		id = shmctl(i, SHM_STAT, &ds);
		if (id >= 0 && ds.shm_cpid > getpid() && !ds.shm_nattch)
			shmctl(id, IPC_RMID, NULL);
	}
	check(1, "shmctl", " ");
}

/* ---- limits of pipes ---- */

static void set_fs(const char *name, int value)
{
	char path[64], text[16];
	int fd, n = snprintf(text, sizeof(text), "%d", value);

	snprintf(path, sizeof(path), "/proc/sys/fs/%s", name);
	fd = open(path, O_WRONLY);
	is(write(fd, text, (size_t)n), n);
	close(fd);
}

/* A user may have pipes of 16 pages up to 20, then of 2; up to 22 at all. */
static void limited_pipes(void)
{
	int p[2];

	need(setresuid(1000, 1000, 1000) == 0);
	is(pipe(p), 0);
	is(fcntl(p[0], F_GETPIPE_SZ), 16 * PAGE);
	is(fcntl(p[0], F_SETPIPE_SZ, 32 * PAGE), -EPERM);
	is(pipe(p), 0);
	is(fcntl(p[0], F_GETPIPE_SZ), 2 * PAGE);
	memset(page, 'p', PAGE);
	is(write(p[1], page, PAGE), PAGE);
	is(write(p[1], page, PAGE), PAGE);
	is(read(p[0], page, PAGE), PAGE);
	is(read(p[0], page, PAGE - 1), PAGE - 1);
	is(write(p[1], page, 1), 1);
	is(fcntl(p[0], F_SETPIPE_SZ, 8 * PAGE), -EPERM);
	is(pipe(p), 0);
	is(fcntl(p[0], F_SETPIPE_SZ, PAGE), PAGE);
	is(pipe(p), 0);
	is(pipe(p), -ENFILE);
	_exit(checks_done());
}

static void small_pipe(int pages)
{
	int p[2];

	need(setresuid(1000, 1000, 1000) == 0);
	is(pipe(p), 0);
	is(fcntl(p[0], F_GETPIPE_SZ), pages * PAGE);
	_exit(checks_done());
}

static void check_pipe_limits(void)
{
	int p[2], status = 1;

	set_fs("pipe-user-pages-soft", 20);
	set_fs("pipe-user-pages-hard", 22);
	if (!fork())
		limited_pipes();
	wait(&status);
	is(status, 0);
	is(pipe(p), 0);
	is(fcntl(p[0], F_SETPIPE_SZ, 32 * PAGE), 32 * PAGE);
	close(p[0]);
	close(p[1]);
	set_fs("pipe-user-pages-soft", 16384);
	set_fs("pipe-user-pages-hard", 0);
	set_fs("pipe-max-size", PAGE);
	if (!fork())
		small_pipe(1);
	wait(&status);
	is(status, 0);
	is(pipe(p), 0);
	is(fcntl(p[0], F_GETPIPE_SZ), 16 * PAGE);
	close(p[0]);
	close(p[1]);
	set_fs("pipe-max-size", 1 << 20);
	check(1, "limits of pipes", " ");
}

int main(int argc, char **argv)
{
	need(chdir(argc > 1 ? argv[1] : "/tmp") == 0);
	check_names();
	check_listing();
	check_bytes();
	check_unlinked();
	check_copies();
	check_memfd();
	check_pipe();
	check_broken_pipe();
	check_pipe_limits();
	check_stream();
	check_fifo();
	check_shm_get();
	check_shm_attach();
	check_shm_info();
	return checks_done();
}
