/* SPDX-License-Identifier: MIT */
/*
 * Work in less memory than it wants, on disks and with allocations that fail,
 * for a time: /dev/sda has an ext2 filesystem, /dev/sdb is for swap.
 *
 *   soak SECONDS [SEED]      by the machine's own clock
 *
 *   keepers   write files, which say by their name what is in them, and get it
 *             once fsync has said that they are safe; and read them again
 *   sharers   write a file through a mapping, and read it
 *   walkers   fill memory that they have, more than there is, and walk it
 *   tempers   the same with files of tmpfs
 *   makers    make processes, pipes and directories
 *   presser   drops caches, compacts memory, has the swap area come and go
 *   spinner   always has something to do, so that time does not leap
 *
 * A call may fail, and a process may be killed: by SIGBUS where a page cannot
 * be read, or for want of memory. It is begun again then. What must not be is
 * that bytes are others than were written, or that what was safe is gone. In
 * the end nothing fails any more, and all that was kept has to be there.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "text.h"

#define PAGE 4096
#define KEPT 40 /* files that a keeper has */

#define FAILS "/sys/kernel/debug/"

/* What all processes count in, shared and locked. */
struct score {
	long verified; /* pages and files that were as they should be */
	long wrong;
	long safe, refused; /* what fsync said */
	long killed, bus; /* processes */
	long failed; /* calls that gave up */
};

static struct score *score;
static uint32_t state;
static long ends, ram;
/* A page of it is read at once: all of that is there, or nothing. */
static char buf[65536] __attribute__((__aligned__(4096)));

static uint32_t chance(uint32_t n)
{
	state = state * 1103515245 + 12345;
	return (state >> 8) % n;
}

static long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static void wrong(const char *what, long a, long b)
{
	score->wrong++;
	printf("not ok %s - %ld %ld\n", what, a, b);
}

/* Each word of page @n is its own. */
static void fill(void *page, uint32_t n, uint32_t seed)
{
	uint32_t *w = page, v = seed * 2654435761u + n * 40503u;

	for (int i = 0; i < PAGE / 4; i++)
		w[i] = v + (uint32_t)i * 2246822519u;
}

static int is_filled(const void *page, uint32_t n, uint32_t seed)
{
	const uint32_t *w = page;
	uint32_t v = seed * 2654435761u + n * 40503u;

	for (int i = 0; i < PAGE / 4; i++)
		if (w[i] != v + (uint32_t)i * 2246822519u)
			return 0;
	return 1;
}

/* ---- files that say what is in them ---- */

static int write_pages(int fd, uint32_t pages, uint32_t seed)
{
	for (uint32_t n = 0; n < pages; n++) {
		fill(buf, n, seed);
		if (pwrite(fd, buf, PAGE, (off_t)n * PAGE) != PAGE)
			return 0;
	}
	return 1;
}

/* A page that cannot be read is asked for again: 0, or -1 for good. If it is
 * the buffer that is swapped and cannot be read the process ends. */
static int read_page(int fd, uint32_t n)
{
	for (int tries = 0; tries < 200; tries++) {
		ssize_t got = pread(fd, buf, PAGE, (off_t)n * PAGE);

		if (got == PAGE)
			return 0;
		if (got < 0 && errno == EFAULT)
			raise(SIGBUS);
	}
	return -1;
}

/* As @name says, "k.SLOT.SEED.PAGES"; a file that cannot be opened for want of
 * memory is left. */
static void verify(const char *dir, const char *name)
{
	unsigned int slot, seed, pages, n;
	char path[300];
	int fd = -1;

	if (sscanf(name, "k.%u.%u.%u", &slot, &seed, &pages) != 3)
		return;
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	for (int tries = 0; fd < 0 && tries < 200; tries++)
		fd = open(path, O_RDONLY);
	if (fd < 0) {
		wrong("a safe file opens", errno, seed);
		return;
	}
	for (n = 0; n < pages; n++) {
		if (read_page(fd, n))
			wrong("a safe file can be read", n, seed);
		else if (!is_filled(buf, n, seed))
			wrong("a safe file is as it was", n, seed);
		else
			score->verified++;
	}
	close(fd);
}

