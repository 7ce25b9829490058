/* SPDX-License-Identifier: MIT */
/*
 * Inodes by number, for filesystems whose inodes lie on a disk (SB_CACHED).
 *
 *   buckets ┌───┐
 *           │   ├─► inode ─► inode ─► NULL      i_hash: of all filesystems
 *           └───┘
 *   unused  ⇄ inode ⇄ inode ⇄                   i_lru: the first goes first
 *
 *   iget_locked ─► I_NEW, the caller reads it ─► unlock_new_inode
 *        ▲                                            │ used, unused, used …
 *        │ wait, look again                           ▼
 *   I_FREEING ◄── no name is left, or memory is wanted and nothing is dirty
 *
 * An inode leaves the hash after it is evicted, so that whoever looks for its
 * number meanwhile waits, and does not read what is being taken apart. One
 * that is used again stays on the list of unused ones until the shrinker
 * passes by, as used ones do when it comes a second time.
 *
 * Locks: none; between a look and the change nothing sleeps.
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/list.h>
#include <ashlar/mmzone.h>
#include <ashlar/port.h>
#include <ashlar/shrinker.h>
#include <ashlar/slab.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/super.h>
#include <kernel/panic.h>
#include "internal.h"
#include "list_lru.h"

static struct inode **buckets;
static u32 hash_shift;
static LIST_LRU(unused);

static struct inode **bucket(const struct super_block *sb, u64 ino)
{
	u32 key = (u32)ino ^ (u32)((uintptr_t)sb >> 5);

	return &buckets[key * 0x9e3779b1u >> hash_shift];
}

static struct inode *find(const struct super_block *sb, u64 ino)
{
	struct inode *i;

	for (i = *bucket(sb, ino); i; i = i->i_hash)
		if (i->i_ino == ino && i->i_sb == sb)
			return i;
	return NULL;
}

/**
 * insert_inode_hash() - a new inode can be found by its number
 * @inode: with the number and the filesystem it will keep
 */
void insert_inode_hash(struct inode *inode)
{
	struct inode **b = bucket(inode->i_sb, inode->i_ino);

	inode->i_hash = *b;
	if (*b)
		(*b)->i_hash_pprev = &inode->i_hash;
	inode->i_hash_pprev = b;
	*b = inode;
	list_add(&inode->i_sb_list, &inode->i_sb->s_inodes);
}

/** inode_unhash() - an inode is found no more; whoever waits for it looks */
void inode_unhash(struct inode *inode)
{
	if (!inode->i_hash_pprev)
		return;
	*inode->i_hash_pprev = inode->i_hash;
	if (inode->i_hash)
		inode->i_hash->i_hash_pprev = inode->i_hash_pprev;
	inode->i_hash_pprev = NULL;
	list_del_init(&inode->i_sb_list);
	list_lru_del(&unused, &inode->i_lru);
	port_wake(inode);
}

/* Wait until @inode is read, or gone; the caller looks for it again. */
static void wait_for(struct inode *inode)
{
	might_sleep();
	port_wait(inode);
}

/**
 * iget_locked() - the inode with a number
 * @sb: the filesystem
 * @ino: the number
 *
 * Context: may sleep. Return: the inode with a reference; with I_NEW nothing
 * but its number is set, and the caller ends that by unlock_new_inode() or
 * iget_failed(). ERR_PTR(-ENOMEM).
 */
struct inode *iget_locked(struct super_block *sb, u64 ino)
{
	struct inode *inode, *fresh = NULL;

	for (;;) {
		inode = find(sb, ino);
		if (inode && !(inode->i_state & (I_NEW | I_FREEING)))
			break;
		if (inode) {
			wait_for(inode);
			continue;
		}
		if (fresh) {
			fresh->i_ino = ino;
			fresh->i_state = I_NEW;
			insert_inode_hash(fresh);
			return fresh;
		}
		fresh = new_inode(sb, 0);
		if (!fresh)
			return ERR_PTR(-ENOMEM);
	}
	iget(inode);
	inode->i_state |= I_REFERENCED;
	if (fresh)
		iput(fresh);
	return inode;
}

