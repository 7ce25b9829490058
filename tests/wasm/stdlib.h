/* SPDX-License-Identifier: MIT */
/* What tests use of a host's <stdlib.h>, in a module. */
#ifndef ASHLAR_TESTS_WASM_STDLIB_H
#define ASHLAR_TESTS_WASM_STDLIB_H

#include <ashlar/types.h>

void *calloc(size_t n, size_t size);
void free(void *p);

#endif
