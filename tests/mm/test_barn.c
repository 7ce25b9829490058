/* SPDX-License-Identifier: MIT */
/* Barns: what CPUs do with them while others are at them. */
#include "../../mm/internal.h"
#include "../harness.h"

enum { OBJECTS = 2000 };

struct batch {
	struct kmem_cache *s;
	void *obj[OBJECTS];
};

static void take_and_give_back(void *arg)
{
	struct batch *b = arg;

	for (unsigned int i = 0; i < OBJECTS; i++)
		b->obj[i] = kmem_cache_alloc(b->s, GFP_KERNEL);
	for (unsigned int i = 0; i < OBJECTS; i++)
		kmem_cache_free(b->s, b->obj[i]);
}

/* All but the one with the number @but. */
static void hold_barns(struct kmem_cache *s, unsigned int but)
{
	for (unsigned int i = 0; i < NR_CPU_GROUPS; i++)
		if (i != but)
			spin_lock(&s->barns[i].lock);
}

static void let_barns_go(struct kmem_cache *s, unsigned int but)
{
	for (unsigned int i = NR_CPU_GROUPS; i-- > 0;)
		if (i != but)
			spin_unlock(&s->barns[i].lock);
}

/* Whichever is the own one of CPU 1: if that waited, it would for ever. */
TEST(who_finds_a_barn_taken_goes_on_to_the_next)
{
	static struct batch b;

	b.s = take_cache("busy", 64, 0, 0, NULL);
	for (unsigned int but = 0; but < NR_CPU_GROUPS; but++) {
		on_cpu(1, take_and_give_back, &b);
		hold_barns(b.s, but);
		on_cpu(1, take_and_give_back, &b);
		let_barns_go(b.s, but);
	}
	if (!sweeping())
		CHECK_OP(barn_objects(b.s), >, 0);
}
