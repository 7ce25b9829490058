/* SPDX-License-Identifier: MIT */
/* What compilers say of a place in the code: how to get to the caller. */
#ifndef ASHLAR_PORT_EH_FRAME_H
#define ASHLAR_PORT_EH_FRAME_H

#include <ashlar/types.h>

/* From where the CFA is counted; the last three are whole steps. */
enum base { BY_SP, BY_BP, AT_BP, SIGNAL, NO_RULE, OUTERMOST };
/* Where the caller's rbp is: in rbp still, at CFA + bp, at rbp + bp. */
enum saved { SAME, AT_CFA, AT_OWN };

struct step {
	s32 cfa; /* CFA: rsp + cfa, rbp + cfa, or what is at rbp + cfa */
	s16 bp; /* at CFA + bp: negative, between the frame's ends */
	u8 base; /* enum base */
	u8 saved; /* enum saved */
};

/*
 * The step at @pc, an address in the instruction that runs or that called. No
 * lock, no allocation.
 */
struct step eh_frame_step(uintptr_t pc);

#endif
