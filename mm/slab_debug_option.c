/* SPDX-License-Identifier: MIT */
/*
 * Which caches are watched, and for what.
 *
 *   slub_debug=FLAGS,CACHE,CACHE…;FLAGS,CACHE…
 *
 *   F  releases are looked at at once     T  each call is logged
 *   Z  red zones                          A  failslab= is for these caches
 *   P  poison                             O  not where the slot would take
 *   U  who allocated and who freed           a larger block of frames
 *   -  nothing                            none of them: FZPU
 *
 * A block of letters without names is for all caches, one with names for
 * these alone and instead; in a name * stands for anything. A cache may also
 * be created with the flags (SLAB_RED_ZONE …), whatever the option says, and
 * with these alone (SLAB_NO_USER_FLAGS).
 *
 *   check=1
 *
 * is FZPU for every general cache, whose objects then lie no further apart
 * than they must (slab_debug.c), and for large blocks where there are any.
 *
 *   harden=1
 *
 * is the same with FZP, and what is allocated reads as zero: it is not for who
 * looks for mistakes, but for who wants a program to end at the first.
 */
#include <ashlar/check.h>
#include <ashlar/cmdline.h>
#include <ashlar/errno.h>
#include <ashlar/string.h>
#include "slab_debug.h"

static char option[CMDLINE_VALUE_SIZE]; /* well formed */
static bool option_given;

bool slab_debug_keep_order, slab_trace_objects, slab_check, slab_harden,
	slab_large;
unsigned long slab_look_every;

static const struct letter {
	char c;
	slab_flags_t flag;
} letters[] = {
	{ 'f', SLAB_CONSISTENCY_CHECKS },
	{ 'z', SLAB_RED_ZONE },
	{ 'p', SLAB_POISON },
	{ 'u', SLAB_STORE_USER },
	{ 't', SLAB_TRACE },
	{ 'a', SLAB_FAILSLAB },
	{ 'o', 0 },
	{ '-', 0 },
};

#define LOOK_MOST 1000000ul /* seconds */

#define DEFAULT_FLAGS                                            \
	(SLAB_CONSISTENCY_CHECKS | SLAB_RED_ZONE | SLAB_POISON | \
	 SLAB_STORE_USER)

static bool ends_block(char c)
{
	return !c || c == ';';
}

static bool ends_word(char c)
{
	return ends_block(c) || c == ',';
}

static const struct letter *find_letter(char c)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(letters); i++)
		if (c > ' ' && letters[i].c == (c | 0x20))
			return &letters[i];
	return NULL;
}

/* A block's letters; returns what follows, or NULL: there is another. */
static const char *parse_letters(const char *s, slab_flags_t *flags)
{
	const struct letter *l;

	*flags = ends_word(*s) ? DEFAULT_FLAGS : 0;
	for (; !ends_word(*s); s++) {
		l = find_letter(*s);
		if (!l)
			return NULL;
		*flags |= l->flag;
		slab_debug_keep_order |= l->c == 'o';
	}
	return s;
}

/* True if the pattern up to the next , or ; stands for @name. */
static bool name_matches(const char *pattern, const char *name)
{
	const char *star = NULL, *retry = NULL;

	while (*name || !ends_word(*pattern)) {
		if (*pattern == '*') {
			star = pattern++;
			retry = name;
		} else if (*name && *pattern == *name) {
			pattern++;
			name++;
		} else if (star && *retry) {
			pattern = star + 1;
			name = ++retry;
		} else {
			return false;
		}
	}
	return true;
}

/* True if a block names the cache. @s is at the , before the first name. */
static bool block_names(const char *s, const char *name)
{
	while (*s == ',') {
		if (name_matches(++s, name))
			return true;
		while (!ends_word(*s))
			s++;
	}
	return false;
}

/*
 * The flags that the option gives the cache @name; NULL: none, and all of @s
 * is looked at. Returns whether it is well formed as far as it was read.
 */
