/* SPDX-License-Identifier: MIT */
/*
 * Pages of equal contents become one: /sys/kernel/mm/ksm, MADV_MERGEABLE, and
 * what counts of it, over processes that fork, write, swap, move and end.
 */
#include "check.h"
#include "text.h"
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define SYS "/sys/kernel/mm/ksm/"
#define PAGE 4096ul
#define PAGES 512ul
#define KPF_KSM 21

/* The number after @word in a file; -1: there is none. */
static long number(const char *path, const char *word)
{
	static char text[65536];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	const char *at;

	if (fd >= 0)
		close(fd);
	if (n < 0)
		return -1;
	text[n] = 0;
	at = strstr(text, word);
	return at ? atol(at + strlen(word)) : -1;
}

static long count(const char *name)
{
	char path[80];

	snprintf(path, sizeof(path), SYS "%s", name);
	return number(path, "");
}

/* Two rounds over all pages begin and end. */
static void wait_rounds(void)
{
	long until = count("full_scans") + 3;

	for (int i = 0; i < 3000 && count("full_scans") < until; i++)
		usleep(10000);
	need(count("full_scans") >= until);
}

static char *take(unsigned long pages)
{
	char *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	need(p != MAP_FAILED);
	need(!madvise(p, pages * PAGE, MADV_MERGEABLE));
	return p;
}

static void fill(char *p, unsigned long pages, char c)
{
	memset(p, c, pages * PAGE);
}

static int holds(const char *p, unsigned long pages, char c)
{
	for (unsigned long i = 0; i < pages * PAGE; i++)
		if (p[i] != c)
			return 0;
	return 1;
}

/* The flags of the frame behind @p, of /proc/kpageflags. */
static uint64_t frame_flags(const void *p)
{
	int map = open("/proc/self/pagemap", O_RDONLY);
	int flags = open("/proc/kpageflags", O_RDONLY);
	uint64_t entry = 0, bits = 0;

	need(map >= 0 && flags >= 0);
	need(pread(map, &entry, 8, (off_t)((uintptr_t)p / PAGE * 8)) == 8);
	entry &= (1ull << 55) - 1;
	need(pread(flags, &bits, 8, (off_t)(entry * 8)) == 8);
	close(map);
	close(flags);
	return bits;
}

static void check_counts(long shared, long sharing, const char *name)
{
	check(count("pages_shared") == shared &&
		      count("pages_sharing") == sharing,
	      name, "%ld shared, %ld sharing", count("pages_shared"),
	      count("pages_sharing"));
}

static void check_settings(void)
{
	is(put(SYS "run", "3"), -EINVAL);
	is(put(SYS "run", "x"), -EINVAL);
	is(put(SYS "max_page_sharing", "1"), -EINVAL);
	is(put(SYS "use_zero_pages", "?"), -EINVAL);
	is(put(SYS "merge_across_nodes", "2"), -EINVAL);
	is(put(SYS "pages_to_scan", "-1"), -EINVAL);
	is(count("run"), 0);
	is(count("pages_to_scan"), 100);
	is(count("sleep_millisecs"), 20);
	is(count("max_page_sharing"), 256);
	is(count("merge_across_nodes"), 1);
	is(count("use_zero_pages"), 0);
	is(count("stable_node_chains_prune_millisecs"), 2000);
	is(put(SYS "pages_to_scan", "10000"), 0);
	is(put(SYS "sleep_millisecs", "10"), 0);
	is(put(SYS "max_page_sharing", "100000"), 0);
}

/* One process: two values, a page of its own, and one that goes on changing. */
static void check_one(void)
{
	char *p = take(PAGES);

	fill(p, PAGES / 2, 'a');
	fill(p + PAGES / 2 * PAGE, PAGES / 2, 'b');
	p[0] = 'x';
	need(!put(SYS "run", "1"));
	wait_rounds();
	check_counts(2, (long)PAGES - 3, "equal pages are merged");
	is(count("pages_unshared"), 1);
	is(count("pages_volatile"), 0);
	is(number("/proc/self/ksm_merging_pages", ""), (long)PAGES - 1);
	is(number("/proc/self/ksm_stat", "ksm_rmap_items"), (long)PAGES);
	check((frame_flags(p + PAGE) >> KPF_KSM & 1) &&
		      !(frame_flags(p) >> KPF_KSM & 1),
	      "kpageflags says so", "%#llx",
	      (unsigned long long)frame_flags(p + PAGE));
	p[PAGE] = 'y';
	check(p[PAGE] == 'y' && holds(p + PAGE + 1, PAGES / 2 - 2, 'a'),
	      "a write is its writer's alone", "%c", p[PAGE]);
	check(number("/proc/vmstat", "cow_ksm") > 0, "it is counted", "%ld",
	      number("/proc/vmstat", "cow_ksm"));
	is(madvise(p, PAGES * PAGE, MADV_UNMERGEABLE), 0);
	is(number("/proc/self/ksm_merging_pages", "") <= (long)PAGES, 1);
	check(holds(p + 2 * PAGE, PAGES / 2 - 2, 'a') &&
		      holds(p + PAGES / 2 * PAGE, PAGES / 2, 'b'),
	      "unmerged pages hold what they did", "p %p", (void *)p);
	check(!(frame_flags(p + 2 * PAGE) >> KPF_KSM & 1),
	      "and are their space's own", "%#llx",
	      (unsigned long long)frame_flags(p + 2 * PAGE));
	munmap(p, PAGES * PAGE);
}

