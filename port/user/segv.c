/* SPDX-License-Identifier: MIT */
/*
 * SIGSEGV and SIGBUS: what lies at the address.
 *
 *   a fault ──► a guarded block?  ── its report; the access may go on
 *      │            no
 *      ├──► has the program a handler of its own? ── that is called: it may
 *      │            no                               have meant the access
 *      ├──► what is it? ── a sentence, by /proc/self/maps
 *      └──► what happens without us: the program ends, with a core dump
 *
 * Installed while blocks are guarded or a checker reads reports, and never
 * else. It has a stack of its own in each thread that has none, so that the
 * end of a stack can be told of. A program that asks for the action of these
 * signals is told its own, if it asks us (segv_sigaction()).
 *
 * Before a signal, one of abort() among them, ends a program whose reports are
 * read, user/ looks at all blocks once more.
 *
 * Nothing in here allocates. What needs room is static, and one thread's: who
 * faults while another does goes on without a sentence.
 */
#include <ashlar/kfence.h>
#include <ashlar/port.h>
#include <ashlar/printf.h>
#include <ashlar/report_record.h>
#include <ashlar/string.h>
#include <mach/page.h>
#include <signal.h>
#include <ucontext.h>
#include "maps.h"
#include "sys.h"
#include "unwind.h"
#include "user.h"

#define NEAR_NULL (64ul << 10)
#define NEAR_STACK (64ul << 10) /* a frame is no larger, mostly */
#define STACK_BYTES (64ul << 10) /* of a signal stack */

struct fault {
	uintptr_t addr, pc, sp, bp;
	enum report_access access;
	bool fetch; /* of an instruction */
	bool known; /* the processor said which address */
};

/* What user/ knows of an address: a few words, or NULL. */
const char *(*segv_knows)(uintptr_t addr);

/* What user/ does before a signal ends the program, or NULL. */
void (*segv_ending)(void);

/* True if the program has blocked @sig, and one that is sent waits; or NULL. */
bool (*segv_blocked)(int sig);

static const int signals[] = { SIGSEGV, SIGBUS };
static struct sigaction programs[ARRAY_SIZE(signals)]; /* its own actions */
static bool installed;

/*
 * The kernel's sigaction, whatever a program or a checker has under the name.
 * A handler returns to the restorer, in the bytes that unwinders know it by.
 */
struct kernel_action {
	void (*handler)(int sig, siginfo_t *info, void *context);
	unsigned long flags;
	void (*restorer)(void);
	unsigned long mask;
};

#ifdef __x86_64__
#define SA_RESTORER 0x04000000
void segv_restorer(void) __hidden;
__asm__(".text\n\t"
	".hidden segv_restorer\n\t"
	".type segv_restorer, @function\n"
	"segv_restorer:\n\t"
	"mov $15, %rax\n\t"
	"syscall\n\t"
	".size segv_restorer, . - segv_restorer");
#else
#define SA_RESTORER 0
#define segv_restorer NULL
#endif

static int real_sigaction(int sig, const struct sigaction *act,
			  struct sigaction *old)
{
	struct kernel_action new = { 0 }, was = { 0 };

	if (act) {
		new.handler = act->sa_sigaction;
		new.flags = (unsigned int)act->sa_flags | SA_RESTORER;
		new.restorer = segv_restorer;
		memcpy(&new.mask, &act->sa_mask, sizeof(new.mask));
	}
	if (sys6(SYS_rt_sigaction, sig, act ? (long)&new : 0, (long)&was,
		 sizeof(new.mask), 0, 0))
		return -1;
	if (old) {
		memset(old, 0, sizeof(*old));
		old->sa_sigaction = was.handler;
		old->sa_flags = (int)was.flags & ~SA_RESTORER;
		memcpy(&old->sa_mask, &was.mask, sizeof(was.mask));
	}
	return 0;
}

static struct sigaction *programs_action(int sig)
{
	return &programs[sig == SIGBUS];
}

/* ---- what the processor says ---- */

#ifdef __x86_64__
#define TRAP_PAGE_FAULT 14
#define ERROR_WRITE 2
#define ERROR_FETCH 16

