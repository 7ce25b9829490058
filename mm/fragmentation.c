/* SPDX-License-Identifier: MIT */
/*
 * How far free memory is in pieces, in thousandths, for blocks of an order.
 *
 *   unusable index        part of free memory that is in smaller blocks
 *                         0 none … 1000 all of it
 *   fragmentation index   why an allocation would fail
 *                         0 there is too little … 1000 it is in pieces
 *                         -1000 it would not fail
 *
 * M. Gorman and A. Whitcroft, "The What, The Why and the Where To of
 * Anti-Fragmentation", Ottawa Linux Symposium, 2006.
 *
 * Lock: zone.lock, for counts of one moment.
 */
#include <ashlar/compaction.h>
#include <ashlar/mmzone.h>
#include <ashlar/seq_file.h>
#include <mach/spinlock.h>
#include "compaction.h"
#include "report/report.h"

/** fill_contig_page_info() - a zone's free blocks. Context: zone->lock. */
void fill_contig_page_info(const struct zone *z, unsigned int order,
			   struct contig_page_info *info)
{
	unsigned long blocks;
	unsigned int o, t;

	*info = (struct contig_page_info){ 0 };
	for (o = 0; o < MAX_ORDER; o++) {
		blocks = 0;
		for (t = 0; t < MIGRATE_TYPES; t++)
			blocks += z->free_area[o].nr_free[t];
		info->free_blocks_total += blocks;
		info->free_pages += blocks << o;
		if (o >= order)
			info->free_blocks_suitable += blocks << (o - order);
	}
}

/* Frames are few enough that a thousand times as many fit into a word. */
static int index_of(const struct contig_page_info *info, unsigned int order)
{
	unsigned long pages;

	if (!info->free_blocks_total)
		return 0;
	if (info->free_blocks_suitable)
		return -1000;
	pages = info->free_pages * 1000 >> order;
	return 1000 - (int)((1000 + pages) / info->free_blocks_total);
}

static int unusable_of(const struct contig_page_info *info, unsigned int order)
{
	unsigned long rest;

	if (!info->free_pages)
		return 1000;
	rest = info->free_pages - (info->free_blocks_suitable << order);
	return (int)(rest * 1000 / info->free_pages);
}

/**
 * fragmentation_index() - why a block of 2^@order frames would not be found
 *
 * Return: 0 … 1000, or -1000: there is one. Context: takes zone->lock.
 */
int fragmentation_index(struct zone *z, unsigned int order)
{
	struct contig_page_info info;

	spin_lock(&z->lock);
	fill_contig_page_info(z, order, &info);
	spin_unlock(&z->lock);
	return index_of(&info, order);
}

/**
 * extfrag_for_order() - percentage of free memory in blocks below @order
 *
 * Context: takes zone->lock.
 */
unsigned int extfrag_for_order(struct zone *z, unsigned int order)
{
	struct contig_page_info info;

	spin_lock(&z->lock);
	fill_contig_page_info(z, order, &info);
	spin_unlock(&z->lock);
	return info.free_pages ? (unsigned int)unusable_of(&info, order) / 10 :
				 0;
}

static void show_zones(struct seq_file *m, const char *format,
		       int (*index)(const struct contig_page_info *info,
				    unsigned int order))
{
	struct contig_page_info info[MAX_ORDER];
	unsigned int order;
	struct zone *z;
	int value;

	for_each_populated_zone(z) {
		spin_lock(&z->lock);
		for (order = 0; order < MAX_ORDER; order++)
			fill_contig_page_info(z, order, &info[order]);
		spin_unlock(&z->lock);
		seq_printf(m, "Node 0, zone %8s ", z->name);
		for (order = 0; order < MAX_ORDER; order++) {
			value = index(&info[order], order);
			seq_printf(m, format, value / 1000,
				   (value < 0 ? -value : value) % 1000);
		}
		seq_putc(m, '\n');
	}
}

/** extfrag_index_show() - each zone's fragmentation index of each order */
void extfrag_index_show(struct seq_file *m)
{
	show_zones(m, "%2d.%03d ", index_of);
}

/** unusable_index_show() - each zone's unusable index of each order */
void unusable_index_show(struct seq_file *m)
{
	show_zones(m, "%d.%03d ", unusable_of);
}
