/* SPDX-License-Identifier: MIT */
/*
 * The stable tree: merged pages by what they hold. Nobody writes to them, so
 * the order stays.
 *
 *              chain                       node ── page, without a reference
 *             /     \                        ├ places: who maps it (ksm_rmap.c)
 *         chain     chain ── node ⇄ node     └ items: pages that were merged
 *
 * A page that thousands share would make each walk to its entries long, so one
 * is shared by ksm_max_page_sharing items at most, forks excepted; then another
 * page with the same contents joins its chain.
 *
 * The page belongs to who maps it, and is freed with the last entry; the node
 * is found to be stale later: when it is met in the tree, or after a full scan.
 *
 * Locks: ksm_lock, of the one who scans (ksm.c). A page is found again under
 * lru_lock: on a list of pages by age, and with two words that only a page of
 * this node has.
 */
#include <ashlar/atomic.h>
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/ksm.h>
#include <ashlar/list.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmap.h>
#include <ashlar/page_ref.h>
#include <ashlar/pagemap.h>
#include <ashlar/port.h>
#include <ashlar/rbtree.h>
#include <ashlar/slab.h>
#include <mach/spinlock.h>
#include "ksm.h"
#include "lru.h"
#include "slab.h"

unsigned int ksm_max_page_sharing = 256;
unsigned int ksm_chains_prune_millisecs = 2000;
struct ksm_counts ksm_counts;

static struct rb_root stable_tree = RB_ROOT;
static struct kmem_cache *node_cachep, *chain_cachep;

/** ksm_stable_init() - at boot */
void ksm_stable_init(void)
{
	node_cachep = kmem_cache_create("ksm_stable_node",
					sizeof(struct ksm_stable_node), 0,
					SLAB_PANIC, NULL);
	chain_cachep = kmem_cache_create("ksm_chain", sizeof(struct ksm_chain),
					 0, SLAB_PANIC, NULL);
}

/** ksm_node_alloc() - a node without a page; may sleep. NULL: no memory. */
struct ksm_stable_node *ksm_node_alloc(void)
{
	struct ksm_stable_node *node =
		kmem_cache_zalloc(node_cachep, GFP_KERNEL);

	if (!node)
		return NULL;
	INIT_LIST_HEAD(&node->places);
	INIT_LIST_HEAD(&node->items);
	return node;
}

/** ksm_node_free() - without items and places, in no chain */
void ksm_node_free(struct ksm_stable_node *node)
{
	kmem_cache_free(node_cachep, node);
}

/* ---- items ---- */

/** stable_item_attach() - a page that was merged counts from now on */
void stable_item_attach(struct ksm_rmap_item *item,
			struct ksm_stable_node *node, struct ksm_place *place)
{
	item_set_state(item, KSM_ITEM_STABLE);
	item->node = node;
	item->place = place;
	list_add(&item->list, &node->items);
	place->items++;
	if (node->nr_items++)
		ksm_counts.sharing++;
	else
		ksm_counts.shared++;
	item->mm->ksm_merging_pages++;
}

/** stable_item_detach() - … and no more; its place may go */
void stable_item_detach(struct ksm_rmap_item *item)
{
	struct ksm_stable_node *node = item->node;

	list_del(&item->list);
	item_set_state(item, KSM_ITEM_NEW);
	if (!--item->place->items)
		node->orphans = true;
	if (--node->nr_items)
		ksm_counts.sharing--;
	else
		ksm_counts.shared--;
	item->mm->ksm_merging_pages--;
}

/* ---- chains ---- */

static void chain_count(const struct ksm_chain *chain, long n)
{
	if (chain->nr < 2)
		return;
	ksm_counts.chains += (unsigned long)n;
	ksm_counts.dups += (unsigned long)n * chain->nr;
}

static void chain_add(struct ksm_chain *chain, struct ksm_stable_node *node)
{
	chain_count(chain, -1);
	list_add(&node->list, &chain->nodes);
	node->chain = chain;
	chain->nr++;
	chain_count(chain, 1);
}

/** stable_tree_erase() - a node leaves the tree. ksm_lock. */
void stable_tree_erase(struct ksm_stable_node *node)
{
	struct ksm_chain *chain = node->chain;

	chain_count(chain, -1);
	list_del(&node->list);
	node->chain = NULL;
	chain->nr--;
	chain_count(chain, 1);
	if (chain->nr)
		return;
	rb_erase(&chain->rb, &stable_tree);
	kmem_cache_free(chain_cachep, chain);
}

