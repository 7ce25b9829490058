/* SPDX-License-Identifier: MIT */
/*
 * The contract with a machine.
 *
 *            mm/, lib/                      knows none of the machines
 *      ----------------------------------
 *       calls down: port_*    ▲
 *                 ▼     upcalls: mm_*
 *      ----------------------------------
 *       port/user   port/sim   port/i386    each implements all of port_*
 *
 * A port supplies this file's port_* functions and the inline headers
 *   <mach/page.h>      frame number ↔ address; where mem_map lies
 *   <mach/percpu.h>    DEFINE_PER_CPU, this_cpu_ptr: what a CPU owns;
 *                      NR_CPU_GROUPS: what all share is divided so often
 *   <mach/spinlock.h>  spinlock_t, spin_lock, spin_unlock, spin_trylock,
 *                      lockdep_assert_held; spin_lock_abandon, for a lock
 *                      that nobody will use any more; what checks that
 *                      nothing sleeps where it must not: might_sleep,
 *                      might_alloc(gfp), rwsem_acquire, rwsem_release
 *   <mach/local_lock.h> local_lock_t, local_lock, local_unlock: what a CPU has
 *                      to itself, on paths that no interrupt takes. For a
 *                      fork, one at a time: local_locks_stop, then
 *                      local_lock_await for each lock of another CPU; and in
 *                      the parent local_lock_release, in the child
 *                      local_lock_abandon for each, then local_locks_go
 *   <mach/irqflags.h>  local_irq_save, local_irq_restore
 *   <mach/sanitize.h>  what a memory checker of the host is told
 *   <mach/trace.h>     trace_kmalloc() and its like: where a tracer may stop
 * and, where there are address spaces (sim, i386),
 *   <mach/pgtable.h>   page directory and page table entries
 *   <mach/tlb.h>       what the processor remembers of them
 *   <mach/uaccess.h>   user memory: the only way to it
 *
 * Preconditions of every call down: it may run with core locks held and
 * with interrupts off, so it neither sleeps (port_wait excepted), allocates
 * from the core, nor takes a core lock. It leaves errno alone.
 *
 * A thread is a CPU: a thread that starts comes online with mm_cpu_online
 * (the core asks for it with port_cpu_start when the thread first misses its
 * empty lists) and one that ends goes through mm_cpu_offline.
 */
#ifndef ASHLAR_PORT_H
#define ASHLAR_PORT_H

#include <ashlar/compiler.h>
#include <ashlar/types.h>
#include <mach/percpu.h>

struct mm_cpu;
struct report_record;

/* ---- calls down ---- */

/*
 * More RAM, at least 2^order frames in one aligned block if the machine can.
 * The port calls mm_online_pages() and returns how many frames it added;
 * 0 when there is no more. Called without locks; may fail.
 */
unsigned long port_grow_ram(unsigned int order);

/*
 * Give @nr free frames from @pfn back to the host. They stay online and read
 * as zero when next touched. Returns 0, or -errno, and what they hold is then
 * undefined. -ENOSYS says that there is no host, and is never followed by
 * another answer; any other error concerns these frames, now. Called without
 * locks; the same frames may be given back twice.
 */
int port_discard(unsigned long pfn, unsigned long nr);

/*
 * Give a free block of the largest order back to the host with its addresses.
 * Returns 0, or -errno and nothing has happened. May be called twice. Once
 * the core is done with the block it says port_forget_ram(), without locks: its
 * descriptors may be forgotten, so that they are zeroes, and from then on
 * port_grow_ram() may bring the frames online again.
 */
int port_retire_ram(unsigned long pfn, unsigned long nr);
void port_forget_ram(unsigned long pfn, unsigned long nr);

/*
 * Bytes of RAM, of its descriptors and of the blocks that the port maps by
 * themselves that are in memory now. Called without locks; may take long.
 */
size_t port_resident(void);

/*
 * Addresses outside of RAM that nobody may access, in whole pages, or NULL.
 * Open some, that may be read and written then and were zeroes if they were
 * not open; or close them, and what they hold is lost. Each returns 0, or
 * -errno and nothing has happened. Called without locks, but for the first
 * reservation. Those that will be opened and closed often may be said before,
 * once each, from the start of one reservation on; never two calls at once.
 */
