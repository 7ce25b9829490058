/* SPDX-License-Identifier: MIT */
/*
 * Where sheaves are split (slab.h), most that comes to the slow path finds as
 * many objects released as were taken: this is all that is to be done then, in
 * as few instructions as may be, for who samples comes here for every sheaf's
 * worth of objects, where others never do.
 *
 *   | (empty) |  allocations  ─┐ ┌─►  | obj … obj |
 *   | obj … obj |  releases   ─┘ └─►  | (empty) |
 *
 * Of the two sheaves one is empty, so their spares go with them.
 */
#ifndef ASHLAR_MM_SHEAF_TURN_H
#define ASHLAR_MM_SHEAF_TURN_H

#include "internal.h"

/**
 * sheaf_turn() - allocations get what was released meanwhile
 * @index: of a general cache, of which this CPU has no object at hand
 *
 * Context: no lock held. Return: an object; NULL: there is more to do, for few
 * were released, or there is to be a sample before these are gone.
 */
static __always_inline void *sheaf_turn(unsigned int index)
{
	struct mm_cpu *cpu = *this_cpu_ptr(mm_cpu_self);
	sheaf_t *tops, full;
	void *obj;
	u32 n;

	if (unlikely(!cpu || index - 1 >= SPLIT_CLASSES))
		return NULL;
	tops = cpu->tops->top + index;
	full = tops[SPLIT_ID(0)];
	obj = full[-1];
	if (unlikely(!obj))
		return NULL;
	n = sheaf_length(full);
	if (unlikely(!sheaf_full(full) &&
		     n < cache_by_id[index]->sheaf_min / 2))
		return NULL;
	if (unlikely(n >= cpu->kfence_left || !local_trylock(&cpu->lock)))
		return NULL;
	cpu->kfence_left -= n;
	tops[SPLIT_ID(0)] = tops[0];
	tops[0] = full - 1;
	local_unlock(&cpu->lock);
	*object_mark(obj) = NULL;
	return obj;
}

/**
 * sheaf_note() - a slow path has put objects at this CPU's hand
 * @id: of a cache
 *
 * They go by before the slow path is asked again, so the next sample is as much
 * nearer, but not there yet.
 */
static __always_inline void sheaf_note(u32 id)
{
	struct mm_cpu *cpu = *this_cpu_ptr(mm_cpu_self);
	sheaf_t top = likely(cpu) ? cpu->tops->top[id] : NULL;
	u32 n;

	if (unlikely(!top || !top[-1] || id > SPLIT_CLASSES))
		return;
	n = sheaf_length(top);
	if (likely(cpu->kfence_left > n))
		cpu->kfence_left -= n;
	else if (cpu->kfence_left)
		cpu->kfence_left = 1;
}

/* True if the next object is no sample, and was counted. */
static __always_inline bool sheaf_passes(void)
{
	struct mm_cpu *cpu = *this_cpu_ptr(mm_cpu_self);

	if (unlikely(!cpu || cpu->kfence_left <= 1))
		return false;
	cpu->kfence_left--;
	return true;
}

#endif
