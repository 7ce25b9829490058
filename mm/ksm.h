/* SPDX-License-Identifier: MIT */
/* Merged pages, to mm/. Pictures: mm/ksm.c, mm/ksm_stable.c, mm/ksm_rmap.c. */
#ifndef ASHLAR_MM_KSM_H
#define ASHLAR_MM_KSM_H

#include <ashlar/list.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmap.h>
#include <ashlar/page_ref.h>
#include <ashlar/rbtree.h>
#include "rmap.h"

/* Where a merged page may be mapped: page @index of the areas of @av. */
struct ksm_place {
	struct list_head list; /* ksm_stable_node::places (anon_vma_lock) */
	struct anon_vma *av; /* pinned */
	unsigned long index;
	unsigned int items; /* that say so (ksm_lock) */
};

/* The pages of equal contents: one, or more if one is shared too often. */
struct ksm_chain {
	struct rb_node rb; /* the stable tree, by contents */
	struct list_head nodes; /* ksm_stable_node::list */
	unsigned int nr;
	unsigned long pruned; /* port_time_ms() when all were looked at */
};

/* A merged page: its page->mapping leads here. */
struct ksm_stable_node {
	struct list_head list; /* ksm_chain::nodes */
	struct ksm_chain *chain; /* NULL: not in the tree yet */
	struct page *page; /* without a reference: it may be gone */
	struct list_head places;
	struct list_head items; /* ksm_rmap_item::list */
	unsigned int nr_items;
	bool orphans; /* a place may have no item any more */
};

enum ksm_item_state { KSM_ITEM_NEW, KSM_ITEM_UNSTABLE, KSM_ITEM_STABLE };

/* A page of a space that has been scanned. */
struct ksm_rmap_item {
	struct ksm_rmap_item *next; /* of the space, by address */
	struct mm_struct *mm; /* kept by the space's slot */
	unsigned long address; /* and in the low bits the state */
	u32 checksum; /* when it was looked at last */
	union {
		struct { /* unstable */
			struct rb_node rb;
			unsigned long seqnr; /* the scan that placed it */
		};
		struct { /* stable */
			struct list_head list;
			struct ksm_stable_node *node;
			struct ksm_place *place;
		};
	};
};

static inline unsigned long item_address(const struct ksm_rmap_item *item)
{
	return item->address & PAGE_MASK;
}

static inline enum ksm_item_state item_state(const struct ksm_rmap_item *item)
{
	return (enum ksm_item_state)(item->address & ~PAGE_MASK);
}

static inline void item_set_state(struct ksm_rmap_item *item,
				  enum ksm_item_state state)
{
	item->address = item_address(item) | state;
}

/* What a page of @node has in ->mapping, and as a check in ->index. */
static inline unsigned long ksm_mapping(const struct ksm_stable_node *node)
{
	return (unsigned long)node | PAGE_MAPPING_KSM;
}

static inline unsigned long ksm_index(const struct ksm_stable_node *node)
{
	return ~(unsigned long)node;
}

static inline struct ksm_stable_node *page_stable_node(const struct page *page)
{
	return (struct ksm_stable_node *)(page->mapping - PAGE_MAPPING_KSM);
}

/* A merged page goes on in another frame. Both are locked. */
static inline void ksm_migrate_page(struct page *newpage,
				    const struct page *page)
{
	if (PageKsm(page))
		__atomic_store_n(&page_stable_node(page)->page, newpage,
				 __ATOMIC_RELEASE);
}

/* ---- ksm_rmap.c ---- */

void ksm_rmap_init(void);
struct ksm_place *ksm_place_alloc(void);
void ksm_place_free(struct ksm_place *place);
struct ksm_place *__ksm_add_place(struct ksm_stable_node *node,
				  struct anon_vma *av, unsigned long index,
				  struct ksm_place **spare);
struct ksm_place *ksm_add_place(struct ksm_stable_node *node,
				struct vm_area_struct *vma, unsigned long addr,
				struct ksm_place **spare);
void ksm_prune_places(struct ksm_stable_node *node, struct page *page);
void ksm_drop_places(struct ksm_stable_node *node, struct page *page,
		     struct anon_vma *owner, unsigned long index);
bool ksm_swapin_place(struct page *page, struct vm_area_struct *vma,
		      unsigned long addr);

/* ---- ksm_merge.c ---- */

int compare_pages(const struct page *a, const struct page *b);
u32 ksm_checksum(const struct page *page);
struct page *ksm_follow_page(struct vm_area_struct *vma, unsigned long addr);
bool ksm_make_page(struct vm_area_struct *vma, unsigned long addr,
		   struct page *page, struct ksm_stable_node *node,
		   struct ksm_place **place);
bool ksm_replace_page(struct vm_area_struct *vma, unsigned long addr,
		      struct page *page, struct page *kpage);
bool ksm_replace_zero(struct vm_area_struct *vma, unsigned long addr,
		      struct page *page);
int unmerge_ksm_pages(struct vm_area_struct *vma, unsigned long start,
		      unsigned long end);

/* ---- ksm_stable.c ---- */

struct ksm_stable_node *ksm_node_alloc(void);
void ksm_node_free(struct ksm_stable_node *node);
struct page *ksm_get_page(struct ksm_stable_node *node);
struct ksm_stable_node *stable_tree_search(const struct page *page,
					   struct page **kpage);
bool stable_tree_insert(struct ksm_stable_node *node, const struct page *page);
void stable_tree_erase(struct ksm_stable_node *node);
void stable_item_attach(struct ksm_rmap_item *item,
			struct ksm_stable_node *node, struct ksm_place *place);
void stable_item_detach(struct ksm_rmap_item *item);
void stable_tree_prune(void);
int stable_tree_clear(void);
void ksm_stable_init(void);

#endif