struct keeper {
	char dir[32];
	char kept[KEPT][40];
};

/* A new file, which gets its name if it is safe. */
static void keep(struct keeper *k, int slot)
{
	uint32_t seed = chance(1 << 20), pages = chance(chance(4) ? 4 : 60) + 1;
	char path[100], name[40], to[100];
	int fd, good;

	snprintf(path, sizeof(path), "%s/new", k->dir);
	snprintf(name, sizeof(name), "k.%d.%u.%u", slot, seed, pages);
	snprintf(to, sizeof(to), "%s/%s", k->dir, name);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
	if (fd < 0) {
		score->failed++;
		return;
	}
	good = write_pages(fd, pages, seed) && !fsync(fd);
	close(fd);
	if (!good || rename(path, to)) {
		score->refused++;
		return;
	}
	score->safe++;
	strcpy(k->kept[slot], name);
}

static void drop(struct keeper *k, int slot)
{
	char path[100];

	snprintf(path, sizeof(path), "%s/%s", k->dir, k->kept[slot]);
	if (!unlink(path))
		k->kept[slot][0] = 0;
	else if (errno == ENOENT)
		wrong("a safe file has its name", slot, 0);
}

/* One that was begun again goes on with what there is. */
static void find_kept(struct keeper *k)
{
	DIR *d = opendir(k->dir);
	struct dirent *e;
	int slot;

	while (d && (e = readdir(d)))
		if (sscanf(e->d_name, "k.%d.", &slot) == 1 && slot >= 0 &&
		    slot < KEPT)
			snprintf(k->kept[slot], 40, "%.39s", e->d_name);
	if (d)
		closedir(d);
}

static void keeper(int id)
{
	static struct keeper k;

	snprintf(k.dir, sizeof(k.dir), "/mnt/keep%d", id);
	mkdir(k.dir, 0755);
	find_kept(&k);
	while (now() < ends) {
		int slot = chance(KEPT);

		if (!k.kept[slot][0])
			keep(&k, slot);
		else if (chance(3))
			verify(k.dir, k.kept[slot]);
		else
			drop(&k, slot);
	}
}

/* ---- a file that is mapped ---- */

#define SHARED 200u /* pages */

/* A page that could not be written may be as it was before, as the next
 * fsync() of the file says. */
static void verify_shared(const char *p, int fd, uint32_t seed, int refused)
{
	uint32_t n;

	for (n = 0; n < SHARED; n++) {
		int good = is_filled(p + n * PAGE, n, seed);

		if (good && !read_page(fd, n))
			good = is_filled(buf, n, seed);
		score->verified++;
		if (good)
			continue;
		refused |= fsync(fd) != 0;
		if (!refused)
			wrong("a mapping is as it was", n, seed);
	}
}

static void sharer(int id)
{
	uint32_t n, seed = 0;
	char path[40], *p;
	int fd, refused;

	snprintf(path, sizeof(path), "/mnt/shared%d", id);
	fd = open(path, O_RDWR | O_CREAT, 0644);
	if (fd < 0 || ftruncate(fd, SHARED * PAGE))
		exit(2);
	p = mmap(NULL, SHARED * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		 0);
	if (p == MAP_FAILED)
		exit(2);
	while (now() < ends) {
		seed++;
		fsync(fd);
		for (n = 0; n < SHARED; n++)
			fill(p + n * PAGE, n, seed);
		refused = chance(2) && msync(p, SHARED * PAGE, MS_SYNC);
		score->refused += refused;
		verify_shared(p, fd, seed, refused);
		if (!chance(4) &&
		    ftruncate(fd, 0) + ftruncate(fd, SHARED * PAGE))
			exit(2);
	}
}

/* ---- memory ---- */

static void walk(char *p, uint32_t pages, uint32_t seed)
{
	uint8_t *written = calloc(1, pages);
	uint32_t hot = pages / 5, n;

	if (!written)
		exit(2);
	while (now() < ends) {
		n = chance(5) ? chance(hot) : chance(pages);
		if (written[n] &&
		    !is_filled(p + n * PAGE, n, seed + written[n])) {
			wrong("memory is as it was", n, written[n]);
			exit(3);
		}
		score->verified += written[n] != 0;
		if (!written[n] || !chance(4)) {
			written[n] = written[n] % 250 + 1;
			fill(p + n * PAGE, n, seed + written[n]);
		}
		if (!chance(4000) &&
		    !madvise(p + n * PAGE, PAGE, MADV_DONTNEED))
			written[n] = 0;
	}
	exit(0);
}

