/* SPDX-License-Identifier: MIT */
/*
 * Programs that want more memory than there is, for bench/pressure: how many
 * pages move between the swap area, /dev/sdb, and memory, and what that takes.
 *
 *   there    twice as much as can be had, written once and read once
 *   walk     1.5 times, at random: 80 % of the accesses to 20 % of the pages
 *   sort     twice as much, by quicksort
 *   clean    a file of 1.5 times on /mnt, read twice
 *   gcc      Debian's, which lies on /mnt with what it compiles, -O2
 *   redis    four fifths of what can be had are filled with values of 1,000
 *            bytes, then half as many are changed, 80 % of the accesses to 20 %
 *            of them, while a snapshot is written; then a quarter is read
 *
 * A line for each: pages in and out of disks, and milliseconds in which the
 * processor was busy, be it with the program or with the kernel.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/swap.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096ul
#define SWAP_DISK "/dev/sdb"

static void need(int good, const char *what)
{
	if (good)
		return;
	perror(what);
	exit(1);
}

/* The number behind @name in a file, or 0. */
static unsigned long long number(const char *path, const char *name)
{
	static char text[65536];
	int fd = open(path, O_RDONLY);
	size_t n = 0;
	ssize_t got;
	char *s;

	need(fd >= 0, path);
	while ((got = read(fd, text + n, sizeof(text) - 1 - n)) > 0)
		n += got;
	text[n] = 0;
	close(fd);
	s = strstr(text, name);
	return s ? strtoull(s + strlen(name), NULL, 10) : 0;
}

static unsigned long long ms_since_boot(void)
{
	double up;
	FILE *f = fopen("/proc/uptime", "r");

	need(f && fscanf(f, "%lf", &up) == 1, "/proc/uptime");
	fclose(f);
	return (unsigned long long)(up * 1000);
}

/* Of those, how many the processor had nothing to do. */
static unsigned long long ms_idle(void)
{
	unsigned long long user, nice, system, idle, iowait;
	FILE *f = fopen("/proc/stat", "r");

	need(f && fscanf(f, "cpu %llu %llu %llu %llu %llu", &user, &nice,
			 &system, &idle, &iowait) == 5,
	     "/proc/stat");
	fclose(f);
	return (idle + iowait) * 10;
}

static void make_swap(void)
{
	static char page[PAGE];
	uint32_t *info = (uint32_t *)(page + 1024);
	int fd = open(SWAP_DISK, O_RDWR);
	off_t bytes = lseek(fd, 0, SEEK_END);

	need(fd >= 0 && bytes > 0, SWAP_DISK);
	info[0] = 1;
	info[1] = bytes / PAGE - 1;
	memcpy(page + PAGE - 10, "SWAPSPACE2", 10);
	need(pwrite(fd, page, PAGE, 0) == (ssize_t)PAGE, "pwrite");
	need(!fsync(fd), "fsync");
	close(fd);
	need(!swapon(SWAP_DISK, 0), "swapon");
}

static void *map(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	need(p != MAP_FAILED, "mmap");
	madvise(p, bytes, MADV_NOHUGEPAGE);
	return p;
}

static uint32_t rnd(void)
{
	static uint64_t state = 88172645463325252ull;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state >> 32;
}

/* ---- programs ---- */

static void there(unsigned long pages)
{
	unsigned long i, n = 2 * pages;
	uint32_t *p = map(n * PAGE);

	for (i = 0; i < n; i++)
		p[i * 1024] = i;
	for (i = 0; i < n; i++)
		need(p[i * 1024] == i, "a page is another");
}

static void walk(unsigned long pages)
{
	unsigned long n = pages + pages / 2, hot = n / 5, i, at;
	uint32_t *p = map(n * PAGE);

	for (i = 0; i < n; i++)
		p[i * 1024] = i;
	for (i = 0; i < 6 * n; i++) {
		at = rnd() % 5 ? rnd() % hot : hot + rnd() % (n - hot);
		/* The hot ones lie among the others. */
		at = at * 7919 % n;
		need(p[at * 1024] == at, "a page is another");
		if (i % 2)
			p[at * 1024 + 1] = i;
	}
}

struct record {
	uint32_t key, data[3];
};

