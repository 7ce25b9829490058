/* SPDX-License-Identifier: MIT */
/*
 * Same-page merging: anonymous pages of equal contents become one, until one of
 * their owners writes to it.
 *
 *   spaces that asked for it      the scan: page by page, round and round
 *   ┌──────┐  ┌──────┐
 *   │ slot │→ │ slot │→ …         equal to a page of the stable tree? merged
 *   └──┬───┘  └──────┘            changed since the last round?      not now
 *      items, by address          equal to one of the unstable tree? both are
 *      ┌────┐ ┌────┐                merged, and the page joins the stable tree
 *      │    │→│    │→ …           else: it joins the unstable tree
 *      └────┘ └────┘
 *
 * Pages in the unstable tree may be written to, which spoils its order: then an
 * equal is missed, and found in a later round, for the tree begins anew with
 * each. A page that changes more often than once a round is never in it. What
 * is found to be equal is compared once more when no write gets there any more
 * (ksm_merge.c).
 *
 * Invariants:
 *   items: new, in the unstable tree, or of a node of the stable tree
 *   ksm_counts.items = those of all slots
 *
 * Locks: ksm_lock, of the one who scans: items and trees. Below it mmap_lock of
 * one space at a time; ksm_slot.c has the spaces.
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
#include <ashlar/rwsem.h>
#include <ashlar/slab.h>
#include <mach/spinlock.h>
#include "ksm.h"
#include "ksm_slot.h"
#include "pgtable.h"
#include "slab.h"
#include "vma.h"

enum ksm_run ksm_run;
bool ksm_use_zero_pages, ksm_merge_across_nodes = true;

static struct rw_semaphore ksm_lock; /* only ever taken for writing */
static struct kmem_cache *item_cachep;
static struct rb_root unstable_tree = RB_ROOT;
static u32 zero_checksum;

/* Where the scan goes on, in the space of ksm_scan_slot. ksm_lock. */
static struct {
	unsigned long address;
	struct ksm_rmap_item **at; /* the first item not passed yet */
	unsigned long seqnr; /* of the scan */
} scan;

/** ksm_init() - at boot */
void ksm_init(void)
{
	init_rwsem(&ksm_lock);
	item_cachep = kmem_cache_create("ksm_rmap_item",
					sizeof(struct ksm_rmap_item), 0,
					SLAB_PANIC, NULL);
	ksm_rmap_init();
	ksm_stable_init();
	zero_checksum = ksm_checksum(pfn_to_page(zero_pfn));
}

/* A slot that has been unlinked goes, and maybe its space's structure. */
static void free_slot(struct ksm_mm_slot *slot)
{
	struct mm_struct *mm = slot->mm;

	ksm_slot_free(slot);
	mmdrop(mm);
}

/* ---- items ---- */

/* Neither tree has the item afterwards. */
static void remove_item_from_tree(struct ksm_rmap_item *item)
{
	switch (item_state(item)) {
	case KSM_ITEM_STABLE:
		stable_item_detach(item);
		break;
	case KSM_ITEM_UNSTABLE: /* in this scan's tree or a former one's */
		if (item->seqnr == scan.seqnr)
			rb_erase(&item->rb, &unstable_tree);
		ksm_counts.unshared--;
		break;
	case KSM_ITEM_NEW:
		break;
	}
	item_set_state(item, KSM_ITEM_NEW);
}

/* The first of a list of items goes. */
static void drop_item(struct ksm_rmap_item **at)
{
	struct ksm_rmap_item *item = *at;

	*at = item->next;
	remove_item_from_tree(item);
	item->mm->ksm_rmap_items--;
	ksm_counts.items--;
	kmem_cache_free(item_cachep, item);
}

static void drop_items(struct ksm_rmap_item **at)
{
	while (*at)
		drop_item(at);
}

