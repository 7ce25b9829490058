/* SPDX-License-Identifier: MIT */
/*
 * Updates that are lost: `ashlar check --races`.
 *
 *   thread A                              thread B
 *   mov hits, %rax     ── A is stepped through, and waits here
 *                                         add $1, hits      ── is seen
 *   add $1, %rax       ── A goes on
 *   mov %rax, hits     ── what B wrote is gone: a report
 *
 * Now and then a thread is stepped through for some instructions (the
 * processor's trap flag). What it reads is followed through registers and the
 * stack (race_track.c) until it is written back, changed, to where it was
 * read: that is an update. Where one was seen a thread waits for up to a
 * millisecond between its read and its write, or before an instruction that
 * does both. If the value changes meanwhile, another thread has written there,
 * and no lock kept it out: with a lock it would still be waiting for A.
 *
 * A new block's address, written over a pointer that was read before, is an
 * update as well: two threads that both make what is not there yet.
 *
 * So no lock need be known, be it the program's own invention. What is told is
 * true of atomic variables, too: load(), then store() of what was loaded, is an
 * update that gets lost; an exchange or an addition that is one step is not
 * looked at. Neither are reads beside a write, nor two plain writes: compilers
 * make the same instructions of those that are atomic.
 */
#include "race.h"
#include "race_track.h"
#include "real.h"
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TRAP_FLAG 0x100
#define CODE_STEP 2 /* TRAP_TRACE */
#define CODE_EVENT 6 /* TRAP_PERF */
#define EVENT_LATE 1 /* of an event's flags: the signal was blocked */
#define STEPS_SAMPLE 60
#define STEPS_UPDATE 20 /* where one was seen before */
#define STEPS_THROUGH 1500 /* a library, where it cannot be let run */
#define STEPS_EACH_WAIT 30 /* one wait for so many steps */
#define STEP_NS 250000ull /* at most, on average */
#define PART 20 /* a thread is stepped for one part in so many of its time */
#define PAUSE_NS 50000000ull /* at most, until it is stepped through again */
#define RED_ZONE 128
#define STACK_MOST (64ul << 20)

bool race_wanted;

/* A write that is about to be made, over what somebody else wrote. */
struct overwrite {
	bool is;
	bool masks; /* only bits are set or cleared */
	uint8_t theirs[RACE_BYTES];
	struct race_known *known;
	struct race_update update;
};

/* What is known of the running thread while it is stepped through. */
static __thread struct self {
	bool stepped;
	bool here; /* the last sample was one */
	unsigned int steps, waits; /* left */
	uint64_t began, until, not_before; /* ns */
	uintptr_t stack_end;
	struct tracker tracker;
	struct track *begun; /* by the instruction that runs now */
	uint64_t pc; /* of it */
	struct overwrite overwrite;
	uint64_t call_sp, call_to; /* where the last call returns to */
	void *aimed; /* event: at an update that was seen before */
	void *until_return; /* event: out of a library */
	bool through; /* ... for which there is no event */
	bool linked; /* the dynamic linker looks for the function first */
	bool allocates; /* it returns a new block */
	uint64_t block; /* the last one, or 0 */
	unsigned int through_left; /* steps */
	struct race_other by; /* who wrote during the last wait */
} self;

static struct sigaction programs_action; /* of SIGTRAP */

/* ---- whose memory ---- */

static bool on_own_stack(uint64_t address, uint64_t sp)
{
	uint64_t end = self.stack_end;

	if (end < sp || end - sp > STACK_MOST)
		end = sp + 65536;
	return address >= sp - RED_ZONE && address < end;
}

/* ---- a report ---- */

/* Before the write. @theirs: what is there now, and will be gone. */
static void will_overwrite(const struct race_place *p, struct race_known *k,
			   const void *theirs, bool masks,
			   const struct race_other *by)
{
	struct overwrite *o = &self.overwrite;

	o->is = true;
	o->masks = masks;
	o->known = k;
	o->update.place = *p;
	o->update.other = *by;
	memcpy(o->theirs, theirs, p->size);
}

