/* SPDX-License-Identifier: MIT */
/* Bytes as rows of text. */
#include <string.h>

#include <ashlar/hexdump.h>
#include "../harness.h"

TEST(a_row_of_bytes)
{
	char row[HEX_ROW_CHARS];

	hex_dump_row(row, "Hello, world.\n\0\xff", 16);
	CHECK_EQ(strcmp(row, "48 65 6c 6c 6f 2c 20 77 6f 72 6c 64 2e 0a 00 ff"
			     "  Hello, world...."),
		 0);
	hex_dump_row(row, "~ \x7f", 3);
	CHECK_EQ(strncmp(row, "7e 20 7f   ", 11), 0);
	CHECK_EQ(strcmp(row + 49, "~ ."), 0);
	CHECK_EQ(row[48], ' ');
	hex_dump_row(row, "", 0);
	CHECK_EQ(strlen(row), 49);
}
