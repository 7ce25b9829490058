/* SPDX-License-Identifier: MIT */
/* An update that was lost, as a report. */
#include "race.h"
#include <string.h>

void race_stack(struct report_stack *s, const ucontext_t *c)
{
	const greg_t *regs = c->uc_mcontext.gregs;
	const uintptr_t at[] = { (uintptr_t)regs[REG_RIP],
				 (uintptr_t)regs[REG_RSP],
				 (uintptr_t)regs[REG_RBP] };

	memset(s, 0, sizeof(*s));
	s->tid = race_tid();
	s->flags = REPORT_STACK_KNOWN;
	s->pc[0] = (uint64_t)regs[REG_RIP];
	if (heap.calls.callers)
		heap.calls.callers(s->pc + 1, REPORT_FRAMES - 1, at);
}

/* The C library's snprintf() may take locks and memory. */
static char *add(char *at, const char *end, const char *text)
{
	while (*text && at + 1 < end)
		*at++ = *text++;
	*at = 0;
	return at;
}

static char *add_number(char *at, const char *end, unsigned long n)
{
	char digits[24], *d = digits + sizeof(digits);

	*--d = 0;
	do
		*--d = (char)('0' + n % 10);
	while (n /= 10);
	return add(at, end, d);
}

static void say(struct report_record *r, const struct race_update *u)
{
	const char *end = r->sentence + sizeof(r->sentence);
	char *at = r->sentence;

	at = add(at, end, "a lost update of ");
	at = add_number(at, end, u->place.size);
	at = add(at, end, u->place.size == 1 ? " byte: " : " bytes: ");
	if (u->other.stack.tid) {
		at = add(at, end, "thread ");
		at = add_number(at, end, (unsigned long)u->other.stack.tid);
	} else if (report_is_shared(&u->shared)) {
		at = add(at, end, "another process");
	} else {
		at = add(at, end, "somebody else");
	}
	add(at, end, " wrote there between this one's read and its write");
}

void race_report(const struct race_update *u, const ucontext_t *c)
{
	struct report_record r;

	memset(&r, 0, sizeof(r));
	strcpy(r.kind, "data-race");
	say(&r, u);
	r.access = REPORT_WRITE;
	r.address = u->place.address;
	r.bytes = u->place.size;
	race_stack(&r.now, c);
	r.now.flags |= REPORT_STACK_EXACT;
	r.now.pc[0] = u->place.pc;
	r.shared = u->shared;
	race_locks(r.locks);
	r.other = u->other.stack;
	memcpy(r.other_locks, u->other.locks, sizeof(r.other_locks));
	memcpy(r.other_thread, u->other.name, sizeof(r.other_thread));
	if (heap.calls.tell)
		heap.calls.tell(&r);
}
