/* SPDX-License-Identifier: MIT */
/*
 * The callers of the core: return addresses, without those of this library.
 *
 *   | this library's frames | the program's, its libraries' ... | main | _start
 *     not counted             innermost first, as many as asked for
 *
 * How to get from one to the next: unwind.c. Without _dl_find_object(), that
 * is before glibc 2.35 and in most static programs, nothing is found.
 */
#include <ashlar/port.h>
#include <ashlar/printf.h>
#include <dlfcn.h>
#include <link.h>
#include "find_object.h"
#include "sys.h"
#include "unwind.h"
#include "user.h"

/* Where this library is, if it is one of its own; found once. */
static struct code own;

static __cold_path void find_own(void)
{
	struct dl_find_object o;
	uintptr_t start = 1, bytes = 0;

	if (find_object((uintptr_t)find_own, &o) && *o.dlfo_link_map->l_name) {
		start = (uintptr_t)o.dlfo_map_start;
		bytes = (uintptr_t)o.dlfo_map_end - start;
	}
	WRITE_ONCE(own.bytes, bytes);
	smp_store_release(&own.start, start);
}

static __always_inline struct code own_code(void)
{
	if (unlikely(!smp_load_acquire(&own.start)))
		find_own();
	return (struct code){ READ_ONCE(own.start), READ_ONCE(own.bytes) };
}

/* In a page that the linker has written to already. */
static bool unknown = true;

/* callers_known - the C library can be asked for its objects from now on */
void callers_known(void)
{
	WRITE_ONCE(unknown, false);
}

unsigned int port_callers(unsigned long *pc, unsigned int nr)
{
	struct code mine;

	if (unlikely(READ_ONCE(unknown)))
		return 0;
	mine = own_code();
	return unwind(unwind_here(), &mine, pc, nr);
}

/*
 * ---- the same callers again ----
 *
 * Most calls come the way that one before them came. For each stack pointer
 * and innermost caller that a call was seen with, a thread remembers what the
 * callers were, and in which words of the stack their addresses lay. If those
 * words are unchanged, so are the callers: to see that takes a few
 * instructions for each.
 *
 *   sp ──►| this library's frames: one of few sizes | innermost caller | …
 *                                                   └ sp + first[i] words
 */

#define MEMO_SETS 512u
#define MEMO_WAYS 2u
#define MEMO_BYTES (MEMO_SETS * MEMO_WAYS * sizeof(struct memo))
#define MEMO_DEPTH 16u
#define FIRSTS 6u

/* A cache line. */
struct memo {
	uintptr_t sp; /* of port_callers_noted() */
	u64 sum; /* of the words */
	u32 note; /* what the core noted; 0: nothing is remembered */
	u32 second; /* half of the second word: most differ there */
	u32 nr;
	u16 word[MEMO_DEPTH]; /* where they lie, in words from sp: fours() */
};

#define NO_MEMOS ((struct memo *)1) /* no memory, or the thread is ending */

static __thread struct {
	struct memo *memo; /* sets of them; NULL: not yet */
	u32 turn; /* whose it is to be forgotten */
	u32 nr_firsts;
	u16 first[FIRSTS]; /* where innermost callers lay, in words from sp */
} memos;

/* Words are compared by four, the last of them perhaps more than once. */
static __always_inline u32 fours(u32 nr)
{
	return (nr + 3) & ~3u;
}

static __always_inline u64 add_to_sum(u64 sum, uintptr_t word)
{
	return (sum << 7 | sum >> 57) ^ word;
}

/* What those words of a stack are compared by: all of them, and their order. */
static __always_inline u64 sum_of(const uintptr_t *stack, const u16 *word,
				  u32 nr)
{
	const u16 *end = word + fours(nr);
	u64 even = 0, odd = 0;

	do {
		even = add_to_sum(even, stack[word[0]]);
		odd = add_to_sum(odd, stack[word[1]]);
		even = add_to_sum(even, stack[word[2]]);
		odd = add_to_sum(odd, stack[word[3]]);
		word += 4;
	} while (word < end);
	return even ^ (odd << 32 | odd >> 32);
}

static __always_inline struct memo *memo_set(uintptr_t sp, uintptr_t first)
{
	u64 hash = (sp ^ first << 16) * 0x9e3779b97f4a7c15ull;

	return &memos.memo[(hash >> 48) % MEMO_SETS * MEMO_WAYS];
}

static __always_inline bool still_holds(const struct memo *m, uintptr_t sp)
{
	const uintptr_t *stack = (const uintptr_t *)sp;

	return m->sp == sp && m->note &&
	       unwind_may_read(sp, (uintptr_t)(stack + m->word[m->nr - 1])) &&
	       (u32)stack[m->word[1]] == m->second &&
	       sum_of(stack, m->word, m->nr) == m->sum;
}

