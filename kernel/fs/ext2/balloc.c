/* SPDX-License-Identifier: MIT */
/*
 * Free blocks: a bit for each, in each group's map; 1 is used.
 *
 *   goal ──► the first free one behind it in its group, and what follows
 *            │ none: the next group that says it has some, and so on around
 *
 * A freed block is noted (ext2_note_freed), and a commit clears its bit:
 * until then nobody gets it. A map is believed once it marks the group's own
 * tables as used.
 */
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/slab.h>
#include <kernel/task/cred.h>
#include <kernel/task/task.h>
#include "ext2.h"

static bool map_bit(const u8 *map, u32 bit)
{
	return map[bit / 8] >> (bit % 8) & 1;
}

/**
 * ext2_find_zero() - the first bit that is not set
 * @map: a block's size; 4-byte aligned
 * @from: where to begin
 * @end: where to stop
 *
 * Return: the bit, or @end.
 */
u32 ext2_find_zero(const u8 *map, u32 from, u32 end)
{
	const u32 *words = (const u32 *)map;
	u32 w;

	while (from < end) {
		w = ~words[from / 32] >> (from % 32);
		if (w)
			return min(from + (u32)__builtin_ctz(w), end);
		from = (from | 31) + 1;
	}
	return end;
}

/* Blocks of @group, the last of which may be short. */
static u32 group_blocks(const struct ext2_sb_info *sbi, u32 group)
{
	return min(sbi->s_blocks_per_group,
		   sbi->s_es->s_blocks_count -
			   ext2_group_first_block(sbi, group));
}

static u32 group_of(const struct ext2_sb_info *sbi, u32 block)
{
	return (block - sbi->s_es->s_first_data_block) /
	       sbi->s_blocks_per_group;
}

/* True if blocks overlap a group's own maps and table. */
static bool in_tables(const struct ext2_sb_info *sbi, u32 first, u32 nr)
{
	const struct ext2_group_desc *gd =
		ext2_get_group_desc(sbi->sb, group_of(sbi, first));
	u32 end = first + nr;

	return (gd->bg_block_bitmap >= first && gd->bg_block_bitmap < end) ||
	       (gd->bg_inode_bitmap >= first && gd->bg_inode_bitmap < end) ||
	       (gd->bg_inode_table < end &&
		first < gd->bg_inode_table + sbi->s_itb_per_group);
}

/* True if the map says that the group's tables are used. */
static bool map_is_sane(const struct ext2_sb_info *sbi, u32 group,
			const u8 *map)
{
	const struct ext2_group_desc *gd = ext2_get_group_desc(sbi->sb, group);
	u32 start = ext2_group_first_block(sbi, group), first;

	if (!map_bit(map, gd->bg_block_bitmap - start) ||
	    !map_bit(map, gd->bg_inode_bitmap - start))
		return false;
	first = gd->bg_inode_table - start;
	if (ext2_find_zero(map, first, first + sbi->s_itb_per_group) !=
	    first + sbi->s_itb_per_group)
		return false;
	return !ext2_has_super(sbi, group) ||
	       ext2_find_zero(map, 0, 1 + sbi->s_gdb_count) ==
		       1 + sbi->s_gdb_count;
}

/**
 * ext2_load_map() - a group's bitmap
 * @sb: the filesystem
 * @group: the group
 * @inodes: of inodes; else of blocks
 * @b: is set, for brelse(), if there is a map
 *
 * Context: may sleep. Return: the bits; NULL if it cannot be read, or lies.
 */
u8 *ext2_load_map(struct super_block *sb, u32 group, bool inodes,
		  struct buffer *b)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	const struct ext2_group_desc *gd = ext2_get_group_desc(sb, group);
	u32 block = inodes ? gd->bg_inode_bitmap : gd->bg_block_bitmap;
	u8 *state = &sbi->s_group_state[group];

	if (*state & EXT2_GROUP_BAD)
		return NULL;
	*b = sb_bread(sb, block);
	if (!b->data) {
		ext2_error(sb, "read_block_bitmap",
			   "Cannot read %s bitmap - block_group = %u, "
			   "bitmap = %u",
			   inodes ? "inode" : "block", group, block);
		return NULL;
	}
	if (inodes || *state & EXT2_GROUP_CHECKED)
		return b->data;
	if (map_is_sane(sbi, group, b->data)) {
		*state |= EXT2_GROUP_CHECKED;
		return b->data;
	}
	brelse(b);
	*state |= EXT2_GROUP_BAD;
	ext2_error(sb, "ext2_valid_block_bitmap",
		   "Invalid block bitmap - block_group = %u, block = %u", group,
		   block);
	return NULL;
}

/* The superblock and the group's descriptor are to be written; false without
 * memory. */
