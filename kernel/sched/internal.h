/* SPDX-License-Identifier: MIT */
/* What the files about futexes share: who waits, and the word. */
#ifndef KERNEL_SCHED_INTERNAL_H
#define KERNEL_SCHED_INTERNAL_H

#include <ashlar/list.h>
#include <ashlar/types.h>

struct mm_struct;
struct page;
struct task_struct;

#define FUTEX_BITSET_MATCH_ANY 0xffffffffu

/* The word of a futex that has an owner: his thread number, and these. */
#define FUTEX_WAITERS 0x80000000u
#define FUTEX_OWNER_DIED 0x40000000u
#define FUTEX_TID_MASK 0x3fffffffu

struct futex_key {
	u32 where; /* address space, or page cache */
	u32 page;
	u32 offset;
};

struct futex_q {
	struct list_head list; /* of its bucket */
	struct futex_key key;
	struct task_struct *task;
	u32 bitset;
	bool woken; /* and no longer in a bucket */
	bool pi;
	struct list_head pi_node; /* owner's pi_locks */
	u32 uaddr; /* pi: the word, in task's space */
};

/* ---- futex.c ---- */
struct list_head *futex_bucket(const struct futex_key *k);
bool futex_same_key(const struct futex_key *a, const struct futex_key *b);
int get_futex_key(u32 uaddr, bool shared, struct futex_key *k);
void futex_join(struct futex_q *q);
void futex_wake_one(struct futex_q *q);
int futex_sleep(struct futex_q *q, u64 expires);
u32 *futex_map_word(struct mm_struct *mm, u32 uaddr, struct page **page);
void futex_unmap_word(u32 *word, struct page *page);

/* ---- pi.c ---- */
long futex_lock_pi(u32 uaddr, bool shared, u64 expires, bool wait);
long futex_unlock_pi(u32 uaddr, bool shared);

#endif
