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
#include "sys.h"
#include "unwind.h"
#include "user.h"

#pragma weak _dl_find_object

static bool find_object(uintptr_t address, struct dl_find_object *object)
{
	return _dl_find_object && !_dl_find_object((void *)address, object);
}

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
	WRITE_ONCE(own.start, start);
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
	if (unlikely(READ_ONCE(unknown)))
		return 0;
	if (unlikely(!READ_ONCE(own.start)))
		find_own();
	return unwind(unwind_here(), &own, pc, nr);
}

/*
 * ---- the same callers again ----
 *
 * Most calls come the way that one before them came. For each stack pointer
 * that a call was seen with, a thread remembers what the callers were, and in
 * which words of the stack their addresses lay. If those words are unchanged,
 * so are the callers: to see that takes a few instructions for each.
 */

#define MEMO_SETS 256u
#define MEMO_WAYS 4u
#define MEMO_BYTES (MEMO_SETS * MEMO_WAYS * sizeof(struct memo))
#define MEMO_DEPTH 16u

/* A cache line. */
struct memo {
	uintptr_t sp; /* of port_callers_noted() */
	u64 sum; /* of the words */
	u32 note; /* what the core noted; 0: nothing is remembered */
	u32 first; /* half of the first word */
	u32 nr;
	u16 word[MEMO_DEPTH]; /* where they lie, in words from sp */
};

#define NO_MEMOS ((struct memo *)1) /* no memory, or the thread is ending */

static __thread struct memo *memos; /* sets of them; NULL: not yet */
static __thread unsigned int memo_turn; /* whose it is to be forgotten */

/* The set for a stack pointer, or NULL. */
static struct memo *memo_set(uintptr_t sp)
{
	u64 hash = (u64)sp * 0x9e3779b97f4a7c15ull;

	if (unlikely(!memos)) {
		memos = sys_mmap(NULL, MEMO_BYTES, PROT_READ | PROT_WRITE, 0);
		if (!memos)
			memos = NO_MEMOS;
	}
	if (unlikely(memos == NO_MEMOS))
		return NULL;
	return &memos[(hash >> 56) % MEMO_SETS * MEMO_WAYS];
}

/* What words of a stack are compared by: all of them, and their order. */
static __always_inline u64 add_to_sum(u64 sum, uintptr_t word)
{
	return (sum << 7 | sum >> 57) ^ word;
}

static bool still_holds(const struct memo *m, uintptr_t sp)
{
	const uintptr_t *stack = (const uintptr_t *)sp;
	u64 sum = 0;
	u32 i;

	if (m->sp != sp || !m->note ||
	    !unwind_may_read(sp, (uintptr_t)(stack + m->word[m->nr - 1])) ||
	    (u32)stack[m->word[0]] != m->first)
		return false;
	for (i = 0; i < m->nr; i++)
		sum = add_to_sum(sum, stack[m->word[i]]);
	return sum == m->sum;
}

/* False: it is not known where all of them lie, or it is too far away. */
static bool remember(struct memo *m, uintptr_t sp, const unsigned long *pc,
		     const uintptr_t *slot, unsigned int nr)
{
	uintptr_t word;
	unsigned int i;

	*m = (struct memo){ .sp = sp, .nr = nr };
	for (i = 0; i < nr; i++) {
		word = (slot[i] - sp) / sizeof(word);
		if (!slot[i] || word > 0xffff)
			return false;
		m->word[i] = (u16)word;
		m->sum = add_to_sum(m->sum, pc[i]);
	}
	m->first = (u32)pc[0];
	return nr != 0;
}

/* Find them, and remember them in the set @m, or nowhere. */
static __attribute__((__noinline__)) unsigned int
find_callers(struct memo *m, uintptr_t sp, unsigned long *pc, unsigned int nr)
{
	uintptr_t slot[MEMO_DEPTH];

	if (unlikely(!READ_ONCE(own.start)))
		find_own();
	nr = unwind_slots(unwind_here(), &own, (struct callers){ pc, slot },
			  min(nr, MEMO_DEPTH));
	if (m && !remember(m, sp, pc, slot, nr))
		m->sp = 0;
	return nr;
}

unsigned int port_callers_noted(unsigned long *pc, unsigned int nr, u32 **note)
{
	uintptr_t sp = (uintptr_t)__builtin_frame_address(0);
	struct memo *m = memo_set(sp);
	unsigned int way;

	for (way = 0; m && way < MEMO_WAYS; way++) {
		if (!still_holds(&m[way], sp))
			continue;
		*note = &m[way].note;
		return m[way].nr;
	}
	if (m)
		m += memo_turn++ % MEMO_WAYS;
	nr = find_callers(m, sp, pc, nr);
	*note = m && m->sp ? &m->note : NULL;
	return nr;
}

/* callers_thread_ends - from now on nothing is remembered */
void callers_thread_ends(void)
{
	if (memos && memos != NO_MEMOS)
		sys_munmap(memos, MEMO_BYTES);
	memos = NO_MEMOS;
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
