/* SPDX-License-Identifier: MIT */
/*
 * Files that live in RAM alone. Their bytes are the page cache of mm/filemap.c
 * and nothing below it; this file adds what such files are held to:
 *
 *   quota    a tmpfs has room for max_blocks pages: -ENOSPC beyond
 *   commit   a file made for a mapping (shared anonymous memory, SysV) is
 *            committed for its whole size at once, AS_ACCOUNT; any other one
 *            page by page as it fills
 *   seals    what may no longer be done to the bytes (memfd_create)
 *   holes    punched, filled ahead, looked for
 *   swap     pages go to swap areas, and come back (mm/shmem_swap.c)
 *
 *   AS_ACCOUNT:  acct = pages of the file's size
 *   otherwise:   committed = nrpages
 *
 * Locks: i_rwsem around whatever changes a file's size, its holes or its
 * seals; a seal against writing also looks at i_mmap_writable, under
 * i_mmap_lock. What a tmpfs has used is counted by atomic operations.
 */
#include <ashlar/commit.h>
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmap.h>
#include <ashlar/page_ref.h>
#include <ashlar/rwsem.h>
#include <ashlar/shmem_fs.h>
#include <ashlar/vmstat.h>
#include <ashlar/xa_slots.h>
#include <mach/spinlock.h>
#include "lru.h"
#include "shmem.h"

struct file *(*shmem_alloc_file)(const char *name);

static unsigned long shmem_pages(loff_t size)
{
	return (unsigned long)((size + (loff_t)PAGE_SIZE - 1) >> PAGE_SHIFT);
}

static bool shmem_room(const struct shmem_sb_info *sbi, unsigned long nr)
{
	unsigned long used = sbi ? READ_ONCE(sbi->used_blocks) : 0;

	return !sbi || !sbi->max_blocks ||
	       (used <= sbi->max_blocks && nr <= sbi->max_blocks - used);
}

static void shmem_use(struct shmem_sb_info *sbi, long nr)
{
	if (sbi)
		__atomic_fetch_add(&sbi->used_blocks, nr, __ATOMIC_RELAXED);
}

static int shmem_charge(struct address_space *m, unsigned long nr)
{
	struct shmem_sb_info *sbi = m->private_data;

	shmem_use(sbi, (long)nr);
	if (!shmem_room(sbi, 0) ||
	    (!(m->flags & AS_ACCOUNT) && security_vm_enough_memory((long)nr))) {
		shmem_use(sbi, -(long)nr);
		return -ENOSPC;
	}
	return 0;
}

static void shmem_uncharge(struct address_space *m, unsigned long nr)
{
	struct shmem_sb_info *sbi = m->private_data;

	if (!(m->flags & AS_ACCOUNT))
		vm_unacct_memory((long)nr);
	shmem_use(sbi, -(long)nr);
}

static const struct address_space_operations shmem_aops = {
	.charge = shmem_charge,
	.uncharge = shmem_uncharge,
	.swapin = shmem_swapin,
};

/**
 * shmem_mapping_init() - begin a file's bytes
 * @m: what to fill in
 * @sbi: the tmpfs it belongs to, or NULL
 * @host: whatever the caller wants to find again
 */
void shmem_mapping_init(struct address_space *m, struct shmem_sb_info *sbi,
			void *host)
{
	address_space_init(m, &shmem_aops, host, AS_SHMEM);
	m->private_data = sbi;
	m->seals = F_SEAL_SEAL;
}

/**
 * shmem_evict() - end of a file's bytes
 * @m: the file; nobody maps or holds it any more
 */
void shmem_evict(struct address_space *m)
{
	mapping_set_size(m, 0);
	if (m->i_pages.xa_head)
		truncate_inode_pages_range(m, 0, MAX_LFS_FILESIZE);
	if (unlikely(!list_empty(&m->swaplist)))
		shmem_swap_forget(m);
	if (m->acct)
		vm_unacct_memory((long)m->acct);
	m->acct = 0;
}

/* shmem_setsize() with i_rwsem. */
static int setsize(struct address_space *m, loff_t size)
{
	unsigned long old = m->acct;

	if ((size < m->i_size && (m->seals & F_SEAL_SHRINK)) ||
	    (size > m->i_size && (m->seals & F_SEAL_GROW)))
		return -EPERM;
	if (m->flags & AS_ACCOUNT) {
		m->acct = shmem_pages(size);
		if (m->acct > old &&
		    security_vm_enough_memory((long)(m->acct - old))) {
			m->acct = old;
			return -ENOMEM;
		}
	}
	truncate_setsize(m, size);
	if (m->acct < old)
		vm_unacct_memory((long)(old - m->acct));
	return 0;
}

