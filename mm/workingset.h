/* SPDX-License-Identifier: MIT */
/* Pages that were reclaimed and come back, to mm/. Picture: workingset.c. */
#ifndef ASHLAR_MM_WORKINGSET_H
#define ASHLAR_MM_WORKINGSET_H

struct address_space;
struct page;

void workingset_init(void);
void workingset_eviction(struct address_space *m, struct page *page);
void workingset_count(struct address_space *m, long nr);
void workingset_refault(struct address_space *m, struct page *page,
			const void *entry);

#endif
