/* SPDX-License-Identifier: MIT */
/*
 * Memory and a swap area of 40 MB, /dev/sda, are used up: who dies for it, and
 * what the log says then, line by line.
 */
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <sys/swap.h>

#include "check.h"
#include "swap.h"
#include "text.h"

#define DISK "/dev/sda"

static char all[64 << 10];

/* What came into the log since the last call: a record's text a line. */
static void read_log(int fd)
{
	static char record[2048];
	size_t used = 0;
	ssize_t n;

	while ((n = read(fd, record, sizeof(record) - 1)) > 0) {
		char *s;

		record[n] = 0;
		s = strchr(record, ';');
		need(s && used + strlen(s) < sizeof(all));
		strcpy(all + used, s + 1);
		used += strlen(s + 1);
	}
	all[used] = 0;
}

/* True if a line of the log is as an extended expression says. */
static int logged(const char *pattern)
{
	regex_t re;
	int found;

	need(!regcomp(&re, pattern, REG_EXTENDED | REG_NEWLINE | REG_NOSUB));
	found = !regexec(&re, all, 0, NULL, 0);
	regfree(&re);
	return found;
}

static const char *const report_lines[] = {
	"^oom invoked oom-killer: gfp_mask=0x100cca\\(GFP_HIGHUSER_MOVABLE"
	"\\|?[A-Z_|]*\\), order=0, oom_score_adj=0$",
	"^CPU: 0 PID: [0-9]+ Comm: oom Not tainted [0-9.]+",
	"^Call Trace:$",
	"^Mem-Info:$",
	"^active_anon:[0-9]+ inactive_anon:[0-9]+ isolated_anon:[0-9]+$",
	"^ active_file:[0-9]+ inactive_file:[0-9]+ isolated_file:[0-9]+$",
	"^ unevictable:[0-9]+ dirty:[0-9]+ writeback:[0-9]+$",
	"^ slab_reclaimable:[0-9]+ slab_unreclaimable:[0-9]+$",
	"^ mapped:[0-9]+ shmem:[0-9]+ pagetables:[0-9]+$",
	"^ sec_pagetables:0 bounce:0$",
	"^ kernel_misc_reclaimable:0$",
	"^ free:[0-9]+ free_pcp:[0-9]+ free_cma:0$",
	"^Node 0 active_anon:[0-9]+kB inactive_anon:[0-9]+kB active_file:.*"
	" shmem_thp: 0kB .* kernel_stack:[0-9]+kB pagetables:[0-9]+kB "
	"sec_pagetables:0kB all_unreclaimable\\? (yes|no)$",
	"^DMA free:[0-9]+kB boost:0kB min:[0-9]+kB low:[0-9]+kB high:[0-9]+kB"
	" reserved_highatomic:0KB active_anon:.* free_cma:0kB$",
	"^Normal free:[0-9]+kB boost:0kB .* writepending:[0-9]+kB "
	"present:[0-9]+kB managed:[0-9]+kB mlocked:0kB bounce:0kB "
	"free_pcp:[0-9]+kB local_pcp:[0-9]+kB free_cma:0kB$",
	"^lowmem_reserve\\[\\]: 0 [0-9]+ [0-9]+ [0-9]+$",
	"^Normal: ([0-9]+\\*[0-9]+kB (\\([UME]+\\) )?){11}= [0-9]+kB$",
	"^Node 0 hugepages_total=0 hugepages_free=0 hugepages_surp=0 "
	"hugepages_size=4096kB$",
	"^[0-9]+ total pagecache pages$",
	"^[0-9]+ pages in swap cache$",
	"^Free swap  = [0-9]+kB$",
	"^Total swap = 40956kB$",
	"^7[0-9]{3} pages RAM$",
	"^0 pages HighMem/MovableOnly$",
	"^[0-9]+ pages reserved$",
	"^0 pages hwpoisoned$",
	"^Tasks state \\(memory values in pages\\):$",
	"^\\[  pid  \\]   uid  tgid total_vm      rss pgtables_bytes swapents "
	"oom_score_adj name$",
	"^\\[ +[0-9]+\\]     0 +[0-9]+ +[0-9]+ +[0-9]+ +[0-9]+ +[0-9]+ +0 oom$",
	"^oom-kill:constraint=CONSTRAINT_NONE,nodemask=\\(null\\),cpuset=/,"
	"mems_allowed=0,global_oom,task_memcg=/,task=oom,pid=[0-9]+,uid=0$",
	"^Out of memory: Killed process [0-9]+ \\(oom\\) total-vm:[0-9]+kB, "
	"anon-rss:[0-9]+kB, file-rss:[0-9]+kB, shmem-rss:[0-9]+kB, UID:0 "
	"pgtables:[0-9]+kB oom_score_adj:0$",
};

static void check_report(void)
{
	size_t i, missing = 0;

	for (i = 0; i < sizeof(report_lines) / sizeof(report_lines[0]); i++)
		if (!logged(report_lines[i])) {
			missing++;
			check(0, "a line of the report", "%s", report_lines[i]);
		}
	check(!missing, "the report has all lines", "%zu missing", missing);
	if (missing)
		puts(all);
}