/* After it. Where both have set the same bits, nothing is lost. */
static void has_overwritten(const ucontext_t *c)
{
	struct overwrite *o = &self.overwrite;
	uint8_t now[RACE_BYTES];

	if (!o->is)
		return;
	o->is = false;
	if (o->masks &&
	    race_read(o->update.place.address, now, o->update.place.size) &&
	    !memcmp(now, o->theirs, o->update.place.size))
		return;
	if (!o->update.other.stack.tid)
		race_who_wrote(&o->update.place, &o->update.other);
	if (!race_is_shared(o->update.place.address, &o->update.shared)) {
		memset(&o->update.shared, 0, sizeof(o->update.shared));
		if (race_threads() < 2)
			return;
	}
	if (race_is_news(o->known, o->update.other.stack.tid != 0))
		race_report(&o->update, c);
}

/* ---- waiting ---- */

/* True if others can be expected to write there. */
static bool is_common(uint64_t address)
{
	struct report_shared where;

	return race_threads() > 1 || race_is_shared(address, &where);
}

static bool should_wait(struct race_known *k, uint64_t address)
{
	if (!k || !self.waits || !race_worth(k) || !is_common(address))
		return false;
	self.waits--;
	return true;
}

/* True if the bytes changed meanwhile. */
static bool wait_here(const struct race_place *p, struct race_known *k,
		      const void *value, struct race_other *by)
{
	uint64_t start = race_now_ns();

	if (race_wait(p, value, by))
		return true;
	race_fruitless(k, race_now_ns() - start);
	return false;
}

/* The read has been made: what is there now is what the thread has. */
static void has_read(void)
{
	struct track *t = self.begun;
	struct race_other by = { .stack.tid = 0 };
	struct race_place p;
	struct race_known *k;

	self.begun = NULL;
	if (!t || !t->size)
		return;
	if (!race_read(t->address, t->value, t->size)) {
		t->size = 0;
		return;
	}
	t->pc = self.pc;
	k = race_known(self.pc, false);
	if (!should_wait(k, t->address))
		return;
	p = (struct race_place){ t->address, t->pc, t->size };
	if (wait_here(&p, k, t->value, &by))
		self.by = by;
}

/* An instruction that reads and writes at once: before it does. */
static void before_update(const struct race_place *p, bool masks)
{
	struct race_known *k = race_known(p->pc, true);
	struct race_other by = { .stack.tid = 0 };
	uint8_t value[RACE_BYTES], theirs[RACE_BYTES];

	if (should_wait(k, p->address) &&
	    race_read(p->address, value, p->size) &&
	    wait_here(p, k, value, &by) &&
	    race_read(p->address, theirs, p->size))
		will_overwrite(p, k, theirs, masks, &by);
}

/* A write of what was read there: before it is made. */
static void before_write_back(const struct track *t, const struct race_place *p)
{
	struct race_known *k = race_known(t->pc, true);
	uint8_t theirs[RACE_BYTES];

	if (k && race_read(p->address, theirs, p->size) &&
	    memcmp(theirs, t->value + (p->address - t->address), p->size))
		will_overwrite(p, k, theirs, !t->changes, &self.by);
}

static bool is_block(uint64_t address)
{
	return room_at((const void *)(uintptr_t)address) != NOT_HEAP;
}

/*
 * A write of a new block's address, over what was read there: before it is
 * made. If a block of somebody else's is there by now, it is lost.
 */
static void before_new(const struct track *t, const struct race_place *p)
{
	struct race_known *k = race_known(t->pc, true);
	uint64_t theirs, was;

	memcpy(&was, t->value, sizeof(was));
	if (k && race_read(p->address, &theirs, sizeof(theirs)) &&
	    theirs != was && theirs && is_block(theirs))
		will_overwrite(p, k, &theirs, false, &self.by);
}

/* ---- one step ---- */

static const uint8_t codes[] = { REG_RAX, REG_RCX, REG_RDX, REG_RBX,
				 REG_RSP, REG_RBP, REG_RSI, REG_RDI,
				 REG_R8,  REG_R9,  REG_R10, REG_R11,
				 REG_R12, REG_R13, REG_R14, REG_R15 };

