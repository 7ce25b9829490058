/* SPDX-License-Identifier: MIT */
/*
 * Copies of the core's structures, taken from a target. The list links and
 * other pointers inside them are the target's: mm/report/ follows none.
 */
#ifndef ASHLAR_TOOLS_SNAPSHOT_H
#define ASHLAR_TOOLS_SNAPSHOT_H

#include "mm/report/report.h"
#include "target.h"

/* What a view needs beside the zones. */
#define SNAPSHOT_CACHES 1u
#define SNAPSHOT_CPUS 2u
#define SNAPSHOT_BLOCKS 4u
#define SNAPSHOT_ALL (SNAPSHOT_CACHES | SNAPSHOT_CPUS | SNAPSHOT_BLOCKS)

struct snapshot_cpu {
	struct mm_cpu cpu;
	struct sheaf_tops tops;
};

struct snapshot_cache {
	struct kmem_cache cache;
	uintptr_t address; /* the target's, of the cache */
	unsigned long cached; /* objects in sheaves */
};

struct snapshot_node {
	struct ashlar_root root;
	int nid;
	const char *path; /* the target's, of the file it lies in */
	struct zone zones[MAX_NR_ZONES];
	unsigned long blocks[MAX_NR_ZONES][MIGRATE_TYPES];
	struct snapshot_cpu *cpus;
	size_t nr_cpus;
	struct snapshot_cache *caches;
	size_t nr_caches;
	unsigned long events_dead[NR_VM_EVENT_ITEMS];
	unsigned long large_bytes, large_count, large_cached_bytes;
	struct mm_totals totals;
	struct sheaf_heads *heads; /* while the caches are taken, or NULL */
};

struct snapshot {
	struct snapshot_node nodes[MAX_NODES];
	unsigned int nr_nodes;
	struct mm_totals totals; /* of all nodes */
};

#define for_each_node(n, s) \
	for (n = (s)->nodes; n < (s)->nodes + (s)->nr_nodes; n++)

bool snapshot_take(struct snapshot *s, struct target *t, unsigned int needs);
void snapshot_free(struct snapshot *s);

/* snapshot_sheaves.c */
struct sheaf_heads *sheaf_heads_read(const struct snapshot_node *s,
				     struct target *t);
bool sheaf_heads_get(const struct sheaf_heads *h, const sheaf_t *slot,
		     sheaf_t *value);
void sheaf_heads_free(struct sheaf_heads *h);

#endif
