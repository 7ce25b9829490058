/* SPDX-License-Identifier: MIT */
/*
 * The PC's two 8237 DMA controllers on paper: the registers that a driver
 * writes, and the wires that move when a device asks.
 *
 *   device ── DREQ ─▶ controller ── HRQ ──▶ processor     may I have the bus?
 *          ◀─ DACK ──            ◀─ HLDA ──               it is yours
 *                     │ address, IOR + MEMW or MEMR + IOW
 *                     ▼
 *                   memory         count - 1; after 0: TC, and the device
 *                                  interrupts
 *
 *   a clock at a time   SI idle, S0 waits for HLDA, S1 takes the bus, S2 says
 *                       the address and DACK, S3 reads, S4 writes
 *
 * In single mode the bus goes back after each transfer; on demand it is kept
 * while DREQ is high. A channel of the first controller has the bus only if
 * channel 4 of the second, its cascade, listens. Lower channels go first.
 *
 * Simpler than the chip: the processor grants the bus two clocks after it was
 * asked, block mode and software requests are left out, and so are verifying,
 * counting down, and rotating priority.
 *
 * Source: Intel 8237A data sheet.
 */
#include <ashlar/printf.h>
#include <ashlar/string.h>
#include <mach/io.h>
#include <mach/page.h>
#include "dma8237.h"
#include "sim.h"

#define CHANNELS 8u
#define CASCADE 4u
#define MODE_TYPE 0x0cu
#define TYPE_TO_MEMORY 0x04u
#define TYPE_FROM_MEMORY 0x08u
#define MODE_AUTOINIT 0x10u
#define MODE_SINGLE 0x40u
#define MODE_CASCADE 0xc0u
#define GRANT_CLOCKS 2u
#define TRACE_MOST 400u

enum state { SI, S0, S1, S2, S3, S4 };

static struct channel {
	u16 base_addr, base_count, addr, count;
	u8 mode, page;
	bool masked, done;
	struct sim_dma_device *dev;
} channels[CHANNELS];

static bool second_byte[2]; /* a controller's flip-flop */
static enum state state;
static unsigned int active; /* channel that has the bus */
static bool wire[NR_WIRES]; /* of the machine, and of the watched channel */
static bool hrq, hlda, tc;
static unsigned int since_hrq; /* clocks */
static u16 on_the_bus;

static unsigned int watched;
static u16 trace[TRACE_MOST]; /* wires, a bit each, by clock */
static unsigned int clocks;

static const char *const wire_names[NR_WIRES] = {
	"DREQ", "HRQ", "HLDA", "DACK", "IOR", "MEMW", "MEMR", "IOW", "TC", "IRQ"
};

/* ---- registers ---- */

static const u8 page_ports[CHANNELS] = { 0x87, 0x83, 0x81, 0x82,
					 0x8f, 0x8b, 0x89, 0x8a };

/* A half of a 16-bit register goes past; the flip-flop says which. */
static void put_half(u16 *reg, u8 v, bool second)
{
	*reg = second ? (u16)((*reg & 0xff) | v << 8) :
			(u16)((*reg & 0xff00) | v);
}

static void write_count(unsigned int n, unsigned int reg, u8 v)
{
	struct channel *c = &channels[n * 4 + reg / 2];
	bool second = second_byte[n];

	second_byte[n] = !second;
	if (reg & 1) {
		put_half(&c->base_count, v, second);
		c->count = c->base_count;
	} else {
		put_half(&c->base_addr, v, second);
		c->addr = c->base_addr;
	}
}

static void reset(unsigned int n)
{
	second_byte[n] = false;
	for (unsigned int i = 0; i < 4; i++)
		channels[n * 4 + i].masked = true;
}

static void write_control(unsigned int n, unsigned int reg, u8 v)
{
	struct channel *c = &channels[n * 4 + (v & 3)];

	if (reg == 10) {
		c->masked = v & 4;
	} else if (reg == 11) {
		c->mode = v;
	} else if (reg == 12) {
		second_byte[n] = false;
	} else if (reg == 13) {
		reset(n);
	} else {
		sim_fail("8237 %u: register %u is not on this paper", n, reg);
	}
}

