/* SPDX-License-Identifier: MIT */
/*
 * swapon: a device or a file becomes a swap area.
 *
 *   page 0 of it, as mkswap wrote it
 *   ┌────────────┬──────────────────────────────────────────┬──────────┐
 *   │ 1024 bytes │ version 1 │ last page │ nr bad │ uuid,    │ SWAPSPACE2
 *   │ left alone │           │           │        │ label, … │          │
 *   └────────────┴────────────────────────── bad pages ─────┴──────────┘
 *                                             from 1536 on
 *
 * The numbers may be those of a machine with the other order of bytes. What the
 * header says is not trusted: an area may be longer than it says, not shorter.
 *
 * An area is a number, a type, from 1 to MAX_SWAPFILES, as long as it is there:
 * it is in every entry. Pages that do not lie in one piece on the device are
 * never used; a file with holes is refused.
 *
 * Locks: swap_lock for which numbers are in use; whoever has taken one is alone
 * with it until swap_enable().
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/string.h>
#include <ashlar/swapfile.h>
#include <mach/spinlock.h>
#include "internal.h"
#include "swapfile.h"

#define HEADER_INFO 1024u
#define HEADER_BADPAGES 1536u
#define HEADER_MAGIC (PAGE_SIZE - 10)

/* A header, its numbers in this machine's order. */
struct swap_header {
	const u8 *page;
	bool swapped;
	u32 version, last_page, nr_badpages;
};

static int least_priority = -1; /* (swap_lock) */

static u32 header_word(const struct swap_header *h, size_t at)
{
	u32 word;

	memcpy(&word, h->page + at, sizeof(word));
	return h->swapped ? __builtin_bswap32(word) : word;
}

/* True if the first page has room for the numbers of so many bad slots. */
static bool badpages_fit(u32 n)
{
	return HEADER_BADPAGES + 4 * (u64)n <= HEADER_MAGIC;
}

/* What the first page says, or -EINVAL. */
static int read_header(struct swap_header *h, const struct swap_source *src,
		       const void *page)
{
	*h = (struct swap_header){ .page = page };
	if (memcmp(h->page + HEADER_MAGIC, "SWAPSPACE2", 10)) {
		mm_log("Unable to find swap-space signature");
		return -EINVAL;
	}
	h->version = header_word(h, HEADER_INFO);
	h->swapped = __builtin_bswap32(h->version) == 1;
	h->version = header_word(h, HEADER_INFO);
	h->last_page = header_word(h, HEADER_INFO + 4);
	h->nr_badpages = header_word(h, HEADER_INFO + 8);
	if (h->version != 1) {
		mm_log("Unable to handle swap header version %u", h->version);
		return -EINVAL;
	}
	if (!h->last_page) {
		mm_log("Empty swap-file");
		return -EINVAL;
	}
	if ((u64)h->last_page + 1 > src->bytes >> PAGE_SHIFT) {
		mm_log("Swap area shorter than signature indicates");
		return -EINVAL;
	}
	if (h->nr_badpages &&
	    (!src->partition || !badpages_fit(h->nr_badpages)))
		return -EINVAL;
	return 0;
}

/* Slots that the header forbids; 0 or -EINVAL. */
static int mark_bad_pages(struct swap_info_struct *si,
			  const struct swap_header *h)
{
	u32 i, bad;

	for (i = 0; i < h->nr_badpages; i++) {
		bad = header_word(h, HEADER_BADPAGES + 4 * i);
		if (!bad || bad > h->last_page)
			return -EINVAL;
		if (bad < si->max)
			swap_map_bad(si, bad);
	}
	return 0;
}

/* Where each slot lies; 0 or -errno. */
static int find_extents(struct swap_info_struct *si)
{
	unsigned long offset, nr;
	u64 sector;
	int err;

	for (offset = 1; offset < si->max; offset += nr) {
		nr = si->max - offset;
		err = si->ops->map(si->device, offset, &nr, &sector);
		if (err == -EAGAIN) {
			swap_map_bad(si, offset);
			nr = 1;
			continue;
		}
		if (!err)
			err = swap_add_extent(si, offset, nr, sector);
		if (err)
			return err;
	}
	return 0;
}

