/* SPDX-License-Identifier: MIT */
/*
 * Guarded blocks: each on pages of its own, between pages that nobody may
 * access, so that the very instruction that reads or writes past one, or
 * touches one that was freed, is stopped.
 *
 *   | guard | xxxxxxxxxxx block| guard |block xxxxxxxxx | guard | freed | guard
 *             right: at the end          left                    no access
 *
 * x is filled with a pattern, which is looked at when the block is freed: the
 * alignment of a block may keep its end from the end of its page, and one side
 * is all that a guard can be close to.
 *
 *   sample=1/N   one block of N or so, of a page at most, at random on either
 *                side: cheap enough to be always on
 *   guard=SIDE   every block, as long as there are guards: right, left, both
 *                (one or the other, at random), tight (right, and a block's
 *                alignment is no more than its size needs)
 *
 * Where all is checked (check=, mm/slab_debug.c) every large block is one, with
 * its guard on the right.
 *
 * A freed block keeps its pages, without access and without memory, until all
 * others were used: the one that was freed first goes first. Samples are used
 * again once SAMPLES_FREED of them wait, for each one more takes memory. Where
 * nothing is left a block is simply not guarded.
 *
 * How a sample is drawn costs nothing where none is: who allocates asks
 * kfence_due() in a slow path alone, once for as many objects as the path has
 * put at hand. That what a thread takes and gives back over and over comes to
 * one, user/ has its lists split (sheaves_split).
 *
 *   the pool, addresses of the port's outside of RAM
 *   | owner: a number for each page | blocks | guard | pages | guard | pages …
 *
 * Lock: kfence_lock, innermost, for moments; a block that is being opened or
 * closed is BUSY meanwhile, for the port may take its time.
 *
 * The ideas are Linux's KFENCE and GWP-ASan (K. Serebryany et al., 2023), and
 * Electric Fence (B. Perens, 1987).
 */
#include <ashlar/root.h>
#include <ashlar/string.h>
#include "internal.h"
#include "kfence.h"
#include "slab_bytes.h"

#define PATTERN 0xcc
#define LET_THROUGH 64ul /* pages at most, after a report */
#define LOOK_TRIES 10000000ul
#define MAX_KFENCE_ORDER 18 /* blocks of 1 GB */
#define GUARD_MOST 8 /* pages, where there are addresses for it */
#define FAR_PAGES 1024ul /* before the first block: who is far off meets none */
#define PREPARED_AT_ONCE 64ul /* pages */
#define SAMPLES_FREED 48ul /* that wait, before one is used again */
#define SAMPLE_BESIDE 256ul /* bytes that are filled on either side of one */

bool kfence_large;
spinlock_t kfence_lock = SPIN_LOCK_UNLOCKED;

/* Set once, under the lock; then constant. */
static char *pool; /* the first guard; NULL: there is none yet */
static u32 *owner; /* of a page: number of its block plus 1, or 0 */
static struct kfence_block *blocks;
static size_t pool_pages;
static u32 max_blocks;
static bool no_pool; /* there can be none */
static bool roomy; /* it need not be sparing with guards */

/* kfence_lock */
static size_t next_page; /* of the pool: never used from here on */
static size_t prepared; /* pages of the pool, from its start on */
static u32 nr_blocks; /* ever used */
static bool said_full;
static struct list_head freed[MAX_KFENCE_ORDER + 1];

/* ---- the pool ---- */

/* True if this is for all blocks, or for all large ones. */
static bool is_large(void)
{
	return kfence_all || kfence_large;
}

static size_t tables_bytes(size_t pages, u32 nr)
{
	return PAGE_ALIGN(pages * sizeof(*owner)) +
	       PAGE_ALIGN(nr * sizeof(*blocks));
}

/* @pages of addresses, and @nr blocks that share them. Context: the lock. */
static bool make_pool(size_t pages, u32 nr)
{
	size_t tables = tables_bytes(pages, nr);
	char *p = port_guard_reserve(tables + (pages << PAGE_SHIFT));
	unsigned int i;

	if (!p)
		return false;
	if (port_guard_open(p, tables)) {
		port_guard_release(p, tables + (pages << PAGE_SHIFT));
		return false;
	}
	owner = (u32 *)p;
	blocks =
		(struct kfence_block *)(p + PAGE_ALIGN(pages * sizeof(*owner)));
	for (i = 0; i <= MAX_KFENCE_ORDER; i++)
		INIT_LIST_HEAD(&freed[i]);
	roomy = pages / 64 > FAR_PAGES;
	next_page = roomy ? FAR_PAGES : 1;
	prepared = next_page;
	pool_pages = pages;
	max_blocks = nr;
	ashlar_places.pool = (uintptr_t)p;
	ashlar_places.pool_bytes = tables + (pages << PAGE_SHIFT);
	ashlar_places.guarded = blocks;
	smp_store_release(&pool, p + tables);
	return true;
}

