/* SPDX-License-Identifier: MIT */
/*
 * The tables of the heap profile: samples by who allocated them, and those
 * that are in use by address.
 *
 *   live    | address, asked, site | - | address, asked, site | …
 *                               └──────────────┐
 *   sites   | - | stack, slot: live, freed, their bytes | - | …    from outside
 *
 * Both are open hash tables that double as they fill, up to PROFILE_LIVE and
 * PROFILE_SITES slots. After that the rate doubles instead, and each sample so
 * far is kept with the probability that makes it one of the new rate: what is
 * known gets coarser, and stays right on average.
 *
 * New tables are filled while the old ones are there. Whoever reads the sites
 * from outside finds `changes` odd meanwhile, and another number after it.
 *
 * Lock: profile_lock, innermost; memory comes before it is taken.
 */
#include <ashlar/string.h>
#include "profile.h"

#define FIRST_SLOTS 64u

spinlock_t profile_lock = SPIN_LOCK_UNLOCKED;
struct ashlar_profile ashlar_profile;

struct tables {
	struct profile_site *sites;
	struct profile_live *live;
	u32 nr_sites, nr_live; /* slots, powers of two; 0: there are none */
};

static struct tables now;
static u32 sites_used, live_used;
static u64 thinning; /* for profile_random() */

/* ---- memory ---- */

static size_t site_bytes(const struct tables *t)
{
	return PAGE_ALIGN(t->nr_sites * sizeof(*t->sites));
}

static size_t bytes_of(const struct tables *t)
{
	return site_bytes(t) + PAGE_ALIGN(t->nr_live * sizeof(*t->live));
}

/* Zeroed tables of as many slots as @t says. Context: no lock held. */
static bool make(struct tables *t)
{
	char *p = port_guard_reserve(bytes_of(t));

	if (!p)
		return false;
	if (port_guard_open(p, bytes_of(t))) {
		port_guard_release(p, bytes_of(t));
		return false;
	}
	t->sites = (struct profile_site *)p;
	t->live = (struct profile_live *)(p + site_bytes(t));
	return true;
}

static void unmake(const struct tables *t)
{
	if (t->sites)
		port_guard_release(t->sites, bytes_of(t));
}

/* ---- slots; context of all: profile_lock ---- */

static u32 hash(u64 key)
{
	return (u32)(key * 0x9e3779b97f4a7c15ull >> 32);
}

static u32 site_hash(u32 stack, u64 slot)
{
	return hash((u64)stack << 32 ^ slot);
}

/* The site's place in @t, or the free one where it belongs. */
static u32 find_site(const struct tables *t, u32 stack, u64 slot)
{
	u32 i = site_hash(stack, slot) & (t->nr_sites - 1);

	while (t->sites[i].slot &&
	       (t->sites[i].stack != stack || t->sites[i].slot != slot))
		i = (i + 1) & (t->nr_sites - 1);
	return i;
}

static u32 live_home(const struct tables *t, uintptr_t address)
{
	return hash(address) & (t->nr_live - 1);
}

static u32 find_live(const struct tables *t, uintptr_t address)
{
	u32 i = live_home(t, address);

	while (t->live[i].address && t->live[i].address != address)
		i = (i + 1) & (t->nr_live - 1);
	return i;
}

/* Free the slot @i, and let no search end there that went past it. */
static void empty_slot(const struct tables *t, u32 i)
{
	u32 mask = t->nr_live - 1, next = i;

	for (;;) {
		next = (next + 1) & mask;
		if (!t->live[next].address)
			break;
		if (((next - live_home(t, t->live[next].address)) & mask) <
		    ((next - i) & mask))
			continue;
		t->live[i] = t->live[next];
		i = next;
	}
	t->live[i].address = 0;
}

/* ---- other tables; context of all: profile_lock ---- */

/* Of @n samples, those that are still some at half the rate. */
static u64 kept_of(u64 n, u64 slot, u64 rate)
{
	u64 kept = 0;

	while (n--)
		kept += profile_keeps(&thinning, slot, rate);
	return kept;
}

static u64 share(u64 bytes, u64 part, u64 of)
{
	return part ? bytes - bytes / of * (of - part) : 0;
}

static void thin_freed(struct profile_site *s, u64 rate)
{
	u64 kept = kept_of(s->freed, s->slot, rate);

	s->freed_bytes = share(s->freed_bytes, kept, s->freed);
	s->freed = kept;
}

/* Double the rate. What is no sample any more has no address afterwards. */
static void thin(struct tables *t)
{
	unsigned long rate = ashlar_profile.rate;
	struct profile_site *s;
	struct profile_live *l;

	for (s = t->sites; s < t->sites + t->nr_sites; s++)
		if (s->slot)
			thin_freed(s, rate);
	for (l = t->live; l < t->live + t->nr_live; l++) {
		s = &t->sites[l->site];
		if (!l->address || profile_keeps(&thinning, s->slot, rate))
			continue;
		s->live--;
		s->live_bytes -= l->asked;
		l->address = 0;
	}
	WRITE_ONCE(ashlar_profile.rate, 2 * rate);
}

