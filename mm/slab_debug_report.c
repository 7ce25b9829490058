/* SPDX-License-Identifier: MIT */
/*
 * What is told of a watched object, and by whom it was had.
 *
 *   slot ─ record ─ handles ─► slab_stacks (lib/stackdepot.c)
 *     └──── sentence, block, bytes around, both stacks ──► port_report()
 *
 * The stack of a call is kept before any lock is taken, for the depot may need
 * frames. The kinds of reports have the names that AddressSanitizer gave them.
 */
#include <ashlar/printf.h>
#include <ashlar/string.h>
#include "slab_bytes.h"
#include "slab_debug.h"

/*
 * How much of a stack is kept; and how much once many stacks are: a program
 * that allocates in a recursion has as many as there are ways through it.
 */
#define STACK_DEPTH 16
#define STACK_DEPTH_MANY 6
#define MANY_BYTES (2ul << 20)

#define BEFORE_BAD 48 /* bytes of the window before the wrong one */

/* ---- stacks ---- */

static void *more_stacks(size_t bytes)
{
	return alloc_pages_exact(bytes, GFP_NOWAIT | __GFP_NOWARN);
}

static void give_stacks(void *p, size_t bytes)
{
	free_pages_exact(p, bytes);
}

struct stack_depot slab_stacks;

/* All zeroes until now: so a process that is not watched has no page of it. */
void slab_debug_init(void)
{
	slab_stacks.more = more_stacks;
	slab_stacks.give = give_stacks;
}

static unsigned int stack_depth = STACK_DEPTH;

static u32 number_of(const unsigned long *pc, unsigned int nr)
{
	u32 handle = stack_depot_save(&slab_stacks, pc, nr);

	if (unlikely(stack_depot_bytes(&slab_stacks) >= MANY_BYTES))
		WRITE_ONCE(stack_depth, STACK_DEPTH_MANY);
	return handle;
}

/*
 * slab_stack_now - the handle of the stack of whoever calls the allocator
 *
 * Context: no lock held. Return: the handle; 0: no memory.
 */
u32 slab_stack_now(void)
{
	return port_callers_noted(READ_ONCE(stack_depth), number_of);
}

static void fill_stack(struct report_stack *out, const struct slab_record *r,
		       unsigned int which)
{
	unsigned long now = port_time_ms();
	const unsigned long *pc;
	unsigned int i, n;
	u64 when = r->who[which] >> RECORD_PID_BITS;

	if (!r->who[which])
		return;
	out->flags = REPORT_STACK_KNOWN;
	out->tid = (s32)(r->who[which] & ((1u << RECORD_PID_BITS) - 1));
	out->ms_ago = now > when ? now - when : 0; /* when is rounded up */
	n = stack_depot_fetch(&slab_stacks, r->stack[which], &pc);
	for (i = 0; i < n && i < REPORT_FRAMES; i++)
		out->pc[i] = pc[i];
}

/* ---- sentences ---- */

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

static void name_kind(struct report_record *r, const char *kind)
{
	ashlar_strscpy(r->kind, kind, sizeof(r->kind));
}

/* Some bytes of a slot around @at. */
static void show_window(struct report_record *r, const struct kmem_cache *s,
			char *slot, const char *at)
{
	size_t skip = (size_t)(at - slot);

	skip = skip < s->size ? ALIGN_DOWN(skip, 16ul) : 0;
	skip -= min(skip, (size_t)BEFORE_BAD);
	r->window_start = (uintptr_t)slot + skip;
	r->window_bytes = (u32)min(s->size - skip, (size_t)REPORT_WINDOW);
	memcpy(r->window, slot + skip, r->window_bytes);
}

/* What is known of the object in a slot. */
static void show_block(struct report_record *r, const struct kmem_cache *s,
		       char *slot)
{
	const struct slab_record *record = whole_record(s, slot);
	struct extent obj = slot_extent(s, slot);

	r->block = (uintptr_t)obj.start;
	r->asked = obj.bytes;
	if (!record || !(s->flags & SLAB_STORE_USER))
		return;
	fill_stack(&r->alloc, record, RECORD_ALLOC);
	if (record_is_released(record))
		fill_stack(&r->free, record, RECORD_RELEASE);
}