/* Where addresses are short, fewer of them do. Context: the lock. */
static bool have_pool(void)
{
	bool many = is_large();
	size_t pages = many ? KFENCE_PAGES : 2 * KFENCE_SAMPLES + 1;
	u32 nr = many ? KFENCE_BLOCKS : KFENCE_SAMPLES;

	if (likely(pool))
		return true;
	while (!no_pool && !make_pool(pages, nr)) {
		pages /= 4;
		nr = min(nr, (u32)(pages / 4));
		no_pool = nr < 8;
	}
	if (no_pool)
		mm_log("there are no addresses for guarded blocks");
	return !no_pool;
}

/**
 * kfence_make_pool() - make the pool now
 *
 * Where addresses are to be had at boot alone. Context: one CPU, no lock.
 * Return: false if there are no addresses.
 */
bool kfence_make_pool(void)
{
	return have_pool();
}

/* True if the port has seen to the pages below @end. Context: the lock. */
static bool prepare(size_t end)
{
	size_t n = max(end - prepared, PREPARED_AT_ONCE);

	if (end <= prepared)
		return true;
	n = min(n, pool_pages - prepared);
	if (port_guard_prepare(pool + (prepared << PAGE_SHIFT),
			       n << PAGE_SHIFT))
		return false;
	prepared += n;
	return true;
}

/*
 * A place of 2^@order pages and a guard, never used before, or NULL. Were all
 * guards alike, what is a power of two away from a block would be another.
 */
static char *new_pages(u32 order)
{
	size_t guard = roomy ? 1 + nr_blocks % GUARD_MOST : 1;
	size_t n = (1ul << order) + guard;
	char *p = pool + (next_page << PAGE_SHIFT);

	if (n > pool_pages - next_page || !prepare(next_page + n))
		return NULL;
	next_page += n;
	return p;
}

static void set_owner(const struct kfence_block *b, u32 number)
{
	size_t i, first = (size_t)(b->pages - pool) >> PAGE_SHIFT;

	for (i = 0; i < 1ul << b->order; i++)
		WRITE_ONCE(owner[first + i], number);
}

/* Give @b, which is unused, a new place. False if there is none. */
static bool place(struct kfence_block *b, u32 order)
{
	char *pages = new_pages(order);

	if (!pages)
		return false;
	if (b->pages)
		set_owner(b, 0);
	b->pages = pages;
	b->order = order;
	set_owner(b, (u32)(b - blocks) + 1);
	return true;
}

/* The one of @order that was freed first, else any of another. */
static struct kfence_block *oldest_freed(u32 order)
{
	struct kfence_block *b;
	u32 i;

	for (i = 0; i <= MAX_KFENCE_ORDER; i++) {
		u32 o = (order + i) % (MAX_KFENCE_ORDER + 1);

		if (list_empty(&freed[o]))
			continue;
		b = list_first_entry(&freed[o], struct kfence_block, list);
		if (b->order != order && !place(b, order))
			return NULL;
		list_del(&b->list);
		return b;
	}
	return NULL;
}

static void say_full(void)
{
	if (said_full || !kfence_all)
		return;
	said_full = true;
	mm_log("%u blocks are guarded, which is as many as may be: others "
	       "are as these are freed",
	       nr_blocks);
}

/* True if a block is to be used again before another descriptor is. */
static bool enough_freed(void)
{
	return !is_large() && nr_blocks - kfence_stats.live >= SAMPLES_FREED;
}

/* Context: the lock. Return: a block for one CPU, or NULL. */
static struct kfence_block *pick(u32 order)
{
	struct kfence_block *b = NULL;

	if (!have_pool())
		return NULL;
	if (enough_freed())
		b = oldest_freed(order);
	if (!b && nr_blocks < max_blocks && place(&blocks[nr_blocks], order))
		b = &blocks[nr_blocks++];
	ashlar_places.nr_guarded = nr_blocks;
	if (!b)
		b = oldest_freed(order);
	if (b)
		b->state = KFENCE_BUSY;
	else
		say_full();
	return b;
}

