/* SPDX-License-Identifier: MIT */
/*
 * What /proc says of frames, locks, input and output, mapped files, and the
 * knobs of memory. Every expectation was recorded on Linux 6.1.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "text.h"

#define PAGE 4096
#define BIT(n) (1ull << (n))
enum {
	KPF_DIRTY = 4,
	KPF_SLAB = 7,
	KPF_BUDDY = 10,
	KPF_MMAP = 11,
	KPF_ANON = 12,
	KPF_SWAPBACKED = 14,
	KPF_NOPAGE = 20,
	KPF_ZERO_PAGE = 24,
	KPF_MLOCKED = 33,
};

/* The first line of a file that begins so, or all of its first one. */
static const char *line(const char *path, const char *begin)
{
	static char text[256];
	FILE *f = fopen(path, "r");
	int found = 0;

	while (f && !found && fgets(text, sizeof(text), f))
		found = strncmp(text, begin, strlen(begin)) == 0;
	if (f)
		fclose(f);
	text[strcspn(text, "\n")] = 0;
	return found ? text : "";
}

static uint64_t entry(const char *path, uint64_t n)
{
	uint64_t v = ~0ull;
	int fd = open(path, O_RDONLY);

	need(fd >= 0);
	need(pread(fd, &v, 8, (off_t)(n * 8)) == 8);
	close(fd);
	return v;
}

static uint64_t frame_of(const void *p)
{
	return entry("/proc/self/pagemap", (unsigned long)p / PAGE) &
	       (BIT(55) - 1);
}

static uint64_t flags_of(const void *p)
{
	return entry("/proc/kpageflags", frame_of(p));
}

static uint64_t count_of(const void *p)
{
	return entry("/proc/kpagecount", frame_of(p));
}

static void test_frames(void)
{
	volatile char *p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	volatile char *s = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t flags, slabs = 0, free_ones = 0, none = 0, v[512];
	int fd = open("/proc/kpageflags", O_RDONLY), n, i;

	p[0] = 1;
	s[0] = 1;
	flags = flags_of((void *)p);
	is(flags & BIT(KPF_ANON), BIT(KPF_ANON));
	is(flags & BIT(KPF_MMAP), BIT(KPF_MMAP));
	is(flags & BIT(KPF_SWAPBACKED), BIT(KPF_SWAPBACKED));
	is(flags & (BIT(KPF_SLAB) | BIT(KPF_BUDDY) | BIT(KPF_NOPAGE)), 0);
	is(count_of((void *)p), 1);
	flags = flags_of((void *)s);
	is(flags & (BIT(KPF_ANON) | BIT(KPF_MMAP)), BIT(KPF_MMAP));
	is(flags & BIT(KPF_SWAPBACKED), BIT(KPF_SWAPBACKED));
	if (p[PAGE] == 0)
		is(flags_of((void *)(p + PAGE)) & BIT(KPF_ZERO_PAGE),
		   BIT(KPF_ZERO_PAGE));
	if (fork() == 0) {
		n = s[0]; /* fork did not map it */
		_exit(count_of((void *)p) == 2 && count_of((void *)s) == 2 &&
		      n == 1);
	}
	wait(&n);
	is(n, 1 << 8);
	is(mlock((void *)p, PAGE), 0);
	is((flags_of((void *)p) & BIT(KPF_MLOCKED)) != 0, 1);
	munlock((void *)p, PAGE);
	is(flags_of((void *)p) & BIT(KPF_MLOCKED), 0);
	while ((n = (int)read(fd, v, sizeof(v))) > 0) {
		for (i = 0; i < n / 8; i++) {
			slabs += !!(v[i] & BIT(KPF_SLAB));
			free_ones += !!(v[i] & BIT(KPF_BUDDY));
			none += !!(v[i] & BIT(KPF_NOPAGE));
		}
	}
	is(n, 0);
	is(slabs > 50, 1);
	is(free_ones > 1000, 1);
	is(none < 2000, 1);
	is(pread(fd, v, 8, 4), -EINVAL);
	is(pread(fd, v, 7, 0), -EINVAL);
	is(pread(fd, v, 8, 1 << 28), 0);
	close(fd);
}

