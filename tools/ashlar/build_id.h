/* SPDX-License-Identifier: MIT */
/* The number that the linker gave to an ELF file, wherever its bytes are. */
#ifndef ASHLAR_TOOLS_BUILD_ID_H
#define ASHLAR_TOOLS_BUILD_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct build_id {
	size_t size; /* bytes */
	unsigned char bytes[32];
};

bool build_id_read(int fd, uint64_t start, struct build_id *id);

#endif