/*
 * ---- what was told before it was done ----
 *
 * A call that is going to write too far is told of, and then writes. That the
 * bytes are wrong afterwards is nothing new.
 */

#define TOLD 16u

static struct told {
	uintptr_t from, to;
} told[TOLD];
static u32 nr_told;

static __racy void note_told(const void *addr, size_t bytes)
{
	u32 i = __atomic_fetch_add(&nr_told, 1, __ATOMIC_RELAXED) % TOLD;

	WRITE_ONCE(told[i].to, 0ul);
	WRITE_ONCE(told[i].from, (uintptr_t)addr);
	WRITE_ONCE(told[i].to, (uintptr_t)addr + bytes);
}

/* True if some of these bytes are of a write that was told of. */
static __racy bool was_told(const char *start, size_t bytes)
{
	uintptr_t from = (uintptr_t)start;
	u32 i;

	for (i = 0; i < TOLD; i++)
		if (from < READ_ONCE(told[i].to) &&
		    from + bytes > READ_ONCE(told[i].from))
			return true;
	return false;
}

/* ---- bytes that were written over ---- */

/* How many bytes from @bad on are not what they must be. */
static size_t bad_bytes(const struct part *part, const char *bad)
{
	const char *end = part->start + part->bytes, *p = bad;

	while (p < end && !byte_is(p, part->word))
		p++;
	return (size_t)(p - bad);
}

static void say_part(struct report_record *r, const struct kmem_cache *s,
		     const struct part *part, const char *bad, long at)
{
	size_t n = bad_bytes(part, bad);
	long past = at - (long)r->asked;
	u32 asked = (u32)r->asked;

	r->bytes = n;
	if (part->kind == PART_LEFT)
		say(r,
		    "write of %zu byte%s, %ld byte%s before a block of %u "
		    "(byte %ld, left redzone, cache %s)",
		    n, plural(n), -at, plural((size_t)-at), asked, at, s->name);
	else if (part->kind == PART_RIGHT)
		say(r,
		    "write of %zu byte%s, %ld byte%s past the end of a block "
		    "of %u (byte %ld, right redzone, cache %s)",
		    n, plural(n), past, plural((size_t)past), asked, at,
		    s->name);
	else if (part->kind == PART_POISON)
		say(r,
		    "write of %zu byte%s, %ld byte%s into a freed block of %u "
		    "(byte %ld, poison, cache %s)",
		    n, plural(n), at, plural((size_t)at), asked, at, s->name);
	else
		say(r,
		    "write past the end of a block of cache %s: what was "
		    "known of it is lost (behind the right redzone)",
		    s->name);
}

/*
 * slab_report_part - some bytes of a slab are not what they must be
 * @slot: of which object; NULL: they are between objects
 * @bad: the first wrong byte
 */
void slab_report_part(const struct kmem_cache *s, char *slot,
		      const struct part *part, char *bad)
{
	struct report_record r = { .access = REPORT_WRITE };

	if (was_told(bad, part->kind == PART_RECORD ? part->bytes : 1))
		return;
	r.address = (uintptr_t)bad;
	name_kind(&r, part->kind == PART_POISON ? "heap-use-after-free" :
						  "heap-buffer-overflow");
	if (slot) {
		show_block(&r, s, slot);
		show_window(&r, s, slot, bad);
	}
	if (slot && part->kind != PART_PADDING)
		say_part(&r, s, part, bad, (long)(r.address - r.block));
	else
		say(&r, "write to %p, between blocks of cache %s (padding)",
		    (void *)bad, s->name);
	port_report(&r);
}

/* ---- releases ---- */

static const char *const allocated_by[] = {
	[ALLOC_ANY] = "",
	[ALLOC_MALLOC] = "malloc",
	[ALLOC_NEW] = "operator new",
	[ALLOC_NEW_ARRAY] = "operator new []",
};

