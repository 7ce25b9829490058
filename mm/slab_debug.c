/* SPDX-License-Identifier: MIT */
/*
 * slub_debug: caches whose objects are watched.
 *
 *   a slot of s->size bytes, as large as asked for and what the checks need
 *
 *   | red zone | object      | red zone | allocated by | freed by | padding |
 *   slot       └ slot + s->red_left     └──── struct track ×2 ──┘         end
 *
 *               red zones   object            padding
 *   in use      cc          5a when new       5a
 *   free        bb          6b 6b … 6b a5     5a
 *   around the slots of a slab: 5a
 *
 * What a caller holds is the object; what the rest of the allocator moves is
 * the slot, and s->red_left, 0 in all other caches, is the way from one to the
 * other. A watched cache never gets a CPU list, and no slab of it an id: so
 * each allocation and each release ends in slub.c's alloc_direct() and
 * put_direct(), and these, under the cache's lock, ask here. The fast paths
 * know nothing of it.
 *
 *   slub_debug=FLAGS,CACHE,CACHE…;FLAGS,CACHE…
 *
 *   F  releases are looked at at once     T  each call is logged
 *   Z  red zones                          A  failslab= is for these caches
 *   P  poison                             O  not where the slot would take
 *   U  who allocated and who freed           a larger block of frames
 *   -  nothing                            none of them: FZPU
 *
 * A block of letters without names is for all caches, one with names for
 * these alone and instead; in a name * stands for anything. A cache may also
 * be created with the flags (SLAB_RED_ZONE …), whatever the option says.
 *
 * What is found wrong is reported once, put right, and used again.
 */
#include <ashlar/cmdline.h>
#include <ashlar/errno.h>
#include <ashlar/printf.h>
#include <ashlar/string.h>
#include "internal.h"

#define RED_INACTIVE 0xbb
#define RED_ACTIVE 0xcc
#define POISON_INUSE 0x5a
#define POISON_FREE 0x6b
#define POISON_END 0xa5

#define TRACK_DEPTH 12
#define ROW_BYTES 16
#define ROWS_MAX 8
#define REMAINING_MAX 8

/* One of a slot's two: 0 allocated, 1 freed. */
struct track {
	unsigned long pc[TRACK_DEPTH]; /* ends early with 0 */
	unsigned long when; /* port_time_ms(); 0 everywhere: never */
	int pid;
	u32 cpu;
};

enum { TRACK_ALLOC, TRACK_FREE, NR_TRACKS };

/* ---- the option ---- */

static char option[CMDLINE_VALUE_SIZE]; /* well formed */
static bool option_given, keep_order;

static const struct letter {
	char c;
	slab_flags_t flag;
} letters[] = {
	{ 'f', SLAB_CONSISTENCY_CHECKS },
	{ 'z', SLAB_RED_ZONE },
	{ 'p', SLAB_POISON },
	{ 'u', SLAB_STORE_USER },
	{ 't', SLAB_TRACE },
	{ 'a', SLAB_FAILSLAB },
	{ 'o', 0 },
	{ '-', 0 },
};

#define DEFAULT_FLAGS                                            \
	(SLAB_CONSISTENCY_CHECKS | SLAB_RED_ZONE | SLAB_POISON | \
	 SLAB_STORE_USER)

static bool ends_block(char c)
{
	return !c || c == ';';
}

static bool ends_word(char c)
{
	return ends_block(c) || c == ',';
}

static const struct letter *find_letter(char c)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(letters); i++)
		if (c > ' ' && letters[i].c == (c | 0x20))
			return &letters[i];
	return NULL;
}

/* A block's letters; returns what follows, or NULL: there is another. */
static const char *parse_letters(const char *s, slab_flags_t *flags)
{
	const struct letter *l;

	*flags = ends_word(*s) ? DEFAULT_FLAGS : 0;
	for (; !ends_word(*s); s++) {
		l = find_letter(*s);
		if (!l)
			return NULL;
		*flags |= l->flag;
		keep_order |= l->c == 'o';
	}
	return s;
}

/* True if the pattern up to the next , or ; stands for @name. */
static bool name_matches(const char *pattern, const char *name)
{
	const char *star = NULL, *retry = NULL;

	while (*name || !ends_word(*pattern)) {
		if (*pattern == '*') {
			star = pattern++;
			retry = name;
		} else if (*name && *pattern == *name) {
			pattern++;
			name++;
		} else if (star && *retry) {
			pattern = star + 1;
			name = ++retry;
		} else {
			return false;
		}
	}
	return true;
}

/* True if a block names the cache. @s is at the , before the first name. */
static bool block_names(const char *s, const char *name)
{
	while (*s == ',') {
		if (name_matches(++s, name))
			return true;
		while (!ends_word(*s))
			s++;
	}
	return false;
}

