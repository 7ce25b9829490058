/* SPDX-License-Identifier: MIT */
/*
 * Swap areas, to the kernel: it knows files and devices, mm/swapfile.c what is
 * in an area. Code: mm/swapfile.c, swapoff.c, page_io.c.
 */
#ifndef ASHLAR_SWAPFILE_H
#define ASHLAR_SWAPFILE_H

#include <ashlar/types.h>

struct file;
struct page;
struct swap_info_struct;

/* swapon(2)'s flags */
#define SWAP_FLAG_PREFER 0x8000
#define SWAP_FLAG_PRIO_MASK 0x7fff
#define SWAP_FLAG_DISCARD 0x10000
#define SWAP_FLAG_DISCARD_ONCE 0x20000
#define SWAP_FLAG_DISCARD_PAGES 0x40000
#define SWAP_FLAGS_VALID (SWAP_FLAG_PREFER | SWAP_FLAG_PRIO_MASK | 0x70000)

struct swap_device_ops {
	/*
	 * Begin to move @page to, or from, the sectors of 512 bytes from
	 * @sector on. swap_write_end() or swap_read_end() is called when that
	 * is done, maybe before this returns. May sleep, without memory.
	 */
	void (*submit)(void *device, struct page *page, u64 sector, bool write);
	/*
	 * Where page @index of the area begins: 0, *@sector, and *@nr, how many
	 * pages of those asked for follow in one run; -EAGAIN: it does not lie
	 * in one piece; other -errno: it is nowhere.
	 */
	int (*map)(void *device, unsigned long index, unsigned long *nr,
		   u64 *sector);
	/* The area is no more. */
	void (*release)(void *device);
};

/* What may become an area. */
struct swap_source {
	const struct swap_device_ops *ops;
	void *device; /* theirs */
	struct file *file; /* for /proc/swaps; kept while there is the area */
	u32 dev; /* the number of the device, for the log */
	bool partition; /* a device, not a file on one */
	u64 bytes; /* how long it is */
};

/*
 * swapon(2) and swapoff(2), once the file is known. @header: its first page.
 * The area, or ERR_PTR(-EINVAL, -EPERM: too many areas, -ENOMEM).
 */
struct swap_info_struct *mm_swapon(const struct swap_source *src,
				   const void *header, int flags);
/* @cancelled: true if the caller should not go on; asked now and then. */
int mm_swapoff(struct swap_info_struct *si, bool (*cancelled)(void));
/* Its number for swap_report(). */
unsigned int swap_area_number(const struct swap_info_struct *si);
/* The area on @device, or NULL. */
struct swap_info_struct *swap_area_on(const void *device);

void swap_write_end(struct page *page, int err);
void swap_read_end(struct page *page, int err);

/* What /proc/swaps says of an area. */
struct swap_report {
	struct file *file; /* with a reference */
	bool partition;
	unsigned long pages, inuse;
	int prio;
	unsigned int extents;
	unsigned long span; /* pages from the first slot's to the last one's */
};
/* Of area @i; false if there is none of that number. */
bool swap_report(unsigned int i, struct swap_report *r);

#define NR_SWAP_AREAS 28u
extern long nr_swap_pages, total_swap_pages; /* free, and all, slots */
extern int sysctl_page_cluster; /* 2^n pages are read together at most */
void swap_totals(unsigned long *total, unsigned long *unused);

#endif