static void quicksort(struct record *a, long n)
{
	struct record r;
	uint32_t pivot;
	long i, j;

	while (n > 12) {
		pivot = a[n / 2].key;
		for (i = 0, j = n - 1; i <= j;) {
			while (a[i].key < pivot)
				i++;
			while (a[j].key > pivot)
				j--;
			if (i > j)
				break;
			r = a[i];
			a[i++] = a[j];
			a[j--] = r;
		}
		quicksort(a, j + 1);
		a += i;
		n -= i;
	}
	for (i = 1; i < n; i++) {
		r = a[i];
		for (j = i; j && a[j - 1].key > r.key; j--)
			a[j] = a[j - 1];
		a[j] = r;
	}
}

static void sort(unsigned long pages)
{
	size_t n = 2 * pages * PAGE / sizeof(struct record), i;
	struct record *a = map(2 * pages * PAGE);

	for (i = 0; i < n; i++)
		a[i].key = rnd();
	quicksort(a, n);
	for (i = 1; i < n; i++)
		need(a[i - 1].key <= a[i].key, "it is not sorted");
}

static void clean(unsigned long pages)
{
	static char buf[1 << 16];
	unsigned long bytes = (pages + pages / 2) * PAGE, i;
	int round, fd = open("/mnt/file", O_RDONLY);

	need(fd >= 0, "/mnt/file");
	for (round = 0; round < 2; round++)
		for (i = 0; i + sizeof(buf) <= bytes; i += sizeof(buf))
			need(pread(fd, buf, sizeof(buf), i) ==
				     (ssize_t)sizeof(buf),
			     "pread");
}

/* A program of the disk's begins; it finds the disk as its root. */
static pid_t begin(char *const words[])
{
	static char *const environ[] = { "PATH=/usr/bin:/bin", NULL };
	pid_t pid = fork();

	need(pid >= 0, "fork");
	if (pid)
		return pid;
	need(!chroot("/mnt") && !chdir("/"), "chroot");
	execve(words[0], words, environ);
	perror(words[0]);
	_exit(127);
}

static void gcc(unsigned long pages)
{
	char source[20], path[60];
	char *words[] = { "/usr/bin/gcc", "-O2",  "-c", "-o",
			  "/tmp/out.o",	  source, NULL };
	int i, status;

	(void)pages;
	for (i = 0;; i++) {
		snprintf(source, sizeof(source), "/src/%d.i", i);
		snprintf(path, sizeof(path), "/mnt%s", source);
		if (access(path, R_OK))
			break;
		need(waitpid(begin(words), &status, 0) > 0 && !status, source);
	}
	need(i > 0, path);
}

#define VALUE 1000u

static FILE *redis_connected(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX,
				  .sun_path = "/mnt/tmp/redis" };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), tries = 0;

	need(fd >= 0, "socket");
	while (connect(fd, (void *)&to, sizeof(to)) && ++tries < 6000)
		usleep(100000);
	need(tries < 6000, "redis does not answer");
	return fdopen(fd, "r+");
}

/* The rest of an answer's line, or of the value that it announces. */
static long redis_answer(FILE *redis, char *line, int size)
{
	need(fgets(line, size, redis) && *line != '-', line);
	if (*line == '$' && atol(line + 1) >= 0) {
		long bytes = atol(line + 1) + 2;

		need(bytes < size &&
			     fread(line, 1, bytes, redis) == (size_t)bytes,
		     "a value");
		return bytes;
	}
	return strlen(line);
}

static void redis_set(FILE *redis, uint32_t key)
{
	static uint32_t value[VALUE / 4];
	char line[100];

	for (unsigned int i = 0; i < VALUE / 4; i++)
		value[i] = rnd();
	value[0] = key;
	fprintf(redis, "*3\r\n$3\r\nSET\r\n$8\r\n%08u\r\n$%u\r\n", key, VALUE);
	fwrite(value, 1, VALUE, redis);
	fprintf(redis, "\r\n");
	fflush(redis);
	redis_answer(redis, line, sizeof(line));
}

static uint32_t redis_some(uint32_t keys)
{
	return (rnd() % 5 ? rnd() % (keys / 5) : rnd() % keys) * 7919u % keys;
}