/*
 * The flags that the option gives the cache @name; NULL: none, and all of @s
 * is looked at. Returns whether it is well formed as far as it was read.
 */
static bool parse_option(const char *s, const char *name, slab_flags_t *out)
{
	slab_flags_t flags;

	*out = 0;
	for (;; s++) {
		s = parse_letters(s, &flags);
		if (!s)
			return false;
		failslab_only_marked |= (flags & SLAB_FAILSLAB) != 0;
		if (ends_block(*s)) {
			*out = flags;
		} else if (name && block_names(s, name)) {
			*out = flags;
			return true;
		}
		while (!ends_block(*s))
			s++;
		if (!*s)
			return true;
	}
}

/**
 * setup_slub_debug() - the option slub_debug=
 * @str: as the head of mm/slab_debug.c says; "" and "1" ask for FZPU
 *
 * Caches that are there already stay as they are. Return: 0 or -EINVAL, and
 * nothing is watched.
 */
int setup_slub_debug(const char *str)
{
	slab_flags_t flags;

	if (!ashlar_strcmp(str, "1"))
		str = "";
	keep_order = failslab_only_marked = false;
	option_given = strlen(str) < sizeof(option) &&
		       parse_option(str, NULL, &flags);
	if (!option_given)
		return -EINVAL;
	ashlar_strscpy(option, str, sizeof(option));
	return 0;
}

/* What the cache @name is created with, @flags being what was asked for. */
slab_flags_t slab_debug_flags(const char *name, slab_flags_t flags)
{
	slab_flags_t more = 0;

	if (option_given)
		parse_option(option, name, &more);
	flags |= more;
	return flags & SLAB_WATCHED ? flags & ~SLAB_KMALLOC : flags;
}

/* ---- the slot ---- */

static char *slot_object(const struct kmem_cache *s, char *slot)
{
	return slot + s->red_left;
}

/* Where in a slot the right red zone ends, and the two tracks begin. */
static u32 red_end(const struct kmem_cache *s)
{
	u32 end = s->object_size + ((s->flags & SLAB_RED_ZONE) != 0);

	return s->red_left + (u32)ALIGN(end, sizeof(long));
}

static struct track *slot_track(const struct kmem_cache *s, char *slot,
				unsigned int which)
{
	return (struct track *)(slot + red_end(s)) + which;
}

static u32 padding_start(const struct kmem_cache *s)
{
	bool user = s->flags & SLAB_STORE_USER;

	return red_end(s) + (user ? NR_TRACKS * sizeof(struct track) : 0);
}

/* A constructed object, and one that is read while free, is left alone. */
static bool object_is_poisoned(const struct kmem_cache *s)
{
	return (s->flags & SLAB_POISON) && !s->ctor &&
	       !(s->flags & SLAB_TYPESAFE_BY_RCU);
}

#define FRAMES_MAX min(1ul << (MAX_ORDER - 1), 255ul)

static unsigned int block_order(u32 size)
{
	unsigned int order = 0;

	while (PAGE_SIZE << order < size)
		order++;
	return order;
}

static u32 slot_size(const struct kmem_cache *s)
{
	return (u32)ALIGN(padding_start(s), s->align);
}

/*
 * The layout of a watched cache's slots. Where they would be too large the
 * checks that need room are left out. Returns the bytes of a slot.
 */
u32 slab_debug_layout(struct kmem_cache *s)
{
	u32 size;

	if (s->flags & SLAB_RED_ZONE)
		s->red_left = s->align;
	size = slot_size(s);
	if (PAGE_ALIGN((unsigned long)size) <= FRAMES_MAX << PAGE_SHIFT &&
	    !(keep_order && block_order(size) > block_order(s->object_size)))
		return size;
	s->flags &= ~(slab_flags_t)(SLAB_RED_ZONE | SLAB_STORE_USER);
	s->red_left = 0;
	return slot_size(s);
}

/* ---- who ---- */

static void set_track(const struct kmem_cache *s, char *slot,
		      unsigned int which)
{
	struct track *t = slot_track(s, slot, which);
	struct mm_cpu *cpu = *this_cpu_ptr(mm_cpu_self);
	unsigned int n;

	if (!(s->flags & SLAB_STORE_USER))
		return;
	n = port_callers(t->pc, TRACK_DEPTH);
	if (n < TRACK_DEPTH)
		t->pc[n] = 0;
	t->when = port_time_ms() | 1;
	t->pid = port_pid();
	t->cpu = cpu ? cpu->nr : 0;
}

