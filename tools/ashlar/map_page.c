/* SPDX-License-Identifier: MIT */
/*
 * The page of a map: one file that needs nothing else, and is read again.
 *
 *   map.html   … @STYLE@ … @STILL@ … @DATA@ … @SCRIPT@ …
 *                map.css   map_svg.c  the looks   map.js
 *
 * What is embedded is {"is_diff": …, "looks": [look, …]}; a saved look is one
 * of them by itself.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "ashlar.h"
#include "map.h"

#define DATA_BEGIN "<script id=\"data\" type=\"application/json\">"
#define DATA_END "</script>"
#define FILE_MOST (256l << 20)

/* ---- writing ---- */

/* JSON in which HTML finds no end of a script. */
static int put_json(const char *text, size_t nr, void *data)
{
	FILE *out = data;
	size_t i;

	for (i = 0; i < nr; i++) {
		if (text[i] == '<')
			fputs("\\u003c", out);
		else
			putc(text[i], out);
	}
	return 0;
}

static bool put_data(FILE *out, json_t *looks, bool is_diff)
{
	json_t *o = json_pack("{sb sO}", "is_diff", is_diff, "looks", looks);
	bool ok = o && !json_dump_callback(o, put_json, out, JSON_COMPACT);

	json_decref(o);
	return ok;
}

static bool put_part(FILE *out, const char *name, size_t nr, json_t *looks,
		     bool is_diff)
{
	size_t last = json_array_size(looks) - 1;

	if (!strncmp(name, "STYLE", nr))
		return fputs(map_css, out) >= 0;
	if (!strncmp(name, "SCRIPT", nr))
		return fputs(map_js, out) >= 0;
	if (!strncmp(name, "STILL", nr))
		return map_svg(out, json_array_get(looks, last), false);
	return put_data(out, looks, is_diff);
}

/**
 * map_page() - write a page
 * @out: where to
 * @looks: an array of one or more
 * @is_diff: the page begins with what changed between them
 *
 * Return: false if there is no memory.
 */
bool map_page(FILE *out, json_t *looks, bool is_diff)
{
	const char *at = map_html, *part, *end;
	bool ok = true;

	while (ok && (part = strchr(at, '@'))) {
		end = strchr(part + 1, '@');
		fwrite(at, 1, (size_t)(part - at), out);
		ok = put_part(out, part + 1, (size_t)(end - part - 1), looks,
			      is_diff);
		at = end + 1;
	}
	fputs(at, out);
	return ok;
}

/* ---- reading ---- */

static char *read_file(const char *path, size_t *nr)
{
	FILE *f = fopen(path, "re");
	char *text = NULL;
	long size = -1;

	errno = 0;
	if (f && fseek(f, 0, SEEK_END) == 0)
		size = ftell(f);
	if (size >= 0 && size <= FILE_MOST)
		text = malloc((size_t)size + 1);
	if (text) {
		rewind(f);
		*nr = fread(text, 1, (size_t)size, f);
		text[*nr] = 0;
	}
	if (!text)
		complain("cannot read %s: %s", path,
			 errno ? strerror(errno) : "it is too large");
	if (f)
		fclose(f);
	return text;
}

static bool is_look(const json_t *o)
{
	return json_is_integer(json_object_get(o, "ashlar_map")) &&
	       json_is_array(json_object_get(o, "spaces")) &&
	       json_is_string(json_object_get(o, "data"));
}

/* A page's last look, or the one that a file is. */
static json_t *look_in(const char *text, size_t nr)
{
	const char *begin = strstr(text, DATA_BEGIN), *end;
	json_t *o, *looks, *last;

	if (begin) {
		begin += strlen(DATA_BEGIN);
		end = strstr(begin, DATA_END);
		nr = end ? (size_t)(end - begin) : 0;
	}
	o = json_loadb(begin ? begin : text, nr, 0, NULL);
	looks = json_object_get(o, "looks");
	if (!looks)
		return o;
	last = json_array_get(looks, json_array_size(looks) - 1);
	json_incref(last);
	json_decref(o);
	return last;
}

/**
 * map_load() - a look out of a page, or out of a file of --save
 * @path: of the file; of a film the last look is taken
 *
 * Return: the look, or NULL after a complaint.
 */
json_t *map_load(const char *path)
{
	size_t nr = 0;
	char *text = read_file(path, &nr);
	json_t *look = text ? look_in(text, nr) : NULL;

	if (text && !is_look(look)) {
		complain("%s is no map: want a page of 'ashlar map', or what "
			 "its --save wrote",
			 path);
		json_decref(look);
		look = NULL;
	}
	free(text);
	return look;
}