bool ext2_dirty_group(struct super_block *sb, u32 group)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	u32 i = group / sbi->s_desc_per_block;

	return ext2_dirty(sb, &sbi->s_group_desc[i],
			  sbi->s_es->s_first_data_block + 1 + i, EXT2_MAPS) &&
	       ext2_dirty(sb, &sbi->s_sbh, EXT2_SUPER_OFFSET / sb->s_blocksize,
			  EXT2_MAPS);
}

static u8 *load_dirty_map(struct super_block *sb, u32 group, bool inodes,
			  struct buffer *b)
{
	const struct ext2_group_desc *gd = ext2_get_group_desc(sb, group);
	u8 *map = ext2_load_map(sb, group, inodes, b);

	if (!map)
		return NULL;
	if (ext2_dirty(sb, b,
		       inodes ? gd->bg_inode_bitmap : gd->bg_block_bitmap,
		       EXT2_MAPS) &&
	    ext2_dirty_group(sb, group))
		return map;
	brelse(b);
	return NULL;
}

/* ---- allocating ---- */

/* The last blocks are root's, as many as the superblock says. */
static bool may_allocate(const struct ext2_sb_info *sbi)
{
	const struct ext2_super_block *es = sbi->s_es;
	u32 free = sbi->s_free_blocks + sbi->s_freed_blocks;

	return free > es->s_r_blocks_count || capable(CAP_SYS_RESOURCE) ||
	       es->s_def_resuid == current->cred->fsuid ||
	       (es->s_def_resgid && in_group_p(es->s_def_resgid));
}

/* A run of free bits from @bit on, *@nr at most: they are set, and counted. */
static void take(struct ext2_sb_info *sbi, u32 group, u8 *map, u32 bit, u32 *nr)
{
	struct ext2_group_desc *gd = ext2_get_group_desc(sbi->sb, group);
	u32 end = min(group_blocks(sbi, group), bit + *nr), n = 0;

	for (; bit + n < end && !map_bit(map, bit + n); n++)
		map[(bit + n) / 8] |= (u8)(1u << ((bit + n) % 8));
	*nr = n;
	gd->bg_free_blocks_count -= (u16)min(n, (u32)gd->bg_free_blocks_count);
	sbi->s_free_blocks -= min(n, sbi->s_free_blocks);
}

/* In one group, from bit @from on; 0: none. */
static u32 allocate_in(struct super_block *sb, u32 group, u32 from, u32 *nr,
		       int *err)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	u32 end = group_blocks(sbi, group), bit;
	struct buffer b;
	u8 *map;

	if (!ext2_get_group_desc(sb, group)->bg_free_blocks_count)
		return 0;
	map = load_dirty_map(sb, group, false, &b);
	if (!map) {
		if (!(sbi->s_group_state[group] & EXT2_GROUP_BAD))
			*err = -ENOMEM;
		return 0;
	}
	bit = ext2_find_zero(map, from, end);
	if (bit < end)
		take(sbi, group, map, bit, nr);
	brelse(&b);
	return bit < end ? ext2_group_first_block(sbi, group) + bit : 0;
}

/**
 * ext2_new_blocks() - blocks for a file
 * @inode: the file
 * @goal: where they are wanted
 * @nr: how many at most; is set to how many there are, in one run
 * @err: is set to 0, -ENOSPC, -ENOMEM or -EIO
 *
 * Context: within ext2_begin() and ext2_end(); may sleep. Return: the first,
 * or 0.
 */
u32 ext2_new_blocks(struct inode *inode, u32 goal, u32 *nr, int *err)
{
	struct super_block *sb = inode->i_sb;
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	const struct ext2_super_block *es = sbi->s_es;
	u32 i, group, from, block;

	*err = -ENOSPC;
	if (!may_allocate(sbi))
		return 0;
	if (goal < es->s_first_data_block || goal >= es->s_blocks_count)
		goal = es->s_first_data_block;
	group = group_of(sbi, goal);
	from = goal - ext2_group_first_block(sbi, group);
	/* The first group comes twice: behind the goal, and all of it. */
	for (i = 0; i <= sbi->s_groups_count; i++) {
		block = allocate_in(sb, group, from, nr, err);
		if (block) {
			*err = 0;
			return block;
		}
		from = 0;
		group = group + 1 < sbi->s_groups_count ? group + 1 : 0;
	}
	return 0;
}

static void clear_bits(struct ext2_sb_info *sbi, u32 group, u8 *map, u32 bit,
		       u32 nr)
{
	struct ext2_group_desc *gd = ext2_get_group_desc(sbi->sb, group);
	u32 n = 0, i;

	for (i = bit; i < bit + nr; i++) {
		n += map_bit(map, i);
		map[i / 8] &= (u8) ~(1u << (i % 8));
	}
	if (n != nr)
		ext2_error(sbi->sb, "ext2_free_blocks",
			   "bit already cleared for block %u",
			   ext2_group_first_block(sbi, group) + bit);
	gd->bg_free_blocks_count += (u16)n;
	sbi->s_free_blocks += n;
}

