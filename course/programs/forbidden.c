/* SPDX-License-Identifier: MIT */
/* What a program may not do: each case in a child, and the signal that ends
 * it. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void disable_interrupts(void)
{
	__asm__ volatile("cli");
}

static void halt(void)
{
	__asm__ volatile("hlt");
}

static void read_port(void)
{
	__asm__ volatile("mov $0x60, %%edx; in %%dx, %%al" ::: "eax", "edx");
}

static void change_tables(void)
{
	__asm__ volatile("mov %0, %%cr3" ::"r"(0ul));
}

static void read_kernel(void)
{
	(void)*(volatile int *)0xc0100000ul;
}

static void add(void)
{
	__asm__ volatile("add $1, %%eax" ::: "eax");
}

static const struct {
	const char *what;
	void (*run)(void);
} cases[] = {
	{ "cli: no more interrupts", disable_interrupts },
	{ "hlt: stop the processor", halt },
	{ "in: read the keyboard's port", read_port },
	{ "mov to cr3: other page tables", change_tables },
	{ "a read at 3 GB: the kernel's memory", read_kernel },
	{ "add: arithmetic", add },
};

int main(void)
{
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int status;
		pid_t pid;

		fflush(stdout);
		pid = fork();
		if (pid == 0) {
			cases[i].run();
			_exit(0);
		}
		waitpid(pid, &status, 0);
		printf("%-38s %s\n", cases[i].what,
		       WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) :
					     "is allowed");
	}
	return 0;
}
