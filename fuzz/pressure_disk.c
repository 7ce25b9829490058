/* SPDX-License-Identifier: MIT */
/*
 * The disks of pressure.h: files' and swap areas', with one queue.
 *
 *   writepage, read_folio, ─▶ queue ── whichever, now or later ─▶ bytes
 *   swap's submit                 └─▶ one in so many fails
 *
 * When power goes, what waits in the queue is lost, or half of it: then each
 * file's bytes are compared with what had been synced, and the run is over.
 */
#include "pressure.h"
#include "pressure_seed.h"
#include <ashlar/highmem.h>
#include <ashlar/readahead.h>
#include <ashlar/string.h>

#define SWAPS 2
#define QUEUE 4096u

static struct {
	struct page *page;
	u8 *at; /* its bytes on the disk */
	bool write, swap;
} queue[QUEUE];
static unsigned int queued;

static struct {
	u8 *bytes;
	unsigned long pages;
	struct swap_info_struct *si; /* NULL: swapped off */
} swaps[SWAPS];

unsigned long disk_requests, disk_failures;

/* ---- power ---- */

static void check_disk_stamp(struct object *o, unsigned long i, const u8 *at)
{
	const struct object_page *p = &o->pages[i];
	u64 stamp;

	memcpy(&stamp, at, 8);
	if (!stamp && !p->synced)
		return;
	if (stamp != stamp_of(o, i, (u32)stamp) || (u32)stamp < p->synced ||
	    (u32)stamp > p->high)
		sim_fail("page %lu of object %d is %#llx on the disk, and %u "
			 "was synced, %u written",
			 i, (int)(o - objects), (unsigned long long)stamp,
			 p->synced, p->high);
}

/* What was synced is on the disk, or something later. */
void check_disks(void)
{
	for (size_t k = 0; k < ARRAY_SIZE(objects); k++) {
		struct object *o = &objects[k];

		if (!o->disk || (o->cuts & 1))
			continue;
		for (unsigned long i = 0; i < o->size; i++) {
			u8 *at = o->disk + (i << PAGE_SHIFT);

			check_disk_stamp(o, i, at);
			check_disk_stamp(o, i, at + PAGE_SIZE - 8);
		}
	}
}

static void power_goes(void)
{
	for (unsigned int i = 0; i < queued; i++)
		if (queue[i].write && !queue[i].swap && some(2))
			memcpy_from_page(queue[i].at, queue[i].page, 0,
					 PAGE_SIZE / 2);
	check_disks();
	pressure_exit();
}

/* ---- requests ---- */

static void end_request(struct page *page, bool write, bool swap, int err)
{
	if (swap && write) {
		swap_write_end(page, err);
	} else if (swap) {
		swap_read_end(page, err);
	} else if (write) {
		mapping_set_error(page_file_mapping(page), err);
		end_page_writeback(page);
	} else {
		end_page_read(page, err);
	}
}

static void do_request(unsigned int i)
{
	struct page *page = queue[i].page;
	bool write = queue[i].write, swap = queue[i].swap;
	int err = one_in(setting.fail_disk) ? -EIO : 0;

	if (write)
		EXPECT(PageWriteback(page) && PageUptodate(page));
	else
		EXPECT(PageLocked(page) && !PageUptodate(page));
	if (err)
		disk_failures++;
	else if (write)
		memcpy_from_page(queue[i].at, page, 0, PAGE_SIZE);
	else
		memcpy_to_page(page, 0, queue[i].at, PAGE_SIZE);
	queue[i] = queue[--queued];
	end_request(page, write, swap, err);
}

bool disk_step(void)
{
	if (!queued)
		return false;
	do_request((unsigned int)some(queued));
	return true;
}

static void ask(struct page *page, u8 *at, bool write, bool swap)
{
	while (queued == QUEUE)
		port_wait(queue);
	queue[queued].page = page;
	queue[queued].at = at;
	queue[queued].write = write;
	queue[queued++].swap = swap;
	if (++disk_requests == setting.cut)
		power_goes();
	if (setting.late == 1 && some(2))
		disk_step();
}

void disks_run(void *arg)
{
	(void)arg;
	while (others_of_disks) {
		if (one_in(setting.late))
			disk_step();
		sim_fiber_yield();
	}
	while (disk_step())
		;
}

/* ---- files ---- */

static u8 *place_of(const struct address_space *m, const struct page *page)
{
	const struct object *o = m->host;

	EXPECT_EQ(page->mapping, (unsigned long)m);
	EXPECT(page->index < setting.file);
	return o->disk + (page->index << PAGE_SHIFT);
}