static void print_track(const struct kmem_cache *s, char *slot,
			unsigned int which)
{
	const struct track *t = slot_track(s, slot, which);
	unsigned int i;

	if (!(s->flags & SLAB_STORE_USER) || !t->when)
		return;
	mm_log("%s %lu ms ago by pid %d on cpu %u",
	       which == TRACK_FREE ? "Freed" : "Allocated",
	       port_time_ms() - (t->when & ~1ul), t->pid, t->cpu);
	for (i = 0; i < TRACK_DEPTH && t->pc[i]; i++)
		port_log_code(t->pc[i]);
}

static void trace(const struct kmem_cache *s, char *slot, const char *what)
{
	if (s->flags & SLAB_TRACE)
		mm_log("TRACE %s %s %p inuse=%lu pid=%d", s->name, what,
		       slot_object(s, slot), s->inuse, port_pid());
}

/* ---- reports ---- */

/* Bytes as people read them: address, hexadecimal, characters. */
static void print_row(const char *p)
{
	char line[ROW_BYTES * 4 + 2], *at = line;
	unsigned int i;

	for (i = 0; i < ROW_BYTES; i++)
		at += ashlar_snprintf(at, 4, "%02x ", (u8)p[i]);
	for (i = 0; i < ROW_BYTES; i++)
		*at++ = p[i] >= ' ' && p[i] <= '~' ? p[i] : '.';
	*at = '\0';
	mm_log("  %p: %s", p, line);
}

/* The rows of a slot around @bad. */
static void print_rows(const struct kmem_cache *s, char *slot, const char *bad)
{
	char *end = slot + s->size, *p = slot;
	unsigned int i;

	if (bad - slot > ROWS_MAX / 2 * ROW_BYTES)
		p = slot + ALIGN(bad - slot, (long)ROW_BYTES) -
		    ROWS_MAX / 2 * ROW_BYTES;
	for (i = 0; i < ROWS_MAX && p < end; i++, p += ROW_BYTES)
		print_row(p);
}

/* slab_debug_describe - what is known of the object in a slot */
void slab_debug_describe(const struct kmem_cache *s, void *slot)
{
	print_track(s, slot, TRACK_ALLOC);
	print_track(s, slot, TRACK_FREE);
}

/* Some of a slab's bytes, and what they must be. */
struct part {
	const char *name;
	const char *kind; /* mm_report()'s */
	char *start;
	size_t bytes;
	u8 value;
};

static char *first_other(char *p, u8 value, size_t n)
{
	char *end = p + n;

	while (p < end && (u8)*p == value)
		p++;
	return p < end ? p : NULL;
}

/* @slot: NULL if the part is between objects. */
static void report_part(const struct kmem_cache *s, char *slot,
			const struct part *part, char *bad)
{
	u8 found = (u8)*bad;

	mm_log("BUG %s: %s overwritten", s->name, part->name);
	if (slot) {
		slab_debug_describe(s, slot);
		print_rows(s, slot, bad);
		mm_report(part->kind,
			  "byte %ld of object %p, %u bytes of cache %s, is "
			  "0x%02x and not 0x%02x",
			  (long)(bad - slot_object(s, slot)),
			  slot_object(s, slot), s->object_size, s->name, found,
			  part->value);
	} else {
		mm_report(part->kind,
			  "%p, between objects of cache %s, is 0x%02x and not "
			  "0x%02x",
			  bad, s->name, found, part->value);
	}
}

/* False, after a report, if a part was not as it must be. Now it is. */
static bool check_part(const struct kmem_cache *s, char *slot,
		       const struct part *part)
{
	char *bad = first_other(part->start, part->value, part->bytes);

	if (likely(!bad))
		return true;
	report_part(s, slot, part, bad);
	memset(part->start, part->value, part->bytes);
	return false;
}

/* ---- the states of a slot; context of all: s->lock ---- */

#define PARTS_MAX 5

/* What a slot must hold while its object is free, or is in use. */
static unsigned int slot_parts(const struct kmem_cache *s, char *slot,
			       bool free, struct part *part)
{
	char *obj = slot_object(s, slot), *end = slot + s->size;
	char *right = obj + s->object_size, *pad = slot + padding_start(s);
	u8 red = free ? RED_INACTIVE : RED_ACTIVE;
	struct part *first = part;

	if (s->flags & SLAB_RED_ZONE) {
		*part++ = (struct part){ "left red zone", "redzone", slot,
					 s->red_left, red };
		*part++ = (struct part){ "right red zone", "redzone", right,
					 (size_t)(slot + red_end(s) - right),
					 red };
	}
	if (free && object_is_poisoned(s)) {
		*part++ = (struct part){ "poison", "write-after-free", obj,
					 s->object_size - 1, POISON_FREE };
		*part++ = (struct part){ "poison", "write-after-free",
					 right - 1, 1, POISON_END };
	}
	if (s->flags & SLAB_POISON)
		*part++ = (struct part){ "padding", "padding", pad,
					 (size_t)(end - pad), POISON_INUSE };
	return (unsigned int)(part - first);
}

