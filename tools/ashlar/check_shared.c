/* SPDX-License-Identifier: MIT */
/*
 * Reports about memory that processes share: who told of the same bytes
 * before, under another address perhaps. The last ones are kept.
 */
#include "check_shared.h"

static bool is_same(const struct report_record *a,
		    const struct report_record *b)
{
	return a->shared.inode == b->shared.inode &&
	       a->shared.major == b->shared.major &&
	       a->shared.minor == b->shared.minor &&
	       a->shared.offset < b->shared.offset + b->bytes &&
	       b->shared.offset < a->shared.offset + a->bytes;
}

/**
 * check_shared() - join a report with one of another process
 * @s: all zeroes at first
 * @r: the report
 * @pid: the process that it is of
 *
 * Return: a process that told of the same bytes before; 0: none did.
 */
pid_t check_shared(struct check_shared *s, const struct report_record *r,
		   pid_t pid)
{
	pid_t found = 0;
	unsigned int i;

	if (!report_is_shared(&r->shared))
		return 0;
	for (i = 0; i < SHARED_KEPT && !found; i++)
		if (s->kept[i].pid && s->kept[i].pid != pid &&
		    is_same(&s->kept[i].record, r))
			found = s->kept[i].pid;
	i = s->next++ % SHARED_KEPT;
	s->kept[i].pid = pid;
	s->kept[i].record = *r;
	return found;
}
