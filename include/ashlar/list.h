/* SPDX-License-Identifier: MIT */
/*
 * Circular doubly linked lists, threaded through their elements.
 *
 *   head ⇄ A ⇄ B ⇄ C ⇄ (head)      an empty head points at itself
 */
#ifndef ASHLAR_LIST_H
#define ASHLAR_LIST_H

#include <ashlar/api.h>

struct list_head {
	struct list_head *next, *prev;
};

#define LIST_HEAD_INIT(name)     \
	{                        \
		&(name), &(name) \
	}

#define LIST_HEAD(name) struct list_head name = LIST_HEAD_INIT(name)

static inline void INIT_LIST_HEAD(struct list_head *h)
{
	h->next = h;
	h->prev = h;
}

static inline void __list_add(struct list_head *e, struct list_head *prev,
			      struct list_head *next)
{
	next->prev = e;
	e->next = next;
	e->prev = prev;
	prev->next = e;
}

static inline void list_add(struct list_head *e, struct list_head *h)
{
	__list_add(e, h, h->next);
}

static inline void list_add_tail(struct list_head *e, struct list_head *h)
{
	__list_add(e, h->prev, h);
}

static inline void list_del(struct list_head *e)
{
	e->next->prev = e->prev;
	e->prev->next = e->next;
}

static inline void list_del_init(struct list_head *e)
{
	list_del(e);
	INIT_LIST_HEAD(e);
}

static inline void list_move(struct list_head *e, struct list_head *h)
{
	list_del(e);
	list_add(e, h);
}

static inline void list_move_tail(struct list_head *e, struct list_head *h)
{
	list_del(e);
	list_add_tail(e, h);
}

static inline bool list_empty(const struct list_head *h)
{
	return h->next == h;
}

static inline void list_splice(struct list_head *from, struct list_head *to)
{
	if (list_empty(from))
		return;
	from->next->prev = to;
	from->prev->next = to->next;
	to->next->prev = from->prev;
	to->next = from->next;
	INIT_LIST_HEAD(from);
}

#define list_entry(ptr, type, member) \
	((type *)((char *)(ptr) - __builtin_offsetof(type, member)))
#define list_first_entry(h, type, member) list_entry((h)->next, type, member)
#define list_last_entry(h, type, member) list_entry((h)->prev, type, member)

#define list_for_each_entry(pos, h, member)                       \
	for (pos = list_first_entry(h, __typeof__(*pos), member); \
	     &pos->member != (h);                                 \
	     pos = list_first_entry(&pos->member, __typeof__(*pos), member))

/* The loop body may remove @pos. */
#define list_for_each_entry_safe(pos, n, h, member)                       \
	for (pos = list_first_entry(h, __typeof__(*pos), member),         \
	    n = list_first_entry(&pos->member, __typeof__(*pos), member); \
	     &pos->member != (h); pos = n,                                \
	    n = list_first_entry(&n->member, __typeof__(*n), member))

#endif
