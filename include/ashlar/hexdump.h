/* SPDX-License-Identifier: MIT */
/* Bytes as text. Code: lib/hexdump.c. */
#ifndef ASHLAR_HEXDUMP_H
#define ASHLAR_HEXDUMP_H

#include <ashlar/types.h>

#define HEX_ROW_BYTES 16
#define HEX_ROW_CHARS (4 * HEX_ROW_BYTES + 2) /* with the 0 at its end */

void hex_dump_row(char row[HEX_ROW_CHARS], const void *p, size_t n);

#endif
