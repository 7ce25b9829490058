/* SPDX-License-Identifier: MIT */
/*
 * Ashlar's libraries loaded late, by a program that is not linked to them and
 * runs on libc's malloc: their thread-local storage must fit into what the
 * dynamic linker keeps spare, and threads that are older than they must work.
 *
 *	test_late LIBRARY SYMBOL...	each SYMBOL must be in it
 */
#include "check.h"
#include <dlfcn.h>
#include <pthread.h>

static pthread_barrier_t loaded;
static void *(*late_malloc)(size_t n);
static void (*late_free)(void *p);
static int old_bad;

static bool use_late(void)
{
	static const size_t sizes[] = { 1, 100, 5000, 100000, 300000 };
	bool good = true;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		void *p = late_malloc(sizes[i]);

		if (!p)
			return false;
		fill(p, sizes[i], i);
		good &= intact(p, sizes[i], i);
		late_free(p);
	}
	return good;
}

static void *older(void *arg)
{
	pthread_barrier_wait(&loaded);
	if (late_malloc && !use_late())
		__atomic_fetch_add(&old_bad, 1, __ATOMIC_RELAXED);
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t t[4];
	void *handle;
	char name[64];
	int i;

	begin("late");
	if (argc < 3)
		return 2;
	pthread_barrier_init(&loaded, NULL, 5);
	for (i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, older, NULL);
	handle = dlopen(argv[1], RTLD_NOW);
	check(handle, "dlopen", "%s", handle ? "" : dlerror());
	for (i = 2; handle && i < argc; i++) {
		snprintf(name, sizeof(name), "symbol-%s", argv[i]);
		check(dlsym(handle, argv[i]), name, "not in the library");
	}
	if (handle && !strcmp(argv[2], "malloc")) {
		late_malloc = (void *(*)(size_t))dlsym(handle, "malloc");
		late_free = (void (*)(void *))dlsym(handle, "free");
	}
	pthread_barrier_wait(&loaded);
	for (i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	if (late_malloc)
		check(use_late() && !old_bad, "malloc",
		      "blocks spoiled, %d in older threads", old_bad);
	return finish();
}
