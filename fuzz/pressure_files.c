/* SPDX-License-Identifier: MIT */
/* What programs of pressure.h do to files: read, write, cut, sync. */
#include "pressure.h"
#include <ashlar/string.h>
#include <ashlar/readahead.h>
#include <ashlar/shmem_fs.h>

#define RUN 40ul /* pages at once, at most */

static u8 buffers[PROGRAMS][RUN * PAGE_SIZE];

static void put_stamp(u8 *page, u64 stamp)
{
	memcpy(page, &stamp, 8);
	memcpy(page + PAGE_SIZE - 8, &stamp, 8);
}

static ssize_t read_at(struct object *o, unsigned long first, u8 *to,
		       unsigned long nr)
{
	loff_t pos = (loff_t)first << PAGE_SHIFT;
	struct iov_iter i;

	iov_iter_kernel(&i, to, nr << PAGE_SHIFT);
	return generic_file_read_iter(o->file, &i, &pos);
}

static ssize_t write_at(struct object *o, unsigned long first, u8 *from,
			unsigned long nr)
{
	loff_t pos = (loff_t)first << PAGE_SHIFT;
	struct iov_iter i;

	iov_iter_kernel(&i, from, nr << PAGE_SHIFT);
	return o->disk ? generic_file_write_iter(o->file, &i, &pos) :
			 shmem_file_write_iter(o->file, &i, &pos);
}

/* Files of others may be read, too. */
static void op_read(struct program *t, struct object *o, bool own)
{
	unsigned long first = some(setting.file), i;
	unsigned long nr = min(1 + some(RUN), setting.file - first);
	unsigned long size = o->size;
	struct bounds before[RUN];
	u8 *to = buffers[t->id];
	ssize_t got;
	u64 stamp;

	for (i = 0; i < nr; i++)
		before[i] = bounds_before(o, first + i);
	got = read_at(o, first, to, nr);
	if (got < 0) {
		EXPECT((got == -EIO && disk_has_failed()) ||
		       (got == -ENOMEM && setting.fail_alloc));
		return;
	}
	if (own && !disk_has_failed() && !setting.fail_alloc)
		EXPECT_EQ(got, size <= first ?
				       0 :
				       min(nr, size - first) << PAGE_SHIFT);
	for (i = 0; i < (unsigned long)got >> PAGE_SHIFT; i++) {
		memcpy(&stamp, to + (i << PAGE_SHIFT), 8);
		check_stamp(&before[i], stamp, "read");
		memcpy(&stamp, to + ((i + 1) << PAGE_SHIFT) - 8, 8);
		check_stamp(&before[i], stamp, "read");
	}
}

/* Pages of files that all have are written one by one, by one each. */
static void op_write(struct program *t, struct object *o, bool own)
{
	unsigned long first = some(setting.file), i, done;
	unsigned long nr = own ? min(1 + some(RUN), setting.file - first) : 1;
	u32 number = next_number();
	u8 *from = buffers[t->id];
	ssize_t put;

	if (!own && first % PROGRAMS != t->id)
		return;
	for (i = 0; i < nr; i++) {
		note_write(o, first + i, number);
		put_stamp(from + (i << PAGE_SHIFT),
			  stamp_of(o, first + i, number));
	}
	o->cuts += own && first + nr > o->size;
	put = write_at(o, first, from, nr);
	done = put > 0 ? (unsigned long)put >> PAGE_SHIFT : 0;
	if (put != (ssize_t)(nr << PAGE_SHIFT))
		EXPECT(disk_has_failed() || setting.fail_alloc);
	for (i = 0; i < done; i++)
		note_written(o, first + i, number);
	for (; i < nr; i++)
		o->pages[first + i].tainted = true;
	if (first + done > o->size && done)
		o->size = first + done;
	o->cuts += o->cuts & 1;
}

/* Pages from @first on are zeroes, in the model. */
static void model_zero(struct object *o, unsigned long first, unsigned long nr,
		       bool after)
{
	for (; nr--; first++) {
		o->pages[first].low = o->pages[first].synced = 0;
		if (after)
			o->pages[first].high = 0;
	}
}

