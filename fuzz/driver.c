/* SPDX-License-Identifier: MIT */
/*
 * Inputs without a fuzzer: those of a kept corpus, then pseudo-random ones.
 *
 *	PROGRAM CORPUS SECONDS [SEED]
 *
 * A corpus is text, one input a line in hexadecimal digits; lines that start
 * with # are passed over. The seed of the random input that is running is
 * said on failure: PROGRAM CORPUS 0 SEED runs that one alone.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "input.h"

#define INPUT_MAX 4096

static const char *name = "fuzz"; /* of the program */
static unsigned long running; /* seed, or line of the corpus */
static bool in_corpus;

static void say_which(int sig)
{
	char line[80];
	int n = snprintf(line, sizeof(line), "not ok %s - %s %lu\n", name,
			 in_corpus ? "corpus line" : "seed", running);

	if (write(1, line, (size_t)n) < 0)
		_exit(2);
	signal(sig, SIG_DFL);
	raise(sig);
}

static size_t from_hex(const char *line, u8 *data)
{
	size_t n = 0;
	unsigned int byte;

	while (n < INPUT_MAX && sscanf(line + 2 * n, "%2x", &byte) == 1)
		data[n++] = (u8)byte;
	return n;
}

static unsigned long run_corpus(const char *path)
{
	static char line[2 * INPUT_MAX + 2];
	static u8 data[INPUT_MAX];
	unsigned long inputs = 0;
	FILE *f = fopen(path, "r");

	if (!f) {
		perror(path);
		exit(2);
	}
	in_corpus = true;
	for (running = 1; fgets(line, sizeof(line), f); running++) {
		if (line[0] == '#' || line[0] == '\n')
			continue;
		LLVMFuzzerTestOneInput(data, from_hex(line, data));
		inputs++;
	}
	fclose(f);
	in_corpus = false;
	return inputs;
}

/* Short inputs and long ones; some keep to few kinds of operations. */
static void run_seed(unsigned long seed)
{
	static u8 data[INPUT_MAX];
	u64 x = seed * 0x9e3779b97f4a7c15ull + 1;
	size_t size = INPUT_MAX >> seed % 5;
	u8 mask = seed % 3 ? 0xff : 0x3f;

	running = seed;
	for (size_t i = 0; i < size; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		data[i] = (u8)(x >> 32) & mask;
	}
	LLVMFuzzerTestOneInput(data, size);
}

int main(int argc, char **argv)
{
	unsigned long seed = argc > 3 ? strtoul(argv[3], NULL, 0) : 1;
	unsigned long inputs, first = seed;
	time_t end;

	name = basename(argv[0]);
	if (argc < 3) {
		fprintf(stderr, "usage: %s CORPUS SECONDS [SEED]\n", argv[0]);
		return 2;
	}
	signal(SIGABRT, say_which);
	signal(SIGSEGV, say_which);
	end = time(NULL) + atoi(argv[2]);
	inputs = run_corpus(argv[1]);
	if (!inputs) {
		printf("not ok %s corpus - no input in it\n", name);
		return 1;
	}
	printf("ok %s corpus: %lu inputs\n", name, inputs);
	do {
		run_seed(seed++);
	} while (time(NULL) < end);
	printf("ok %s random: %lu inputs\n", name, seed - first);
	return 0;
}
