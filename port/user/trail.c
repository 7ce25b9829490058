/* SPDX-License-Identifier: MIT */
/*
 * A walk that ends where the one before it went on.
 *
 * From one call of the allocator to the next a thread's stack differs in its
 * innermost frames. So a thread keeps the frames that it found last. A frame in
 * the same place with the same caller and the same rbp has the same frames
 * above it, as long as their return addresses still lie there: to see that
 * takes a few instructions for each.
 *
 *   this walk:      new | new ─┐ is known
 *   the trail:      x  x  x    └► | frame | frame | … | frame |
 *                              top                             end
 *               new ones are put before it; where it is too short,
 *               the walk goes on from its last
 *
 * And what the core noted for some callers (a number that it has for them) is
 * found by their sum, which takes no look at each of them either:
 *
 *   sum[i] = pc[i] + F sum[i + 1]            F odd, so it can be undone
 *   of n callers from i on: sum[i] - F^n sum[i + n]
 *
 * Context: a thread's own trail. In a signal handler that came meanwhile it is
 * busy, and then all is as without one.
 */
#include <ashlar/string.h>
#include "trail.h"

#define MIDDLE (TRAIL_FRAMES / 2) /* where the frames of a whole walk begin */
#define FACTOR 0x9e3779b97f4a7c15ull
#define INVERSE 0xf1de83e19937733dull /* FACTOR INVERSE = 1 */
#define NO_SLOT (~(uintptr_t)0)

static struct callers frames_at(struct trail *t, u32 at)
{
	return (struct callers){ t->pc + at, t->slot + at, t->bp + at };
}

static void end_at(struct trail *t, u32 end)
{
	t->end = end;
	t->slot[end] = NO_SLOT;
}

/* ---- frames ---- */

/* The walk met frame @at. Of it and those above, @most, what changed goes. */
static void forget_changed(struct trail *t, u32 at, u32 most)
{
	u32 end = min(t->end, at + most), i = at + 1;

	while (i < end && t->slot[i] < readable.to &&
	       *(const uintptr_t *)t->slot[i] == t->pc[i])
		i++;
	if (unlikely(i < end)) {
		end_at(t, i);
		t->whole = false;
	}
}

/* Put @n frames before frame @at, for which there is room. */
static void put_before(struct trail *t, u32 at, struct callers new, u32 n)
{
	u64 sum = t->sum[at];

	while (n--) {
		at--;
		t->pc[at] = new.pc[n];
		t->slot[at] = new.slot[n];
		t->bp[at] = new.bp[n];
		t->sum[at] = sum = sum * FACTOR + new.pc[n];
		t->odd |= !new.slot[n];
	}
	t->top = at;
}

/* Begin anew with the @n frames of a whole walk for @nr. */
static void begin(struct trail *t, struct callers new, u32 n, u32 nr)
{
	end_at(t, MIDDLE + n);
	t->sum[t->end] = 0;
	t->whole = n < nr;
	put_before(t, t->end, new, n);
}

/* Walk on from the last frame until there are @nr. False: they have no room. */
static bool go_on(struct trail *t, u32 nr)
{
	u32 last = t->end - 1, end = t->top + nr, i;
	const struct unwind u = { t->pc[last],
				  t->slot[last] + sizeof(uintptr_t),
				  ~t->bp[last], false };

	if (likely(t->whole || t->end >= end))
		return true;
	if (end > TRAIL_FRAMES)
		return false;
	i = t->end;
	end_at(t, i + unwind_slots(u, frames_at(t, i), end - i));
	t->whole = t->end < end;
	for (; i < t->end; i++) {
		t->sum[i + 1] = (t->sum[i] - t->pc[i]) * INVERSE;
		t->odd |= !t->slot[i];
	}
	return true;
}

/* From t->top on are @u and its callers: @nr of them, if there are as many. */
static void find(struct trail *t, struct unwind u, u32 nr)
{
	uintptr_t slot[TRAIL_DEPTH], bp[TRAIL_DEPTH];
	unsigned long pc[TRAIL_DEPTH];
	const struct callers new = { pc, slot, bp };
	struct known known = { frames_at(t, 0), .at = t->top };
	u32 n = unwind_to_known(u, new, nr, &known);

	if (likely(known.met && known.at >= n)) {
		forget_changed(t, known.at, nr - n);
		put_before(t, known.at, new, n);
		if (likely(go_on(t, nr)))
			return;
	}
	if (known.met)
		n = unwind_from(u, new, nr);
	begin(t, new, n, nr);
}

/* ---- what was noted for them ---- */

/* The number of callers counts: some are told of fewer than others. */
static u64 sum_of(const struct trail *t, u32 nr)
{
	return t->sum[t->top] - t->power[nr] * t->sum[t->top + nr] + nr;
}

static u32 note_of(struct trail *t, u32 nr,
		   u32 (*number)(const unsigned long *pc, unsigned int nr))
{
	u64 sum = sum_of(t, nr);
	u32 at = (u32)(sum * FACTOR >> (64 - TRAIL_NOTES_BITS));

	if (t->noted[at].sum != sum || !t->noted[at].note) {
		t->noted[at].note = number(t->pc + t->top, nr);
		t->noted[at].sum = sum;
	}
	return t->noted[at].note;
}

static __cold_path void set_up(struct trail *t)
{
	u32 i;

	end_at(t, 0);
	t->power[0] = 1;
	for (i = 0; i < TRAIL_DEPTH; i++)
		t->power[i + 1] = t->power[i] * FACTOR;
}

/**
 * trail_follow() - a call's callers, and what was noted for them
 * @t: this thread's, which is not busy
 * @u: the innermost, from unwind_leave()
 * @nr: how many, from 1 to TRAIL_DEPTH
 * @number: what the core notes for callers
 *
 * Return: what was found; @slot is good until the next walk.
 */
struct found trail_follow(struct trail *t, struct unwind u, unsigned int nr,
			  u32 (*number)(const unsigned long *pc,
					unsigned int nr))
{
	struct found f;

	WRITE_ONCE(t->busy, true);
	barrier();
	if (unlikely(!t->power[0]))
		set_up(t);
	t->odd = false;
	find(t, u, nr);
	f.slot = t->slot + t->top;
	f.nr = min(nr, t->end - t->top);
	f.note = note_of(t, f.nr, number);
	if (unlikely(t->odd)) /* a signal's frame is not to be gone on from */
		end_at(t, t->top);
	barrier();
	WRITE_ONCE(t->busy, false);
	return f;
}
