/* SPDX-License-Identifier: MIT */
/*
 * Large blocks: a mapping of the kernel's each, found again by address.
 *
 *            ┌──── hand_take ◄── at hand (hand.c) ◄─ hand_put ─┐
 *            │                    ▼ put_back                   │
 *   alloc ───┼──── kept_take ◄── kept ranges ◄── kept_put ─────┼─── free
 *            │      (kept.c)      │ evict                      │
 *            └──── mmap           ▼                            │
 *                               munmap ◄── too large to keep ──┘
 *
 * The lock protects the index (ranges.c) and what is kept, and is held for
 * moments: a system call takes as long as the block is large, so none is made
 * under it. A range that is to be mapped, moved or unmapped is detached
 * meanwhile: it is in the hands of one thread, and nobody finds it.
 *
 * Blocks grow with mremap(), which moves page tables and not bytes, to an
 * eighth more than asked for: untouched pages cost nothing. What mremap()
 * refuses (a block of which the program has locked or protected a part)
 * the caller copies.
 */
#include <ashlar/string.h>
#include <mach/page.h>
#include "ranges.h"
#include "sys.h"
#include "user.h"

/* Clearing more costs more than having the kernel do it where it is used. */
#define CLEAR_MOST (512ul << 10)

/*
 * For so long nothing is unmapped after the kernel had no room for mappings: a
 * program that has used them up rarely gives many of them back soon, and what
 * is emptied meanwhile takes addresses only.
 */
#define SHORT_MS (60 * 1000)

static unsigned long short_until; /* port_time_ms() */

/* Blocks that were unmapped last, for whoever frees one again. ranges_lock */
#define GONE 64u

static const char *gone[GONE];
static unsigned int nr_gone;

static size_t round_up(size_t size)
{
	return ALIGN(size, host.page_size); /* read when the process started */
}

static struct range *find_block(const void *p)
{
	struct range *r = range_starting(p);

	return r && r->state == RANGE_BLOCK ? r : NULL;
}

/* @r, attached, is now a block. Context: ranges_lock. */
static void become_block(struct range *r)
{
	r->state = RANGE_BLOCK;
	large_count++;
	large_bytes += r->size;
}

/* Context: ranges_lock. */
static void no_longer_block(const struct range *r)
{
	large_count--;
	large_bytes -= r->size;
}

/* Context: ranges_lock, which is not held any more if there is no memory. */
static __cold_path bool more_descriptors(void)
{
	do {
		spin_unlock(&ranges_lock);
		if (!ranges_grow())
			return false;
		spin_lock(&ranges_lock);
	} while (!ranges_suffice());
	return true;
}

/* Takes the lock, with descriptors for one allocation at hand. */
static bool lock_with_descriptors(void)
{
	spin_lock(&ranges_lock);
	return likely(ranges_suffice()) || more_descriptors();
}

/* ---- giving back ---- */

/* Keep @r, detached, without its pages. False: they could not be discarded. */
static bool keep_empty(struct range *r)
{
	r->zeroed = !sys_madvise(r->addr, r->size, MADV_DONTNEED);
	spin_lock(&ranges_lock);
	range_attach(r);
	kept_put(r);
	spin_unlock(&ranges_lock);
	return r->zeroed;
}

/* True if the kernel had no room for one mapping more, now or lately. */
static bool mappings_short(void)
{
	return port_time_ms() < READ_ONCE(short_until);
}

/*
 * False: it would take one mapping more, and there is no room for that. While
 * that is so whatever is unmapped may have lost its place for good, so ranges
 * are emptied instead.
 */
static bool try_unmap(const struct range *r)
{
	if (!sys_munmap(r->addr, r->size))
		return true;
	WRITE_ONCE(short_until, port_time_ms() + SHORT_MS);
	return false;
}

/* Unmap @r, detached. False if it could be neither unmapped nor emptied. */
static bool unmap(struct range *r)
{
	if (!r->odd && mappings_short())
		return keep_empty(r);
	if (!try_unmap(r) && !r->odd)
		return keep_empty(r);
	spin_lock(&ranges_lock);
	gone[nr_gone++ % GONE] = r->addr;
	range_free(r);
	spin_unlock(&ranges_lock);
	return true;
}

/* Unmap @r and whatever else is more than may be kept. */
static __cold_path void unmap_all(struct range *r)
{
	size_t size;

	do {
		size = r->size;
		if (!unmap(r))
			return;
		spin_lock(&ranges_lock);
		kept_note_unmapped(size);
		r = kept_evict();
		spin_unlock(&ranges_lock);
	} while (r);
}

static void unmap_excess(struct range *r)
{
	if (unlikely(r))
		unmap_all(r);
}

