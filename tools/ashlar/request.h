/* SPDX-License-Identifier: MIT */
/* What is to be looked at, as a command's arguments say it; and the look. */
#ifndef ASHLAR_TOOLS_REQUEST_H
#define ASHLAR_TOOLS_REQUEST_H

#include "ashlar.h"
#include "target.h"

/* Options that a command takes. */
#define REQUEST_JSON 1u
#define REQUEST_CORE 2u
#define REQUEST_NODE 4u

struct request {
	bool json;
	const char *core; /* a core dump; NULL: a process */
	int pid; /* … its number */
	int node; /* -1: all */
	const char *word; /* what stands behind the process, or NULL */
};

int request_parse(struct request *r, const struct command *self, int argc,
		  char **argv, unsigned int takes, const char *wants);
int request_look(const struct request *r,
		 bool (*look)(struct target *t, const struct request *r,
			      void *arg),
		 void *arg);

#endif