static void test_locks(void)
{
	int fd = open("/lockfile", O_RDWR | O_CREAT, 0600);
	int other = open("/lockfile", O_RDWR);
	struct flock l = { .l_type = F_WRLCK, .l_start = 10, .l_len = 5 };
	char want[128], text[256];
	struct stat st;
	int dev;

	need(fd >= 0 && fstat(fd, &st) == 0);
	dev = (int)st.st_dev;
	is(strcmp(line("/proc/locks", ""), ""), 0);
	is(fcntl(fd, F_SETLK, &l), 0);
	snprintf(want, sizeof(want),
		 "1: POSIX  ADVISORY  WRITE %d %02x:%02x:%lu 10 14", getpid(),
		 dev >> 8, dev & 255, (unsigned long)st.st_ino);
	snprintf(text, sizeof(text), "%s", line("/proc/locks", "1: POSIX"));
	is(strcmp(text, want), 0);
	l.l_type = F_UNLCK;
	fcntl(fd, F_SETLK, &l);
	is(flock(other, LOCK_SH), 0);
	snprintf(want, sizeof(want),
		 "1: FLOCK  ADVISORY  READ %d %02x:%02x:%lu 0 EOF", getpid(),
		 dev >> 8, dev & 255, (unsigned long)st.st_ino);
	snprintf(text, sizeof(text), "%s", line("/proc/locks", "1: "));
	is(strcmp(text, want), 0);
	close(other);
	l.l_type = F_RDLCK;
	l.l_pid = 0;
	is(fcntl(fd, F_OFD_SETLK, &l), 0);
	snprintf(want, sizeof(want),
		 "1: OFDLCK ADVISORY  READ -1 %02x:%02x:%lu 10 14", dev >> 8,
		 dev & 255, (unsigned long)st.st_ino);
	snprintf(text, sizeof(text), "%s", line("/proc/locks", "1: "));
	is(strcmp(text, want), 0);
	close(fd);
	is(strcmp(line("/proc/locks", ""), ""), 0);
	unlink("/lockfile");
}

static unsigned long long io(const char *name)
{
	const char *text = line("/proc/self/io", name);

	return strtoull(text + strlen(name), NULL, 10);
}

static void test_io(void)
{
	int fd = open("/dev/zero", O_RDWR);
	unsigned long long before[4], after[4];
	char buf[1000];

	before[0] = io("wchar: ");
	before[1] = io("syscw: ");
	is(write(fd, buf, 1000), 1000);
	is(write(fd, buf, 1), 1);
	is(write(fd, NULL, 0), 0);
	after[0] = io("wchar: ");
	after[1] = io("syscw: ");
	is(after[0] - before[0], 1001);
	is(after[1] - before[1], 3);
	before[0] = io("rchar: ");
	is(read(fd, buf, 700), 700);
	after[0] = io("rchar: ");
	is(after[0] - before[0] >= 700 && after[0] - before[0] < 2000, 1);
	before[0] = io("wchar: ");
	if (fork() == 0) {
		write(fd, buf, 500);
		_exit(0);
	}
	wait(NULL);
	is(io("wchar: ") - before[0], 500);
	close(fd);
}

