/* SPDX-License-Identifier: MIT */
/* Errors that each observer learns of once: <ashlar/errseq.h>. */
#include <ashlar/compiler.h>
#include <ashlar/errseq.h>

#define ERRNO_MASK 0xfffu
#define SEEN 0x1000u
#define ONE_MORE 0x2000u

static int to_errno(errseq_t e)
{
	return -(int)(e & ERRNO_MASK);
}

/**
 * errseq_set() - there was an error
 * @eseq: of what
 * @err: -errno
 */
void errseq_set(errseq_t *eseq, int err)
{
	errseq_t old = __atomic_load_n(eseq, __ATOMIC_RELAXED), new;

	do {
		new = (old & ~(ERRNO_MASK | SEEN)) | (u32)-err;
		if (old & SEEN)
			new += ONE_MORE;
	} while (new != old && !__atomic_compare_exchange_n(
				       eseq, &old, new, false, __ATOMIC_RELAXED,
				       __ATOMIC_RELAXED));
}

/**
 * errseq_sample() - begin to look
 * @eseq: at what
 *
 * Return: what to keep. An error that nobody has seen is new to its keeper.
 */
errseq_t errseq_sample(const errseq_t *eseq)
{
	errseq_t e = __atomic_load_n(eseq, __ATOMIC_RELAXED);

	return e & SEEN ? e : 0;
}

/**
 * errseq_check() - look whether there was an error since
 * @eseq: of what
 * @since: what the observer keeps
 *
 * Return: 0, or -errno of the last one.
 */
int errseq_check(const errseq_t *eseq, errseq_t since)
{
	errseq_t e = __atomic_load_n(eseq, __ATOMIC_RELAXED);

	return e == since ? 0 : to_errno(e);
}

/**
 * errseq_check_and_advance() - the same, and it has been told by that
 * @eseq: of what
 * @since: what the observer keeps
 *
 * Context: the observer looks once at a time. Return: 0, or -errno.
 */
int errseq_check_and_advance(errseq_t *eseq, errseq_t *since)
{
	errseq_t old = __atomic_load_n(eseq, __ATOMIC_RELAXED), new;

	if (old == *since)
		return 0;
	new = old | SEEN;
	/* Another error in between is for the next look. */
	__atomic_compare_exchange_n(eseq, &old, new, false, __ATOMIC_RELAXED,
				    __ATOMIC_RELAXED);
	*since = new;
	return to_errno(new);
}
