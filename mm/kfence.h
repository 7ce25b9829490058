/* SPDX-License-Identifier: MIT */
/* The pool of guarded blocks, for the allocators above it and for a port. */
#ifndef ASHLAR_MM_KFENCE_H
#define ASHLAR_MM_KFENCE_H

#include <ashlar/kfence.h>
#include <ashlar/list.h>
#include <mach/spinlock.h>

/* To which end of a block its guard is close. */
enum kfence_side { KFENCE_AS_OPTION, KFENCE_RIGHT, KFENCE_LEFT };

/* A block that is asked for, or released. */
struct kfence_call {
	size_t asked; /* bytes; on release ASKED_ANY, unless it was said */
	size_t align; /* power of two */
	u8 kind; /* whoever allocates numbers them; 0 goes with any */
	const char *name; /* of the call: free, delete; of the cache */
	u8 side; /* enum kfence_side */
	const void *cache; /* the kernel's: kmem_cache, or NULL */
};

#define ASKED_ANY (~(size_t)0)

/* What the option guard= says; TIGHT: right, and alignment gives way. */
enum side { SIDE_RIGHT, SIDE_LEFT, SIDE_BOTH, SIDE_TIGHT };

extern enum side kfence_side __hidden;
extern bool kfence_all __hidden; /* all are, as far as there is room */
extern spinlock_t kfence_lock __hidden;

bool kfence_due(unsigned long objects);
bool kfence_make_pool(void);
void *kfence_alloc(const struct kfence_call *call);
bool kfence_free(void *p, const struct kfence_call *call);
bool kfence_holds(const void *p, size_t *size);
bool kfence_room(const void *p, size_t *room);
bool kfence_refuse(const void *p, size_t bytes, enum report_access access,
		   const char *call);

/* For checking: all large blocks are guarded, whatever the options say. */
extern bool kfence_large __hidden;
unsigned long kfence_look(void);

const struct kfence_block *kfence_block(u32 i);

/* ---- the kernel's objects: kfence_slab.c ---- */

struct kmem_cache;

extern bool kfence_slab __hidden;

void *kfence_slab_alloc(struct kmem_cache *s, size_t size);
bool kfence_slab_free(struct kmem_cache *s, void *obj);
unsigned long kfence_owned(const struct kmem_cache *s);

/* Since the start; kfence_lock, but for the last three. */
extern struct kfence_stats {
	unsigned long live, allocated, freed;
	unsigned long bugs; /* that were reported */
	unsigned long incompatible; /* due, but of a cache without samples */
	unsigned long full; /* due, but there was no block */
} kfence_stats __hidden;

/* ---- between kfence.c and kfence_report.c ---- */

#define KFENCE_DEPTH 16

struct kfence_trace {
	unsigned long pc[KFENCE_DEPTH]; /* innermost first; ends with 0 */
	unsigned long when; /* port_time_ms() */
	int pid;
};

enum kfence_state {
	KFENCE_UNUSED, /* it has no pages, or pages that are free */
	KFENCE_BUSY, /* in the hands of one CPU, which changes it */
	KFENCE_LIVE,
	KFENCE_FREED, /* its pages have no access; on a list */
};

struct kfence_block {
	struct list_head list; /* kfence_lock; so is state */
	char *pages; /* 2^order of them, a guard before and behind */
	char *start;
	size_t asked;
	u32 order;
	u8 state, kind;
	/* Guards from @opened to @opened_end may have been let through. */
	uintptr_t opened, opened_end;
	const void *cache;
	char cache_name[24];
	struct kfence_trace alloc, free;
};

/* Where an address lies, seen from a block. */
struct kfence_place {
	const struct kfence_block *block;
	uintptr_t addr;
};

/* Bytes that were written beside a block while it was in use. */
struct kfence_damage {
	const char *bad; /* the first one */
	size_t bytes;
};

void kfence_report_access(const struct kfence_place *at,
			  enum report_access access,
			  const struct report_stack *now);
void kfence_report_range(const struct kfence_place *at, size_t bytes,
			 enum report_access access, const char *call);
void kfence_report_damage(const struct kfence_block *b,
			  const struct kfence_damage *d, const char *call);
void kfence_report_release(const struct kfence_block *b, const void *p,
			   const struct kfence_call *call);
void kfence_report_mismatch(const struct kfence_block *b,
			    const struct kfence_call *call);

#endif