/* A node goes; @page, which no entry maps, is locked, or NULL: it is gone. */
static void remove_node(struct ksm_stable_node *node, struct page *page)
{
	struct ksm_rmap_item *item, *next;

	list_for_each_entry_safe(item, next, &node->items, list)
		stable_item_detach(item);
	ksm_drop_places(node, page, NULL, 0);
	stable_tree_erase(node);
	ksm_node_free(node);
}

/* ---- from a node to its page ---- */

static bool is_page_of(const struct page *page,
		       const struct ksm_stable_node *node)
{
	return page->flags == PG_used && page->mapping == ksm_mapping(node) &&
	       page->index == ksm_index(node);
}

/* True if what a look for a page came to is one. */
static inline bool is_page(const struct page *page)
{
	return page && !IS_ERR(page);
}

/* With a reference; NULL: it is not there; ERR_PTR(-EBUSY): it is isolated. */
static struct page *try_get_page(const struct ksm_stable_node *node)
{
	struct page *page = READ_ONCE(node->page), *got = NULL;

	spin_lock(&node_lruvec.lru_lock);
	if (is_page_of(page, node)) {
		got = ERR_PTR(-EBUSY);
		if ((page->pflags & PG_lru) &&
		    atomic_inc_not_zero(&page->_refcount))
			got = page;
	}
	spin_unlock(&node_lruvec.lru_lock);
	if (!is_page(got) || page == READ_ONCE(node->page))
		return got;
	put_page(page); /* it has moved */
	return ERR_PTR(-EBUSY);
}

/**
 * ksm_get_page() - the page of a node that is in the tree
 *
 * Context: ksm_lock. Return: with a reference; NULL: it was freed, and so was
 * the node; ERR_PTR(-EBUSY): it cannot be had now.
 */
struct page *ksm_get_page(struct ksm_stable_node *node)
{
	struct page *was, *page;

	do {
		was = READ_ONCE(node->page);
		page = try_get_page(node);
	} while (!page && was != READ_ONCE(node->page));
	if (!page)
		remove_node(node, NULL);
	return page;
}

/* ---- the tree ---- */

/* A page of the chain; NULL: none was left, and the chain is gone. */
static struct page *chain_page(struct ksm_chain *chain)
{
	struct ksm_stable_node *node;
	unsigned int left = chain->nr;
	struct page *page = NULL;

	for (; !page && left; left--) {
		node = list_first_entry(&chain->nodes, struct ksm_stable_node,
					list);
		page = ksm_get_page(node);
	}
	return page;
}

/* Stale nodes of a chain go. True if it is gone itself. */
static bool chain_prune(struct ksm_chain *chain)
{
	struct ksm_stable_node *node, *next;
	unsigned int left = chain->nr;
	struct page *page;

	chain->pruned = port_time_ms();
	list_for_each_entry_safe(node, next, &chain->nodes, list) {
		page = ksm_get_page(node);
		if (is_page(page))
			put_page(page);
		left -= !page;
		if (!left)
			return true;
	}
	return false;
}

/*
 * The node of a chain that is shared most of those that may be shared further,
 * and its page with a reference; or NULL.
 */
static struct ksm_stable_node *chain_choose(struct ksm_chain *chain,
					    struct page **kpage)
{
	struct ksm_stable_node *node, *best = NULL;

	if (port_time_ms() - chain->pruned >= ksm_chains_prune_millisecs &&
	    chain->nr > 1 && chain_prune(chain))
		return NULL;
	list_for_each_entry(node, &chain->nodes, list)
		if (node->nr_items < ksm_max_page_sharing &&
		    (!best || node->nr_items > best->nr_items))
			best = node;
	if (!best)
		return NULL;
	*kpage = ksm_get_page(best);
	return is_page(*kpage) ? best : NULL;
}

/* Where in the tree the contents of @page are, or belong. */
struct position {
	struct rb_node *parent, **link;
	struct ksm_chain *chain; /* of equal contents, or NULL */
};

