/* SPDX-License-Identifier: MIT */
/*
 * What is beside a sheaf, and where its objects begin: two words at its base,
 * of all sheaves of all CPUs, in few calls.
 *
 *   CPU × cache ─► main sheaves ── a read of many ──► | spare | bottom |
 *                                 └► their spares ── a read of many ──► …
 *
 * Of a thousand threads there are fifty thousand sheaves: a call for each word
 * takes longer than all else of a look. What is not here is read by itself.
 */
#include <stdlib.h>
#include "snapshot.h"

#define SHEAVES_MOST (1ul << 20)

struct sheaf_head {
	uintptr_t base; /* 0: the place is free */
	sheaf_t word[2];
};

struct sheaf_heads {
	struct sheaf_head *head; /* a hash table, by base */
	size_t size, nr; /* a power of two; in use, at most half */
};

static struct sheaf_head *place_of(const struct sheaf_heads *h, uintptr_t base)
{
	size_t i = base / SHEAF_SIZE * 0x9e3779b97f4a7c15ull >> 20;

	while (h->head[i & (h->size - 1)].base &&
	       h->head[i & (h->size - 1)].base != base)
		i++;
	return &h->head[i & (h->size - 1)];
}

/* Copies the words of @nr sheaves; those that cannot be read stay away. */
static void read_heads(struct sheaf_heads *h, struct target *t,
		       const uint64_t *base, size_t nr)
{
	sheaf_t words[TARGET_AT_ONCE][2];
	size_t i, n, done;

	for (; nr && !t->spent; base += done, nr -= done) {
		n = min(nr, (size_t)TARGET_AT_ONCE);
		done = target_gather(t, base, n, words, sizeof(words[0]));
		for (i = 0; i < done; i++) {
			struct sheaf_head *p = place_of(h, base[i]);

			if (h->nr >= h->size / 2)
				return;
			h->nr += !p->base;
			p->base = base[i];
			p->word[0] = words[i][0];
			p->word[1] = words[i][1];
		}
		done += done < n; /* the one after these cannot be read */
	}
}

static bool has_sheaf(const struct sheaf_tops *tops, size_t id)
{
	return tops->top[id] != tops->top[0] &&
	       (uintptr_t)tops->top[id] > SHEAF_SIZE;
}

static size_t count_mains(const struct snapshot_node *s)
{
	size_t nr = 0, i, id;

	for (i = 0; i < s->nr_cpus; i++)
		for (id = 1; id < NR_CPU_CACHES; id++)
			nr += has_sheaf(&s->cpus[i].tops, id);
	return nr;
}

/**
 * sheaf_heads_read() - read the heads of all sheaves that CPUs have
 * @s: its CPUs were taken
 * @t: the target
 *
 * Return: them, to be freed; NULL: there are none, or each is to be read by
 * itself.
 */
struct sheaf_heads *sheaf_heads_read(const struct snapshot_node *s,
				     struct target *t)
{
	size_t nr = t->pid ? count_mains(s) : 0, i, id, n = 0;
	struct sheaf_heads *h = calloc(1, sizeof(*h));
	uint64_t *base = calloc(nr + 1, sizeof(*base));

	if (!h || !base || !nr || nr > SHEAVES_MOST)
		goto none;
	for (h->size = 64; h->size < 4 * nr; h->size *= 2)
		;
	h->head = calloc(h->size, sizeof(*h->head));
	if (!h->head)
		goto none;
	for (i = 0; i < s->nr_cpus; i++)
		for (id = 1; id < NR_CPU_CACHES; id++)
			if (has_sheaf(&s->cpus[i].tops, id))
				base[n++] = (uintptr_t)sheaf_base(
					s->cpus[i].tops.top[id]);
	read_heads(h, t, base, nr);
	for (i = n = 0; i < nr; i++) {
		sheaf_t spare = place_of(h, base[i])->word[0];

		if ((uintptr_t)spare > SHEAF_SIZE)
			base[n++] = (uintptr_t)sheaf_base(spare);
	}
	read_heads(h, t, base, n);
	free(base);
	return h;
none:
	free(base);
	sheaf_heads_free(h);
	return NULL;
}

/* sheaf_heads_get - the word at @slot. False: it is not among them. */
bool sheaf_heads_get(const struct sheaf_heads *h, const sheaf_t *slot,
		     sheaf_t *value)
{
	uintptr_t base = (uintptr_t)slot & ~(SHEAF_SIZE - 1);
	size_t word = ((uintptr_t)slot - base) / sizeof(*slot);
	const struct sheaf_head *p;

	if (!h || word > 1)
		return false;
	p = place_of(h, base);
	if (!p->base)
		return false;
	*value = p->word[word];
	return true;
}

void sheaf_heads_free(struct sheaf_heads *h)
{
	if (h)
		free(h->head);
	free(h);
}
