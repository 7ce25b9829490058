/* SPDX-License-Identifier: MIT */
/*
 * What the paper machine is drawn on: a process (host.c here), or a page of a
 * browser (port/wasm/host.c). It has memory and a place for last words.
 */
#ifndef ASHLAR_SIM_HOST_H
#define ASHLAR_SIM_HOST_H

#include <ashlar/types.h>

/* Zeroes, for good; ends the run if there are none left. */
void *host_alloc(size_t align, size_t size);
/* The same for RAM, whose frames sim_host_map() can show elsewhere. */
void *host_ram(size_t size, size_t align);
/* True if it can: a host without pages of 4 KiB shows each frame once. */
bool host_has_windows(void);

/* One line to whoever runs the machine. */
void host_say(const char *line);
/* The same, and the run is over. */
void host_end(const char *line) __attribute__((noreturn));

#endif
