/* SPDX-License-Identifier: MIT */
/*
 * The paper machine, as a test sees it. Everything that happens by chance on
 * a real machine is said here: which CPU runs, what time it is, whether RAM
 * grows, what ends a wait.
 *
 *   sim_boot(&config)      power on; CPU 0 runs
 *   sim_run_on(cpu)        from now on this CPU runs
 *   sim.time_ms += 100     time passes
 *   sim.refuse_ram = true  no more RAM from the host
 */
#ifndef ASHLAR_SIM_H
#define ASHLAR_SIM_H

#include <ashlar/report_record.h>
#include <ashlar/mmzone.h>
#include <ashlar/port.h>
#include <ashlar/types.h>
#include <mach/pgtable.h>

#define SIM_CPUS 8
#define SIM_LINE 300

struct sim_config {
	unsigned long zone_pages[MAX_NR_ZONES]; /* frames, at most */
	unsigned long boot_pages[MAX_NR_ZONES]; /* of those, there at boot */
	unsigned long grow_pages; /* frames that RAM grows by, at least */
	bool dirty_ram; /* RAM is full of garbage and does not read as zero */
};

/* A descriptor: offsets 0 … limit are allowed, and base is added. */
struct sim_segment {
	u32 base, limit;
	bool present, writable;
};

struct sim {
	/* settings, to be changed at will */
	unsigned long time_ms;
	bool refuse_ram; /* port_grow_ram() fails */
	bool refuse_discard; /* port_discard() fails */
	bool no_host; /* … as there is no host to give frames to */
	bool retire; /* port_retire_ram() takes blocks */
	bool refuse_guards; /* no page is taken from, or given, access */
	/* If set: port_discard() fails for a range with this frame. */
	unsigned long locked_pfn;
	void (*on_discard)(void); /* called when frames were given back */
	/* Two more locks of the allocator: see sim_no_core_locks(). */
	const void *outer_locks[2];
	bool tolerate_reports; /* a caller's mistake does not end the run */
	bool verbose; /* log lines go to stderr */
	/*
	 * Something is being waited for: make it happen. Returns false if
	 * nothing can. NULL: nothing ever happens.
	 */
	bool (*on_wait)(const void *key);
	/*
	 * A lock was just released, or something may sleep: another CPU
	 * may step in here.
	 */
	void (*on_unlock)(void);
	/*
	 * If set, CPUs go on side by side (port/sim/fiber.c), and this draws a
	 * number below @below for what happens by chance.
	 */
	unsigned long (*pick)(unsigned long below);
	/*
	 * Those CPUs are tasks of one: they change only where something may
	 * sleep, and one without a space runs on that of the one before.
	 */
	bool one_processor;
	bool forked; /* a lock may be initialised while it is held */
	/* What a program's data and code accesses go through first. */
	struct sim_segment ds, cs;
	unsigned long rlimit[16]; /* bytes, by RLIMIT_*; 0: no limit */

	/* what happened */
	unsigned long faults; /* page faults of programs and of copies */
	unsigned long tlb_flushes;
	unsigned long files; /* open now */
	unsigned long waits;
	unsigned long wakes;
	unsigned long grown; /* frames added since boot */
	unsigned long discarded; /* frames given back */
	unsigned long refused; /* ranges of frames that were refused */
	unsigned long retired; /* frames given back for good */
	unsigned long reports;
	unsigned long log_lines;
	char last_report[SIM_LINE]; /* "KIND line" */
	struct report_record last_record;
	char last_log[SIM_LINE];
};

extern struct sim sim;

void sim_boot(const struct sim_config *config);
void sim_run_on(unsigned int cpu);
void sim_cpu_stop(unsigned int cpu);
void sim_cpu_bury(unsigned int cpu);
void sim_no_core_locks(const char *what);
unsigned int sim_locks_held(void);
unsigned int sim_locks_held_beside(const char *kind, const char *or_kind);
void sim_forget_other_cpus(void);

/*
 * A program's bytes, in the space that is loaded. What ended the access:
 * nothing, a general protection fault, or what handle_page_fault() said.
 */
enum sim_fault { SIM_OK, SIM_GP, SIM_MAPERR, SIM_ACCERR, SIM_BUS, SIM_OOM };
struct mm_struct;
void sim_load_mm(struct mm_struct *mm);
struct mm_struct *sim_loaded_mm(void);
enum sim_fault sim_read(u32 offset, void *buf, size_t n);
enum sim_fault sim_write(u32 offset, const void *buf, size_t n);
enum sim_fault sim_fetch(u32 offset, void *buf, size_t n);
void sim_tlb_check(void);
bool sim_tlb_is_behind(void);

/* CPUs with work: port/sim/fiber.c. */
void sim_fiber(unsigned int cpu, void (*fn)(void *arg), void *arg);
void sim_fibers_run(void);
void sim_fiber_yield(void);
void sim_fiber_wait(const void *key, unsigned long turns);

/* Within port/sim. */
void sim_change_mm(struct mm_struct *mm);
void sim_fiber_wake(const void *key);
void sim_fiber_loads(void);
unsigned int sim_own_locks_held(void);
void sim_build_spaces(void);
void sim_build_kernel(unsigned long pfn);
void sim_host_map(unsigned long addr, unsigned long pfn, bool present,
		  bool writable);

/* Ends the run with a line on stderr, as a broken invariant does. */
void sim_fail(const char *fmt, ...) ASHLAR_PRINTF(1, 2)
	__attribute__((noreturn));

/* guard.c */
bool sim_is_open(const void *p);

#endif
