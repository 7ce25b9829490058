/* SPDX-License-Identifier: MIT */
/*
 * Caches that are dropped because somebody asks for it (vm.drop_caches): what
 * memory has for later, and could read or make again.
 *
 *   1   pages of files that are clean and mapped by nobody
 *   2   objects of shrinkers: names, inodes, shadows …
 *
 * What is dirty or in use stays, so nothing is lost.
 */
#include <ashlar/gfp.h>
#include <ashlar/port.h>
#include <ashlar/shrinker.h>
#include <ashlar/swap.h>
#include <ashlar/vmstat.h>
#include "internal.h"
#include "lru.h"
#include "page_alloc.h"
#include "vmscan.h"

/**
 * drop_pagecache() - pages of files that nobody maps and that are clean
 *
 * Context: may sleep. Return: how many went.
 */
unsigned long drop_pagecache(void)
{
	unsigned long nr;

	count_vm_event(DROP_PAGECACHE);
	nr = drop_list(LRU_INACTIVE_FILE) + drop_list(LRU_ACTIVE_FILE);
	drain_own_frames();
	return nr;
}

/** drop_slab() - objects of shrinkers, as long as there are more than a few */
void drop_slab(void)
{
	int round = 0;

	count_vm_event(DROP_SLAB);
	while (shrink_slab(GFP_KERNEL, 0) > 10 && ++round < 10)
		might_sleep();
}
