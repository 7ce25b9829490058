/* SPDX-License-Identifier: MIT */
/*
 * Which reports have been made: one place is reported once.
 *
 *   kind, process, addresses of the stack ── seen? ─ no names are looked for
 *   kind, the innermost frames by name    ── seen? ─ nothing is printed
 *
 * Both are kept as hashes of 64 bits in one table. The first saves the work;
 * the second is the same in all processes of one program.
 */
#include <stdlib.h>
#include <string.h>
#include <ashlar/compiler.h>
#include "report_seen.h"

#define PLACE_FRAMES 4

/* FNV-1a (G. Fowler, L. C. Noll, K.-P. Vo, 1991). */
static uint64_t hash(uint64_t h, const void *data, size_t size)
{
	const unsigned char *p = data;

	for (; size; size--)
		h = (h ^ *p++) * 0x100000001b3ull;
	return h;
}

#define HASH_START 0xcbf29ce484222325ull

static uint64_t hash_text(uint64_t h, const char *s)
{
	return s ? hash(h, s, strlen(s) + 1) : hash(h, "", 1);
}

static bool grow(struct report_seen *s)
{
	struct report_seen more = { .size = s->size ? 2 * s->size : 256 };
	size_t i, at;

	more.key = calloc(more.size, sizeof(*more.key));
	if (!more.key)
		return false;
	for (i = 0; i < s->size; i++) {
		if (!s->key[i])
			continue;
		at = s->key[i] & (more.size - 1);
		while (more.key[at])
			at = (at + 1) & (more.size - 1);
		more.key[at] = s->key[i];
	}
	more.nr = s->nr;
	free(s->key);
	*s = more;
	return true;
}

/* True if @key is new. Without memory everything is. */
static bool add(struct report_seen *s, uint64_t key)
{
	size_t at;

	key |= !key;
	if (2 * s->nr >= s->size && !grow(s))
		return true;
	at = key & (s->size - 1);
	for (; s->key[at]; at = (at + 1) & (s->size - 1))
		if (s->key[at] == key)
			return false;
	s->key[at] = key;
	s->nr++;
	return true;
}

/* report_seen_addresses - true if no such report came from this process */
bool report_seen_addresses(struct report_seen *seen,
			   const struct report_record *r, pid_t pid)
{
	uint64_t h = hash_text(HASH_START, r->kind);

	h = hash(h, &pid, sizeof(pid));
	return add(seen, hash(h, r->now.pc, sizeof(r->now.pc)));
}

/* report_seen_frames - true if there was no report of this kind and stack */
bool report_seen_frames(struct report_seen *seen, const char *kind,
			const struct frames *frames, struct stack_shown shown)
{
	uint64_t h = hash_text(HASH_START, kind);
	const struct frame *f;
	size_t i;

	for (i = 0; i < shown.nr; i++) {
		f = &frames->frame[shown.first + i];
		h = hash_text(hash_text(h, f->module), f->function);
		h = hash(h, &f->offset, sizeof(f->offset));
		h = hash(h, &f->line, sizeof(f->line));
	}
	return add(seen, h);
}

/* report_seen_place - true if no report of this kind was of the same place */
bool report_seen_place(struct report_seen *seen, const struct report *r)
{
	struct stack_shown place = r->now;

	if (!r->frames || !place.nr)
		return true;
	place.nr = min(place.nr, (size_t)PLACE_FRAMES);
	return report_seen_frames(seen, r->record->kind, r->frames, place);
}

void report_seen_free(struct report_seen *seen)
{
	free(seen->key);
}
