/* SPDX-License-Identifier: MIT */
/*
 * ashlar check --fail: which allocation was made to fail, said before what came
 * of it.
 *
 *   ashlar: allocation 3, of 100 bytes, was made to fail:
 *     #0 0x5581 in parse list.c:12:9
 *     #1 0x55a0 in main list.c:30:2
 *   ==42==ERROR: Ashlar: ...
 */
#include <inttypes.h>
#include <string.h>
#include "ashlar.h"
#include "check_fail.h"

void check_fail_forget(struct check_fail *f)
{
	symbols_free(f->symbols);
	f->symbols = NULL;
	f->any = f->told = false;
}

/* check_fail_take - an allocation of @pid, which waits, fails */
void check_fail_take(struct check_fail *f, const struct report_record *record,
		     pid_t pid)
{
	check_fail_forget(f);
	f->record = *record;
	f->pid = pid;
	f->symbols = symbols_of_process(pid);
	f->any = true;
}

static void print_stack(FILE *out, const struct report *r)
{
	const struct frame *f = r->frames->frame + r->now.first;
	size_t i;

	for (i = 0; i < r->now.nr; i++) {
		fprintf(out, "    #%zu 0x%" PRIx64 " in %s ", i, f[i].pc,
			f[i].function ? f[i].function : "??");
		frame_print_position(out, &f[i]);
		fputc('\n', out);
	}
}

/* check_fail_tell - say which allocation failed, unless that was said */
void check_fail_tell(struct check_fail *f)
{
	struct report r = { .record = &f->record, .pid = f->pid };

	if (!f->any || f->told)
		return;
	f->told = true;
	if (f->symbols)
		report_resolve(&r, f->symbols);
	if (f->json) {
		report_print_json(f->out, &r);
	} else {
		fprintf(f->out,
			"ashlar: allocation %" PRIu64 ", of %" PRIu64
			" bytes, was made to fail:\n",
			f->record.address, f->record.bytes);
		if (r.frames)
			print_stack(f->out, &r);
	}
	frames_free(r.frames);
}

/* check_fail_outcome - say what came of it, if no report of the process does */
void check_fail_outcome(struct check_fail *f, const char *kind,
			const char *sentence)
{
	struct report_record record = { .pid = f->record.pid };
	struct report r = { .record = &record, .pid = f->pid };

	check_fail_tell(f);
	snprintf(record.kind, sizeof(record.kind), "%s", kind);
	snprintf(record.sentence, sizeof(record.sentence), "%s", sentence);
	if (f->json)
		report_print_json(f->out, &r);
	else
		fprintf(f->out, "==%d==ERROR: Ashlar: %s: %s\n", f->pid, kind,
			sentence);
	fflush(f->out);
}