/* A new item before @at, or NULL. */
static struct ksm_rmap_item *new_item(struct ksm_rmap_item **at,
				      unsigned long address)
{
	struct ksm_rmap_item *item =
		kmem_cache_alloc(item_cachep, GFP_KERNEL | __GFP_NOWARN);

	if (!item)
		return NULL;
	item->mm = ksm_scan_slot->mm;
	item->address = address | KSM_ITEM_NEW;
	item->checksum = 0;
	item->next = *at;
	*at = item;
	item->mm->ksm_rmap_items++;
	ksm_counts.items++;
	return item;
}

/* The item of a page; those before it, of pages that are gone, go. */
static struct ksm_rmap_item *next_item(unsigned long address)
{
	struct ksm_rmap_item *item;

	while (*scan.at && item_address(*scan.at) < address)
		drop_item(scan.at);
	item = *scan.at;
	if (!item || item_address(item) > address)
		item = new_item(scan.at, address);
	if (item)
		scan.at = &item->next;
	return item;
}

/* True if pages of the area are merged. */
static bool is_mergeable(const struct vm_area_struct *vma)
{
	return (vma->vm_flags & VM_MERGEABLE) && vma->anon_vma;
}

/*
 * The area of an item's page, if it is still one to merge; mmap_lock of its
 * space is taken then. A space without users has no areas.
 */
static struct vm_area_struct *lock_item(const struct ksm_rmap_item *item)
{
	struct vm_area_struct *vma;

	down_read(&item->mm->mmap_lock);
	vma = item->mm->oom_reaped ? NULL :
				     find_vma(item->mm, item_address(item));
	if (vma && vma->vm_start <= item_address(item) && is_mergeable(vma))
		return vma;
	up_read(&item->mm->mmap_lock);
	return NULL;
}

/* The page of an item with a reference, or NULL. */
static struct page *get_mergeable_page(const struct ksm_rmap_item *item)
{
	struct vm_area_struct *vma = lock_item(item);
	struct page *page;

	if (!vma)
		return NULL;
	page = ksm_follow_page(vma, item_address(item));
	up_read(&item->mm->mmap_lock);
	return page;
}

/* ---- one page ---- */

/* With mmap_lock, and @kpage locked. True if the item is the node's then. */
static bool merge_locked(struct vm_area_struct *vma, struct ksm_rmap_item *item,
			 struct page *page, struct ksm_stable_node *node,
			 struct page *kpage, struct ksm_place **spare)
{
	unsigned long addr = item_address(item);
	struct ksm_place *place;

	if (kpage != READ_ONCE(node->page)) /* it has moved */
		return false;
	place = ksm_add_place(node, vma, addr, spare);
	if (page != kpage && !ksm_replace_page(vma, addr, page, kpage))
		return false;
	remove_item_from_tree(item);
	stable_item_attach(item, node, place);
	return true;
}

/*
 * The item's space maps @kpage, of @node, in place of its page; or does so
 * already, since it forked. True if it was done.
 */
static bool merge_with(struct ksm_rmap_item *item, struct page *page,
		       struct ksm_stable_node *node, struct page *kpage)
{
	struct ksm_place *spare = ksm_place_alloc();
	struct vm_area_struct *vma = spare ? lock_item(item) : NULL;
	bool done = false;

	if (vma && trylock_page(kpage)) {
		done = merge_locked(vma, item, page, node, kpage, &spare);
		unlock_page(kpage);
	}
	if (vma)
		up_read(&item->mm->mmap_lock);
	ksm_place_free(spare);
	return done;
}

/* The item's page becomes a merged one; its node, not in the tree, or NULL. */
static struct ksm_stable_node *make_node(struct ksm_rmap_item *item,
					 struct page *page)
{
	struct ksm_stable_node *node = ksm_node_alloc();
	struct ksm_place *place = node ? ksm_place_alloc() : NULL;
	struct vm_area_struct *vma = place ? lock_item(item) : NULL;
	bool made = false;

