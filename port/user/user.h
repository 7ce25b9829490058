/* SPDX-License-Identifier: MIT */
/* What the files of port/user share, and what user/ may call. */
#ifndef ASHLAR_PORT_USER_H
#define ASHLAR_PORT_USER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ram.c */
bool port_ram_init(void);
size_t port_host_page_size(void);

/* large.c: blocks with a mapping of their own */
void *large_alloc(size_t size, size_t align, bool *zeroed);
bool large_free(void *p);
size_t large_size(const void *p);
void *large_realloc(void *p, size_t size);
void large_trim(void);
void large_set_keep(size_t bytes);
void large_fork_prepare(void);
void large_fork_parent(void);
void large_fork_child(void);

/* options.c */
void port_read_options(void);

#endif