static const char *const released_by[] = {
	[ALLOC_ANY] = "",
	[ALLOC_MALLOC] = "free",
	[ALLOC_NEW] = "operator delete",
	[ALLOC_NEW_ARRAY] = "operator delete []",
};

static void begin_release(struct report_record *r, const struct kmem_cache *s,
			  char *slot, const char *obj,
			  const struct slab_call *call)
{
	r->address = (uintptr_t)obj;
	ashlar_strscpy(r->call, released_by[call->kind], sizeof(r->call));
	show_block(r, s, slot);
	show_window(r, s, slot, obj);
}

/* slab_report_twice - @obj, in @slot, is free already */
void slab_report_twice(const struct kmem_cache *s, char *slot, const char *obj,
		       const struct slab_call *call)
{
	struct report_record r = { .access = REPORT_NO_ACCESS };

	begin_release(&r, s, slot, obj, call);
	name_kind(&r, "double-free");
	say(&r, "%p, a block of %u bytes of cache %s, is already free",
	    (const void *)obj, (u32)r.asked, s->name);
	port_report(&r);
}

/* slab_report_inside - @obj, in @slot, is not where the object begins */
void slab_report_inside(const struct kmem_cache *s, char *slot, const char *obj,
			const struct slab_call *call)
{
	struct report_record r = { .access = REPORT_NO_ACCESS };
	long at;

	begin_release(&r, s, slot, obj, call);
	name_kind(&r, "bad-free");
	at = (long)(r.address - r.block);
	say(&r,
	    "%p is not the start of an object of cache %s: it is %ld byte%s "
	    "%s a block of %u",
	    (const void *)obj, s->name, at < 0 ? -at : at,
	    plural((size_t)(at < 0 ? -at : at)), at < 0 ? "before" : "into",
	    (u32)r.asked);
	port_report(&r);
}

/* slab_report_foreign - @obj, which went to @s, is of another watched cache */
void slab_report_foreign(const struct kmem_cache *s, const struct slab_block *b,
			 const char *obj, const struct slab_call *call)
{
	struct report_record r = { .access = REPORT_NO_ACCESS };

	begin_release(&r, b->cache, b->slot, obj, call);
	name_kind(&r, "bad-free");
	say(&r, "%p is not of cache %s but of %s", (const void *)obj, s->name,
	    b->cache->name);
	port_report(&r);
}

static void say_other_call(struct report_record *r, const char *obj,
			   const struct slab_record *was,
			   const struct slab_call *call)
{
	name_kind(r, "alloc-dealloc-mismatch");
	say(r, "%p, a block of %u bytes, came from %s and went to %s",
	    (const void *)obj, record_asked(was),
	    allocated_by[record_kind(was)], released_by[call->kind]);
}

static void say_other_size(struct report_record *r, const char *obj,
			   const struct slab_record *was,
			   const struct slab_call *call)
{
	name_kind(r, call->kind == ALLOC_MALLOC ? "alloc-dealloc-mismatch" :
						  "new-delete-type-mismatch");
	if (call->align != record_align(was))
		say(r,
		    "%p was allocated with an alignment of %u bytes and "
		    "released with one of %u (1: none was given)",
		    (const void *)obj, 1u << record_align(was),
		    1u << call->align);
	else
		say(r,
		    "%p was allocated with a size of %u bytes and released "
		    "with one of %u",
		    (const void *)obj, record_asked(was), call->asked);
}

/* True if the release says of a block what its allocation did not. */
static bool sizes_differ(const struct slab_record *was,
			 const struct slab_call *call)
{
	if (call->asked != ASKED_UNKNOWN && call->asked != record_asked(was))
		return true;
	if (call->kind == ALLOC_MALLOC && call->asked == ASKED_UNKNOWN)
		return false; /* free() takes any alignment */
	return call->align != record_align(was);
}

static __attribute__((__noinline__)) void
report_release(const struct kmem_cache *s, char *slot, const char *obj,
	       const struct slab_call *call)
{
	const struct slab_record *was = slot_record(s, slot);
	struct report_record r = { .access = REPORT_NO_ACCESS };

	begin_release(&r, s, slot, obj, call);
	if (record_kind(was) != call->kind)
		say_other_call(&r, obj, was, call);
	else
		say_other_size(&r, obj, was, call);
	port_report(&r);
}

