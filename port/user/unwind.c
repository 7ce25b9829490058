/* SPDX-License-Identifier: MIT */
/*
 * The way from a frame of the stack to its caller's, and so on.
 *
 *   sp ──►|  this frame ...  | saved rbp | return address |  caller's frame
 *                                                         └ CFA: caller's sp
 *
 *   pc ─► cache: one step for each return address ─► the caller's pc, sp, rbp
 *          └ not there: .eh_frame says it (eh_frame.c)
 *
 * This library itself keeps frame records: rbp leads through its own frames,
 * and no rules of theirs are read, which would be in memory for nothing else.
 * Where other code has no rules (made at run time), rbp may lead on, too, if
 * what it finds is a return address.
 *
 * No lock, no allocation, no call but _dl_find_object(), which has neither
 * (glibc 2.35): so this runs in a signal handler, and with any lock held. An
 * entry of the cache is two words that prove each other. A library that takes
 * the place of one that was unloaded may find old entries: then the stack that
 * is found is wrong, and no more than that; for memory that was not known to
 * be readable is read only after the kernel has been asked.
 *
 * Why no library does this: libunwind takes the dynamic linker's lock, as a
 * shared library it stands in the place of the C++ runtime's unwinder, and
 * Debian's archive of it is no position-independent code; the compiler's own
 * takes a microsecond for eight frames.
 */
#include <ashlar/compiler.h>
#include <ashlar/string.h>
#include <ashlar/types.h>
#include <errno.h>
#include <linux/futex.h>
#include <time.h>
#include "eh_frame.h"
#include "find_object.h"
#include "sys.h"
#include "unwind.h"

/* ---- memory that can be read ---- */

#define STACK_PAGE 4096ul
#define STEP_PAGES 4096 /* a frame may be as large as so many */
#define UNLIKELY_WORD 0x5be1c6a3

__thread struct readable readable;

/* The kernel is asked to look at a word, and not to wait. */
static bool word_is_readable(uintptr_t at)
{
	const struct timespec at_once = { 0, 0 };

	return sys6(SYS_futex, (long)at, FUTEX_WAIT_PRIVATE, UNLIKELY_WORD,
		    (long)&at_once, 0, 0) != -EFAULT;
}

/*
 * The word itself is asked for, and not the first of its page: that may be
 * below sp, where memory checkers allow no access.
 */
static __attribute__((__noinline__)) bool extend_readable(uintptr_t at)
{
	uintptr_t page = ALIGN_DOWN(at, STACK_PAGE);

	if (at < readable.from || !readable.to ||
	    page - readable.to >= STEP_PAGES * STACK_PAGE) {
		if (!word_is_readable(ALIGN_DOWN(at, sizeof(at))))
			return false;
		readable.from = page;
		readable.to = page + STACK_PAGE;
	}
	for (; readable.to <= page; readable.to += STACK_PAGE)
		if (!word_is_readable(readable.to))
			return false;
	return true;
}

static __always_inline bool is_readable(uintptr_t at)
{
	return likely(at - readable.from < readable.to - readable.from) ||
	       extend_readable(at);
}

static bool read_word(uintptr_t at, uintptr_t *word)
{
	if (at % sizeof(*word) || !is_readable(at))
		return false;
	*word = *(const uintptr_t *)at;
	return true;
}

/* Note that frame number @n returns to @pc, which lies at @slot. */
static __always_inline void note_caller(struct callers out, unsigned int n,
					uintptr_t pc, uintptr_t slot,
					uintptr_t bp)
{
	out.pc[n] = pc;
	if (out.slot)
		out.slot[n] = slot;
	if (out.bp)
		out.bp[n] = ~bp;
}

/* Where those after the first @n go. */
static __always_inline struct callers behind(struct callers out, unsigned int n)
{
	return (struct callers){ out.pc + n, out.slot ? out.slot + n : NULL,
				 out.bp ? out.bp + n : NULL };
}

