/* SPDX-License-Identifier: MIT */
/* What the files of port/user share, and what user/ may call. */
#ifndef ASHLAR_PORT_USER_H
#define ASHLAR_PORT_USER_H

#include <ashlar/compiler.h>
#include <ashlar/tune.h>
#include <ashlar/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* host.c: from the auxiliary vector */
struct host {
	size_t page_size; /* bytes; 0: not read yet */
	bool secure; /* set-uid: no orders from the caller's environment */
	const void *vdso; /* its ELF header, or NULL */
	const uint64_t *random; /* 16 bytes that others use as well, or NULL */
};

extern struct host host __hidden;
void host_read(void);
size_t port_host_page_size(void);

/* local_lock.c */
void local_locks_start(void);
void port_barrier_all(void);

/* ram.c */
#define RAM_BLOCK_FRAMES (1ul << (MAX_ORDER - 1))

bool port_ram_init(void);
bool ram_is_retired(unsigned long pfn);
void ram_fork_prepare(void);
void ram_fork_parent(void);
void ram_fork_child(void);

/* large.c: blocks with a mapping of their own */
#define LARGE_KEEP_LEAST (256ul << 10) /* bytes of freed ones, always kept */

void *large_alloc(size_t size, size_t align, bool zero);
void large_set_kind(const void *p, unsigned char kind);
unsigned char large_kind(const void *p);
bool large_free(void *p);
bool large_was_freed(const void *p);
size_t large_size(const void *p);
void *large_realloc(void *p, size_t size, size_t *old);
void large_trim(void);
void large_settle(void);
void large_tick(void);
void large_set_keep(size_t bytes);
void large_fork_prepare(void);
void large_fork_parent(void);
void large_fork_child(void);

/* dma.c: memory for devices */
void dma_fork_prepare(void);
void dma_fork_parent(void);
void dma_fork_child(void);

/* cpu.c */
void cpu_process_starts(void);

/* callers.c */
void callers_known(void);
void callers_fork_child(void);
void callers_thread_ends(void);

/* hold.c: all other threads of the process, for a moment */
extern bool hold_wanted;
void hold_listen(void);
bool port_hold_threads(void);
void port_release_threads(void);

/* snapshot.c */
void snapshot_make(int for_pid);

/* report.c: what a reader takes, if there is one; here nothing ends */
struct report_record;
bool report_has_reader(void);
bool report_is_restricted(void);
void report_restricted(void);
bool report_send(struct report_record *r); /* it is no mistake */
unsigned int report_callers(u64 *to);
void report_and_go_on(struct report_record *r);

/* fail.c: calls of malloc's family that are to fail */
extern bool fail_wanted __hidden;
bool fail_call(size_t size);
void ashlar_fail_begins(void) __attribute__((__weak__)); /* user/malloc.c */
void ashlar_samples_begin(void) __attribute__((__weak__)); /* the same */
void ashlar_kinds_keep(void) __attribute__((__weak__)); /* user/kinds.c */
void ashlar_check_begins(void) __attribute__((__weak__)); /* user/check.c */

/* ending.c */
void port_process_ends(void);

/* segv.c */
struct sigaction;
extern const char *(*segv_knows)(uintptr_t addr);
extern void (*segv_ending)(void);
extern bool (*segv_blocked)(int sig);
void segv_install(void);
void *segv_thread_starts(void);
void segv_thread_ends(void *stack);

size_t address_limit(void); /* guard.c; SIZE_MAX: there is none */

/* stacks.c: whose stack an address lies in */
struct stack_owner {
	uintptr_t top; /* 0: not known yet */
	int tid;
	bool ended;
};

void stack_begins(void);
void stack_ends(void);
bool stack_at(uintptr_t addr, struct stack_owner *owner);
int segv_sigaction(int sig, const struct sigaction *act, struct sigaction *old);

/* races.c */
extern bool races_wanted __hidden;

/* options.c */
void port_read_options(void);

#endif
