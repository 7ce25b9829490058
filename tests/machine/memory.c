/* SPDX-License-Identifier: MIT */
/*
 * Memory seen from programs: processes that share an address and nothing else,
 * work done thousands of times over that leaves the machine as it was, and all
 * of the machine's RAM.
 *
 *   memory            the first two
 *   memory ram MB     a machine of that size has it, and each page is its own
 *   memory hog        a process that takes all there is, and who dies of it
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define PAGE 4096
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

/* A row of /proc/meminfo, in pages. */
static long meminfo(const char *row)
{
	char text[4096], key[40];
	const char *at;
	int fd = open("/proc/meminfo", O_RDONLY);
	int n = read(fd, text, sizeof(text) - 1);

	close(fd);
	need(n > 0);
	text[n] = 0;
	sprintf(key, "%s:", row);
	at = strstr(text, key);
	need(at);
	return atol(at + strlen(key)) / 4;
}

/* Two processes write what they like at one address, and read it back. */
static void check_two_processes(void)
{
	int *at = mmap((void *)0x40000000, PAGE, PROT_READ | PROT_WRITE,
		       ANON | MAP_FIXED, -1, 0);
	int there[2], back[2], i, seen, wrong = 0;
	pid_t pid;

	need(pipe(there) == 0 && pipe(back) == 0);
	*at = -1;
	pid = fork();
	need(pid >= 0);
	for (i = 0; !pid && i < 100; i++) {
		need(read(there[0], &seen, sizeof(seen)) == sizeof(seen));
		seen = *at;
		*at = 1000 + i;
		need(write(back[1], &seen, sizeof(seen)) == sizeof(seen));
	}
	if (!pid)
		_exit(0);
	for (i = 0; i < 100; i++) {
		*at = i;
		need(write(there[1], &i, sizeof(i)) == sizeof(i));
		need(read(back[0], &seen, sizeof(seen)) == sizeof(seen));
		wrong += *at != i || seen != (i ? 1000 + i - 1 : -1);
	}
	waitpid(pid, NULL, 0);
	check(!wrong, "two processes with one address", "%d times wrong",
	      wrong);
	close(there[0]);
	close(there[1]);
	close(back[0]);
	close(back[1]);
	munmap(at, PAGE);
}

static void touch(char *p, int pages)
{
	int i;

	for (i = 0; i < pages; i++)
		p[i * PAGE] = 1;
}

static void map_and_unmap(void)
{
	char *p = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, ANON, -1, 0);
	char *moved;

	touch(p, 16);
	mprotect(p + 4 * PAGE, PAGE, PROT_READ);
	munmap(p + 8 * PAGE, PAGE);
	moved = mremap(p, PAGE, 4 * PAGE, MREMAP_MAYMOVE);
	need(moved != MAP_FAILED);
	munmap(moved, 4 * PAGE);
	munmap(p, 16 * PAGE);
}

