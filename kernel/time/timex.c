/* SPDX-License-Identifier: MIT */
/*
 * adjtimex: CLOCK_REALTIME is set right by little and little, and somebody
 * keeps the numbers that say how right it is.
 *
 *   ADJ_FREQUENCY, ADJ_TICK     so much faster, always
 *   ADJ_OFFSET, with STA_PLL    the 2^(2 + constant)-th part of what is left
 *                               in each second
 *   ADJ_OFFSET_SINGLESHOT       500 µs in each second until it is done
 *   ADJ_SETOFFSET               at once, as clock_settime does
 *
 * Once a second these become one rate; each tick moves the clock by its share.
 * CLOCK_MONOTONIC stays as it is, other than on Linux; and there are no leap
 * seconds and no pulses of a better clock.
 */
#include <ashlar/string.h>
#include <kernel/syscall.h>
#include <kernel/task/cred.h>
#include <kernel/time/time.h>
#include <mach/irqflags.h>
#include <mach/uaccess.h>

#define ADJ_OFFSET 0x0001u
#define ADJ_FREQUENCY 0x0002u
#define ADJ_MAXERROR 0x0004u
#define ADJ_ESTERROR 0x0008u
#define ADJ_STATUS 0x0010u
#define ADJ_TIMECONST 0x0020u
#define ADJ_TAI 0x0080u
#define ADJ_SETOFFSET 0x0100u
#define ADJ_MICRO 0x1000u
#define ADJ_NANO 0x2000u
#define ADJ_TICK 0x4000u
#define ADJ_ADJTIME 0x8000u /* with ADJ_OFFSET: adjtime(3) */
#define ADJ_OFFSET_READONLY 0x2000u /* with ADJ_ADJTIME */

#define STA_PLL 0x0001
#define STA_UNSYNC 0x0040
#define STA_CLOCKERR 0x1000
#define STA_NANO 0x2000
#define STA_RONLY 0xff00 /* what programs do not set */

#define TIME_OK 0
#define TIME_ERROR 5

#define MAXPHASE 500000000 /* ns */
#define MAXFREQ (500 << 16) /* 2^-16 ppm */
#define MAXERROR 16000000 /* us */
#define MAXTC 10
#define MAX_TAI_OFFSET 100000
#define ADJUST_A_SECOND 500 /* us that adjtime(3) moves the clock by */
#define TICK_USEC 10000 /* of USER_HZ */

/* As clock_adjtime64 passes it; adjtimex has the same with 32-bit numbers. */
struct timex {
	u32 modes, pad1;
	s64 offset, freq, maxerror, esterror;
	s32 status, pad2;
	s64 constant, precision, tolerance;
	s64 sec, usec;
	s64 tick, ppsfreq, jitter;
	s32 shift, pad3;
	s64 stabil, jitcnt, calcnt, errcnt, stbcnt;
	s32 tai, pad4[11];
};

struct timex32 {
	u32 modes;
	s32 offset, freq, maxerror, esterror;
	s32 status;
	s32 constant, precision, tolerance;
	s32 sec, usec;
	s32 tick, ppsfreq, jitter;
	s32 shift;
	s32 stabil, jitcnt, calcnt, errcnt, stbcnt;
	s32 tai, pad[11];
};

static struct {
	s64 offset; /* ns to come, with STA_PLL */
	s64 adjust; /* us to come, of adjtime(3) */
	s32 freq; /* 2^-16 ppm */
	s32 tick; /* us */
	s32 constant;
	s32 status;
	s32 tai;
	s64 maxerror, esterror; /* us */
	u64 maxerror_at; /* ns; it grows from then on */
	/* what the ticks do */
	s64 rate; /* 2^-16 ns for each */
	s64 rest; /* of the last */
	u32 ticks; /* until the rate is looked at again */
	bool running;
} ntp = {
	.tick = TICK_USEC,
	.constant = 2,
	.status = STA_UNSYNC,
	.maxerror = MAXERROR,
	.esterror = MAXERROR,
};

/* ---- the clock ---- */

/* Another second begins: what it moves the clock by. */
static void second_begins(void)
{
	s64 adjust = clamp(ntp.adjust, -ADJUST_A_SECOND, ADJUST_A_SECOND);
	s64 offset = ntp.offset >> (2 + ntp.constant);

	if (!offset && ntp.offset)
		offset = ntp.offset; /* the last nanoseconds */
	ntp.adjust -= adjust;
	ntp.offset -= offset;
	ntp.rate = ntp.freq + ((s64)(ntp.tick - TICK_USEC) * 100 << 16);
	ntp.rate += (s32)(adjust * 1000 + offset) / HZ * 65536ll;
	ntp.running = ntp.rate || ntp.adjust || ntp.offset;
	ntp.ticks = HZ;
}