/** inode_is_cached() - is there an inode of that number in memory? */
bool inode_is_cached(const struct super_block *sb, u64 ino)
{
	return find(sb, ino);
}

/** unlock_new_inode() - an inode is read; others may have it, too */
void unlock_new_inode(struct inode *inode)
{
	inode->i_state &= ~I_NEW;
	port_wake(inode);
}

/** iget_failed() - an inode could not be read: nothing remains of it */
void iget_failed(struct inode *inode)
{
	inode->i_state &= ~I_NEW;
	inode_unhash(inode);
	iput(inode);
}

/**
 * inode_keep() - the last reference to an inode that has a number went
 * @inode: the inode
 *
 * Return: true if it stays, unused; false if it is to go.
 */
bool inode_keep(struct inode *inode)
{
	if (!inode->i_nlink || inode->i_state & I_FREEING)
		return false;
	if (list_empty(&inode->i_lru))
		list_lru_add(&unused, &inode->i_lru);
	return true;
}

/* True if an unused inode can go without a word to the disk. */
static bool can_go(const struct inode *inode)
{
	return !atomic_read(&inode->i_count) && !inode->i_data.nrpages &&
	       !(inode->i_state & (I_NEW | I_FREEING | I_DIRTY | I_REFERENCED));
}

/**
 * evict_inodes() - a filesystem is being unmounted: all unused inodes go
 * @sb: the filesystem; nothing uses it, and what was dirty is written
 *
 * Context: may sleep.
 */
void evict_inodes(struct super_block *sb)
{
	struct inode *inode;

	while (!list_empty(&sb->s_inodes)) {
		inode = list_first_entry(&sb->s_inodes, struct inode,
					 i_sb_list);
		if (atomic_read(&inode->i_count))
			panic("inode %llu of %s is in use after umount",
			      inode->i_ino, sb->s_id);
		if (inode->i_state & I_FREEING)
			wait_for(inode);
		else
			inode_free(inode);
	}
}

/** sb_has_writers() - is a file of @sb open for writing, or about to go? */
bool sb_has_writers(struct super_block *sb)
{
	struct inode *inode;

	list_for_each_entry(inode, &sb->s_inodes, i_sb_list)
		if (inode->i_writecount > 0 ||
		    (!inode->i_nlink && atomic_read(&inode->i_count)))
			return true;
	return false;
}

/* ---- under pressure ---- */

static unsigned long count_unused(struct shrinker *s, struct shrink_control *sc)
{
	(void)s;
	(void)sc;
	return vfs_pressure(unused.nr);
}

static enum lru_status isolate(struct list_head *item)
{
	struct inode *inode = container_of(item, struct inode, i_lru);

	if (atomic_read(&inode->i_count))
		return LRU_IN_USE;
	if (can_go(inode)) {
		inode_free(inode);
		return LRU_REMOVED;
	}
	inode->i_state &= ~I_REFERENCED;
	return LRU_ROTATE;
}

static unsigned long scan_unused(struct shrinker *s, struct shrink_control *sc)
{
	(void)s;
	return list_lru_walk(&unused, isolate, sc->nr_to_scan);
}

static struct shrinker inode_shrinker = {
	.count_objects = count_unused,
	.scan_objects = scan_unused,
	.seeks = DEFAULT_SEEKS,
};

/** icache_init() - the hash, and its shrinker; boot */
void icache_init(void)
{
	u32 bits = 6;

	while (bits < 13 && (totalram_pages() >> (bits + 4)))
		bits++;
	hash_shift = 32 - bits;
	buckets = kcalloc(1u << bits, sizeof(struct inode *), GFP_KERNEL);
	if (!buckets || register_shrinker(&inode_shrinker, "inode"))
		panic("no memory for the hash of inodes");
}
