/* SPDX-License-Identifier: MIT */
/* A mistake is made in a child, and what it says before it ends is read. */
#ifndef TESTS_USER_LAST_WORDS_H
#define TESTS_USER_LAST_WORDS_H

#include "check.h"

/* What a child said on stderr before it died, in @text. */
static inline int last_words(void (*mistake)(void), char *text, size_t size)
{
	int fds[2], status;
	size_t used = 0;
	ssize_t n;
	pid_t pid;

	if (pipe(fds))
		_exit(99);
	pid = fork();
	if (!pid) {
		dup2(fds[1], STDERR_FILENO);
		mistake();
		_exit(0);
	}
	close(fds[1]);
	while ((n = read(fds[0], text + used, size - 1 - used)) > 0)
		used += (size_t)n;
	text[used] = '\0';
	close(fds[0]);
	waitpid(pid, &status, 0);
	return status;
}

/*
 * True if the child dies of a report of this @kind, which says @detail in its
 * line or in those behind it. Else @text has what it said.
 */
static inline bool dies_of(void (*mistake)(void), const char *kind,
			   const char *detail, char *text, size_t size)
{
	int status = last_words(mistake, text, size);
	char first[64];

	snprintf(first, sizeof(first), "ERROR: Ashlar: %s: ", kind);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT &&
	       strstr(text, first) && strstr(text, detail);
}

#endif
