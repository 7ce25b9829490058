/* SPDX-License-Identifier: MIT */
/* For each frame, the call that took it. Code: mm/page_owner.c. */
#ifndef ASHLAR_PAGE_OWNER_H
#define ASHLAR_PAGE_OWNER_H

struct page;
struct seq_file;

int setup_page_owner(const char *str);
/* The owner of @from has @to now instead. */
void page_owner_move(const struct page *from, const struct page *to);
void show_page_owner(struct seq_file *m);

#endif
