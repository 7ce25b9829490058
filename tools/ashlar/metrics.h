/* SPDX-License-Identifier: MIT */
/* Numbers of processes for a monitoring system, as OpenMetrics has them. */
#ifndef ASHLAR_TOOLS_METRICS_H
#define ASHLAR_TOOLS_METRICS_H

#include "top.h"

/* What is told at most: the largest, and the rest as a sum or a count. */
#define METRICS_PROCESSES 64
#define METRICS_CACHES 40

void metrics_print(FILE *out, struct top *t);

/* metrics_listen.c */
struct listener {
	int fd;
	const char *path; /* of a UNIX socket, or NULL */
};

bool listener_open(struct listener *l, const char *where);
bool listener_serve(const struct listener *l,
		    char *(*make)(void *arg, size_t *len), void *arg);
void listener_close(struct listener *l);

#endif
