/* SPDX-License-Identifier: MIT */
/*
 * How soon a page of a file that was reclaimed is wanted again.
 *
 *   inactive pages        goes: shadow = age A ─┐ stays in the page's slot
 *   ──►│ │ │ │ │ │ │──────►                     │
 *                         comes back at age B ◄─┘
 *
 *   age = pages that have left the inactive list, for either side (lru_age())
 *
 * B - A pages went by since: with so many more inactive pages it would have
 * stayed. So many there are, if as many active ones are used less: then the
 * page is active at once, and those have to show that they are used. A shadow
 * tells as well whether the page had been active (PG_workingset), for then its
 * return is a cost, which tells of the kind of pages that is short.
 *
 *   a shadow (xa_mk_value)   │ age, as many bits as there are │ W │
 *
 * A shadow needs a slot of a node. A file with many keeps nodes in which no
 * page is left; once there are more shadows than pages of memory, so that the
 * oldest say nothing, a shrinker takes those nodes. It goes through the files
 * that have shadows, in turn, and in each from where it stopped.
 *
 *   m->nrshadows = shadows in i_pages, and on shadow_mappings if there is one
 *
 * Locks: i_pages.xa_lock around the shadows of a file; in it shadow_lock
 * around the list. The shrinker, which comes from the list, only tries xa_lock.
 */
#include <ashlar/fs.h>
#include <ashlar/list.h>
#include <ashlar/mm_types.h>
#include <ashlar/page_ref.h>
#include <ashlar/shrinker.h>
#include <ashlar/swapfile.h>
#include <ashlar/vmstat.h>
#include <ashlar/xa_slots.h>
#include <mach/spinlock.h>
#include "internal.h"
#include "lru.h"
#include "workingset.h"

#define SHADOW_BITS (8 * sizeof(long) - 1)
#define AGE_MASK ((1ul << (SHADOW_BITS - 1)) - 1)

static spinlock_t shadow_lock = SPIN_LOCK_UNLOCKED;
static LIST_HEAD(shadow_mappings); /* address_space::shadow_list */
static unsigned long nr_shadows; /* of all (shadow_lock) */

/* ---- shadows come and go ---- */

/** workingset_count() - @nr shadows join a file, or leave. Context: xa_lock. */
void workingset_count(struct address_space *m, long nr)
{
	bool had = m->nrshadows;

	m->nrshadows += (unsigned long)nr;
	spin_lock(&shadow_lock);
	nr_shadows += (unsigned long)nr;
	if (!had)
		list_add_tail(&m->shadow_list, &shadow_mappings);
	else if (!m->nrshadows)
		list_del(&m->shadow_list);
	spin_unlock(&shadow_lock);
}

/**
 * workingset_eviction() - a page leaves its file; a shadow takes its slot
 * @m: the file
 * @page: of it, and the caller's alone
 *
 * Context: xa_lock.
 */
void workingset_eviction(struct address_space *m, struct page *page)
{
	unsigned long age = lru_age(1);
	unsigned long shadow = (age & AGE_MASK) << 1;

	if (page->pflags & PG_workingset)
		shadow |= 1;
	__xa_replace(&m->i_pages, page->index, page, xa_mk_value(shadow));
	workingset_count(m, 1);
}

/* So many pages could be given up for one that comes back. */
static unsigned long workingset_size(void)
{
	unsigned long nr = global_node_page_state(NR_ACTIVE_FILE);

	if (READ_ONCE(nr_swap_pages) > 0)
		nr += global_node_page_state(NR_ACTIVE_ANON) +
		      global_node_page_state(NR_INACTIVE_ANON);
	return nr;
}

/**
 * workingset_refault() - a page joins a file that it has left before
 * @m: the file
 * @page: on no list yet
 * @entry: the shadow that was in its slot
 *
 * Context: xa_lock.
 */
