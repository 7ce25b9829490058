/* SPDX-License-Identifier: MIT */
/* How much of a process's addresses is in memory: present.c. */
#ifndef ASHLAR_TOOLS_PRESENT_H
#define ASHLAR_TOOLS_PRESENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct present {
	int pagemap; /* /proc/PID/pagemap */
	uint64_t page; /* bytes of the host's */
	bool scans; /* its tables can be asked, and say what smaps would */
};

bool present_open(struct present *p, pid_t pid);
void present_close(struct present *p);
uint64_t present_bytes(struct present *p, uint64_t start, uint64_t end);

#endif
