/* SPDX-License-Identifier: MIT */
/* ashlar check: what a process has leaked, when it is about to end. */
#include "ashlar.h"
#include "check_leaks.h"
#include "leaks.h"

/* One object in a line of its own, like those of other mistakes. */
static void print_json(FILE *out, const struct leaks_report *report)
{
	json_t *o = leaks_json(report);

	json_object_set_new(o, "kind", json_string("memory-leak"));
	json_dumpf(o, out, JSON_COMPACT);
	fputc('\n', out);
	json_decref(o);
}

/**
 * check_leaks() - tell what a process has leaked
 * @to: how
 * @pid: the process, which waits
 * @end: what it sent
 *
 * Return: how many blocks were told of. A process that cannot be looked at, or
 * not in time, is told of in a sentence.
 */
unsigned long check_leaks(const struct check_leaks *to, pid_t pid,
			  const struct report_record *end)
{
	struct leaks_report report = { 0 };
	unsigned long told = 0;
	struct leaks l = { 0 };

	if (!leaks_look_at_end(&l, pid, end)) {
		complain("leaks: %s", l.error);
	} else if (!leaks_resolve(&report, &l, to->suppress, to->seen)) {
		complain("leaks: out of memory");
	} else if (report.blocks) {
		told = report.blocks;
		check_fail_tell(to->fail);
		if (to->json)
			print_json(to->out, &report);
		else
			leaks_print(to->out, &report);
		fflush(to->out);
	}
	leaks_report_free(&report);
	leaks_free(&l);
	return told;
}
