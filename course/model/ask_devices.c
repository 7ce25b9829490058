/* SPDX-License-Identifier: MIT */
/* Exercises about devices and about what is available: lessons 17 and 33. */
#include <ashlar/string.h>
#include "../../mm/report/report.h"
#include "../../port/i386/dma8237.h"
#include "../../port/sim/dma8237.h"
#include "exercise.h"
#include "picture.h"
#include "signals.h"

/* ---- 17: DMA ---- */

#define EDGES 1200

/* The first @n edges of a transfer; *next is the one behind them. */
static void ask_edge(char *edges, unsigned int n, bool demand)
{
	char *at = edges, *end;

	while (n-- && *at) {
		while (*at && *at != ' ')
			at++;
		at += *at == ' ';
	}
	for (end = at; *end && *end != ' ';)
		end++;
	*end = '\0';
	at[-1] = '\0';
	ask("A device gives %u bytes by DMA, %s. These signals have changed so "
	    "far, + up and - down:\n%s\nWhich is the next? as HRQ+",
	    BYTES, demand ? "on demand" : "one for each request", edges);
	answer("%s", at);
	because("The device asks (DREQ), the controller asks for the bus "
		"(HRQ), gets it (HLDA), says so (DACK), and moves a byte (IOR, "
		"MEMW).");
}

void ask_dma(void)
{
	static char edges[EDGES];
	bool demand = draw_below(2);
	u32 addr, bytes;
	int err;

	dma_replay(60, demand);
	sim_dma_edges(edges, sizeof(edges));
	ask_edge(edges, 2 + (unsigned int)draw_below(18), demand);
	for (int i = 0; i < 2; i++) {
		addr = 0x10000u * (1 + (u32)draw_below(30)) +
		       (u32)draw_below(0x10000);
		bytes = 2 + (u32)draw_below(0x8000);
		err = dma_start(2, DMA_MODE_READ, addr, bytes);
		ask("A buffer of %u bytes lies at physical %#x. Can the 8237 "
		    "fill it in one transfer? yes or no",
		    bytes, addr);
		answer("%s", err ? "no" : "yes");
		because("The controller counts 16 bits of the address up, and "
			"its page register stays: no transfer may cross a "
			"multiple of 64 kB. The last byte is at %#x.",
			addr + bytes - 1);
	}
}

/* ---- 33: MemAvailable ---- */

void ask_meminfo(void)
{
	struct mm_totals t;
	unsigned long half;

	course_boot();
	for (int i = 0; i < 2; i++) {
		memset(&t, 0, sizeof(t));
		t.free = 2000 + draw_below(20000);
		t.wmark_low = 200 + draw_below(800);
		t.file_lru = draw_below(30000);
		t.slab_reclaimable = i ? draw_below(3000) : 0;
		totals_finish(&t);
		half = t.file_lru / 2;
		ask("In frames of 4 kB: free %lu, Active(file) and "
		    "Inactive(file) together %lu, SReclaimable %lu, low "
		    "watermark %lu. What is MemAvailable, in frames?",
		    t.free, t.file_lru, t.slab_reclaimable, t.wmark_low);
		answer("%lu", t.available);
		because("free - low, plus the files' pages less min(half of "
			"them, low) = min(%lu, %lu), and the same for "
			"SReclaimable.",
			half, t.wmark_low);
	}
}
