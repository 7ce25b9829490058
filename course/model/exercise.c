/* SPDX-License-Identifier: MIT */
/* Questions and their answers, kept and written down; see exercise.h. */
#include "exercise.h"
#include "part.h"
#include "text.h"

#define MOST 8

static struct question {
	char text[900], answer[64], because[400];
} questions[MOST];
static unsigned int nr;
static u64 state;

void ask(const char *fmt, ...)
{
	if (nr < MOST)
		nr++;
	FORMAT(questions[nr - 1].text, fmt);
}

void answer(const char *fmt, ...)
{
	FORMAT(questions[nr - 1].answer, fmt);
}

void because(const char *fmt, ...)
{
	FORMAT(questions[nr - 1].because, fmt);
}

/* G. Marsaglia's xorshift, and S. Vigna's factor: of small seeds, too, all bits
 * differ. */
unsigned long draw_below(unsigned long n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned long)((state * 0x2545f4914f6cdd1dull >> 33) % n);
}

static const struct lesson *find(unsigned int number)
{
	const struct part *const *part;
	const struct lesson *l;

	for (part = course_parts; *part; part++)
		for (l = (*part)->lessons; l->number; l++)
			if (l->number == number)
				return l;
	return NULL;
}

bool exercises_json(unsigned int number, unsigned long seed, struct seq_file *m)
{
	const struct lesson *l = find(number);

	if (!l)
		return false;
	nr = 0;
	state = 88172645463325252ull ^ (u64)seed << 20 ^ number;
	for (int i = 0; i < 16; i++)
		draw_below(2);
	l->ask();
	seq_putc(m, '[');
	for (unsigned int q = 0; q < nr; q++) {
		seq_puts(m, q ? ",{\"text\":" : "{\"text\":");
		put_quoted(m, questions[q].text);
		seq_puts(m, ",\"answer\":");
		put_quoted(m, questions[q].answer);
		seq_puts(m, ",\"because\":");
		put_quoted(m, questions[q].because);
		seq_putc(m, '}');
	}
	seq_putc(m, ']');
	return true;
}
