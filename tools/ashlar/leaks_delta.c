/* SPDX-License-Identifier: MIT */
/*
 * What was leaked between two looks at a program.
 *
 *   before   { origin: 10 blocks, … }  ─┐
 *   after    { origin: 13 blocks, … }  ─┴► { origin: 3 blocks more }
 *
 * Both are what leaks_json() makes, the first perhaps from a file. Blocks
 * count for the place where they were allocated, wherever in the tree they
 * are; a place is known by modules and offsets, which are the same whenever
 * the program runs, or by the blocks' size.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "leaks.h"

/* A text that is the same for groups of the same origin; to be freed. */
static char *origin(const json_t *group)
{
	json_t *frames = json_object_get(group, "allocated"), *f;
	char *text = NULL;
	size_t size, i;
	FILE *out = open_memstream(&text, &size);
	const char *module, *offset;

	if (!out)
		return NULL;
	if (!frames)
		fprintf(out, "%" JSON_INTEGER_FORMAT,
			json_integer_value(json_object_get(group, "size")));
	json_array_foreach(frames, i, f)
	{
		module = json_string_value(json_object_get(f, "module"));
		offset = json_string_value(json_object_get(f, "offset"));
		fprintf(out, "%s+%s;", module ? module : "?",
			offset ? offset : "?");
	}
	fclose(out);
	return text;
}

static json_int_t number(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static void add_number(json_t *to, const char *key, json_int_t n)
{
	json_object_set_new(to, key, json_integer(number(to, key) + n));
}

/* Add the groups of a look, and what they hold, to those in @sums. */
static void add_groups(json_t *sums, const json_t *list, json_int_t sign,
		       unsigned int depth)
{
	static const char *const kept[] = { "allocated", "size", "first" };
	json_t *g, *sum;
	size_t i, k;
	char *key;

	json_array_foreach(list, i, g)
	{
		key = origin(g);
		sum = key ? json_object_get(sums, key) : NULL;
		if (key && !sum) {
			sum = json_object();
			json_object_set_new(sums, key, sum);
		}
		free(key);
		for (k = 0; k < ARRAY_SIZE(kept); k++)
			if (json_object_get(g, kept[k]))
				json_object_set(sum, kept[k],
						json_object_get(g, kept[k]));
		add_number(sum, "blocks", sign * number(g, "blocks"));
		add_number(sum, "bytes", sign * number(g, "bytes"));
		if (depth)
			add_groups(sums, json_object_get(g, "holds"), sign,
				   depth - 1);
	}
}

/**
 * leaks_delta() - what a later look has more than an earlier one
 * @before: the earlier one
 * @after: the later one
 *
 * Return: an object as of leaks_json(), without a tree; to be released.
 */
json_t *leaks_delta(const json_t *before, const json_t *after)
{
	json_t *sums = json_object(), *list = json_array(), *o, *sum;
	json_int_t blocks = 0, bytes = 0;
	const char *key;

	add_groups(sums, json_object_get(before, "leaks"), -1, 64);
	add_groups(sums, json_object_get(after, "leaks"), 1, 64);
	json_object_foreach(sums, key, sum)
	{
		if (number(sum, "blocks") <= 0)
			continue;
		blocks += number(sum, "blocks");
		bytes += number(sum, "bytes");
		json_array_append(list, sum);
	}
	json_decref(sums);
	o = json_pack("{sI sI sI so}", "pid", number(after, "pid"),
		      "leaked_blocks", blocks, "leaked_bytes", bytes, "leaks",
		      list);
	return o;
}

static const char *string(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "??";
}

static void print_frames(FILE *out, const json_t *frames)
{
	json_t *f;
	size_t i;

	json_array_foreach(frames, i, f)
	{
		fprintf(out, "    #%zu %s in %s ", i, string(f, "pc"),
			string(f, "function"));
		if (number(f, "line"))
			fprintf(out, "%s:%" JSON_INTEGER_FORMAT "\n",
				string(f, "file"), number(f, "line"));
		else
			fprintf(out, "(%s+%s)\n", string(f, "module"),
				string(f, "offset"));
	}
}

/* leaks_delta_print - tell people; returns how many blocks there are more */
uint64_t leaks_delta_print(FILE *out, const json_t *delta)
{
	json_int_t blocks = number(delta, "leaked_blocks");
	json_t *g;
	size_t i;

	if (blocks > 0)
		fprintf(out,
			"==%" JSON_INTEGER_FORMAT
			"==ERROR: Ashlar: leaked since the earlier look\n\n",
			number(delta, "pid"));
	json_array_foreach(json_object_get(delta, "leaks"), i, g)
	{
		fprintf(out,
			"%" JSON_INTEGER_FORMAT " bytes more in "
			"%" JSON_INTEGER_FORMAT " blocks more",
			number(g, "bytes"), number(g, "blocks"));
		if (json_object_get(g, "allocated"))
			fprintf(out, " allocated at:\n");
		else
			fprintf(out, " of %" JSON_INTEGER_FORMAT " bytes\n",
				number(g, "size"));
		print_frames(out, json_object_get(g, "allocated"));
		fputc('\n', out);
	}
	if (blocks > 0)
		fprintf(out,
			"SUMMARY: Ashlar: %" JSON_INTEGER_FORMAT
			" bytes more leaked in %" JSON_INTEGER_FORMAT
			" blocks more.\n",
			number(delta, "leaked_bytes"), blocks);
	return blocks > 0 ? (uint64_t)blocks : 0;
}