void *port_guard_reserve(size_t bytes);
void port_guard_release(void *p, size_t bytes);
int port_guard_prepare(void *p, size_t bytes);
int port_guard_open(void *p, size_t bytes);
int port_guard_close(void *p, size_t bytes);

/* Milliseconds on a clock that never goes back; coarse is fine. */
unsigned long port_time_ms(void);

/* A number a program under attack cannot guess; weak is fine in sim. */
unsigned long port_random(void);

/*
 * Wait until some other CPU calls port_wake(@key), a moment passes, or the
 * machine has nothing to wait for. May sleep: never called with a lock held.
 */
void port_wait(const void *key);
void port_wake(const void *key);

/* One line to the console or stderr, without a newline at its end. */
void port_log(const char *line);

/* The core found its own invariant broken. Does not return. */
void port_panic(const char *line) __attribute__((noreturn));

/*
 * A caller's mistake: at least @r->kind and @r->sentence say which; the port
 * adds who and where it is, and decides by its policy. If it returns, the core
 * goes on without having done what was asked.
 */
void port_report(struct report_record *r);

/*
 * For records of who called: the addresses that the running code returns to,
 * innermost first, as far as the machine can tell; returns how many, at most
 * @nr. And the number of the running process, or thread. And a line to the
 * log for one such address, with a name if there is one.
 */
unsigned int port_callers(unsigned long *pc, unsigned int nr);

/*
 * The number that @number gave, or gives, the same @nr callers at most: it may
 * be remembered, unless it is 0.
 */
u32 port_callers_noted(unsigned int nr,
		       u32 (*number)(const unsigned long *pc, unsigned int nr));
int port_pid(void);
void port_log_code(unsigned long pc);

/*
 * The running thread has no CPU yet: bring it online (mm_init when it is the
 * first, then mm_cpu_online). Returns its CPU, or NULL if the thread is past
 * its end and works without one.
 */
struct mm_cpu *port_cpu_start(void);

/*
 * The running task's soft limit (RLIMIT_*, <ashlar/resource.h>) in bytes;
 * RLIM_INFINITY if it may pass that limit (RLIMIT_MEMLOCK: CAP_IPC_LOCK), or
 * where there are no tasks. Only address spaces ask.
 */
unsigned long port_rlimit(unsigned int resource);
unsigned long port_rlimit_max(unsigned int resource); /* the hard one */

/* The running task's own: true while it reclaims memory. */
bool *port_reclaiming(void);

/*
 * Blocks that a port maps by themselves, past the frames: bytes and number in
 * use, and bytes kept for the next one. The core only reports them.
 */
extern unsigned long large_bytes __hidden, large_count __hidden;
extern unsigned long large_cached_bytes __hidden;

/* ---- upcalls ---- */

/* Once, before anything else: sets up zones, the first caches. */
void mm_init(void);
unsigned long slab_shrink_idle(void); /* now and then: mm/slab_common.c */
void slab_shrink_as_grown(void); /* when slab_shrink_due */
extern bool slab_shrink_due __hidden; /* mm/slab_growth.c */
unsigned long slab_look(void); /* on request, in a signal: mm/slab_common.c */

/* [start, start + nr) joins @zone (enum zone_type). @zeroed: reads as zero. */
void mm_online_pages(unsigned int zone, unsigned long start, unsigned long nr,
		     bool zeroed);

/* The running CPU; NULL: the thread has none yet, or is past its end. */
DECLARE_PER_CPU(struct mm_cpu *, mm_cpu_self);

/* A CPU comes and goes. Offline drains its lists to the shared ones. */
struct mm_cpu *mm_cpu_online(void);
void mm_cpu_offline(struct mm_cpu *cpu);

/*
 * Around fork: prepare takes every core lock in order; parent and child
 * release them. In the child every CPU but @self is drained and gone.
 */
void mm_fork_prepare(void);
void mm_fork_parent(void);
void mm_fork_child(struct mm_cpu *self);

#endif
