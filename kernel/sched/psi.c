/* SPDX-License-Identifier: MIT */
/*
 * /proc/pressure: for what part of the time tasks did not get on for lack of
 * memory, because of a disk, or because another had the processor.
 *
 *   task A   ▓▓▓▓░░░░░░▓▓▓▓▓▓▓▓      ▓ runs or sleeps   ░ reclaims, or waits
 *   task B   ▓▓▓▓▓▓▓▓░░░░░░▓▓▓▓                           for a swapped page
 *   some         ──────────          a task is stalled
 *   full             ──              and no other gets on meanwhile
 *
 * The core says when the running task begins and ends to be stalled
 * (psi_memstall), who waits for a disk that he does (psi_iowait); the
 * scheduler, when such a task sleeps or wakes. Whatever changes one of these
 * adds the time since the last change to the totals. Who waits for the
 * processor is counted by ticks, so that a switch of tasks costs nothing. The
 * averages are Linux's: every two seconds the part of that time is mixed in,
 * with a weight that decays to 1/e in 10, 60 and 300 seconds. If nobody asked
 * for a while the seconds since count as one part and rests.
 *
 * Interrupts are off around all of it.
 */
#include <ashlar/seq_file.h>
#include <ashlar/swap.h>
#include <kernel/init.h>
#include <kernel/sched/psi.h>
#include <kernel/sched/sched.h>
#include <kernel/task/task.h>
#include <kernel/time/clock.h>
#include <mach/irqflags.h>

#define FSHIFT 11
#define FIXED_ONE (1ul << FSHIFT)
#define PERIOD_NS (2 * NSEC_PER_SEC + 1000000ull)
#define MISSED_MOST 1000u /* periods; by then nothing is left */

#define NR_PSI (2 * NR_PSI_RES) /* some and full of each */

unsigned int psi_watched; /* tasks that are stalled, or about to wait */
static unsigned int stalled; /* for lack of memory */
static unsigned int stalled_running; /* of those, tasks that run or want to */
static unsigned int iowait; /* tasks that sleep until a disk has answered */

/* Some and full of each resource, as psi_index() says. */
static struct {
	u64 since; /* ns: of the two below */
	bool on[NR_PSI];
	u64 total[NR_PSI]; /* ns */
	u64 averaged; /* ns: when the averages were made */
	u64 due; /* … and are to be made again */
	u64 total_then[NR_PSI];
	unsigned long avg[NR_PSI][3]; /* percent, with FSHIFT bits behind */
} psi;

static unsigned int psi_index(enum psi_res res, bool full)
{
	return 2 * (unsigned int)res + full;
}

static unsigned long mix(unsigned long load, unsigned long weight,
			 unsigned long active)
{
	unsigned long n = load * weight + active * (FIXED_ONE - weight);

	if (active >= load)
		n += FIXED_ONE - 1;
	return n >> FSHIFT;
}

/* @part: of @period, both in ns; nothing happened in @missed periods before. */
static void mix_in(unsigned long avg[3], unsigned int missed, u64 part,
		   u64 period)
{
	static const u16 weight[3] = { 1677, 1981, 2034 };
	unsigned long percent;
	unsigned int i, n;

	percent = (unsigned long)(min(part, period) * 100 * FIXED_ONE / period);
	for (i = 0; i < 3; i++) {
		for (n = 0; n < missed; n++)
			avg[i] = mix(avg[i], weight[i], 0);
		avg[i] = mix(avg[i], weight[i], percent);
	}
}

static void make_averages(u64 now)
{
	u64 missed = (now - psi.due) / PERIOD_NS, period;
	unsigned int i;

	period = now - psi.averaged - missed * PERIOD_NS;
	for (i = 0; i < NR_PSI; i++) {
		mix_in(psi.avg[i], (unsigned int)min(missed, (u64)MISSED_MOST),
		       psi.total[i] - psi.total_then[i], period);
		psi.total_then[i] = psi.total[i];
	}
	psi.averaged = now;
	psi.due = now + PERIOD_NS;
}

/* The state has changed, or is asked for. Context: interrupts are off. */
static void psi_update(void)
{
	u64 now = ktime_get();
	unsigned int i;

	for (i = 0; i < NR_PSI; i++)
		if (psi.on[i])
			psi.total[i] += now - psi.since;
	psi.since = now;
	psi.on[psi_index(PSI_IO, false)] = iowait;
	psi.on[psi_index(PSI_IO, true)] = iowait && !nr_running();
	psi.on[psi_index(PSI_MEM, false)] = stalled;
	psi.on[psi_index(PSI_MEM, true)] = stalled &&
					   nr_running() == stalled_running;
	if (now >= psi.due)
		make_averages(now);
}

/**
 * psi_task_change() - a task begins or ends to run, and some are stalled
 * @t: the task
 * @runs: it runs, or wants to
 *
 * Context: interrupts are off.
 */
void psi_task_change(const struct task_struct *t, bool runs)
{
	if (t->in_memstall)
		stalled_running += runs ? 1u : -1u;
	if (t->in_iowait)
		iowait += runs ? -1u : 1u;
	psi_update();
}

/** psi_cpu_tick() - one tick long a task wanted to run, and another did */
void psi_cpu_tick(void)
{
	psi.total[psi_index(PSI_CPU, false)] += TICK_NSEC;
}

/** psi_iowait() - the running task is about to wait for a disk, or did */
void psi_iowait(bool begins)
{
	unsigned long flags = local_irq_save();

	current->in_iowait = begins;
	psi_watched += begins ? 1u : -1u;
	local_irq_restore(flags);
}

/** nr_iowait() - tasks that sleep until a disk has answered */
unsigned long nr_iowait(void)
{
	return iowait;
}

/* The running task is stalled for lack of memory, or no longer. */
static void memstall(bool begins)
{
	unsigned long flags = local_irq_save();

	if (current->in_memstall != begins) {
		current->in_memstall = begins;
		stalled += begins ? 1u : -1u;
		psi_watched += begins ? 1u : -1u;
		stalled_running += begins ? 1u : -1u;
		psi_update();
	}
	local_irq_restore(flags);
}

static void show_line(struct seq_file *m, const char *name, unsigned int i)
{
	static const char *const names[3] = { "avg10", "avg60", "avg300" };
	unsigned int k;

	seq_puts(m, name);
	for (k = 0; k < 3; k++)
		seq_printf(m, " %s=%lu.%02lu", names[k],
			   psi.avg[i][k] >> FSHIFT,
			   (psi.avg[i][k] & (FIXED_ONE - 1)) * 100 >> FSHIFT);
	seq_printf(m, " total=%llu\n",
		   (unsigned long long)(psi.total[i] / 1000));
}

/**
 * psi_total() - for how long tasks have been stalled
 * @full: all of them
 *
 * Context: any. Return: ns since boot.
 */
u64 psi_total(enum psi_res res, bool full)
{
	unsigned long flags = local_irq_save();
	u64 total;

	psi_update();
	total = psi.total[psi_index(res, full)];
	local_irq_restore(flags);
	return total;
}

/** psi_show() - the text of a file of /proc/pressure */
void psi_show(struct seq_file *m, enum psi_res res)
{
	psi_total(res, false);
	show_line(m, "some", psi_index(res, false));
	show_line(m, "full", psi_index(res, true));
}

/** psi_init() - at boot, once there is a clock */
void psi_init(void)
{
	psi.since = psi.averaged = ktime_get();
	psi.due = psi.since + PERIOD_NS;
	psi_memstall = memstall;
}