/* False: a page on the way cannot be looked at now. */
static bool find_position(const struct page *page, struct position *at)
{
	struct ksm_chain *chain;
	struct page *other;
	int order;

again:
	*at = (struct position){ NULL, &stable_tree.rb_node, NULL };
	while (*at->link) {
		might_sleep();
		chain = rb_entry(*at->link, struct ksm_chain, rb);
		other = chain_page(chain);
		if (!other)
			goto again; /* the tree has changed */
		if (IS_ERR(other))
			return false;
		order = compare_pages(page, other);
		put_page(other);
		if (!order) {
			at->chain = chain;
			break;
		}
		at->parent = *at->link;
		at->link = order < 0 ? &at->parent->rb_left :
				       &at->parent->rb_right;
	}
	return true;
}

/**
 * stable_tree_search() - a merged page that holds what @page does
 * @kpage: receives it, with a reference; ERR_PTR(-EBUSY): ask another time
 *
 * Context: ksm_lock; may sleep. Return: its node, or NULL.
 */
struct ksm_stable_node *stable_tree_search(const struct page *page,
					   struct page **kpage)
{
	struct position at;

	*kpage = NULL;
	if (!find_position(page, &at)) {
		*kpage = ERR_PTR(-EBUSY);
		return NULL;
	}
	return at.chain ? chain_choose(at.chain, kpage) : NULL;
}

/**
 * stable_tree_insert() - a new node joins the tree
 * @page: its page, with a reference of the caller's
 *
 * Context: ksm_lock; may sleep. Return: true; false: no memory, or ask another
 * time.
 */
bool stable_tree_insert(struct ksm_stable_node *node, const struct page *page)
{
	struct ksm_chain *chain = kmem_cache_alloc(chain_cachep, GFP_KERNEL);
	struct position at;

	if (!chain)
		return false;
	if (!find_position(page, &at)) {
		kmem_cache_free(chain_cachep, chain);
		return false;
	}
	if (at.chain) {
		kmem_cache_free(chain_cachep, chain);
		chain_add(at.chain, node);
		return true;
	}
	INIT_LIST_HEAD(&chain->nodes);
	chain->nr = 0;
	chain->pruned = port_time_ms();
	rb_link_node(&chain->rb, at.parent, at.link);
	rb_insert_color(&chain->rb, &stable_tree);
	chain_add(chain, node);
	return true;
}

/* ---- all of it ---- */

/* Gives up places that are not needed; a stale node goes. */
static void prune_node(struct ksm_stable_node *node)
{
	struct page *page = ksm_get_page(node);

	if (!is_page(page))
		return;
	if (node->orphans && trylock_page(page)) {
		if (page == READ_ONCE(node->page))
			ksm_prune_places(node, page);
		unlock_page(page);
	}
	put_page(page);
}

/** stable_tree_prune() - after a full scan: what is stale goes. ksm_lock. */
void stable_tree_prune(void)
{
	struct rb_node *rb = rb_first(&stable_tree), *next_rb;
	struct ksm_stable_node *node, *next;
	struct ksm_chain *chain;
	unsigned int left;

	for (; rb; rb = next_rb) {
		next_rb = rb_next(rb);
		chain = rb_entry(rb, struct ksm_chain, rb);
		left = chain->nr;
		list_for_each_entry_safe(node, next, &chain->nodes, list) {
			prune_node(node);
			if (!--left) /* the chain may be gone */
				break;
		}
		might_sleep();
	}
}

/* Return: 0; or -EBUSY: the page is mapped, or in use. */
static int clear_node(struct ksm_stable_node *node)
{
	struct page *page = ksm_get_page(node);
	int err = -EBUSY;

	if (!is_page(page))
		return page ? err : 0;
	lock_page(page);
	if (page == READ_ONCE(node->page) && !atomic_read(&page->_mapcount)) {
		remove_node(node, page);
		err = 0;
	}
	unlock_page(page);
	put_page(page);
	return err;
}

/**
 * stable_tree_clear() - all nodes go of which no entry maps the page
 *
 * Context: ksm_lock; may sleep. Return: 0; -EBUSY: one stayed, and maybe more.
 */
int stable_tree_clear(void)
{
	struct ksm_chain *chain;
	struct rb_node *rb;
	int err = 0;

	while (!err && (rb = rb_first(&stable_tree))) {
		chain = rb_entry(rb, struct ksm_chain, rb);
		err = clear_node(list_first_entry(
			&chain->nodes, struct ksm_stable_node, list));
	}
	return err;
}