/**
 * ext2_unalloc_blocks() - blocks that were allocated, and never a file's
 * @sb: the filesystem
 * @first: the first of them
 * @nr: how many, of one run
 *
 * Context: within the same ext2_begin() and ext2_end(); may sleep.
 */
void ext2_unalloc_blocks(struct super_block *sb, u32 first, u32 nr)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	u32 group = group_of(sbi, first);
	struct buffer b;
	u8 *map = ext2_load_map(sb, group, false, &b);

	if (!map)
		return;
	clear_bits(sbi, group, map, first - ext2_group_first_block(sbi, group),
		   nr);
	brelse(&b);
}

/* ---- freeing ---- */

/**
 * ext2_free_blocks() - a file has blocks no more
 * @sb: the filesystem
 * @first: the first of them, valid
 * @nr: how many
 * @tables: they were not a file's bytes
 *
 * Context: within ext2_begin() and ext2_end().
 */
void ext2_free_blocks(struct super_block *sb, u32 first, u32 nr, bool tables)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	u32 i, n;

	for (i = 0; tables && i < nr; i++)
		ext2_forget(sb, first + i);
	for (; nr; first += n, nr -= n) {
		u32 start = ext2_group_first_block(sbi, group_of(sbi, first));

		n = min(nr, start + sbi->s_blocks_per_group - first);
		if (in_tables(sbi, first, n))
			ext2_error(sb, __func__,
				   "Freeing blocks in system zones - Block = "
				   "%u, count = %u",
				   first, n);
		else
			ext2_note_freed(sbi, first, n, start);
	}
}

/* Each map that a commit is going to change is in memory, and noted. */
int ext2_prepare_maps(struct ext2_sb_info *sbi)
{
	struct super_block *sb = sbi->sb;
	u32 i, group;
	struct buffer b;

	for (i = 0; i < sbi->s_nr_freed + sbi->s_nr_freed_inodes; i++) {
		bool inodes = i >= sbi->s_nr_freed;

		if (inodes)
			group = ((sbi->s_freed_inodes[i - sbi->s_nr_freed] &
				  ~EXT2_FREED_DIR) -
				 1) /
				sbi->s_inodes_per_group;
		else
			group = group_of(sbi, sbi->s_freed[i].first);
		if (sbi->s_group_state[group] & EXT2_GROUP_BAD)
			continue;
		if (load_dirty_map(sb, group, inodes, &b))
			brelse(&b);
		else if (!(sbi->s_group_state[group] & EXT2_GROUP_BAD))
			return -ENOMEM;
	}
	return ext2_dirty_group(sb, 0) ? 0 : -ENOMEM;
}

static void release_blocks(struct ext2_sb_info *sbi,
			   const struct ext2_extent *e)
{
	u32 group = group_of(sbi, e->first);
	struct buffer b;
	u8 *map = ext2_load_map(sbi->sb, group, false, &b);

	if (!map)
		return;
	clear_bits(sbi, group, map,
		   e->first - ext2_group_first_block(sbi, group), e->nr);
	brelse(&b);
}

static void release_inode(struct ext2_sb_info *sbi, u32 freed)
{
	u32 bit = (freed & ~EXT2_FREED_DIR) - 1;
	u32 group = bit / sbi->s_inodes_per_group;
	struct ext2_group_desc *gd = ext2_get_group_desc(sbi->sb, group);
	struct buffer b;
	u8 *map = ext2_load_map(sbi->sb, group, true, &b);

	if (!map)
		return;
	bit %= sbi->s_inodes_per_group;
	if (map_bit(map, bit)) {
		map[bit / 8] &= (u8) ~(1u << (bit % 8));
		gd->bg_free_inodes_count++;
		sbi->s_free_inodes++;
	} else {
		ext2_error(sbi->sb, "ext2_free_inode",
			   "bit already cleared for inode %u",
			   freed & ~EXT2_FREED_DIR);
	}
	if (freed & EXT2_FREED_DIR && gd->bg_used_dirs_count)
		gd->bg_used_dirs_count--;
	brelse(&b);
}

/**
 * ext2_release_freed() - what was freed can be allocated again
 * @sbi: the filesystem
 *
 * Context: in a commit, when the disk knows of no owner any more; the maps are
 * in memory.
 */
void ext2_release_freed(struct ext2_sb_info *sbi)
{
	u32 i;

	for (i = 0; i < sbi->s_nr_freed; i++)
		release_blocks(sbi, &sbi->s_freed[i]);
	for (i = 0; i < sbi->s_nr_freed_inodes; i++)
		release_inode(sbi, sbi->s_freed_inodes[i]);
	sbi->s_nr_freed = sbi->s_nr_freed_inodes = sbi->s_freed_blocks = 0;
	sbi->s_es->s_free_blocks_count = sbi->s_free_blocks;
	sbi->s_es->s_free_inodes_count = sbi->s_free_inodes;
	sbi->s_es->s_wtime = (u32)ext2_seconds(current_time());
}