/* Which controller and register a port is; false for a page register. */
static bool decode(u16 port, unsigned int *n, unsigned int *reg)
{
	*n = port >= 0xc0;
	*reg = *n ? (port - 0xc0u) / 2 : port;
	return port < 0x10 || (port >= 0xc0 && port < 0xe0 && !(port & 1));
}

void outb(u8 v, u16 port)
{
	unsigned int n, reg;

	if (decode(port, &n, &reg)) {
		if (reg < 8)
			write_count(n, reg, v);
		else
			write_control(n, reg, v);
		return;
	}
	for (unsigned int i = 0; i < CHANNELS; i++)
		if (page_ports[i] == port) {
			channels[i].page = v;
			return;
		}
	sim_fail("nothing answers to port %#x", port);
}

u8 inb(u16 port)
{
	const struct channel *c;
	unsigned int n, reg;
	bool second;
	u16 v;

	if (!decode(port, &n, &reg) || reg >= 8)
		sim_fail("port %#x is not read on this paper", port);
	c = &channels[n * 4 + reg / 2];
	second = second_byte[n];
	second_byte[n] = !second;
	v = reg & 1 ? c->count : c->addr;
	return (u8)(second ? v >> 8 : v);
}

/* ---- wires ---- */

static bool by_words(unsigned int n)
{
	return n > 3;
}

static bool listens(unsigned int n)
{
	const struct channel *c = &channels[n], *cascade = &channels[CASCADE];

	if (c->masked || !c->dev || !c->dev->dreq(c->dev))
		return false;
	return by_words(n) || (!cascade->masked &&
			       (cascade->mode & MODE_CASCADE) == MODE_CASCADE);
}

/* The channel that goes next; CHANNELS if none asks. */
static unsigned int highest(void)
{
	unsigned int n = 0;

	while (n < CHANNELS && !listens(n))
		n++;
	return n;
}

static u8 *memory_at(const struct channel *c)
{
	unsigned int words = by_words((unsigned int)(c - channels));
	u32 page = (u32)(c->page & ~words) << 16;
	u32 phys = page + ((u32)c->addr << words);

	if (phys >> PAGE_SHIFT >= port_ram_pages)
		sim_fail("8237: there is no memory at %#x", phys);
	return (u8 *)pfn_to_virt(phys >> PAGE_SHIFT) + phys % PAGE_SIZE;
}

static bool to_memory(const struct channel *c)
{
	return (c->mode & MODE_TYPE) == TYPE_TO_MEMORY;
}

static void read_strobe(struct channel *c)
{
	if (to_memory(c))
		on_the_bus = c->dev->read(c->dev);
	else if (by_words(active))
		memcpy(&on_the_bus, memory_at(c), sizeof(on_the_bus));
	else
		on_the_bus = *memory_at(c);
}

static void write_strobe(struct channel *c)
{
	if (!to_memory(c))
		c->dev->write(c->dev, on_the_bus);
	else if (by_words(active))
		memcpy(memory_at(c), &on_the_bus, sizeof(on_the_bus));
	else
		*memory_at(c) = (u8)on_the_bus;
	c->addr++;
	tc = c->count-- == 0;
	if (!tc)
		return;
	c->done = true;
	c->dev->terminal_count(c->dev);
	if (c->mode & MODE_AUTOINIT) {
		c->addr = c->base_addr;
		c->count = c->base_count;
	} else {
		c->masked = true;
	}
}

/* After a transfer: is the bus kept for the next? */
static enum state after_transfer(const struct channel *c)
{
	if (!tc && !(c->mode & MODE_SINGLE) && listens(active))
		return S2;
	hrq = false;
	return SI;
}

static enum state next_state(void)
{
	struct channel *c = &channels[active];

	switch (state) {
	case SI:
		/* HLDA must have been seen low. */
		if (wire[WIRE_HLDA] || highest() == CHANNELS)
			return SI;
		hrq = true;
		since_hrq = 0;
		return S0;
	case S0:
		return hlda ? S1 : S0;
	case S1:
		active = highest();
		if (active < CHANNELS)
			return S2;
		hrq = false; /* it has changed its mind */
		return SI;
	case S2:
		return S3;
	case S3:
		write_strobe(c);
		return S4;
	default:
		return after_transfer(c);
	}
}

