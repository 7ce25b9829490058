/* SPDX-License-Identifier: MIT */
/*
 * A profile in pprof's format: profile.proto of github.com/google/pprof, as
 * protocol buffers have it on the wire, compressed as by gzip.
 *
 *   message  | key | value | key | length, message | …
 *   key      field number << 3 | 0: a varint, 2: bytes with their length
 *
 * A string is its place in a table; numbers of things begin at 1.
 */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include "ashlar.h"
#include "profile.h"
#include "profile_proto.h"

struct bytes {
	unsigned char *at;
	size_t nr, room;
	bool failed;
};

/* Strings, by the order in which they come; those of functions are known. */
struct writer {
	struct bytes out, part, piece;
	struct bytes strings;
	uint64_t nr_strings;
};

/* ---- the wire ---- */

static void put(struct bytes *b, const void *from, size_t n)
{
	size_t room = b->room ? b->room : 4096;
	unsigned char *more;

	while (room - b->nr < n)
		room *= 2;
	if (room != b->room) {
		more = realloc(b->at, room);
		if (!more) {
			b->failed = true;
			return;
		}
		b->at = more;
		b->room = room;
	}
	memcpy(b->at + b->nr, from, n);
	b->nr += n;
}

static void put_varint(struct bytes *b, uint64_t n)
{
	unsigned char text[10];
	size_t used = 0;

	for (; n >= 0x80; n >>= 7)
		text[used++] = (unsigned char)(n | 0x80);
	text[used++] = (unsigned char)n;
	put(b, text, used);
}

/* A number that is 0 is left out, as all writers do. */
static void put_number(struct bytes *b, unsigned int field, uint64_t n)
{
	if (!n)
		return;
	put_varint(b, field << 3);
	put_varint(b, n);
}

static void put_bytes(struct bytes *b, unsigned int field, const void *from,
		      size_t n)
{
	put_varint(b, field << 3 | 2);
	put_varint(b, n);
	put(b, from, n);
}

/* What @part holds is a message of @b, and @part is empty again. */
static void put_message(struct bytes *b, unsigned int field, struct bytes *part)
{
	put_bytes(b, field, part->at ? part->at : (unsigned char *)"",
		  part->nr);
	b->failed |= part->failed;
	part->nr = 0;
}

/* The place of a string, which is written again if it was there before. */
static uint64_t string(struct writer *w, const char *s)
{
	if (w->nr_strings && !*s)
		return 0;
	put_bytes(&w->strings, PROFILE_STRING, s, strlen(s));
	return w->nr_strings++;
}

/* ---- messages ---- */

static void put_type(struct writer *w, unsigned int field, const char *type,
		     const char *unit)
{
	put_number(&w->part, VALUE_TYPE, string(w, type));
	put_number(&w->part, VALUE_UNIT, string(w, unit));
	put_message(&w->out, field, &w->part);
}

static void put_sample(struct writer *w, const struct profile_sample *s)
{
	uint32_t i;

	for (i = 0; i < s->nr; i++)
		put_varint(&w->piece, s->location[i] + 1ull);
	put_message(&w->part, SAMPLE_LOCATION, &w->piece);
	for (i = 0; i < PROFILE_VALUES; i++)
		put_varint(&w->piece, (uint64_t)s->value[i]);
	put_message(&w->part, SAMPLE_VALUE, &w->piece);
	put_message(&w->out, PROFILE_SAMPLE, &w->part);
}

static void put_mapping(struct writer *w, const struct profile_mapping *m,
			uint64_t id)
{
	put_number(&w->part, MAPPING_ID, id);
	put_number(&w->part, MAPPING_START, m->start);
	put_number(&w->part, MAPPING_END, m->end);
	put_number(&w->part, MAPPING_OFFSET, m->offset);
	put_number(&w->part, MAPPING_FILE, string(w, m->file));
	put_number(&w->part, MAPPING_BUILD_ID, string(w, m->build_id));
	/* With these pprof looks for no more names. */
	put_number(&w->part, MAPPING_HAS_FUNCTIONS, 1);
	put_number(&w->part, MAPPING_HAS_FILES, 1);
	put_number(&w->part, MAPPING_HAS_LINES, 1);
	put_message(&w->out, PROFILE_MAPPING, &w->part);
}