/* The block of a page of the pool, or NULL: it is a guard. */
static __racy struct kfence_block *block_of(uintptr_t addr)
{
	size_t page = (addr - (uintptr_t)pool) >> PAGE_SHIFT;
	u32 number = READ_ONCE(owner[page]);

	return number ? &blocks[number - 1] : NULL;
}

static bool in_pool(uintptr_t addr)
{
	const char *p = smp_load_acquire(&pool);

	return p && addr - (uintptr_t)p < pool_pages << PAGE_SHIFT;
}

/**
 * kfence_block() - the blocks that there are, for reports
 * @i: a number from 0 on
 *
 * Return: a block that is, or was, in use; NULL: there are no more.
 */
const struct kfence_block *kfence_block(u32 i)
{
	return i < READ_ONCE(nr_blocks) ? &blocks[i] : NULL;
}

/* ---- a block ---- */

static size_t block_bytes(const struct kfence_block *b)
{
	return PAGE_SIZE << b->order;
}

static char *block_end(const struct kfence_block *b)
{
	return b->pages + block_bytes(b);
}

static bool goes_left(const struct kfence_call *call)
{
	if (call->side)
		return call->side == KFENCE_LEFT;
	return kfence_side == SIDE_LEFT ||
	       (kfence_side == SIDE_BOTH && port_random() & 1);
}

/* What programs may rely on; or, tight, what an object of that size has. */
static size_t alignment(const struct kfence_call *call)
{
	size_t least = call->asked & -call->asked;

	if (kfence_side == SIDE_TIGHT)
		return max(call->align, clamp(least, 1ul, KMALLOC_MIN_SIZE));
	return max(call->align, (size_t)KMALLOC_MIN_SIZE);
}

static char *choose_start(const struct kfence_block *b,
			  const struct kfence_call *call)
{
	/* A block of no bytes is to lie in its page, too. */
	uintptr_t right = (uintptr_t)block_end(b) - max(call->asked, (size_t)1);

	if (goes_left(call))
		return (char *)ALIGN((uintptr_t)b->pages, call->align);
	return (char *)ALIGN_DOWN(right, alignment(call));
}

/*
 * What is filled on either side of a block: a page at most, for pages that are
 * not touched cost nothing; and of a sample, which is to be cheap, what is
 * near.
 */
static size_t fill_most(const struct kfence_block *b)
{
	return kfence_all || b->order ? PAGE_SIZE : SAMPLE_BESIDE;
}

static char *fill_start(const struct kfence_block *b)
{
	size_t before = (size_t)(b->start - b->pages);

	return b->start - min(before, fill_most(b));
}

static char *fill_end(const struct kfence_block *b)
{
	char *end = b->start + b->asked;

	return end + min((size_t)(block_end(b) - end), fill_most(b));
}

static void fill_beside(const struct kfence_block *b)
{
	char *start = fill_start(b), *end = b->start + b->asked;

	memset(start, PATTERN, (size_t)(b->start - start));
	memset(end, PATTERN, (size_t)(fill_end(b) - end));
}

/* The first of whole words, from @p on, that is not as it was filled. */
static const char *skip_words(const char *p, const char *to)
{
	const u64 word = word_of(PATTERN);

	if (likely(all_are(p, word, (size_t)(to - p))))
		return to;
	while ((size_t)(to - p) >= sizeof(word) && WORD(p) == word)
		p += sizeof(word);
	return p;
}

static bool find_damage(const char *from, const char *to,
			struct kfence_damage *d)
{
	const char *p = skip_words(from, to);

	while (p < to && (u8)*p == PATTERN)
		p++;
	d->bad = p;
	while (p < to && (u8)*p != PATTERN)
		p++;
	d->bytes = (size_t)(p - d->bad);
	return d->bytes != 0;
}

static bool is_damaged(const struct kfence_block *b, struct kfence_damage *d)
{
	const char *end = b->start + b->asked;

	return find_damage(fill_start(b), b->start, d) ||
	       find_damage(end, fill_end(b), d);
}

static void check_fill(const struct kfence_block *b, const char *call)
{
	struct kfence_damage d;

	if (is_damaged(b, &d))
		kfence_report_damage(b, &d, call);
}

/* Guards that an access of this block was let through are guards again. */
static void close_guards(struct kfence_block *b)
{
	uintptr_t page = b->opened;

	for (; page < b->opened_end; page += PAGE_SIZE)
		if (!block_of(page))
			port_guard_close((void *)page, PAGE_SIZE);
	b->opened = b->opened_end = 0;
}

static void set_trace(struct kfence_trace *t)
{
	unsigned int n = port_callers(t->pc, KFENCE_DEPTH);

	if (n < KFENCE_DEPTH)
		t->pc[n] = 0;
	t->when = port_time_ms();
	t->pid = port_pid();
}

