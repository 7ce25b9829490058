/* SPDX-License-Identifier: MIT */
/*
 * The last error of something, which each observer learns of once.
 *
 *   31            13  12  11       0
 *   ┌───────────────┬────┬──────────┐   S: an observer has seen it, so the next
 *   │ how many      │ S  │ errno    │   error has to look different
 *   └───────────────┴────┴──────────┘
 *
 * An observer keeps the value that it saw last. One that begins to look while
 * an error is there that nobody has seen will be told of it.
 */
#ifndef ASHLAR_ERRSEQ_H
#define ASHLAR_ERRSEQ_H

#include <ashlar/types.h>

typedef u32 errseq_t;

void errseq_set(errseq_t *eseq, int err);
errseq_t errseq_sample(const errseq_t *eseq);
int errseq_check(const errseq_t *eseq, errseq_t since);
int errseq_check_and_advance(errseq_t *eseq, errseq_t *since);

#endif
