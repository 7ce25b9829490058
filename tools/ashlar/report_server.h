/* SPDX-License-Identifier: MIT */
/* Takes records from the processes that are checked. */
#ifndef ASHLAR_TOOLS_REPORT_SERVER_H
#define ASHLAR_TOOLS_REPORT_SERVER_H

#include <stdbool.h>
#include <sys/types.h>
#include <ashlar/report_record.h>

#define REPORT_CLIENTS_MAX 64

struct report_server {
	int fd;
	char name[64]; /* for report= */
	/* What a sound record is handed to, while its process waits. */
	void (*take)(const struct report_record *r, pid_t pid, void *arg);
	void *arg;
	unsigned int nr;
	struct report_client {
		int fd;
		pid_t pid;
		long until; /* ms: it says something, or is dropped */
	} client[REPORT_CLIENTS_MAX];
};

bool report_server_open(struct report_server *s);
void report_server_close(struct report_server *s);
bool report_server_wait(struct report_server *s, int also, int timeout);

#endif