/**
 * ntp_tick() - the clock's share of being set right
 *
 * Context: the timer interrupt.
 */
void ntp_tick(void)
{
	s64 ns;

	if (likely(!ntp.running))
		return;
	ntp.rest += ntp.rate;
	ns = ntp.rest >> 16;
	ntp.rest -= ns << 16;
	slew_wall_clock(ns);
	if (--ntp.ticks == 0)
		second_begins();
}

/**
 * ntp_clear() - the clock was set: it is not known how right it is
 */
void ntp_clear(void)
{
	ntp.adjust = 0;
	ntp.offset = 0;
	ntp.status |= STA_UNSYNC;
	ntp.maxerror = MAXERROR;
	ntp.esterror = MAXERROR;
}

/* ---- what is asked ---- */

static int validate(const struct timex *t)
{
	s64 most = t->modes & ADJ_NANO ? NSEC_PER_SEC : 1000000;

	if (t->modes & ADJ_ADJTIME) {
		if (!(t->modes & ADJ_OFFSET))
			return -EINVAL;
		if (!(t->modes & ADJ_OFFSET_READONLY) && !capable(CAP_SYS_TIME))
			return -EPERM;
	} else if (t->modes && !capable(CAP_SYS_TIME)) {
		return -EPERM;
	}
	if (!(t->modes & ADJ_ADJTIME) && (t->modes & ADJ_TICK) &&
	    (t->tick < 900000 / USER_HZ || t->tick > 1100000 / USER_HZ))
		return -EINVAL;
	if (t->modes & ADJ_SETOFFSET) {
		if (!capable(CAP_SYS_TIME))
			return -EPERM;
		if (t->usec < 0 || t->usec >= most)
			return -EINVAL;
	}
	return 0;
}

static int set_offset(const struct timex *t)
{
	s64 unit = t->modes & ADJ_NANO ? 1 : 1000;

	if (t->sec > (s64)(KTIME_MAX / NSEC_PER_SEC) - 1 ||
	    t->sec < -(s64)(KTIME_MAX / NSEC_PER_SEC))
		return -EINVAL;
	return step_wall_clock(t->sec * NSEC_PER_SEC + t->usec * unit);
}

static void set_status(s32 status)
{
	if ((ntp.status & STA_PLL) && !(status & STA_PLL))
		ntp.status = STA_UNSYNC;
	ntp.status = (ntp.status & STA_RONLY) | (status & ~STA_RONLY);
}

static void set_phase(s64 offset)
{
	int unit = ntp.status & STA_NANO ? 1 : 1000;
	int most = MAXPHASE / unit;

	if (ntp.status & STA_PLL)
		ntp.offset = clamp(offset, -most, most) * unit;
}

static void set_modes(const struct timex *t)
{
	if (t->modes & ADJ_STATUS)
		set_status(t->status);
	if (t->modes & ADJ_NANO)
		ntp.status |= STA_NANO;
	if (t->modes & ADJ_MICRO)
		ntp.status &= ~STA_NANO;
	if (t->modes & ADJ_FREQUENCY)
		ntp.freq = (s32)clamp(t->freq, -MAXFREQ, MAXFREQ);
	if (t->modes & ADJ_MAXERROR) {
		ntp.maxerror = t->maxerror;
		ntp.maxerror_at = ktime_get();
	}
	if (t->modes & ADJ_ESTERROR)
		ntp.esterror = t->esterror;
	if (t->modes & ADJ_TIMECONST)
		ntp.constant = (s32)clamp(
			t->constant + (ntp.status & STA_NANO ? 0 : 4), 0,
			MAXTC);
	if ((t->modes & ADJ_TAI) && t->constant >= 0 &&
	    t->constant <= MAX_TAI_OFFSET)
		ntp.tai = (s32)t->constant;
	if (t->modes & ADJ_OFFSET)
		set_phase(t->offset);
	if (t->modes & ADJ_TICK)
		ntp.tick = (s32)t->tick;
}

/* An error that is not corrected grows by 500 µs a second. */
static s64 maxerror_now(void)
{
	u32 rest;
	u64 secs = ns_to_seconds(ktime_get() - ntp.maxerror_at, &rest);
	s64 now = ntp.maxerror + (s64)secs * (MAXFREQ >> 16);

	if (now < MAXERROR)
		return now;
	ntp.status |= STA_UNSYNC;
	return MAXERROR;
}