static void walker(int id)
{
	uint32_t pages = (uint32_t)(ram / 2 / PAGE);
	int kind = id % 2 ? MAP_SHARED : MAP_PRIVATE;
	char *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
		       MAP_ANONYMOUS | kind, -1, 0);

	if (p == MAP_FAILED)
		exit(2);
	walk(p, pages, (uint32_t)id * 1000);
}

static void temper(int id)
{
	uint32_t pages = (uint32_t)(ram / 8 / PAGE), seed, n;
	char path[40];
	int fd;

	snprintf(path, sizeof(path), "/tmp/file%d", id);
	while (now() < ends) {
		fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
		if (fd < 0)
			continue;
		seed = chance(1 << 20);
		if (write_pages(fd, pages, seed)) {
			for (n = 0; n < pages; n++) {
				if (!read_page(fd, n) &&
				    !is_filled(buf, n, seed))
					wrong("tmpfs is as it was", n, seed);
				score->verified++;
			}
		}
		close(fd);
		unlink(path);
	}
}

/* ---- others ---- */

static void make_dirs(int id)
{
	char from[60], to[60];

	snprintf(from, sizeof(from), "/mnt/made%d.%u", id, chance(9));
	snprintf(to, sizeof(to), "/mnt/made%d.%u/in", id, chance(9));
	if (chance(2))
		score->failed += mkdir(from, 0755) != 0;
	else if (chance(2))
		score->failed += rename(from, to) != 0;
	else
		score->failed += rmdir(chance(2) ? to : from) != 0;
}

static void maker(int id)
{
	char byte = 7;
	int fds[2], status;
	pid_t pid;

	while (now() < ends) {
		make_dirs(id);
		if (pipe(fds)) {
			score->failed++;
			continue;
		}
		pid = fork();
		if (!pid)
			_exit(write(fds[1], &byte, 1) == 1 ? 0 : 1);
		if (pid < 0)
			score->failed++;
		else if (waitpid(pid, &status, 0) == pid && !status)
			score->verified += read(fds[0], &byte, 1) == 1;
		close(fds[0]);
		close(fds[1]);
	}
}

static void presser(int id)
{
	static const char *const what[] = { "1", "2", "3" };

	(void)id;
	while (now() < ends) {
		switch (chance(6)) {
		case 0:
			put("/proc/sys/vm/drop_caches", what[chance(3)]);
			break;
		case 1:
			put("/proc/sys/vm/compact_memory", "1");
			break;
		case 2:
			sync();
			break;
		case 3:
			if (!swapoff("/dev/sdb"))
				while (swapon("/dev/sdb", 0) && now() < ends)
					;
			break;
		default:
			sleep(1);
		}
	}
}

static void spinner(int id)
{
	(void)id;
	setpriority(PRIO_PROCESS, 0, 19);
	while (now() < ends) {
		fill(buf, 1, 2);
		if (!is_filled(buf, 1, 2))
			wrong("a page at hand", 0, 0);
	}
}

static const struct {
	void (*run)(int id);
	int nr;
} workers[] = { { keeper, 3 }, { sharer, 1 },  { walker, 4 }, { temper, 1 },
		{ maker, 1 },  { presser, 1 }, { spinner, 1 } };

#define WORKERS 12

static pid_t begin(int id, uint32_t seed)
{
	unsigned int kind = 0;
	int n = id;
	pid_t pid = fork();

	if (pid)
		return pid;
	state = seed;
	while (n >= workers[kind].nr)
		n -= workers[kind++].nr;
	workers[kind].run(id);
	exit(0);
}

/* Some calls fail from now on, or none. */
static void set_failing(const char *percent)
{
	static const char *const kinds[] = { "failslab", "fail_page_alloc",
					     "fail_make_request" };
	char path[100];

	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), FAILS "%s/probability", kinds[i]);
		while (put(path, percent))
			;
	}
}

