/* SPDX-License-Identifier: MIT */
/*
 * A profile from a file in pprof's format, ours or another program's.
 *
 *   file ── inflate ──► message ── strings ── mappings, functions
 *                                                 └── locations ── samples
 *
 * It is walked through several times, as what one thing names may come behind
 * it. Nothing in it is believed: lengths, places and numbers are looked at, and
 * what is wrong is said in a sentence. Names are made fit for a terminal.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include "ashlar.h"
#include "profile.h"
#include "profile_proto.h"

#define FILE_MOST (64ul << 20) /* bytes */
#define MESSAGE_MOST (256ul << 20)
#define LINES_MOST 256u /* of one location */
#define TYPES_MOST 64u

struct span {
	const unsigned char *at, *end;
};

struct field {
	unsigned int number;
	bool is_bytes;
	uint64_t value;
	struct span bytes;
};

/* The numbers of things, in a file, and their places here. */
struct id {
	uint64_t id;
	uint32_t place;
};

struct ids {
	struct id *id;
	size_t nr, room;
};

struct loader {
	struct profile *p;
	struct profile_builder *b;
	struct span message;
	char **string;
	size_t nr_strings, strings_room;
	struct ids mappings, functions, locations;
	unsigned int nr_types;
	int column[PROFILE_VALUES]; /* -1: the file has none */
	uint32_t *stack; /* PROFILE_DEPTH */
	const char *why; /* it cannot be read */
};

/* ---- the wire ---- */

static bool read_varint(struct span *s, uint64_t *n)
{
	unsigned int shift;

	*n = 0;
	for (shift = 0; shift < 64 && s->at < s->end; shift += 7) {
		*n |= (uint64_t)(*s->at & 0x7f) << shift;
		if (!(*s->at++ & 0x80))
			return true;
	}
	return false;
}

static bool skip(struct span *s, uint64_t n)
{
	if (n > (uint64_t)(s->end - s->at))
		return false;
	s->at += n;
	return true;
}

/* False at the end, or where there is no field: then *@s is not at its end. */
static bool read_field(struct span *s, struct field *f)
{
	struct span next = *s;
	uint64_t key;

	if (s->at == s->end || !read_varint(&next, &key) || key >> 32)
		return false;
	*f = (struct field){ .number = (unsigned int)(key >> 3) };
	switch (key & 7) {
	case 0:
		if (!read_varint(&next, &f->value))
			return false;
		break;
	case 1:
	case 5:
		if (!skip(&next, (key & 7) == 1 ? 8 : 4))
			return false;
		break;
	case 2:
		if (!read_varint(&next, &f->value))
			return false;
		f->is_bytes = true;
		f->bytes.at = next.at;
		if (!skip(&next, f->value))
			return false;
		f->bytes.end = next.at;
		break;
	default:
		return false;
	}
	*s = next;
	return true;
}

static bool refuse(struct loader *l, const char *why)
{
	if (!l->why)
		l->why = why;
	return false;
}

static bool is_whole(struct loader *l, const struct span *s)
{
	return s->at == s->end || refuse(l, "it is cut short, or no profile");
}

/* ---- strings and numbers ---- */

static void *grow(struct loader *l, void *array, size_t nr, size_t *room,
		  size_t size)
{
	void *more = array;

	if (nr == *room) {
		*room = *room ? 2 * *room : 256;
		more = realloc(array, *room * size);
		if (!more)
			refuse(l, "there is not memory for it");
	}
	return more;
}