static void set_wires(void)
{
	const struct channel *c = &channels[watched];
	bool mine = active == watched, moving = mine && state >= S2;
	bool in = to_memory(c);

	wire[WIRE_DREQ] = c->dev && c->dev->dreq(c->dev);
	wire[WIRE_HRQ] = hrq;
	wire[WIRE_HLDA] = hlda;
	wire[WIRE_DACK] = moving;
	wire[WIRE_IOR] = moving && in && state >= S3;
	wire[WIRE_MEMW] = moving && in && state == S4;
	wire[WIRE_MEMR] = moving && !in && state >= S3;
	wire[WIRE_IOW] = moving && !in && state == S4;
	wire[WIRE_TC] = moving && state == S4 && tc;
	wire[WIRE_IRQ] = c->dev && c->dev->irq;
}

static void record(void)
{
	u16 now = 0;

	set_wires();
	for (unsigned int w = 0; w < NR_WIRES; w++)
		now |= (u16)(wire[w] << w);
	if (clocks < TRACE_MOST)
		trace[clocks++] = now;
}

static void clock(void)
{
	state = next_state();
	if (state == S3)
		read_strobe(&channels[active]);
	record();
	/* The processor, between its own bus cycles. */
	if (hrq && !hlda)
		hlda = ++since_hrq >= GRANT_CLOCKS;
	else if (!hrq)
		hlda = false;
}

/* ---- what a test sees ---- */

/** sim_dma_power_on() - all channels masked, no devices */
void sim_dma_power_on(void)
{
	memset(channels, 0, sizeof(channels));
	reset(0);
	reset(1);
	state = SI;
	hrq = hlda = tc = false;
	clocks = 0;
}

/** sim_dma_attach() - a device's DREQ and DACK are those of @channel */
void sim_dma_attach(unsigned int channel, struct sim_dma_device *dev)
{
	channels[channel].dev = dev;
}

/** sim_dma_watch() - record @channel's wires, and the machine's, from now on */
void sim_dma_watch(unsigned int channel)
{
	watched = channel;
	active = channel;
	clocks = 0;
	record();
}

/** sim_dma_run() - let clocks pass until nothing asks and nothing moves */
unsigned int sim_dma_run(unsigned int most)
{
	unsigned int n = 0;

	while (n < most && (state != SI || hlda || highest() < CHANNELS)) {
		clock();
		n++;
	}
	record();
	return n;
}

static bool was(unsigned int at, unsigned int w)
{
	return trace[at] >> w & 1;
}

/** sim_dma_edges() - "DREQ+ HRQ+ …", those of one clock in their order */
void sim_dma_edges(char *buf, size_t size)
{
	size_t n = 0;

	buf[0] = '\0';
	for (unsigned int at = 1; at < clocks; at++)
		for (unsigned int w = 0; w < NR_WIRES; w++)
			if (was(at, w) != was(at - 1, w) && n < size)
				n += (size_t)ashlar_snprintf(
					buf + n, size - n, "%s%s%c",
					n ? " " : "", wire_names[w],
					was(at, w) ? '+' : '-');
}

static bool moved(unsigned int w)
{
	for (unsigned int at = 1; at < clocks; at++)
		if (was(at, w) != was(at - 1, w))
			return true;
	return false;
}

/** sim_dma_diagram() - a line for each wire that moved, a column a clock */
void sim_dma_diagram(char *buf, size_t size)
{
	size_t n = 0;

	buf[0] = '\0';
	for (unsigned int w = 0; w < NR_WIRES; w++) {
		if (!moved(w))
			continue;
		n += (size_t)ashlar_snprintf(buf + n, size - n, "%5s ",
					     wire_names[w]);
		for (unsigned int at = 0; at < clocks && n + 8 < size; at++)
			n += (size_t)ashlar_snprintf(buf + n, size - n, "%s",
						     was(at, w) ? "▔" : "▁");
		n += (size_t)ashlar_snprintf(buf + n, size - n, "\n");
	}
}
