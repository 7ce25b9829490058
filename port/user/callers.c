/* SPDX-License-Identifier: MIT */
/*
 * The callers of the core: return addresses, without those of this library.
 *
 *   | this library's frames | the program's, its libraries' ... | main | _start
 *     not counted             innermost first, as many as asked for
 *
 * How to get from one to the next: unwind.c. Without _dl_find_object(), that
 * is before glibc 2.35 and in most static programs, only the innermost is
 * found. Those that are linked with -static-pie, or with -Wl,--eh-frame-hdr,
 * have it.
 */
#include <ashlar/port.h>
#include <ashlar/printf.h>
#include <dlfcn.h>
#include <link.h>
#include "find_object.h"
#include "sys.h"
#include "trail.h"
#include "user.h"

/*
 * The code of an archive, which is a part of some program (scripts/prelink); no
 * bytes in a shared library (layout.ld), which has its own mapping.
 */
extern const char linked_from[] __asm__("ashlar_text_start")
	__attribute__((__weak__, __visibility__("hidden")));
extern const char linked_to[] __asm__("ashlar_text_stop")
	__attribute__((__weak__, __visibility__("hidden")));

/* Where this library's code is; found once. */
static struct code own;

static __cold_path void find_own(void)
{
	struct dl_find_object o;
	uintptr_t start = (uintptr_t)linked_from;
	uintptr_t bytes = (uintptr_t)linked_to - start;

	if (!bytes && find_object((uintptr_t)find_own, &o) &&
	    *o.dlfo_link_map->l_name) {
		start = (uintptr_t)o.dlfo_map_start;
		bytes = (uintptr_t)o.dlfo_map_end - start;
	}
	WRITE_ONCE(own.bytes, bytes);
	smp_store_release(&own.start, bytes ? start : 1);
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
	struct unwind u = unwind_here();
	struct code mine;

	if (unlikely(READ_ONCE(unknown) || !nr))
		return 0;
	mine = own_code();
	if (unlikely(!unwind_leave(&u, &mine)))
		return 0;
	return unwind_from(u, (struct callers){ .pc = pc }, nr);
}

/*
 * ---- the same callers again ----
 *
 * Most calls come the way that one before them came. For each stack pointer
 * and innermost caller that a call was seen with, a thread remembers what the
 * callers were, and in which words of the stack their addresses lay. If those
 * words are unchanged, so are the callers: to see that takes a few
 * instructions for each. Where they are not, a walk finds out (trail.c).
 *
 *   sp ──►| this library's frames: one of few sizes | innermost caller | …
 *                                                   └ sp + first[i] words
 */

#define MEMO_SETS_BITS 9
#define MEMO_SETS (1u << MEMO_SETS_BITS)
#define MEMO_WAYS 2u
#define MEMO_DEPTH TRAIL_DEPTH
#define FIRSTS 6u
#define GUESSES 8u
#define SELDOM 8u /* one in so many */

/* A cache line. */
struct memo {
	uintptr_t sp; /* of port_callers_noted() */
	u64 sum; /* of the words */
	u32 note; /* what the core noted; 0: nothing is remembered */
	u32 second; /* half of the second word: most differ there */
	u16 fours; /* of words: the last one may be there more than once */
	u16 last; /* the word that lies farthest */
	u16 word[MEMO_DEPTH]; /* where they lie, in words from sp */
};

/* What a thread has to remember by. */
struct memory {
	struct memo memo[MEMO_SETS * MEMO_WAYS];
	struct trail trail;
};

#define NO_MEMORY ((struct memory *)1) /* there is none, or the thread ends */

static __thread struct {
	struct memory *memory; /* NULL: not yet */
	u32 turn; /* whose it is to be forgotten */
	u32 in_vain; /* calls in a row that nothing was remembered of */
	u32 nr_firsts;
	u16 first[FIRSTS]; /* where innermost callers lay, in words from sp */
	u8 guess[GUESSES]; /* which of them is tried first */
} memos;

/* Words are compared by four, the last of them perhaps more than once. */
static __always_inline u32 fours(u32 nr)
{
	return (nr + 3) / 4;
}

static __always_inline u64 add_to_sum(u64 sum, uintptr_t word)
{
	return (sum << 7 | sum >> 57) ^ word;
}

/* What those words of a stack are compared by: all of them, and their order. */
static __always_inline u64 sum_of(const uintptr_t *stack, const struct memo *m)
{
	const u16 *word = m->word, *end = word + 4 * m->fours;
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

	return &memos.memory->memo[(hash >> (64 - MEMO_SETS_BITS)) * MEMO_WAYS];
}

static __always_inline bool still_holds(const struct memo *m, uintptr_t sp)
{
	const uintptr_t *stack = (const uintptr_t *)sp;

	return m->sp == sp && m->note &&
	       unwind_may_read(sp, (uintptr_t)(stack + m->last)) &&
	       (u32)stack[m->word[1]] == m->second &&
	       sum_of(stack, m) == m->sum;
}

/* Where an innermost caller was found before, in words from @sp; or NULL. */
static __always_inline const uintptr_t *first_at(uintptr_t sp, u32 i)
{
	const uintptr_t *first = (const uintptr_t *)sp + memos.first[i];

	return likely(unwind_may_read(sp, (uintptr_t)first)) ? first : NULL;
}