static bool take_string(struct loader *l, const struct span *s)
{
	char **more = grow(l, l->string, l->nr_strings, &l->strings_room,
			   sizeof(*more)),
	     *text, *c;

	if (!more)
		return false;
	l->string = more;
	text = strndup((const char *)s->at, (size_t)(s->end - s->at));
	if (!text)
		return refuse(l, "there is not memory for it");
	for (c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	more[l->nr_strings++] = text;
	return true;
}

/* The string of a place; the last of a wrong place is "". */
static const char *string_at(struct loader *l, uint64_t place)
{
	if (place < l->nr_strings)
		return l->string[place];
	refuse(l, "it names a string that it has not");
	return "";
}

static bool add_id(struct loader *l, struct ids *ids, uint64_t id,
		   uint32_t place)
{
	struct id *more = grow(l, ids->id, ids->nr, &ids->room, sizeof(*more));

	if (!more)
		return false;
	ids->id = more;
	more[ids->nr++] = (struct id){ id, place };
	return true;
}

static int by_id(const void *a, const void *b)
{
	const struct id *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static void sort_ids(struct ids *ids)
{
	if (ids->nr)
		qsort(ids->id, ids->nr, sizeof(*ids->id), by_id);
}

static bool find_id(struct loader *l, const struct ids *ids, uint64_t id,
		    uint32_t *place)
{
	const struct id key = { .id = id }, *found = NULL;

	if (ids->nr)
		found = bsearch(&key, ids->id, ids->nr, sizeof(key), by_id);
	if (!found)
		return refuse(l, "it names a place that it has not");
	*place = found->place;
	return true;
}

/* ---- messages ---- */

static bool take_type(struct loader *l, struct span s)
{
	struct field f;
	unsigned int i;

	if (l->nr_types == TYPES_MOST)
		return refuse(l, "it has too many kinds of values");
	while (read_field(&s, &f))
		for (i = 0; f.number == VALUE_TYPE && i < PROFILE_VALUES; i++)
			if (!strcmp(string_at(l, f.value),
				    profile_types[i].name))
				l->column[i] = (int)l->nr_types;
	l->nr_types++;
	return is_whole(l, &s);
}

static bool take_mapping(struct loader *l, struct span s)
{
	const char *file = "", *build_id = "";
	struct profile_mapping m = { 0 };
	struct field f;
	uint64_t id = 0;

	while (read_field(&s, &f)) {
		if (f.number == MAPPING_ID)
			id = f.value;
		else if (f.number == MAPPING_START)
			m.start = f.value;
		else if (f.number == MAPPING_END)
			m.end = f.value;
		else if (f.number == MAPPING_OFFSET)
			m.offset = f.value;
		else if (f.number == MAPPING_FILE)
			file = string_at(l, f.value);
		else if (f.number == MAPPING_BUILD_ID)
			build_id = string_at(l, f.value);
	}
	m.file = (char *)file;
	m.build_id = (char *)build_id;
	if (l->p->nr_mappings >= UINT16_MAX)
		return refuse(l, "it has too many files mapped");
	return is_whole(l, &s) &&
	       add_id(l, &l->mappings, id, profile_add_mapping(l->b, &m));
}

static bool take_function(struct loader *l, struct span s)
{
	const char *name = "", *file = "";
	struct field f;
	uint64_t id = 0;

	while (read_field(&s, &f)) {
		if (f.number == FUNCTION_ID)
			id = f.value;
		else if (f.number == FUNCTION_NAME)
			name = string_at(l, f.value);
		else if (f.number == FUNCTION_FILE)
			file = string_at(l, f.value);
	}
	return is_whole(l, &s) &&
	       add_id(l, &l->functions, id,
		      profile_add_function(l->b, name, file));
}

static bool take_line(struct loader *l, struct span s,
		      struct profile_line *line)
{
	uint64_t function = 0;
	struct field f;

	line->line = 0;
	while (read_field(&s, &f)) {
		if (f.number == LINE_FUNCTION)
			function = f.value;
		else if (f.number == LINE_LINE)
			line->line = f.value >> 31 ? 0 : (uint32_t)f.value;
	}
	return is_whole(l, &s) &&
	       find_id(l, &l->functions, function, &line->function);
}

static bool take_location(struct loader *l, struct span s)
{
	struct profile_line line[LINES_MOST];
	uint64_t id = 0, address = 0, mapping_id = 0;
	uint32_t mapping = 0, nr = 0;
	struct field f;

	while (read_field(&s, &f)) {
		if (f.number == LOCATION_ID)
			id = f.value;
		else if (f.number == LOCATION_MAPPING)
			mapping_id = f.value;
		else if (f.number == LOCATION_ADDRESS)
			address = f.value;
		else if (f.number != LOCATION_LINE || !f.is_bytes)
			continue;
		else if (nr == LINES_MOST)
			return refuse(l, "a place has too many lines");
		else if (!take_line(l, f.bytes, &line[nr++]))
			return false;
	}
	if (mapping_id && !find_id(l, &l->mappings, mapping_id, &mapping))
		return false;
	return is_whole(l, &s) &&
	       add_id(l, &l->locations, id,
		      profile_add_location(l->b, address, mapping, line, nr));
}

/* One number, or several in one field. */
static bool take_numbers(struct loader *l, const struct field *f, uint64_t *to,
			 uint32_t *nr, uint32_t most)
{
	struct span s = f->bytes;

	if (!f->is_bytes) {
		if (*nr == most)
			return refuse(l, "a stack is too deep");
		to[(*nr)++] = f->value;
		return true;
	}
	while (s.at < s.end) {
		if (*nr == most)
			return refuse(l, "a stack is too deep");
		if (!read_varint(&s, &to[*nr]))
			break;
		++*nr;
	}
	return is_whole(l, &s);
}

static bool take_sample(struct loader *l, struct span s)
{
	static uint64_t id[PROFILE_DEPTH];
	int64_t value[PROFILE_VALUES];
	uint64_t number[TYPES_MOST];
	uint32_t nr = 0, numbers = 0, i;
	struct field f;

	while (read_field(&s, &f)) {
		if (f.number == SAMPLE_LOCATION &&
		    !take_numbers(l, &f, id, &nr, PROFILE_DEPTH))
			return false;
		if (f.number == SAMPLE_VALUE &&
		    !take_numbers(l, &f, number, &numbers, TYPES_MOST))
			return false;
	}
	if (numbers != l->nr_types)
		return refuse(l, "a stack has not as many values as it says");
	for (i = 0; i < nr; i++)
		if (!find_id(l, &l->locations, id[i], &l->stack[i]))
			return false;
	for (i = 0; i < PROFILE_VALUES; i++)
		value[i] = l->column[i] < 0 ? 0 : (int64_t)number[l->column[i]];
	for (i = 0; i < PROFILE_VALUES; i++) {
		value[i] = profile_sum(value[i], 0);
		l->p->is_diff |= value[i] < 0;
	}
	return is_whole(l, &s) && profile_add_sample(l->b, l->stack, nr, value);
}

/* ---- the whole ---- */

static bool take_strings(struct loader *l)
{
	struct span s = l->message;
	struct field f;

	while (read_field(&s, &f))
		if (f.number == PROFILE_STRING && f.is_bytes &&
		    !take_string(l, &f.bytes))
			return false;
	return is_whole(l, &s);
}

/* Each message in the field @number. */
static bool take_each(struct loader *l, unsigned int number,
		      bool (*take)(struct loader *l, struct span s))
{
	struct span s = l->message;
	struct field f;

	while (read_field(&s, &f))
		if (f.number == number && f.is_bytes && !take(l, f.bytes))
			return false;
	return !l->why;
}

static void take_comment(struct profile *p, const char *text)
{
	unsigned long long rate, samples, lost, no_stack;

	if (sscanf(text, PROFILE_FACTS, &rate, &samples, &lost, &no_stack) ==
	    4) {
		p->rate_first = rate;
		p->samples = samples;
		p->lost = lost;
		p->no_stack = no_stack;
	} else if (!*p->note) {
		snprintf(p->note, sizeof(p->note), "%s", text);
	}
}

static bool take_rest(struct loader *l)
{
	struct span s = l->message;
	struct field f;

	while (read_field(&s, &f)) {
		if (f.number == PROFILE_TIME)
			l->p->time_ns = (int64_t)f.value;
		else if (f.number == PROFILE_PERIOD && !(f.value >> 40))
			l->p->rate = f.value;
		else if (f.number == PROFILE_COMMENT)
			take_comment(l->p, string_at(l, f.value));
	}
	return !l->why;
}

static bool take_message(struct loader *l)
{
	int i, columns = 0;

	for (i = 0; i < PROFILE_VALUES; i++)
		l->column[i] = -1;
	if (!take_strings(l) || !take_each(l, PROFILE_TYPE, take_type))
		return false;
	for (i = 0; i < PROFILE_VALUES; i++)
		columns += l->column[i] >= 0;
	if (!columns)
		return refuse(l, "it is no profile of a heap");
	if (!take_each(l, PROFILE_MAPPING, take_mapping) ||
	    !take_each(l, PROFILE_FUNCTION, take_function))
		return false;
	sort_ids(&l->mappings);
	sort_ids(&l->functions);
	if (!take_each(l, PROFILE_LOCATION, take_location))
		return false;
	sort_ids(&l->locations);
	return take_each(l, PROFILE_SAMPLE, take_sample) && take_rest(l);
}

/* ---- the file ---- */

/* The file's bytes; NULL with the reason in @why. */
static unsigned char *read_file(const char *path, size_t *size,
				const char **why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	unsigned char *bytes = NULL;
	struct stat st;
	ssize_t n;

	*size = 0;
	*why = NULL;
	if (fd < 0 || fstat(fd, &st))
		*why = strerror(errno);
	else if (!S_ISREG(st.st_mode))
		*why = "it is no file";
	else if ((size_t)st.st_size > FILE_MOST)
		*why = "it is larger than 64 MB";
	else if (!(bytes = malloc((size_t)st.st_size + 1)))
		*why = "there is not memory for it";
	while (bytes && *size < (size_t)st.st_size) {
		n = read(fd, bytes + *size, (size_t)st.st_size - *size);
		if (n <= 0)
			break;
		*size += (size_t)n;
	}
	if (fd >= 0)
		close(fd);
	return bytes;
}

/* What was compressed; NULL with the reason in @why. */
static unsigned char *expand(const unsigned char *bytes, size_t size,
			     size_t *expanded, const char **why)
{
	z_stream z = { .next_in = (unsigned char *)bytes,
		       .avail_in = (uInt)size };
	size_t room = 4 * size + 4096;
	unsigned char *out = malloc(room), *more;
	int end = Z_OK;

	*expanded = 0;
	if (!out || inflateInit2(&z, MAX_WBITS + 16) != Z_OK) {
		*why = "there is not memory for it";
		free(out);
		return NULL;
	}
	while (end == Z_OK && room <= MESSAGE_MOST) {
		z.next_out = out + *expanded;
		z.avail_out = (uInt)(room - *expanded);
		end = inflate(&z, Z_NO_FLUSH);
		*expanded = (size_t)(z.next_out - out);
		if (end != Z_OK || z.avail_out)
			continue;
		room *= 2;
		more = realloc(out, room);
		if (!more)
			break;
		out = more;
	}
	inflateEnd(&z);
	if (end == Z_STREAM_END)
		return out;
	*why = end == Z_OK ? "it is too large" : "it is cut short, or damaged";
	free(out);
	return NULL;
}

static void free_loader(struct loader *l)
{
	size_t i;

	for (i = 0; i < l->nr_strings; i++)
		free(l->string[i]);
	free(l->string);
	free(l->mappings.id);
	free(l->functions.id);
	free(l->locations.id);
	free(l->stack);
}

/**
 * profile_parse() - a profile from what a file holds
 * @p: an empty one, which is filled; freed by profile_free() in any case
 * @bytes: the file, compressed or not
 * @size: how many
 *
 * Return: NULL, or why it is none.
 */
const char *profile_parse(struct profile *p, const unsigned char *bytes,
			  size_t size)
{
	struct loader l = { .p = p };
	unsigned char *expanded = NULL;
	const char *why = NULL;

	if (size > 1 && bytes[0] == 0x1f && bytes[1] == 0x8b) {
		expanded = expand(bytes, size, &size, &why);
		if (!expanded)
			return why;
		bytes = expanded;
	}
	l.message = (struct span){ bytes, bytes + size };
	l.b = profile_build(p);
	l.stack = malloc(PROFILE_DEPTH * sizeof(*l.stack));
	if (!l.b || !l.stack || !take_message(&l))
		refuse(&l, "there is not memory for it");
	if (l.b && !profile_built(l.b))
		refuse(&l, "there is not memory for it");
	free_loader(&l);
	free(expanded);
	return l.why;
}

/**
 * profile_load() - a profile from a file
 * @p: an empty one, which is filled; freed by profile_free() in any case
 * @path: the file
 *
 * Return: false after a complaint.
 */
bool profile_load(struct profile *p, const char *path)
{
	const char *why;
	size_t size;
	unsigned char *bytes = read_file(path, &size, &why);

	if (!why)
		why = profile_parse(p, bytes, size);
	free(bytes);
	if (!why)
		return true;
	complain("cannot read the profile %s: %s", path, why);
	return false;
}
