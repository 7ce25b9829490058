/* SPDX-License-Identifier: MIT */
/*
 * Blocks beside pages without access, faults that are told of, and hardening.
 * The program starts itself again with the option that each case is about.
 */
#include "check.h"
#include <malloc.h>
#include <pthread.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

static const char constant[] = "a constant";

struct thing {
	char name[24];
	int number;
};

static int deep(int n)
{
	volatile char frame[4096];

	frame[0] = (char)n;
	return n < 1 << 30 ? deep(n + 1) + frame[0] : 0;
}

static void *deep_in_thread(void *arg)
{
	free(malloc(10));
	deep(0);
	return arg;
}

static void overflow_in_thread(void)
{
	pthread_t t;

	pthread_create(&t, NULL, deep_in_thread, NULL);
	pthread_join(t, NULL);
}

/* ---- mistakes; the compiler is to know nothing of the pointers ---- */

static void read_past(void)
{
	volatile char *volatile p = malloc(112);

	(void)p[112];
}

static void write_past(void)
{
	volatile char *volatile p = malloc(112);

	p[115] = 1;
}

/* One block at a time: each is as likely to be the sample as any other. */
static void write_past_often(void)
{
	int i;

	for (i = 0; i < 20000; i++) {
		volatile char *volatile p = malloc(112);

		p[112] = 1;
		p[-1] = 1;
		free((void *)p);
	}
}

static void write_past_large_often(void)
{
	int i;

	for (i = 0; i < 20000; i++) {
		volatile char *volatile p = malloc(4000);

		p[4000] = 1;
		free((void *)p);
	}
}

static void write_before(void)
{
	volatile char *volatile p = malloc(112);

	p[-2] = 1;
}

static void read_freed(void)
{
	volatile char *volatile p = malloc(112);

	free((void *)p);
	(void)p[12];
}

/* The kernel takes no page away that is locked in memory. */
static void read_freed_locked(void)
{
	mlockall(MCL_CURRENT | MCL_FUTURE);
	read_freed();
}

static void write_freed(void)
{
	volatile char *volatile p = malloc(112);

	free((void *)p);
	p[12] = 1;
}

static void write_freed_large(void)
{
	volatile char *volatile p = malloc(300000);

	free((void *)p);
	p[200000] = 1;
}

static void read_past_large(void)
{
	volatile char *volatile p = malloc(300000);

	(void)p[300000];
}

static void free_twice(void)
{
	void *volatile p = malloc(112);

	free(p);
	free(p);
}

static void free_inside(void)
{
	char *volatile p = malloc(112);

	free(p + 16);
}

/* No page is opened for a jump, which would come again and again. */
static void jump_into_large(void)
{
	union {
		void *data;
		void (*code)(void);
	} p = { .data = calloc(300000, 1) };

	p.code();
}

/* From the first small block of its size on, over all that lie behind it. */
static void run_over_many(void)
{
	char *first = malloc(40), *p;
	size_t i;

	for (i = 0; i < 100000; i++)
		if ((p = malloc(40)) < first)
			first = p;
	for (p = first;; p += 4096)
		*(volatile char *)p = *(volatile char *)p;
}

static void write_null(void)
{
	volatile struct thing *volatile t = NULL;

	t->number = 1;
}

static void call_null(void)
{
	void (*volatile f)(void) = NULL;

	f();
}

static void write_constant(void)
{
	char *volatile p = (char *)constant;

	*p = 1;
}

static void write_code(void)
{
	char *volatile p = (char *)(uintptr_t)write_code;

	*p = 1;
}

static void read_wild(void)
{
	volatile char *volatile p = (char *)0x123456789000;

	(void)*p;
}

static void read_impossible(void)
{
	volatile char *volatile p = (char *)0xdead00000000beef;

	(void)*p;
}

static void write_nothing(void)
{
	volatile char *volatile p = malloc(0);

	*p = 1;
}

static void overflow(void)
{
	deep(0);
}

static void sent(void)
{
	raise(SIGSEGV);
}

