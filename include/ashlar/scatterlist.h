/* SPDX-License-Identifier: MIT */
/*
 * A transfer whose memory lies in pieces: an array of them, each within frames
 * that follow one another. dma_map_sg() fills in what the device sees.
 */
#ifndef ASHLAR_SCATTERLIST_H
#define ASHLAR_SCATTERLIST_H

#include <ashlar/mm.h>
#include <ashlar/string.h>

struct scatterlist {
	struct page *page; /* the first frame */
	unsigned int offset; /* of the first byte in it */
	unsigned int length; /* bytes */
	unsigned long dma_address; /* as the device sees it, once mapped */
	unsigned int dma_length;
	bool last;
};

#define sg_dma_address(sg) ((sg)->dma_address)
#define sg_dma_len(sg) ((sg)->dma_length)

/* An empty list with room for @nents pieces, at least one. */
static inline void sg_init_table(struct scatterlist *sg, unsigned int nents)
{
	memset(sg, 0, nents * sizeof(*sg));
	sg[nents - 1].last = true;
}

static inline void sg_set_page(struct scatterlist *sg, struct page *page,
			       unsigned int length, unsigned int offset)
{
	sg->page = page;
	sg->offset = offset;
	sg->length = length;
}

/* @buf: in memory that has an address of its own, not vmalloc()'s. */
static inline void sg_set_buf(struct scatterlist *sg, const void *buf,
			      unsigned int length)
{
	sg_set_page(sg, virt_to_page(buf), length,
		    (unsigned int)((uintptr_t)buf & (PAGE_SIZE - 1)));
}

/* The piece after @sg, or NULL. */
static inline struct scatterlist *sg_next(struct scatterlist *sg)
{
	return sg->last ? NULL : sg + 1;
}

#define for_each_sg(list, sg, nr, i) \
	for (i = 0, sg = (list); i < (nr); i++, sg = sg_next(sg))

#endif
