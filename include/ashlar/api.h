/* SPDX-License-Identifier: MIT */
/*
 * What every header of the API stands on: the types in its signatures, and
 * how its functions are linked. A program meets all of these names, so there
 * are no others here than the language's, Linux's, and ASHLAR_*.
 */
#ifndef ASHLAR_API_H
#define ASHLAR_API_H

/* As <stddef.h> and <stdbool.h> have them; C99 minds a second typedef. */
__extension__ typedef __SIZE_TYPE__ size_t;

#if !defined(__cplusplus) && __STDC_VERSION__ < 202311L && !defined(bool)
#define bool _Bool
#define true 1
#define false 0
#endif

/* Allocation flags, see <ashlar/gfp.h>. */
typedef unsigned int gfp_t;
/* Flags of a slab cache, see <ashlar/slab.h>. */
typedef unsigned int slab_flags_t;
/* Where memory is for a device, and where it is on the bus. */
typedef unsigned long dma_addr_t;
typedef __UINT64_TYPE__ phys_addr_t;

/*
 * The link name of a public function carries a prefix, so that a program
 * linked with the library may define, say, its own kmalloc.
 */
#define ASHLAR_API(name) \
	__asm__("ashlar_" #name) __attribute__((__visibility__("default")))
/* One whose name in C has that prefix already. */
#define ASHLAR_PUBLIC __attribute__((__visibility__("default")))
#define ASHLAR_PRINTF(format, first) \
	__attribute__((__format__(__printf__, format, first)))

#endif
