/* SPDX-License-Identifier: MIT */
/* What a shared heap's blocks take: ashlar slabinfo --heap. */
#ifndef ASHLAR_TOOLS_SHARED_HEAP_H
#define ASHLAR_TOOLS_SHARED_HEAP_H

#include <stdbool.h>

int shared_heap_print(const char *heap, bool json);

#endif