static void redis_wait_for_snapshot(FILE *redis)
{
	static char line[20000];

	do {
		usleep(200000);
		fprintf(redis, "INFO persistence\r\n");
		fflush(redis);
		redis_answer(redis, line, sizeof(line));
	} while (strstr(line, "rdb_bgsave_in_progress:1"));
	need(strstr(line, "rdb_last_bgsave_status:ok") != NULL, "the snapshot");
}

static void redis(unsigned long pages)
{
	char *words[] = { "/usr/bin/redis-server",
			  "--port",
			  "0",
			  "--unixsocket",
			  "/tmp/redis",
			  "--dir",
			  "/tmp",
			  "--save",
			  "",
			  "--daemonize",
			  "no",
			  "--loglevel",
			  "warning",
			  NULL };
	static char line[VALUE + 100];
	uint32_t keys = (uint32_t)(pages * 4 / 5 * PAGE / (VALUE + 120)), i,
		 key;
	pid_t server = begin(words);
	FILE *redis = redis_connected();

	for (key = 0; key < keys; key++)
		redis_set(redis, key);
	fprintf(redis, "BGSAVE\r\n");
	fflush(redis);
	redis_answer(redis, line, sizeof(line));
	for (i = 0; i < keys / 2; i++)
		redis_set(redis, redis_some(keys));
	redis_wait_for_snapshot(redis);
	for (i = 0; i < keys / 4; i++) {
		key = redis_some(keys);
		fprintf(redis, "GET %08u\r\n", key);
		fflush(redis);
		redis_answer(redis, line, sizeof(line));
		need(!memcmp(line, &key, sizeof(key)), "a value is another");
	}
	fprintf(redis, "SHUTDOWN NOSAVE\r\n");
	fflush(redis);
	need(waitpid(server, NULL, 0) == server, "redis ends");
}

/* ---- counting ---- */

static const char *const events[] = {
	"pswpin",      "pswpout",      "pgmajfault",   "swap_ra",
	"swap_ra_hit", "pgactivate",   "pgdeactivate", "pgscan_anon",
	"pgscan_file", "pgsteal_anon", "pgsteal_file", "pgrefill"
};

#define NR_EVENTS (sizeof(events) / sizeof(events[0]))

static void count(unsigned long long n[NR_EVENTS])
{
	char name[40];

	for (size_t i = 0; i < NR_EVENTS; i++) {
		snprintf(name, sizeof(name), "\n%s ", events[i]);
		n[i] = number("/proc/vmstat", name);
	}
}

static void run(const char *name, void (*program)(unsigned long pages),
		unsigned long pages)
{
	unsigned long long in = number("/proc/vmstat", "\npgpgin ");
	unsigned long long out = number("/proc/vmstat", "\npgpgout ");
	unsigned long long ms = ms_since_boot(), idle = ms_idle();
	unsigned long long before[NR_EVENTS], after[NR_EVENTS];
	int status;
	pid_t pid;

	count(before);
	pid = fork();
	need(pid >= 0, "fork");
	if (!pid) {
		program(pages);
		_exit(0);
	}
	need(waitpid(pid, &status, 0) == pid && !status, name);
	ms = ms_since_boot() - ms;
	idle = ms_idle() - idle;
	in = number("/proc/vmstat", "\npgpgin ") - in;
	out = number("/proc/vmstat", "\npgpgout ") - out;
	printf("%-8s in %7llu out %7llu pages, busy %7llu ms of %7llu\n", name,
	       in / 4, out / 4, ms > idle ? ms - idle : 0, ms);
	count(after);
	for (size_t i = 0; i < NR_EVENTS; i++)
		printf("%s%s %llu", i ? ", " : "  ", events[i],
		       after[i] - before[i]);
	printf("\n");
}

int main(int argc, char **argv)
{
	const char *only = argc > 1 ? argv[1] : "";
	static const struct {
		const char *name;
		void (*program)(unsigned long pages);
	} programs[] = { { "there", there }, { "walk", walk },
			 { "sort", sort },   { "clean", clean },
			 { "redis", redis }, { "gcc", gcc } };
	unsigned long kb = number("/proc/meminfo", "\nMemAvailable:"), i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("MemAvailable %lu kB\n", kb);
	if (argc > 2)
		kb = atol(argv[2]);
	make_swap();
	for (i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		if (strstr(only, programs[i].name))
			run(programs[i].name, programs[i].program,
			    kb * 1024 / PAGE);
	printf("@@END\n");
	return 0;
}
