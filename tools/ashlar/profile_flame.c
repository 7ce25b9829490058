/* SPDX-License-Identifier: MIT */
/*
 * A profile as a flame graph: one page that needs nothing else.
 *
 *   flame.html   … <script type="application/json"> @DATA@ </script> …
 *                    names, and nodes in the order of a walk: profile_tree.c
 */
#include <stdlib.h>
#include <string.h>
#include "ashlar.h"
#include "profile_tree.h"

#define PLACEHOLDER "@DATA@"
#define LABEL_BYTES 512

/* A string of JSON, in which HTML finds no end of a script either. */
static void put_string(FILE *out, const char *s)
{
	putc('"', out);
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			fprintf(out, "\\%c", *s);
		else if ((unsigned char)*s < ' ' || strchr("<>&", *s))
			fprintf(out, "\\u%04x", (unsigned char)*s);
		else
			putc(*s, out);
	}
	putc('"', out);
}

static void put_names(FILE *out, const struct profile_tree *t)
{
	char text[LABEL_BYTES];
	uint32_t i;

	fputs("\"names\":[\"all\",\"[no stack]\"", out);
	for (i = 0; i < t->nr_names; i++) {
		putc(',', out);
		put_string(out, profile_tree_name(t, i, text, sizeof(text)));
	}
	putc(']', out);
}

static void put_values(FILE *out, const int64_t value[PROFILE_VALUES])
{
	int i;

	for (i = 0; i < PROFILE_VALUES; i++)
		fprintf(out, ",%lld", (long long)value[i]);
}

static void put_node(FILE *out, const struct profile_tree *t,
		     const struct profile_node *n, bool is_diff)
{
	fprintf(out, "%s[%u,%u", n == t->node ? "" : ",\n", n->name, n->depth);
	put_values(out, n->grown);
	if (is_diff)
		put_values(out, n->shrunk);
	putc(']', out);
}

/* Parents before their children, without recursion. */
static void put_nodes(FILE *out, const struct profile_tree *t, bool is_diff)
{
	const struct profile_node *n = t->node;

	fputs("\"nodes\":[", out);
	while (n) {
		put_node(out, t, n, is_diff);
		if (n->child) {
			n = &t->node[n->child];
			continue;
		}
		while (n != t->node && !n->next)
			n = &t->node[n->up];
		n = n == t->node ? NULL : &t->node[n->next];
	}
	putc(']', out);
}

static void put_facts(FILE *out, const struct profile *p)
{
	char text[300] = "", rate[32], first[32];
	size_t n = 0;

	if (p->rate)
		n = (size_t)snprintf(text, sizeof(text),
				     "%llu samples, one for each %s allocated.",
				     (unsigned long long)p->samples,
				     profile_number((int64_t)p->rate, true,
						    rate));
	if (p->rate_first && p->rate > p->rate_first)
		n += (size_t)snprintf(
			text + n, sizeof(text) - n,
			" The tables of the profile are full: there were to "
			"be one for each %s.",
			profile_number((int64_t)p->rate_first, true, first));
	if (p->lost)
		snprintf(text + n, sizeof(text) - n,
			 " %llu samples are missing: there was no memory.",
			 (unsigned long long)p->lost);
	fputs("\"facts\":", out);
	put_string(out, text);
}

static void put_data(FILE *out, const struct profile *p,
		     const struct profile_tree *t, enum profile_value by)
{
	fprintf(out, "{\"by\":%d,\"diff\":%s,\"title\":", by,
		p->is_diff ? "true" : "false");
	put_string(out, *p->note ? p->note : "Heap profile");
	putc(',', out);
	put_facts(out, p);
	fprintf(out, ",\"foot\":\"%s%s\",\n",
		p->is_diff ? "Red: more than before. Blue: less. " : "",
		t->left_out ? "What is less than a ten-thousandth of all is "
			      "part of its caller here." :
			      "");
	put_names(out, t);
	fputs(",\n", out);
	put_nodes(out, t, p->is_diff);
	putc('}', out);
}

/* profile_flame - @by is what the page shows first */
bool profile_flame(FILE *out, const struct profile *p, enum profile_value by)
{
	const char *rest = strstr(profile_page, PLACEHOLDER);
	struct profile_tree t;

	if (!profile_tree_make(&t, p)) {
		profile_tree_free(&t);
		complain("out of memory");
		return false;
	}
	fwrite(profile_page, 1, (size_t)(rest - profile_page), out);
	put_data(out, p, &t, by);
	fputs(rest + strlen(PLACEHOLDER), out);
	profile_tree_free(&t);
	return true;
}