static void set_up(void)
{
	static char header[PAGE];
	uint32_t *info = (uint32_t *)(header + 1024);
	int fd = open("/dev/sdb", O_RDWR);

	mkdir("/mnt", 0755);
	mount("debugfs", "/sys/kernel/debug", "debugfs", 0, "");
	need(!mount("/dev/sda", "/mnt", "ext2", 0, ""));
	info[0] = 1;
	need((info[1] = lseek(fd, 0, SEEK_END) / PAGE - 1) > 100);
	memcpy(header + PAGE - 10, "SWAPSPACE2", 10);
	need(pwrite(fd, header, PAGE, 0) == PAGE && !fsync(fd));
	close(fd);
	need(!swapon("/dev/sdb", 0));
	for (int i = 0; i < 3; i++) {
		static const char *const kinds[] = { "failslab",
						     "fail_page_alloc",
						     "fail_make_request" };
		char path[100];

		snprintf(path, sizeof(path), FAILS "%s/times", kinds[i]);
		is(put(path, "-1"), 0);
	}
	is(put("/sys/block/sda/make-it-fail", "1"), 0);
	is(put("/sys/block/sdb/make-it-fail", "1"), 0);
	score = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	need(score != MAP_FAILED && !mlock(score, PAGE));
	ram = number_of("/proc/meminfo", "MemTotal") * 1024;
}

static void say(long begun)
{
	printf("%ld s: %ld verified, %ld wrong, %ld safe, %ld refused, "
	       "%ld failed, %ld killed, %ld by SIGBUS, swapped %ld %ld\n",
	       now() - begun, score->verified, score->wrong, score->safe,
	       score->refused, score->failed, score->killed, score->bus,
	       number_of("/proc/vmstat", "pswpin"),
	       number_of("/proc/vmstat", "pswpout"));
	fflush(stdout);
}

/* Begins each worker, and again what was killed, until the end. */
static void look_after(void)
{
	pid_t pids[WORKERS] = { 0 }, pid;
	long begun = now(), said = begun;
	int status, i;

	while (now() < ends) {
		for (i = 0; i < WORKERS; i++)
			if (pids[i] <= 0)
				pids[i] = begin(i, chance(1 << 30));
		pid = waitpid(-1, &status, WNOHANG);
		for (i = 0; pid > 0 && i < WORKERS; i++)
			if (pids[i] == pid)
				pids[i] = 0;
		if (pid > 0 && WIFSIGNALED(status)) {
			score->killed++;
			score->bus += WTERMSIG(status) == SIGBUS;
		}
		if (pid <= 0)
			usleep(100000);
		if (now() >= said + 60) {
			said = now();
			say(begun);
		}
	}
	while ((pid = waitpid(-1, &status, 0)) > 0 || errno != ECHILD)
		;
	say(begun);
}

static void verify_all(void)
{
	char dir[32];
	struct dirent *e;
	int id, files = 0;
	DIR *d;

	for (id = 0; id < workers[0].nr; id++) {
		snprintf(dir, sizeof(dir), "/mnt/keep%d", id);
		d = opendir(dir);
		while (d && (e = readdir(d)))
			if (!strncmp(e->d_name, "k.", 2)) {
				files++;
				verify(dir, e->d_name);
			}
		if (d)
			closedir(d);
	}
	check(files > 0, "files were kept", "none");
}

int main(int argc, char **argv)
{
	long seconds = argc > 1 ? atol(argv[1]) : 10;

	setvbuf(stdout, NULL, _IOLBF, 0);
	state = argc > 2 ? (uint32_t)atol(argv[2]) : 1;
	set_up();
	need(!mlockall(MCL_CURRENT));
	ends = now() + seconds;
	set_failing("1");
	look_after();
	set_failing("0");
	verify_all();
	is(swapoff("/dev/sdb"), 0);
	need(!umount("/mnt"));
	need(!mount("/dev/sda", "/mnt", "ext2", 0, ""));
	verify_all();
	need(!umount("/mnt"));
	check(!score->wrong, "nothing is lost", "%ld", score->wrong);
	check(score->verified > 1000, "work was done", "%ld", score->verified);
	return checks_done();
}