/* Unmap the part [addr, addr + size) of a mapping that is no range yet. */
static void unmap_part(char *addr, size_t size)
{
	struct range *r;

	if (!size || !sys_munmap(addr, size) || !lock_with_descriptors())
		return;
	r = range_new(addr, size);
	spin_unlock(&ranges_lock);
	keep_empty(r);
}

/* Keep @r, which was at hand. Context: ranges_lock. */
static void put_back(struct range *r)
{
	no_longer_block(r);
	kept_note_freed(r->size);
	kept_put(r);
}

/* True if there was any. Context: ranges_lock. */
static __cold_path bool put_all_back(void)
{
	struct range *r;
	bool any = false;

	while ((r = hand_remove_any())) {
		put_back(r);
		any = true;
	}
	return any;
}

static struct range *remove_kept(void)
{
	struct range *r;

	spin_lock(&ranges_lock);
	put_all_back();
	r = kept_remove_any(!mappings_short());
	spin_unlock(&ranges_lock);
	return r;
}

/* Unmap all that is kept, or empty it. True if there was any. */
static bool unmap_kept(void)
{
	struct range *r;
	bool any = false;

	while ((r = remove_kept()) && unmap(r))
		any = true;
	return any;
}

/* ---- the calls ---- */

static char *map_aligned(size_t size, size_t align)
{
	size_t extra = align - port_host_page_size();
	char *p, *start;

	p = sys_mmap(NULL, size + extra, PROT_READ | PROT_WRITE, 0);
	if (!p || !extra)
		return p;
	start = (char *)ALIGN((uintptr_t)p, align);
	unmap_part(p, (size_t)(start - p));
	unmap_part(start + size, extra - (size_t)(start - p));
	return start;
}

static __cold_path void *map_block(size_t size, size_t align)
{
	char *p = map_aligned(size, align);
	struct range *r;

	if (!p && unmap_kept())
		p = map_aligned(size, align);
	if (!p)
		return NULL;
	if (!lock_with_descriptors()) {
		sys_munmap(p, size);
		return NULL;
	}
	kept_note_mapped(size);
	r = range_new(p, size);
	range_attach(r);
	become_block(r);
	spin_unlock(&ranges_lock);
	hand.last = r;
	return p;
}

/*
 * A block of a kept range, or NULL. What lay @at_hand and does not suit, if
 * anything, is kept as well.
 */
static struct range *take_kept(size_t size, size_t align, struct range *at_hand)
{
	struct range *r, *excess = NULL;

	if (!lock_with_descriptors())
		spin_lock(&ranges_lock); /* a whole range needs none */
	if (at_hand)
		put_back(at_hand);
	r = kept_take(size, align);
	if (!r && put_all_back())
		r = kept_take(size, align);
	if (r)
		become_block(r);
	if (at_hand)
		excess = kept_evict();
	spin_unlock(&ranges_lock);
	unmap_excess(excess);
	return r;
}

/* Make the block at @p, which was in use before, read as zero. */
static __cold_path void *clear(void *p, size_t size)
{
	if (size <= CLEAR_MOST || sys_madvise(p, round_up(size), MADV_DONTNEED))
		memset(p, 0, size);
	return p;
}

/* Its range is the thread's last one, unless there is none. */
static __attribute__((__noinline__)) void *
alloc_slow(size_t size, size_t align, bool zero, struct range *at_hand)
{
	size_t want = round_up(size);
	struct range *r = take_kept(want, align, at_hand);

	if (!r)
		return map_block(want, align);
	hand.last = r;
	return zero && !r->zeroed ? clear(r->addr, size) : r->addr;
}

/**
 * large_alloc() - a block with a mapping of its own
 * @size: bytes at least
 * @align: power of two; both are below PTRDIFF_MAX / 2
 * @zero: must it read as zero?
 *
 * Return: the block, or NULL when the kernel has no more.
 */
void *large_alloc(size_t size, size_t align, bool zero)
{
	struct range *r = hand_take();

	align = max(align, host.page_size);
	if (unlikely(!r || zero || !range_suits(r, round_up(size), align)))
		return alloc_slow(size, align, zero, r);
	WRITE_ONCE(r->state, RANGE_BLOCK);
	hand.last = r;
	return r->addr;
}

/* The running thread has just allocated the block at @p, of this kind. */
void large_set_kind(const void *p, unsigned char kind)
{
	if (hand.last && hand.last->addr == p)
		hand.last->kind = kind;
}

static __attribute__((__noinline__)) bool free_slow(void *p)
{
	struct range *r, *excess = NULL;

	spin_lock(&ranges_lock);
	r = find_block(p);
	if (r) {
		no_longer_block(r);
		excess = kept_offer(r);
	}
	spin_unlock(&ranges_lock);
	unmap_excess(excess);
	return r != NULL;
}