/**
 * shmem_setsize() - ftruncate
 * @m: the file
 * @size: bytes, not negative
 *
 * Context: takes i_rwsem; may sleep. Return: 0, -EPERM (sealed), -EFBIG,
 * -ENOMEM.
 */
int shmem_setsize(struct address_space *m, loff_t size)
{
	int err;

	if (size > MAX_LFS_FILESIZE)
		return -EFBIG;
	down_write(&m->i_rwsem);
	err = setsize(m, size);
	up_write(&m->i_rwsem);
	return err;
}

static int shmem_fill(struct address_space *m, unsigned long first,
		      unsigned long last)
{
	unsigned long index, missing = last - first + 1;
	struct page *page;

	xa_for_each_range(&m->i_pages, index, page, first, last) missing--;
	if (!shmem_room(m->private_data, missing))
		return -ENOSPC;
	for (index = first; index <= last; index++) {
		page = read_mapping_page(m, index);
		if (IS_ERR(page))
			return (int)PTR_ERR(page);
		set_page_flags(page, PG_dirty);
		put_page(page);
	}
	return 0;
}

/* shmem_fallocate() with i_rwsem. */
static int fallocate_range(struct address_space *m, int mode, loff_t off,
			   loff_t len)
{
	loff_t end = off + len;
	int err;

	if (mode & FALLOC_FL_PUNCH_HOLE) {
		if (m->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
			return -EPERM;
		truncate_pagecache_range(m, off, end);
		return 0;
	}
	if (end > MAX_LFS_FILESIZE)
		return -EFBIG;
	if (end > m->i_size && (m->seals & F_SEAL_GROW))
		return -EPERM;
	err = shmem_fill(m, (unsigned long)(off >> PAGE_SHIFT),
			 shmem_pages(end) - 1);
	if (err)
		return err;
	if (end > m->i_size && !(mode & FALLOC_FL_KEEP_SIZE))
		truncate_setsize(m, end);
	return 0;
}

/**
 * shmem_fallocate() - fill a range ahead, or punch a hole
 * @m: the file
 * @mode: FALLOC_FL_*
 * @off: first byte, not negative
 * @len: bytes, not 0
 *
 * Context: takes i_rwsem; may sleep. Return: 0, -EOPNOTSUPP, -EPERM (sealed),
 * -ENOSPC, -EFBIG, -ENOMEM; pages that could be had stay.
 */
int shmem_fallocate(struct address_space *m, int mode, loff_t off, loff_t len)
{
	int err;

	if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE))
		return -EOPNOTSUPP;
	down_write(&m->i_rwsem);
	err = fallocate_range(m, mode, off, len);
	up_write(&m->i_rwsem);
	return err;
}

/**
 * shmem_seek_hole_data() - lseek(SEEK_DATA, SEEK_HOLE)
 * @m: the file
 * @off: where to begin
 * @whence: SEEK_DATA or SEEK_HOLE
 *
 * Return: the offset; -ENXIO past the end, or where no data follows.
 */
loff_t shmem_seek_hole_data(struct address_space *m, loff_t off, int whence)
{
	unsigned long index = (unsigned long)(off >> PAGE_SHIFT);
	loff_t size = mapping_size(m), found;
	unsigned long pages = shmem_pages(size);

	if (off < 0 || off >= size)
		return -ENXIO;
	if (whence == SEEK_DATA) {
		if (!xa_find(&m->i_pages, &index, pages - 1, XA_PRESENT))
			return -ENXIO;
	} else {
		while (index < pages && xa_load(&m->i_pages, index))
			index++;
	}
	found = max(off, (loff_t)index << PAGE_SHIFT);
	return min(found, size);
}