static bool check_slot(const struct kmem_cache *s, char *slot, bool free)
{
	struct part part[PARTS_MAX];
	unsigned int i, n = slot_parts(s, slot, free, part);
	bool good = true;

	for (i = 0; i < n; i++)
		good &= check_part(s, slot, &part[i]);
	return good;
}

static void fill_slot(const struct kmem_cache *s, char *slot, bool free)
{
	struct part part[PARTS_MAX];
	unsigned int i, n = slot_parts(s, slot, free, part);

	for (i = 0; i < n; i++)
		memset(part[i].start, part[i].value, part[i].bytes);
}

/* slab_debug_alloc - the object in @slot, which is free, goes to a caller */
void slab_debug_alloc(struct kmem_cache *s, void *slot)
{
	check_slot(s, slot, true);
	fill_slot(s, slot, false);
	if (object_is_poisoned(s))
		memset(slot_object(s, slot), POISON_INUSE, s->object_size);
	set_track(s, slot, TRACK_ALLOC);
	trace(s, slot, "alloc");
}

/* slab_debug_free - the object in @slot, which is in use, came back */
void slab_debug_free(struct kmem_cache *s, void *slot)
{
	check_slot(s, slot, false);
	fill_slot(s, slot, true);
	set_track(s, slot, TRACK_FREE);
	trace(s, slot, "free");
}

/* ---- whole slabs ---- */

/* What lies before a slab's first slot and behind its last. */
static void slab_rests(const struct kmem_cache *s, struct page *slab,
		       struct part rest[2])
{
	char *frames = page_address(slab), *first = slab_start(s, slab);
	char *last = first + (size_t)slab_objects(s, slab) * s->size;
	char *end = frames + ((size_t)slab->nr << PAGE_SHIFT);

	rest[0] = (struct part){ "slab padding", "padding", frames,
				 (size_t)(first - frames), POISON_INUSE };
	rest[1] = (struct part){ "slab padding", "padding", last,
				 (size_t)(end - last), POISON_INUSE };
}

/* slab_debug_setup - all objects of a new slab are free. Context: none. */
void slab_debug_setup(const struct kmem_cache *s, struct page *slab)
{
	size_t bytes = (size_t)slab->nr << PAGE_SHIFT;
	char *slot = slab_start(s, slab);
	u32 n = slab_objects(s, slab);

	port_unpoison(page_address(slab), bytes);
	memset(page_address(slab), POISON_INUSE, bytes);
	for (; n; n--, slot += s->size) {
		fill_slot(s, slot, true);
		if (s->flags & SLAB_STORE_USER)
			memset(slot_track(s, slot, 0), 0,
			       NR_TRACKS * sizeof(struct track));
	}
}

/* slab_debug_check - look at a slab; returns how many slots and gaps are bad */
unsigned long slab_debug_check(const struct kmem_cache *s, struct page *slab)
{
	char *slot = slab_start(s, slab);
	u32 i, n = slab_objects(s, slab);
	unsigned long bad = 0;
	struct part rest[2];

	for (i = 0; i < n; i++, slot += s->size)
		bad += !check_slot(s, slot,
				   slot >= slab_unused(slab) ||
					   slot_is_free(slot));
	if (!(s->flags & SLAB_POISON))
		return bad;
	slab_rests(s, slab, rest);
	return bad + !check_part(s, NULL, &rest[0]) +
	       !check_part(s, NULL, &rest[1]);
}

/* Those of one slab, at most @max; returns how many. */
static u32 list_inuse(const struct kmem_cache *s, struct page *slab, u32 max)
{
	char *slot = slab_start(s, slab);
	u32 n = 0;

	for (; slot < slab_unused(slab) && n < max; slot += s->size) {
		if (slot_is_free(slot))
			continue;
		mm_log("Object %p of cache %s is in use", slot_object(s, slot),
		       s->name);
		slab_debug_describe(s, slot);
		n++;
	}
	return n;
}

/* slab_debug_remaining - list some objects that are still in use */
void slab_debug_remaining(struct kmem_cache *s)
{
	u32 left = REMAINING_MAX;
	struct page *slab;

	spin_lock(&s->lock);
	list_for_each_entry(slab, &s->slabs_partial, lru)
		left -= list_inuse(s, slab, left);
	list_for_each_entry(slab, &s->slabs_full, lru)
		left -= list_inuse(s, slab, left);
	spin_unlock(&s->lock);
}
