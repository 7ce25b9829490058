/* SPDX-License-Identifier: MIT */
/*
 * Probes for tracers (bpftrace, perf, gdb, SystemTap), under the names of the
 * kernel's tracepoints.
 *
 *   .text                       .note.stapsdt
 *   | … │ ret │ … |  ◄───────── | address | "ashlar" | "kmalloc" | "8@%rax …" |
 *
 * A probe is a note that no program loads: it names an instruction that is
 * there anyway, and the registers that have its arguments there. Other projects
 * put a nop there; here a probe that nobody uses costs no instruction. (Tracers
 * want no nop: they set a breakpoint.) The format is that of SystemTap's
 * user-space probes, which all of them read.
 *
 * A note is bound to the section of its function, so that it goes with a
 * function that a linker throws away.
 */
#ifndef ASHLAR_MACH_TRACE_H
#define ASHLAR_MACH_TRACE_H

#include <ashlar/compiler.h>
#include <ashlar/types.h>

#if __SIZEOF_POINTER__ == 8
#define PROBE_ADDRESS ".8byte "
#define PROBE_WORD "8@"
#else
#define PROBE_ADDRESS ".4byte "
#define PROBE_WORD "4@"
#endif
#define PROBE_INT "4@"

/* By how much the addresses in notes are off, if the file was moved. */
#define PROBE_BASE                                                        \
	".ifndef _.stapsdt.base\n"                                        \
	".pushsection .stapsdt.base,\"aG\",%%progbits,.stapsdt.base,"     \
	"comdat\n"                                                        \
	".weak _.stapsdt.base\n.hidden _.stapsdt.base\n"                  \
	"_.stapsdt.base: .space 1\n.size _.stapsdt.base,1\n.popsection\n" \
	".endif\n"

/* An operand may be wherever the compiler has it: nothing moves it. */
#define PROBE(name, arguments, ...)                                           \
	__asm__ __inline__ __volatile__(                                      \
		".Lprobe%=:\n"                                                \
		".pushsection .note.stapsdt,\"o\",%%note,.Lprobe%=\n"         \
		".balign 4\n.4byte 992f-991f,994f-993f,3\n"                   \
		"991: .asciz \"stapsdt\"\n992: .balign 4\n"                   \
		"993: " PROBE_ADDRESS ".Lprobe%=\n" PROBE_ADDRESS             \
		"_.stapsdt.base\n" PROBE_ADDRESS "0\n"                        \
		".asciz \"ashlar\"\n.asciz \"" name "\"\n.asciz \"" arguments \
		"\"\n994: .balign 4\n.popsection\n" PROBE_BASE                \
		:                                                             \
		: __VA_ARGS__)

static __always_inline void trace_kmalloc(const void *ptr, size_t bytes,
					  unsigned int gfp)
{
	PROBE("kmalloc", PROBE_WORD "%0 " PROBE_WORD "%1 " PROBE_INT "%2",
	      "nr"(ptr), "nr"(bytes), "nr"(gfp));
}

static __always_inline void trace_kfree(const void *ptr)
{
	PROBE("kfree", PROBE_WORD "%0", "nr"(ptr));
}

static __always_inline void
trace_kmem_cache_alloc(const void *ptr, const void *cache, unsigned int gfp)
{
	PROBE("kmem_cache_alloc",
	      PROBE_WORD "%0 " PROBE_WORD "%1 " PROBE_INT "%2", "nr"(ptr),
	      "nr"(cache), "nr"(gfp));
}

static __always_inline void trace_kmem_cache_free(const void *ptr,
						  const void *cache)
{
	PROBE("kmem_cache_free", PROBE_WORD "%0 " PROBE_WORD "%1", "nr"(ptr),
	      "nr"(cache));
}

/* A call found no object at hand, or no room for one. */
static __always_inline void trace_slab_alloc_slow(const void *cache)
{
	PROBE("slab_alloc_slow", PROBE_WORD "%0", "nr"(cache));
}

static __always_inline void trace_slab_free_slow(const void *ptr,
						 const void *cache)
{
	PROBE("slab_free_slow", PROBE_WORD "%0 " PROBE_WORD "%1", "nr"(ptr),
	      "nr"(cache));
}

static __always_inline void
trace_mm_page_alloc(const void *page, unsigned int order, unsigned int gfp)
{
	PROBE("mm_page_alloc", PROBE_WORD "%0 " PROBE_INT "%1 " PROBE_INT "%2",
	      "nr"(page), "nr"(order), "nr"(gfp));
}

static __always_inline void trace_mm_page_free(const void *page,
					       unsigned int order)
{
	PROBE("mm_page_free", PROBE_WORD "%0 " PROBE_INT "%1", "nr"(page),
	      "nr"(order));
}

/* Of frames whose number is no power of two. */
static __always_inline void trace_mm_page_free_run(const void *page,
						   unsigned long nr)
{
	PROBE("mm_page_free_run", PROBE_WORD "%0 " PROBE_WORD "%1", "nr"(page),
	      "nr"(nr));
}

#endif
