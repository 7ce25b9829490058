/* SPDX-License-Identifier: MIT */
/* Mount options: errors=, and words of Linux's that change nothing here. */
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/seq_file.h>
#include <ashlar/string.h>
#include <kernel/printk.h>
#include "ext2.h"

static const struct {
	const char *word;
	u16 errors; /* EXT2_ERRORS_*; 0: nothing */
} words[] = {
	{ "errors=continue", EXT2_ERRORS_CONTINUE },
	{ "errors=remount-ro", EXT2_ERRORS_RO },
	{ "errors=panic", EXT2_ERRORS_PANIC },
	{ "user_xattr", 0 },
	{ "nouser_xattr", 0 },
	{ "noacl", 0 },
	{ "nocheck", 0 },
	{ "check=none", 0 },
	{ "minixdf", 0 },
	{ "bsddf", 0 },
	{ "nogrpid", 0 },
	{ "sysvgroups", 0 },
	{ "orlov", 0 },
	{ "noquota", 0 },
};

static bool parse_word(const char *s, size_t len, struct ext2_sb_info *sbi)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		if (strlen(words[i].word) != len ||
		    memcmp(words[i].word, s, len))
			continue;
		if (words[i].errors)
			sbi->s_mount_errors = words[i].errors;
		return true;
	}
	return false;
}

int ext2_parse_options(struct super_block *sb, struct ext2_sb_info *sbi,
		       const char *data)
{
	size_t len;

	for (; data && *data; data += len + (data[len] == ',')) {
		for (len = 0; data[len] && data[len] != ',';)
			len++;
		if (!len || parse_word(data, len, sbi))
			continue;
		ext2_msg(sb, KERN_ERR,
			 "error: Unrecognized mount option \"%.*s\" or missing "
			 "value",
			 (int)len, data);
		return -EINVAL;
	}
	return 0;
}

void ext2_show_options(struct super_block *sb, struct seq_file *m)
{
	const struct ext2_sb_info *sbi = EXT2_SB(sb);
	static const char *const how[] = { "", "continue", "remount-ro",
					   "panic" };

	if (sbi->s_errors != sbi->s_es->s_errors)
		seq_printf(m, ",errors=%s", how[sbi->s_errors]);
}
