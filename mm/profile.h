/* SPDX-License-Identifier: MIT */
/* What the files of the heap profile share with each other and with malloc. */
#ifndef ASHLAR_MM_PROFILE_H
#define ASHLAR_MM_PROFILE_H

#include <ashlar/profile.h>
#include "internal.h"

#define PROFILE_RATE_MOST (1ul << 31) /* bytes */

/* profile_draw.c: chance; @state is one CPU's, or under a lock */
u64 profile_random(u64 *state);
u64 profile_distance(u64 *state, u64 rate);
bool profile_keeps(u64 *state, u64 slot, u64 rate);

/* profile_table.c: samples by stack, and blocks in use; under profile_lock */
struct profile_live {
	uintptr_t address; /* 0: none */
	u32 site; /* its place in the table of sites */
	u32 unused;
	u64 asked; /* bytes */
};

extern spinlock_t profile_lock __hidden; /* innermost */

bool profile_lock_with_room(void);
void profile_add(uintptr_t address, u32 stack, u64 slot, u64 asked);
bool profile_remove(uintptr_t address, struct profile_live *gone);

/* profile.c */
bool profile_due(const struct kmem_cache *s);
bool profile_due_large(size_t slot);
void profile_at_hand(struct kmem_cache *s);
void *profile_alloc(struct kmem_cache *s, size_t asked);
void profile_note(void *obj, size_t slot, size_t asked);
size_t profile_slot(size_t bytes);
bool profile_forget(const void *obj);
void profile_cpu_gone(struct mm_cpu *cpu);

#endif
