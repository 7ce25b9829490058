/* SPDX-License-Identifier: MIT */
/*
 * steps ROW - count what malloc and free do, instruction by instruction.
 *
 *	thread 0  malloc … free …
 *	thread 1                   malloc … free …
 *
 * An int3 begins and ends a phase; between them the processor traps after each
 * instruction, and the handler of the trap reads the one that comes next.
 *
 * Both threads do the same, one after the other, and nothing disturbs them: so
 * the counts repeat. (In a remote row thread 0 makes and thread 1 frees.) The
 * instructions of this program are left out, and a "rep" counts once.
 *
 * A locked instruction is one with a lock prefix, or an exchange with memory.
 * A lock is a word that one of these changed from 0 to 1; it is held until the
 * word is 0 again, by whatever instruction. It is shared if both have taken it.
 *
 * Prints for malloc and for free
 *	PHASE OPERATIONS INSTRUCTIONS LOCKED SYSTEM_CALLS
 * and for each shared lock of that phase
 *	lock PHASE TAKEN INSTRUCTIONS_HELD LONGEST SYSTEM_CALLS FILE OFFSET
 * where FILE and OFFSET are the place that took it first.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <ucontext.h>

#include "bench.h"

enum { ROUNDS = 50, MOST_BLOCKS = 2000, THREADS = 2, LOCKS = 64 };

/* What mark() says: what begins. */
enum { PHASE_NONE, PHASE_MALLOC, PHASE_FREE, PHASES };

/* ---- what is stepped ---- */

static const struct row {
	const char *name;
	size_t size;
	int blocks, remote, shuffled;
} rows[] = {
	{ "steps-64", 64, 2000, 0, 0 },
	{ "steps-64-random", 64, 2000, 0, 1 },
	{ "steps-64-remote", 64, 2000, 1, 0 },
	{ "steps-1k", 1024, 1000, 0, 0 },
	{ "steps-16k", 16384, 100, 0, 0 },
	{ "steps-64k", 65536, 30, 0, 0 },
	{ "steps-256k", 262144, 8, 0, 0 },
};

enum { ROWS = sizeof(rows) / sizeof(*rows) };

static const struct row *row;
static void *block[MOST_BLOCKS];
static int order[MOST_BLOCKS];
static sem_t turn[THREADS];
static int player; /* whose turn it is */

/* The handler of the trap reads the register. */
static void mark(long phase)
{
	__asm__ volatile("int3" : : "a"(phase) : "memory");
}

static void make_all(int marked)
{
	int i;

	if (marked)
		mark(PHASE_MALLOC);
	for (i = 0; i < row->blocks; i++)
		block[i] = malloc(row->size);
	if (marked)
		mark(PHASE_NONE);
	for (i = 0; i < row->blocks; i++)
		*(volatile char *)block[i] = 1;
}

static void free_all(int marked)
{
	int i;

	if (marked)
		mark(PHASE_FREE);
	for (i = 0; i < row->blocks; i++)
		free(block[order[i]]);
	if (marked)
		mark(PHASE_NONE);
}

/*
 * The threads take turns. Each makes all and frees them or, in a remote row,
 * the first makes and the second frees. The last turn of each is stepped.
 */
static void *actor(void *arg)
{
	int me = (int)(long)arg, round;

	for (round = 0; round < ROUNDS; round++) {
		int marked = round == ROUNDS - 1;

		sem_wait(&turn[me]);
		player = me;
		if (!row->remote || me == 0)
			make_all(marked);
		if (!row->remote || me == 1)
			free_all(marked);
		sem_post(&turn[!me]);
	}
	sem_wait(&turn[me]);
	sem_post(&turn[!me]);
	return NULL;
}

static void shuffle(void)
{
	uint64_t seed = 1;
	int i;

	for (i = 0; i < row->blocks; i++)
		order[i] = i;
	for (i = row->blocks - 1; row->shuffled && i > 0; i--) {
		int j = (int)bench_between(&seed, 0, (size_t)i), k = order[i];

		order[i] = order[j];
		order[j] = k;
	}
}