static void report(struct timex *t)
{
	u32 ns;

	t->freq = ntp.freq;
	t->maxerror = maxerror_now();
	t->esterror = ntp.esterror;
	t->status = ntp.status;
	t->constant = ntp.constant;
	t->precision = 1;
	t->tolerance = MAXFREQ;
	t->sec = (s64)ns_to_seconds(ktime_get_real(), &ns);
	t->usec = ntp.status & STA_NANO ? ns : ns / NSEC_PER_USEC;
	t->tick = ntp.tick;
	t->tai = ntp.tai;
	t->ppsfreq = 0;
	t->jitter = 0;
	t->shift = 0;
	t->stabil = 0;
	t->jitcnt = 0;
	t->calcnt = 0;
	t->errcnt = 0;
	t->stbcnt = 0;
}

/* TIME_OK or TIME_ERROR with @t filled, or -errno. */
static int do_adjtimex(struct timex *t)
{
	unsigned long flags;
	int err = validate(t);
	s64 adjust;

	if (!err && (t->modes & ADJ_SETOFFSET))
		err = set_offset(t);
	if (err)
		return err;
	flags = local_irq_save();
	if (t->modes & ADJ_ADJTIME) {
		adjust = ntp.adjust;
		if (!(t->modes & ADJ_OFFSET_READONLY))
			ntp.adjust = t->offset;
		t->offset = adjust;
	} else {
		set_modes(t);
		t->offset = ntp.status & STA_NANO ? ntp.offset :
						    (s32)ntp.offset / 1000;
	}
	report(t);
	if (t->modes &&
	    !(t->modes & ADJ_OFFSET_READONLY && t->modes & ADJ_ADJTIME))
		second_begins();
	local_irq_restore(flags);
	return ntp.status & (STA_UNSYNC | STA_CLOCKERR) ? TIME_ERROR : TIME_OK;
}

/* ---- system calls ---- */

static void from_timex32(struct timex *to, const struct timex32 *t)
{
	memset(to, 0, sizeof(*to));
	to->modes = t->modes;
	to->offset = t->offset;
	to->freq = t->freq;
	to->maxerror = t->maxerror;
	to->esterror = t->esterror;
	to->status = t->status;
	to->constant = t->constant;
	to->sec = t->sec;
	to->usec = t->usec;
	to->tick = t->tick;
}

static void to_timex32(struct timex32 *to, const struct timex *t)
{
	memset(to, 0, sizeof(*to));
	to->modes = t->modes;
	to->offset = (s32)t->offset;
	to->freq = (s32)t->freq;
	to->maxerror = (s32)t->maxerror;
	to->esterror = (s32)t->esterror;
	to->status = t->status;
	to->constant = (s32)t->constant;
	to->precision = (s32)t->precision;
	to->tolerance = (s32)t->tolerance;
	to->sec = (s32)t->sec;
	to->usec = (s32)t->usec;
	to->tick = (s32)t->tick;
	to->tai = t->tai;
}

/* 0 if @clock is one that can be adjusted. */
static int check_clock(int clock)
{
	u64 unused;

	if (clock == CLOCK_REALTIME)
		return 0;
	return posix_clock_read(clock, &unused) ? -EINVAL : -EOPNOTSUPP;
}

SYSCALL_DEFINE(clock_adjtime, int clock, struct timex32 __user *p)
{
	struct timex32 t32;
	struct timex t;
	int ret;

	if (copy_from_user(&t32, p, sizeof(t32)))
		return -EFAULT;
	from_timex32(&t, &t32);
	ret = check_clock(clock) ?: do_adjtimex(&t);
	if (ret < 0)
		return ret;
	to_timex32(&t32, &t);
	return copy_to_user(p, &t32, sizeof(t32)) ? -EFAULT : ret;
}

SYSCALL_DEFINE(adjtimex, struct timex32 __user *p)
{
	return sys_clock_adjtime(CLOCK_REALTIME, p);
}

SYSCALL_DEFINE(clock_adjtime64, int clock, struct timex __user *p)
{
	struct timex t;
	int ret;

	if (copy_from_user(&t, p, sizeof(t)))
		return -EFAULT;
	ret = check_clock(clock) ?: do_adjtimex(&t);
	if (ret < 0)
		return ret;
	return copy_to_user(p, &t, sizeof(t)) ? -EFAULT : ret;
}
