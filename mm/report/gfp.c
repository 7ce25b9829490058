/* SPDX-License-Identifier: MIT */
/*
 * gfp flags as Linux's log has them: "0x100cca(GFP_HIGHUSER_MOVABLE)".
 *
 * The bits here are others than Linux's, and fewer: the number that is printed
 * is Linux's for the same request, so that it can be looked up.
 */
#include <ashlar/printf.h>
#include "report.h"

/* A set of flags here, all of them, and the same there. */
struct gfp_name {
	gfp_t here;
	u32 there;
	const char *name;
};

/* Sets before what they are made of: the first that fits is taken. */
static const struct gfp_name names[] = {
	{ GFP_HIGHUSER_MOVABLE, 0x100cca, "GFP_HIGHUSER_MOVABLE" },
	{ GFP_HIGHUSER, 0x100cc2, "GFP_HIGHUSER" },
	{ GFP_KERNEL, 0xcc0, "GFP_KERNEL" },
	{ GFP_ATOMIC, 0xa20, "GFP_ATOMIC" },
	{ __GFP_DMA, 0x1, "GFP_DMA" },
	{ __GFP_HIGHMEM, 0x2, "__GFP_HIGHMEM" },
	{ __GFP_NOWARN, 0x2000, "__GFP_NOWARN" },
	{ __GFP_NOFAIL, 0x8000, "__GFP_NOFAIL" },
	{ __GFP_NORETRY, 0x10000, "__GFP_NORETRY" },
	{ __GFP_ZERO, 0x100, "__GFP_ZERO" },
	{ __GFP_NOMEMALLOC, 0x80000, "__GFP_NOMEMALLOC" },
	{ __GFP_MEMALLOC, 0x20000, "__GFP_MEMALLOC" },
	{ __GFP_RECLAIMABLE, 0x10, "__GFP_RECLAIMABLE" },
	{ __GFP_MOVABLE, 0x8, "__GFP_MOVABLE" },
};

static void add(char *buf, size_t size, const char *name)
{
	size_t used = __builtin_strlen(buf);

	ashlar_snprintf(buf + used, size - used, "%s%s", used ? "|" : "", name);
}

/**
 * format_gfp() - flags of an allocation, as Linux prints them
 * @buf: receives the text
 * @size: its size in bytes; GFP_TEXT is enough
 * @gfp: GFP_*
 * @order: of the request
 */
void format_gfp(char *buf, size_t size, gfp_t gfp, unsigned int order)
{
	char set[GFP_TEXT] = "";
	u32 there = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if ((gfp & names[i].here) != names[i].here)
			continue;
		there |= names[i].there;
		gfp &= ~names[i].here;
		add(set, sizeof(set), names[i].name);
	}
	if (!there)
		add(set, sizeof(set), "GFP_NOWAIT");
	if (order) {
		there |= 0x40000;
		add(set, sizeof(set), "__GFP_COMP");
	}
	ashlar_snprintf(buf, size, "%#x(%s)", there ? there : 0x800, set);
}
