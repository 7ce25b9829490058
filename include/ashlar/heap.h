/* SPDX-License-Identifier: MIT */
/*
 * Shared heaps: memory that unrelated processes allocate from together, in a
 * segment that each maps where it likes. The functions are documented in
 * libashlar(3).
 *
 * A reference is a block's offset in its segment, the same in all processes;
 * 0 is none. What lies in a heap refers to other blocks by references.
 */
#ifndef ASHLAR_HEAP_H
#define ASHLAR_HEAP_H

#include <ashlar/api.h>

/* A process's handle. */
struct ashlar_heap;

/* What a heap's blocks of one size take. */
struct ashlar_heap_class {
	size_t size; /* bytes of a block; 0: of those with pages of their own */
	unsigned long in_use,
		blocks; /* blocks: those in use, and free places */
	unsigned long slabs, pages; /* of 8 KiB; one slab has one page */
};

__extension__ typedef unsigned long long ashlar_heap_ref;

#ifdef __cplusplus
extern "C" {
#endif

ASHLAR_PUBLIC int ashlar_heap_create(struct ashlar_heap **heap,
				     const char *name, size_t size);
ASHLAR_PUBLIC int ashlar_heap_open(struct ashlar_heap **heap, const char *name);
ASHLAR_PUBLIC int ashlar_heap_open_fd(struct ashlar_heap **heap, int fd);
ASHLAR_PUBLIC int ashlar_heap_create_at(struct ashlar_heap **heap,
					void *segment, size_t size);
ASHLAR_PUBLIC int ashlar_heap_open_at(struct ashlar_heap **heap, void *segment,
				      size_t size);
ASHLAR_PUBLIC int ashlar_heap_fd(const struct ashlar_heap *heap);
ASHLAR_PUBLIC void ashlar_heap_close(struct ashlar_heap *heap);
ASHLAR_PUBLIC int ashlar_heap_destroy(struct ashlar_heap *heap);
ASHLAR_PUBLIC const char *ashlar_heap_error(int err);

ASHLAR_PUBLIC void *ashlar_heap_alloc(struct ashlar_heap *heap, size_t size);
ASHLAR_PUBLIC int ashlar_heap_free(struct ashlar_heap *heap, void *p);
ASHLAR_PUBLIC void *ashlar_heap_alloc_to(struct ashlar_heap *heap, size_t size,
					 ashlar_heap_ref *where);
ASHLAR_PUBLIC int ashlar_heap_free_from(struct ashlar_heap *heap,
					ashlar_heap_ref *where);
ASHLAR_PUBLIC size_t ashlar_heap_usable_size(struct ashlar_heap *heap,
					     const void *p);

ASHLAR_PUBLIC ashlar_heap_ref ashlar_heap_ref_of(const struct ashlar_heap *heap,
						 const void *p);
ASHLAR_PUBLIC void *ashlar_heap_pointer(const struct ashlar_heap *heap,
					ashlar_heap_ref ref);
ASHLAR_PUBLIC void *ashlar_heap_root(const struct ashlar_heap *heap);
ASHLAR_PUBLIC ashlar_heap_ref *
ashlar_heap_root_ref(const struct ashlar_heap *heap);

ASHLAR_PUBLIC int ashlar_heap_repair(struct ashlar_heap *heap);
ASHLAR_PUBLIC int ashlar_heap_validate(struct ashlar_heap *heap);
ASHLAR_PUBLIC size_t ashlar_heap_used(struct ashlar_heap *heap, size_t *blocks);
ASHLAR_PUBLIC int ashlar_heap_classes(int fd, struct ashlar_heap_class *classes,
				      size_t nr);

#ifdef __cplusplus
}
#endif

#endif