	if (vma) {
		made = ksm_make_page(vma, item_address(item), page, node,
				     &place);
		up_read(&item->mm->mmap_lock);
	}
	if (made) {
		remove_item_from_tree(item);
		stable_item_attach(item, node, place);
		return node;
	}
	ksm_place_free(place);
	if (node)
		ksm_node_free(node);
	return NULL;
}

/* A page without an equal is an ordinary one again; its node, in no tree, goes.
 * It is held, so it has not moved. */
static void unmake_node(struct ksm_rmap_item *item,
			struct ksm_stable_node *node, struct page *page)
{
	struct ksm_place *place = item->place;

	lock_page(page);
	stable_item_detach(item);
	ksm_drop_places(node, page, place->av, place->index);
	unlock_page(page);
	ksm_node_free(node);
}

/* Two pages that look equal become one, in the stable tree. */
static void merge_two(struct ksm_rmap_item *item, struct page *page,
		      struct ksm_rmap_item *other, struct page *other_page)
{
	struct ksm_stable_node *node = make_node(item, page);

	if (!node)
		return;
	if (!stable_tree_insert(node, page)) {
		unmake_node(item, node, page);
		return;
	}
	if (merge_with(other, other_page, node, page))
		return;
	stable_tree_erase(node);
	unmake_node(item, node, page);
}

/* ---- the unstable tree ---- */

/*
 * An item with an equal page, and the page with a reference; or NULL, and @item
 * is in the tree, if its order made sense.
 */
static struct ksm_rmap_item *
unstable_tree_search_insert(struct ksm_rmap_item *item, struct page *page,
			    struct page **other_page)
{
	struct rb_node **link = &unstable_tree.rb_node, *parent = NULL;
	struct ksm_rmap_item *other;
	struct page *other_one;
	int order;

	while (*link) {
		might_sleep();
		other = rb_entry(*link, struct ksm_rmap_item, rb);
		other_one = get_mergeable_page(other);
		if (!other_one)
			return NULL;
		order = other_one == page ? 0 : compare_pages(page, other_one);
		*other_page = other_one;
		if (!order && other_one != page)
			return other;
		put_page(other_one);
		if (!order) /* a relative has the same page */
			return NULL;
		parent = *link;
		link = order < 0 ? &parent->rb_left : &parent->rb_right;
	}
	item->seqnr = scan.seqnr;
	item_set_state(item, KSM_ITEM_UNSTABLE);
	rb_link_node(&item->rb, parent, link);
	rb_insert_color(&item->rb, &unstable_tree);
	ksm_counts.unshared++;
	return NULL;
}

/* ---- the scan of a page ---- */

/* A page of zeroes goes. True if it was one. */
static bool merge_zeroes(struct ksm_rmap_item *item, struct page *page)
{
	struct vm_area_struct *vma = lock_item(item);
	bool done = false;

	if (vma) {
		done = ksm_replace_zero(vma, item_address(item), page);
		up_read(&item->mm->mmap_lock);
	}
	return done;
}

/* A page that is merged, as a fork's or after it has been swapped. */
static void scan_merged(struct ksm_rmap_item *item, struct page *page)
{
	struct ksm_stable_node *node = page_stable_node(page);

	if (item_state(item) == KSM_ITEM_STABLE && item->node == node)
		return;
	remove_item_from_tree(item);
	merge_with(item, page, node, page);
}

/* A page that differs from all merged ones. */
static void scan_unmerged(struct ksm_rmap_item *item, struct page *page)
{
	u32 checksum = ksm_checksum(page);
	struct ksm_rmap_item *other;
	struct page *other_page;

	if (item->checksum != checksum) {
		item->checksum = checksum;
		return;
	}
	if (ksm_use_zero_pages && checksum == zero_checksum &&
	    merge_zeroes(item, page))
		return;
	other = unstable_tree_search_insert(item, page, &other_page);
	if (!other)
		return;
	merge_two(item, page, other, other_page);
	put_page(other_page);
}