/*
 * A frame record is what compilers keep by themselves (AArch64) or when they
 * are asked to: the caller's fp, and where this returns to.
 *
 *   most   fp ──►| caller's fp | return address | ...
 *   RISC-V       | caller's fp | return address |◄── fp
 */
#if defined(__riscv)
#define RECORD_BELOW (2 * sizeof(uintptr_t))
#else
#define RECORD_BELOW 0
#endif

static bool step_by_record(struct unwind *u)
{
	uintptr_t record = u->bp - RECORD_BELOW, fp, pc;

	if (record < u->sp || !read_word(record, &fp) ||
	    !read_word(record + sizeof(fp), &pc) || !pc)
		return false;
	*u = (struct unwind){ pc, record + 2 * sizeof(fp), fp, false };
	return true;
}

/* The same, where a word may only look like a record. */
static bool step_by_likely_record(struct unwind *u)
{
	struct unwind caller = *u;
	struct dl_find_object o;

	if (!step_by_record(&caller) || !find_object(caller.pc, &o))
		return false;
	*u = caller;
	return true;
}

/* Only of x86-64 it is sure that this library keeps records. */
#ifdef __x86_64__
#define step_own step_by_record
#else
#define step_own step_by_likely_record
#endif

bool unwind_leave(struct unwind *u, const struct code *own)
{
	do {
		if (!step_own(u))
			return false;
	} while (u->pc - own->start < own->bytes);
	return true;
}

/* Not 0, so it lies in a page that the linker has written to already. */
uintptr_t unwind_top = UNWIND_TOP_UNKNOWN;
uintptr_t unwind_thread_top;

#ifdef __x86_64__

/* ---- what a step is, and the cache of them ---- */
/* A step as one word, for the cache; the two enums' bits are told apart. */
#define STEP_BY_BP (1ul << 48)
#define STEP_SAVED (1ul << 56)
#define STEP_SLOW (0xfeul << 48 | 0xfeul << 56)

union packed {
	struct step step;
	u64 word;
};

static __always_inline uintptr_t step_bp(u64 word)
{
	return (uintptr_t)(long)(s16)(word >> 32);
}

/*
 * A program whose every thousandth call is looked at comes from few places, and
 * is to have a page of the cache. It is as large as it may be once as many
 * steps were looked for as that page has room for.
 */
#define CACHE_BITS 12
#define CACHE_LEAST 256u

static struct entry {
	u64 proof; /* key ^ word */
	u64 word;
} cache[1 << CACHE_BITS];

static u32 cache_mask = CACHE_LEAST - 1, cache_misses; /* racy */

/* @key: a return address, or the complement of an instruction's. */
static __always_inline uintptr_t key_of(uintptr_t pc, bool exact)
{
	return exact ? ~pc : pc;
}

static __always_inline struct entry *entry_of(uintptr_t key)
{
	u64 hash = key * 0x9e3779b97f4a7c15ull;

	return &cache[hash >> (64 - CACHE_BITS) & READ_ONCE(cache_mask)];
}

/*
 * A return address may be the first one behind a function, for a call that does
 * not return; and where a signal's handler returns to, nothing called.
 */
static __cold_path __racy u64 find_packed(uintptr_t pc, bool exact,
					  uintptr_t key)
{
	union packed p = { .word = 0 };
	struct entry *e = entry_of(key);

	p.step = eh_frame_step(exact ? pc : pc - 1);
	if (p.step.base == NO_RULE && !exact)
		p.step = eh_frame_step(pc);
	if (p.step.base == NO_RULE)
		return p.word;
	if (++cache_misses == CACHE_LEAST)
		WRITE_ONCE(cache_mask, (1u << CACHE_BITS) - 1);
	__atomic_store_n(&e->word, p.word, __ATOMIC_RELAXED);
	__atomic_store_n(&e->proof, p.word ^ key, __ATOMIC_RELAXED);
	return p.word;
}