/* Private copies go with the pages that they were made of. */
static void forget_copies(struct program *t, const struct object *o)
{
	for (int k = 0; k < SPACES; k++)
		for (unsigned long i = 0; i < setting.window; i++) {
			struct model_page *p = &t->spaces[k].pages[i];

			if (p->mapped && p->object == o - objects &&
			    p->pgoff >= o->size)
				forget_copy(p);
		}
}

static void op_truncate(struct program *t, struct object *o)
{
	struct address_space *m = o->file->f_mapping;
	unsigned long size = 1 + some(setting.file);
	loff_t bytes = (loff_t)size << PAGE_SHIFT;
	unsigned long cut = size < o->size ? o->size - size : 0;

	o->cuts++;
	model_zero(o, size, cut, false);
	if (o->disk) {
		down_write(&m->i_rwsem);
		filemap_invalidate_lock(m);
		truncate_setsize(m, bytes);
		memset(o->disk + bytes, 0, (setting.file - size) << PAGE_SHIFT);
		filemap_invalidate_unlock(m);
		up_write(&m->i_rwsem);
	} else {
		EXPECT_EQ(shmem_setsize(m, bytes), 0);
	}
	model_zero(o, size, cut, true);
	o->size = size;
	forget_copies(t, o);
	o->cuts++;
}

static void op_punch(struct object *o)
{
	struct address_space *m = o->file->f_mapping;
	unsigned long first = some(setting.file), nr = 1 + some(RUN);
	loff_t start = (loff_t)first << PAGE_SHIFT, bytes;

	nr = min(nr, setting.file - first);
	bytes = (loff_t)nr << PAGE_SHIFT;
	o->cuts++;
	model_zero(o, first, nr, false);
	if (o->disk) {
		down_write(&m->i_rwsem);
		filemap_invalidate_lock(m);
		truncate_pagecache_range(m, start, start + bytes);
		memset(o->disk + start, 0, (size_t)bytes);
		filemap_invalidate_unlock(m);
		up_write(&m->i_rwsem);
	} else {
		EXPECT_EQ(shmem_fallocate(
				  m, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				  start, bytes),
			  0);
	}
	model_zero(o, first, nr, true);
	o->cuts++;
}

/* What was written before it began is on the disk when it succeeds. */
static void op_fsync(struct object *o, bool own)
{
	static struct object_page before[PROGRAMS][OBJECT_PAGES];
	struct object_page *b = before[sim_cpu() % PROGRAMS];
	u32 cuts = o->cuts;
	int err;

	memcpy(b, o->pages, sizeof(o->pages));
	err = o->file->f_op->fsync(o->file, 0, MAX_LFS_FILESIZE, false);
	EXPECT(!err || disk_has_failed());
	for (unsigned long i = 0; i < OBJECT_PAGES; i++) {
		struct object_page *p = &o->pages[i];

		if (err)
			p->tainted = true;
		else if (!p->tainted && p->high == b[i].high &&
			 (own || p->high == b[i].low) && o->cuts == cuts)
			p->synced = p->low = max(p->low, b[i].high);
	}
}

void file_op(struct program *t)
{
	unsigned long which = some(SHARED_OBJECTS + 2);
	bool own = which >= SHARED_OBJECTS;
	struct object *o = own ? &objects[t->id * OBJECTS + which] :
				 &objects[which];

	switch (some(own ? 12 : 8)) {
	case 0:
	case 1:
	case 2:
		op_read(t, o, own);
		break;
	case 3:
		which = some(PROGRAMS) * OBJECTS + SHARED_OBJECTS + some(2);
		op_read(t, &objects[which], false);
		break;
	case 4:
		if (o->disk && (own || !setting.fail_disk))
			op_fsync(o, own);
		break;
	case 5:
		generic_fadvise(o->file, 0, 0,
				some(2) ? POSIX_FADV_DONTNEED :
					  POSIX_FADV_WILLNEED);
		break;
	case 10:
		op_truncate(t, o);
		break;
	case 11:
		op_punch(o);
		break;
	default:
		op_write(t, o, own);
	}
}