static void read_context(struct fault *f, const siginfo_t *info,
			 const ucontext_t *c)
{
	const greg_t *regs = c->uc_mcontext.gregs;
	long error = regs[REG_ERR];

	f->addr = (uintptr_t)info->si_addr;
	f->pc = (uintptr_t)regs[REG_RIP];
	f->sp = (uintptr_t)regs[REG_RSP];
	f->bp = (uintptr_t)regs[REG_RBP];
	f->known = regs[REG_TRAPNO] == TRAP_PAGE_FAULT;
	if (!f->known)
		return;
	f->fetch = error & ERROR_FETCH;
	f->access = error & ERROR_WRITE ? REPORT_WRITE : REPORT_READ;
}
#else
static void read_context(struct fault *f, const siginfo_t *info,
			 const ucontext_t *c)
{
	(void)c;
	f->addr = (uintptr_t)info->si_addr;
	f->known = true;
}
#endif

/* The instruction itself, and who called the function that it is in. */
static void fill_stack(struct report_stack *s, const struct fault *f)
{
	unsigned long pc[REPORT_FRAMES];
	unsigned int i, n;

	s->tid = port_pid();
	s->flags = REPORT_STACK_KNOWN | REPORT_STACK_EXACT;
	s->pc[0] = f->pc;
	n = unwind((struct unwind){ f->pc, f->sp, f->bp, true }, pc,
		   REPORT_FRAMES - 1);
	for (i = 0; i < n; i++)
		s->pc[i + 1] = pc[i];
}

/* ---- what lies there ---- */

