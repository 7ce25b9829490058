/* SPDX-License-Identifier: MIT */
/* What the files of port/i386 share with each other. */
#ifndef PORT_I386_LOCAL_H
#define PORT_I386_LOCAL_H

#include <i386.h>

/* Given back after boot: free_initmem(). */
#define __init __attribute__((__section__(".init.text"), __cold__))
#define __initdata __attribute__((__section__(".init.data")))

#define X86_CR0_TS 0x8u
#define X86_CR4_PSE 0x10u
#define X86_CR4_PGE 0x80u
#define X86_CR4_OSFXSR 0x200u
#define X86_CR4_OSXMMEXCPT 0x400u

/* cpuid 1, edx */
#define X86_FEATURE_FXSR (1u << 24)
#define X86_FEATURE_SSE (1u << 25)

/* Called by entry.S. traps.c: exception @vector (0 … 31) but a page fault;
 * stack overflow or worse, on a stack of its own; iret refused a program's
 * registers. */
void do_trap(struct pt_regs *regs, u32 vector, u32 error_code);
void do_double_fault(struct pt_regs *regs) __attribute__((noreturn));
void do_bad_iret(struct pt_regs *regs);
/* entry_common.c: reschedules and delivers signals before a program goes on;
 * interrupts are off at call and return. */
void exit_to_user_mode(struct pt_regs *regs);

/* ptrace.c: around the system calls of a program that is traced. */
u32 syscall_trace_enter(struct pt_regs *regs);
void syscall_exit_to_user_mode(struct pt_regs *regs);
void merge_fsave(void *fxsave512, const void *fsave108); /* sigframe.c */

/* step.c */
u32 get_debug_register(const struct task_struct *t, unsigned int nr);
int set_debug_register(struct task_struct *t, unsigned int nr, u32 value);
void flush_debug_registers(struct thread_struct *th);
void switch_traced(const struct thread_struct *th);
int user_debug_trap(struct pt_regs *regs); /* the si_code; 0: none */
void kernel_debug_trap(struct pt_regs *regs);
extern u32 traced_loaded; /* TRACED_* of the task that ran last */

/* setup.c */
extern bool cpu_has_fxsr, cpu_has_sse;

/* resource.c */
#define IOMEM_RAM "System RAM"
void add_iomem(u32 start, u32 end, const char *name);
bool iomem_has_ram(u32 start, u32 end);
void limit_iomem_ram(u32 limit);

/* uaccess.c */
void sort_exception_table(void);

/* sleep.c */
bool sleep_sites_init(const char *value);

/* pgtable.c */
void direct_map_init(void);
void fixed_maps_init(void);

/* desc.c */
void desc_init(void);
void set_tss_stack(u32 sp0);
void set_syscall_door(bool traced);
void load_ldt(const void *ldt, u32 entries);

/* fpu.c */
void fpu_init(void);
void fpu_switch(struct task_struct *next);
void free_fpu(struct task_struct *t);

/* irq.c */
void pic_init(void);

/* time.c */
void tsc_init(void);

/* console.c … */
void serial_init(void);
void vga_init(void);
void keyboard_irq(void);
void serial_irq(void);
void console_early(const char *cmdline);

/* entry.S */
void ret_from_fork(void);
void ret_from_kernel_thread(void);
struct task_struct *switch_stacks(struct task_struct *prev,
				  struct task_struct *next);

/* the linker's */
extern char _text[], _etext[], __end_rodata[], _edata[], _end[];
extern char __init_begin[], __init_end[];
extern char init_stack[], init_stack_end[];

static inline u32 read_cr4(void)
{
	u32 v;

	__asm__ volatile("movl %%cr4, %0" : "=r"(v));
	return v;
}

static inline void write_cr4(u32 v)
{
	__asm__ volatile("movl %0, %%cr4" ::"r"(v) : "memory");
}

static inline void cpuid(u32 leaf, u32 *a, u32 *b, u32 *c, u32 *d)
{
	__asm__ volatile("cpuid"
			 : "=a"(*a), "=b"(*b), "=c"(*c), "=d"(*d)
			 : "0"(leaf), "2"(0));
}

static inline u64 rdtsc(void)
{
	u64 v;

	__asm__ volatile("rdtsc" : "=A"(v));
	return v;
}

#endif