static void in_child(void (*work)(void))
{
	pid_t pid = fork();

	need(pid >= 0);
	if (!pid) {
		work();
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

static void map_touch_die(void)
{
	touch(mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, ANON, -1, 0), 16);
	map_and_unmap();
}

static void fork_and_die(void)
{
	in_child(map_touch_die);
}

static void killed(void)
{
	pid_t pid = fork();

	need(pid >= 0);
	if (!pid) {
		map_touch_die();
		for (;;)
			pause();
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void shared_and_die(void)
{
	int id = shmget(IPC_PRIVATE, 8 * PAGE, IPC_CREAT | 0600);
	char *p = shmat(id, NULL, 0);

	need(id >= 0 && p != (void *)-1);
	touch(p, 8);
	shmctl(id, IPC_RMID, NULL);
	p = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	touch(p, 8);
}

static void shared(void)
{
	in_child(shared_and_die);
}

static void files_and_die(void)
{
	char data[3 * PAGE] = "x";
	int ends[2], fd = open("/tmp/file", O_RDWR | O_CREAT | O_TRUNC, 0600);
	char *p;

	need(fd >= 0 && write(fd, data, sizeof(data)) == sizeof(data));
	p = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	p[PAGE] = p[2 * PAGE] + 1;
	unlink("/tmp/file");
	need(pipe(ends) == 0 && write(ends[1], data, PAGE + 1) == PAGE + 1);
	fd = syscall(SYS_memfd_create, "memory", 0);
	need(fd < 0 || write(fd, data, sizeof(data)) == sizeof(data));
	mkdir("/tmp/folder", 0700);
	symlink("a", "/tmp/folder/link");
	rename("/tmp/folder/link", "/tmp/folder/other");
	unlink("/tmp/folder/other");
	rmdir("/tmp/folder");
}

static void files(void)
{
	in_child(files_and_die);
}

static void *thread(void *unused)
{
	(void)unused;
	touch(mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, ANON, -1, 0), 4);
	return NULL;
}

static void threads_and_die(void)
{
	pthread_t id[3];
	int i;

	for (i = 0; i < 3; i++)
		need(pthread_create(&id[i], NULL, thread, NULL) == 0);
	pthread_join(id[0], NULL);
}

static void threads(void)
{
	in_child(threads_and_die);
}

static void execute(void)
{
	char *argv[] = { "/t/memory", "nothing", NULL };
	pid_t pid = vfork();

	need(pid >= 0);
	if (!pid) {
		execv(argv[0], argv);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
}

static void execute_in_vain(void)
{
	char *argv[] = { "/proc/meminfo", NULL };

	need(execv(argv[0], argv) == -1 && errno == EACCES);
	argv[0] = "/t";
	need(execv(argv[0], argv) == -1 && errno == EACCES);
	need(open("/proc/self/nothing", O_RDONLY) == -1);
}

/* Each is done TIMES times; half a megabyte is what caches may keep. */
static void check_nothing_lost(void)
{
	static const struct {
		const char *name;
		void (*work)(void);
		int times;
	} works[] = {
		{ "map, touch, unmap", map_and_unmap, 20000 },
		{ "fork and die", fork_and_die, 3000 },
		{ "fork and be killed", killed, 2000 },
		{ "shared memory", shared, 2000 },
		{ "files and pipes", files, 2000 },
		{ "threads", threads, 1000 },
		{ "execute", execute, 1000 },
		{ "execute in vain", execute_in_vain, 5000 },
	};
	unsigned int i;
	long before, lost;
	int n;

	for (i = 0; i < sizeof(works) / sizeof(*works); i++) {
		for (n = 0; n < 20; n++)
			works[i].work();
		before = meminfo("MemFree");
		for (n = 0; n < works[i].times; n++)
			works[i].work();
		lost = before - meminfo("MemFree");
		check(lost <= 128, works[i].name, "%ld pages lost in %d times",
		      lost, works[i].times);
	}
}

/* How often @c is in a file that is read @step bytes at a time. */
static long count(const char *path, char c, size_t step)
{
	char part[4096];
	long found = 0;
	int fd = open(path, O_RDONLY), i, n;

	need(fd >= 0);
	while ((n = read(fd, part, step)) > 0)
		for (i = 0; i < n; i++)
			found += part[i] == c;
	need(n == 0);
	close(fd);
	return found;
}

/* A process has as many areas as it likes, and /proc tells of each. */
static void check_many_areas(void)
{
	const int pages = 20000;
	const long before = count("/proc/self/maps", '\n', PAGE);
	char *at = mmap(NULL, pages * PAGE, PROT_NONE, ANON, -1, 0);
	long whole, piecemeal, keys;
	int i;

	need(at != MAP_FAILED);
	for (i = 0; i < pages; i += 2)
		need(mprotect(at + i * PAGE, PAGE, PROT_READ) == 0);
	whole = count("/proc/self/maps", '\n', PAGE) - before;
	piecemeal = count("/proc/self/maps", '\n', 77) - before;
	keys = count("/proc/self/smaps", 'V', PAGE) - before;
	check(whole == pages && piecemeal == pages && keys == pages,
	      "each of 20000 areas has a line in maps and a block in smaps",
	      "%ld lines, %ld read in pieces, %ld blocks", whole, piecemeal,
	      keys);
	munmap(at, pages * PAGE);
}

/* Fills PAGES pages with their number (and the process's), reads them back. */
static int fill(long pages, int mark)
{
	int *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, ANON, -1, 0);
	long i, wrong = 0;

	if (p == MAP_FAILED)
		return 2;
	for (i = 0; i < pages; i++)
		p[i * (PAGE / 4)] = i * 8 + mark;
	for (i = 0; i < pages; i++)
		wrong += p[i * (PAGE / 4)] != i * 8 + mark;
	return wrong != 0;
}

/*
 * Nine tenths of the free memory, without the reserve of a small machine, in up
 * to five processes, held by all of them at once: each stops when it has filled
 * its part, and looks again at the end.
 */
static void check_ram(long mb)
{
	const long reserve = 64;
	long total = meminfo("MemTotal");
	long left = meminfo("MemFree") * 9 / 10 - reserve;
	const long most = 700 << 8;
	int n = 0, bad = 0, status;
	pid_t pid[8];

	printf("# MemTotal %ld KB, MemFree %ld KB\n", total * 4,
	       meminfo("MemFree") * 4);
	check(total > (mb << 8) * 9 / 10 - 768 && total <= mb << 8,
	      "all of RAM is counted", "MemTotal is %ld KB of %ld MB",
	      total * 4, mb);
	for (; left > 0 && n < 8; left -= most, n++) {
		pid[n] = fork();
		need(pid[n] >= 0);
		if (!pid[n]) {
			status = fill(left < most ? left : most, n);
			raise(SIGSTOP);
			_exit(status);
		}
		waitpid(pid[n], &status, WUNTRACED);
		bad += !WIFSTOPPED(status);
	}
	while (n--) {
		kill(pid[n], SIGCONT);
		waitpid(pid[n], &status, 0);
		bad += status != 0;
	}
	check(!bad, "all of RAM is usable, each page once", "%d wrong", bad);
}

/* The hog dies; one who has a little and the one who waits do not. */
static void check_hog(void)
{
	long before = meminfo("MemFree"), lost;
	char *little =
		mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, ANON, -1, 0);
	int status, other;
	pid_t bystander = fork(), hog;

	need(bystander >= 0);
	if (!bystander) {
		touch(little, 64);
		pause();
	}
	hog = fork();
	need(hog >= 0);
	while (!hog)
		touch(mmap(NULL, 256 * PAGE, PROT_READ | PROT_WRITE, ANON, -1,
			   0),
		      256);
	waitpid(hog, &status, 0);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
	      "the hog is killed", "wait status %#x", status);
	check(waitpid(bystander, &other, WNOHANG) == 0, "the bystander lives",
	      "wait status %#x", other);
	kill(bystander, SIGTERM);
	waitpid(bystander, &other, 0);
	check(WTERMSIG(other) == SIGTERM, "the bystander dies when told",
	      "wait status %#x", other);
	lost = before - meminfo("MemFree");
	check(lost <= 512, "the memory is free again", "%ld pages are not",
	      lost);
}

/* Linux keeps more than this: there it is no error. */
static void check_caches_shrink(void)
{
	long before = meminfo("Slab"), after;
	int i;

	for (i = 0; i < 300; i++)
		if (!fork())
			pause();
	signal(SIGTERM, SIG_IGN);
	kill(0, SIGTERM);
	signal(SIGTERM, SIG_DFL);
	for (i = 0; i < 300; i++)
		need(wait(NULL) > 0);
	sleep(6);
	after = meminfo("Slab");
	printf("# Slab %ld KB, then %ld KB\n", before * 4, after * 4);
	check(after < before + 25, "caches shrink after a storm",
	      "%ld KB, then %ld KB", before * 4, after * 4);
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "ram")) {
		check_ram(atol(argv[2]));
	} else if (argc > 1 && !strcmp(argv[1], "hog")) {
		check_hog();
		check_hog();
	} else if (argc > 1 && !strcmp(argv[1], "storm")) {
		check_caches_shrink();
	} else if (argc == 1) {
		check_two_processes();
		check_many_areas();
		check_nothing_lost();
	}
	return checks_done();
}