static void put_location(struct writer *w, const struct profile_location *l,
			 uint64_t id)
{
	uint32_t i;

	put_number(&w->part, LOCATION_ID, id);
	put_number(&w->part, LOCATION_MAPPING, l->mapping);
	put_number(&w->part, LOCATION_ADDRESS, l->address);
	for (i = 0; i < l->nr; i++) {
		put_number(&w->piece, LINE_FUNCTION,
			   l->line[i].function + 1ull);
		put_number(&w->piece, LINE_LINE, l->line[i].line);
		put_message(&w->part, LOCATION_LINE, &w->piece);
	}
	put_message(&w->out, PROFILE_LOCATION, &w->part);
}

static void put_function(struct writer *w, const struct profile_function *f,
			 uint64_t id)
{
	uint64_t name = string(w, f->name);

	put_number(&w->part, FUNCTION_ID, id);
	put_number(&w->part, FUNCTION_NAME, name);
	put_number(&w->part, FUNCTION_SYSTEM_NAME, name);
	put_number(&w->part, FUNCTION_FILE, string(w, f->file));
	put_message(&w->out, PROFILE_FUNCTION, &w->part);
}

/* What has no field of its own is a comment, which profile_load.c reads. */
static void put_comments(struct writer *w, const struct profile *p)
{
	char text[128];

	if (*p->note)
		put_number(&w->out, PROFILE_COMMENT, string(w, p->note));
	snprintf(text, sizeof(text), PROFILE_FACTS,
		 (unsigned long long)p->rate_first,
		 (unsigned long long)p->samples, (unsigned long long)p->lost,
		 (unsigned long long)p->no_stack);
	put_number(&w->out, PROFILE_COMMENT, string(w, text));
}

static void put_all(struct writer *w, const struct profile *p,
		    enum profile_value by)
{
	uint32_t i;

	string(w, ""); /* the first one is this */
	for (i = 0; i < PROFILE_VALUES; i++)
		put_type(w, PROFILE_TYPE, profile_types[i].name,
			 profile_types[i].unit);
	for (i = 0; i < p->nr_samples; i++)
		put_sample(w, &p->sample[i]);
	for (i = 0; i < p->nr_mappings; i++)
		put_mapping(w, &p->mapping[i], i + 1ull);
	for (i = 0; i < p->nr_locations; i++)
		put_location(w, &p->location[i], i + 1ull);
	for (i = 0; i < p->nr_functions; i++)
		put_function(w, &p->function[i], i + 1ull);
	put_number(&w->out, PROFILE_TIME, (uint64_t)p->time_ns);
	if (p->rate) {
		put_type(w, PROFILE_PERIOD_TYPE, "space", "bytes");
		put_number(&w->out, PROFILE_PERIOD, p->rate);
	}
	put_comments(w, p);
	put_number(&w->out, PROFILE_DEFAULT_TYPE,
		   string(w, profile_types[by].name));
	put(&w->out, w->strings.at, w->strings.nr);
	w->out.failed |= w->strings.failed;
}

/* ---- the file ---- */

static bool compress_to(FILE *out, struct bytes *from)
{
	unsigned char chunk[16384] = { 0 };
	z_stream z = { .next_in = from->at };
	size_t left = from->nr, n;
	int end = Z_OK;

	if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + 16,
			 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return false;
	while (end == Z_OK) {
		if (!z.avail_in) {
			z.avail_in = (uInt)min(left, (size_t)1 << 30);
			left -= z.avail_in;
		}
		z.next_out = chunk;
		z.avail_out = sizeof(chunk);
		end = deflate(&z, left ? Z_NO_FLUSH : Z_FINISH);
		n = sizeof(chunk) - z.avail_out;
		if (fwrite(chunk, 1, n, out) != n)
			break;
	}
	deflateEnd(&z);
	return true; /* whoever has opened it asks for errors in writing */
}

/* profile_pprof - @by is what pprof shows first */
bool profile_pprof(FILE *out, const struct profile *p, enum profile_value by)
{
	struct writer w = { 0 };
	bool ok;

	put_all(&w, p, by);
	ok = !w.out.failed && compress_to(out, &w.out);
	if (!ok)
		complain("out of memory");
	free(w.out.at);
	free(w.part.at);
	free(w.piece.at);
	free(w.strings.at);
	return ok;
}
