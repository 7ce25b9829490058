/* SPDX-License-Identifier: MIT */
/*
 * The PC's side of the kernel: what port/i386 offers beyond port.h, and the
 * upcalls through which an interrupt reaches kernel/.
 *
 *   4 GB ┌──────────────────────────────┐ 0xFFFFF000  fixmap
 *        │ fixmap, kmap_local           │
 *        │ kmap (4 MB)                  │ PKMAP_BASE
 *        │ guard                        │
 *        │ vmalloc area                 │ VMALLOC_START … VMALLOC_END
 *        │ guard (8 MB)                 │
 *        │ direct map, at most 896 MB   │ PAGE_OFFSET
 *   3 GB ├──────────────────────────────┤ 0xC0000000 = TASK_SIZE
 *        │ the running process          │
 *      0 └──────────────────────────────┘
 */
#ifndef PORT_I386_H
#define PORT_I386_H

#include <ashlar/types.h>

#define PAGE_OFFSET 0xC0000000ul
#define THREAD_SIZE 8192ul

/* Selectors: index * 8 + ring. Linux's, for programs look at them. */
#define __KERNEL_CS 0x60
#define __KERNEL_DS 0x68
#define __USER_CS 0x73
#define __USER_DS 0x7b
#define GDT_ENTRY_TLS_MIN 6
#define GDT_ENTRY_TLS_ENTRIES 3

/* What entry.S pushes; the first six are a system call's arguments. */
struct pt_regs {
	u32 bx, cx, dx, si, di, bp, ax;
	u32 ds, es, fs, gs;
	u32 orig_ax; /* system call number; else -1 */
	u32 ip, cs, flags;
	u32 sp, ss; /* only when it came from ring 3 */
};

/* EFLAGS bits. */
#define X86_EFLAGS_CF 0x1u
#define X86_EFLAGS_TF 0x100u
#define X86_EFLAGS_IF 0x200u
#define X86_EFLAGS_DF 0x400u
#define X86_EFLAGS_IOPL 0x3000u
#define X86_EFLAGS_NT 0x4000u
#define X86_EFLAGS_RF 0x10000u
#define X86_EFLAGS_VM 0x20000u
#define X86_EFLAGS_AC 0x40000u

/* Virtual 8086 mode has selectors of its own kind. The kernel gives it to
 * no program, but QEMU's iret does. */
static inline bool user_mode(const struct pt_regs *regs)
{
	return (regs->cs & 3) == 3 || regs->flags & X86_EFLAGS_VM;
}

struct desc_struct {
	u32 a, b;
};

/* As set_thread_area and modify_ldt pass it. */
struct user_desc {
	u32 entry_number, base_addr, limit;
	u32 seg_32bit : 1, contents : 2, read_exec_only : 1, limit_in_pages : 1,
		seg_not_present : 1, useable : 1;
};

#define IO_BITMAP_BYTES 8192u /* a bit for each of 65536 ports */

/* The processor's part of a task. */
struct thread_struct {
	u32 sp; /* kernel stack pointer while it does not run */
	u32 sp0; /* top of its kernel stack: TSS.esp0 */
	struct desc_struct tls_array[GDT_ENTRY_TLS_ENTRIES];
	u32 cr2, trap_nr, error_code; /* of the last fault, for signals */
	u32 iopl; /* 0 or 3, from iopl(2) */
	u8 *io_bitmap; /* NULL: no ports; ioperm(2) */
	void *fpu; /* 512 bytes, 16-aligned: fxsave area */
	u32 traced; /* TRACED_*: what is special while it runs */
	u32 debug[4], debug_status, debug_control; /* debug registers */
};

/* thread_struct::traced */
#define TRACED_SYSCALLS 1u /* int $0x80 goes by way of the tracer */
#define TRACED_DEBUG 2u /* debug registers are in use */

struct seq_file;
struct task_struct;
struct mm_struct;

/* ---- upcalls: port/i386 calls, kernel/ implements ---- */

/* Memory, CPU tables, console output work; interrupts are off. */
void start_kernel(void);
/* @error_code: bit 0 protection, 1 write, 2 user, 4 fetch.
 * kernel/memory/fault.c */
void do_page_fault(struct pt_regs *regs, u32 error_code, u32 address);
/* Interrupt line @irq (0 … 15). kernel/irq.c */
void do_IRQ(struct pt_regs *regs, unsigned int irq);
/* entry.S: call *sys_call_table[eax] with bx, cx, dx in registers (regparm 3)
 * and si, di, bp on the stack. */
extern void *const sys_call_table[];

/* ---- calls: kernel/ calls, port/i386 implements ---- */

/* process.c: registers of @prev saved, @next's loaded; returns in @next the
 * task that ran before. Interrupts off. Also TSS.esp0, TLS, FPU, LDT, I/O
 * bitmap, and cr3 if next->active_mm differs. */
struct task_struct *switch_to(struct task_struct *prev,
			      struct task_struct *next);
/* A new task's stack: it starts in schedule_tail, then goes to user mode with
 * a copy of @regs (ax = 0, sp = @sp if not 0) or calls @fn(@arg). */
int copy_thread(struct task_struct *p, const struct pt_regs *regs, u32 sp,
		int (*fn)(void *), void *arg);
