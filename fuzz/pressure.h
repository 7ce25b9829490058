/* SPDX-License-Identifier: MIT */
/*
 * Programs in less memory than they need, on the paper machine.
 *
 *   CPU 1 2 3   programs: pressure_ops.c       each compares what it reads with
 *       4       kswapd                         its model: pressure_model.c
 *       5       flusher, kcompactd, khugepaged
 *       6       an administrator               pressure_system.c
 *       7       disks                          pressure_disk.c
 *
 * All CPUs go on side by side (port/sim/fiber.c). Of a page the model knows one
 * number, which is written to its first and its last bytes:
 *
 *   stamp = what the page belongs to << 32 | how many writes there were before
 *
 * A page that one program alone writes has exactly the last number. Of one that
 * others write meanwhile, or whose disk fails, the model has bounds.
 */
#ifndef ASHLAR_FUZZ_PRESSURE_H
#define ASHLAR_FUZZ_PRESSURE_H

#include "../mm/internal.h"
#include "../tests/swap.h"
#include <ashlar/pagemap.h>
#include <ashlar/writeback.h>

#define PROGRAMS 3
#define KERNEL_THREADS 2 /* kswapd, and the others */
#define SPACES 2 /* of one program: related by fork */
#define WINDOW 0x10000000ul
#define WINDOW_MOST 9000ul
#define OBJECTS 40 /* of one program, and of all of them */
#define OBJECT_PAGES 1024ul
#define SHARED_OBJECTS 2

/* How this run is; all of it is drawn from the seed. */
struct setting {
	unsigned long seed, ops; /* of each program */
	unsigned long ram; /* pages */
	unsigned long window, file; /* pages of a space, and of a file */
	unsigned int fail_disk; /* one request in so many fails; 0: none */
	unsigned int fail_alloc; /* one allocation in so many; 0: none */
	unsigned int late; /* one in so many turns a request is done */
	unsigned int step; /* one in so many released locks is a turn */
	unsigned long cut; /* the request at which power goes; 0: none */
	bool huge;
	bool one; /* processor: no change but where something may sleep */
};
extern struct setting setting;

/* A page of a file, or of a shared area; numbers of stamps, 0: zeroes. */
struct object_page {
	u32 low; /* it shows this one or a later one … */
	u32 high; /* … but none after this */
	u32 synced; /* as low, of the disk */
	bool tainted; /* an error has been told: it may be lost */
};

struct object {
	struct file *file; /* NULL: an area's own */
	u8 *disk; /* NULL: it lives in RAM */
	unsigned long size; /* pages; beyond is SIGBUS */
	u32 cuts; /* odd while pages go */
	struct object_page pages[OBJECT_PAGES];
};

struct model_page {
	bool mapped, shared, copied, locked, dontfork, wipeonfork;
	bool lazy; /* it may be zeroes by now */
	bool loose; /* an access has failed half-way: it may be anything */
	u8 prot;
	s16 object; /* -1: anonymous and private */
	u16 pgoff;
	u64 value; /* copied, or anonymous */
};

struct space {
	struct mm_struct *mm; /* NULL: none */
	struct model_page pages[WINDOW_MOST];
};

struct program {
	unsigned int id;
	unsigned long done; /* operations */
	struct space spaces[SPACES];
};

extern struct program programs[PROGRAMS];
extern struct object objects[SHARED_OBJECTS + PROGRAMS * OBJECTS];

#define EXPECT(cond)                                                      \
	do {                                                              \
		if (!(cond))                                              \
			sim_fail("%s:%d: %s", __FILE__, __LINE__, #cond); \
	} while (0)
#define EXPECT_EQ(a, b)                                                   \
	do {                                                              \
		long long expect_a = (long long)(a);                      \
		long long expect_b = (long long)(b);                      \
		if (expect_a != expect_b)                                 \
			sim_fail("%s:%d: %s == %s: %lld, %lld", __FILE__, \
				 __LINE__, #a, #b, expect_a, expect_b);   \
	} while (0)

/* ---- pressure.c ---- */

unsigned long some(unsigned long below);
extern unsigned long progress; /* what programs got done */
extern bool over; /* programs have ended */
extern unsigned int others_of_disks; /* CPUs that may still want one */
bool one_in(unsigned int n);
void pause_others(void);
void others_go_on(void);
void park_if_asked(void);

/* ---- pressure_model.c ---- */

#define MAY_FAIL(err) ((err) == -ENOMEM || (err) == -EAGAIN)

/* An object's page, as it was before a look at it. */
struct bounds {
	struct object *o;
	unsigned long index;
	u32 low, high, cuts;
};

u32 next_number(void);
u64 stamp_of(const struct object *o, unsigned long index, u32 number);
struct bounds bounds_before(struct object *o, unsigned long index);
void check_stamp(const struct bounds *b, u64 value, const char *what);
void note_write(struct object *o, unsigned long index, u32 number);
void note_written(struct object *o, unsigned long index, u32 number);
enum sim_fault expected(const struct model_page *p, bool write);
struct object *object_of(const struct model_page *p);
bool disk_has_failed(void);
void model_write(struct model_page *p, u32 number);
void check_read(struct space *s, unsigned long page, u32 offset);
void write_page(struct program *t, struct space *s, unsigned long page);
void forget_copy(struct model_page *p);
bool model_populate(struct model_page *p, unsigned long nr);
void check_program(struct program *t);

static inline unsigned long address(unsigned long page)
{
	return WINDOW + (page << PAGE_SHIFT);
}

/* ---- pressure_ops.c ---- */

void program_begin(struct program *t);
void program_run(void *arg);

/* ---- pressure_files.c ---- */

void file_op(struct program *t);

/* ---- pressure_disk.c ---- */

struct file *new_disk_file(struct object *o, unsigned long pages);
void disks_run(void *arg);
bool disk_step(void);
void check_disks(void);
struct swap_info_struct *new_swap(unsigned int i, unsigned long pages,
				  int prio);
void again_swap(unsigned int i);
bool drop_swap(unsigned int i);
void free_disks(void);
extern unsigned long disk_requests, disk_failures;

/* ---- pressure_system.c ---- */

void kswapd_step(void);
void daemons_step(void);
void administrator_run(void *arg);
void system_begin(void);
void check_quiet(void);

#endif
