/* SPDX-License-Identifier: MIT */
/* The DMA transfer of the course, for its picture and its exercise. */
#ifndef COURSE_SIGNALS_H
#define COURSE_SIGNALS_H

#include <ashlar/types.h>

#define BYTES 3u

/* A device gives BYTES bytes; its first @n clocks. Machine: the course's. */
void dma_replay(unsigned int n, bool on_demand);

#endif