void *alloc_thread_stack(void); /* THREAD_SIZE bytes, or NULL */
void free_thread_stack(void *stack);
void load_tls(const struct thread_struct *t);
void load_io_bitmap(const struct thread_struct *t);
struct desc_struct fill_ldt_desc(const struct user_desc *d);
struct user_desc read_ldt_desc(const struct desc_struct *desc, u32 entry);
#define GDT_ENTRIES 32
extern struct desc_struct gdt[GDT_ENTRIES];
void *alloc_fpu(void); /* a state as after fninit */
void thread_free(struct task_struct *p); /* FPU area, I/O bitmap */
void flush_thread(void); /* execve: TLS, FPU, I/O bitmap as new */
void start_thread(struct pt_regs *regs, u32 ip, u32 sp);
struct pt_regs *task_pt_regs(struct task_struct *t);
void load_mm(struct mm_struct *mm); /* cr3, LDT */
int do_set_thread_area(struct task_struct *t, struct user_desc *d,
		       bool can_allocate); /* fills entry_number */
/* kernel -> program, on a stack with its registers at @regs. entry.S */
void return_to_user(struct pt_regs *regs) __attribute__((noreturn));
void fpu_save(void *area512); /* the running task's, 16-aligned */
void fpu_restore(const void *area512); /* checked: reserved bits masked */
void fsave_from_fxsave(void *fsave108, const void *fxsave512);
void fpu_flush(void); /* the running task's: as after fninit */
/* Those of a task that does not run. */
void fpu_get(struct task_struct *t, void *area512);
int fpu_set(struct task_struct *t, const void *area512); /* or -EINVAL */

/* ptrace.c: of a tracee that is stopped. Registers, TLS; what kernel/ knows
 * nothing of. */
long arch_ptrace(struct task_struct *t, u32 request, u32 addr, u32 data);
void set_syscall_trace(struct task_struct *t, u32 tif); /* TIF_SYSCALL_* */
/* step.c */
void user_enable_single_step(struct task_struct *t);
void user_disable_single_step(struct task_struct *t);
u32 fpu_exceptions(bool sse); /* raised and unmasked; bit 0 invalid … */

/* irq.c */
void enable_irq(unsigned int irq);
void disable_irq(unsigned int irq);

/* time.c */
u64 port_time_ns(void); /* ns since boot, monotonic */
u32 cmos_read(u8 reg); /* what the battery keeps; interrupts off */
u64 port_rtc_seconds(void); /* CMOS clock, seconds since 1970 */
void port_start_timer(void);
void port_set_timer(u64 ns); /* irq 0 at that time, or a little later */

/* console.c: serial and VGA */
void console_write(const char *s, size_t n);
/* One of them, bytes as they are: a terminal has made its line ends. */
void serial_write(const char *s, size_t n);
void vga_write(const char *s, size_t n);
/* Line of the last console= (0 ttyS0, 1 tty0); 1 if there is none. */
extern int console_preferred;
extern bool console_serial, console_vga;
/* Characters that arrived; called by irq 4 and 1 handlers in the port, which
 * hand each byte to the registered function. */
extern void (*console_input)(int line, u8 c); /* line 0 ttyS0, 1 keyboard */
void console_irq(unsigned int irq);
void serial_throttle(bool on); /* line 0 is not to bring bytes */

/* reboot.c */
void machine_restart(void) __attribute__((noreturn));
void machine_power_off(void) __attribute__((noreturn));
void machine_halt(void) __attribute__((noreturn));

/* uaccess.c: where to go on after a fault at @ip; 0: it may not fault. */
u32 search_exception_table(u32 ip);

/* symbols.c: "name+0x12/0x80" for an address of the kernel's text. */
void sprint_symbol(char buf[64], u32 addr);
void sprint_backtrace(char buf[64], u32 pc); /* the same, of who called */
/* roots.c: all memory of the kernel's that is in no block */
void scan_kernel_roots(void (*scan)(const void *start, const void *end),
		       bool stacks);
void dump_stack(u32 sp); /* what looks like return addresses, with names */
void show_regs(const struct pt_regs *regs, u32 sp);

/* setup.c */
extern char boot_command_line[];
extern u32 initrd_start, initrd_end; /* addresses in the direct map; 0: none */
extern u64 tsc_khz;
extern u32 cpu_features; /* cpuid 1, edx */
struct resource { /* /proc/iomem, /proc/ioports */
	u32 start, end; /* both included */
	const char *name;
	int depth;
	bool busy; /* True if it was requested, not just found on a bus. */
};
void add_bus_region(bool ports, u32 start, u32 end, const char *name);
int request_region(u32 start, u32 size, const char *name);
void release_region(u32 start, u32 size);
int request_mem_region(u32 start, u32 size, const char *name);
void release_mem_region(u32 start, u32 size);
void show_iomem(struct seq_file *m);
void show_ioports(struct seq_file *m);
void show_cpuinfo(struct seq_file *m);
void free_initrd_until(u32 addr); /* those before it, while unpacking */
void free_initrd(void); /* its frames go to the buddy system */
unsigned long free_init_sections(void); /* likewise; bytes */
/* Areas of the kernel's address space, from high to low; end is outside. */
struct kernel_area {
	const char *name;
	unsigned long start, end;
};
unsigned int kernel_areas(struct kernel_area *areas, unsigned int max);

/* @n / @by, which must be less than 2^32, and what is left into *@rest. */
static inline u32 divl(u64 n, u32 by, u32 *rest)
{
	u32 quotient;

	__asm__("divl %4"
		: "=a"(quotient), "=d"(*rest)
		: "0"((u32)n), "1"((u32)(n >> 32)), "rm"(by)
		: "cc");
	return quotient;
}

static inline void cpu_idle_once(void) /* sti; hlt */
{
	__asm__ volatile("sti; hlt" ::: "memory");
}

#endif
