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
 */
#include <ashlar/cmdline.h>
#include <ashlar/errno.h>
#include <ashlar/string.h>
#include "internal.h"
#include "kfence.h"

bool kfence_on, kfence_all;
enum side kfence_side = SIDE_BOTH;
struct kfence_stats kfence_stats;

static unsigned long rate; /* one block of so many; 0: none is sampled */

/**
 * setup_sample() - the option sample=
 * @str: "1/N" or "N": one block of N is guarded; "1": of 5,000; "0": none
 *
 * Return: 0 or -EINVAL.
 */
int setup_sample(const char *str)
{
	unsigned long n;

	if (str[0] == '1' && str[1] == '/')
		str += 2;
	else if (!ashlar_strcmp(str, "1"))
		str = "5000";
	if (!cmdline_number(&str, &n) || *str || n > ~0u)
		return -EINVAL;
	rate = n;
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

/**
 * kfence_due() - shall the next block be a guarded one?
 * @objects: as many as can be had before this is asked again
 *
 * Context: any; while kfence_on.
 */
bool kfence_due(unsigned long objects)
{
	struct mm_cpu *cpu = *this_cpu_ptr(mm_cpu_self);
	unsigned long *left, n = READ_ONCE(rate);

	if (kfence_all)
		return true;
	if (!n || !cpu)
		return false;
	left = &cpu->kfence_left;
	if (*left > objects) {
		*left -= objects;
		return false;
	}
	/* The first is as far away as any other. */
	objects = *left;
	*left = 1 + port_random() % (2 * n - 1);
	return objects != 0;
}

/**
 * kfence_at_hand() - a slow path has put objects at this CPU's hand
 * @objects: which are taken before kfence_due() is asked again
 *
 * Context: while kfence_on.
 */
void kfence_at_hand(unsigned long objects)
{
	struct mm_cpu *cpu = *this_cpu_ptr(mm_cpu_self);

	if (cpu && cpu->kfence_left > 1)
		cpu->kfence_left -= min(cpu->kfence_left - 1, objects);
}

/**
 * kfence_passes() - may this CPU take what is at its hand, unseen?
 * @objects: so many
 *
 * If so, they are counted. Context: while kfence_on. Return: false if a sample
 * is due before they are gone, or if there is none to wait for.
 */
bool kfence_passes(unsigned long objects)
{
	struct mm_cpu *cpu = *this_cpu_ptr(mm_cpu_self);

	if (unlikely(!cpu || cpu->kfence_left <= objects))
		return false;
	cpu->kfence_left -= objects;
	return true;
}
