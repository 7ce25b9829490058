/* SPDX-License-Identifier: MIT */
/*
 * A process that leaks, or does not, in ways that a look from outside must
 * tell apart. Each kind has its own size of block, so that it is known again.
 *
 *   leaky KIND…     prints "ready" and waits for its input to end; for each
 *                   byte of it one block more is leaked, and "ready" printed
 *
 * A wrong kind "x" has a right twin "x-kept": the same blocks, and a pointer.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline, noclone))

struct node {
	struct node *left, *right;
	char rest[];
};

/* Volatile: nobody reads them but those who look from outside. */
static void *volatile kept[64];
static unsigned int nr_kept;
static __thread void *volatile own;

/* The compiler must not see that nobody looks at a block. */
static NOINLINE void *block(size_t size)
{
	void *p = malloc(size);

	__asm__ volatile("" : : "r"(p) : "memory");
	return memset(p, 0, size);
}

/* What earlier calls left on the stack is no longer there. */
static NOINLINE void clear_stack(void)
{
	volatile char bytes[32768];

	for (unsigned int i = 0; i < sizeof(bytes); i++)
		bytes[i] = 0;
}

static void keep(void *p)
{
	kept[nr_kept++] = p;
}

/* ---- wrong, and right if the result is kept ---- */

static void *one(void)
{
	return block(112);
}

static void *list(void)
{
	struct node *head = NULL, *n;

	for (int i = 0; i < 100; i++) {
		n = block(144);
		n->left = head;
		head = n;
	}
	return head;
}

static struct node *grown(int depth)
{
	struct node *n = block(160);

	if (depth) {
		n->left = grown(depth - 1);
		n->right = grown(depth - 1);
	}
	return n;
}

static void *tree(void)
{
	return grown(5);
}

static void *cycle(void)
{
	struct node *a = block(176), *b = block(192), *c = block(208);

	a->left = b;
	b->left = a;
	b->right = c;
	return a;
}

static void *self(void)
{
	struct node *a = block(224);

	a->left = a;
	return a;
}

static void *resized(void)
{
	void *p = realloc(block(16), 240);

	__asm__ volatile("" : : "r"(p) : "memory");
	return p;
}

static void *large(void)
{
	char *p = block(1 << 20);

	return p;
}

/* A large block is what holds a small one. */
static void *holder(void)
{
	struct node **p = block(3 << 20);

	p[200000] = block(256);
	return p;
}

/* What holds lies in a page behind the first. */
static void *wide(void)
{
	struct node **p = block(20000);

	p[2000] = block(1000);
	return p;
}

static void *middle(void)
{
	return (char *)block(9000) + 4711;
}

/* Text that looks like no pointer holds nothing. */
static void *nothing(void)
{
	free(block(288));
	return NULL;
}

static struct {
	const char *name;
	void *(*make)(void);
} makers[] = {
	{ "one", one },	      { "list", list },	      { "tree", tree },
	{ "cycle", cycle },   { "self", self },	      { "resized", resized },
	{ "large", large },   { "holder", holder },   { "wide", wide },
	{ "middle", middle }, { "nothing", nothing },
};

/* ---- threads ---- */

static pthread_barrier_t waiting;

static void *waits_with_own(void *arg)
{
	own = block(320);
	pthread_barrier_wait(&waiting);
	pause();
	return arg;
}

static void *waits_with_local(void *arg)
{
	void *volatile local = block(352);

	pthread_barrier_wait(&waiting);
	pause();
	return local ? arg : NULL;
}

static void *waits_with_key(void *arg)
{
	pthread_setspecific(*(pthread_key_t *)arg, block(384));
	pthread_barrier_wait(&waiting);
	pause();
	return arg;
}

/* The only pointer is in a register that no system call changes. */
static void *waits_with_register(void *arg)
{
	void *p = block(416);

	pthread_barrier_wait(&waiting);
	clear_stack();
#if defined(__x86_64__)
	__asm__ volatile("mov %0, %%rbx\n\txor %%ecx, %%ecx\n\t"
			 "mov %%rcx, %0\n"
			 "1:\tmov $34, %%eax\n\tsyscall\n\tjmp 1b"
			 : "+r"(p)
			 :
			 : "rax", "rbx", "rcx", "r11", "memory");
#else
	pause();
#endif
	return arg;
}

