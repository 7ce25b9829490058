/* SPDX-License-Identifier: MIT */
/*
 * Which blocks are guarded (kfence.c): what the options say, and when a sample
 * is due.
 *
 *   objects that slow paths put at hand
 *   |----------- left -----------▼|--------- left ------▼|---- …
 *             1 … 2 N - 1        a sample              the next
 *
 * So the distance between two samples is N on average, and nobody can say
 * which block will be one.
 *
 * Each costs system calls and faults, as much time as some hundred pairs of
 * malloc and free take. Where no N was asked for a CPU that does little else
 * than allocate has fewer samples: N doubles when they follow close upon each
 * other, and is halved again when they do not.
 */
#include <ashlar/cmdline.h>
#include <ashlar/errno.h>
#include <ashlar/string.h>
#include "internal.h"
#include "kfence.h"

bool kfence_on, kfence_all;
enum side kfence_side = SIDE_BOTH;
struct kfence_stats kfence_stats;

#define USUAL_RATE 5000
#define LEAST_RATE (1ul << 24) /* one of so many at least */
#define CLOSE_MS 2
#define FAR_MS 8

static unsigned long rate; /* one block of so many; 0: none is sampled */
static bool paced; /* that was not asked for: fewer will do */

/**
 * setup_sample() - the option sample=
 * @str: "1/N" or "N": one block of N is guarded; "1": of 5,000, or of more
 *	where blocks come and go fast; "0": none
 *
 * Return: 0 or -EINVAL.
 */
int setup_sample(const char *str)
{
	bool usual = !ashlar_strcmp(str, "1");
	unsigned long n;

	if (str[0] == '1' && str[1] == '/')
		str += 2;
	if (!cmdline_number(&str, &n) || *str || n > ~0u)
		return -EINVAL;
	paced = usual;
	rate = usual ? USUAL_RATE : n;
	kfence_on = kfence_all || n;
	return 0;
}

/**
 * setup_guard() - the option guard=
 * @str: the side of a block that its guard is close to: "right", "left",
 *	"both", "tight"; or "0": none
 *
 * Before the first allocation. Return: 0 or -EINVAL.
 */
int setup_guard(const char *str)
{
	static const char names[][6] = { "right", "left", "both", "tight" };
	unsigned int i;

	if (!ashlar_strcmp(str, "0")) {
		kfence_all = false;
		kfence_on = rate != 0;
		return 0;
	}
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (ashlar_strcmp(str, names[i]))
			continue;
		kfence_side = (enum side)i;
		kfence_all = kfence_on = true;
		return 0;
	}
	return -EINVAL;
}

/* The distance of the next sample from this one, on average. */
static unsigned long next_rate(struct mm_cpu *cpu)
{
	unsigned long now, since;

	if (!paced)
		return READ_ONCE(rate);
	now = port_time_ms();
	since = now - cpu->kfence_when;
	if (!cpu->kfence_rate)
		cpu->kfence_rate = READ_ONCE(rate);
	else if (since < CLOSE_MS)
		cpu->kfence_rate = min(2 * cpu->kfence_rate, LEAST_RATE);
	else if (since > FAR_MS)
		cpu->kfence_rate = max(cpu->kfence_rate / 2, rate);
	cpu->kfence_when = now;
	return cpu->kfence_rate;
}

/**
 * kfence_due() - shall the next block be a guarded one?
 * @objects: as many as can be had before this is asked again
 *
 * Context: any; while kfence_on.
 */
bool kfence_due(unsigned long objects)
{
	struct mm_cpu *cpu = *this_cpu_ptr(mm_cpu_self);
	unsigned long *left;

	if (kfence_all)
		return true;
	if (!READ_ONCE(rate) || !cpu)
		return false;
	left = &cpu->kfence_left;
	if (*left > objects) {
		*left -= objects;
		return false;
	}
	/* The first is as far away as any other. */
	objects = *left;
	*left = 1 + port_random() % (2 * next_rate(cpu) - 1);
	return objects != 0;
}
