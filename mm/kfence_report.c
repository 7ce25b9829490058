/* SPDX-License-Identifier: MIT */
/*
 * What is told of a guarded block.
 *
 *          block->start          start + asked
 *   …guard | x x x x | the block       | x x | guard…
 *     ▲         ▲          ▲              ▲      ▲
 *     before    before     into           behind behind: in words, by the byte
 *
 * Kinds of reports have the names that AddressSanitizer gave them.
 */
#include <ashlar/printf.h>
#include <ashlar/string.h>
#include "internal.h"
#include "kfence.h"

#define BEFORE 48 /* bytes of the window before the wrong one */

static void tell(struct report_record *r)
{
	kfence_stats.bugs++;
	port_report(r);
}

static void fill_stack(struct report_stack *out, const struct kfence_trace *t)
{
	unsigned int i;

	out->flags = REPORT_STACK_KNOWN;
	out->tid = t->pid;
	out->ms_ago = port_time_ms() - t->when;
	for (i = 0; i < KFENCE_DEPTH && t->pc[i]; i++)
		out->pc[i] = t->pc[i];
}

static bool was_freed(const struct kfence_block *b)
{
	return b->state == KFENCE_FREED;
}

/* The history of the block, and its place. */
static void fill_block(struct report_record *r, const struct kfence_block *b)
{
	r->block = (uintptr_t)b->start;
	r->asked = b->asked;
	fill_stack(&r->alloc, &b->alloc);
	if (was_freed(b))
		fill_stack(&r->free, &b->free);
}

static void name_kind(struct report_record *r, const char *kind)
{
	ashlar_strscpy(r->kind, kind, sizeof(r->kind));
}

