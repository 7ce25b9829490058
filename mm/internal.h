/* SPDX-License-Identifier: MIT */
/*
 * What the files of mm/ share with each other and with nobody else (the
 * command in tools/ reads these structures from outside).
 *
 * Lock order, outermost first:
 *   slab_mutex → mm_cpu_mutex → mm_cpu.lock → kmem_cache.lock →
 *   barn.lock → per_cpu_pages.lock → zone.lock
 * Only fork takes them all, and a look at watched objects all CPUs'; elsewhere
 * no two of one kind are held at once.
 */
#ifndef ASHLAR_MM_INTERNAL_H
#define ASHLAR_MM_INTERNAL_H

#include <ashlar/mm.h>
#include <ashlar/mmzone.h>
#include <ashlar/port.h>
#include "slab.h"

/*
 * What the core keeps for one CPU beside its sheaf tops. The owner changes
 * it under lock, which nobody else takes but a fork in progress.
 */
struct mm_cpu {
	struct list_head list; /* mm_cpus (mm_cpu_mutex) */
	local_lock_t lock;
	u32 nr; /* number of this CPU, from 0 */
	struct sheaf_tops *tops;
	u8 warmth[NR_CPU_CACHES]; /* early slow allocations and refills */
	struct per_cpu_pages pcp;
	struct profile_cpu *profile; /* or NULL; see profile.c */
	unsigned long kfence_left; /* objects until a sample; 0: to be drawn */
	unsigned long kfence_rate; /* by which it was; 0: as asked */
	unsigned long kfence_when; /* port_time_ms() of the one before */
	struct watched_cpu *watched; /* or NULL: nothing was watched yet */
	u64 who; /* the time, when it was asked for last, and the CPU's pid */
	u32 who_left; /* until it is asked for again; see slab_lines.h */
	unsigned long events[NR_VM_EVENT_ITEMS];
};

/* percpu.c */
bool release_begins_alone(void);
struct mm_cpu *mm_cpu_to_release(void);
extern struct list_head mm_cpus __hidden;
extern spinlock_t mm_cpu_mutex __hidden;
extern u32 nr_cpus_ever __hidden;
bool lock_patiently(spinlock_t *l);
/* No CPU touches what it has to itself until hands_go(). */
bool hands_stop(void);
void hands_go(void);
extern unsigned long
	vm_events_dead[NR_VM_EVENT_ITEMS] __hidden; /* of CPUs gone */
/* Gives back what a higher file keeps for the running CPU, or is NULL. */
extern void (*mm_cpu_drain_tables)(void);

static inline void count_vm_events(struct mm_cpu *cpu, enum vm_event_item e,
				   unsigned long n)
{
	if (cpu)
		cpu->events[e] += n;
	else
		__atomic_fetch_add(&vm_events_dead[e], n, __ATOMIC_RELAXED);
}

static inline void count_vm_event(enum vm_event_item e)
{
	count_vm_events(*this_cpu_ptr(mm_cpu_self), e, 1);
}

/* Of a thread that is no CPU; see release_begins(). */
struct releases {
	u32 nr; /* objects */
	bool going_on; /* one of them now */
};
DECLARE_PER_CPU(struct releases, mm_releases);

/*
 * The CPU of the running thread, online after this. NULL past its end, and
 * while it releases what others have allocated (release_begins()).
 */
static inline struct mm_cpu *mm_this_cpu(void)
{
	struct mm_cpu *cpu = *this_cpu_ptr(mm_cpu_self);

	if (likely(cpu))
		return cpu;
	return this_cpu_ptr(mm_releases)->going_on ? NULL : port_cpu_start();
}

/*
 * A thread that has never allocated releases without a CPU, for a while. Its
 * first release may come when it has nearly ended: a C library frees what it
 * kept for another thread then, and nobody would be told of the end of a CPU
 * that came online so late. Return: for release_ends().
 */
static inline bool release_begins(void)
{
	return unlikely(!*this_cpu_ptr(mm_cpu_self)) && release_begins_alone();
}

static inline void release_ends(bool begun)
{
	if (unlikely(begun))
		this_cpu_ptr(mm_releases)->going_on = false;
}

/* init.c: what machines with address spaces have validated as well, or NULL */
extern void (*mm_validate_pages)(void);

/* buddy.c */
void buddy_init(void);
void buddy_validate(void);
bool page_was_freed(const struct page *page);

/* pcp.c */
void pcp_init(struct per_cpu_pages *pcp);
void pcp_drain(struct per_cpu_pages *pcp);
void pcp_drain_gone(const struct per_cpu_pages *pcp);

/* contig.c */
struct page *alloc_frames(gfp_t gfp, unsigned int nr);
struct page *alloc_contig_frames(unsigned long nr);
void free_frames(struct page *page, unsigned long nr);

/* page_alloc.c: what higher files and the kernel do for it, or NULL */
extern unsigned long (*page_alloc_reclaim)(gfp_t gfp, unsigned int order);
/* The task reclaims already: it may have the reserve. */
#define RECLAIM_RECURSION (~0ul)
extern void (*page_alloc_low)(gfp_t gfp); /* the zones are below low */
/* Makes larger blocks of what is free; @again: not for the first time. True:
 * look again. If @gfp allows no waiting it is left to the background. */
extern bool (*page_alloc_compact)(gfp_t gfp, unsigned int order, bool again);