static const struct mistake {
	const char *name, *options;
	void (*make)(void);
	const char *said; /* "": nothing is */
	int signal;
} mistakes[] = {
	{ "read-past", "guard=right", read_past,
	  "heap-buffer-overflow: read just past a block of 112", SIGABRT },
	{ "write-past", "guard=right", write_past,
	  "heap-buffer-overflow: write 3 bytes past a block of 112", SIGABRT },
	{ "write-before", "guard=left", write_before,
	  "heap-buffer-overflow: write 2 bytes before a block of 112",
	  SIGABRT },
	{ "read-freed", "guard=right", read_freed,
	  "heap-use-after-free: read 12 bytes into a freed block of 112",
	  SIGABRT },
	{ "read-freed-locked", "guard=right", read_freed_locked,
	  "heap-use-after-free: read 12 bytes into a freed block of 112",
	  SIGABRT },
	{ "write-freed-large", "guard=left", write_freed_large,
	  "heap-use-after-free: write 200000 bytes into a freed block of "
	  "300000",
	  SIGABRT },
	{ "read-past-large", "guard=right", read_past_large,
	  "heap-buffer-overflow: read just past a block of 300000", SIGABRT },
	{ "free-twice", "guard=both", free_twice,
	  "double-free: free of a block of 112 that was freed before",
	  SIGABRT },
	{ "free-inside", "guard=left", free_inside,
	  "bad-free: free of an address 16 bytes into a block of 112",
	  SIGABRT },
	{ "write-null", "guard=right", write_null,
	  "SEGV: a write through a null pointer, at 24 bytes from it",
	  SIGSEGV },
	{ "call-null", "guard=right", call_null,
	  "SEGV: a jump through a null pointer", SIGSEGV },
	{ "write-constant", "guard=right", write_constant,
	  "SEGV: a write to read-only data of test_guard", SIGSEGV },
	{ "write-code", "guard=right", write_code,
	  "SEGV: a write to read-only code of test_guard", SIGSEGV },
	{ "read-wild", "guard=right", read_wild,
	  "SEGV: a read of 0x123456789000, where nothing is: nearest, ",
	  SIGSEGV },
	{ "read-impossible", "guard=right", read_impossible,
	  "SEGV: an address that no pointer can have", SIGSEGV },
	{ "write-nothing", "sample=1", write_nothing, "in a block of no bytes",
	  SIGSEGV },
	{ "write-past-often", "sample=1/100", write_past_often,
	  "heap-buffer-overflow: write ", SIGABRT },
	{ "write-past-large-often", "sample=1/100", write_past_large_often,
	  "heap-buffer-overflow: write ", SIGABRT },
	{ "stack-overflow", "sample=1", overflow,
	  "stack-overflow: a write at the end of the stack", SIGSEGV },
	{ "stack-overflow-thread", "sample=1", overflow_in_thread,
	  "stack-overflow: a write at the end of the stack", SIGSEGV },
	{ "sent", "guard=right", sent, "", SIGSEGV },
	{ "jump-into-large", "guard=right", jump_into_large,
	  "SEGV: a jump to 0x", SIGSEGV },
	{ "hardened-run", "harden=1", run_over_many,
	  "bytes into a range without access", SIGSEGV },
	{ "hardened-write-past", "harden=1", write_past,
	  "heap-buffer-overflow: write of 1 byte, 3 bytes past the end",
	  SIGABRT },
	{ "hardened-write-before", "harden=1", write_before,
	  "heap-buffer-overflow: write of 1 byte, 2 bytes before", SIGABRT },
	{ "hardened-write-freed", "harden=1", write_freed,
	  "heap-use-after-free: write of 1 byte, 12 bytes into a freed block",
	  SIGABRT },
	{ "hardened-free-twice", "harden=1", free_twice, "double-free",
	  SIGABRT },
	{ "hardened-free-inside", "harden=1", free_inside, "bad-free",
	  SIGABRT },
	{ "hardened-write-nothing", "harden=1", write_nothing,
	  "in a block of no bytes", SIGSEGV },
	{ "no-option", "help=0", write_null, "", SIGSEGV },
};