static void set_stepped(ucontext_t *c, bool on)
{
	self.stepped = on;
	if (on)
		c->uc_mcontext.gregs[REG_EFL] |= TRAP_FLAG;
	else
		c->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)TRAP_FLAG;
}

/* When it comes to an update, the thread may be stepped through again. */
static bool aim(void)
{
	uint64_t pc = self.aimed ? 0 : race_some_place();

	if (pc)
		self.aimed = race_event_at(pc, RACE_UPDATE);
	return pc && self.aimed;
}

static void aim_no_more(void)
{
	race_event_end(self.aimed);
	self.aimed = NULL;
}

/* Not again soon: stepping takes a part of the thread's time only. */
static void finish(ucontext_t *c)
{
	uint64_t now = race_now_ns();

	set_stepped(c, false);
	race_stepped(now - self.began);
	self.not_before = now + min((now - self.began) * PART, PAUSE_NS);
	aim();
}

static void start(unsigned int steps)
{
	aim_no_more();
	track_forget(&self.tracker);
	self.begun = NULL;
	self.overwrite.is = false;
	self.by.stack.tid = 0;
	self.steps = steps;
	self.waits = max(steps / STEPS_EACH_WAIT, 1u);
	self.began = race_now_ns();
	self.until = self.began + steps * STEP_NS;
	self.call_to = 0;
	self.block = 0;
	race_event_end(self.until_return);
	self.until_return = NULL;
	self.through = false;
	self.through_left = STEPS_THROUGH;
}

/*
 * The thread is in a library: it is let run until it comes back. What it has
 * read counts only as long as nothing there can have let others in.
 */
static void let_run(ucontext_t *c)
{
	const greg_t *regs = c->uc_mcontext.gregs;
	unsigned int is = race_function((uint64_t)regs[REG_RIP]);
	uint64_t there = 0;

	self.linked = race_is_linker((uint64_t)regs[REG_RIP]);
	self.allocates = is & RACE_ALLOCATES;
	if (!(is & RACE_QUIET))
		track_forget(&self.tracker);
	if (is & RACE_FILLS)
		track_filled(&self.tracker, (uint64_t)regs[REG_RDI],
			     (uint64_t)regs[REG_RDX]);
	if (self.call_to && (uint64_t)regs[REG_RSP] <= self.call_sp &&
	    race_read(self.call_sp, &there, sizeof(there)) &&
	    there == self.call_to)
		self.until_return = race_event_at(self.call_to, RACE_RETURN);
	self.through = there == self.call_to && !self.until_return &&
		       (self.linked || is & RACE_BRIEF);
	if (self.until_return)
		set_stepped(c, false);
	else if (!self.through)
		finish(c);
}

static void note_call(const struct insn *i, const uint64_t *reg)
{
	const uint8_t *code = (const uint8_t *)(uintptr_t)self.pc;

	if (!i->writes || i->base != SP || i->from || i->bytes < 2 ||
	    *code == 0x68 || *code == 0x6a)
		return;
	self.call_sp = reg[SP] - 8;
	self.call_to = self.pc + i->bytes;
}

static void look_at_access(const struct track_step *step, const ucontext_t *c)
{
	const struct insn *i = step->insn;
	const struct race_place p = { step->address, self.pc, i->size };
	const struct track *back, *new = NULL;
	bool own = step->own;
	bool is_update = i->reads && i->writes && !own &&
			 i->kind == INSN_PLAIN && i->size <= RACE_BYTES;
	bool met = i->writes && !own && i->size <= RACE_BYTES &&
		   race_meets(&p, c);

	if (step->value && step->value == self.block && !own)
		new = track_at(&self.tracker, step->address, i->size);
	if (new)
		before_new(new, &p);
	back = track_follow(&self.tracker, step, &self.begun);
	if (is_update && !met)
		before_update(&p, i->effect == EFFECT_MASK);
	if (back && !own && !self.overwrite.is)
		before_write_back(back, &p);
	if (new || (back && !own))
		self.by.stack.tid = 0;
	if (is_update || new || (back && !own))
		race_wrote(&p, c);
}

static bool is_one_number(uint32_t registers)
{
	return registers && registers < 1u << VECTOR &&
	       !(registers & (registers - 1));
}