static const char *verb(const struct fault *f)
{
	if (f->fetch)
		return "a jump";
	switch (f->access) {
	case REPORT_READ:
		return "a read";
	case REPORT_WRITE:
		return "a write";
	default:
		return "an access";
	}
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static ASHLAR_PRINTF(2, 3) void say(struct report_record *r, const char *fmt,
				    ...)
{
	__builtin_va_list args;

	__builtin_va_start(args, fmt);
	ashlar_vsnprintf(r->sentence, sizeof(r->sentence), fmt, args);
	__builtin_va_end(args);
}

/* True if the address may be of the running function's frame, or below it. */
static bool near_stack_pointer(const struct fault *f)
{
	return f->addr - f->sp + NEAR_STACK < 2 * NEAR_STACK;
}

static void say_stack(struct report_record *r, const struct fault *f)
{
	ashlar_strscpy(r->kind, "stack-overflow", sizeof(r->kind));
	say(r, "%s at the end of the stack, whose pointer is %p", verb(f),
	    (void *)f->sp);
}

/* There is memory, and it is not for that. */
static void say_refused(struct report_record *r, const struct fault *f,
			const struct mapping *m)
{
	const char *name = *m->name ? m->name : "memory without a name";

	if (!m->read && !m->write && !m->exec)
		say(r, "%s of %p, %zu byte%s into a range without access%s%s",
		    verb(f), (void *)f->addr, f->addr - m->start,
		    plural(f->addr - m->start), *m->name ? " of " : "",
		    m->name);
	else if (f->access == REPORT_WRITE)
		say(r, "a write to read-only %s of %s",
		    m->exec ? "code" : "data", name);
	else if (f->fetch)
		say(r, "a jump to %p, into data: %s", (void *)f->addr, name);
	else
		say(r, "%s of %p in %s", verb(f), (void *)f->addr, name);
}

/* There is nothing. */
static void say_nothing(struct report_record *r, const struct fault *f,
			const struct near_mappings *near)
{
	size_t before = f->addr - near->before.end;
	size_t behind = near->behind.start - f->addr;
	const struct mapping *m = &near->before;
	const char *where = "past the end of";

	if (!m->end || (near->behind.start && behind < before)) {
		m = &near->behind;
		where = "before";
		before = behind;
	}
	if (!m->end)
		say(r, "%s of %p, where nothing is", verb(f), (void *)f->addr);
	else
		say(r,
		    "%s of %p, where nothing is: nearest, %zu byte%s %s it, "
		    "is %s",
		    verb(f), (void *)f->addr, before, plural(before),
		    where[0] == 'p' ? "before" : "behind",
		    *m->name ? m->name : "memory without a name");
}

/* Nothing, or nothing to be accessed, where another thread has its stack. */
static bool say_other_stack(struct report_record *r, const struct fault *f,
			    bool is_there)
{
	struct stack_owner owner;

	if (!stack_at(f->addr, &owner) || owner.tid == port_pid() ||
	    is_there == owner.ended)
		return false;
	say(r, "%s of %p, %s the stack of thread %d%s", verb(f),
	    (void *)f->addr, is_there ? "below" : "in", owner.tid,
	    owner.ended ? ", which has ended" : "");
	return true;
}

static void say_by_maps(struct report_record *r, const struct fault *f)
{
	struct near_mappings near;
	bool stack = near_stack_pointer(f);

	if (!maps_find(f->addr, &near)) {
		say(r, "%s of %p", verb(f), (void *)f->addr);
		return;
	}
	if (stack && (!near.found || (!near.at.read && !near.at.write)))
		say_stack(r, f);
	else if ((!near.found || (!near.at.read && !near.at.write)) &&
		 say_other_stack(r, f, near.found))
		return;
	else if (near.found)
		say_refused(r, f, &near.at);
	else
		say_nothing(r, f, &near);
}

static void describe(struct report_record *r, const struct fault *f)
{
	const char *known = segv_knows ? segv_knows(f->addr) : NULL;
	size_t below = -f->addr;

	ashlar_strscpy(r->kind, "SEGV", sizeof(r->kind));
	if (!f->known)
		say(r, "an address that no pointer can have, or one that is "
		       "not aligned as the instruction wants it");
	else if (f->addr == 0)
		say(r, "%s through a null pointer", verb(f));
	else if (f->addr < NEAR_NULL)
		say(r, "%s through a null pointer, at %zu byte%s from it",
		    verb(f), f->addr, plural(f->addr));
	else if (below <= NEAR_NULL)
		say(r, "%s through a null pointer, at %zu byte%s before it",
		    verb(f), below, plural(below));
	else if (known)
		say(r, "%s of %p, in %s", verb(f), (void *)f->addr, known);
	else
		say_by_maps(r, f);
}

static void tell(const struct fault *f, const struct report_stack *now)
{
	static struct report_record r;
	static bool busy;

	if (__atomic_exchange_n(&busy, true, __ATOMIC_ACQUIRE))
		return;
	memset(&r, 0, sizeof(r));
	r.access = f->access;
	r.address = f->addr;
	r.now = *now;
	describe(&r, f);
	report_and_go_on(&r);
	__atomic_store_n(&busy, false, __ATOMIC_RELEASE);
}

/* ---- what happens then ---- */

static bool is_default(const struct sigaction *a)
{
	return !(a->sa_flags & SA_SIGINFO) &&
	       (a->sa_handler == SIG_DFL || a->sa_handler == SIG_IGN);
}

/* Without a reader a report ends the program, and has done so. */
static void before_end(void)
{
	int saved = errno;

	if (segv_ending && report_has_reader())
		segv_ending();
	errno = saved;
}

/* A fault comes again by itself; what somebody sent does not. */
static void end_by(int sig, const siginfo_t *info)
{
	struct sigaction dfl;

	before_end();
	memset(&dfl, 0, sizeof(dfl));
	dfl.sa_handler = SIG_DFL;
	real_sigaction(sig, &dfl, NULL);
	if (info->si_code <= 0)
		sys6(SYS_tgkill, sys6(SYS_getpid, 0, 0, 0, 0, 0, 0), port_pid(),
		     sig, 0, 0, 0);
}

/* As the kernel would: what it does not deliver it lets end the process. */
static void default_action(int sig, const siginfo_t *info)
{
	const struct sigaction *own = programs_action(sig);

	if (info->si_code > 0 || (own->sa_flags & SA_SIGINFO) ||
	    own->sa_handler != SIG_IGN)
		end_by(sig, info);
}

/* The mask that the handler had asked for; it ends with ours. */
static void set_mask(int sig, const struct sigaction *a)
{
	const u64 own = 1ull << (sig - 1);

	sys6(SYS_rt_sigprocmask, SIG_BLOCK, (long)&a->sa_mask, 0, 8, 0, 0);
	if (a->sa_flags & SA_NODEFER)
		sys6(SYS_rt_sigprocmask, SIG_UNBLOCK, (long)&own, 0, 8, 0, 0);
}

static void call_program(int sig, siginfo_t *info, void *context)
{
	struct sigaction *own = programs_action(sig), a = *own;

	if (a.sa_flags & (int)SA_RESETHAND) {
		own->sa_flags &= ~SA_SIGINFO;
		own->sa_handler = SIG_DFL;
	}
	set_mask(sig, &a);
	if (a.sa_flags & SA_SIGINFO)
		a.sa_sigaction(sig, info, context);
	else
		a.sa_handler(sig);
}

/* It is sent once more, and blocked as soon as the handler is left. */
static bool waits(int sig, siginfo_t *info, ucontext_t *c)
{
	long pid = sys6(SYS_getpid, 0, 0, 0, 0, 0, 0);

	if (info->si_code > 0 || !segv_blocked || !segv_blocked(sig))
		return false;
	*(u64 *)&c->uc_sigmask |= 1ull << (sig - 1);
	if (sys6(SYS_rt_sigqueueinfo, pid, sig, (long)info, 0, 0, 0))
		sys6(SYS_kill, pid, sig, 0, 0, 0, 0);
	return true;
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
	struct report_stack now = { .ms_ago = 0 };
	struct fault f = { .known = false };
	bool own = !is_default(programs_action(sig));
	int saved = errno;

	if (waits(sig, info, context))
		return;
	if (info->si_code > 0) {
		read_context(&f, info, context);
		fill_stack(&now, &f);
		if (f.known && !f.fetch &&
		    kfence_fault(f.addr, f.access, &now)) {
			errno = saved;
			return;
		}
		if (!own)
			tell(&f, &now);
	}
	errno = saved;
	if (own)
		call_program(sig, info, context);
	else
		default_action(sig, info);
}

/* abort(), or a signal that somebody sent. */
static void on_abort(int sig, siginfo_t *info, void *context)
{
	(void)context;
	end_by(sig, info);
}

/* ---- in place ---- */

/* Only where the program has said nothing of it, and reports have a reader. */
static void install_abort(void)
{
	struct sigaction act;

	if (!report_has_reader() || real_sigaction(SIGABRT, NULL, &act) ||
	    (act.sa_flags & SA_SIGINFO) || act.sa_handler != SIG_DFL)
		return;
	memset(&act, 0, sizeof(act));
	act.sa_sigaction = on_abort;
	act.sa_flags = SA_SIGINFO | SA_ONSTACK;
	real_sigaction(SIGABRT, &act, NULL);
}

/* A signal stack for a thread that has none; NULL: it has, or needs none. */
void *segv_thread_starts(void)
{
	stack_t now, ours = { .ss_size = STACK_BYTES };

	if (likely(!installed))
		return NULL;
	stack_begins();
	if (sys6(SYS_sigaltstack, 0, (long)&now, 0, 0, 0, 0) ||
	    !(now.ss_flags & SS_DISABLE))
		return NULL;
	ours.ss_sp = sys_mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
			      MAP_NORESERVE);
	if (ours.ss_sp && sys6(SYS_sigaltstack, (long)&ours, 0, 0, 0, 0, 0)) {
		sys_munmap(ours.ss_sp, STACK_BYTES);
		return NULL;
	}
	return ours.ss_sp;
}

