/* SPDX-License-Identifier: MIT */
/*
 * Exercises of lesson 2: a child process enters the kernel so and so often,
 * and its parent, who traces it, and the kernel count.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../model/part.h"

struct plan {
	unsigned int calls, pages, divisions;
	volatile char *page;
};

struct count {
	unsigned long calls, signals, faults;
};

/* After a fault of arithmetic the program goes on behind the division. */
static void skip(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += 2;
}

static unsigned long faults(void)
{
	struct rusage r;

	getrusage(RUSAGE_SELF, &r);
	return (unsigned long)r.ru_minflt;
}

/* Where counting begins, and where it ends. */
static void mark(void)
{
	syscall(SYS_gettid);
}

static void work(const struct plan *p)
{
	unsigned int i;

	for (i = 0; i < p->calls; i++)
		syscall(SYS_getppid);
	for (i = 0; i < p->pages; i++)
		p->page[i * 4096ul] = 1;
	for (i = 0; i < p->divisions; i++)
		__asm__ volatile("xor %%edx, %%edx; xor %%ecx, %%ecx;"
				 "mov $7, %%eax; div %%ecx" ::
					 : "eax", "ecx", "edx");
}

static void child(const struct plan *p, volatile struct count *shared)
{
	const struct sigaction act = { .sa_sigaction = skip,
				       .sa_flags = SA_SIGINFO };
	const struct plan nothing = { 1, 0, 1, NULL };
	unsigned long before;

	if (sigaction(SIGFPE, &act, NULL) ||
	    ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		_exit(1);
	raise(SIGSTOP);
	shared->faults = faults(); /* once, so that no page of it is new then */
	work(&nothing);
	before = faults();
	mark();
	work(p);
	mark();
	shared->faults = faults() - before;
	_exit(0);
}

/* From stop to stop: entries of system calls, and signals. */
static void follow(pid_t pid, struct count *c)
{
	const unsigned long ends = 0x80;
	bool inside = false, counting = false;
	int status, sig = 0;

	waitpid(pid, &status, 0);
	if (!WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD))
		return;
	for (;;) {
		struct __ptrace_syscall_info info;

		if (ptrace(PTRACE_SYSCALL, pid, NULL, sig) ||
		    waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
			return;
		sig = WSTOPSIG(status);
		if ((unsigned int)sig == (SIGTRAP | ends)) {
			sig = 0;
			inside = !inside;
			if (!inside || ptrace(PTRACE_GET_SYSCALL_INFO, pid,
					      (void *)sizeof(info), &info) <= 0)
				continue;
			if (info.entry.nr == SYS_gettid)
				counting = !counting;
			else if (info.entry.nr != SYS_rt_sigreturn)
				c->calls += counting;
		} else {
			c->signals += counting;
		}
	}
}

static struct count run(const struct plan *p)
{
	struct count *shared = mmap(NULL, sizeof(*shared),
				    PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct count c = { 0, 0, 0 };
	pid_t pid;

	if (shared == MAP_FAILED)
		return c;
	shared->faults = 0;
	pid = fork();
	if (pid == 0)
		child(p, shared);
	if (pid > 0)
		follow(pid, &c);
	c.faults = shared->faults;
	munmap(shared, sizeof(*shared));
	return c;
}

static void ask_ways(void)
{
	struct plan p = { .calls = 3 + (unsigned int)draw_below(40),
			  .pages = 2 + (unsigned int)draw_below(20),
			  .divisions = 1 + (unsigned int)draw_below(6) };
	struct count c;

	p.page = mmap(NULL, 32 * 4096ul, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p.page == MAP_FAILED)
		exit(1);
	madvise((void *)p.page, 32 * 4096ul, MADV_NOHUGEPAGE);
	c = run(&p);
	ask("A program asks for its parent's number %u times, writes to %u "
	    "pages for the first time, and divides by zero %u times: a handler "
	    "of SIGFPE goes on behind the division. How many system calls does "
	    "it make for that, without the returns of its handler?",
	    p.calls, p.pages, p.divisions);
	answer("%lu", c.calls);
	because("It asks for something once for each number. A page that is "
		"not there and a division are no questions.");
	ask("How many page faults are that?");
	answer("%lu", c.faults);
	because("Each first touch of a page is exception 14. The divisions "
		"are exception 0.");
	ask("How many exceptions become signals?");
	answer("%lu", c.signals);
	because("The page faults are mended by the kernel, and the program "
		"does not notice; a division by zero is its own affair.");
}

static const struct lesson lessons[] = { { 2, ask_ways }, { 0, NULL } };
static const struct part part = { .lessons = lessons };
const struct part *const course_parts[] = { &part, NULL };
