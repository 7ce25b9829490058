/* SPDX-License-Identifier: MIT */
/*
 * What Linux's tests of its allocator call of Linux, in terms of Ashlar: each
 * of the headers that they include becomes this one (../../linux-kunit).
 *
 *   slab, pages, vmalloc    ─► Ashlar's own
 *   mem*, str*, bits        ─► ../strings.c: every access is looked at
 *   kasan                   ─► reports are counted by ../runner.c
 */
#ifndef ASHLAR_LINUX_SHIM_H
#define ASHLAR_LINUX_SHIM_H

#include <ashlar/compiler.h>
#include <ashlar/mm.h>
#include <ashlar/mm_types.h>
#include <ashlar/slab.h>
#include <ashlar/types.h>
#include <ashlar/vmalloc.h>
#include <kernel/time/clock.h>
#include <mm/slab.h>

/* ---- configuration ---- */

#define CONFIG_SLUB 1
#define CONFIG_KASAN_GENERIC 1
#define CONFIG_KASAN_VMALLOC 1

/* 1 if @config is defined as 1, and 0 if it is not defined. */
#define SHIM_COMMA_IF_1 ,
#define SHIM_SECOND(a, b, ...) b
#define SHIM_IS_ONE(x) SHIM_SECOND(x 1, 0, 0)
#define SHIM_PASTE(value) SHIM_IS_ONE(SHIM_COMMA_IF_##value)
#define IS_ENABLED(config) SHIM_PASTE(config)
#define IS_MODULE(config) 0

#define MODULE_LICENSE(name) struct kmem_cache

/* ---- words of Linux's C ---- */

#define BITS_PER_BYTE 8
#define BITS_PER_LONG (8 * (int)sizeof(long))
#define OPTIMIZER_HIDE_VAR(v) __asm__("" : "+r"(v))
#define RELOC_HIDE(p, bytes) ((__typeof__(p))((unsigned long)(p) + (bytes)))
#define round_up(x, n) ALIGN(x, (__typeof__(x))(n))
#define round_down(x, n) ALIGN_DOWN(x, (__typeof__(x))(n))
#define offset_in_page(p) ((unsigned long)(p) & ~PAGE_MASK)
#define migrate_disable()
#define migrate_enable()

/* ---- the allocator ---- */

#define SLAB_ACCOUNT 0u
#define kmalloc_node(size, gfp, node) kmalloc(size, gfp)

void kfree_sensitive(const void *p);

/* Where a free object points to the next one: nowhere (../../linux-kunit.cases,
 * test_next_pointer). */
#define offset object_size

/*
 * Linux's counter counts reports, and what was put right; kmem_cache_validate()
 * says how much that was.
 */
void validate_slab_cache(struct kmem_cache *s);

/* ---- accesses that are looked at ---- */

void *shim_memset(void *p, int c, size_t n);
void *shim_memmove(void *to, const void *from, size_t n);
void *shim_memchr(const void *p, int c, size_t n);
int shim_memcmp(const void *a, const void *b, size_t n);
char *shim_strchr(const char *s, int c);
char *shim_strrchr(const char *s, int c);
int shim_strcmp(const char *a, const char *b);
int shim_strncmp(const char *a, const char *b, size_t n);
size_t shim_strlen(const char *s);
size_t shim_strnlen(const char *s, size_t n);

#define memset shim_memset
#define memmove shim_memmove
#define memchr shim_memchr
#define memcmp shim_memcmp
#define strchr shim_strchr
#define strrchr shim_strrchr
#define strcmp shim_strcmp
#define strncmp shim_strncmp
#define strlen shim_strlen
#define strnlen shim_strnlen

/* Each is of the whole word, as the processor's instruction would be. */
enum bit_operation { BIT_TEST, BIT_SET, BIT_CLEAR, BIT_CHANGE };

bool shim_bit(int nr, void *addr, enum bit_operation op);

#define test_bit(nr, addr) shim_bit(nr, addr, BIT_TEST)
#define set_bit(nr, addr) shim_bit(nr, addr, BIT_SET)
#define __set_bit set_bit
#define clear_bit(nr, addr) shim_bit(nr, addr, BIT_CLEAR)
#define __clear_bit clear_bit
#define clear_bit_unlock clear_bit
#define __clear_bit_unlock clear_bit
#define change_bit(nr, addr) shim_bit(nr, addr, BIT_CHANGE)
#define __change_bit change_bit
#define test_and_set_bit set_bit
#define __test_and_set_bit set_bit
#define test_and_set_bit_lock set_bit
#define test_and_clear_bit clear_bit
#define __test_and_clear_bit clear_bit
#define test_and_change_bit change_bit
#define __test_and_change_bit change_bit

/* ---- KASAN ---- */

#define KASAN_GRANULE_SIZE 8

struct kunit_kasan_status {
	bool report_found;
	bool sync_fault;
};

static inline bool kasan_enabled(void)
{
	return true;
}

/* Every report is made, always. */
static inline bool kasan_save_enable_multi_shot(void)
{
	return false;
}

static inline void kasan_restore_multi_shot(bool enabled)
{
	(void)enabled;
}

static inline void kasan_disable_current(void)
{
}

static inline void kasan_enable_current(void)
{
}

/*
 * For the modes that keep a tag in a pointer: their cases have to compile, and
 * skip themselves.
 */
#define KASAN_TAG_KERNEL 0xff
#define KASAN_TAG_MIN 0xf0
#define kasan_sync_fault_possible() false
#define kasan_async_fault_possible() false
#define kasan_force_async_fault()
#define kasan_enable_tagging()
#define kasan_poison(p, bytes, tag, init)
#define get_tag(p) 0
#define set_tag(p, tag) (p)
#define prandom_u32_max(n) 0
#define set_memory_ro(addr, pages) 0
#define set_memory_rw(addr, pages) 0
#define vm_map_ram(pages, nr, node) NULL
#define vm_unmap_ram(p, nr)

#endif
