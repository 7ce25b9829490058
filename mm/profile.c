/* SPDX-License-Identifier: MIT */
/*
 * The heap profile: which allocations are samples, and where these lie.
 *
 *   this CPU's sheaf of a class          when it is empty: the slow path
 *   | obj obj obj |  ── left = 3 ──►     a sample, from sampled-N
 *   | obj … … … … |  ── left = 900 ──►   no sample; 900 - 61 are left
 *
 * A class's samples are as far apart as chance has it (profile_draw.c), so it
 * is known in advance how many objects go by before the next one. Of these a
 * CPU is given as many as a sheaf holds, but no more: so the slow path is
 * asked for the sample itself, and for nothing between two sheaves; no
 * instruction is added to the fast one. It takes split sheaves (slab.h), or
 * what is given back would be taken again unseen. Larger classes, whose
 * sheaves are not split, come to the slow path each time.
 *
 * Sampled objects come from caches of their own, with the same sizes, whose
 * frames have no id: so their release takes the slow path, and only theirs.
 *
 * Lock: profile_lock for the tables; what a CPU counts is its own.
 *
 * Poisson sampling of heaps is that of tcmalloc and jemalloc; that the sample's
 * place is known beforehand is what sheaves add.
 */
#include <ashlar/cmdline.h>
#include <ashlar/errno.h>
#include <ashlar/printf.h>
#include <ashlar/string.h>
#include "profile.h"
#include "slab_debug.h"

#define RATE_USUAL (512ul << 10)
#define STACK_DEPTH 64

/* What one CPU has before it, by class. */
struct profile_cpu {
	u64 chance; /* for profile_random() */
	unsigned long rate[KMALLOC_NR +
			   1]; /* by which left was drawn; 0: it was not */
	u32 left[KMALLOC_NR + 1]; /* objects until the next sample */
};

bool profile_on;

static unsigned long seed; /* 0: none was asked for */
static struct kmem_cache *cpu_cache;
static struct kmem_cache *sampled[KMALLOC_NR + 1];

/* ---- options ---- */

static bool parse_seed(const char **str, unsigned long *n)
{
	static const char key[] = ",seed=";

	if (ashlar_strncmp(*str, key, sizeof(key) - 1))
		return !**str;
	*str += sizeof(key) - 1;
	return cmdline_number(str, n) && !**str;
}

/**
 * setup_profile() - the option profile=
 * @str: "BYTES": from one sample to the next, on average; "1": the usual rate;
 *	"0": no profile. ",seed=N" behind it makes chance the same each time
 *
 * Before the first allocation. Return: 0 or -EINVAL.
 */
int setup_profile(const char *str)
{
	unsigned long rate, chosen = 0;
	bool usual = str[0] == '1' && (!str[1] || str[1] == ',');

	if (!cmdline_number(&str, &rate) || !parse_seed(&str, &chosen) ||
	    rate > PROFILE_RATE_MOST / 2)
		return -EINVAL;
	seed = chosen;
	ashlar_profile.rate = usual ? RATE_USUAL : rate;
	ashlar_profile.rate_first = ashlar_profile.rate;
	profile_on = sheaves_split = rate != 0;
	kmalloc_flags = SLAB_KMALLOC | (profile_on ? SLAB_PROFILED : 0);
	return 0;
}

/* ---- when ---- */

static struct profile_cpu *new_cpu(const struct mm_cpu *cpu)
{
	struct profile_cpu *p = NULL;

	if (!READ_ONCE(cpu_cache))
		kmem_cache_new(&cpu_cache, "profile_cpu", sizeof(*p), 64,
			       SLAB_NO_SHEAVES | SLAB_OWN, NULL, 0);
	if (cpu_cache)
		p = kmem_cache_zalloc(cpu_cache, GFP_KERNEL | __GFP_NOWARN);
	if (p)
		p->chance = seed ? seed + cpu->nr : port_random();
	return p;
}

/* What this CPU counts; NULL: nothing, for it has no memory, or is no CPU. */
static struct profile_cpu *this_profile(void)
{
	struct mm_cpu *cpu = mm_this_cpu();

	if (unlikely(cpu && !cpu->profile))
		cpu->profile = new_cpu(cpu);
	return likely(cpu) ? cpu->profile : NULL;
}

/* profile_cpu_gone - @cpu has ended; no more than must be is written in it */
void profile_cpu_gone(struct mm_cpu *cpu)
{
	if (likely(!cpu->profile))
		return;
	kmem_cache_free(cpu_cache, cpu->profile);
	cpu->profile = NULL;
}

/* Objects that go by before the next sample. */
static void draw(struct profile_cpu *p, const struct kmem_cache *s)
{
	unsigned long rate = READ_ONCE(ashlar_profile.rate);
	u64 n = mul_u64_u64_hi(profile_distance(&p->chance, rate),
			       s->reciprocal);

	p->rate[s->id] = rate;
	p->left[s->id] = (u32)min(n, (u64)~0u);
}