/* The instruction at which the thread is. */
static void look_ahead(ucontext_t *c)
{
	struct track_step step = { .value = 0 };
	struct insn i;
	uint64_t reg[16];
	unsigned int n;

	self.pc = (uint64_t)c->uc_mcontext.gregs[REG_RIP];
	for (n = 0; n < 16; n++)
		reg[n] = (uint64_t)c->uc_mcontext.gregs[codes[n]];
	insn_decode(&i, (const uint8_t *)(uintptr_t)self.pc);
	if (i.kind == INSN_CALL) {
		finish(c);
		return;
	}
	note_call(&i, reg);
	step.insn = &i;
	step.address = insn_address(&i, reg);
	step.own = i.is_private || on_own_stack(step.address, reg[SP]);
	if (i.writes && !i.reads && i.size == 8 && is_one_number(i.from))
		step.value = reg[__builtin_ctz(i.from)];
	look_at_access(&step, c);
}

/* True if the function of a library has returned. */
static bool is_back(const ucontext_t *c)
{
	const greg_t *regs = c->uc_mcontext.gregs;

	return (uint64_t)regs[REG_RIP] == self.call_to &&
	       (uint64_t)regs[REG_RSP] == self.call_sp + 8;
}

static void go_on(ucontext_t *c)
{
	if (self.allocates)
		self.block = (uint64_t)c->uc_mcontext.gregs[REG_RAX];
	track_called(&self.tracker);
	set_stepped(c, true);
	look_ahead(c);
}

static void come_back(ucontext_t *c)
{
	if (!self.until_return || !is_back(c))
		return;
	race_event_end(self.until_return);
	self.until_return = NULL;
	go_on(c);
}

/* True for calls of the kernel that change nothing of what a step needs. */
static bool is_harmless(long nr)
{
	static const short harmless[] = {
		SYS_read,	   SYS_write,	SYS_mmap,
		SYS_mprotect,	   SYS_munmap,	SYS_brk,
		SYS_sched_yield,   SYS_madvise, SYS_nanosleep,
		SYS_clock_gettime, SYS_futex,	SYS_clock_nanosleep,
		SYS_getpid,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(harmless); i++)
		if (harmless[i] == nr)
			return true;
	return false;
}

/* Code that is not the program's, where it cannot be let run. */
static void go_through(ucontext_t *c)
{
	const greg_t *regs = c->uc_mcontext.gregs;
	struct insn i;

	insn_decode(&i, (const void *)(uintptr_t)regs[REG_RIP]);
	if (i.kind == INSN_CALL && !is_harmless((long)regs[REG_RAX]))
		finish(c);
}

/* True if the function that the linker has found is none to step through. */
static bool is_no_use(uint64_t pc, uint64_t sp)
{
	bool found = self.linked && !race_is_linker(pc) && sp == self.call_sp;

	self.linked = self.linked && !found;
	return found && !(race_function(pc) & RACE_BRIEF);
}

static void step_through(ucontext_t *c)
{
	const greg_t *regs = c->uc_mcontext.gregs;

	if (is_back(c)) {
		self.through = false;
		go_on(c);
	} else if (!self.through_left-- || is_no_use((uint64_t)regs[REG_RIP],
						     (uint64_t)regs[REG_RSP])) {
		finish(c);
	} else {
		go_through(c);
	}
}

static void step(ucontext_t *c)
{
	has_read();
	has_overwritten(c);
	if (self.through)
		step_through(c);
	else if (!self.steps-- || race_now_ns() > self.until)
		finish(c);
	else if (race_is_programs((uint64_t)c->uc_mcontext.gregs[REG_RIP]))
		look_ahead(c);
	else if (self.call_to)
		let_run(c);
	else
		go_through(c);
}

/* ---- the signal ---- */

static bool may_start(const ucontext_t *c)
{
	/* A signal's handler may have jumped out of what was stepped. */
	if (!(c->uc_mcontext.gregs[REG_EFL] & TRAP_FLAG))
		self.stepped = false;
	if (self.stepped || race_now_ns() < self.not_before ||
	    !race_is_programs((uint64_t)c->uc_mcontext.gregs[REG_RIP]) ||
	    sigismember(&c->uc_sigmask, SIGTRAP))
		return false;
	if (race_is_traced())
		self.not_before = UINT64_MAX;
	return self.not_before != UINT64_MAX;
}