/* The same as slab_check_release(), where more has to be compared. */
__cold_path void slab_check_release_slow(const struct kmem_cache *s, char *slot,
					 const char *obj,
					 const struct slab_call *call)
{
	const struct slab_record *was = slot_record(s, slot);

	if (!call->kind || !record_kind(was) ||
	    (likely(record_kind(was) == call->kind) &&
	     likely(!sizes_differ(was, call))))
		return;
	if (record_is_whole(was))
		report_release(s, slot, obj, call);
}

/* ---- accesses that were looked at before they were made ---- */

static void say_access(struct report_record *r, const struct slab_block *b,
		       bool write, const char *call)
{
	const char *what = write ? "write" : "read";
	unsigned long n = (unsigned long)r->bytes;
	long at = (long)(r->address - r->block);
	long room = (long)r->asked - at;

	if (!b->slot)
		say(r, "%s of %lu byte%s by %s, between blocks", what, n,
		    plural(n), call);
	else if (!b->live)
		say(r,
		    "%s of %lu byte%s by %s, %ld byte%s %s a freed block "
		    "of %u",
		    what, n, plural(n), call, at < 0 ? -at : at,
		    plural((size_t)(at < 0 ? -at : at)),
		    at < 0 ? "before" : "into", (u32)r->asked);
	else if (at < 0)
		say(r,
		    "%s of %lu byte%s by %s, %ld byte%s before a block of %u",
		    what, n, plural(n), call, -at, plural((size_t)-at),
		    (u32)r->asked);
	else if (room <= 0)
		say(r,
		    "%s of %lu byte%s by %s, %ld byte%s past the end of a "
		    "block of %u",
		    what, n, plural(n), call, -room, plural((size_t)-room),
		    (u32)r->asked);
	else
		say(r,
		    "%s of %lu byte%s by %s, %ld byte%s into a block of %u: "
		    "%ld too many",
		    what, n, plural(n), call, at, plural((size_t)at),
		    (u32)r->asked, (long)n - room);
}

/**
 * slab_report_access() - a call will leave its block, or touch a freed one
 * @b: the block
 * @addr: where the access begins
 * @bytes: of the access
 * @write: it is a write
 * @call: the function that was called
 *
 * Context: no lock held.
 */
void slab_report_access(const struct slab_block *b, const void *addr,
			size_t bytes, bool write, const char *call)
{
	struct report_record r = {
		.access = write ? REPORT_WRITE : REPORT_READ,
		.bytes = bytes,
	};

	r.address = (uintptr_t)addr;
	ashlar_strscpy(r.call, call, sizeof(r.call));
	name_kind(&r, b->slot && !b->live ? "heap-use-after-free" :
					    "heap-buffer-overflow");
	if (b->slot) {
		show_block(&r, b->cache, b->slot);
		show_window(&r, b->cache, b->slot, addr);
	}
	say_access(&r, b, write, call);
	port_report(&r);
	if (write)
		note_told(addr, bytes);
}

/* slab_show_block - in a report, what is known of a block */
void slab_show_block(struct report_record *r, const struct slab_block *b)
{
	if (b->slot)
		show_block(r, b->cache, b->slot);
}

/* ---- lists ---- */

/* slab_describe - a line for an object, and who had it */
void slab_describe(const struct kmem_cache *s, char *slot, const char *what)
{
	const struct slab_record *record = whole_record(s, slot);
	struct report_stack stack = { .flags = 0 };
	unsigned int i;

	mm_log("Object %p of cache %s %s", (void *)slot_extent(s, slot).start,
	       s->name, what);
	if (!record || !(s->flags & SLAB_STORE_USER))
		return;
	fill_stack(&stack, record, RECORD_ALLOC);
	mm_log("Allocated %lu ms ago by pid %d", (unsigned long)stack.ms_ago,
	       stack.tid);
	for (i = 0; i < REPORT_FRAMES && stack.pc[i]; i++)
		port_log_code((unsigned long)stack.pc[i]);
}