void workingset_refault(struct address_space *m, struct page *page,
			const void *entry)
{
	unsigned long shadow = xa_to_value(entry);
	unsigned long now = lru_age(0);
	unsigned long distance = (now - (shadow >> 1)) & AGE_MASK;

	workingset_count(m, -1);
	inc_node_page_state(WORKINGSET_REFAULT_FILE);
	if (distance > workingset_size())
		return;
	lru_age(1);
	inc_node_page_state(WORKINGSET_ACTIVATE_FILE);
	if (!(shadow & 1)) {
		set_page_flags(page, PG_active);
		return;
	}
	set_page_flags(page, PG_active | PG_workingset);
	inc_node_page_state(WORKINGSET_RESTORE_FILE);
	lru_note_cost(true, 1);
}

/* ---- too many of them ---- */

/* Nodes that shadows beyond one for each page of memory may have. */
static unsigned long count_shadow_nodes(struct shrinker *s,
					struct shrink_control *sc)
{
	unsigned long n = READ_ONCE(nr_shadows), most = totalram_pages();

	(void)s;
	(void)sc;
	return n > most ? DIV_ROUND_UP(n - most, XA_CHUNK_SIZE / 8) : 0;
}

/* True if no page is among the slots. */
static bool only_shadows(void **slots, unsigned int nr)
{
	for (; nr; nr--, slots++)
		if (*slots && !xa_is_value(*slots))
			return false;
	return true;
}

static unsigned long clear_shadows(struct xarray *xa, unsigned long index,
				   void **slots, unsigned int nr)
{
	unsigned long n = 0;
	unsigned int i;

	for (i = 0; i < nr; i++)
		n += slots[i] != NULL;
	xa_clear_slots(xa, index, nr);
	return n;
}

/*
 * Look at up to *@left nodes of a file, one less each, and give those back that
 * have no page, until @most shadows are gone. Returns how many went. Context:
 * xa_lock.
 */
static unsigned long shrink_mapping(struct address_space *m,
				    unsigned long *left, unsigned long most)
{
	unsigned long index = m->shadow_next, n = 0;
	unsigned int nr;
	void **slots;

	while (*left && n < most && __xa_find(&m->i_pages, &index, ~0ul)) {
		index &= ~(unsigned long)(XA_CHUNK_SIZE - 1);
		slots = xa_slots(&m->i_pages, index, &nr);
		if (slots && only_shadows(slots, nr)) {
			n += clear_shadows(&m->i_pages, index, slots, nr);
			inc_node_page_state(WORKINGSET_NODERECLAIM);
		}
		--*left;
		index += XA_CHUNK_SIZE;
		if (!index)
			break;
	}
	m->shadow_next = *left && n < most ? 0 : index;
	return n;
}

/* The next file on the list. Context: shadow_lock. */
static unsigned long shrink_first(unsigned long *left, unsigned long most)
{
	struct address_space *m = list_first_entry(
		&shadow_mappings, struct address_space, shadow_list);
	unsigned long n;

	list_move_tail(&m->shadow_list, &shadow_mappings);
	if (!spin_trylock(&m->i_pages.xa_lock)) {
		--*left;
		return 0;
	}
	n = shrink_mapping(m, left, most);
	if (*left)
		--*left;
	m->nrshadows -= n;
	nr_shadows -= n;
	if (!m->nrshadows)
		list_del(&m->shadow_list);
	xa_unlock(&m->i_pages);
	return n;
}

static unsigned long scan_shadow_nodes(struct shrinker *s,
				       struct shrink_control *sc)
{
	unsigned long most = sc->nr_to_scan * (XA_CHUNK_SIZE / 8);
	unsigned long left = sc->nr_to_scan, n = 0;

	(void)s;
	spin_lock(&shadow_lock);
	while (left && n < most && !list_empty(&shadow_mappings))
		n += shrink_first(&left, most - n);
	spin_unlock(&shadow_lock);
	return n / XA_CHUNK_SIZE;
}

static struct shrinker shadow_shrinker = {
	.count_objects = count_shadow_nodes,
	.scan_objects = scan_shadow_nodes,
	.seeks = 0, /* there are more of them than are worth keeping */
};

/** workingset_init() - at boot */
void workingset_init(void)
{
	register_shrinker(&shadow_shrinker, "workingset-shadows");
}