static struct step step_at(uintptr_t pc, bool exact)
{
	uintptr_t key = key_of(pc, exact);
	const struct entry *e = entry_of(key);
	union packed p;

	p.word = __atomic_load_n(&e->word, __ATOMIC_RELAXED);
	if (unlikely((__atomic_load_n(&e->proof, __ATOMIC_RELAXED) ^ p.word) !=
		     key))
		p.word = find_packed(pc, exact, key);
	return p.step;
}

/* ---- one step ---- */

/* Where a signal's frame keeps them, from its sp on: struct ucontext. */
#define SIGNAL_BP 120
#define SIGNAL_SP 160
#define SIGNAL_PC 168

static bool step_signal(struct unwind *u)
{
	uintptr_t sp = u->sp;

	u->exact = true;
	return read_word(sp + SIGNAL_PC, &u->pc) &&
	       read_word(sp + SIGNAL_BP, &u->bp) &&
	       read_word(sp + SIGNAL_SP, &u->sp) && u->pc;
}

static bool step_by_rule(struct unwind *u, struct step s)
{
	uintptr_t cfa, bp = u->bp;

	cfa = (s.base == BY_SP ? u->sp : bp) + (uintptr_t)(long)s.cfa;
	if (unlikely(s.base == AT_BP) && !read_word(cfa, &cfa))
		return false;
	/* A frame lies above the ones it called: no loop, no way back. */
	if (unlikely(cfa <= u->sp))
		return false;
	if (s.saved == AT_CFA && !read_word(cfa + (uintptr_t)(long)s.bp, &bp))
		return false;
	if (unlikely(s.saved == AT_OWN) &&
	    !read_word(bp + (uintptr_t)(long)s.bp, &bp))
		return false;
	if (!read_word(cfa - 8, &u->pc))
		return false;
	u->sp = cfa;
	u->bp = bp;
	return u->pc;
}

/* True if @pc lies in the C library, or in C++'s. */
static bool is_runtime(uintptr_t pc)
{
	static const char c[] = "libc.so", cxx[] = "libstdc++.so";
	const char *name, *at;
	struct dl_find_object o;

	if (!find_object(pc, &o))
		return false;
	name = o.dlfo_link_map->l_name;
	for (at = name; *at; at++)
		if (*at == '/')
			name = at + 1;
	return !ashlar_strncmp(name, c, sizeof(c) - 1) ||
	       !ashlar_strncmp(name, cxx, sizeof(cxx) - 1);
}

/*
 * True if this is the function that called main(), or that of a thread: glibc's
 * have 264 and 224 bytes, C++'s 32 in between, and no function of theirs that
 * calls back has its frame so near. What called it tells nobody anything, and
 * its rules lie in 64 KiB and more that a program most often does not read for
 * anything else.
 */
#define START_MOST 288ul

static bool called_first(const struct unwind *u)
{
	uintptr_t descriptor;

	__asm__("mov %%fs:0, %0" : "=r"(descriptor));
	return (unwind_top - u->sp <= START_MOST ||
		descriptor - unwind_thread_top - u->sp <= START_MOST) &&
	       is_runtime(u->pc);
}

static __attribute__((__noinline__)) bool step_slowly(struct unwind *u)
{
	struct step s;

	if (!u->pc || called_first(u))
		return false;
	s = step_at(u->pc, u->exact);
	u->exact = false;
	if (s.base == SIGNAL)
		return step_signal(u);
	if (s.base == NO_RULE)
		return step_by_likely_record(u);
	return s.base <= AT_BP && step_by_rule(u, s);
}

/* True if such a frame is one of those that are known. */
static __always_inline bool meets(struct known *k, uintptr_t pc, uintptr_t slot,
				  uintptr_t bp)
{
	const struct callers f = k->frames;

	while (f.slot[k->at] < slot)
		k->at++;
	k->met = f.slot[k->at] == slot && f.pc[k->at] == pc &&
		 f.bp[k->at] == ~bp;
	return k->met;
}

