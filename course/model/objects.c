/* SPDX-License-Identifier: MIT */
/*
 * Where an object is: in use, in one of its CPU's two sheaves, in a barn, or
 * in its slab as a bit of the frame's descriptor (mm/slab.h, mm/slub.c).
 */
#include "objects.h"

struct search {
	void *wanted;
	bool found;
};

static void compare(void *obj, void *arg)
{
	struct search *s = arg;

	s->found |= obj == s->wanted;
}

unsigned int sheaf_walk(sheaf_t top, void (*fn)(void *obj, void *arg),
			void *arg)
{
	unsigned int n = 0;
	sheaf_t at;

	if (!top)
		return 0;
	for (at = *sheaf_bottom(sheaf_base(top)); at < top; at++, n++)
		if (fn)
			fn(*at, arg);
	return n;
}

/* A CPU without a sheaf points at one for all, which holds nothing. */
sheaf_t main_sheaf(const struct kmem_cache *s, const struct mm_cpu *cpu)
{
	sheaf_t top = cpu->tops->top[s->id];

	return !s->id || top == cpu->tops->top[0] ? NULL : top;
}

sheaf_t spare_sheaf(const struct kmem_cache *s, const struct mm_cpu *cpu)
{
	sheaf_t top = main_sheaf(s, cpu);

	return top ? *sheaf_next(top) : NULL;
}

static bool holds(sheaf_t top, void *obj)
{
	struct search s = { .wanted = obj };

	sheaf_walk(top, compare, &s);
	return s.found;
}

static bool in_barn(const struct kmem_cache *s, void *obj)
{
	sheaf_t top;

	for (unsigned int i = 0; i < NR_CPU_GROUPS; i++)
		for (top = s->barns[i].full; top; top = *sheaf_next(top))
			if (holds(top, obj))
				return true;
	return false;
}

enum place place_of(const struct kmem_cache *s, const struct page *slab,
		    void *slot)
{
	const struct mm_cpu *cpu;

	if ((char *)slot >= slab_unused(slab) || slot_is_free(slot))
		return IN_SLAB;
	list_for_each_entry(cpu, &mm_cpus, list) {
		if (holds(main_sheaf(s, cpu), slot))
			return IN_SHEAF;
		if (holds(spare_sheaf(s, cpu), slot))
			return IN_SPARE;
	}
	return in_barn(s, slot) ? IN_BARN : IN_USE;
}
