/* SPDX-License-Identifier: MIT */
/*
 * The 8237's signals: a device on channel 2 gives three bytes, and each step
 * is one clock. The driver is the bare machine's (port/i386/dma8237.c), the
 * chip the paper machine's (port/sim/dma8237.c); the picture is what was on
 * its wires.
 */
#include <ashlar/gfp.h>
#include <ashlar/mm.h>
#include <ashlar/printf.h>
#include <ashlar/string.h>
#include "../../port/i386/dma8237.h"
#include "../../port/sim/dma8237.h"
#include "../../port/sim/sim.h"
#include "picture.h"
#include "signals.h"

#define CHANNEL 2u
#define MOST 40u /* clocks */

static struct device {
	struct sim_dma_device dev; /* first */
	unsigned int left;
} device;

static unsigned int clocks;
static bool demand;
static bool booted, requested;

static bool asks(struct sim_dma_device *dev)
{
	return ((struct device *)dev)->left != 0;
}

static u16 gives(struct sim_dma_device *dev)
{
	struct device *d = (struct device *)dev;

	return (u16)('A' + BYTES - d->left--);
}

static void takes(struct sim_dma_device *dev, u16 v)
{
	(void)dev;
	(void)v;
}

static void ends(struct sim_dma_device *dev)
{
	dev->irq = true;
}

/* The transfer from its beginning, and so many clocks of it. */
void dma_replay(unsigned int n, bool on_demand)
{
	static struct page *page;
	unsigned int mode = DMA_MODE_READ & ~(on_demand ? DMA_DEMAND : 0u);

	if (!booted)
		course_boot();
	booted = true;
	if (!page)
		page = alloc_pages(GFP_KERNEL | GFP_DMA, 0);
	device = (struct device){ { asks, gives, takes, ends, false }, BYTES };
	if (requested)
		free_dma(CHANNEL);
	sim_dma_power_on();
	dma8237_init();
	requested = request_dma(CHANNEL, "device") == 0;
	sim_dma_attach(CHANNEL, &device.dev);
	sim_dma_watch(CHANNEL);
	dma_start(CHANNEL, mode, (u32)page_to_pfn(page) << PAGE_SHIFT, BYTES);
	sim_dma_run(n);
}

static void start(void)
{
	clocks = 0;
	demand = false;
	dma_replay(0, demand);
	tell("The driver has said where the bytes go and how many there are. "
	     "The device has a byte, and raises DREQ.");
}

/* "HRQ+" and the like, in words. */
static const char *const words[][2] = {
	{ "DREQ+", "DREQ rises: the device asks." },
	{ "DREQ-", "DREQ falls: the device has no more." },
	{ "HRQ+", "HRQ rises: the controller asks the processor for the bus." },
	{ "HRQ-", "HRQ falls: the controller gives the bus back." },
	{ "HLDA+", "HLDA rises: the processor lets the bus go." },
	{ "HLDA-", "HLDA falls: the processor has the bus again." },
	{ "DACK+", "DACK rises: it is this device's turn, and the address is "
		   "on the bus." },
	{ "DACK-", "DACK falls." },
	{ "IOR+", "IOR: the device puts its byte on the bus." },
	{ "IOR-", "IOR ends." },
	{ "MEMW+", "MEMW: memory takes it; the count goes down." },
	{ "MEMW-", "MEMW ends." },
	{ "TC+", "TC: the count has run out. That was the last." },
	{ "TC-", "TC ends." },
	{ "IRQ+", "IRQ: the device tells the processor that it is done." },
};

static char told[600];

/* @edge, of @n characters, in words. */
static void add_words(const char *edge, size_t n)
{
	size_t have = strlen(told);

	for (unsigned int i = 0; i < ARRAY_SIZE(words); i++)
		if (!ashlar_strncmp(words[i][0], edge, n) &&
		    words[i][0][n] == '\0')
			ashlar_snprintf(told + have, sizeof(told) - have,
					"%s%s", have ? " " : "", words[i][1]);
}

/* The edges that were not there a clock before. */
static void tell_edges(const char *before, const char *now)
{
	const char *at = now + strlen(before);
	size_t n;

	told[0] = '\0';
	while (*at) {
		at += *at == ' ';
		for (n = 0; at[n] && at[n] != ' '; n++)
			;
		add_words(at, n);
		at += n;
	}
	tell("%s", told[0] ? told : "Nothing changes in this clock.");
}

static bool step(const char *what, unsigned long n)
{
	static char before[600], now[600];

	if (same(what, "demand") || same(what, "single")) {
		demand = same(what, "demand");
		clocks = 0;
		dma_replay(0, demand);
		tell("From the start, %s.",
		     demand ? "on demand: the bus is kept while DREQ is high" :
			      "in single mode: the bus goes back after each "
			      "byte");
		return true;
	}
	if (!same(what, "clock") || clocks + n > MOST)
		return false;
	sim_dma_edges(before, sizeof(before));
	clocks += n ? (unsigned int)n : 1;
	dma_replay(clocks, demand);
	sim_dma_edges(now, sizeof(now));
	tell_edges(before, now);
	return true;
}

/* A line of sim_dma_diagram(): "  HRQ ▁▁▔▔", three bytes a clock. */
static const char *draw_wire(const char *line)
{
	while (*line == ' ')
		line++;
	row("%.*s", (int)(line[3] == ' ' ? 3 : line[4] == ' ' ? 4 : 2), line);
	while (*line != ' ')
		line++;
	for (line++; *line && *line != '\n'; line += 3)
		cell(line[2] == '\x94' ? HIGH : LOW, 1, "%.3s", line);
	return *line ? line + 1 : line;
}

static void draw(void)
{
	static char text[4000];
	const char *line = text;

	sim_dma_diagram(text, sizeof(text));
	while (*line)
		line = draw_wire(line);
	row("clock");
	cell(PLAIN, 1, "%u", clocks);
	row("to come");
	cell(PLAIN, 1, "%u bytes, %u in the count", device.left,
	     get_dma_residue(CHANNEL));
	button("clock", 1, "one clock");
	button("clock", 8, "eight clocks");
	button("single", NO_NUMBER, "again, single");
	button("demand", NO_NUMBER, "again, on demand");
}

const struct scene scene_dma = {
	.name = "dma",
	.title = "The 8237's signals",
	.start = start,
	.step = step,
	.draw = draw,
};