/* The pages of @b, which is BUSY, were closed, or never opened. */
static void put(struct kfence_block *b)
{
	spin_lock(&kfence_lock);
	b->state = KFENCE_FREED;
	list_add_tail(&b->list, &freed[b->order]);
	spin_unlock(&kfence_lock);
}

static u32 order_of(size_t bytes)
{
	u32 order = 0;

	while (PAGE_SIZE << order < bytes)
		order++;
	return order;
}

/**
 * kfence_alloc() - a guarded block
 * @call: bytes and alignment, a page at most, and of what kind
 *
 * Its bytes are 0. Context: any, without locks; while kfence_on. Return: the
 * block; NULL: there is no guard for one.
 */
void *kfence_alloc(const struct kfence_call *call)
{
	size_t most = is_large() ? PAGE_SIZE << MAX_KFENCE_ORDER : PAGE_SIZE;
	struct kfence_block *b;

	if (call->asked > most || call->align > PAGE_SIZE)
		return NULL;
	spin_lock(&kfence_lock);
	b = pick(order_of(max(call->asked, (size_t)1)));
	spin_unlock(&kfence_lock);
	if (!b)
		return NULL;
	if (b->opened_end) {
		close_guards(b);
		port_guard_close(b->pages, block_bytes(b));
	}
	if (port_guard_open(b->pages, block_bytes(b))) {
		put(b);
		return NULL;
	}
	b->start = choose_start(b, call);
	b->asked = call->asked;
	b->kind = call->kind;
	b->cache = call->cache;
	if (call->cache)
		ashlar_strscpy(b->cache_name, call->name,
			       sizeof(b->cache_name));
	fill_beside(b);
	set_trace(&b->alloc);
	b->free.when = 0;
	spin_lock(&kfence_lock);
	b->state = KFENCE_LIVE;
	kfence_stats.live++;
	kfence_stats.allocated++;
	spin_unlock(&kfence_lock);
	return b->start;
}

/*
 * The block in use that starts at @p becomes BUSY; NULL: there is none, or it
 * is of another cache than @cache, which may be NULL.
 */
static struct kfence_block *take_live(const void *p, const void *cache)
{
	struct kfence_block *b = block_of((uintptr_t)p), *taken = NULL;

	spin_lock(&kfence_lock);
	if (b && b->state == KFENCE_LIVE && b->start == p &&
	    (!cache || b->cache == cache)) {
		b->state = KFENCE_BUSY;
		kfence_stats.live--;
		kfence_stats.freed++;
		taken = b;
	}
	spin_unlock(&kfence_lock);
	return taken;
}

/* The first block that lies @step pages from @page on, within a guard. */
static struct kfence_block *beside(uintptr_t page, uintptr_t step)
{
	struct kfence_block *b = NULL;
	unsigned int i;

	for (i = 0; i < GUARD_MOST && !b; i++) {
		page += step;
		if (!in_pool(page))
			return NULL;
		b = block_of(page);
	}
	return b;
}

/* The block in whose pages, or beside which, @addr lies; or NULL. */
static struct kfence_block *nearest(uintptr_t addr)
{
	uintptr_t page = ALIGN_DOWN(addr, PAGE_SIZE);
	struct kfence_block *b = block_of(addr), *before, *behind;

	if (b)
		return b;
	before = beside(page, -PAGE_SIZE);
	behind = beside(page, PAGE_SIZE);
	if (!before || !behind)
		return before ? before : behind;
	return addr - (uintptr_t)(before->start + before->asked) <
			       (uintptr_t)behind->start - addr ?
		       before :
		       behind;
}

/**
 * kfence_free() - take a block back, if it is a guarded one
 * @p: the block, or any address
 * @call: what is said of it
 *
 * Context: any, without locks. Return: false if @p is not of the pool. A
 * block that is not in use, and one that is not of this size or kind, is
 * reported.
 */
bool kfence_free(void *p, const struct kfence_call *call)
{
	struct kfence_block *b;

	if (!in_pool((uintptr_t)p))
		return false;
	b = take_live(p, call->cache);
	if (!b) {
		kfence_report_release(nearest((uintptr_t)p), p, call);
		return true;
	}
	if ((call->asked != ASKED_ANY && call->asked != b->asked) ||
	    (call->kind && b->kind && call->kind != b->kind))
		kfence_report_mismatch(b, call);
	check_fill(b, call->name);
	close_guards(b);
	set_trace(&b->free);
	port_guard_close(b->pages, block_bytes(b));
	put(b);
	return true;
}

