/* SPDX-License-Identifier: MIT */
/*
 * A depot of stacks: who allocated and who freed is noted for each block, and
 * most blocks come from a few places.
 *
 *   chunk[0]: heads by hash        chunk[1]            chunk[2]
 *   | u32 | u32 | u32 | …          | stack | stack …   | stack …  |      |
 *           └── handle ──────────────────►┘                       └ end
 *
 *   handle = chunk << (DEPOT_CHUNK_SHIFT - 3) | offset / 8;  0: no stack
 *
 * Stacks are added and never change or go, so a search takes no lock; nor does
 * an addition: room is taken by moving `end`, and a stack becomes visible when
 * the head of its list is exchanged. Two CPUs that add one stack at once may
 * use the room of two. Memory comes by the chunk, at most DEPOT_CHUNKS of them;
 * after that, and where there is none, new stacks have no handle.
 *
 * A fork finds the depot whole at any moment.
 */
#include <ashlar/stackdepot.h>
#include <ashlar/string.h>

#define WORD_BYTES 8u
#define CHUNK_WORDS ((u32)(DEPOT_CHUNK_BYTES / WORD_BYTES))
#define HEADS ((u32)(DEPOT_CHUNK_BYTES / sizeof(u32)))

static u32 hash_of(const unsigned long *pc, unsigned int nr)
{
	u64 h = nr;
	unsigned int i;

	for (i = 0; i < nr; i++)
		h = (h ^ pc[i]) * 0x9e3779b97f4a7c15ull;
	return (u32)(h >> 32);
}

static u32 words_of(unsigned int nr)
{
	size_t bytes = sizeof(struct depot_stack) + nr * sizeof(long);

	return (u32)((bytes + WORD_BYTES - 1) / WORD_BYTES);
}

/* Where a stack with this handle is; the chunk is there. */
static struct depot_stack *stack_at(const struct stack_depot *d, u32 handle)
{
	char *chunk = __atomic_load_n(&d->chunk[handle / CHUNK_WORDS],
				      __ATOMIC_ACQUIRE);

	return (void *)(chunk + (size_t)(handle % CHUNK_WORDS) * WORD_BYTES);
}

/* The chunk @i, made if need be; NULL: there is no memory for it. */
static void *chunk_for(struct stack_depot *d, u32 i)
{
	void *chunk = __atomic_load_n(&d->chunk[i], __ATOMIC_ACQUIRE);
	void *none = NULL;

	if (chunk)
		return chunk;
	chunk = d->more(DEPOT_CHUNK_BYTES);
	if (!chunk)
		return NULL;
	if (!i)
		memset(chunk, 0, DEPOT_CHUNK_BYTES);
	if (__atomic_compare_exchange_n(&d->chunk[i], &none, chunk, false,
					__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return chunk;
	d->give(chunk, DEPOT_CHUNK_BYTES);
	return none;
}

/* Room for a stack of @words words: its handle, or 0. */
static u32 take_room(struct stack_depot *d, u32 words)
{
	u32 end = __atomic_load_n(&d->end, __ATOMIC_RELAXED), start;

	do {
		start = end ? end : CHUNK_WORDS;
		if (start % CHUNK_WORDS + words > CHUNK_WORDS)
			start += CHUNK_WORDS - start % CHUNK_WORDS;
		if (start / CHUNK_WORDS >= DEPOT_CHUNKS ||
		    !chunk_for(d, start / CHUNK_WORDS))
			return 0;
	} while (!__atomic_compare_exchange_n(&d->end, &end, start + words,
					      false, __ATOMIC_RELAXED,
					      __ATOMIC_RELAXED));
	return start;
}

static bool is_same(const struct depot_stack *s, u32 hash,
		    const unsigned long *pc, unsigned int nr)
{
	unsigned int i;

	if (s->hash != hash || s->nr != nr)
		return false;
	for (i = 0; i < nr && s->pc[i] == pc[i]; i++)
		;
	return i == nr;
}

/* The handle of a stack in the list from @handle up to @end; or 0. */
static u32 find(const struct stack_depot *d, u32 handle, u32 end, u32 hash,
		const unsigned long *pc, unsigned int nr)
{
	const struct depot_stack *s;

	for (; handle && handle != end; handle = s->next) {
		s = stack_at(d, handle);
		if (is_same(s, hash, pc, nr))
			return handle;
	}
	return 0;
}

/* Enter a new stack into the list that begins at @head, with @first first. */
static u32 add(struct stack_depot *d, u32 *head, u32 first, u32 hash,
	       const unsigned long *pc, unsigned int nr)
{
	u32 handle = take_room(d, words_of(nr)), other, seen = first;
	struct depot_stack *s;

	if (!handle)
		return 0;
	s = stack_at(d, handle);
	s->hash = hash;
	s->nr = nr;
	s->unused = 0;
	memcpy(s->pc, pc, nr * sizeof(*pc));
	s->next = first;
	while (!__atomic_compare_exchange_n(head, &first, handle, false,
					    __ATOMIC_ACQ_REL,
					    __ATOMIC_ACQUIRE)) {
		other = find(d, first, seen, hash, pc, nr);
		if (other)
			return other;
		s->next = seen = first;
	}
	return handle;
}

/**
 * stack_depot_save() - the number of a stack
 * @d: the depot
 * @pc: return addresses, innermost first; those after DEPOT_DEPTH are left out
 * @nr: how many
 *
 * Context: any in which @d's more() may be called. Return: the handle, the
 * same for the same stack; 0 for an empty one, or if there is no room.
 */
u32 stack_depot_save(struct stack_depot *d, const unsigned long *pc,
		     unsigned int nr)
{
	u32 *heads = chunk_for(d, 0), *head, first, hash, handle;

	nr = nr < DEPOT_DEPTH ? nr : DEPOT_DEPTH;
	if (!heads || !nr)
		return 0;
	hash = hash_of(pc, nr);
	head = &heads[hash % HEADS];
	first = __atomic_load_n(head, __ATOMIC_ACQUIRE);
	handle = find(d, first, 0, hash, pc, nr);
	return likely(handle) ? handle : add(d, head, first, hash, pc, nr);
}

/**
 * stack_depot_fetch() - the stack of a number
 * @d: the depot
 * @handle: any value: of one that is none, nothing is read
 * @pc: where the address of its return addresses goes
 *
 * Return: how many there are; 0: there is no such stack.
 */
unsigned int stack_depot_fetch(const struct stack_depot *d, u32 handle,
			       const unsigned long **pc)
{
	u32 at = handle % CHUNK_WORDS;
	const struct depot_stack *s;

	if (handle < CHUNK_WORDS ||
	    handle >= __atomic_load_n(&d->end, __ATOMIC_RELAXED) ||
	    at + words_of(0) > CHUNK_WORDS)
		return 0;
	s = stack_at(d, handle);
	if (s->nr > DEPOT_DEPTH || at + words_of(s->nr) > CHUNK_WORDS)
		return 0;
	*pc = s->pc;
	return s->nr;
}
