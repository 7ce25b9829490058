/* SPDX-License-Identifier: MIT */
/*
 * What ring 3 may not do, and what it gets for trying: each case runs in a
 * child, whose signal, si_code and si_addr must be those of Linux 6.1 on the
 * same emulated processor (recorded there).
 */
#include <asm/ldt.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

/* Where si_addr must point. */
enum where {
	ZERO, /* 0 */
	HERE, /* the instruction (symbol "faulting") */
	THAT, /* the address in the case */
	ANY, /* says nothing */
};

struct result {
	int sig, code;
	unsigned long addr, eip, trap, error;
};

static struct result *result; /* shared with the child */
static unsigned char *page; /* one page, and nothing after it */
static char *read_only;
static char stack[16384] __attribute__((aligned(4096)));

static void caught(int sig, siginfo_t *info, void *context)
{
	const greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	result->sig = sig;
	result->code = info->si_code;
	result->addr = (unsigned long)info->si_addr;
	result->eip = regs[REG_EIP];
	result->trap = regs[REG_TRAPNO];
	result->error = regs[REG_ERR];
	_exit(0);
}

static void set_ldt(unsigned int limit, int not_present)
{
	struct user_desc desc = { .entry_number = 0,
				  .base_addr = (unsigned long)page,
				  .limit = limit,
				  .seg_32bit = 1,
				  .seg_not_present = not_present };

	syscall(SYS_modify_ldt, 0x11, &desc, sizeof(desc));
}

#define RUN(name, text)                                   \
	static void name(void)                            \
	{                                                 \
		__asm__ volatile("pusha;" text "; popa"); \
	}

/* Instructions that only the kernel may execute. */
RUN(do_cli, "cli")
RUN(do_sti, "sti")
RUN(do_hlt, "hlt")
RUN(do_in, "mov $0x60, %edx; in %dx, %al")
RUN(do_out, "mov $0x64, %edx; mov $0xfe, %al; out %al, %dx")
RUN(do_lgdt, "lgdt (%esp)")
RUN(do_lidt, "lidt (%esp)")
RUN(do_lldt, "xor %eax, %eax; lldt %ax")
RUN(do_ltr, "mov $0x80, %eax; ltr %ax")
RUN(do_clts, "clts")
RUN(do_read_cr0, "mov %cr0, %eax")
RUN(do_write_cr3, "xor %eax, %eax; mov %eax, %cr3")
RUN(do_write_dr7, "xor %eax, %eax; mov %eax, %dr7")
RUN(do_invlpg, "invlpg (%esp)")
RUN(do_wbinvd, "wbinvd")
RUN(do_rdmsr, "mov $0x174, %ecx; rdmsr")
RUN(do_wrmsr, "mov $0x174, %ecx; xor %eax, %eax; xor %edx, %edx; wrmsr")

/* Segments that are not there, or not for ring 3. */
RUN(do_bad_ds, "mov $0x1233, %eax; mov %ax, %ds")
RUN(do_bad_fs, "mov $0xfff3, %eax; mov %ax, %fs")
RUN(do_bad_ss, "mov $0x1233, %eax; mov %ax, %ss")
RUN(do_null_ss, "xor %eax, %eax; mov %ax, %ss")
RUN(do_code_ss, "mov %cs, %eax; mov %ax, %ss")
RUN(do_null_ds, "xor %eax, %eax; mov %ax, %ds; mov (%esp), %eax;"
		"mov %ds:(%ebx), %eax")
RUN(do_kernel_ds, "mov $0x68, %eax; mov %ax, %ds")
RUN(do_far_jump, "ljmp $0x60, $0xc0100000")
RUN(do_far_call, "lcall $0x60, $0xc0100000")
RUN(do_tss_jump, "ljmp $0x80, $0")
RUN(do_bad_iret, "pushfl; push $0x60; push $0xc0100000; iret")
RUN(do_iopl_popf, "pushfl; orl $0x3000, (%esp); popfl; cli")

/* Interrupts by number: only 3, 4 and 0x80 are open. */
RUN(do_int3, "int3")
RUN(do_int_3, "int $3")
RUN(do_int_4, "int $4")
RUN(do_int_0, "int $0")
RUN(do_int_8, "int $8")
RUN(do_int_14, "int $14")
RUN(do_int_32, "int $0x20")
RUN(do_int_255, "int $255")
RUN(do_int1, ".byte 0xf1")