static void cmp_and_merge_page(struct ksm_rmap_item *item, struct page *page)
{
	struct ksm_stable_node *node;
	struct page *kpage;

	if (PageKsm(page)) {
		scan_merged(item, page);
		return;
	}
	remove_item_from_tree(item);
	node = stable_tree_search(page, &kpage);
	if (node) {
		merge_with(item, page, node, kpage);
		put_page(kpage);
	} else if (!IS_ERR(kpage)) {
		scan_unmerged(item, page);
	}
}

/* ---- the scan of all ---- */

/* Where the scan goes on in a space that it begins with. */
static void begin_slot(void)
{
	scan.address = 0;
	scan.at = ksm_scan_slot ? &ksm_scan_slot->items : NULL;
}

/* The next slot after the cursor's; NULL after the last. ksm_mmlist_lock. */
static struct ksm_mm_slot *slot_after(const struct ksm_mm_slot *slot)
{
	const struct list_head *at = slot ? &slot->list : &ksm_slots;

	return at->next == &ksm_slots ?
		       NULL :
		       list_entry(at->next, struct ksm_mm_slot, list);
}

/* The first space. False: there is none. */
static bool begin_scan(void)
{
	unstable_tree = RB_ROOT;
	scan.seqnr++;
	spin_lock(&ksm_mmlist_lock);
	ksm_scan_slot = slot_after(NULL);
	spin_unlock(&ksm_mmlist_lock);
	begin_slot();
	return ksm_scan_slot;
}

/* The space has been looked through; @over: it has no mergeable area. */
static void end_slot(bool over)
{
	struct ksm_mm_slot *slot = ksm_scan_slot;

	spin_lock(&ksm_mmlist_lock);
	ksm_scan_slot = slot_after(slot);
	if (over)
		ksm_unlink_slot(slot);
	spin_unlock(&ksm_mmlist_lock);
	begin_slot();
}

/* The next page of an area from the cursor on, with a reference; or NULL. */
static struct page *scan_area(struct vm_area_struct *vma)
{
	struct page *page = NULL;

	scan.address = max(scan.address, vma->vm_start);
	while (!page && scan.address < vma->vm_end) {
		if (pgd_none(*pgd_offset(vma->vm_mm, scan.address))) {
			scan.address = pgd_addr_end(scan.address, vma->vm_end);
			continue;
		}
		page = ksm_follow_page(vma, scan.address);
		scan.address += PAGE_SIZE;
	}
	return page;
}

/*
 * The next page in the cursor's space; or NULL, and the cursor is at the next
 * one.
 */
static struct page *scan_slot(void)
{
	struct ksm_mm_slot *slot = ksm_scan_slot;
	struct mm_struct *mm = slot->mm;
	struct vm_area_struct *vma;
	struct page *page = NULL;
	bool any = scan.address;

	down_read(&mm->mmap_lock);
	vma = mm->oom_reaped ? NULL : find_vma(mm, scan.address);
	for (; vma && !page; vma = vma->vm_next) {
		any = any || (vma->vm_flags & VM_MERGEABLE);
		if (is_mergeable(vma))
			page = scan_area(vma);
	}
	if (!page) {
		drop_items(scan.at);
		end_slot(!any);
	}
	up_read(&mm->mmap_lock);
	if (!page && !any)
		free_slot(slot);
	return page;
}

/* The next page of all spaces, with its item; NULL: the scan is full. */
static struct ksm_rmap_item *scan_get_next_item(struct page **page)
{
	struct ksm_rmap_item *item;

	if (!ksm_scan_slot && !begin_scan())
		return NULL;
	while (ksm_scan_slot) {
		might_sleep();
		*page = scan_slot();
		if (!*page)
			continue;
		item = next_item(scan.address - PAGE_SIZE);
		if (!item)
			put_page(*page);
		return item;
	}
	ksm_counts.full_scans++;
	stable_tree_prune();
	return NULL;
}

/** ksm_has_work() - True if there is a space to be scanned. */
bool ksm_has_work(void)
{
	return ksm_run == KSM_RUN_MERGE && !list_empty(&ksm_slots);
}

