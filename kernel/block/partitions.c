/* SPDX-License-Identifier: MIT */
/*
 * Partitions by the PC's table, in the first sector of a disk:
 *
 *   0      446        510
 *   │ code │ 4 entries │ 55 aa │
 *
 *   an entry, 16 bytes   4 kind   8 first sector   12 sectors
 *
 *   kind 5, f or 85: a chain of logical partitions, which are 5, 6, …; each
 *   link has a table of its own, with one partition (counted from that link)
 *   and where the next link is (counted from the chain's start)
 *
 * A table is what somebody wrote: an entry that leaves the disk is left out,
 * and a chain ends after as many links as there are numbers.
 */
#include <ashlar/errno.h>
#include <ashlar/mm.h>
#include <ashlar/printf.h>
#include <kernel/block/blkdev.h>
#include <kernel/printk.h>

#define TABLE 446
#define ENTRY 16
#define FIRST_LOGICAL 5u

struct entry {
	u8 kind;
	sector_t start, nr; /* sectors */
};

static u32 le32(const u8 *p)
{
	return p[0] | (u32)p[1] << 8 | (u32)p[2] << 16 | (u32)p[3] << 24;
}

/* The table in @sector, as it is there. Return: false if there is none. */
static bool read_table(struct gendisk *disk, sector_t sector,
		       struct entry table[4])
{
	struct bio *bio = bio_alloc(disk->part[0], 1, REQ_OP_READ, GFP_KERNEL);
	struct page *page = alloc_page(GFP_KERNEL);
	const u8 *p = page ? page_address(page) : NULL;
	bool good = false;
	unsigned int i;

	bio->sector = sector;
	if (page && bio_add_page(bio, page, SECTOR_SIZE, 0) &&
	    !submit_bio_wait(bio))
		good = p[510] == 0x55 && p[511] == 0xaa;
	for (i = 0; good && i < 4; i++) {
		const u8 *e = p + TABLE + i * ENTRY;

		/* A boot sector of a filesystem looks alike, but for this. */
		if (e[0] & 0x7f)
			good = false;
		table[i] = (struct entry){ e[4], le32(e + 8), le32(e + 12) };
	}
	bio_put(bio);
	if (page)
		__free_page(page);
	return good;
}

static bool is_chain(u8 kind)
{
	return kind == 0x05 || kind == 0x0f || kind == 0x85;
}

/* True if the entry is in use and lies on the disk. */
static bool fits(const struct gendisk *disk, const struct entry *e)
{
	return e->kind && e->nr && e->start && e->start < disk->capacity &&
	       e->nr <= disk->capacity - e->start;
}

static void scan_chain(struct gendisk *disk, sector_t chain)
{
	unsigned int partno = FIRST_LOGICAL, i;
	sector_t at = chain, next;
	struct entry table[4];

	while (partno < DISK_MINORS && read_table(disk, at, table)) {
		next = 0;
		for (i = 0; i < 4; i++) {
			struct entry *e = &table[i];

			e->start += is_chain(e->kind) ? chain : at;
			if (!fits(disk, e))
				continue;
			if (is_chain(e->kind))
				next = next ? next : e->start;
			else if (partno < DISK_MINORS)
				add_partition(disk, partno++, e->start, e->nr);
		}
		if (next <= at) /* a link before this one: a circle */
			return;
		at = next;
	}
}

static void log_partitions(const struct gendisk *disk)
{
	char line[DISK_MINORS * sizeof(disk->part[0]->name)];
	int n = 0;
	unsigned int i;

	for (i = 1; i < DISK_MINORS; i++)
		if (disk->part[i] && disk->part[i]->present)
			n += ashlar_snprintf(line + n, sizeof(line) - (size_t)n,
					     " %s", disk->part[i]->name);
	if (n)
		printk(" %s:%s\n", disk->name, line);
}

/**
 * scan_partitions() - find a disk's partitions, and make their devices
 * @disk: the disk; its thread runs
 *
 * Context: may sleep.
 */
void scan_partitions(struct gendisk *disk)
{
	struct entry table[4];
	unsigned int i;

	if (!read_table(disk, 0, table))
		return;
	for (i = 0; i < 4; i++) {
		if (!fits(disk, &table[i]))
			continue;
		/* The chain's own two sectors: room for a boot loader. */
		add_partition(disk, i + 1, table[i].start,
			      is_chain(table[i].kind) ?
				      min(table[i].nr, (sector_t)2) :
				      table[i].nr);
		if (is_chain(table[i].kind))
			scan_chain(disk, table[i].start);
	}
	log_partitions(disk);
}
