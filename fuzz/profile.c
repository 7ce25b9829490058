/* SPDX-License-Identifier: MIT */
/*
 * Profiles in pprof's format, as the command reads them, with bytes changed.
 *
 *   message   types | samples | mappings | locations | functions | strings …
 *
 * An input is a sequence of changes to a sound one: where (16 bits), and either
 * a byte that is put there, or how many are taken away, doubled, or cut off at
 * the end. Whatever comes of it is shown in each form, and compared with the
 * sound one; or there is a sentence that says why not.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include "input.h"
#include "tools/ashlar/ashlar.h"
#include "tools/ashlar/profile.h"

#define ROOM (64 << 10)

const char profile_page[] = "@DATA@";

static unsigned char sound[ROOM];
static size_t sound_bytes;
static FILE *nowhere;

void complain(const char *fmt, ...)
{
	(void)fmt;
}

/* Two stacks, one with an inlined call and one without a name. */
static void make(struct profile *p)
{
	static const int64_t value[PROFILE_VALUES] = { 100, 5000, 10, 500 };
	struct profile_mapping m = { 4096, 8192, 0, "/bin/x", "abcd" };
	struct profile_builder *b = profile_build(p);
	struct profile_line line[2] = { { 0, 12 }, { 0, 40 } };
	uint32_t stack[3], mapping = profile_add_mapping(b, &m);

	line[0].function = profile_add_function(b, "inner", "a.c");
	line[1].function = profile_add_function(b, "outer", "b.c");
	stack[0] = profile_add_location(b, 4100, mapping, line, 2);
	stack[1] = profile_add_location(b, 4200, mapping, NULL, 0);
	stack[2] = profile_add_location(b, 4300, 0, line + 1, 1);
	profile_add_sample(b, stack, 3, value);
	profile_add_sample(b, stack + 1, 1, value);
	profile_built(b);
	p->rate = p->rate_first = 4096;
	snprintf(p->note, sizeof(p->note), "a note");
}

/* What is written, before it was compressed. */
static void make_sound(void)
{
	char *file = NULL;
	size_t size = 0;
	struct profile p = { 0 };
	FILE *out = open_memstream(&file, &size);
	z_stream z = { .next_out = sound, .avail_out = ROOM };

	nowhere = fopen("/dev/null", "w");
	make(&p);
	profile_pprof(out, &p, ALLOC_SPACE);
	fclose(out);
	profile_free(&p);
	z.next_in = (unsigned char *)file;
	z.avail_in = (unsigned int)size;
	if (inflateInit2(&z, MAX_WBITS + 16) != Z_OK ||
	    inflate(&z, Z_FINISH) != Z_STREAM_END || !nowhere)
		abort();
	sound_bytes = z.total_out;
	inflateEnd(&z);
	free(file);
}

static void change(struct input *in, unsigned char *at, size_t *size)
{
	size_t where = next16(in) % (*size + 1), rest = *size - where, n;
	u8 how = next(in);

	n = how >> 2 < rest ? how >> 2 : rest;
	if (how % 4 == 0) {
		memmove(at + where, at + where + n, rest - n);
		*size -= n;
	} else if (how % 4 == 1 && *size + n <= ROOM) {
		memmove(at + where + n, at + where, rest);
		*size += n;
	} else if (how == 0xfe) {
		*size = where;
	} else if (rest) {
		at[where] = next(in);
	}
}

static void show(const struct profile *p)
{
	enum profile_value by;

	for (by = 0; by < PROFILE_VALUES; by++) {
		profile_print(nowhere, p, by);
		profile_collapsed(nowhere, p, by);
	}
	profile_flame(nowhere, p, INUSE_SPACE);
	profile_pprof(nowhere, p, INUSE_SPACE);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static unsigned char changed[ROOM];
	struct input in = { data, data + size };
	struct profile p = { 0 }, other = { 0 }, difference = { 0 };
	unsigned char *exact;
	size_t bytes;

	if (!sound_bytes)
		make_sound();
	memcpy(changed, sound, sound_bytes);
	bytes = sound_bytes;
	while (more(&in))
		change(&in, changed, &bytes);
	/* Where the sanitizer sees a look behind its end. */
	exact = malloc(bytes + 1);
	memcpy(exact, changed, bytes);
	exact = realloc(exact, bytes ? bytes : 1);
	if (!profile_parse(&p, exact, bytes)) {
		show(&p);
		if (profile_parse(&other, sound, sound_bytes))
			abort();
		profile_diff(&difference, &other, &p);
		show(&difference);
	}
	free(exact);
	profile_free(&p);
	profile_free(&other);
	profile_free(&difference);
	return 0;
}
