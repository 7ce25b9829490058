/* SPDX-License-Identifier: MIT */
/* Listing a directory. */
#ifndef KERNEL_FS_READDIR_H
#define KERNEL_FS_READDIR_H

#include <ashlar/fs.h>

enum {
	DT_UNKNOWN = 0,
	DT_FIFO = 1,
	DT_CHR = 2,
	DT_DIR = 4,
	DT_BLK = 6,
	DT_REG = 8,
	DT_LNK = 10,
	DT_SOCK = 12
};

/* readdir: @emit returns false when the program's buffer is full. */
struct dir_context {
	bool (*emit)(struct dir_context *ctx, const char *name, u32 len,
		     u64 ino, u8 type);
	loff_t pos; /* of the entry given to emit; then of the next one */
};

#endif