static void start(void *(*f)(void *), void *arg)
{
	pthread_t t;

	pthread_barrier_init(&waiting, NULL, 2);
	pthread_create(&t, NULL, f, arg);
	pthread_barrier_wait(&waiting);
}

static void *ends_with_own(void *arg)
{
	own = block(448);
	return arg;
}

static void *ends_with_result(void *arg)
{
	(void)arg;
	return block(480);
}

static pthread_t run_to_end(void *(*f)(void *), int join)
{
	pthread_t t;

	pthread_create(&t, NULL, f, NULL);
	if (join)
		pthread_join(t, NULL);
	else
		usleep(300000);
	return t;
}

/* ---- where else a right program keeps pointers ---- */

static void in_mapping(void)
{
	void **p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	p[5000] = block(512);
}

static void in_locked_mapping(void)
{
	void **p = mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	p[500] = block(576);
	mprotect(p, 1 << 16, PROT_READ);
}

static void in_shared_mapping(void)
{
	void **p = mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	p[500] = block(640);
}

static void in_library(const char *path)
{
	void **slot = dlsym(dlopen(path, RTLD_NOW), "plugin_slot");

	*slot = block(704);
}

/* Blocks wander between places that others read, and through registers. */
static void *moves_blocks(void *arg)
{
	static struct node *volatile places[64];
	unsigned int seed = (unsigned int)(size_t)arg, i;
	struct node *n;

	for (;;) {
		i = (unsigned int)rand_r(&seed) % 64;
		n = __atomic_exchange_n(&places[i], NULL, __ATOMIC_ACQ_REL);
		if (n && rand_r(&seed) % 4 == 0) {
			free(n->left);
			free(n);
			n = NULL;
		}
		if (!n) {
			n = block(864);
			n->left = block(928);
		}
		i = (unsigned int)rand_r(&seed) % 64;
		n = __atomic_exchange_n(&places[i], n, __ATOMIC_ACQ_REL);
		if (n) {
			free(n->left);
			free(n);
		}
		if (rand_r(&seed) % 64 == 0)
			usleep(100);
	}
	return arg;
}

static void in_motion(void)
{
	pthread_t t;

	for (size_t i = 1; i <= 3; i++)
		pthread_create(&t, NULL, moves_blocks, (void *)i);
	usleep(50000);
}

static void in_threads(void)
{
	static pthread_key_t key;

	pthread_key_create(&key, NULL);
	start(waits_with_own, NULL);
	start(waits_with_local, NULL);
	start(waits_with_key, &key);
}

static NOINLINE void make(const char *kind)
{
	static const char suffix[] = "-kept";
	size_t len;

	for (unsigned int i = 0; i < sizeof(makers) / sizeof(makers[0]); i++) {
		len = strlen(makers[i].name);
		if (strncmp(kind, makers[i].name, len))
			continue;
		if (!strcmp(kind + len, suffix))
			keep(makers[i].make());
		else if (!kind[len])
			makers[i].make();
	}
	if (!strcmp(kind, "ended"))
		run_to_end(ends_with_own, 1);
	else if (!strcmp(kind, "joined"))
		run_to_end(ends_with_result, 1);
	else if (!strcmp(kind, "ended-kept"))
		keep((void *)run_to_end(ends_with_result, 0));
	else if (!strcmp(kind, "threads-kept"))
		in_threads();
	else if (!strcmp(kind, "motion-kept"))
		in_motion();
	else if (!strcmp(kind, "register-kept"))
		start(waits_with_register, NULL);
	else if (!strcmp(kind, "mapping-kept"))
		in_mapping();
	else if (!strcmp(kind, "locked-kept"))
		in_locked_mapping();
	else if (!strcmp(kind, "shared-kept"))
		in_shared_mapping();
	else if (!strncmp(kind, "/", 1))
		in_library(kind);
}

int main(int argc, char **argv)
{
	void *volatile lost = NULL;
	char c;

	own = block(768);
	for (int i = 1; i < argc; i++) {
		make(argv[i]);
		clear_stack();
	}
	puts("ready");
	fflush(stdout);
	while (read(0, &c, 1) > 0) {
		lost = block(832);
		lost = NULL;
		clear_stack();
		puts("ready");
		fflush(stdout);
	}
	/* A variable of main() ends with it, but not before exit(). */
	if (argc > 1 && !strncmp(argv[1], "local", 5))
		lost = block(1100);
	if (argc > 1 && !strcmp(argv[1], "local-kept"))
		exit(0);
	return 0;
}