/* Mistakes in arithmetic and in code. */
RUN(do_divide, "xor %ecx, %ecx; mov $1, %eax; cltd; idiv %ecx")
RUN(do_overflow, "mov $0x80000000, %eax; cltd; mov $-1, %ecx; idiv %ecx")
RUN(do_into, "mov $0x7fffffff, %eax; add $1, %eax; into")
RUN(do_bound, "pushl $5; pushl $1; mov $9, %eax; bound %eax, (%esp);"
	      "add $8, %esp")
RUN(do_ud2, "ud2")
RUN(do_bad_lock, ".byte 0xf0, 0x90")
RUN(do_mov_cs, ".byte 0x8e, 0xc8")
RUN(do_long, ".fill 16, 1, 0x66; nop")
RUN(do_step, "pushfl; orl $0x100, (%esp); popfl; nop; nop")
RUN(do_align, "pushfl; orl $0x40000, (%esp); popfl; mov 1(%esp), %eax;"
	      "pushfl; andl $~0x40000, (%esp); popfl")
RUN(do_x87, "fninit; pushl $0x37b; fldcw (%esp); fld1; fldz; fdivrp; fwait;"
	    "add $4, %esp")
RUN(do_sse, "pushl $0x1d80; ldmxcsr (%esp); xorps %xmm1, %xmm1;"
	    "mov $1, %eax; cvtsi2ss %eax, %xmm0; divss %xmm1, %xmm0;"
	    "add $4, %esp")

/* Memory that is not the program's. */
RUN(do_read_null, "mov 0, %eax")
RUN(do_write_null, "movl $1, 8")
RUN(do_read_kernel, "mov 0xc0100000, %eax")
RUN(do_write_kernel, "movl $1, 0xc0100000")
RUN(do_read_border, "mov 0xc0000000, %eax")
RUN(do_read_across, "mov 0xbfffffff, %eax")
RUN(do_read_top, "mov 0xfffffffc, %eax")
RUN(do_jump_kernel, "mov $0xc0100000, %eax; jmp *%eax")
RUN(do_jump_null, "xor %eax, %eax; jmp *%eax")
RUN(do_jump_hole, "mov $0x1000, %eax; jmp *%eax")

static void do_write_text(void)
{
	*(volatile char *)do_cli = 0;
}

static void do_write_read_only(void)
{
	*(volatile char *)read_only = 1;
}

static void do_after_page(void)
{
	(void)*(volatile int *)(page + 4094);
}

static void do_no_access(void)
{
	mprotect(page, 4096, PROT_NONE);
	(void)*(volatile char *)page;
}

/* The page of a file's mapping that lies after the file's end. */
static void do_after_file(void)
{
	int fd = open("/tmp/short", O_RDWR | O_CREAT, 0600);
	volatile char *p;

	need(ftruncate(fd, 100) == 0);
	p = mmap((void *)0x50000000, 8192, PROT_READ, MAP_SHARED | MAP_FIXED,
		 fd, 0);
	(void)p[4095];
	(void)p[4096];
}

static void do_limit(void)
{
	set_ldt(15, 0);
	__asm__ volatile("mov $7, %%eax; mov %%ax, %%fs; mov %%fs:12, %%eax;"
			 "mov %%fs:13, %%eax" ::
				 : "eax");
}

static void do_not_present(void)
{
	set_ldt(0xfff, 1);
	__asm__ volatile("mov $7, %%eax; mov %%ax, %%fs" ::: "eax");
}

static void do_not_present_ss(void)
{
	set_ldt(0xfff, 1);
	__asm__ volatile("mov $7, %%eax; mov %%ax, %%ss" ::: "eax");
}

/* A stack of zeros that was never touched: the processor brings it in. */
static char *fresh_stack(void)
{
	char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p + 2048;
}

static void do_fresh_iret(void)
{
	__asm__ volatile("mov %0, %%esp; iret" ::"r"(fresh_stack()));
}

static void do_fresh_lret(void)
{
	__asm__ volatile("mov %0, %%esp; lret" ::"r"(fresh_stack()));
}

static void do_deep(void)
{
	volatile char here[4096];

	here[0] = 0;
	if (here[0] == 0)
		do_deep();
	here[1] = 1;
}

static void do_stack_end(void)
{
	const struct rlimit limit = { 1 << 20, 1 << 20 };

	setrlimit(RLIMIT_STACK, &limit);
	do_deep();
}

