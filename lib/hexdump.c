/* SPDX-License-Identifier: MIT */
/*
 * Bytes as text, sixteen in a row, as Linux prints them:
 *
 *   48 65 6c 6c 6f 2c 20 77 6f 72 6c 64 2e 0a 00 6b  Hello, world...k
 */
#include <ashlar/hexdump.h>

/**
 * hex_dump_row() - one row
 * @row: where to; a terminated string
 * @p: the bytes
 * @n: how many, HEX_ROW_BYTES at most; the row is as long for fewer
 */
void hex_dump_row(char row[HEX_ROW_CHARS], const void *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	const u8 *byte = p;
	char *text = row + 3 * HEX_ROW_BYTES + 1, *to = row;
	size_t i;

	for (i = 0; i < 3 * HEX_ROW_BYTES + 1; i++)
		row[i] = ' ';
	for (i = 0; i < n; i++) {
		*to++ = digits[byte[i] >> 4];
		*to++ = digits[byte[i] & 15];
		to++;
		*text++ = byte[i] >= ' ' && byte[i] <= '~' ? (char)byte[i] :
							     '.';
	}
	*text = '\0';
}
