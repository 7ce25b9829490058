/* SPDX-License-Identifier: MIT */
/*
 * Clocks. The time stamp counter says what time it is, after it was compared
 * with the 8254 (1,193,182 Hz) at two moments during boot; how long the machine
 * stood still between them does not matter. The 8254's channel 0 interrupts
 * once, at a time that it is told. The CMOS clock says the date.
 *
 *   ns = ((tsc - tsc at boot) × tsc_mult) >> 22,  tsc_mult = 2^22 × 10^6 / kHz
 */
#include <ashlar/port.h>
#include <mach/io.h>
#include "local.h"

#define PIT_HZ 1193182u
#define PIT_CHANNEL0 0x40
#define PIT_CHANNEL2 0x42
#define PIT_COMMAND 0x43
#define PORT_B 0x61 /* bit 0 gate of channel 2, bit 5 its output */
#define PIT_MAX 0xffffu
#define PIT_MAX_NS (50u * 1000000)
#define CALIBRATE_COUNT (PIT_HZ / 100) /* 10 ms */
#define CALIBRATE_TRIES 20
#define READINGS 8
#define TSC_SHIFT 22

u64 tsc_khz;
static u64 tsc_boot;
static u32 tsc_mult;

struct reading {
	u64 tsc;
	u32 count; /* of channel 2, which counts down */
};

/* Both counters at one moment. A host may stop this machine in the middle of
 * a reading: the quickest of a few counts. */
static struct reading __init read_counters(void)
{
	struct reading best = { 0, 0 };
	u64 start, took, least = ~0ull;
	u32 i, count;

	for (i = 0; i < READINGS; i++) {
		start = rdtsc();
		outb(0x80, PIT_COMMAND); /* hold channel 2's count */
		count = inb(PIT_CHANNEL2);
		count |= (u32)inb(PIT_CHANNEL2) << 8;
		took = rdtsc() - start;
		if (took >= least)
			continue;
		least = took;
		best = (struct reading){ start, count };
	}
	return best;
}

/* True if channel 2 has counted to zero; how often since then is lost. */
static bool __init ran_out(void)
{
	return inb(PORT_B) & 0x20;
}

/* The frequency, from two moments; 0: the second came too late. */
static u64 __init measure_tsc(void)
{
	struct reading from, to;

	outb((inb(PORT_B) & ~2) | 1, PORT_B); /* gate on, speaker off */
	outb(0xb0, PIT_COMMAND); /* channel 2, low and high byte, mode 0 */
	outb(0xff, PIT_CHANNEL2);
	outb(0xff, PIT_CHANNEL2);
	from = read_counters();
	do {
		to = read_counters();
	} while (from.count - to.count < CALIBRATE_COUNT && !ran_out());
	if (ran_out())
		return 0;
	return (to.tsc - from.tsc) * PIT_HZ / (from.count - to.count) / 1000;
}

void __init tsc_init(void)
{
	u32 tries = CALIBRATE_TRIES;

	do {
		tsc_khz = measure_tsc();
	} while (!tsc_khz && --tries);
	if (!tsc_khz) /* a host as bad as that: a guess */
		tsc_khz = 1000000;
	tsc_mult = (u32)((1000000ull << TSC_SHIFT) / tsc_khz);
	tsc_boot = rdtsc();
}

/** port_time_ns() - ns since boot; never goes back */
u64 port_time_ns(void)
{
	u64 ticks = rdtsc() - tsc_boot;

	return ((u64)(u32)ticks * tsc_mult >> TSC_SHIFT) +
	       ((u64)(u32)(ticks >> 32) * tsc_mult << (32 - TSC_SHIFT));
}

unsigned long port_time_ms(void)
{
	return (unsigned long)(port_time_ns() / 1000000);
}

/* What channel 0 counts in @ns, rounded up: an interrupt is not early. */
static u32 pit_count(u64 ns)
{
	if (ns >= PIT_MAX_NS)
		return PIT_MAX;
	return (u32)(((u64)PIT_HZ << 32) / 1000000000u * ns >> 32) + 1;
}

/** port_start_timer() - line 0 interrupts when port_set_timer() says so */
void port_start_timer(void)
{
	outb(0x30, PIT_COMMAND); /* channel 0, low and high byte, mode 0 */
	enable_irq(0);
}

/**
 * port_set_timer() - line 0 interrupts once
 * @ns: of port_time_ns(). If that is past, at once; if it is more than 50 ms
 *      ahead, after those.
 *
 * Context: interrupts off. Takes the place of what was set before.
 */
void port_set_timer(u64 ns)
{
	u64 now = port_time_ns();
	u32 count = pit_count(ns > now ? ns - now : 0);

	outb((u8)count, PIT_CHANNEL0);
	outb((u8)(count >> 8), PIT_CHANNEL0);
}

/* ---- the date ---- */

/** cmos_read() - a byte of what the battery keeps. Interrupts are off. */
u32 cmos_read(u8 reg)
{
	outb(reg, 0x70);
	return inb(0x71);
}

static u32 from_bcd(u32 v)
{
	return (v >> 4) * 10 + (v & 15);
}

/* Days since 1970 of a date of the Gregorian calendar; the year is taken to
 * begin in March, so that its odd day is the last. */
static u32 days_since_1970(u32 year, u32 month, u32 day)
{
	u32 y = month > 2 ? year : year - 1;
	u32 m = month > 2 ? month - 3 : month + 9;

	return y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day -
	       719469;
}

/* One reading of all registers, in numbers; the hour in 24. */
static u32 read_clock(void)
{
	u32 status = cmos_read(11), v[6], i;
	static const u8 reg[6] = { 0, 2, 4, 7, 8, 9 };
	bool pm;

	for (i = 0; i < 6; i++)
		v[i] = cmos_read(reg[i]);
	pm = !(status & 2) && (v[2] & 0x80);
	v[2] &= 0x7f;
	for (i = 0; i < 6 && !(status & 4); i++)
		v[i] = from_bcd(v[i]);
	if (!(status & 2))
		v[2] = v[2] % 12 + (pm ? 12 : 0);
	v[5] += v[5] < 70 ? 2000 : 1900;
	return ((days_since_1970(v[5], v[4], v[3]) * 24 + v[2]) * 60 + v[1]) *
		       60 +
	       v[0];
}

/**
 * port_rtc_seconds() - the CMOS clock
 *
 * Read until two readings agree, for it may change in the middle of one.
 *
 * Return: seconds since 1970.
 */
u64 port_rtc_seconds(void)
{
	u32 before, now = read_clock(), tries = 10;

	do {
		before = now;
		while (cmos_read(10) & 0x80 && tries)
			tries--; /* it is being updated */
		now = read_clock();
	} while (now != before && tries--);
	return now;
}
