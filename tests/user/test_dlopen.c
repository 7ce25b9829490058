/* SPDX-License-Identifier: MIT */
/*
 * Libraries that come and go while the program allocates, among them ones
 * loaded with RTLD_DEEPBIND, which bind to libc's malloc before ours.
 *
 * The plugins lie beside this program, plugin.so and plugin_cxx.so.
 */
#include "check.h"
#include <dlfcn.h>
#include <libgen.h>
#include <limits.h>
#include <malloc.h>
#include <pthread.h>

static char folder[PATH_MAX];
static bool stop;

static void *load(const char *name, int flags)
{
	char path[PATH_MAX + 32];
	void *handle;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	handle = dlopen(path, flags);
	if (!handle)
		say("# %s", dlerror());
	return handle;
}

/* Loads, uses and unloads the plugin: blocks cross in both directions. */
static int use_plugin(int flags)
{
	void *handle = load("plugin.so", flags);
	char *(*text)(int);
	void (*release)(void *);
	void *(*grow)(void *, size_t);
	int (*use_tls)(void);
	int bad = 0, i;

	if (!handle)
		return 1;
	text = (char *(*)(int))dlsym(handle, "plugin_text");
	release = (void (*)(void *))dlsym(handle, "plugin_free");
	grow = (void *(*)(void *, size_t))dlsym(handle, "plugin_grow");
	use_tls = (int (*)(void))dlsym(handle, "plugin_use_tls");
	for (i = 0; i < 12; i++) {
		char *from = text(i), *to = malloc(i * 12000 + 8);

		bad += atoi(from + 5) != i;
		free(from);
		fill(to, i * 12000 + 8, i);
		to = grow(to, i * 15000 + 8);
		bad += !intact(to, i * 12000 + 8, i);
		release(to);
		release(realloc(text(i), 1000));
	}
	bad += !use_tls();
	bad += dlclose(handle) != 0;
	return bad;
}

static int use_plugin_alone(int flags)
{
	void *handle = load("plugin.so", flags);
	int (*use_tls)(void);
	int bad;

	if (!handle)
		return 1;
	use_tls = (int (*)(void))dlsym(handle, "plugin_use_tls");
	bad = !use_tls();
	return bad + (dlclose(handle) != 0);
}

static int use_plugin_cxx(void)
{
	void *handle = load("plugin_cxx.so", RTLD_NOW);
	int (*use)(void);
	int bad;

	if (!handle)
		return 1;
	use = (int (*)(void))dlsym(handle, "plugin_cxx_use");
	bad = !use();
	return bad + (dlclose(handle) != 0);
}

static void *allocate(void *arg)
{
	uint64_t state = (uintptr_t)arg + 1;
	void *p[30] = { 0 };
	size_t i;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		i = next_random(&state) % ARRAY_SIZE(p);
		free(p[i]);
		p[i] = malloc(random_size(&state, 12));
		if (!(next_random(&state) % 256))
			usleep(300);
	}
	for (i = 0; i < ARRAY_SIZE(p); i++)
		free(p[i]);
	return arg;
}