static ASHLAR_PRINTF(2, 3) void say(struct report_record *r, const char *fmt,
				    ...)
{
	__builtin_va_list args;

	__builtin_va_start(args, fmt);
	ashlar_vsnprintf(r->sentence, sizeof(r->sentence), fmt, args);
	__builtin_va_end(args);
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static const char *verb(enum report_access access)
{
	switch (access) {
	case REPORT_READ:
		return "read";
	case REPORT_WRITE:
		return "write";
	default:
		return "access";
	}
}

/* "12 bytes past a block of 64", as of @addr. */
static void say_where(char *out, size_t size, const struct kfence_block *b,
		      uintptr_t addr)
{
	uintptr_t start = (uintptr_t)b->start, end = start + b->asked;
	const char *what = was_freed(b) ? "a freed block" : "a block";
	size_t n = addr < start ? start - addr :
		   addr < end	? addr - start :
				  addr - end;

	if (n == 0)
		ashlar_snprintf(out, size, "%s %s of %zu",
				addr == end ? "just past" : "at the start of",
				what, b->asked);
	else
		ashlar_snprintf(out, size, "%zu byte%s %s %s of %zu", n,
				plural(n),
				addr < start ? "before" :
				addr < end   ? "into" :
					       "past",
				what, b->asked);
}

static void name_access(struct report_record *r, const struct kfence_block *b)
{
	if (!b || b->state == KFENCE_UNUSED)
		name_kind(r, "SEGV");
	else
		name_kind(r, was_freed(b) ? "heap-use-after-free" :
					    "heap-buffer-overflow");
}

/* A range that does not begin in a block in use. */
static void say_range(struct report_record *r, const struct kfence_place *at,
		      size_t bytes, const char *call)
{
	char where[100] = "where no block is";

	if (at->block && at->block->state != KFENCE_UNUSED)
		say_where(where, sizeof(where), at->block, at->addr);
	say(r, "%s of %zu byte%s by %s, %s",
	    verb((enum report_access)r->access), bytes, plural(bytes), call,
	    where);
}

/**
 * kfence_report_range() - an access that was looked at before it was made
 * @at: where it begins; without a block: none is near
 * @bytes: of the access
 * @access: which
 * @call: the function that was to make it
 */
void kfence_report_range(const struct kfence_place *at, size_t bytes,
			 enum report_access access, const char *call)
{
	struct report_record r = { .access = access,
				   .address = at->addr,
				   .bytes = bytes };
	const struct kfence_block *b = at->block;
	uintptr_t end;

	ashlar_strscpy(r.call, call, sizeof(r.call));
	name_access(&r, b);
	if (b && b->state != KFENCE_UNUSED)
		fill_block(&r, b);
	end = b ? (uintptr_t)b->start + b->asked : 0;
	if (b && b->state == KFENCE_LIVE && at->addr < end &&
	    at->addr >= (uintptr_t)b->start)
		say(&r,
		    "%s of %zu byte%s by %s, of which %zu lie past a block of "
		    "%zu",
		    verb(access), bytes, plural(bytes), call,
		    bytes - (end - at->addr), b->asked);
	else
		say_range(&r, at, bytes, call);
	tell(&r);
}

/**
 * kfence_report_access() - an access that a guard stopped
 * @at: where; without a block: none is near
 * @access: which
 * @now: the stack of it, or NULL
 */
void kfence_report_access(const struct kfence_place *at,
			  enum report_access access,
			  const struct report_stack *now)
{
	struct report_record r = { .access = access, .address = at->addr };
	char where[100];

	if (now)
		r.now = *now;
	name_access(&r, at->block);
	if (!at->block || at->block->state == KFENCE_UNUSED) {
		say(&r, "%s of %p, among guarded blocks, where none is",
		    verb(access), (void *)at->addr);
		tell(&r);
		return;
	}
	fill_block(&r, at->block);
	say_where(where, sizeof(where), at->block, at->addr);
	say(&r, "%s %s", verb(access), where);
	tell(&r);
}

/* @bad lies in the block's own pages: some of them are shown. */
static void show_window(struct report_record *r, const struct kfence_block *b,
			const char *bad)
{
	const char *end = b->pages + (PAGE_SIZE << b->order);
	size_t before = ALIGN_DOWN((size_t)(bad - b->pages), (size_t)16);
	const char *from = b->pages + before - min(before, (size_t)BEFORE);

	r->window_start = (uintptr_t)from;
	r->window_bytes = (u32)min((size_t)(end - from), (size_t)REPORT_WINDOW);
	memcpy(r->window, from, r->window_bytes);
}

/**
 * kfence_report_damage() - a release finds bytes beside the block changed
 * @b: the block
 * @d: which bytes
 * @call: the call that found it
 */
void kfence_report_damage(const struct kfence_block *b,
			  const struct kfence_damage *d, const char *call)
{
	struct report_record r = {
		.access = REPORT_WRITE,
		.address = (uintptr_t)d->bad,
		.bytes = d->bytes,
	};
	char where[100];

	name_kind(&r, "heap-buffer-overflow");
	ashlar_strscpy(r.call, call, sizeof(r.call));
	fill_block(&r, b);
	say_where(where, sizeof(where), b, (uintptr_t)d->bad);
	say(&r, "write of %zu byte%s %s (redzone), found by %s", d->bytes,
	    plural(d->bytes), where, call);
	show_window(&r, b, d->bad);
	tell(&r);
}

/**
 * kfence_report_release() - what is released is not the start of a block in use
 * @b: the nearest block, or NULL
 * @p: what is released
 * @call: by which call
 */
void kfence_report_release(const struct kfence_block *b, const void *p,
			   const struct kfence_call *call)
{
	struct report_record r = { .address = (uintptr_t)p };
	char where[100];

	ashlar_strscpy(r.call, call->name, sizeof(r.call));
	if (b && b->start == p && was_freed(b)) {
		name_kind(&r, "double-free");
		fill_block(&r, b);
		say(&r, "%s of a block of %zu that was freed before",
		    call->name, b->asked);
	} else if (b && b->start == p && b->state == KFENCE_LIVE) {
		name_kind(&r, "bad-free");
		fill_block(&r, b);
		say(&r, "%s of a block of %zu of cache %s into another",
		    call->name, b->asked, b->cache_name);
	} else if (b && b->state != KFENCE_UNUSED) {
		name_kind(&r, "bad-free");
		fill_block(&r, b);
		say_where(where, sizeof(where), b, (uintptr_t)p);
		say(&r, "%s of an address %s", call->name, where);
	} else {
		name_kind(&r, "bad-free");
		say(&r,
		    "%s of %p, which is not the start of an allocated block",
		    call->name, p);
	}
	tell(&r);
}

/**
 * kfence_report_mismatch() - a block is released as what it is not
 * @b: the block
 * @call: by which call
 */
void kfence_report_mismatch(const struct kfence_block *b,
			    const struct kfence_call *call)
{
	struct report_record r = { .address = (uintptr_t)b->start };

	fill_block(&r, b);
	ashlar_strscpy(r.call, call->name, sizeof(r.call));
	if (call->asked != ASKED_ANY && call->asked != b->asked) {
		name_kind(&r, "new-delete-type-mismatch");
		say(&r, "%s of %zu bytes, of a block of %zu", call->name,
		    call->asked, b->asked);
	} else {
		name_kind(&r, "alloc-dealloc-mismatch");
		say(&r, "%s of a block of %zu that another kind of call gave",
		    call->name, b->asked);
	}
	tell(&r);
}