static void test_map_files(void)
{
	int fd = open("/mapped", O_RDWR | O_CREAT, 0600);
	char path[64], to[64] = "", other[64];
	struct stat a, b;
	char *p;

	need(fd >= 0 && ftruncate(fd, 2 * PAGE) == 0);
	p = mmap(NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx",
		 (unsigned long)p, (unsigned long)p + 2 * PAGE);
	is(readlink(path, to, sizeof(to) - 1) > 0, 1);
	is(strcmp(to, "/mapped"), 0);
	unlink("/mapped");
	is(stat(path, &a), 0);
	fstat(fd, &b);
	is(a.st_ino == b.st_ino, 1);
	snprintf(other, sizeof(other), "/proc/self/map_files/%lx-%lx",
		 (unsigned long)p, (unsigned long)p + PAGE);
	is(readlink(other, to, sizeof(to) - 1), -ENOENT);
	snprintf(other, sizeof(other), "/proc/self/map_files/0%lx-%lx",
		 (unsigned long)p, (unsigned long)p + 2 * PAGE);
	is(readlink(other, to, sizeof(to) - 1), -ENOENT);
	munmap(p, 2 * PAGE);
	is(stat(path, &a), -ENOENT);
	close(fd);
}

static long low_of_normal(int field)
{
	FILE *f = fopen("/proc/zoneinfo", "r");
	char text[256];
	long v[4] = { 0 };
	int normal = 0;

	while (f && fgets(text, sizeof(text), f)) {
		if (strncmp(text, "Node", 4) == 0)
			normal = strstr(text, "Normal") != NULL;
		if (!normal)
			continue;
		sscanf(text, " min %ld", &v[0]);
		sscanf(text, " low %ld", &v[1]);
		sscanf(text, " high %ld", &v[2]);
	}
	if (f)
		fclose(f);
	return v[field];
}

static long dma_reserve(void)
{
	const char *text = line("/proc/zoneinfo", "        protection: (");
	long a = -1, b = -1;

	sscanf(text, " protection: (%ld, %ld", &a, &b);
	return b;
}

#define VM "/proc/sys/vm/"

static void test_knobs(void)
{
	long min, gap, reserve;

	is(atoi(line(VM "panic_on_oom", "")), 0);
	is(put(VM "panic_on_oom", "3"), -EINVAL);
	is(put(VM "panic_on_oom", "1"), 0);
	is(put(VM "panic_on_oom", "0"), 0);
	is(atoi(line(VM "oom_kill_allocating_task", "")), 0);
	is(atoi(line(VM "swappiness", "")), 60);
	is(put(VM "swappiness", "201"), -EINVAL);
	is(put(VM "swappiness", "10"), 0);
	is(atoi(line(VM "swappiness", "")), 10);
	is(put(VM "swappiness", "60"), 0);
	is(atoi(line(VM "vfs_cache_pressure", "")), 100);
	is(put(VM "vfs_cache_pressure", "-1"), -EINVAL);

	is(atoi(line(VM "watermark_scale_factor", "")), 10);
	is(put(VM "watermark_scale_factor", "0"), -EINVAL);
	is(put(VM "watermark_scale_factor", "3001"), -EINVAL);
	is(put(VM "watermark_scale_factor", "10"), 0);
	min = low_of_normal(0);
	gap = low_of_normal(1) - min;
	is(low_of_normal(2) - min, 2 * gap);
	is(put(VM "watermark_scale_factor", "500"), 0);
	is(low_of_normal(0), min);
	is(low_of_normal(1) - min > gap, 1);
	is(low_of_normal(2) - low_of_normal(1), low_of_normal(1) - min);
	is(put(VM "watermark_scale_factor", "10"), 0);
	is(low_of_normal(1) - min, gap);

	is(strncmp(line(VM "lowmem_reserve_ratio", ""), "256\t32\t0", 8), 0);
	reserve = dma_reserve();
	is(reserve > 0, 1);
	is(put(VM "lowmem_reserve_ratio", "128"), 0);
	is(dma_reserve() >= 2 * reserve && dma_reserve() <= 2 * reserve + 1, 1);
	is(put(VM "lowmem_reserve_ratio", "0 32 0"), 0);
	is(dma_reserve(), 0);
	is(put(VM "lowmem_reserve_ratio", "256 32 0"), 0);
	is(dma_reserve(), reserve);

	is(put(VM "drop_caches", "5"), -EINVAL);
	is(put(VM "drop_caches", "3"), 0);
}

