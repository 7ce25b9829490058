/* SPDX-License-Identifier: MIT */
/*
 * Instructions that read what is going to be written back: where a thread is
 * worth being kept waiting. Those that wait in vain wait ever more seldom, so
 * that a counter that has its lock costs little.
 */
#include "race.h"

#define KNOWN 1024
#define TRIES 8
#define EAGER 6 /* waits in vain before it becomes seldom */
#define ALWAYS_NS 30000000ull
#define STEPPED_NS 300000000ull
#define SHARE 10 /* one part in so many of the time may be spent so */

/* Read and written by any thread at any time. */
struct race_known {
	uint64_t pc;
	uint32_t in_vain, seen;
	bool told;
};

static struct race_known known[KNOWN];
static uint64_t waited_ns, stepped_ns, start_ns;

struct race_known *race_known(uint64_t pc, bool add)
{
	unsigned int at = (unsigned int)((pc * 0x9e3779b97f4a7c15ull) >> 54), i;
	struct race_known *k;
	uint64_t there;

	for (i = 0; i < TRIES; i++) {
		k = &known[(at + i) % KNOWN];
		there = __atomic_load_n(&k->pc, __ATOMIC_RELAXED);
		if (there == pc)
			return k;
		if (!there && !add)
			return NULL;
		if (!there && (__atomic_compare_exchange_n(
				       &k->pc, &there, pc, false,
				       __ATOMIC_RELAXED, __ATOMIC_RELAXED) ||
			       there == pc))
			return k;
	}
	return NULL;
}

/* Some number, another one each time. */
static uint32_t some_number(void)
{
	static uint32_t n;

	return (__atomic_add_fetch(&n, 1, __ATOMIC_RELAXED) * 2654435761u) >> 8;
}

/* True if less than its share of the time was spent on something. */
static bool may_spend(const uint64_t *spent_ns, uint64_t always_ns)
{
	uint64_t now = race_now_ns(), zero = 0, since;

	__atomic_compare_exchange_n(&start_ns, &zero, now, false,
				    __ATOMIC_RELAXED, __ATOMIC_RELAXED);
	since = now - __atomic_load_n(&start_ns, __ATOMIC_RELAXED);
	return __atomic_load_n(spent_ns, __ATOMIC_RELAXED) <
	       always_ns + since / SHARE;
}

/* True if threads that start may be stepped through. */
bool race_may_step(void)
{
	return may_spend(&stepped_ns, STEPPED_NS);
}

void race_stepped(uint64_t ns)
{
	__atomic_fetch_add(&stepped_ns, ns, __ATOMIC_RELAXED);
}

/* True if a thread should wait there now. */
bool race_worth(struct race_known *k)
{
	uint32_t in_vain;

	if (!k || __atomic_load_n(&k->told, __ATOMIC_RELAXED) ||
	    !may_spend(&waited_ns, ALWAYS_NS))
		return false;
	in_vain = __atomic_load_n(&k->in_vain, __ATOMIC_RELAXED);
	return in_vain < EAGER || some_number() % in_vain == 0;
}

/* An instruction where a thread should wait; 0: there is none. */
uint64_t race_some_place(void)
{
	unsigned int from = some_number(), i;
	struct race_known *k;
	uint64_t pc;

	for (i = 0; i < KNOWN; i++) {
		k = &known[(from + i) % KNOWN];
		pc = __atomic_load_n(&k->pc, __ATOMIC_RELAXED);
		if (pc && race_worth(k))
			return pc;
	}
	return 0;
}

void race_fruitless(struct race_known *k, uint64_t ns)
{
	__atomic_fetch_add(&waited_ns, ns, __ATOMIC_RELAXED);
	__atomic_fetch_add(&k->in_vain, 1, __ATOMIC_RELAXED);
}

/* True, once: when it is known who wrote, or when it is seen again. */
bool race_is_news(struct race_known *k, bool by_whom)
{
	uint32_t before = __atomic_fetch_add(&k->seen, 1, __ATOMIC_RELAXED);

	return (by_whom || before) &&
	       !__atomic_exchange_n(&k->told, true, __ATOMIC_RELAXED);
}
