/* SPDX-License-Identifier: MIT */
/* What one instruction of x86-64 reads and writes. */
#ifndef ASHLAR_USER_CHECK_RACE_DECODE_H
#define ASHLAR_USER_CHECK_RACE_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REGISTERS 32 /* 16 for numbers, by their codes; 16 vectors */
#define SP 4
#define BP 5
#define VECTOR 16
#define NO_REGISTER (-1)

enum insn_kind {
	INSN_UNKNOWN, /* nothing else is said of it */
	INSN_PLAIN,
	INSN_LOCKED, /* one step for all processors */
	INSN_EXCHANGE, /* ... that writes what it was given, come what may */
	INSN_CALL, /* of the kernel */
};

/* What becomes of a value on its way through. */
enum insn_effect {
	EFFECT_COPY,
	EFFECT_MASK, /* bits are set or cleared: twice is as good as once */
	EFFECT_CHANGE,
};

struct insn {
	uint8_t kind, effect;
	uint8_t bytes; /* its length */
	bool reads, writes; /* memory: at base + index * scale + disp */
	bool is_private; /* ... that belongs to the thread */
	uint8_t size; /* bytes there */
	int8_t base, index;
	uint8_t scale;
	int64_t disp; /* with base NO_REGISTER, and where it is relative: all */
	uint32_t from,
		to; /* registers whose values it uses, sets; a bit each */
};

/* Bytes are read as far as the instruction goes. */
void insn_decode(struct insn *i, const uint8_t *pc);

/* The address of the memory that it reads or writes. */
uint64_t insn_address(const struct insn *i, const uint64_t *registers);

#endif
