/* SPDX-License-Identifier: MIT */
/*
 * Open files of the paper machine: an address_space and a count. What a
 * kernel would wrap in names and descriptors is a pointer here.
 */
#include <ashlar/compaction.h>
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/highmem.h>
#include <ashlar/ksm.h>
#include <ashlar/mmap.h>
#include <ashlar/swap.h>
#include <ashlar/shmem_fs.h>
#include <ashlar/slab.h>
#include <ashlar/vmalloc.h>
#include <ashlar/xa_slots.h>
#include "sim.h"

struct sim_file {
	struct file file;
	struct address_space mapping;
};

static struct kmem_cache *file_cache;

static struct file *alloc_file(const char *name)
{
	struct sim_file *f = kmem_cache_zalloc(file_cache, GFP_KERNEL);

	(void)name;
	if (!f)
		return ERR_PTR(-ENOMEM);
	atomic_set(&f->file.f_count, 1);
	f->file.f_mode = FMODE_READ | FMODE_WRITE;
	f->file.f_mapping = &f->mapping;
	sim.files++;
	return &f->file;
}

void __fput(struct file *f)
{
	if (f->f_op && f->f_op->release)
		f->f_op->release(f);
	shmem_evict(f->f_mapping);
	sim.files--;
	kmem_cache_free(file_cache, container_of(f, struct sim_file, file));
}

/* All that address spaces need, once the core is there. */
void sim_build_spaces(void)
{
	highmem_init();
	vmalloc_init();
	xarray_init();
	mmap_init();
	vmscan_init();
	ksm_init();
	compaction_init(NULL);
	file_cache = kmem_cache_create("sim_file", sizeof(struct sim_file), 0,
				       SLAB_PANIC, NULL);
	shmem_alloc_file = alloc_file;
}