/* The sample was chosen at a rate that may have been doubled since then. */
static bool is_still_due(struct profile_cpu *p, const struct kmem_cache *s)
{
	unsigned long rate = p->rate[s->id];

	for (; rate < READ_ONCE(ashlar_profile.rate); rate *= 2)
		if (!profile_keeps(&p->chance, s->size, rate))
			return false;
	return true;
}

/* True if a general cache of this kind can be sampled. */
static bool is_counted(const struct kmem_cache *s)
{
	return s->id && s->id <= KMALLOC_NR;
}

/**
 * profile_due() - is the object that is asked for a sample?
 * @s: a general cache, of which this CPU has no more at hand; or, where
 *	sheaves are not split, which is asked for one
 *
 * Context: any, without locks; while profile_on.
 */
bool profile_due(const struct kmem_cache *s)
{
	struct profile_cpu *p = is_counted(s) ? this_profile() : NULL;
	bool due;

	if (!p)
		return false;
	if (unlikely(!p->rate[s->id]))
		draw(p, s);
	if (likely(p->left[s->id])) {
		p->left[s->id]--;
		return false;
	}
	due = is_still_due(p, s);
	draw(p, s);
	return due;
}

/**
 * profile_at_hand() - count what this CPU can take without asking
 * @s: a general cache, of which an object was taken
 *
 * It may not be more than there is to be before the next sample.
 */
void profile_at_hand(struct kmem_cache *s)
{
	struct profile_cpu *p = is_counted(s) ? this_profile() : NULL;

	if (p && s->free_id != s->id)
		p->left[s->id] -= sheaf_limit(s, p->left[s->id]);
}

/**
 * profile_due_large() - is a large block a sample?
 * @slot: its profile_slot()
 */
bool profile_due_large(size_t slot)
{
	struct profile_cpu *p = this_profile();

	return p && profile_distance(&p->chance,
				     READ_ONCE(ashlar_profile.rate)) < slot;
}

/**
 * profile_slot() - bytes by which a large block is counted
 * @bytes: asked for
 *
 * They are rounded up, to eight steps a doubling as classes are, so that those
 * of one stack are few sites.
 */
size_t profile_slot(size_t bytes)
{
	unsigned int shift =
		8 * sizeof(long) - 4 - (unsigned int)__builtin_clzl(bytes | 16);

	return ALIGN(bytes, (size_t)1 << shift);
}

/* ---- samples ---- */

static struct kmem_cache *cache_for(const struct kmem_cache *s)
{
	struct kmem_cache **slot = &sampled[s->id], *c = smp_load_acquire(slot);
	char name[32];

	if (likely(c))
		return c;
	ashlar_snprintf(name, sizeof(name), "sampled-%u", s->size);
	return kmem_cache_new(slot, name, s->size, s->align,
			      SLAB_NO_SHEAVES | SLAB_PROFILED, NULL, 0);
}

static u32 stack_of_callers(void)
{
	unsigned long pc[STACK_DEPTH];

	return stack_depot_save(&slab_stacks, pc,
				port_callers(pc, STACK_DEPTH));
}

static void count_lost(u64 *count)
{
	spin_lock(&profile_lock);
	++*count;
	spin_unlock(&profile_lock);
}

/**
 * profile_note() - a block is a sample
 * @obj: the block
 * @slot: bytes by which it was chosen
 * @asked: bytes asked for
 *
 * Context: no lock held.
 */
void profile_note(void *obj, size_t slot, size_t asked)
{
	u32 stack = stack_of_callers();

	if (!profile_lock_with_room()) {
		count_lost(&ashlar_profile.lost);
		return;
	}
	ashlar_profile.no_stack += !stack;
	profile_add((uintptr_t)obj, stack, slot, asked);
	spin_unlock(&profile_lock);
}

/**
 * profile_alloc() - an object that is a sample
 * @s: the general cache that it would have come from
 * @asked: bytes asked for
 *
 * Context: no lock held. Return: the object, or NULL.
 */
void *profile_alloc(struct kmem_cache *s, size_t asked)
{
	struct kmem_cache *c = cache_for(s);
	void *obj = c ? kmem_cache_alloc(c, GFP_KERNEL | __GFP_NOWARN) : NULL;

	if (obj)
		profile_note(obj, s->size, asked);
	else
		count_lost(&ashlar_profile.lost);
	return obj;
}

/**
 * profile_forget() - a block is about to be freed
 * @obj: any address
 *
 * Context: no lock held. Return: true if it was a sample.
 */
bool profile_forget(const void *obj)
{
	struct profile_live gone;
	bool was;

	spin_lock(&profile_lock);
	was = profile_remove((uintptr_t)obj, &gone);
	spin_unlock(&profile_lock);
	return was;
}
