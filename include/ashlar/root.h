/* SPDX-License-Identifier: MIT */
/*
 * The one symbol a reader outside the process needs: where the core's
 * structures are. Found by name (ashlar_root) in the dynamic symbols of the
 * library that a process, or a core dump of it, has mapped. Everything else
 * is read through these addresses, by a reader that knows the same layouts:
 * the list is mm/layout.h.
 */
#ifndef ASHLAR_ROOT_H
#define ASHLAR_ROOT_H

#include <ashlar/compiler.h>
#include <ashlar/types.h>

#define ASHLAR_ROOT_MAGIC "ASHLAR\0"

struct ashlar_profile;
struct kfence_block;
struct mm_cpu;
struct list_head;
struct page;
struct stack_depot;
struct zone;

/* What is known of a mapping by itself; a port's descriptors begin so. */
struct large_range {
	char *addr; /* NULL: a descriptor that is not in use */
	size_t size; /* bytes */
	u32 state; /* LARGE_BLOCK: allocated; others: free, or on its way */
};

#define LARGE_BLOCK 1

/* A slot of a port's index of mappings: by address, and by others' keys. */
struct large_slot {
	uintptr_t key; /* 0: a free slot; else the range's address, if even */
	struct large_range *range;
};

/* Where frames and mappings lie in a process, as whoever makes them says. */
struct ashlar_places {
	uintptr_t frames; /* the address of frame 0; 0: there are none */
	const struct large_slot *large; /* the index; may be moved */
	size_t nr_large; /* its slots */
	/* The pool of guarded blocks with its tables, see mm/kfence.c. */
	uintptr_t pool; /* 0: there is none */
	size_t pool_bytes;
	const struct kfence_block *guarded;
	u32 nr_guarded; /* that were ever used */
};

extern struct ashlar_places ashlar_places __hidden;

#define HELD_MOST 4096 /* threads */
#define HELD_REGISTERS 16

/* A thread that is held, see port/user/hold.c. */
struct ashlar_held {
	u64 sp; /* 0: none */
	u64 reg[HELD_REGISTERS];
};

/* How a process is asked for a copy of itself, see port/user/snapshot.c. */
struct ashlar_snapshot {
	u32 signal; /* to be sent, with the address of this; 0: none */
	u32 serial; /* of the last answer */
	s32 pid; /* of the copy, as the process sees it, or -errno */
	u32 is_copy; /* in the copy: its serial */
	const struct ashlar_held *held; /* HELD_MOST; known in the copy */
	u32 looks; /* at all blocks, on request: the address and 1 are sent */
};

extern struct ashlar_snapshot ashlar_snapshot __hidden;

struct ashlar_root {
	char magic[8];
	/* These two stay where they are: they are read before the rest is. */
	size_t layout_size; /* bytes of the table of layouts */
	const u64 *layout; /* a reader's own is the same, byte for byte */
	const struct zone *zones; /* MAX_NR_ZONES of them */
	const struct list_head *slab_caches; /* of struct kmem_cache */
	const struct list_head *mm_cpus; /* of struct mm_cpu */
	const unsigned long *vm_events_dead;
	struct page *const *mem_map;
	const unsigned long *large_bytes; /* in direct mappings; user only */
	const unsigned long *large_count;
	const unsigned long *large_cached_bytes;
	const u32 *online; /* 1 once mm_init() has run */
	const struct ashlar_places *places;
	const struct ashlar_snapshot *snapshot;
	const struct stack_depot *stacks; /* of those who allocated */
	const struct ashlar_profile *profile;
	u8 *const *free_mark; /* leads to what marks a free object: mm/slab.h */
};

extern const struct ashlar_root ashlar_root __public;

/* The option snapshot=, of a process. */
int setup_snapshot(const char *str);

#endif