/* A child with equal pages that ends when it is told. */
static pid_t child_with(char c, int *tell)
{
	int fds[2];
	char *p, go;
	pid_t pid;

	need(!pipe(fds));
	fflush(stdout);
	pid = fork();
	need(pid >= 0);
	if (pid) {
		close(fds[0]);
		*tell = fds[1];
		return pid;
	}
	close(fds[1]);
	p = take(PAGES);
	fill(p, PAGES, c);
	if (read(fds[0], &go, 1) != 1)
		_exit(2);
	_exit(!holds(p, PAGES, c));
}

static void end_child(pid_t pid, int tell)
{
	int status = 0;

	need(write(tell, "x", 1) == 1);
	close(tell);
	need(waitpid(pid, &status, 0) == pid);
	check(!status, "a process has what it wrote", "status %#x", status);
}

/* Several processes. */
static void check_many(void)
{
	pid_t pids[3];
	int tell[3];

	need(!put(SYS "run", "2"));
	check_counts(0, 0, "all is undone");
	is(count("full_scans"), 0);
	need(!put(SYS "run", "1"));
	pids[0] = child_with('c', &tell[0]);
	pids[1] = child_with('a', &tell[1]);
	pids[2] = child_with('a', &tell[2]);
	usleep(100000);
	wait_rounds();
	check_counts(2, 3 * (long)PAGES - 2, "processes share");
	is(put(SYS "max_page_sharing", "256"), -EBUSY);
	end_child(pids[1], tell[1]);
	wait_rounds();
	check_counts(2, 2 * (long)PAGES - 2, "one of them ends");
	end_child(pids[2], tell[2]);
	end_child(pids[0], tell[0]);
	for (int i = 0; i < 1000 && count("pages_shared"); i++)
		usleep(10000);
	check_counts(0, 0, "nothing is left of those that ended");
}

/* A family, of which the first ends before the others are scanned. */
static void check_fork(void)
{
	char *p = take(PAGES);
	int status = 0;
	pid_t pid;

	fill(p, PAGES, 'f');
	wait_rounds();
	is(count("pages_sharing"), (long)PAGES - 1);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		pid = fork();
		if (pid)
			_exit(pid < 0);
		usleep(20000);
		memset(p, 'g', PAGE);
		_exit(p[0] != 'g' || !holds(p + PAGE, PAGES - 1, 'f'));
	}
	need(waitpid(pid, &status, 0) == pid);
	is(status, 0);
	wait_rounds();
	check(holds(p, PAGES, 'f'), "a fork's writes are its own", "%c", p[0]);
	p = mremap(p, PAGES * PAGE, PAGES * PAGE, MREMAP_MAYMOVE);
	need(p != MAP_FAILED);
	check(holds(p, PAGES, 'f'), "an area that moved has them", "%c", p[0]);
	munmap(p, PAGES * PAGE);
}

/* max_page_sharing, and pages of zeroes. */
static void check_limits(void)
{
	char *p;

	need(!put(SYS "run", "2"));
	need(!put(SYS "max_page_sharing", "8"));
	need(!put(SYS "run", "1"));
	p = take(64);
	fill(p, 64, 'l');
	for (int i = 0; i < 4; i++)
		wait_rounds();
	check(count("pages_shared") == 8 && count("stable_node_chains") == 1 &&
		      count("stable_node_dups") == 8,
	      "one page stands for so many", "%ld shared, %ld chains, %ld dups",
	      count("pages_shared"), count("stable_node_chains"),
	      count("stable_node_dups"));
	munmap(p, 64 * PAGE);
	need(!put(SYS "use_zero_pages", "1"));
	p = take(64);
	fill(p, 64, 0);
	wait_rounds();
	check(count("pages_sharing") < 8 && holds(p, 64, 0),
	      "zeroes need no page", "%ld sharing", count("pages_sharing"));
	munmap(p, 64 * PAGE);
	need(!put(SYS "use_zero_pages", "0"));
	need(!put(SYS "run", "2"));
	need(!put(SYS "max_page_sharing", "256"));
	need(!put(SYS "run", "0"));
	check_counts(0, 0, "at the end nothing is merged");
}

int main(void)
{
	check_settings();
	check_one();
	check_many();
	check_fork();
	check_limits();
	return checks_done();
}
