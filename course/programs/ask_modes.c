/* SPDX-License-Identifier: MIT */
/*
 * Exercises of lesson 1: instructions that a child process tries, on the
 * processor that this runs on, and the signal that ends it.
 */
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../model/part.h"

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

static void no_instruction(void)
{
	__asm__ volatile("ud2");
}

static void divide(void)
{
	__asm__ volatile("xor %%edx, %%edx; xor %%ecx, %%ecx; mov $7, %%eax;"
			 "div %%ecx" ::
				 : "eax", "ecx", "edx");
}

static void break_point(void)
{
	__asm__ volatile("int3");
}

static void read_null(void)
{
	__asm__ volatile("xor %%eax, %%eax; mov (%%rax), %%ecx" ::
				 : "rax", "ecx");
}

static void read_flags(void)
{
	__asm__ volatile("pushf; pop %%rax" ::: "rax");
}

static void which_processor(void)
{
	__asm__ volatile("xor %%eax, %%eax; cpuid" ::
				 : "eax", "ebx", "ecx", "edx");
}

static void read_clock(void)
{
	__asm__ volatile("rdtsc" ::: "eax", "edx");
}

static const struct
try {
	const char *what;
	void (*run)(void);
}
tries[] = {
	{ "cli, which stops interrupts", disable_interrupts },
	{ "hlt, which halts the processor", halt },
	{ "in, which reads the keyboard's port", read_port },
	{ "a mov to cr3, which changes the page tables", change_tables },
	{ "ud2, which is reserved as no instruction", no_instruction },
	{ "div, with a divisor of zero", divide },
	{ "int3, a debugger's break point", break_point },
	{ "a mov from address 0", read_null },
	{ "pushf and pop, which read the flags", read_flags },
	{ "cpuid, which tells what the processor is", which_processor },
	{ "rdtsc, which reads the clock of the processor", read_clock },
};

#define NR (sizeof(tries) / sizeof(tries[0]))

static const char *end_of(const struct try *t)
{
	const struct rlimit no_core = { 0, 0 };
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &no_core);
		t->run();
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return "nothing, for there is no process more";
	return WIFSIGNALED(status) ? sigabbrev_np(WTERMSIG(status)) : "allowed";
}

static void ask_modes(void)
{
	size_t first = draw_below(NR), i;

	for (i = 0; i < 4; i++) {
		const struct try *t = &tries[(first + 3 * i) % NR];

		ask("A program tries %s. Which signal ends it? SEGV, ILL, FPE, "
		    "TRAP or BUS, or: allowed",
		    t->what);
		answer("%s", end_of(t));
		because("What only ring 0 may do is a general protection "
			"fault, and the kernel makes SEGV of that. Other "
			"exceptions have signals of their own.");
	}
}

static const struct lesson lessons[] = { { 1, ask_modes }, { 0, NULL } };
static const struct part part = { .lessons = lessons };
const struct part *const course_parts[] = { &part, NULL };
