/* SPDX-License-Identifier: MIT */
/*
 * What ASHLAR_OPTIONS may say: read by a process that starts, and before that
 * by the command that starts it.
 */
#ifndef ASHLAR_OPTIONS_H
#define ASHLAR_OPTIONS_H

#include <ashlar/check.h>
#include <ashlar/cmdline.h>
#include <ashlar/fault-inject.h>
#include <ashlar/kfence.h>
#include <ashlar/profile.h>
#include <ashlar/report_record.h>
#include <ashlar/root.h>
#include <ashlar/slab.h>

/* port/user/fail.c */
int setup_fail(const char *str);

static const struct cmdline_option ashlar_options[] = {
	{ "fail", "nth=N,every=N,percent=N,size=N-N,...: calls of malloc fail",
	  setup_fail },
	{ "check", "all that is allocated by size is watched", setup_check },
	{ "fail_page_alloc", "interval,probability,space,times: frames fail",
	  setup_fail_page_alloc },
	{ "failslab", "interval,probability,space,times: objects fail",
	  setup_failslab },
	{ "guard", "right|left|both|tight: pages without access beside blocks",
	  setup_guard },
	{ "harden", "1: blocks are zero, wait when freed, and are looked at",
	  setup_harden },
	{ "look", "SECONDS: all watched blocks are looked at so often",
	  setup_look },
	{ "profile", "BYTES: one byte of so many is sampled, with its block",
	  setup_profile },
	{ "quarantine", "BYTES: watched blocks that were freed wait",
	  setup_quarantine },
	{ "races", "1: updates of shared data that get lost are looked for",
	  setup_races },
	{ "report", "NAME[,end]: reports, or the end, are told to a socket",
	  setup_report },
	{ "sample", "1/N: one block of N lies beside pages without access",
	  setup_sample },
	{ "snapshot", "1: a signal has the process make a copy of itself",
	  setup_snapshot },
	{ "slub_debug", "FZPUTAO-,cache,...;...: objects are watched",
	  setup_slub_debug },
};

#endif