/* Sites without a sample are left behind. */
static void move_sites(const struct tables *to)
{
	struct profile_site *s, *end = now.sites + now.nr_sites;

	sites_used = 0;
	for (s = now.sites; s < end; s++) {
		if (!s->slot || !(s->live + s->freed))
			continue;
		s->moved = find_site(to, s->stack, s->slot);
		to->sites[s->moved] = *s;
		sites_used++;
	}
}

static void move_live(const struct tables *to)
{
	const struct profile_live *l, *end = now.live + now.nr_live;
	u32 i;

	live_used = 0;
	for (l = now.live; l < end; l++) {
		if (!l->address)
			continue;
		i = find_live(to, l->address);
		to->live[i] = *l;
		to->live[i].site = now.sites[l->site].moved;
		live_used++;
	}
}

/* Readers outside see the change begin before it, and its end behind it. */
static void note_change(void)
{
	__atomic_fetch_add(&ashlar_profile.changes, 1, __ATOMIC_SEQ_CST);
}

/* Go on in @to. Returns the tables that were there before. */
static struct tables exchange(const struct tables *to, bool coarser)
{
	struct tables before = now;

	note_change();
	if (coarser)
		thin(&now);
	move_sites(to);
	move_live(to);
	now = *to;
	ashlar_profile.sites = now.sites;
	ashlar_profile.nr_slots = now.nr_sites;
	note_change();
	return before;
}

static bool is_full(u32 used, u32 slots)
{
	return used >= slots / 4 * 3;
}

/*
 * What tables there should be. True if there is no room in those that are. A
 * table that may not grow has its place taken by one of its size, for which
 * there are fewer samples.
 */
static bool want(struct tables *t, bool *coarser)
{
	bool sites = is_full(sites_used, now.nr_sites);
	bool live = is_full(live_used, now.nr_live);

	*t = (struct tables){ 0 };
	t->nr_sites = max(now.nr_sites, FIRST_SLOTS);
	t->nr_live = max(now.nr_live, FIRST_SLOTS);
	*coarser = (sites && now.nr_sites == PROFILE_SITES) ||
		   (live && now.nr_live == PROFILE_LIVE);
	if (sites && now.nr_sites && now.nr_sites < PROFILE_SITES)
		t->nr_sites *= 2;
	if (live && now.nr_live && now.nr_live < PROFILE_LIVE)
		t->nr_live *= 2;
	return sites || live;
}

/*
 * profile_lock_with_room - takes profile_lock, with room for one sample more
 *
 * Context: no lock held. Return: false, without the lock, if there is none.
 */
bool profile_lock_with_room(void)
{
	struct tables made, wanted;
	bool coarser;

	spin_lock(&profile_lock);
	while (want(&wanted, &coarser)) {
		spin_unlock(&profile_lock);
		made = wanted;
		if ((coarser && ashlar_profile.rate > PROFILE_RATE_MOST / 2) ||
		    !make(&made))
			return false;
		spin_lock(&profile_lock);
		if (want(&wanted, &coarser) &&
		    wanted.nr_sites == made.nr_sites &&
		    wanted.nr_live == made.nr_live)
			made = exchange(&made, coarser);
		spin_unlock(&profile_lock);
		unmake(&made);
		spin_lock(&profile_lock);
	}
	return true;
}

/* ---- samples; context of all: profile_lock ---- */

/* profile_add - a sample; profile_lock_with_room() made room for it */
void profile_add(uintptr_t address, u32 stack, u64 slot, u64 asked)
{
	u32 site = find_site(&now, stack, slot), i;
	struct profile_site *s = &now.sites[site];
	struct profile_live gone;

	/* A block that went without our knowing. */
	profile_remove(address, &gone);
	i = find_live(&now, address);
	if (!s->slot) {
		s->stack = stack;
		s->slot = slot;
		sites_used++;
	}
	s->live++;
	s->live_bytes += asked;
	now.live[i] = (struct profile_live){ .address = address,
					     .site = site,
					     .asked = asked };
	live_used++;
}

/* profile_remove - the sample at @address is freed; false: there is none */
bool profile_remove(uintptr_t address, struct profile_live *gone)
{
	struct profile_site *s;
	u32 i;

	if (!now.nr_live)
		return false;
	i = find_live(&now, address);
	if (!now.live[i].address)
		return false;
	*gone = now.live[i];
	s = &now.sites[gone->site];
	s->live--;
	s->live_bytes -= gone->asked;
	s->freed++;
	s->freed_bytes += gone->asked;
	empty_slot(&now, i);
	live_used--;
	return true;
}