/* What is remembered of a call with @sp, or NULL. */
static __always_inline struct memo *recall(uintptr_t sp)
{
	const uintptr_t *first;
	struct memo *m;
	u32 i;

	for (i = 0; i < memos.nr_firsts; i++) {
		first = (const uintptr_t *)sp + memos.first[i];
		if (!unwind_may_read(sp, (uintptr_t)first))
			continue;
		m = memo_set(sp, *first);
		if (still_holds(m, sp))
			return m;
		if (still_holds(++m, sp))
			return m;
	}
	return NULL;
}

static bool may_remember(void)
{
	if (unlikely(!memos.memo)) {
		if (!mm_cpu_self)
			return false; /* its end would go unseen */
		memos.memo =
			sys_mmap(NULL, MEMO_BYTES, PROT_READ | PROT_WRITE, 0);
		if (!memos.memo)
			memos.memo = NO_MEMOS;
	}
	return likely(memos.memo != NO_MEMOS);
}

/* Innermost callers are to be looked for at @word from now on. */
static void note_first(u16 word)
{
	u32 i;

	for (i = 0; i < memos.nr_firsts; i++)
		if (memos.first[i] == word)
			return;
	if (i == FIRSTS)
		i = memos.turn % FIRSTS;
	else
		memos.nr_firsts++;
	memos.first[i] = word;
}

/* NULL: it is not known where all of them lie, or it is too far away. */
static struct memo *remember(uintptr_t sp, const uintptr_t *slot,
			     unsigned int nr)
{
	const uintptr_t *stack = (const uintptr_t *)sp;
	struct memo *m, new = { .sp = sp, .nr = nr };
	uintptr_t word;
	unsigned int i;

	if (!nr || !may_remember())
		return NULL;
	for (i = 0; i < fours(nr); i++) {
		word = (slot[min(i, nr - 1)] - sp) / sizeof(word);
		if (!slot[min(i, nr - 1)] || word > 0xffff)
			return NULL;
		new.word[i] = (u16)word;
	}
	new.sum = sum_of(stack, new.word, nr);
	new.second = (u32)stack[new.word[1]];
	note_first(new.word[0]);
	m = memo_set(sp, stack[new.word[0]]) + memos.turn++ % MEMO_WAYS;
	*m = new;
	return m;
}

static __attribute__((__noinline__)) unsigned int
find_callers(uintptr_t sp, unsigned long *pc, unsigned int nr, u32 **note)
{
	const struct code mine = own_code();
	uintptr_t slot[MEMO_DEPTH];
	struct memo *m;

	nr = unwind_slots(unwind_here(), &mine, (struct callers){ pc, slot },
			  min(nr, MEMO_DEPTH));
	m = remember(sp, slot, nr);
	*note = m ? &m->note : NULL;
	return nr;
}

unsigned int port_callers_noted(unsigned long *pc, unsigned int nr, u32 **note)
{
	uintptr_t sp = (uintptr_t)__builtin_frame_address(0);
	struct memo *m = recall(sp);

	if (unlikely(!m))
		return find_callers(sp, pc, nr, note);
	*note = &m->note;
	return m->nr;
}

/* callers_thread_ends - from now on nothing is remembered */
void callers_thread_ends(void)
{
	if (memos.memo && memos.memo != NO_MEMOS)
		sys_munmap(memos.memo, MEMO_BYTES);
	memos.memo = NO_MEMOS;
	memos.nr_firsts = 0;
}

/* "0x5581 program+0x1581", for addr2line. */
void port_log_code(unsigned long pc)
{
	struct dl_find_object object;
	const struct link_map *map;
	char line[200];

	if (find_object(pc, &object)) {
		map = object.dlfo_link_map;
		ashlar_snprintf(line, sizeof(line), "   %p %s+0x%lx",
				(void *)pc,
				*map->l_name ? map->l_name : "program",
				pc - map->l_addr);
	} else {
		ashlar_snprintf(line, sizeof(line), "   %p", (void *)pc);
	}
	port_log(line);
}

/* The running thread's number, once the kernel has been asked. */
static __thread int own_tid;

int port_pid(void)
{
	if (unlikely(!own_tid))
		own_tid = (int)sys6(SYS_gettid, 0, 0, 0, 0, 0, 0);
	return own_tid;
}

/* callers_fork_child - a forked thread has another number */
void callers_fork_child(void)
{
	own_tid = 0;
}