/* ... goes with it, unless it is in use, for good. */
void segv_thread_ends(void *stack)
{
	stack_t now, none = { .ss_flags = SS_DISABLE };

	if (likely(!installed))
		return;
	stack_ends();
	if (!stack || sys6(SYS_sigaltstack, 0, (long)&now, 0, 0, 0, 0) ||
	    (now.ss_sp == stack &&
	     sys6(SYS_sigaltstack, (long)&none, 0, 0, 0, 0, 0)))
		return;
	sys_munmap(stack, STACK_BYTES);
}

/* The parent of this process may have had them blocked. */
static void unblock(void)
{
	const u64 both = 1ull << (SIGSEGV - 1) | 1ull << (SIGBUS - 1);

	sys6(SYS_rt_sigprocmask, SIG_UNBLOCK, (long)&both, 0, sizeof(both), 0,
	     0);
}

/** segv_install() - from now on faults are told of; see the head */
void segv_install(void)
{
	struct sigaction act;
	unsigned int i;

	memset(&act, 0, sizeof(act));
	act.sa_sigaction = on_fault;
	act.sa_flags = SA_SIGINFO | SA_ONSTACK;
	for (i = 0; i < ARRAY_SIZE(signals); i++)
		if (real_sigaction(signals[i], &act, &programs[i]))
			return;
	install_abort();
	if (report_has_reader())
		unblock();
	installed = true;
}

/**
 * segv_sigaction() - sigaction() for a program whose faults are told of
 * @sig: any signal
 * @act: as of sigaction()
 * @old: as of sigaction()
 *
 * Return: as sigaction().
 */
int segv_sigaction(int sig, const struct sigaction *act, struct sigaction *old)
{
	struct sigaction *own, before;

	if (!installed || (sig != SIGSEGV && sig != SIGBUS))
		return real_sigaction(sig, act, old);
	own = programs_action(sig);
	before = *own;
	if (act)
		*own = *act;
	if (old)
		*old = before;
	return 0;
}
