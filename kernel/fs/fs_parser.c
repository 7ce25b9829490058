/* SPDX-License-Identifier: MIT */
/* Options of a mount: "KEY=VALUE,KEY,…", and what values look like. */
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/string.h>
#include <kernel/fs/fs_parser.h>
#include <kernel/fs/stat.h>
#include <kernel/printk.h>

/* Bits that a unit behind a number shifts it by; 0: it is no unit. */
static u32 unit_shift(char c)
{
	switch (c | 0x20) {
	case 'k':
		return 10;
	case 'm':
		return 20;
	case 'g':
		return 30;
	}
	return 0;
}

/**
 * fs_parse_size() - "4096", "16m", or "50%" of something
 * @s: the value
 * @len: its bytes
 * @whole: what a percentage is of
 * @bytes: where to
 *
 * Return: false if it is something else.
 */
bool fs_parse_size(const char *s, u32 len, u64 whole, u64 *bytes)
{
	const char *end = s + len;
	u32 shift = 0;
	u64 n = 0;

	if (!len)
		return false;
	while (s < end && *s >= '0' && *s <= '9')
		n = n * 10 + (u32)(*s++ - '0');
	if (s < end && *s == '%') {
		n = whole / 100 * n;
		s++;
	} else if (s < end) {
		shift = unit_shift(*s);
		s += shift != 0;
	}
	*bytes = n << shift;
	return s == end;
}

/**
 * fs_parse_octal() - access rights
 * @s: the value
 * @len: its bytes
 * @mode: where to
 *
 * Return: false if it is something else.
 */
bool fs_parse_octal(const char *s, u32 len, umode_t *mode)
{
	u32 n = 0;

	if (!len)
		return false;
	for (; len; len--, s++) {
		if (*s < '0' || *s > '7' || n > S_IALLUGO)
			return false;
		n = n * 8 + (u32)(*s - '0');
	}
	*mode = (umode_t)(n & S_IALLUGO);
	return true;
}

/** fs_option_is() - true if the @len bytes at @s are @name. */
bool fs_option_is(const char *s, u32 len, const char *name)
{
	return strlen(name) == len && memcmp(s, name, len) == 0;
}

/* Bytes of @s before @c, or before its end. */
static u32 length_to(const char *s, u32 len, char c)
{
	u32 n = 0;

	while (n < len && s[n] && s[n] != c)
		n++;
	return n;
}

/**
 * fs_parse_options() - all options of a mount
 * @fs: what the log calls the filesystem
 * @s: the text, or NULL
 * @option: takes one of them
 * @what: for @option
 *
 * What is wrong with it is told in the log. Return: 0 or -EINVAL.
 */
int fs_parse_options(const char *fs, const char *s, fs_option_fn *option,
		     void *what)
{
	u32 len, key, value;
	enum fs_option how;

	for (; s && *s; s += len + (s[len] == ',')) {
		len = length_to(s, ~0u, ',');
		if (!len)
			continue;
		key = length_to(s, len, '=');
		value = min(key + 1, len);
		how = option(s, key, s + value, len - value, what);
		if (how == FS_OPTION_PARSED)
			continue;
		printk(KERN_ERR "%s: %s '%.*s'\n", fs,
		       how == FS_OPTION_BAD ? "Bad value for" :
					      "Unknown parameter",
		       (int)key, s);
		return -EINVAL;
	}
	return 0;
}
