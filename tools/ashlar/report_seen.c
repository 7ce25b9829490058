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

/* Where @key is, or would be: then there is 0. Context: there is a table. */
static size_t place_of(const struct report_seen *s, uint64_t key)
{
	size_t at = key & (s->size - 1);

	while (s->key[at] && s->key[at] != key)
		at = (at + 1) & (s->size - 1);
	return at;
}

static bool has(const struct report_seen *s, uint64_t key)
{
	return s->size && s->key[place_of(s, key)];
}

static bool grow(struct report_seen *s)
{
	struct report_seen more = { .size = s->size ? 2 * s->size : 256 };
	size_t i;

	more.key = calloc(more.size, sizeof(*more.key));
	if (!more.key)
		return false;
	for (i = 0; i < s->size; i++)
		if (s->key[i])
			more.key[place_of(&more, s->key[i])] = s->key[i];
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
	at = place_of(s, key);
	if (s->key[at])
		return false;
	s->key[at] = key;
	s->nr++;
	return true;
}

/* A block, by who allocated it, if that is known. */
static uint64_t hash_block(const struct report_record *r, bool is_known)
{
	uint64_t h = hash_text(HASH_START, "block");

	h = hash(h, &r->block, sizeof(r->block));
	return is_known ? hash(h, r->alloc.pc, sizeof(r->alloc.pc)) : h;
}

/* What a call was seen to do is found as damage later: that is no news. */
static bool is_told_damage(struct report_seen *seen,
			   const struct report_record *r)
{
	uint64_t key = hash_block(r, r->alloc.flags & REPORT_STACK_KNOWN);

	return r->block && has(seen, key | !key);
}

static void note_damage(struct report_seen *seen, const struct report_record *r)
{
	if (!r->block || r->access != REPORT_WRITE)
		return;
	add(seen, hash_block(r, true));
	add(seen, hash_block(r, false));
}

/* report_seen_addresses - true if no such report came from this process */
bool report_seen_addresses(struct report_seen *seen,
			   const struct report_record *r, pid_t pid)
{
	uint64_t h = hash_text(HASH_START, r->kind);

	h = hash(h, &pid, sizeof(pid));
	if (!report_is_late(r)) {
		note_damage(seen, r);
		return add(seen, hash(h, r->now.pc, sizeof(r->now.pc)));
	}
	if (is_told_damage(seen, r))
		return false;
	h = hash(h, r->alloc.pc, sizeof(r->alloc.pc));
	return add(seen, hash(h, r->free.pc, sizeof(r->free.pc)));
}

static uint64_t hash_stack(uint64_t h, const struct frames *frames,
			   struct stack_shown shown, size_t most)
{
	const struct frame *f = frames->frame + shown.first;
	size_t i;

	for (i = 0; i < shown.nr && i < most; i++) {
		h = hash_text(hash_text(h, f[i].module), f[i].function);
		h = hash(h, &f[i].offset, sizeof(f[i].offset));
		h = hash(h, &f[i].line, sizeof(f[i].line));
	}
	return h;
}

/* report_seen_frames - true if there was no report of this kind and stack */
bool report_seen_frames(struct report_seen *seen, const char *kind,
			const struct frames *frames, struct stack_shown shown)
{
	return add(seen, hash_stack(hash_text(HASH_START, kind), frames, shown,
				    shown.nr));
}

/* report_seen_place - true if no report of this kind was of the same place */
bool report_seen_place(struct report_seen *seen, const struct report *r)
{
	uint64_t h = hash_text(HASH_START, r->record->kind);

	if (!r->place)
		return true;
	if (!report_is_late(r->record))
		return add(seen,
			   hash_stack(h, r->frames, r->now, PLACE_FRAMES));
	h = hash_stack(h, r->frames, r->alloc, PLACE_FRAMES);
	return add(seen, hash_stack(h, r->frames, r->free, PLACE_FRAMES));
}

void report_seen_free(struct report_seen *seen)
{
	free(seen->key);
}