/* From where in the core these are asked for: most often it is the same way. */
static __always_inline u8 *guess_for(uintptr_t from)
{
	return &memos.guess[(from >> 4 ^ from) % GUESSES];
}

/* What is remembered of a call with @sp, or NULL. */
static struct memo *recall_any(uintptr_t sp, uintptr_t from)
{
	const uintptr_t *first;
	struct memo *m, other;
	u32 i;

	for (i = 0; i < memos.nr_firsts; i++) {
		first = first_at(sp, i);
		if (!first)
			continue;
		m = memo_set(sp, *first);
		if (!still_holds(m, sp)) {
			if (!still_holds(m + 1, sp))
				continue;
			other = m[0];
			m[0] = m[1];
			m[1] = other;
		}
		*guess_for(from) = (u8)i;
		return m;
	}
	return NULL;
}

/*
 * The same. In a recursion seldom anything is: then a walk at once is cheaper,
 * but for a look now and then at whether that is still so.
 */
static struct memo *recall(uintptr_t sp, uintptr_t from)
{
	struct memo *m = NULL;

	if (memos.in_vain < SELDOM || memos.in_vain % SELDOM == 0)
		m = recall_any(sp, from);
	memos.in_vain = m ? 0 : memos.in_vain + 1;
	return m;
}

static bool may_remember(void)
{
	if (unlikely(!memos.memory)) {
		if (!mm_cpu_self)
			return false; /* its end would go unseen */
		memos.memory = sys_mmap(NULL, sizeof(struct memory),
					PROT_READ | PROT_WRITE, 0);
		if (!memos.memory)
			memos.memory = NO_MEMORY;
	}
	return likely(memos.memory != NO_MEMORY);
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

/* True if what is remembered of @sp in this set has come to be wrong. */
static bool varies(const struct memo *set, uintptr_t sp)
{
	return (set[0].sp == sp && set[0].note) ||
	       (set[1].sp == sp && set[1].note);
}

/*
 * Nothing, if it is too far away where they lie; and seldom where other callers
 * are remembered: a recursion seldom comes back to the same.
 */
static void remember(uintptr_t sp, struct found f)
{
	const uintptr_t *stack = (const uintptr_t *)sp;
	uintptr_t word, all = 0;
	struct memo *m;
	u32 i;

	if (!f.nr || (f.slot[0] - sp) / sizeof(word) > 0xffff)
		return;
	word = (f.slot[0] - sp) / sizeof(word);
	note_first((u16)word);
	m = memo_set(sp, stack[word]);
	memos.turn++;
	if (varies(m, sp) && memos.turn % SELDOM)
		return;
	m += memos.turn / SELDOM % MEMO_WAYS;
	m->note = 0;
	for (i = 0; i < f.nr; i++) {
		word = (f.slot[i] - sp) / sizeof(word);
		m->word[i] = (u16)word;
		all |= word;
	}
	m->last = (u16)word;
	m->fours = (u16)fours(f.nr);
	for (; i & 3; i++)
		m->word[i] = (u16)word;
	if (all > 0xffff)
		return;
	m->sp = sp;
	m->sum = sum_of(stack, m);
	m->second = (u32)stack[m->word[1]];
	m->note = f.note;
}

static __attribute__((__noinline__)) u32
find_callers(uintptr_t sp, uintptr_t from, unsigned int nr,
	     u32 (*number)(const unsigned long *pc, unsigned int nr))
{
	unsigned long pc[MEMO_DEPTH];
	struct unwind u = unwind_here();
	struct found f;
	struct code mine;
	struct memo *m;

	if (unlikely(READ_ONCE(unknown)))
		return 0;
	mine = own_code();
	m = recall(sp, from);
	if (m)
		return m->note;
	nr = min(nr, MEMO_DEPTH);
	if (unlikely(!nr || !unwind_leave(&u, &mine)))
		return number(pc, 0);
	if (unlikely(!may_remember() || memos.memory->trail.busy)) {
		nr = unwind_from(u, (struct callers){ .pc = pc }, nr);
		return number(pc, nr);
	}
	f = trail_follow(&memos.memory->trail, u, nr, number);
	remember(sp, f);
	return f.note;
}

u32 port_callers_noted(unsigned int nr,
		       u32 (*number)(const unsigned long *pc, unsigned int nr))
{
	uintptr_t sp = (uintptr_t)__builtin_frame_address(0);
	uintptr_t from = (uintptr_t)__builtin_return_address(0);
	const uintptr_t *first;
	const struct memo *m;

	if (likely(memos.nr_firsts)) {
		first = first_at(sp, *guess_for(from));
		m = first ? memo_set(sp, *first) : NULL;
		if (likely(m) && likely(still_holds(m, sp)))
			return m->note;
	}
	return find_callers(sp, from, nr, number);
}

/* callers_thread_ends - from now on nothing is remembered */
void callers_thread_ends(void)
{
	if (memos.memory && memos.memory != NO_MEMORY)
		sys_munmap(memos.memory, sizeof(struct memory));
	memos.memory = NO_MEMORY;
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