static void start_here(ucontext_t *c, unsigned int steps)
{
	start(steps);
	set_stepped(c, true);
	look_ahead(c);
}

/* Every second time it is left to an update where to start. */
static void sample(ucontext_t *c)
{
	if (!may_start(c))
		return;
	self.here = !self.here;
	if (self.here || !aim())
		start_here(c, STEPS_SAMPLE);
}

static void come_to_update(ucontext_t *c)
{
	aim_no_more();
	if (may_start(c))
		start_here(c, STEPS_UPDATE);
}

/* What <signal.h> has no names for. */
struct event_info {
	int no, error, code, unused;
	void *address;
	uint64_t data;
	uint32_t type, flags;
};

static void take_event(const siginfo_t *info, ucontext_t *c)
{
	const struct event_info *event = (const void *)info;

	if (event->flags & EVENT_LATE)
		return;
	switch (event->data & 0xff) {
	case RACE_SAMPLE:
		sample(c);
		break;
	case RACE_RETURN:
		come_back(c);
		break;
	case RACE_UPDATE:
		come_to_update(c);
		break;
	case RACE_WATCH:
		race_seen(event->data >> 8, c);
		break;
	}
}

/* A trap that is not ours is the program's. */
static void pass_on(int sig, siginfo_t *info, void *context)
{
	struct sigaction dfl;

	if (programs_action.sa_flags & SA_SIGINFO) {
		programs_action.sa_sigaction(sig, info, context);
	} else if (programs_action.sa_handler == SIG_DFL) {
		memset(&dfl, 0, sizeof(dfl));
		REAL(sigaction)(SIGTRAP, &dfl, NULL);
		syscall(SYS_tgkill, getpid(), race_tid(), SIGTRAP);
	} else if (programs_action.sa_handler != SIG_IGN) {
		programs_action.sa_handler(sig);
	}
}

static void on_trap(int sig, siginfo_t *info, void *context)
{
	ucontext_t *c = context;
	int saved = errno;

	if (info->si_code == CODE_EVENT)
		take_event(info, c);
	else if (info->si_code == CODE_STEP && self.stepped)
		step(c);
	else if (info->si_code == CODE_STEP)
		set_stepped(c, false);
	else
		pass_on(sig, info, context);
	errno = saved;
}

/* ---- from outside ---- */

int race_action(const struct sigaction *act, struct sigaction *old)
{
	struct sigaction before = programs_action;

	if (act)
		programs_action = *act;
	if (old)
		*old = before;
	return 0;
}

/* Step through the running thread from here on. */
void race_begin(unsigned int steps)
{
	sigset_t now;

	if (!race_wanted || !race_may_step() ||
	    pthread_sigmask(SIG_BLOCK, NULL, &now) ||
	    sigismember(&now, SIGTRAP))
		return;
	start(steps);
	self.stepped = true;
	__asm__ volatile("sub $128, %%rsp\n\t"
			 "pushf\n\t"
			 "orl %0, (%%rsp)\n\t"
			 "popf\n\t"
			 "lea 128(%%rsp), %%rsp"
			 :
			 : "i"(TRAP_FLAG)
			 : "memory", "cc");
}

void race_thread(uintptr_t stack_end)
{
	self.stack_end = stack_end;
}

void race_thread_ends(void)
{
	aim_no_more();
}

/* In a child: events are the parent's, and so are their pages of memory. */
void race_forked(void)
{
	self.stepped = false;
	self.aimed = NULL;
	self.until_return = NULL;
}

static void install(void)
{
	struct sigaction act;

	memset(&act, 0, sizeof(act));
	act.sa_sigaction = on_trap;
	act.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
	sigfillset(&act.sa_mask);
	race_wanted = !REAL(sigaction)(SIGTRAP, &act, &programs_action);
}

void race_start(void)
{
	race_code_find();
	install();
}
