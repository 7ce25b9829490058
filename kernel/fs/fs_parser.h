/* SPDX-License-Identifier: MIT */
/* Options of a mount. Code: kernel/fs/fs_parser.c. */
#ifndef KERNEL_FS_FS_PARSER_H
#define KERNEL_FS_FS_PARSER_H

#include <ashlar/fs.h>

enum fs_option { FS_OPTION_PARSED, FS_OPTION_BAD, FS_OPTION_UNKNOWN };

/* @key has @key_len bytes; @len of its value are at @s. */
typedef enum fs_option fs_option_fn(const char *key, u32 key_len, const char *s,
				    u32 len, void *what);

int fs_parse_options(const char *fs, const char *s, fs_option_fn *option,
		     void *what);
bool fs_option_is(const char *s, u32 len, const char *name);
bool fs_parse_size(const char *s, u32 len, u64 whole, u64 *bytes);
bool fs_parse_octal(const char *s, u32 len, umode_t *mode);

#endif