/* What seals leave of a write at @pos: 0, and @from is as long; or -EPERM. */
static int sealed_write(const struct address_space *m, struct iov_iter *from,
			loff_t pos)
{
	loff_t limit = m->i_size;

	if (!from->count)
		return 0;
	if (m->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
		return -EPERM;
	if (!(m->seals & F_SEAL_GROW) || pos + (loff_t)from->count <= limit)
		return 0;
	limit &= ~((loff_t)PAGE_SIZE - 1); /* whole pages that fit */
	if (pos >= limit)
		return -EPERM;
	from->count = (size_t)(limit - pos);
	return 0;
}

/**
 * shmem_file_write_iter() - write(2), with seals in mind
 * @f: the file
 * @from: where from
 * @pos: position; moves on
 *
 * Context: takes i_rwsem; may sleep. Return: bytes written, or -errno.
 */
ssize_t shmem_file_write_iter(struct file *f, struct iov_iter *from,
			      loff_t *pos)
{
	struct address_space *m = f->f_mapping;
	ssize_t ret = 0;

	down_write(&m->i_rwsem);
	if (unlikely(m->seals & ~F_SEAL_SEAL))
		ret = sealed_write(m, from, *pos);
	if (!ret)
		ret = __generic_file_write_iter(f, from, pos);
	up_write(&m->i_rwsem);
	return ret;
}

/**
 * shmem_add_seals() - fcntl(F_ADD_SEALS)
 * @m: the file
 * @seals: F_SEAL_*
 *
 * Context: takes i_rwsem; may sleep. Return: 0, -EINVAL, -EPERM, or -EBUSY
 * while somebody may write through a mapping.
 */
int shmem_add_seals(struct address_space *m, u32 seals)
{
	int err = 0;

	if (seals & ~(F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE |
		      F_SEAL_FUTURE_WRITE))
		return -EINVAL;
	down_write(&m->i_rwsem);
	spin_lock(&m->i_mmap_lock);
	if (m->seals & F_SEAL_SEAL)
		err = -EPERM;
	else if ((seals & ~m->seals & F_SEAL_WRITE) && m->i_mmap_writable > 0)
		err = -EBUSY;
	else
		m->seals |= seals;
	spin_unlock(&m->i_mmap_lock);
	up_write(&m->i_rwsem);
	return err;
}

/**
 * shmem_lock() - keep a file's pages in memory
 * @m: the file
 * @lock: or no longer
 */
void shmem_lock(struct address_space *m, bool lock)
{
	unsigned long index = 0;
	struct page *page;

	xa_lock(&m->i_pages);
	m->flags &= ~AS_UNEVICTABLE;
	if (lock)
		m->flags |= AS_UNEVICTABLE;
	for (; (page = __xa_find(&m->i_pages, &index, ~0ul)); index++) {
		if (xa_is_value(page)) /* it joins a list when it is back */
			continue;
		if (lock)
			lru_set_unevictable(page);
		else
			lru_set_evictable(page);
		if (index == ~0ul)
			break;
	}
	xa_unlock(&m->i_pages);
}

static long shmem_file_fallocate(struct file *f, int mode, loff_t off,
				 loff_t len)
{
	return shmem_fallocate(f->f_mapping, mode, off, len);
}

static const struct file_operations shmem_file_operations = {
	.read_iter = generic_file_read_iter,
	.write_iter = shmem_file_write_iter,
	.mmap = generic_file_mmap,
	.fallocate = shmem_file_fallocate,
};

/**
 * shmem_file_setup() - a file in RAM without a name
 * @name: what maps show
 * @size: bytes
 * @flags: VM_NORESERVE_FILE, or 0
 *
 * Context: may sleep. Return: the file, or ERR_PTR(-EINVAL, -ENOMEM, …).
 */
struct file *shmem_file_setup(const char *name, loff_t size, u32 flags)
{
	bool account = !(flags & VM_NORESERVE_FILE);
	unsigned long pages = shmem_pages(size);
	struct address_space *m;
	struct file *f;

	if (size < 0 || size > MAX_LFS_FILESIZE)
		return ERR_PTR(-EINVAL);
	if (account && security_vm_enough_memory((long)pages))
		return ERR_PTR(-ENOMEM);
	f = shmem_alloc_file(name);
	if (IS_ERR(f)) {
		if (account)
			vm_unacct_memory((long)pages);
		return f;
	}
	m = f->f_mapping;
	shmem_mapping_init(m, NULL, m->host);
	m->i_size = size;
	if (account) {
		m->flags |= AS_ACCOUNT;
		m->acct = pages;
	}
	if (!f->f_op)
		f->f_op = &shmem_file_operations;
	return f;
}
