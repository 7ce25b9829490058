/* SPDX-License-Identifier: MIT */
/*
 * Lists of unused objects, and walks over them for a shrinker.
 *
 *   lru ⇄ item ⇄ item ⇄ item        unused for the longest first
 *          │ isolate
 *          ├─ LRU_REMOVED   freed
 *          ├─ LRU_IN_USE    off the list: it is used again
 *          └─ LRU_ROTATE    to the end
 *
 * An object that is used again may stay on the list until the walk comes to it,
 * so using it costs nothing.
 *
 * Locks: none; between a look and the change nothing sleeps.
 */
#include "list_lru.h"

/** list_lru_add() - an object is unused; its item is empty */
void list_lru_add(struct list_lru *lru, struct list_head *item)
{
	list_add_tail(item, &lru->list);
	lru->nr++;
}

/** list_lru_del() - an object leaves the list, if it is on it */
void list_lru_del(struct list_lru *lru, struct list_head *item)
{
	if (list_empty(item))
		return;
	list_del_init(item);
	lru->nr--;
}

/**
 * list_lru_walk() - look at the objects that are unused for the longest
 * @lru: the list
 * @isolate: says of each what becomes of it; may sleep if it frees it
 * @nr: at how many
 *
 * Context: as @isolate. Return: how many were freed.
 */
unsigned long list_lru_walk(struct list_lru *lru,
			    enum lru_status (*isolate)(struct list_head *item),
			    unsigned long nr)
{
	unsigned long freed = 0, n = nr < lru->nr ? nr : lru->nr;
	struct list_head *item;

	for (; n && !list_empty(&lru->list); n--) {
		item = lru->list.next;
		switch (isolate(item)) {
		case LRU_REMOVED:
			freed++;
			break;
		case LRU_IN_USE:
			list_lru_del(lru, item);
			break;
		case LRU_ROTATE:
			list_del(item);
			list_add_tail(item, &lru->list);
		}
	}
	return freed;
}
