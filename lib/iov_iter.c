/* SPDX-License-Identifier: MIT */
/*
 * Copies between the kernel and what an iov_iter describes. The usual case,
 * one piece that holds everything asked for, is one call of the port's copy;
 * other cases go piece by piece.
 *
 *   iov ─► [base, len) [base, len) …      nr_segs pieces
 *             └ iov_offset already used        count bytes left in all
 *
 * A page of high memory is mapped for the length of one copy; the copy may
 * fault and sleep meanwhile.
 */
#include <ashlar/compiler.h>
#include <ashlar/highmem.h>
#include <ashlar/string.h>
#include <ashlar/uio.h>
#include <mach/uaccess.h>

/**
 * iov_iter_user() - describe one piece of user memory
 * @i: what to fill in; it holds its own piece, so it is not copied
 * @ubuf: user address
 * @count: bytes
 */
void iov_iter_user(struct iov_iter *i, void *ubuf, size_t count)
{
	i->count = count;
	i->iov_offset = 0;
	i->iov = &i->one;
	i->kbuf = NULL;
	i->nr_segs = 1;
	i->one.iov_base = (u32)(uintptr_t)ubuf;
	i->one.iov_len = (u32)count;
}

/**
 * iov_iter_kernel() - describe one piece of kernel memory
 * @i: what to fill in
 * @kbuf: kernel address
 * @count: bytes
 */
void iov_iter_kernel(struct iov_iter *i, void *kbuf, size_t count)
{
	i->count = count;
	i->iov_offset = 0;
	i->iov = NULL;
	i->kbuf = kbuf;
	i->nr_segs = 0;
}

/**
 * iov_iter_advance() - skip bytes
 * @i: iterator
 * @n: bytes, at most i->count
 */
void iov_iter_advance(struct iov_iter *i, size_t n)
{
	i->count -= n;
	if (!i->iov) {
		i->kbuf += n;
		return;
	}
	i->iov_offset += n;
	while (i->nr_segs > 1 && i->iov_offset >= i->iov->iov_len) {
		i->iov_offset -= i->iov->iov_len;
		i->iov++;
		i->nr_segs--;
	}
}

/* Where the rest of the first piece lies. */
static inline void __user *iov_address(const struct iov_iter *i)
{
	return (void __user *)(uintptr_t)(i->iov->iov_base + i->iov_offset);
}

/* What is left of the first piece, as a user address and a length. */
static inline void __user *iov_piece(const struct iov_iter *i, size_t *len)
{
	*len = min(*len, i->iov->iov_len - i->iov_offset);
	return iov_address(i);
}

/* The usual case: all of @n bytes lie in the first piece. */
static inline bool iov_one_piece(const struct iov_iter *i, size_t n)
{
	return likely(i->iov && n <= i->iov->iov_len - i->iov_offset);
}

/* @left of @n bytes of the first piece were not copied. */
static inline size_t iov_used(struct iov_iter *i, size_t n, size_t left)
{
	n -= left;
	i->iov_offset += n;
	i->count -= n;
	return n;
}

/* Empty pieces may come first, as programs pass them. */
static inline bool iov_done(struct iov_iter *i, size_t done, size_t n)
{
	if (likely(done == n))
		return true;
	if (i->iov_offset >= i->iov->iov_len)
		iov_iter_advance(i, 0);
	return false;
}

/**
 * copy_to_iter() - kernel memory to where @i points
 * @from: kernel memory
 * @n: bytes
 * @i: iterator; moves on
 *
 * Context: may fault and sleep. Return: bytes copied.
 */
size_t copy_to_iter(const void *from, size_t n, struct iov_iter *i)
{
	size_t done = 0, len, left;
	void __user *to;

	n = min(n, i->count);
	if (iov_one_piece(i, n))
		return iov_used(i, n, copy_to_user(iov_address(i), from, n));
	if (!i->iov) {
		memcpy(i->kbuf, from, n);
		iov_iter_advance(i, n);
		return n;
	}
	while (!iov_done(i, done, n)) {
		len = n - done;
		to = iov_piece(i, &len);
		left = copy_to_user(to, (const char *)from + done, len);
		done += len - left;
		iov_iter_advance(i, len - left);
		if (unlikely(left))
			break;
	}
	return done;
}

/**
 * copy_from_iter() - what @i points at to kernel memory
 * @to: kernel memory
 * @n: bytes
 * @i: iterator; moves on
 *
 * Context: may fault and sleep. Return: bytes copied.
 */
size_t copy_from_iter(void *to, size_t n, struct iov_iter *i)
{
	size_t done = 0, len, left;
	void __user *from;

	n = min(n, i->count);
	if (iov_one_piece(i, n))
		return iov_used(i, n, copy_from_user(to, iov_address(i), n));
	if (!i->iov) {
		memcpy(to, i->kbuf, n);
		iov_iter_advance(i, n);
		return n;
	}
	while (!iov_done(i, done, n)) {
		len = n - done;
		from = iov_piece(i, &len);
		left = copy_from_user((char *)to + done, from, len);
		done += len - left;
		iov_iter_advance(i, len - left);
		if (unlikely(left))
			break;
	}
	return done;
}

/**
 * iov_iter_zero() - zeroes to where @i points
 * @n: bytes
 * @i: iterator; moves on
 *
 * Context: may fault and sleep. Return: bytes cleared.
 */
size_t iov_iter_zero(size_t n, struct iov_iter *i)
{
	size_t done = 0, len, left;
	void __user *to;

	n = min(n, i->count);
	if (iov_one_piece(i, n))
		return iov_used(i, n, clear_user(iov_address(i), n));
	if (!i->iov) {
		memset(i->kbuf, 0, n);
		iov_iter_advance(i, n);
		return n;
	}
	while (!iov_done(i, done, n)) {
		len = n - done;
		to = iov_piece(i, &len);
		left = clear_user(to, len);
		done += len - left;
		iov_iter_advance(i, len - left);
		if (unlikely(left))
			break;
	}
	return done;
}

/**
 * copy_page_to_iter() - bytes of one page to where @i points
 * @page: the page; may be high memory
 * @offset: first byte in it
 * @n: bytes
 * @i: iterator; moves on
 *
 * Context: may fault and sleep. Return: bytes copied.
 */
size_t copy_page_to_iter(struct page *page, size_t offset, size_t n,
			 struct iov_iter *i)
{
	char *addr = kmap_local_page(page);
	size_t done = copy_to_iter(addr + offset, n, i);

	kunmap_local(addr);
	return done;
}

/**
 * copy_page_from_iter() - what @i points at to bytes of one page
 * @page: the page; may be high memory
 * @offset: first byte in it
 * @n: bytes
 * @i: iterator; moves on
 *
 * Context: may fault and sleep. Return: bytes copied.
 */
size_t copy_page_from_iter(struct page *page, size_t offset, size_t n,
			   struct iov_iter *i)
{
	char *addr = kmap_local_page(page);
	size_t done = copy_from_iter(addr + offset, n, i);

	kunmap_local(addr);
	return done;
}