static int read_folio(struct address_space *m, struct page *page)
{
	ask(page, place_of(m, page), false, false);
	return 0;
}

static void read_ahead(struct address_space *m, struct readahead_control *rac)
{
	struct page *page;

	while ((page = readahead_page(rac)))
		read_folio(m, page);
}

static int writepage(struct address_space *m, struct page *page,
		     struct writeback_control *wbc)
{
	u8 *at = place_of(m, page);

	(void)wbc;
	EXPECT(!PageDirty(page));
	set_page_writeback(page);
	unlock_page(page);
	ask(page, at, true, false);
	return 0;
}

static const struct address_space_operations file_aops = {
	.read_folio = read_folio,
	.readahead = read_ahead,
	.writepage = writepage,
};

static int sync_file(struct file *f, loff_t start, loff_t end, bool datasync)
{
	(void)datasync;
	return file_write_and_wait_range(f, start, end);
}

static const struct file_operations file_fops = {
	.read_iter = generic_file_read_iter,
	.write_iter = generic_file_write_iter,
	.mmap = generic_file_mmap,
	.fsync = sync_file,
};

struct file *new_disk_file(struct object *o, unsigned long pages)
{
	struct file *f = shmem_alloc_file("disk");

	EXPECT(!IS_ERR(f));
	o->disk = __builtin_calloc(pages, PAGE_SIZE);
	address_space_init(f->f_mapping, &file_aops, o, 0);
	mapping_set_size(f->f_mapping, (loff_t)(pages << PAGE_SHIFT));
	f->f_op = &file_fops;
	file_ra_state_init(&f->f_ra);
	return f;
}

/* ---- swap areas ---- */

static void swap_submit(void *device, struct page *page, u64 sector, bool write)
{
	ask(page, (u8 *)device + sector * 512, write, true);
}

static int swap_map(void *device, unsigned long index, unsigned long *nr,
		    u64 *sector)
{
	(void)device, (void)nr;
	*sector = index * (PAGE_SIZE / 512);
	return 0;
}

static void swap_release(void *device)
{
	(void)device;
}

static const struct swap_device_ops swap_ops = { swap_submit, swap_map,
						 swap_release };

/* Swap area @i is there, and used. */
struct swap_info_struct *new_swap(unsigned int i, unsigned long pages, int prio)
{
	u32 version = 1, last = (u32)pages - 1;
	struct swap_source src = { .ops = &swap_ops,
				   .dev = 0x800 + i,
				   .partition = true,
				   .bytes = pages * PAGE_SIZE };

	if (!swaps[i].bytes)
		swaps[i].bytes = __builtin_calloc(pages, PAGE_SIZE);
	swaps[i].pages = pages;
	src.device = swaps[i].bytes;
	memcpy(swaps[i].bytes + PAGE_SIZE - 10, "SWAPSPACE2", 10);
	memcpy(swaps[i].bytes + 1024, &version, 4);
	memcpy(swaps[i].bytes + 1028, &last, 4);
	do {
		swaps[i].si = mm_swapon(&src, swaps[i].bytes,
					SWAP_FLAG_PREFER | prio);
	} while (swaps[i].si == ERR_PTR(-ENOMEM) && setting.fail_alloc);
	EXPECT(!IS_ERR(swaps[i].si));
	return swaps[i].si;
}

void again_swap(unsigned int i)
{
	if (!swaps[i].si)
		new_swap(i, swaps[i].pages, (int)some(3));
}

static bool is_enough(void)
{
	return over || one_in(200);
}

/* It is used no more, unless there is no room for what is in it. */
bool drop_swap(unsigned int i)
{
	int err;

	if (!swaps[i].si || !swaps[!i].si)
		return false;
	err = mm_swapoff(swaps[i].si, is_enough);
	if (!err)
		swaps[i].si = NULL;
	else
		EXPECT(err == -ENOMEM || err == -EINTR ||
		       (err == -EIO && disk_has_failed()));
	return !err;
}

static bool never(void)
{
	return false;
}

void free_disks(void)
{
	for (unsigned int i = 0; i < SWAPS; i++) {
		if (swaps[i].si)
			EXPECT_EQ(mm_swapoff(swaps[i].si, never), 0);
		__builtin_free(swaps[i].bytes);
	}
	for (size_t i = 0; i < ARRAY_SIZE(objects); i++)
		__builtin_free(objects[i].disk);
}
