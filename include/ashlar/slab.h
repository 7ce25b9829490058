/* SPDX-License-Identifier: MIT */
/*
 * Objects: slab caches and kmalloc. The functions are documented in
 * libashlar(3).
 */
#ifndef ASHLAR_SLAB_H
#define ASHLAR_SLAB_H

#include <ashlar/api.h>
#include <ashlar/gfp.h>

/* Cache flags, with Linux's names. */
#define SLAB_HWCACHE_ALIGN 0x0001u /* objects start on cache lines */
#define SLAB_PANIC 0x0002u /* creation must not fail */
#define SLAB_RECLAIM_ACCOUNT 0x0004u /* objects can be reclaimed */
#define SLAB_CACHE_DMA 0x0008u /* slabs from the DMA zone */
#define SLAB_NO_SHEAVES 0x0010u /* no CPU list: straight to the slabs */
#define SLAB_TYPESAFE_BY_RCU 0x0020u /* accepted: there is no RCU */
#define SLAB_NO_USER_FLAGS 0x0040u /* slub_debug= does not change it */
#define SLAB_NOLEAKTRACE 0x0080u /* kmemleak is not told of its objects */
/* Watched: what slub_debug= asks for, for one cache (ashlar(7)). */
#define SLAB_CONSISTENCY_CHECKS 0x0100u /* F: look at releases at once */
#define SLAB_RED_ZONE 0x0200u /* Z: bytes around each object */
#define SLAB_POISON 0x0400u /* P: known bytes in free objects */
#define SLAB_STORE_USER 0x0800u /* U: who allocated, who freed */
#define SLAB_TRACE 0x1000u /* T: log each call */
#define SLAB_FAILSLAB 0x2000u /* A: failslab= is for these alone */

#define ZERO_SIZE_PTR ((void *)16)
#define ZERO_OR_NULL_PTR(p) ((unsigned long)(p) <= (unsigned long)ZERO_SIZE_PTR)

struct kmem_cache;

/* A cache for the objects of struct @type, named and aligned as that is. */
#define KMEM_CACHE(type, flags)                                     \
	kmem_cache_create(#type, (unsigned int)sizeof(struct type), \
			  (unsigned int)__alignof__(struct type), flags, 0)

#ifdef __cplusplus
extern "C" {
#endif

struct kmem_cache *kmem_cache_create(const char *name, unsigned int size,
				     unsigned int align, slab_flags_t flags,
				     void (*ctor)(void *))
	ASHLAR_API(kmem_cache_create);
void kmem_cache_destroy(struct kmem_cache *s) ASHLAR_API(kmem_cache_destroy);
int kmem_cache_shrink(struct kmem_cache *s) ASHLAR_API(kmem_cache_shrink);
unsigned long kmem_cache_validate(struct kmem_cache *s)
	ASHLAR_API(kmem_cache_validate);
int setup_slub_debug(const char *str) ASHLAR_API(setup_slub_debug);
unsigned int kmem_cache_size(struct kmem_cache *s) ASHLAR_API(kmem_cache_size);

void *kmem_cache_alloc(struct kmem_cache *s, gfp_t gfp)
	ASHLAR_API(kmem_cache_alloc);
void *kmem_cache_zalloc(struct kmem_cache *s, gfp_t gfp)
	ASHLAR_API(kmem_cache_zalloc);
void kmem_cache_free(struct kmem_cache *s, void *obj)
	ASHLAR_API(kmem_cache_free);
int kmem_cache_alloc_bulk(struct kmem_cache *s, gfp_t gfp, size_t n, void **p)
	ASHLAR_API(kmem_cache_alloc_bulk);
void kmem_cache_free_bulk(struct kmem_cache *s, size_t n, void **p)
	ASHLAR_API(kmem_cache_free_bulk);

void *kmalloc(size_t size, gfp_t gfp) ASHLAR_API(kmalloc);
void *kzalloc(size_t size, gfp_t gfp) ASHLAR_API(kzalloc);
void *kmalloc_array(size_t n, size_t size, gfp_t gfp) ASHLAR_API(kmalloc_array);
void *kcalloc(size_t n, size_t size, gfp_t gfp) ASHLAR_API(kcalloc);
void *krealloc(const void *p, size_t new_size, gfp_t gfp) ASHLAR_API(krealloc);
void kfree(const void *p) ASHLAR_API(kfree);
size_t ksize(const void *p) ASHLAR_API(ksize);

void *kvmalloc(size_t size, gfp_t gfp) ASHLAR_API(kvmalloc);
void kvfree(const void *p) ASHLAR_API(kvfree);
/* Of a process alone (port/user/kvmalloc.c). */
void *kvzalloc(size_t size, gfp_t gfp) ASHLAR_API(kvzalloc);
void *kvmalloc_array(size_t n, size_t size, gfp_t gfp)
	ASHLAR_API(kvmalloc_array);
void *kvcalloc(size_t n, size_t size, gfp_t gfp) ASHLAR_API(kvcalloc);
void *kvrealloc(const void *p, size_t oldsize, size_t newsize, gfp_t gfp)
	ASHLAR_API(kvrealloc);

char *kstrdup(const char *s, gfp_t gfp) ASHLAR_API(kstrdup);
void *kmemdup(const void *src, size_t len, gfp_t gfp) ASHLAR_API(kmemdup);
char *kvasprintf(gfp_t gfp, const char *fmt, __builtin_va_list ap)
	ASHLAR_API(kvasprintf) ASHLAR_PRINTF(2, 0);
char *kasprintf(gfp_t gfp, const char *fmt, ...) ASHLAR_API(kasprintf)
	ASHLAR_PRINTF(2, 3);

#ifdef __cplusplus
}
#endif

#endif