static const struct {
	const char *name;
	void (*run)(void);
	int sig, code;
	enum where where;
	unsigned long that;
	int trap, error; /* error < 0: any */
} cases[] = {
	{ "cli", do_cli, SIGSEGV, SI_KERNEL, ZERO, 0, 13, 0 },
	{ "sti", do_sti, SIGSEGV, SI_KERNEL, ZERO, 0, 13, 0 },
	{ "hlt", do_hlt, SIGSEGV, SI_KERNEL, ZERO, 0, 13, 0 },
	{ "in", do_in, SIGSEGV, SI_KERNEL, ZERO, 0, 13, 0 },
	{ "out", do_out, SIGSEGV, SI_KERNEL, ZERO, 0, 13, 0 },
	{ "lgdt", do_lgdt, SIGSEGV, SI_KERNEL, ZERO, 0, 13, 0 },
	{ "lidt", do_lidt, SIGSEGV, SI_KERNEL, ZERO, 0, 13, 0 },
	{ "lldt", do_lldt, SIGSEGV, SI_KERNEL, ZERO, 0, 13, 0 },
	{ "ltr", do_ltr, SIGSEGV, SI_KERNEL, ZERO, 0, 13, 0 },
	{ "clts", do_clts, SIGSEGV, SI_KERNEL, ZERO, 0, 13, 0 },
	{ "read cr0", do_read_cr0, SIGSEGV, SI_KERNEL, ZERO, 0, 13, 0 },
	{ "write cr3", do_write_cr3, SIGSEGV, SI_KERNEL, ZERO, 0, 13, 0 },
	{ "write dr7", do_write_dr7, SIGSEGV, SI_KERNEL, ZERO, 0, 13, 0 },
	{ "invlpg", do_invlpg, SIGSEGV, SI_KERNEL, ZERO, 0, 13, 0 },
	{ "wbinvd", do_wbinvd, SIGSEGV, SI_KERNEL, ZERO, 0, 13, 0 },
	{ "rdmsr", do_rdmsr, SIGSEGV, SI_KERNEL, ZERO, 0, 13, 0 },
	{ "wrmsr", do_wrmsr, SIGSEGV, SI_KERNEL, ZERO, 0, 13, 0 },
	{ "bad ds", do_bad_ds, SIGSEGV, SI_KERNEL, ZERO, 0, 13, 0x1230 },
	{ "bad fs", do_bad_fs, SIGSEGV, SI_KERNEL, ZERO, 0, 13, 0xfff0 },
	{ "bad ss", do_bad_ss, SIGSEGV, SI_KERNEL, ZERO, 0, 13, 0x1230 },
	{ "null ss", do_null_ss, SIGSEGV, SI_KERNEL, ZERO, 0, 13, 0 },
	{ "code ss", do_code_ss, SIGSEGV, SI_KERNEL, ZERO, 0, 13, -1 },
	{ "null ds", do_null_ds, 0, 0, ZERO, 0, 0, 0 },
	{ "kernel ds", do_kernel_ds, SIGSEGV, SI_KERNEL, ZERO, 0, 13, 0x68 },
	{ "far jump", do_far_jump, SIGSEGV, SI_KERNEL, ZERO, 0, 13, 0x60 },
	{ "far call", do_far_call, SIGSEGV, SI_KERNEL, ZERO, 0, 13, 0x60 },
	{ "tss jump", do_tss_jump, SIGSEGV, SI_KERNEL, ZERO, 0, 13, 0x80 },
	{ "bad iret", do_bad_iret, SIGSEGV, SI_KERNEL, ZERO, 0, 13, 0x60 },
	{ "fresh iret", do_fresh_iret, SIGSEGV, SI_KERNEL, ZERO, 0, 13, 0 },
	{ "fresh lret", do_fresh_lret, SIGSEGV, SI_KERNEL, ZERO, 0, 13, 0 },
	{ "iopl popf", do_iopl_popf, SIGSEGV, SI_KERNEL, ZERO, 0, 13, 0 },
	{ "int3", do_int3, SIGTRAP, SI_KERNEL, ZERO, 0, 3, 0 },
	{ "int 3", do_int_3, SIGTRAP, SI_KERNEL, ZERO, 0, 3, 0 },
	{ "int 4", do_int_4, SIGSEGV, SI_KERNEL, ZERO, 0, 4, 0 },
	{ "int 0", do_int_0, SIGSEGV, SI_KERNEL, ZERO, 0, 13, 0x2 },
	{ "int 8", do_int_8, SIGSEGV, SI_KERNEL, ZERO, 0, 13, 0x42 },
	{ "int 14", do_int_14, SIGSEGV, SI_KERNEL, ZERO, 0, 13, 0x72 },
	{ "int 32", do_int_32, SIGSEGV, SI_KERNEL, ZERO, 0, 13, 0x102 },
	{ "int 255", do_int_255, SIGSEGV, SI_KERNEL, ZERO, 0, 13, 0x7fa },
	{ "int1", do_int1, SIGILL, ILL_ILLOPN, HERE, 0, 6, 0 },
	{ "divide", do_divide, SIGFPE, FPE_INTDIV, HERE, 0, 0, 0 },
	{ "overflow", do_overflow, SIGFPE, FPE_INTDIV, HERE, 0, 0, 0 },
	{ "into", do_into, SIGSEGV, SI_KERNEL, ZERO, 0, 4, 0 },
	{ "bound", do_bound, SIGSEGV, SI_KERNEL, ZERO, 0, 5, 0 },
	{ "ud2", do_ud2, SIGILL, ILL_ILLOPN, HERE, 0, 6, 0 },
	{ "bad lock", do_bad_lock, SIGILL, ILL_ILLOPN, HERE, 0, 6, 0 },
	{ "mov cs", do_mov_cs, SIGILL, ILL_ILLOPN, HERE, 0, 6, 0 },
	{ "long", do_long, SIGSEGV, SI_KERNEL, ZERO, 0, 13, 0 },
	{ "step", do_step, SIGTRAP, TRAP_TRACE, HERE, 0, 1, 0 },
	{ "align", do_align, 0, 0, ZERO, 0, 0, 0 },
	{ "x87", do_x87, SIGFPE, FPE_FLTDIV, HERE, 0, 16, 0 },
	{ "sse", do_sse, 0, 0, ZERO, 0, 0, 0 },
	{ "read null", do_read_null, SIGSEGV, SEGV_MAPERR, ZERO, 0, 14, 0x4 },
	{ "write null", do_write_null, SIGSEGV, SEGV_MAPERR, THAT, 0x8, 14,
	  0x6 },
	{ "read kernel", do_read_kernel, SIGSEGV, SEGV_MAPERR, THAT, 0xc0100000,
	  14, 0x5 },
	{ "write kernel", do_write_kernel, SIGSEGV, SEGV_MAPERR, THAT,
	  0xc0100000, 14, 0x7 },
	{ "read border", do_read_border, SIGSEGV, SEGV_MAPERR, THAT, 0xc0000000,
	  14, 0x5 },
	{ "read across", do_read_across, SIGSEGV, SEGV_MAPERR, ANY, 0, 14, -1 },
	{ "read top", do_read_top, SIGSEGV, SEGV_MAPERR, THAT, 0xfffffffc, 14,
	  0x5 },
	{ "jump kernel", do_jump_kernel, SIGSEGV, SEGV_MAPERR, HERE, 0, 14,
	  0x5 },
	{ "jump null", do_jump_null, SIGSEGV, SEGV_MAPERR, ZERO, 0, 14, 0x4 },
	{ "jump hole", do_jump_hole, SIGSEGV, SEGV_MAPERR, HERE, 0, 14, 0x4 },
	{ "write text", do_write_text, SIGSEGV, SEGV_ACCERR, THAT,
	  (unsigned long)do_cli, 14, 0x7 },
	{ "write read only", do_write_read_only, SIGSEGV, SEGV_ACCERR, THAT,
	  0x48000000, 14, 0x6 },
	{ "after page", do_after_page, SIGSEGV, SEGV_MAPERR, THAT, 0x40001000,
	  14, 0x4 },
	{ "no access", do_no_access, SIGSEGV, SEGV_ACCERR, THAT, 0x40000000, 14,
	  0x4 },
	{ "after file", do_after_file, SIGBUS, BUS_ADRERR, THAT, 0x50001000, 14,
	  0x4 },
	{ "limit", do_limit, 0, 0, ZERO, 0, 0, 0 },
	{ "not present", do_not_present, SIGBUS, SI_KERNEL, ZERO, 0, 11, 0x4 },
	{ "not present ss", do_not_present_ss, SIGBUS, SI_KERNEL, ZERO, 0, 12,
	  0x4 },
	{ "stack end", do_stack_end, SIGSEGV, SEGV_MAPERR, ANY, 0, 14, 0x6 },
};

