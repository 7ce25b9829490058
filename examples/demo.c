/* SPDX-License-Identifier: MIT */
/*
 * A slab cache: objects of one kind, one beside the other, constructed once.
 *
 *	cc demo.c $(pkg-config --cflags --libs ashlar)
 */
#include <stdio.h>
#include <ashlar/list.h>
#include <ashlar/mm.h>
#include <ashlar/slab.h>

struct node {
	struct list_head list;
	int value;
};

/* Once for each object, when its memory is new; not at each allocation. */
static void construct(void *object)
{
	struct node *n = object;

	INIT_LIST_HEAD(&n->list);
	n->value = 0;
}

int main(void)
{
	struct kmem_cache *nodes = kmem_cache_create(
		"node", sizeof(struct node), 0, SLAB_HWCACHE_ALIGN, construct);
	LIST_HEAD(all);
	struct node *n, *next;
	int i, sum = 0;

	if (!nodes)
		return 1;
	for (i = 1; i <= 100; i++) {
		n = kmem_cache_alloc(nodes, GFP_KERNEL);
		if (!n)
			return 1;
		n->value = i;
		list_add_tail(&n->list, &all);
	}
	list_for_each_entry(n, &all, list)
		sum += n->value;
	printf("the sum is %d; an object takes %u bytes\n", sum,
	       kmem_cache_size(nodes));

	/* An object goes back as its constructor left it. */
	list_for_each_entry_safe(n, next, &all, list) {
		list_del_init(&n->list);
		n->value = 0;
		kmem_cache_free(nodes, n);
	}
	kmem_cache_destroy(nodes);
	return 0;
}