/**
 * ksm_do_scan() - look at some pages, and merge what can be
 * @pages: how many
 *
 * Context: may sleep. Return: false: a scan has come to its end, or there is no
 * memory to go on.
 */
bool ksm_do_scan(unsigned int pages)
{
	struct ksm_rmap_item *item = NULL;
	struct page *page;

	down_write(&ksm_lock);
	while (pages-- && ksm_run == KSM_RUN_MERGE) {
		item = scan_get_next_item(&page);
		if (!item)
			break;
		cmp_and_merge_page(item, page);
		put_page(page);
	}
	up_write(&ksm_lock);
	return item;
}

/* ---- on request ---- */

/* All mergeable areas of the cursor's space; 0 or -ENOMEM. */
static int unmerge_slot(void)
{
	struct ksm_mm_slot *slot = ksm_scan_slot;
	struct mm_struct *mm = slot->mm;
	struct vm_area_struct *vma;
	bool over;
	int err = 0;

	down_read(&mm->mmap_lock);
	for (vma = mm->mmap; vma && !err; vma = vma->vm_next)
		if (is_mergeable(vma) && !mm->oom_reaped)
			err = unmerge_ksm_pages(vma, vma->vm_start,
						vma->vm_end);
	over = !err && !atomic_read(&mm->mm_users);
	if (!err) {
		drop_items(&slot->items);
		end_slot(over);
	}
	up_read(&mm->mmap_lock);
	if (over)
		free_slot(slot);
	return err;
}

/* Nothing is merged any more; 0 or -ENOMEM. */
static int unmerge_and_remove_all_rmap_items(void)
{
	int err = 0;

	begin_scan();
	while (ksm_scan_slot && !err)
		err = unmerge_slot();
	spin_lock(&ksm_mmlist_lock);
	ksm_scan_slot = NULL;
	spin_unlock(&ksm_mmlist_lock);
	if (err)
		return err;
	stable_tree_clear();
	ksm_counts.full_scans = 0;
	return 0;
}

/**
 * ksm_set_run() - begin to scan, stop, or undo all
 * @run: KSM_RUN_*
 *
 * Context: may sleep. Return: 0; -EINVAL; or -ENOMEM, and nothing is scanned.
 */
int ksm_set_run(unsigned int run)
{
	int err = 0;

	if (run > KSM_RUN_UNMERGE)
		return -EINVAL;
	down_write(&ksm_lock);
	if (ksm_run != run) {
		ksm_run = (enum ksm_run)run;
		if (run == KSM_RUN_UNMERGE)
			err = unmerge_and_remove_all_rmap_items();
		if (err)
			ksm_run = KSM_RUN_STOP;
	}
	up_write(&ksm_lock);
	if (run == KSM_RUN_MERGE && wakeup_ksmd)
		wakeup_ksmd();
	return err;
}

/**
 * ksm_set_max_page_sharing() - how many pages one may stand for
 *
 * Context: may sleep. Return: 0; -EINVAL: less than 2; -EBUSY: some are merged.
 */
int ksm_set_max_page_sharing(unsigned int most)
{
	int err = 0;

	if (most < 2)
		return -EINVAL;
	down_write(&ksm_lock);
	if (most != ksm_max_page_sharing) {
		if (ksm_counts.shared || stable_tree_clear())
			err = -EBUSY;
		else
			ksm_max_page_sharing = most;
	}
	up_write(&ksm_lock);
	return err;
}

/**
 * ksm_set_merge_across_nodes() - kept to be told: there is one node
 *
 * Context: may sleep. Return: 0 or -EBUSY: some are merged.
 */
int ksm_set_merge_across_nodes(bool across)
{
	int err = 0;

	down_write(&ksm_lock);
	if (across != ksm_merge_across_nodes) {
		if (ksm_counts.shared || stable_tree_clear())
			err = -EBUSY;
		else
			ksm_merge_across_nodes = across;
	}
	up_write(&ksm_lock);
	return err;
}