/* The result of a request to end a process. */
enum oom_verdict {
	OOM_NOBODY, /* there is none that can be ended */
	OOM_FREED, /* another's memory came free */
	OOM_ANOTHER, /* wait: its memory comes free */
	OOM_MYSELF /* the caller itself: let it get through to its end */
};
#define PAGE_ALLOC_COSTLY_ORDER 3 /* up to here memory is to be had */
extern enum oom_verdict (*page_alloc_oom)(gfp_t gfp, unsigned int order);
/* Is told of each block that is handed out. */
extern void (*page_alloc_owner)(struct page *page, unsigned int order,
				gfp_t gfp);
extern void (*page_alloc_clear_high)(struct page *page, unsigned long nr);

/* page_reporting.c */
void page_report_balance_all(void);
u32 page_report_at_hand(u32 nr, u32 least);
void page_report_fork_child(void);
void page_report_all(void);
void page_report_set_keep(unsigned long bytes);

/* sheaf.c: one cache and the CPUs' sheaves of it */
extern struct kmem_cache sheaf_cache __hidden;
extern bool sheaves_off __hidden;
void slab_drain_cpu(struct kmem_cache *s, struct mm_cpu *cpu,
		    struct list_head *reaped);
void slab_drain_gone_cpu(struct kmem_cache *s, u32 id, const struct mm_cpu *cpu,
			 struct list_head *reaped);
unsigned long slab_shrink(struct kmem_cache *s);
unsigned long slab_close(struct kmem_cache *s, struct list_head *reaped);

/* barn.c */
void barns_init(struct kmem_cache *s);

/* slub.c */
void slab_release_list(struct list_head *list);

/* slab_reporting.c */
void slab_report_fork_child(struct kmem_cache *s);
unsigned long slab_report(struct kmem_cache *s);
void slab_report_balance(struct kmem_cache *s);

/* slab_debug_option.c, slab_debug.c: of watched caches (slab_debug.h) */
extern bool slab_check __hidden; /* all that is allocated by size is watched */
extern bool slab_trace_objects; /* every cache is, for slab_alloc_hook */
extern bool slab_harden __hidden; /* … and reads as zero when it is allocated */
extern unsigned long slab_look_every
	__hidden; /* ms, or 0; who allocates looks */
void slab_debug_init(void);
slab_flags_t slab_debug_flags(const char *name, slab_flags_t flags);
u32 slab_debug_layout(struct kmem_cache *s);
void slab_debug_hand(struct kmem_cache *s, u32 id);
void slab_debug_setup(const struct kmem_cache *s, struct page *slab);
void slab_debug_remaining(struct kmem_cache *s);
unsigned long slab_debug_check(const struct kmem_cache *s, struct page *slab);

/* quarantine.c: watched objects that were released, and wait */
extern spinlock_t quarantine_lock __hidden; /* held alone */

/* watched.c: who else is told of objects of watched caches, and of large blocks
 * of kmalloc(), or NULL. @stack: handle of the call's, or 0 */
extern void (*slab_alloc_hook)(const void *obj, size_t bytes, u32 stack,
			       slab_flags_t flags, gfp_t gfp);
extern void (*slab_free_hook)(const void *obj);

/* watched_cpu.c: a CPU ends, or is not there in a forked child; all go */
void watched_cpu_drain(struct mm_cpu *cpu);
void quarantine_flush(void);

/* watched.c, slab_debug_report.c: an access to what may be watched */
struct slab_block;
bool slab_block_at(const void *addr, struct slab_block *b);
size_t slab_room_at(const void *addr);
bool slab_holds(const void *addr, size_t bytes);
void slab_report_access(const struct slab_block *b, const void *addr,
			size_t bytes, bool write, const char *call);

void slab_show_block(struct report_record *r, const struct slab_block *b);

/* kmalloc.c: by size, where that is remembered */
void *kmalloc_asked(const struct slab_call *call, gfp_t gfp);

/* slab_common.c: all caches */
extern spinlock_t slab_mutex __hidden;
void slab_common_init(void);
struct kmem_cache *kmem_cache_new(struct kmem_cache **slot, const char *name,
				  u32 size, u32 align, slab_flags_t flags,
				  void (*ctor)(void *), u32 id);
unsigned long slab_shrink_all(void);
void slab_without_sheaves(bool off);
void slab_cpu_drain(struct mm_cpu *cpu, struct list_head *reaped);
void slab_cpu_gone(const struct mm_cpu *cpu, struct list_head *reaped);
void slab_fork_child(void);
void slab_validate(void);

/* panic.c: a formatted line through port_panic(), _log() or _report() */
void mm_panic(const char *fmt, ...) ASHLAR_PRINTF(1, 2)
	__attribute__((noreturn));
void mm_log(const char *fmt, ...) ASHLAR_PRINTF(1, 2);
void mm_report(const char *kind, const char *fmt, ...) ASHLAR_PRINTF(2, 3);

/* shrinker.c: fork takes the lock; the child forgets who else was reclaiming */
extern spinlock_t shrinker_lock __hidden; /* held alone */
void shrinker_fork_child(void);

/* fault_inject.c: is this allocation to fail on request? */
extern unsigned long fail_nth_left __hidden;
bool should_fail_alloc_page(gfp_t gfp, unsigned int order);
bool should_failslab(const struct kmem_cache *s, gfp_t gfp);
extern bool failslab_enabled __hidden; /* caches then work without sheaves */
extern bool failslab_only_marked __hidden; /* by slub_debug=A */

#endif
