/* SPDX-License-Identifier: MIT */
/* What a process had mapped at one moment, and the files of it. */
#ifndef ASHLAR_TOOLS_MAPPED_H
#define ASHLAR_TOOLS_MAPPED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mapping {
	uint64_t start, end, offset;
	const char *path; /* in symbols.maps */
};

struct symbols {
	char *maps; /* /proc/PID/maps, cut into lines */
	struct mapping *mapping; /* ascending; of files only */
	size_t nr;
	int root; /* /proc/PID/root, or -1 */
	int memory; /* /proc/PID/mem, or -1 */
};

/* The mapping that @pc lies in; NULL: in no file's. */
const struct mapping *mapping_at(const struct symbols *s, uint64_t pc);

/* The mapping that begins last at or before @address; NULL: none does. */
const struct mapping *mapping_before(const struct symbols *s, uint64_t address);

/* The mapping of the same file that its first page lies in. */
const struct mapping *mapping_first(const struct symbols *s,
				    const struct mapping *m);

/* The file as the process would open it, in its root; -1: it cannot be. */
int mapping_open(const struct symbols *s, const struct mapping *m);

/* True if the process and the file say the same of themselves, or nothing. */
bool mapping_is_of(const struct symbols *s, const struct mapping *m, int fd);

/* The address that the file itself gives to what is mapped at @pc. */
uint64_t mapping_address(const struct mapping *m, int fd, uint64_t pc);

#endif