/* ---- in a program that was started afresh ---- */

static int make_mistake(const char *name)
{
	size_t i;

	free(malloc(1));
	for (i = 0; i < ARRAY_SIZE(mistakes); i++)
		if (!strcmp(name, mistakes[i].name))
			mistakes[i].make();
	return 0;
}

static sigjmp_buf back;
static volatile sig_atomic_t handled;

static void jump_back(int sig)
{
	(void)sig;
	siglongjmp(back, 1);
}

static void open_page(int sig, siginfo_t *info, void *context)
{
	uintptr_t page = (uintptr_t)info->si_addr & ~(uintptr_t)4095;

	(void)sig;
	(void)context;
	handled++;
	mprotect((void *)page, 4096, PROT_READ | PROT_WRITE);
}

/* A program that means to fault is left alone. */
static int own_handler(void)
{
	struct sigaction act = { .sa_flags = SA_SIGINFO }, old;
	char *page =
		mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	free(malloc(10));
	signal(SIGSEGV, jump_back);
	if (!sigsetjmp(back, 1)) {
		write_null();
		return 1;
	}
	act.sa_sigaction = open_page;
	if (sigaction(SIGSEGV, &act, &old) || old.sa_handler != jump_back)
		return 2;
	*(volatile char *)page = 1;
	return handled == 1 ? 0 : 3;
}

/* All sizes, kept for a while; with what they had in them. */
static int work(void)
{
	static unsigned char *kept[300];
	static size_t size[300];
	const char *options = getenv("ASHLAR_OPTIONS");
	size_t least = options && strstr(options, "tight") ? 1 : 16;
	uint64_t state = 7;
	int i, k;

	for (i = 0; i < 30000; i++) {
		k = (int)(next_random(&state) % ARRAY_SIZE(kept));
		if (kept[k] && !intact(kept[k], size[k], (size_t)k))
			return 1;
		if (i % 5 == 0) {
			free(kept[k]);
			size[k] = random_size(&state, 17);
			kept[k] = i % 2 ? calloc(1, size[k]) :
					  aligned_alloc(64, size[k]);
			if (!is_aligned(kept[k], i % 2 ? least : 64))
				return 2;
		} else {
			size[k] = random_size(&state, 12) + 1;
			kept[k] = realloc(kept[k], size[k]);
		}
		if (malloc_usable_size(kept[k]) < size[k])
			return 3;
		fill(kept[k], size[k], (size_t)k);
	}
	return 0;
}

/* Threads that hand each other blocks, and a fork in the middle of it. */
static void *shared[64];

static void *hand_over(void *arg)
{
	uint64_t state = (uintptr_t)arg;
	int i;

	for (i = 0; i < 5000; i++) {
		void **slot = &shared[next_random(&state) % 64];
		size_t n = random_size(&state, 10) + 1;
		void *p = malloc(n);

		memset(p, 1, n);
		free(__atomic_exchange_n(slot, p, __ATOMIC_ACQ_REL));
	}
	return NULL;
}

static int in_threads(void)
{
	pthread_t t[4];
	uintptr_t i;
	int status = 0;

	for (i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, hand_over, (void *)(i + 1));
	for (i = 0; i < 20 && !status; i++) {
		pid_t pid = fork();

		if (!pid) {
			free(hand_over((void *)99));
			_exit(0);
		}
		status = exited_well(wait_for(pid, 60)) ? 0 : 1;
	}
	for (i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	return status;
}

/* More blocks than can be guarded: the others are ordinary ones. */
static int crowd(void)
{
	static char *p[40000];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(p); i++) {
		p[i] = malloc(40);
		memset(p[i], (int)i, 40);
	}
	for (i = 0; i < ARRAY_SIZE(p); i++) {
		if (p[i][39] != (char)i)
			return 1;
		free(p[i]);
	}
	return 0;
}

/* With few addresses there are few guards, and no failure. */
static int few_addresses(void)
{
	return crowd() || work();
}

