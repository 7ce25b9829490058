/* SPDX-License-Identifier: MIT */
/* Unused objects, the one that was used last at the end: list_lru.c. */
#ifndef KERNEL_FS_LIST_LRU_H
#define KERNEL_FS_LIST_LRU_H

#include <ashlar/list.h>

struct list_lru {
	struct list_head list;
	unsigned long nr;
};

#define LIST_LRU(name) struct list_lru name = { LIST_HEAD_INIT(name.list), 0 }

/* The answers of a walk's function to the first of a list. */
enum lru_status {
	LRU_REMOVED, /* it is freed, and off the list */
	LRU_ROTATE, /* it stays for another round */
	LRU_IN_USE, /* it is used, and has no place here */
};

void list_lru_add(struct list_lru *lru, struct list_head *item);
void list_lru_del(struct list_lru *lru, struct list_head *item);
unsigned long list_lru_walk(struct list_lru *lru,
			    enum lru_status (*isolate)(struct list_head *item),
			    unsigned long nr);

#endif
