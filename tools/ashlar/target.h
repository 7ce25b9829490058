/* SPDX-License-Identifier: MIT */
/*
 * Memory that is not ours: of a process that goes on running (or is stopped,
 * or hangs), or of a core dump. Nothing read from it is trusted.
 */
#ifndef ASHLAR_TOOLS_TARGET_H
#define ASHLAR_TOOLS_TARGET_H

#include <stdint.h>
#include <sys/types.h>
#include <ashlar/root.h>

/* The start of an ELF file in the target's memory. */
struct object {
	uint64_t base;
	char *path;
};

/* More files than Linux lets a process map (its limit is 65,530 mappings). */
#define MAX_OBJECTS 65536

/* Cores of Ashlar that one process may carry, and more than any has had. */
#define MAX_NODES 8

/*
 * One core of Ashlar in the target. A process that is linked with libashlar
 * and runs on libashlar-malloc has two: two nodes of one machine.
 */
struct node {
	struct ashlar_root root;
	uint64_t address; /* of the root */
	int nid; /* its number in the views, from 0 */
	const char *path; /* of the file that it lies in */
};

/* A core's PT_LOAD: bytes [address, address + size) at offset in the file. */
struct segment {
	uint64_t address, size, offset;
};

/* What is left of one look at a target, see budget.c. */
struct budget {
	uint64_t reads, bytes;
	uint64_t end_ms; /* of our processor's time */
};

struct target {
	int fd; /* /proc/PID/mem, or the core */
	pid_t pid; /* 0: a core */
	char label[80]; /* "process 42", "core dump x" */
	char error[256]; /* why the last call failed: a sentence */
	bool gone; /* the process ended, or became another program */
	bool refused; /* the process may not be read */
	struct budget budget;
	bool spent; /* the budget is: nothing is read any more */
	struct object *objects; /* in ascending order */
	size_t nr_objects;
	struct segment *segments; /* of a core, ascending */
	size_t nr_segments;
	bool narrow; /* a core of a 32-bit program */
	bool cut_short; /* a core whose file ends before what its headers say */
	struct node nodes[MAX_NODES]; /* found by target_find_nodes() */
	unsigned int nr_nodes;
};

bool target_open_process(struct target *t, pid_t pid);
bool target_open_core(struct target *t, const char *path);
void target_close(struct target *t);
bool target_read(struct target *t, uint64_t addr, void *buf, size_t len);
/* As many things as one call of target_gather() copies. */
#define TARGET_AT_ONCE 512
size_t target_gather(struct target *t, const uint64_t *from, size_t nr,
		     void *buf, size_t len);
bool target_fail(struct target *t, const char *fmt, ...) ASHLAR_PRINTF(2, 3);
bool target_add_object(struct target *t, uint64_t base, const char *path);
bool target_read_file(struct target *t, int fd, uint64_t offset, void *buf,
		      size_t len);
bool target_find_nodes(struct target *t);
bool target_program_carries(struct target *t);
bool target_keep_node(struct target *t, int nid);
long long number_in(const char *path, const char *key, int base);

/* budget.c */
void budget_renew(struct target *t);
bool budget_spend(struct target *t, size_t bytes);
void budget_watch(const char *label);
void budget_unwatch(void);
extern void (*budget_before_end)(void);

/* thread.c */
#define THREAD_ARGUMENTS 6
struct thread_call {
	uint64_t argument[THREAD_ARGUMENTS];
	uint64_t sp;
};

bool threads_each(pid_t pid, bool (*see)(void *arg, const char *tid),
		  void *arg);
bool thread_call(pid_t pid, const char *tid, struct thread_call *c);

/* elf_symbol.c */
bool elf_symbol_in_memory(struct target *t, uint64_t base, const char *name,
			  uint64_t *addr);
bool elf_symbol_in_file(struct target *t, int fd, uint64_t base,
			const char *name, uint64_t *addr);

#endif