/* False: @p is not the start of a large block. */
bool large_free(void *p)
{
	return likely(hand_put(p)) || free_slow(p);
}

/* True if a large block began at @p and was freed, as far as is known. */
bool large_was_freed(const void *p)
{
	const struct range *r;
	unsigned int i;
	bool freed;

	spin_lock(&ranges_lock);
	r = range_starting(p);
	freed = r && (r->state == RANGE_AT_HAND || r->state == RANGE_KEPT);
	for (i = 0; i < GONE; i++)
		freed = freed || (p && gone[i] == p);
	spin_unlock(&ranges_lock);
	return freed;
}

/*
 * What large_set_kind() was told of the block at @p; 0: it is none.
 * Only its owner changes the range of a block in use.
 */
__racy unsigned char large_kind(const void *p)
{
	const struct range *r = hand.last;
	unsigned char kind;

	if (likely(r && r->addr == p && r->state == RANGE_BLOCK))
		return r->kind;
	spin_lock(&ranges_lock);
	r = find_block(p);
	kind = r ? r->kind : 0;
	spin_unlock(&ranges_lock);
	return kind;
}

/* Bytes that may be used at @p; 0: not the start of a large block. */
size_t large_size(const void *p)
{
	struct range *r;
	size_t size;

	spin_lock(&ranges_lock);
	r = find_block(p);
	size = r ? r->size : 0;
	spin_unlock(&ranges_lock);
	return size;
}

/* Cut the end of the block @r off. Context: ranges_lock, which it releases. */
static void shrink(struct range *r, size_t want)
{
	struct range *end = NULL;

	if (ranges_suffice()) {
		end = range_split(r, want);
		large_bytes -= end->size;
		end = kept_offer(end);
	}
	spin_unlock(&ranges_lock);
	unmap_excess(end);
}

/* Resize the mapping at @p; *@size: the best size, then the one it has. */
static char *remap(char *p, size_t old, size_t want, size_t *size)
{
	char *moved = sys_mremap(p, old, *size, MREMAP_MAYMOVE);

	if (moved)
		return moved;
	*size = want;
	moved = sys_mremap(p, old, want, MREMAP_MAYMOVE);
	if (!moved && unmap_kept())
		moved = sys_mremap(p, old, want, MREMAP_MAYMOVE);
	return moved;
}

/* Context: ranges_lock, which it releases. */
static char *grow(struct range *r, size_t want, size_t size)
{
	char *moved;

	no_longer_block(r);
	range_detach(r);
	spin_unlock(&ranges_lock);
	moved = remap(r->addr, r->size, want, &size);
	spin_lock(&ranges_lock);
	if (moved) {
		r->addr = moved;
		r->size = size;
	} else {
		r->odd = true;
	}
	range_attach(r);
	become_block(r);
	spin_unlock(&ranges_lock);
	return moved;
}

/**
 * large_realloc() - grow or shrink a large block, which may move
 * @p: the block
 * @size: bytes wanted, a large size
 * @old: where its size goes; 0: @p is not the start of a large block
 *
 * Return: the block; NULL if the caller has to copy it, or make a report.
 */
void *large_realloc(void *p, size_t size, size_t *old)
{
	size_t want = round_up(size), roomy = round_up(size + size / 8);
	struct range *r;

	if (!lock_with_descriptors())
		spin_lock(&ranges_lock);
	r = find_block(p);
	*old = r ? r->size : 0;
	if (r && want > r->size)
		return grow(r, want, roomy);
	if (r && r->size > roomy) {
		shrink(r, want);
		return p;
	}
	spin_unlock(&ranges_lock);
	return r ? p : NULL;
}

/* Give all kept mappings back. */
void large_trim(void)
{
	unmap_kept();
}

/* What lies at hand counts as free from now on. */
void large_settle(void)
{
	struct range *excess;

	spin_lock(&ranges_lock);
	put_all_back();
	excess = kept_evict();
	spin_unlock(&ranges_lock);
	unmap_excess(excess);
}

/* Let time pass for what is kept: called now and then by who allocates. */
void large_tick(void)
{
	struct range *excess;

	if (!kept_period_over())
		return;
	spin_lock(&ranges_lock);
	kept_pass_time();
	put_all_back();
	excess = kept_evict();
	spin_unlock(&ranges_lock);
	unmap_excess(excess);
}

/* Bytes of freed mappings that are always kept (M_TRIM_THRESHOLD). */
void large_set_keep(size_t bytes)
{
	spin_lock(&ranges_lock);
	kept_set_least(bytes);
	spin_unlock(&ranges_lock);
	large_settle();
}

void large_fork_prepare(void)
{
	spin_lock(&ranges_lock);
}

void large_fork_parent(void)
{
	spin_unlock(&ranges_lock);
}

void large_fork_child(void)
{
	spin_lock_init(&ranges_lock);
}