static const int watched[] = {
	SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS
};

static void child(void (*run)(void))
{
	struct sigaction action = { .sa_sigaction = caught,
				    .sa_flags = SA_SIGINFO | SA_ONSTACK };
	const stack_t alt = { .ss_sp = stack, .ss_size = sizeof(stack) };
	unsigned int i;

	sigaltstack(&alt, NULL);
	for (i = 0; i < sizeof(watched) / sizeof(*watched); i++)
		sigaction(watched[i], &action, NULL);
	run();
	_exit(0);
}

static int wait_status(void (*run)(void))
{
	int status = -1;
	pid_t pid;

	memset(result, 0, sizeof(*result));
	fflush(stdout);
	pid = fork();
	if (!pid)
		child(run);
	waitpid(pid, &status, 0);
	return status;
}

static int address_is_right(unsigned int i)
{
	switch (cases[i].where) {
	case ZERO:
		return result->addr == 0;
	case HERE:
		return result->addr == result->eip;
	case THAT:
		return result->addr == cases[i].that;
	default:
		return 1;
	}
}

static void try_case(unsigned int i)
{
	int status = wait_status(cases[i].run);

	check(status == 0 && result->sig == cases[i].sig &&
		      result->code == cases[i].code && address_is_right(i) &&
		      (int)result->trap == cases[i].trap &&
		      (cases[i].error < 0 ||
		       (int)result->error == cases[i].error),
	      cases[i].name,
	      "wait status %#x, signal %d code %#x address %#lx "
	      "(eip %#lx) trap %ld error %#lx; "
	      "wanted %d, %#x, trap %d, error %#x",
	      status, result->sig, result->code, result->addr, result->eip,
	      result->trap, result->error, cases[i].sig, cases[i].code,
	      cases[i].trap, cases[i].error);
}

