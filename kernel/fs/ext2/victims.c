/* SPDX-License-Identifier: MIT */
/*
 * A file that loses its last name to another, by a rename: at no moment may
 * the disk have neither of them under that name.
 *
 *   in memory           "a" → new            old has no name, and goes
 *   on the disk, 1      "a" → new  ".0000012" → old      one block, one write
 *                2      old is free                      in the table
 *                3      "a" → new
 *
 * If the power goes between 1 and 2 the old file is left with a name that no
 * one asked for; between 2 and 3 the name is one of a free inode, which e2fsck
 * removes. The extra name is written in a copy of the block (ext2_dirty::copy),
 * so programs never see it. Where the block has no room for it, or there is no
 * memory, the old file goes first, as others do.
 */
#include <ashlar/fs.h>
#include <ashlar/mm.h>
#include <ashlar/printf.h>
#include <ashlar/string.h>
#include "ext2.h"

#define NAME "." /* and the inode's number, in 7 digits of 16 */
#define NAME_LEN 8u

/**
 * ext2_note_victim() - a file has lost its last name to another
 * @sb: the filesystem
 * @ino: the file's number
 * @block: the directory's block with the name
 *
 * Context: within a change. Return: false if there are too many to note.
 */
bool ext2_note_victim(struct super_block *sb, u32 ino, u32 block)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);

	if (sbi->s_nr_victims == EXT2_VICTIMS)
		return false;
	sbi->s_victims[sbi->s_nr_victims++] =
		(struct ext2_victim){ ino, block, false };
	return true;
}

/** ext2_drop_victim() - the last that was noted has its name again */
void ext2_drop_victim(struct super_block *sb, u32 ino)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	u32 nr = sbi->s_nr_victims;

	if (nr && sbi->s_victims[nr - 1].ino == ino)
		sbi->s_nr_victims--;
}

/** ext2_is_held() - is a file to go after names are written, not before? */
bool ext2_is_held(const struct ext2_sb_info *sbi, u32 ino)
{
	u32 i;

	for (i = 0; i < sbi->s_nr_victims; i++)
		if (sbi->s_victims[i].ino == ino && sbi->s_victims[i].held)
			return true;
	return false;
}

/* A name for @ino behind one of the block's; false if there is no room. */
static bool add_name(char *data, u32 size, u32 ino)
{
	const u32 wanted = EXT2_DIR_REC_LEN(NAME_LEN);
	struct ext2_dir_entry *e, *new;
	char name[NAME_LEN + 1];
	u32 off, used;

	for (off = 0; off + EXT2_DIR_REC_LEN(1) <= size; off += e->rec_len) {
		e = (struct ext2_dir_entry *)(data + off);
		used = e->inode ? EXT2_DIR_REC_LEN(e->name_len) : 0;
		if (e->rec_len < EXT2_DIR_REC_LEN(1) ||
		    e->rec_len > size - off || e->rec_len < used)
			return false;
		if (e->rec_len - used < wanted)
			continue;
		new = (struct ext2_dir_entry *)(data + off + used);
		new->rec_len = (u16)(e->rec_len - used);
		if (used)
			e->rec_len = (u16)used;
		new->inode = ino;
		new->name_len = NAME_LEN;
		new->file_type = 0; /* e2fsck looks itself */
		ashlar_snprintf(name, sizeof(name), NAME "%07x", ino);
		memcpy(new->name, name, NAME_LEN);
		return true;
	}
	return false;
}

/* True if the disk will have an extra name for a file, by way of a copy. */
static bool hold(struct ext2_sb_info *sbi, const struct ext2_victim *v)
{
	struct ext2_dirty *d = ext2_find_dirty(sbi, v->block);

	if (!d || d->phase != EXT2_NAMES || v->ino >> 28)
		return false;
	if (!d->copy) {
		d->copy = alloc_page(GFP_KERNEL);
		if (!d->copy)
			return false;
		memcpy(page_address(d->copy), d->b.data, d->b.size);
	}
	return add_name(page_address(d->copy), d->b.size, v->ino);
}

/** ext2_hold_victims() - a commit begins: which files get an extra name */
void ext2_hold_victims(struct ext2_sb_info *sbi)
{
	u32 i;

	for (i = 0; i < sbi->s_nr_victims; i++)
		sbi->s_victims[i].held = hold(sbi, &sbi->s_victims[i]);
}