static bool parse_option(const char *s, const char *name, slab_flags_t *out)
{
	slab_flags_t flags;

	*out = 0;
	for (;; s++) {
		s = parse_letters(s, &flags);
		if (!s)
			return false;
		failslab_only_marked |= (flags & SLAB_FAILSLAB) != 0;
		if (ends_block(*s)) {
			*out = flags;
		} else if (name && block_names(s, name)) {
			*out = flags;
			return true;
		}
		while (!ends_block(*s))
			s++;
		if (!*s)
			return true;
	}
}

/* To the option a large block is an object of a cache of this name. */
static void watch_large(void)
{
	slab_flags_t flags = 0;

	if (option_given)
		parse_option(option, "kmalloc-large", &flags);
	slab_large = slab_check || (flags & SLAB_RED_ZONE);
}

/**
 * setup_slub_debug() - the option slub_debug=
 * @str: as the head of mm/slab_debug_option.c says; "" and "1" ask for FZPU
 *
 * Caches that are there already stay as they are. Return: 0 or -EINVAL, and
 * nothing is watched.
 */
int setup_slub_debug(const char *str)
{
	slab_flags_t flags;

	if (!ashlar_strcmp(str, "1"))
		str = "";
	slab_debug_keep_order = failslab_only_marked = false;
	slab_large = slab_check;
	option_given = strlen(str) < sizeof(option) &&
		       parse_option(str, NULL, &flags);
	if (!option_given)
		return -EINVAL;
	ashlar_strscpy(option, str, sizeof(option));
	watch_large();
	return 0;
}

/**
 * setup_check() - the option check=
 * @str: "1": watch all that is allocated by size; "0": do not
 *
 * Caches that are there already stay as they are. Return: 0 or -EINVAL.
 */
int setup_check(const char *str)
{
	if (ashlar_strcmp(str, "1") && ashlar_strcmp(str, "0"))
		return -EINVAL;
	slab_check = *str == '1';
	watch_large();
	slab_harden = false;
	return 0;
}

/**
 * setup_harden() - the option harden=
 * @str: "1": watch all that is allocated by size, as check= does, but without
 *	who allocated it, and zero it; "0": do not
 *
 * Of this and check= the later one counts. Return: 0 or -EINVAL.
 */
int setup_harden(const char *str)
{
	if (setup_check(str))
		return -EINVAL;
	slab_harden = *str == '1';
	return 0;
}

/**
 * setup_look() - the option look=
 * @str: seconds from one look at all watched objects to the next; 0: none
 *
 * Return: 0 or -EINVAL.
 */
int setup_look(const char *str)
{
	unsigned long seconds;

	if (!cmdline_number(&str, &seconds) || *str || seconds > LOOK_MOST)
		return -EINVAL;
	slab_look_every = seconds * 1000;
	return 0;
}

/* True if an option may have any cache watched, or large blocks. */
bool slab_debug_given(void)
{
	return option_given || slab_check || slab_trace_objects;
}

/* What the cache @name is created with, @flags being what was asked for. */
slab_flags_t slab_debug_flags(const char *name, slab_flags_t flags)
{
	slab_flags_t more = 0;

	if (flags & SLAB_NO_USER_FLAGS)
		return flags;
	if (slab_harden && (flags & SLAB_KMALLOC))
		more = DEFAULT_FLAGS & ~(slab_flags_t)SLAB_STORE_USER;
	else if (slab_check && (flags & SLAB_KMALLOC))
		more = DEFAULT_FLAGS;
	else if (option_given)
		parse_option(option, name, &more);
	if (slab_trace_objects && !(flags & SLAB_NOLEAKTRACE))
		more |= SLAB_CONSISTENCY_CHECKS | SLAB_STORE_USER;
	flags |= more;
	if (!(flags & SLAB_WATCHED))
		return flags;
	return flags & SLAB_KMALLOC ? (flags & ~SLAB_KMALLOC) | SLAB_ASKED :
				      flags;
}