static void check_loop(void)
{
	int bad = 0, bad_lazy = 0, bad_cxx = 0, i;
	long before, grown;
	pthread_t t[2];

	for (i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, allocate, (void *)(intptr_t)i);
	for (i = 0; i < 30; i++)
		bad += use_plugin(RTLD_NOW);
	before = rss_kb();
	for (i = 0; i < 100; i++) {
		bad += use_plugin(RTLD_NOW);
		bad_lazy += use_plugin(RTLD_LAZY | RTLD_GLOBAL);
		if (i % 5 == 0)
			bad_cxx += use_plugin_cxx();
	}
	grown = rss_kb() - before;
	stop = true;
	for (i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	check(!bad, "loop", "%d faults", bad);
	check(!bad_lazy, "loop-lazy-global", "%d faults", bad_lazy);
	check(!bad_cxx, "loop-c++", "%d faults", bad_cxx);
	if (!is_watched())
		check(grown < 6 * 1024, "loop-rss", "%ld KiB more", grown);
}

static int deepbind_alone(void *arg)
{
	int i;

	(void)arg;
	for (i = 0; i < 30; i++)
		if (use_plugin_alone(RTLD_NOW | RTLD_DEEPBIND))
			return 1;
	return 0;
}

/* A block from a deeply bound library is freed here, and the reverse. */
static int deepbind_crossing(void *arg)
{
	int i;

	(void)arg;
	for (i = 0; i < 30; i++)
		if (use_plugin(RTLD_NOW | RTLD_DEEPBIND) ||
		    use_plugin(RTLD_LAZY | RTLD_DEEPBIND))
			return 1;
	return 0;
}

/* The plugin has a function of this name, too. */
int answer(void);
int answer(void)
{
	return 1;
}

static int answer_in_plugin(void *handle)
{
	int (*ask)(void);
	int got;

	if (!handle)
		return -1;
	ask = (int (*)(void))dlsym(handle, "plugin_answer");
	got = ask();
	return dlclose(handle) ? -1 : got;
}

/* Its own functions before the program's: what the flag is for. */
static int deepbind_names(void *arg)
{
	char path[PATH_MAX + 32];

	(void)arg;
	snprintf(path, sizeof(path), "%s/plugin.so", folder);
	if (answer_in_plugin(dlopen(path, RTLD_NOW)) != 1)
		return 1;
	if (answer_in_plugin(dlopen(path, RTLD_NOW | RTLD_DEEPBIND)) != 2)
		return 2;
	if (answer_in_plugin(
		    dlmopen(LM_ID_BASE, path, RTLD_LAZY | RTLD_DEEPBIND)) != 2)
		return 3;
	return 0;
}

/* A program that asks the C library for a function of the family gets ours. */
static int deepbind_other_ways(void *arg)
{
	void *handle = load("plugin.so", RTLD_NOW | RTLD_DEEPBIND);
	void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
	void *(*from_libc)(size_t);

	(void)arg;
	if (!handle || !libc)
		return 1;
	from_libc = (void *(*)(size_t))dlsym(libc, "malloc");
	free(from_libc(100));
	/* On x86-64 it has been there since this version. */
	from_libc = (void *(*)(size_t))dlvsym(libc, "malloc", "GLIBC_2.2.5");
	if (from_libc)
		free(from_libc(300000));
	return 0;
}

#ifdef LM_ID_NEWLM
/* Another namespace brings a libc of its own: two heaps in one process. */
static int other_namespace(void *arg)
{
	char path[PATH_MAX + 32];
	int (*use_tls)(void);
	void *handle, *p;
	int i;

	(void)arg;
	snprintf(path, sizeof(path), "%s/plugin.so", folder);
	for (i = 0; i < 5; i++) {
		handle = dlmopen(LM_ID_NEWLM, path, RTLD_NOW);
		if (!handle)
			return 1;
		use_tls = (int (*)(void))dlsym(handle, "plugin_use_tls");
		if (!use_tls())
			return 2;
		p = malloc(100000);
		memset(p, 1, 100000);
		free(p);
		if (dlclose(handle))
			return 3;
	}
	return 0;
}
#endif

int main(int argc, char **argv)
{
	int status;

	begin("dlopen");
	snprintf(folder, sizeof(folder), "%s", argc > 0 ? argv[0] : "");
	dirname(folder);
	check_loop();
	status = in_child(deepbind_alone, NULL, 10);
	check(exited_well(status), "deepbind", "%s", ending(status));
	status = in_child(deepbind_crossing, NULL, 10);
	check(exited_well(status), "deepbind-crossing", "%s", ending(status));
	status = in_child(deepbind_names, NULL, 10);
	check(exited_well(status), "deepbind-names", "%s", ending(status));
	status = in_child(deepbind_other_ways, NULL, 10);
	check(!on_ashlar() || exited_well(status), "deepbind-other-ways", "%s",
	      ending(status));
#ifdef LM_ID_NEWLM
	status = in_child(other_namespace, NULL, 10);
	check(exited_well(status), "other-namespace", "%s", ending(status));
#endif
	return finish();
}
