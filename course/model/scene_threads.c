/* SPDX-License-Identifier: MIT */
/*
 * n += 1 by two threads, taken by hand: who takes the next step is chosen each
 * time. With a lock, whoever has begun ends before the other may begin.
 */
#include "pair.h"
#include "picture.h"

#define A 0u
#define B 1u
#define START 5u

static struct pair pair;
static bool locked;

static void again(void)
{
	pair_begin(&pair, START);
	tell("n is %u, and each adds 1, by three steps. Choose who goes on: "
	     "can n be %u at the end?",
	     START, START + 1);
}

static void start(void)
{
	course_boot();
	pair.adds[A] = pair.adds[B] = 1;
	pair_share(&pair);
	locked = false;
	again();
}

/* True if @who is between its first step and its last. */
static bool is_within(unsigned int who)
{
	return pair.did[who] && pair.did[who] < EACH_STEPS;
}

static void tell_step(unsigned int who)
{
	char name = who == A ? 'A' : 'B';
	u32 n = pair_value(&pair, A);

	if (pair.did[A] == EACH_STEPS && pair.did[B] == EACH_STEPS)
		tell("n is %u: %s", n,
		     n == START + 2 ? "both additions are in it." :
				      "one addition is lost. Who stored last "
				      "had loaded before the other stored.");
	else if (pair.did[who] == 1)
		tell("%c has loaded %u into its register.%s", name,
		     pair.reg[who],
		     is_within(1 - who) ? " The other has it in its own, too." :
					  "");
	else if (pair.did[who] == 2)
		tell("%c has %u in its register; in memory n is still %u.",
		     name, pair.reg[who], n);
	else
		tell("%c has stored %u.", name, n);
}

static bool take_step(unsigned int who)
{
	if (who > B || pair.did[who] == EACH_STEPS)
		return false;
	if (locked && is_within(1 - who)) {
		tell("%c waits: the other has the lock, until it has stored.",
		     who == A ? 'A' : 'B');
		return true;
	}
	pair_step(&pair, who);
	tell_step(who);
	return true;
}

static bool step(const char *what, unsigned long n)
{
	if (same(what, "step"))
		return take_step((unsigned int)n);
	if (same(what, "lock") || same(what, "bare")) {
		locked = same(what, "lock");
		again();
		return true;
	}
	if (!same(what, "again"))
		return false;
	again();
	return true;
}

static void draw_thread(unsigned int who)
{
	row("%c: n += 1", who == A ? 'A' : 'B');
	for (unsigned int i = 0; i < EACH_STEPS; i++)
		cell(i + 1 == pair.did[who] ? NEW :
		     i < pair.did[who]	    ? USED :
					      FREE,
		     2, "%s", step_names[i]);
	if (pair.did[who])
		cell(HELD, 3, "register %u", pair.reg[who]);
	if (locked && is_within(who))
		cell(HIGH, 3, "has the lock");
	if (pair.did[who] < EACH_STEPS)
		button("step", who, "%c: %s", who == A ? 'A' : 'B',
		       step_names[pair.did[who]]);
}

static void draw(void)
{
	draw_thread(A);
	row("memory");
	cell(HELD, 3, "n = %u", pair_value(&pair, A));
	draw_thread(B);
	button("again", NO_NUMBER, "once more");
	button(locked ? "bare" : "lock", NO_NUMBER,
	       locked ? "without a lock" : "with a lock");
}

const struct scene scene_threads = {
	.name = "threads",
	.title = "Two threads, step by step",
	.start = start,
	.step = step,
	.draw = draw,
	.legend = "red: a thread's last step · blue: those before it · "
		  "green: those to come",
};