#define PRESSURE "/proc/pressure/"

/* One of "some" and "full" of a resource; -1: the line is a wrong one. */
static long stalled_us(const char *path, const char *which)
{
	long total = -1;
	char format[128];

	snprintf(format, sizeof(format),
		 "%s avg10=%%*d.%%*2d avg60=%%*d.%%*2d avg300=%%*d.%%*2d "
		 "total=%%ld",
		 which);
	sscanf(line(path, which), format, &total);
	return total;
}

/* What is written is n bytes, the last of which is taken for the end. */
static long trigger(int fd, const char *text)
{
	return value(write(fd, text, strlen(text) + 1));
}

static void test_pressure(void)
{
	static const char *const files[] = { PRESSURE "io", PRESSURE "memory",
					     PRESSURE "cpu" };
	struct pollfd p = { .events = POLLPRI };
	long before;
	int i, pid;

	for (i = 0; i < 3; i++) {
		is(stalled_us(files[i], "some") >= 0, 1);
		is(stalled_us(files[i], "full") >= 0, 1);
	}
	p.fd = open(files[2], O_RDWR);
	need(p.fd >= 0);
	is(poll(&p, 1, 0), 1);
	is(p.revents & (POLLPRI | POLLERR), POLLPRI | POLLERR);
	is(trigger(p.fd, "some 100000"), -EINVAL);
	is(trigger(p.fd, "most 100000 1000000"), -EINVAL);
	is(trigger(p.fd, "some 0 1000000"), -EINVAL);
	is(trigger(p.fd, "some 1000001 1000000"), -EINVAL);
	is(trigger(p.fd, "some 100000 499999"), -EINVAL);
	is(trigger(p.fd, "some 100000 10000001"), -EINVAL);
	is(write(p.fd, "", 0), -EINVAL);
	is(trigger(p.fd, "some 100000 1000000"), 20);
	is(trigger(p.fd, "some 100000 1000000"), -EBUSY);
	p.revents = 0;
	is(poll(&p, 1, 1500), 0); /* no task waits for the processor */
	before = stalled_us(files[2], "some");
	pid = fork();
	while (!pid)
		;
	for (i = 0; i < 300000000 && !(poll(&p, 1, 0) == 1); i++)
		;
	is(p.revents & (POLLPRI | POLLERR), POLLPRI);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	check(stalled_us(files[2], "some") - before >= 50000,
	      "two programs and one processor are pressure", "%ld us",
	      stalled_us(files[2], "some") - before);
	is(stalled_us(files[2], "full"), 0);
	close(p.fd);
	pid = fork();
	if (!pid) {
		int fd = setuid(1000) ? -1 : open(files[0], O_RDWR);

		_exit(!(trigger(fd, "full 1000 1000000") == -EINVAL &&
			trigger(fd, "full 1000 2000000") == 18));
	}
	need(waitpid(pid, &i, 0) == pid);
	is(i, 0);
}

/* Files of sysfs that can only be read are not opened for writing. */
static void test_sysfs(void)
{
	static const char fact[] = "/sys/devices/system/cpu/online";

	is(open(fact, O_WRONLY), -EACCES);
	is(open(fact, O_RDWR), -EACCES);
	is(open(fact, O_RDONLY) >= 0, 1);
	is(open("/proc/uptime", O_WRONLY) >= 0, 1);
}

int main(void)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} tests[] = {
		{ "frames", test_frames }, { "locks", test_locks },
		{ "io", test_io },	   { "map_files", test_map_files },
		{ "knobs", test_knobs },   { "pressure", test_pressure },
		{ "sysfs", test_sysfs },
	};
	unsigned int i;

	for (i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
		int before = checks_failed;

		tests[i].run();
		check(checks_failed == before, tests[i].name, "see above");
	}
	return checks_done();
}
