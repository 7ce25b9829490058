/* SPDX-License-Identifier: MIT */
/* What lies at an address of a process: its block, and its place. */
#ifndef ASHLAR_TOOLS_WHATIS_H
#define ASHLAR_TOOLS_WHATIS_H

#include "heap.h"
#include "symbolize.h"

enum block_kind {
	BLOCK_NONE, /* the address is not the allocator's */
	BLOCK_OBJECT, /* in a slab */
	BLOCK_GAP, /* in a slab, where no object lies or was handed out */
	BLOCK_PAGES, /* pages that were allocated as such */
	BLOCK_FREE, /* free pages */
	BLOCK_LARGE, /* in a mapping of its own */
	BLOCK_GUARDED, /* beside pages without access */
	BLOCK_OWN, /* in the allocator's own tables and reserves */
};

enum block_state {
	STATE_USED,
	STATE_FREE,
	STATE_CACHED, /* free, in a sheaf */
	STATE_FREED, /* free, and watched for use */
};

struct whatis_stack {
	unsigned int nr;
	uint64_t pc[STACK_MOST];
};

/* What the allocator knows of an address. */
struct whatis_block {
	enum block_kind kind;
	enum block_state state; /* of an object, and of a guarded block */
	int nid; /* whose frame it is, if there is one */
	uint64_t start, bytes; /* the program's; of a gap, the slab's */
	bool own; /* the cache is the allocator's own */
	bool resident; /* of free pages: the host has not got them back */
	char cache[32]; /* of a slab */
	uint64_t slot, slots; /* number of the object; of all in its slab */
	uint64_t slot_bytes;
	uint64_t slab, slab_frames, slab_used; /* address, frames, objects */
	bool framed; /* what follows is known */
	uint64_t pfn;
	const char *zone, *type;
	struct whatis_stack alloc, freed;
};

bool whatis_block(struct target *t, uint64_t address, struct whatis_block *w);

/* What the system knows of it. */
struct whatis_place {
	uint64_t start, end; /* of the mapping; 0: there is none */
	uint64_t below, above; /* where the nearest ones end and begin, or 0 */
	char perms[5];
	char *name; /* as in /proc/PID/maps; may be empty */
	int tid; /* the thread whose stack it is, or 0 */
	uint64_t sp; /* … its stack pointer */
	struct frames *symbol; /* function or variable, or NULL */
};

bool whatis_place(struct target *t, uint64_t address, struct whatis_place *p);
void whatis_place_free(struct whatis_place *p);

#endif
