/* SPDX-License-Identifier: MIT */
/*
 * Where a read goes to, or a write comes from: pieces of user memory, or one
 * piece of the kernel's. One description for read, readv, sendfile, exec …
 * so that a file has a single function for each direction.
 */
#ifndef ASHLAR_UIO_H
#define ASHLAR_UIO_H

#include <ashlar/types.h>

struct page;

struct iovec { /* as programs pass it */
	u32 iov_base; /* user address */
	u32 iov_len; /* bytes */
};

#define UIO_MAXIOV 1024

struct iov_iter {
	size_t count; /* bytes left in all pieces */
	size_t iov_offset; /* bytes of the first piece already used */
	const struct iovec *iov; /* NULL: kernel memory */
	char *kbuf; /* kernel memory, when iov is NULL; moves on */
	unsigned int nr_segs; /* pieces left */
	struct iovec one; /* storage for iov when there is one piece */
};

void iov_iter_user(struct iov_iter *i, void *ubuf, size_t count);
void iov_iter_kernel(struct iov_iter *i, void *kbuf, size_t count);

/*
 * Copy up to @n bytes and move on. Return how many were copied; fewer than
 * min(@n, count) means that user memory ended (-EFAULT if that was all).
 */
size_t copy_to_iter(const void *from, size_t n, struct iov_iter *i);
size_t copy_from_iter(void *to, size_t n, struct iov_iter *i);
size_t copy_page_to_iter(struct page *page, size_t offset, size_t n,
			 struct iov_iter *i);
size_t copy_page_from_iter(struct page *page, size_t offset, size_t n,
			   struct iov_iter *i);
size_t iov_iter_zero(size_t n, struct iov_iter *i);
void iov_iter_advance(struct iov_iter *i, size_t n);

#endif