/**
 * kfence_holds() - is a guarded block in use at an address?
 * @p: any address
 * @size: if so, bytes that were asked for
 *
 * Context: any.
 */
bool kfence_holds(const void *p, size_t *size)
{
	const struct kfence_block *b;
	bool found;

	if (!in_pool((uintptr_t)p))
		return false;
	b = block_of((uintptr_t)p);
	spin_lock(&kfence_lock);
	found = b && b->state == KFENCE_LIVE && b->start == p;
	if (found)
		*size = b->asked;
	spin_unlock(&kfence_lock);
	return found;
}

/**
 * kfence_room() - bytes that may be accessed from an address on
 * @p: any address
 * @room: as many as there are to the end of the block in use that @p lies in;
 *	0 in no block
 *
 * Context: any; takes no lock. Return: false if @p is not of the pool.
 */
__racy bool kfence_room(const void *p, size_t *room)
{
	const struct kfence_block *b;
	size_t at;

	if (!in_pool((uintptr_t)p))
		return false;
	b = block_of((uintptr_t)p);
	*room = 0;
	if (!b || b->state != KFENCE_LIVE)
		return true;
	at = (uintptr_t)p - (uintptr_t)b->start;
	*room = at < b->asked ? b->asked - at : 0;
	return true;
}

/* A block in use is looked at, and what was written beside it put right. */
static bool look_at(const struct kfence_block *b)
{
	struct kfence_damage d;

	if (b->state != KFENCE_LIVE || !is_damaged(b, &d))
		return false;
	kfence_report_damage(b, &d, "a look at all blocks");
	fill_beside(b);
	return true;
}

/**
 * kfence_look() - look at what lies beside every block in use
 *
 * Context: any, a signal handler included: it gives up if the lock is held
 * for long. Return: how many were written beside; each is reported.
 */
unsigned long kfence_look(void)
{
	unsigned long bad = 0, tries = LOOK_TRIES;
	u32 i;

	if (!smp_load_acquire(&pool))
		return 0;
	while (!spin_trylock(&kfence_lock))
		if (!--tries)
			return 0;
	for (i = 0; i < nr_blocks; i++)
		bad += look_at(&blocks[i]);
	spin_unlock(&kfence_lock);
	return bad;
}

static void note_opened(struct kfence_block *b, uintptr_t page, uintptr_t end)
{
	WRITE_ONCE(b->opened, b->opened_end ? min(b->opened, page) : page);
	WRITE_ONCE(b->opened_end, max(b->opened_end, end));
}

/*
 * It was told of: the pages on the way are open until @b, which is near, is
 * released or used again. False if the first cannot be opened.
 */
static __racy bool let_through(struct kfence_block *b, uintptr_t addr,
			       size_t bytes)
{
	uintptr_t start = ALIGN_DOWN(addr, PAGE_SIZE), page = start;
	uintptr_t end = addr + min(bytes, LET_THROUGH << PAGE_SHIFT);

	for (; page < end && in_pool(page); page += PAGE_SIZE)
		if (port_guard_open((void *)page, PAGE_SIZE))
			break;
	if (b)
		note_opened(b, start, page);
	return page != start;
}

/**
 * kfence_refuse() - tell of an access that would leave a block
 * @p: where it begins
 * @bytes: more than there is room for
 * @access: which
 * @call: the function that would make it, and will
 *
 * Context: any; takes no lock. Return: false if @p is not of the pool.
 */
bool kfence_refuse(const void *p, size_t bytes, enum report_access access,
		   const char *call)
{
	struct kfence_place at = { .addr = (uintptr_t)p };

	if (!in_pool(at.addr))
		return false;
	at.block = nearest(at.addr);
	kfence_report_range(&at, bytes, access, call);
	let_through(nearest(at.addr), at.addr, bytes);
	return true;
}

/**
 * kfence_fault() - an access was refused
 * @addr: of the access
 * @access: which
 * @now: the stack of it, or NULL
 *
 * Context: a fault handler; takes no lock, for the access may have been made
 * with any held. Return: false if the address is not of the pool, or if its
 * page cannot be opened. Otherwise it was reported, and the access may go on.
 */
__racy bool kfence_fault(uintptr_t addr, enum report_access access,
			 const struct report_stack *now)
{
	struct kfence_place at = { .addr = addr };

	if (!in_pool(addr))
		return false;
	at.block = nearest(addr);
	kfence_report_access(&at, access, now);
	return let_through(nearest(addr), addr, 1);
}