/*
 * As many steps as go fast: from return addresses that are known, on stack that
 * is known. (Words of their own, for they are to stay in registers.)
 */
static __always_inline unsigned int fast(struct unwind *u, struct callers out,
					 unsigned int nr, struct known *known)
{
	uintptr_t pc = u->pc, sp = u->sp, bp = u->bp, to = readable.to;
	uintptr_t key = key_of(pc, u->exact);
	uintptr_t cfa, slot;
	const struct entry *e;
	unsigned int n = 0;
	u64 word;

	while (n < nr) {
		e = entry_of(key);
		word = __atomic_load_n(&e->word, __ATOMIC_RELAXED);
		if (unlikely((__atomic_load_n(&e->proof, __ATOMIC_RELAXED) ^
			      word) != key ||
			     word & STEP_SLOW))
			break;
		cfa = (word & STEP_BY_BP ? bp : sp) +
		      (uintptr_t)(long)(s32)word;
		if (unlikely(cfa - sp - 1 >= to - sp))
			break;
		if (word & STEP_SAVED) {
			slot = cfa + step_bp(word);
			if (unlikely(slot < sp))
				break;
			bp = *(const uintptr_t *)slot;
		}
		pc = *(const uintptr_t *)(cfa - 8);
		key = pc;
		sp = cfa;
		if (known && unlikely(meets(known, pc, cfa - 8, bp)))
			break;
		note_caller(out, n++, pc, cfa - 8, bp);
	}
	*u = (struct unwind){ pc, sp, bp, key != pc };
	return n;
}

#define SLOW_MAX 256 /* steps */

static __always_inline unsigned int walk(struct unwind u, struct callers out,
					 unsigned int nr, struct known *known)
{
	unsigned int n = 0, slow = 0;

	for (; n < nr && slow < SLOW_MAX; slow++) {
		/*
		 * What is above sp, up to readable.to, can be read. Of who
		 * has faulted sp itself may lie past the end of the stack.
		 */
		if (is_readable(u.sp))
			n += fast(&u, behind(out, n), nr - n, known);
		else if (!u.exact)
			break;
		if (n == nr || (known && known->met) || !step_slowly(&u))
			break;
		note_caller(out, n++, u.pc, u.exact ? 0 : u.sp - 8, u.bp);
	}
	return n;
}

unsigned int unwind_slots(struct unwind u, struct callers out, unsigned int nr)
{
	return walk(u, out, nr, NULL);
}

unsigned int unwind_to_known(struct unwind u, struct callers out,
			     unsigned int nr, struct known *known)
{
	if (meets(known, u.pc, u.sp - 8, u.bp))
		return 0;
	note_caller(out, 0, u.pc, u.sp - 8, u.bp);
	return 1 + walk(u, behind(out, 1), nr - 1, known);
}

#else

unsigned int unwind_slots(struct unwind u, struct callers out, unsigned int nr)
{
	unsigned int n = 0;

	while (n < nr && step_by_likely_record(&u)) {
		note_caller(out, n, u.pc, u.sp - sizeof(uintptr_t), u.bp);
		n++;
	}
	return n;
}

/* Records are few instructions each: they are all followed. */
unsigned int unwind_to_known(struct unwind u, struct callers out,
			     unsigned int nr, struct known *known)
{
	return unwind_from(u, out, nr);
}

#endif

unsigned int unwind_from(struct unwind u, struct callers out, unsigned int nr)
{
	note_caller(out, 0, u.pc, u.sp - sizeof(uintptr_t), u.bp);
	return 1 + unwind_slots(u, behind(out, 1), nr - 1);
}

unsigned int unwind(struct unwind u, unsigned long *pc, unsigned int nr)
{
	return unwind_slots(u, (struct callers){ .pc = pc }, nr);
}