/* What is allocated is zero, and nobody had it a moment ago. */
static int fresh(void)
{
	unsigned char *before = NULL, *p;
	int i;

	for (i = 0; i < 10000; i++) {
		p = malloc(200);
		if (p == before || first_not(p, 200, 0) != 200)
			return 1;
		memset(p, 0xab, 200);
		free(p);
		before = p;
	}
	return 0;
}

static int run_case(const char *name)
{
	if (!strcmp(name, "fresh"))
		return fresh();
	if (!strcmp(name, "own-handler"))
		return own_handler();
	if (!strcmp(name, "work"))
		return work();
	if (!strcmp(name, "threads"))
		return in_threads();
	if (!strcmp(name, "crowd"))
		return crowd();
	if (!strcmp(name, "few-addresses"))
		return few_addresses();
	return make_mistake(name);
}

/* ---- the cases ---- */

struct run {
	const char *options;
	int out; /* stderr */
	rlim_t addresses; /* 0: as they are */
	bool old; /* a kernel that takes no pages away */
};

/* As Linux before 6.13 answers to advice that is new there. */
static int be_old(void)
{
	static struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_madvise, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 102, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { ARRAY_SIZE(filter), filter };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static int prepare(void *arg)
{
	const struct run *r = arg;
	struct rlimit limit = { r->addresses, r->addresses };

	setenv("ASHLAR_OPTIONS", r->options, 1);
	return dup2(r->out, STDERR_FILENO) < 0 ||
	       (r->addresses && setrlimit(RLIMIT_AS, &limit)) ||
	       (r->old && be_old());
}

/* What it said is in @text. */
static int run_fresh(const char *name, struct run *r, char *text, size_t size)
{
	int status;
	ssize_t n;

	r->out = memfd_create("stderr", MFD_CLOEXEC);
	status = in_fresh(name, prepare, r, 80);
	n = pread(r->out, text, size - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	close(r->out);
	return status;
}

static void try_mistake(const struct mistake *m, bool old)
{
	struct run r = { .options = m->options, .old = old };
	char text[4000], label[80];
	int status = run_fresh(m->name, &r, text, sizeof(text));
	bool good = status != HUNG && WIFSIGNALED(status) &&
		    WTERMSIG(status) == m->signal;

	if (*m->said)
		good = good && strstr(text, m->said);
	else
		good = good && !*text;
	text[strcspn(text, "\n")] = '\0';
	snprintf(label, sizeof(label), "%s%s", m->name, old ? "-old" : "");
	check(good, label, "%s, said '%s'", ending(status), text);
}

static void try_right(const char *name, const char *options, rlim_t addresses,
		      const char *said)
{
	struct run r = { .options = options, .addresses = addresses };
	char text[4000], label[80];
	int status = run_fresh(name, &r, text, sizeof(text));
	bool good = *said ? strstr(text, said) != NULL : !*text;

	snprintf(label, sizeof(label), "%s-%s", name, options);
	text[strcspn(text, "\n")] = '\0';
	check(exited_well(status) && good, label, "%s, said '%s'",
	      ending(status), text);
}

int main(int argc, char **argv)
{
	static const char *const options[] = { "guard=right", "guard=left",
					       "guard=both",  "guard=tight",
					       "sample=1/7",  "sample=1",
					       "harden=1" };
	size_t i;

	if (argc > 1)
		return run_case(argv[1]);
	begin("guard");
	for (i = 0; i < ARRAY_SIZE(mistakes); i++)
		try_mistake(&mistakes[i], false);
	for (i = 0; i < ARRAY_SIZE(mistakes); i++)
		if (!strncmp(mistakes[i].options, "guard", 5))
			try_mistake(&mistakes[i], true);
	for (i = 0; i < ARRAY_SIZE(options); i++) {
		try_right("work", options[i], 0, "");
		try_right("threads", options[i], 0, "");
	}
	try_right("fresh", "harden=1", 0, "");
	try_right("own-handler", "guard=right", 0, "");
	try_right("crowd", "guard=right", 0, "as many as may be");
	try_right("few-addresses", "guard=right", 200 * MB,
		  "as many as may be");
	return finish();
}