/* ---- programs ---- */

static void set_adj(const char *adj)
{
	need(put("/proc/self/oom_score_adj", adj) == 0);
}

/* Writes to @pages and says so; then it waits, or ends when all are there. */
static pid_t start(long pages, const char *adj, int stays)
{
	int pipes[2];
	char byte;
	pid_t pid;

	need(!pipe(pipes));
	pid = fork();
	need(pid >= 0);
	if (!pid) {
		char *p = map(pages * PAGE, MAP_PRIVATE | MAP_NORESERVE);

		set_adj(adj);
		for (long n = 0; n < pages; n++)
			fill(p, n, 5);
		need(write(pipes[1], "x", 1) == 1);
		while (stays)
			pause();
		_exit(0);
	}
	close(pipes[1]);
	if (stays)
		need(read(pipes[0], &byte, 1) == 1);
	close(pipes[0]);
	return pid;
}

static int is_killed(pid_t pid)
{
	int status = wait_for(pid);

	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static int lives(pid_t pid)
{
	int status;

	return waitpid(pid, &status, WNOHANG) == 0;
}

static void end(pid_t pid)
{
	need(!kill(pid, SIGKILL));
	need(is_killed(pid));
}

#define TOO_MUCH (200 * MB / PAGE)

static void test_largest(int log)
{
	long kills = number("/proc/vmstat", "oom_kill ");
	pid_t small = start(2 * MB / PAGE, "0", 1);

	read_log(log);
	check(is_killed(start(TOO_MUCH, "0", 0)), "the largest is killed", " ");
	check(lives(small), "and not the other", " ");
	check(number("/proc/vmstat", "oom_kill ") == kills + 1, "once", " ");
	end(small);
	read_log(log);
	check_report();
}

static void test_weights(void)
{
	pid_t dear = start(30 * MB / PAGE, "-1000", 1);
	pid_t cheap = start(2 * MB / PAGE, "1000", 1);
	pid_t hog = start(TOO_MUCH, "-500", 0);

	check(is_killed(cheap), "who was given up goes first", " ");
	check(is_killed(hog), "then who is weighted", " ");
	check(lives(dear), "and who is dear never", " ");
	end(dear);
}

static void test_knobs(int log)
{
	need(put("/proc/sys/vm/oom_dump_tasks", "0") == 0);
	read_log(log);
	check(is_killed(start(TOO_MUCH, "0", 0)), "the largest again", " ");
	read_log(log);
	check(!logged("^Tasks state") && logged("^oom-kill:constraint="),
	      "without oom_dump_tasks there is no table", " ");
	need(put("/proc/sys/vm/oom_dump_tasks", "1") == 0);
	need(put("/proc/sys/vm/oom_kill_allocating_task", "1") == 0);
	check(is_killed(start(TOO_MUCH, "-900", 0)), "who asks goes", " ");
	read_log(log);
	check(logged("^Out of memory \\(oom_kill_allocating_task\\): Killed"),
	      "and the log says why", " ");
	need(put("/proc/sys/vm/oom_kill_allocating_task", "0") == 0);
}

static long score(void)
{
	return atol(report("/proc/self/oom_score"));
}

static void test_scores(void)
{
	pid_t pid = fork();
	long n;

	need(pid >= 0);
	if (pid) {
		wait_for(pid);
		check(!atol(report("/proc/1/oom_score")), "init's score", "%s",
		      text);
		return;
	}
	n = score();
	check(n >= 666 && n < 680, "a score in the middle", "%ld", n);
	memset(map(8 * MB, MAP_PRIVATE), 1, 8 * MB);
	check(score() > n + 50, "more for who has more", "%ld", score());
	set_adj("1000");
	check(score() > 1300 && score() <= 2000, "given up", "%ld", score());
	set_adj("-1000");
	check(score() == 0, "dear", "%ld", score());
	_exit(0);
}

/* All that a program has is swapped: what ends it needs some of it. */
static void test_swapped_dies(void)
{
	long pages = 12 * MB / PAGE, swapped;
	pid_t out = start(pages, "0", 1), hog = start(36 * MB / PAGE, "0", 1);
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/status", out);
	swapped = number(path, "VmSwap:");
	check(swapped > 8 << 10, "a program is swapped", "%ld kB", swapped);
	end(out);
	check(lives(hog), "it is ended, with memory full", " ");
	end(hog);
	check(number("/proc/meminfo", "SwapFree:") > 36 << 10,
	      "what it had is free", "%s", text);
}

int main(void)
{
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);

	setvbuf(stdout, NULL, _IOLBF, 0);
	need(log >= 0);
	make_swap(DISK, 40 * MB / PAGE, 1);
	is(swapon(DISK, 0), 0);
	test_largest(log);
	test_weights();
	test_knobs(log);
	test_scores();
	test_swapped_dies();
	is(swapoff(DISK), 0);
	return checks_done();
}