/* No signal frame can be written: the program dies of SIGSEGV. */
static void lose_stack(void)
{
	const stack_t none = { .ss_flags = SS_DISABLE };

	sigaltstack(&none, NULL);
	__asm__ volatile("mov $0xc0100000, %%esp; ud2" ::: "memory");
}

static void lose_stack_null(void)
{
	const stack_t none = { .ss_flags = SS_DISABLE };

	sigaltstack(&none, NULL);
	__asm__ volatile("xor %%esp, %%esp; push %%eax" ::: "memory");
}

/* QEMU's iret lets ring 3 into virtual 8086 mode; a real processor faults.
 * Many timer interrupts find the program there before its hlt. */
static void run_in_vm(void)
{
	static const char code[] = "\x66\xb9\0\0\0\4" /* mov $2^26, %ecx */
				   "\x67\xe2\xfd" /* loop */
				   "\xf4"; /* hlt */

	signal(SIGSEGV, SIG_DFL);
	need(mmap((void *)0x10000, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		  0) != MAP_FAILED);
	memcpy((void *)0x10000, code, sizeof(code));
	/* gs fs ds es ss sp, flags with VM, cs ip */
	__asm__ volatile("push $0; push $0; push $0; push $0; push $0;"
			 "push $256; pushfl; orl $0x20000, (%%esp);"
			 "push $0x1000; push $0; iret" ::
				 : "memory");
}

static void check_dies(const char *name, void (*run)(void))
{
	int status = wait_status(run);

	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, name,
	      "wait status %#x", status);
}

/* The flags a program comes with do not harm the kernel, nor get lost. */
static void check_flags(const char *name, unsigned int flag)
{
	unsigned int after;
	int pid;

	__asm__ volatile("pushfl; orl %2, (%%esp); popfl; int $0x80;"
			 "pushfl; mov (%%esp), %1; andl %3, (%%esp); popfl"
			 : "=a"(pid), "=&r"(after)
			 : "r"(flag), "r"(~flag), "a"(SYS_getpid)
			 : "memory", "cc");
	check(pid == getpid() && after & flag, name, "pid %d, flags %#x", pid,
	      after);
}

static void check_unknown_call(unsigned int number)
{
	char name[64];
	int ret;

	sprintf(name, "system call %#x is unknown", number);
	__asm__ volatile("int $0x80" : "=a"(ret) : "a"(number) : "memory");
	check(ret == -38, name, "it returned %d", ret);
}

int main(void)
{
	unsigned int i;

	result = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	page = mmap((void *)0x40000000, 8192, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	need(page == (void *)0x40000000);
	munmap(page + 4096, 4096);
	read_only = mmap((void *)0x48000000, 4096, PROT_READ,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		try_case(i);
	check_dies("no stack for the signal: kernel's", lose_stack);
	check_dies("no stack for the signal: NULL", lose_stack_null);
	check_dies("virtual 8086 mode, interrupted", run_in_vm);
	check_flags("direction flag", 0x400);
	check_flags("alignment flag", 0x40000);
	check_flags("nested task flag", 0x4000);
	check_unknown_call(0x7fffffff);
	check_unknown_call(0xffffffff);
	check_unknown_call(1000);
	return checks_done();
}
