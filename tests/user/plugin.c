/* SPDX-License-Identifier: MIT */
/*
 * A library for test_dlopen.c to load and unload: it allocates when it is
 * loaded, frees when it goes, and hands blocks over in both directions.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *table[100];
static __thread char *own;

static __attribute__((constructor)) void load(void)
{
	size_t i;

	for (i = 0; i < 100; i++) {
		table[i] = malloc(i * 37 + 1);
		memset(table[i], (int)i, i * 37 + 1);
	}
}

static __attribute__((destructor)) void unload(void)
{
	size_t i;

	for (i = 0; i < 100; i++) {
		if (table[i][i * 37] != (char)i)
			abort();
		free(table[i]);
	}
	free(own);
}

/* A block for the program to free. */
char *plugin_text(int number);
char *plugin_text(int number)
{
	char *text;

	return asprintf(&text, "text %d", number) < 0 ? NULL : text;
}

/* Frees, or grows, what the program allocated. */
void plugin_free(void *p);
void plugin_free(void *p)
{
	free(p);
}

void *plugin_grow(void *p, size_t n);
void *plugin_grow(void *p, size_t n)
{
	return realloc(p, n);
}

/* Leaves a block in thread-local storage. */
int plugin_use_tls(void);
int plugin_use_tls(void)
{
	free(own);
	own = strdup("kept by the thread");
	return own && own[0] == 'k';
}

/* The program has one, too, with another answer. */
int answer(void);
int answer(void)
{
	return 2;
}

int plugin_answer(void);
int plugin_answer(void)
{
	return answer();
}