static struct swap_info_struct *take_area(void)
{
	struct swap_info_struct *si, *end = swap_info + MAX_SWAPFILES;

	spin_lock(&swap_lock);
	for (si = swap_info; si < end && si->used; si++)
		;
	if (si < end)
		si->used = true;
	spin_unlock(&swap_lock);
	return si < end ? si : NULL;
}

/** swap_area_free() - no slot is in use: the number can be another's */
void swap_area_free(struct swap_info_struct *si)
{
	if (si->map)
		swap_map_free(si);
	swap_free_extents(si);
	spin_lock(&swap_lock);
	si->ops = NULL;
	si->device = NULL;
	si->file = NULL;
	si->used = false;
	spin_unlock(&swap_lock);
}

/* All that can fail. */
static int prepare_area(struct swap_info_struct *si,
			const struct swap_source *src, const void *page)
{
	unsigned long max;
	struct swap_header h;
	int err = read_header(&h, src, page);

	if (err)
		return err;
	max = (unsigned long)min((u64)h.last_page + 1, (u64)SWP_OFFSET_MAX + 1);
	if (max <= h.last_page)
		mm_log("Truncating oversized swap area, only using %luk out "
		       "of %luk",
		       max << (PAGE_SHIFT - 10),
		       ((unsigned long)h.last_page + 1) << (PAGE_SHIFT - 10));
	err = swap_map_init(si, max);
	if (!err)
		err = mark_bad_pages(si, &h);
	if (!err)
		err = find_extents(si);
	if (!err && !si->pages) {
		mm_log("Empty swap-file");
		err = -EINVAL;
	}
	return err;
}

/**
 * mm_swapon() - a device or a file becomes a swap area
 * @src: what the kernel knows of it; it is not an area yet
 * @header: its first page
 * @flags: SWAP_FLAG_*, valid ones
 *
 * Context: may sleep. Return: the area, which has @src's device and file now;
 * or ERR_PTR: -EPERM: there are too many; -EINVAL: it is none, or it has holes;
 * -ENOMEM.
 */
struct swap_info_struct *mm_swapon(const struct swap_source *src,
				   const void *header, int flags)
{
	struct swap_info_struct *si = take_area();
	int err, prio;

	if (!si)
		return ERR_PTR(-EPERM);
	si->ops = src->ops;
	si->device = src->device;
	si->file = src->file;
	si->dev = src->dev;
	si->partition = src->partition;
	si->extents = RB_ROOT;
	err = prepare_area(si, src, header);
	if (err) {
		swap_area_free(si);
		return ERR_PTR(err);
	}
	prio = flags & SWAP_FLAG_PRIO_MASK;
	if (!(flags & SWAP_FLAG_PREFER)) {
		spin_lock(&swap_lock);
		prio = --least_priority;
		spin_unlock(&swap_lock);
	}
	swap_enable(si, prio);
	return si;
}

/** swap_area_on() - the area whose device @device is, or NULL */
struct swap_info_struct *swap_area_on(const void *device)
{
	struct swap_info_struct *si, *end = swap_info + MAX_SWAPFILES;

	spin_lock(&swap_lock);
	for (si = swap_info; si < end; si++)
		if (si->used && si->device == device)
			break;
	spin_unlock(&swap_lock);
	return si < end ? si : NULL;
}

/** swap_area_number() - the number of an area for swap_report() */
unsigned int swap_area_number(const struct swap_info_struct *si)
{
	return swp_info_type(si) - 1;
}

/**
 * swap_report() - what /proc/swaps says of an area
 * @i: 0 … NR_SWAP_AREAS - 1
 * @r: receives it
 *
 * Return: true if there is one of that number; r->file has a reference then.
 */
bool swap_report(unsigned int i, struct swap_report *r)
{
	struct swap_info_struct *si = &swap_info[i];
	bool there;

	spin_lock(&swap_lock);
	there = si->used && si->map && si->file;
	if (there)
		*r = (struct swap_report){
			.file = get_file(si->file),
			.partition = si->partition,
			.pages = si->pages,
			.inuse = si->inuse,
			.prio = si->prio,
			.extents = si->nr_extents,
			.span = swap_span(si),
		};
	spin_unlock(&swap_lock);
	return there;
}