static void run_threads(void)
{
	pthread_t thread[THREADS];
	long i;

	shuffle();
	for (i = 0; i < THREADS; i++)
		sem_init(&turn[i], 0, i == 0);
	for (i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, actor, (void *)i);
	for (i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
}

/* ---- what an instruction is ---- */

/* A lock prefix, or an exchange, with a ModRM byte behind its opcode. */
struct code {
	const unsigned char *modrm;
	int opcode, locked, rex, fs;
};

static struct code read_code(const unsigned char *at)
{
	struct code c = { 0 };

	for (; *at && strchr("\xf0\xf2\xf3\x66\x2e\x3e\x64", *at); at++) {
		c.locked |= *at == 0xf0;
		c.fs |= *at == 0x64;
	}
	if (*at >> 4 == 4)
		c.rex = *at++;
	c.opcode = *at++;
	if (c.opcode == 0x0f)
		c.opcode = 0x0f00 | *at++;
	c.modrm = at;
	if ((c.opcode | 1) == 0x87 && *at >> 6 != 3)
		c.locked = 1;
	return c;
}

/* True if a lock can be taken by it. */
static bool takes_lock(const struct code *c)
{
	int opcode = c->opcode | 1;

	return c->locked && (opcode == 0x87 || opcode == 0x0fb1);
}

static int width(const struct code *c)
{
	return c->opcode & 1 ? 4 : 1;
}

static uint64_t reg(const greg_t *r, int nr)
{
	static const int at[] = { REG_RAX, REG_RCX, REG_RDX, REG_RBX,
				  REG_RSP, REG_RBP, REG_RSI, REG_RDI,
				  REG_R8,  REG_R9,  REG_R10, REG_R11,
				  REG_R12, REG_R13, REG_R14, REG_R15 };

	return (uint64_t)r[at[nr]];
}

/* Where the word is that a cmpxchg or xchg works on. */
static uint64_t operand(const struct code *c, const greg_t *r)
{
	const unsigned char *at = c->modrm;
	int mod = *at >> 6, base = *at & 7, sib = base == 4, index;
	uint64_t addr = 0;
	int32_t wide;

	if (c->fs)
		__asm__("mov %%fs:0, %0" : "=r"(addr));
	at++;
	if (sib) {
		index = (*at >> 3 & 7) | (c->rex & 2) << 2;
		addr += index == 4 ? 0 : reg(r, index) << (*at >> 6);
		base = *at++ & 7;
	}
	if (mod == 1)
		addr += (uint64_t)(signed char)*at;
	if (mod == 2 || (mod == 0 && base == 5)) {
		memcpy(&wide, at, 4);
		addr += (uint64_t)wide;
	}
	if (mod || base != 5)
		return addr + reg(r, base | (c->rex & 1) << 3);
	return sib ? addr : addr + (uint64_t)at + 4;
}

/* ---- locks ---- */

static struct lock {
	uint64_t addr, site; /* site: the instruction that took it first */
	int width, held, threads; /* threads: a bit for each that took it */
	long since;
	struct {
		long taken, inside, longest, syscalls;
	} phase[PHASES];
} locks[LOCKS];

static struct {
	long instructions, locked, syscalls;
} total[PHASES];

static int word(uint64_t addr, int wide)
{
	return wide == 1 ? *(volatile char *)addr : *(volatile int *)addr;
}

static void lock_taken(uint64_t addr, int wide, uint64_t site, int phase)
{
	struct lock *l = locks;

	while (l->addr && l->addr != addr && l < &locks[LOCKS - 1])
		l++;
	if (l->addr != addr)
		*l = (struct lock){ .addr = addr, .width = wide, .site = site };
	l->held = 1;
	l->since = 0;
	l->threads |= 1 << player;
	l->phase[phase].taken++;
}

/* An instruction, or system call, more has been done under what is held. */
static void count_in_locks(int phase, int syscall)
{
	struct lock *l;

	for (l = locks; l < locks + LOCKS && l->addr; l++) {
		if (!l->held)
			continue;
		l->held = word(l->addr, l->width) != 0;
		l->phase[phase].inside++;
		l->phase[phase].syscalls += syscall;
		if (++l->since > l->phase[phase].longest)
			l->phase[phase].longest = l->since;
	}
}

/* ---- the trap ---- */

extern char __executable_start, etext;

static int phase;
static struct code next; /* the instruction that the trap comes after */
static uint64_t next_at, next_word; /* next_word: 0, or a free lock */

/* The instruction that was next has been done. */
static void count(void)
{
	int syscall = next.opcode == 0x0f05;

	if (next_at >= (uint64_t)&__executable_start &&
	    next_at < (uint64_t)&etext)
		return;
	total[phase].instructions++;
	total[phase].locked += next.locked;
	total[phase].syscalls += syscall;
	count_in_locks(phase, syscall);
	if (next_word && word(next_word, width(&next)) == 1)
		lock_taken(next_word, width(&next), next_at, phase);
}

static void look_ahead(const greg_t *r)
{
	next_at = (uint64_t)r[REG_RIP];
	next = read_code((const unsigned char *)next_at);
	next_word = takes_lock(&next) ? operand(&next, r) : 0;
	if (next_word && word(next_word, width(&next)))
		next_word = 0;
}

static void trapped(int signal, siginfo_t *info, void *context)
{
	greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
	const greg_t trap_flag = 0x100;

	(void)signal;
	if (info->si_code == SI_KERNEL) { /* int3 */
		phase = (int)r[REG_RAX];
		r[REG_EFL] &= ~trap_flag;
		if (phase != PHASE_NONE)
			r[REG_EFL] |= trap_flag;
	} else if ((uint64_t)r[REG_RIP] != next_at) {
		count();
	}
	look_ahead(r);
}

static void print_phase(const char *name, int of)
{
	struct lock *l;
	Dl_info place;

	printf("%s %d %ld %ld %ld\n", name,
	       row->remote ? row->blocks : THREADS * row->blocks,
	       total[of].instructions, total[of].locked, total[of].syscalls);
	for (l = locks; l < locks + LOCKS; l++)
		if (l->threads == (1 << THREADS) - 1 && l->phase[of].taken &&
		    dladdr((void *)l->site, &place))
			printf("lock %s %ld %ld %ld %ld %s %#lx\n", name,
			       l->phase[of].taken, l->phase[of].inside,
			       l->phase[of].longest, l->phase[of].syscalls,
			       place.dli_fname,
			       l->site - (unsigned long)place.dli_fbase);
}

int main(int argc, char **argv)
{
	struct sigaction trap = { .sa_sigaction = trapped,
				  .sa_flags = SA_SIGINFO };

	for (row = rows; argc > 1 && row < rows + ROWS; row++) {
		if (strcmp(row->name, argv[1]))
			continue;
		sigaction(SIGTRAP, &trap, NULL);
		run_threads();
		print_phase("malloc", PHASE_MALLOC);
		print_phase("free", PHASE_FREE);
		return 0;
	}
	fputs("usage: steps ROW\n", stderr);
	for (row = rows; row < rows + ROWS; row++)
		fprintf(stderr, "\t%s\n", row->name);
	return 2;
}
