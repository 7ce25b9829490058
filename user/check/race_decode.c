/* SPDX-License-Identifier: MIT */
/*
 * What one instruction of x86-64 reads and writes.
 *
 *   prefixes  REX or VEX  opcode  ModRM  SIB  displacement  immediate
 *                           │       └──────┴──── memory, or a register
 *                           └── which of its operands are used, which are set
 *
 * Known are those that compilers make of ordinary code that counts, links,
 * and moves: numbers, and floating-point in vectors. All others are unknown,
 * and whoever asks has to give up what he believed.
 */
#include "race_decode.h"

#define USES 1u
#define SETS 2u

struct cursor {
	const uint8_t *start, *at;
	struct insn *i;
	uint8_t rex, repeat, map; /* map: 0, or 0x0f */
	uint8_t modrm;
	int8_t third; /* VEX: one more that is used; or NO_REGISTER */
	bool narrow, lock, vex;
	uint8_t immediate; /* bytes at the end */
};

#define REX_W 8u
#define REX_R 4u
#define REX_X 2u
#define REX_B 1u

static uint8_t next(struct cursor *c)
{
	return *c->at++;
}

static int64_t next_number(struct cursor *c, unsigned int bytes)
{
	uint64_t n = 0;
	unsigned int i;

	for (i = 0; i < bytes; i++)
		n |= (uint64_t)next(c) << 8 * i;
	return bytes == 1 ? (int8_t)n : (int32_t)n;
}

/* ---- operands ---- */

static bool is_register(const struct cursor *c)
{
	return c->modrm >> 6 == 3;
}

static unsigned int middle(const struct cursor *c)
{
	return c->modrm >> 3 & 7;
}

static unsigned int width(const struct cursor *c)
{
	return c->rex & REX_W ? 8 : c->narrow ? 2 : 4;
}

/* Without REX, four codes mean the second byte of the first four. */
static unsigned int code(const struct cursor *c, unsigned int n, bool high,
			 unsigned int size)
{
	if (size == 1 && !c->rex && n >= 4)
		return n - 4;
	return high ? n + 8 : n;
}

static void touch(struct cursor *c, unsigned int reg, unsigned int how)
{
	if (how & USES)
		c->i->from |= 1u << reg;
	if (how & SETS)
		c->i->to |= 1u << reg;
}

/* The operand that may be memory. */
static void wide_operand(struct cursor *c, unsigned int how, unsigned int size,
			 unsigned int file)
{
	if (is_register(c)) {
		touch(c,
		      file + code(c, c->modrm & 7, c->rex & REX_B,
				  file ? 16 : size),
		      how);
		return;
	}
	c->i->size = (uint8_t)size;
	c->i->reads |= (how & USES) != 0;
	c->i->writes |= (how & SETS) != 0;
}

/* The one that is always a register. */
static void operand(struct cursor *c, unsigned int how, unsigned int size,
		    unsigned int file)
{
	touch(c, file + code(c, middle(c), c->rex & REX_R, file ? 16 : size),
	      how);
}

static void take_sib(struct cursor *c, struct insn *i)
{
	uint8_t sib = next(c);

	i->scale = (uint8_t)(1u << (sib >> 6));
	i->index = (int8_t)((sib >> 3 & 7) | (c->rex & REX_X ? 8 : 0));
	if (i->index == SP)
		i->index = NO_REGISTER;
	i->base = (int8_t)((sib & 7) | (c->rex & REX_B ? 8 : 0));
	if ((sib & 7) == BP && c->modrm >> 6 == 0) {
		i->base = NO_REGISTER;
		i->disp = next_number(c, 4);
	}
}

/* ModRM and what belongs to it; what is relative is made so at the end. */
static bool take_modrm(struct cursor *c)
{
	struct insn *i = c->i;
	unsigned int mod;

	c->modrm = next(c);
	mod = c->modrm >> 6;
	if (mod == 3)
		return false;
	i->base = (int8_t)((c->modrm & 7) | (c->rex & REX_B ? 8 : 0));
	if ((c->modrm & 7) == SP)
		take_sib(c, i);
	else if ((c->modrm & 7) == BP && mod == 0) {
		i->base = NO_REGISTER;
		i->disp = next_number(c, 4);
		return true;
	}
	if (mod)
		i->disp = next_number(c, mod == 1 ? 1 : 4);
	return false;
}

/* ---- opcodes of one byte ---- */

/* Both operands are one register: the result depends on nothing. */
static void forget_if_same(struct cursor *c)
{
	if (is_register(c) && (c->i->from & (c->i->from - 1)) == 0)
		c->i->from = 0;
}

/* add or adc sbb and sub xor cmp, by number */
static void arithmetic(struct cursor *c, unsigned int op)
{
	c->i->effect = op == 1 || op == 4 ? EFFECT_MASK : EFFECT_CHANGE;
}

static void arithmetic_two(struct cursor *c, uint8_t opcode)
{
	unsigned int op = opcode >> 3, form = opcode & 7;
	unsigned int size = form & 1 ? width(c) : 1;
	unsigned int how = op == 7 ? USES : USES | SETS;

	arithmetic(c, op);
	if (form >= 4) { /* al or eax, immediate */
		c->immediate = (uint8_t)(size == 8 ? 4 : size);
		touch(c, 0, how);
		return;
	}
	wide_operand(c, form < 2 ? how : USES, size, 0);
	operand(c, form < 2 ? USES : how, size, 0);
	if (op == 5 || op == 6)
		forget_if_same(c);
}

static void group_one(struct cursor *c, uint8_t opcode)
{
	unsigned int size = opcode & 1 ? width(c) : 1, op = middle(c);

	arithmetic(c, op);
	c->immediate = (uint8_t)(opcode == 0x81 ? (size == 8 ? 4 : size) : 1);
	wide_operand(c, op == 7 ? USES : USES | SETS, size, 0);
}

static void group_three(struct cursor *c, uint8_t opcode)
{
	unsigned int size = opcode & 1 ? width(c) : 1, op = middle(c);

	c->i->effect = EFFECT_CHANGE;
	if (op < 2) { /* test */
		c->immediate = (uint8_t)(size == 8 ? 4 : size);
		wide_operand(c, USES, size, 0);
	} else if (op < 4) { /* not, neg */
		wide_operand(c, USES | SETS, size, 0);
	} else { /* mul, div: eax and edx */
		wide_operand(c, USES, size, 0);
		touch(c, 0, USES | SETS);
		touch(c, 2, op < 6 ? SETS : USES | SETS);
	}
}

/* Something on the stack: a register, a number, or where a call returns to. */
static void push(struct cursor *c)
{
	c->i->base = SP;
	c->i->index = NO_REGISTER;
	c->i->disp = -8;
	c->i->size = 8;
	c->i->writes = true;
}

static void group_five(struct cursor *c, uint8_t opcode)
{
	unsigned int size = opcode & 1 ? width(c) : 1, op = middle(c);

	if (op < 2) { /* inc, dec */
		c->i->effect = EFFECT_CHANGE;
		wide_operand(c, USES | SETS, size, 0);
	} else if (opcode == 0xff && op == 2) {
		push(c);
	} else if (opcode == 0xff && op == 4) { /* jmp: not looked at */
		c->i->base = c->i->index = NO_REGISTER;
	} else {
		c->i->kind = INSN_UNKNOWN;
	}
}

static void push_pop(struct cursor *c, uint8_t opcode)
{
	unsigned int reg = (opcode & 7) | (c->rex & REX_B ? 8 : 0);

	if (opcode < 0x58) {
		push(c);
		touch(c, reg, USES);
	} else {
		c->i->base = SP;
		c->i->size = 8;
		c->i->reads = true;
		touch(c, reg, SETS);
	}
}

static void shift(struct cursor *c, uint8_t opcode)
{
	c->i->effect = EFFECT_CHANGE;
	wide_operand(c, USES | SETS, opcode & 1 ? width(c) : 1, 0);
	if (opcode < 0xd0)
		c->immediate = 1;
}

static void exchange(struct cursor *c, uint8_t opcode)
{
	unsigned int size = opcode & 1 ? width(c) : 1;

	wide_operand(c, USES | SETS, size, 0);
	operand(c, USES | SETS, size, 0);
	if (!is_register(c))
		c->i->kind = INSN_EXCHANGE;
}

static bool has_modrm(uint8_t opcode)
{
	if (opcode < 0x40)
		return (opcode & 7) < 4;
	switch (opcode) {
	case 0x63:
	case 0x69:
	case 0x6b:
	case 0x80 ... 0x8d:
	case 0xc0 ... 0xc1:
	case 0xc6 ... 0xc7:
	case 0xd0 ... 0xd3:
	case 0xf6 ... 0xf7:
	case 0xfe ... 0xff:
		return true;
	}
	return false;
}

/* mov, lea and their like */
static void move(struct cursor *c, uint8_t opcode)
{
	unsigned int size = opcode & 1 ? width(c) : 1;

	switch (opcode) {
	case 0x88 ... 0x89:
		wide_operand(c, SETS, size, 0);
		operand(c, USES, size, 0);
		break;
	case 0x8a ... 0x8b:
		wide_operand(c, USES, size, 0);
		operand(c, SETS, size, 0);
		break;
	case 0x8d:
		c->i->effect = EFFECT_CHANGE;
		if (c->i->base >= 0)
			touch(c, (unsigned int)c->i->base, USES);
		if (c->i->index >= 0)
			touch(c, (unsigned int)c->i->index, USES);
		operand(c, SETS, 8, 0);
		break;
	default: /* c6, c7 */
		c->immediate = (uint8_t)(size == 8 ? 4 : size);
		wide_operand(c, SETS, size, 0);
	}
}

static void multiply(struct cursor *c, uint8_t opcode)
{
	c->i->effect = EFFECT_CHANGE;
	c->immediate = (uint8_t)(opcode == 0x6b ? 1 : c->narrow ? 2 : 4);
	wide_operand(c, USES, width(c), 0);
	operand(c, SETS, width(c), 0);
}

/* Of one byte, without operands that may be memory. */
static void short_one(struct cursor *c, uint8_t opcode)
{
	switch (opcode) {
	case 0x50 ... 0x5f:
		push_pop(c, opcode);
		return;
	case 0x70 ... 0x7f:
	case 0xe0 ... 0xe3:
	case 0xeb:
	case 0xa8:
		c->immediate = 1;
		return;
	case 0x6a:
	case 0x68:
	case 0xe8:
		push(c);
		c->immediate = opcode == 0x6a ? 1 : 4;
		return;
	case 0xe9:
	case 0xa9:
		c->immediate = 4;
		return;
	case 0x90:
	case 0xc3:
		return;
	case 0x98: /* cdqe */
		touch(c, 0, USES | SETS);
		return;
	case 0x99: /* cdq */
		touch(c, 0, USES);
		touch(c, 2, SETS);
		return;
	case 0xb0 ... 0xb7:
		c->immediate = 1;
		touch(c, code(c, opcode & 7, c->rex & REX_B, 1), SETS);
		return;
	case 0xb8 ... 0xbf:
		c->immediate = (uint8_t)width(c);
		touch(c, code(c, opcode & 7, c->rex & REX_B, 8), SETS);
		return;
	case 0xc9: /* leave */
		touch(c, BP, SETS);
		return;
	}
	c->i->kind = INSN_UNKNOWN;
}

static void one_byte(struct cursor *c, uint8_t opcode)
{
	if (opcode < 0x40 && (opcode & 7) < 6) {
		arithmetic_two(c, opcode);
		return;
	}
	switch (opcode) {
	case 0x63:
		wide_operand(c, USES, 4, 0);
		operand(c, SETS, 8, 0);
		return;
	case 0x69:
	case 0x6b:
		multiply(c, opcode);
		return;
	case 0x80 ... 0x81:
	case 0x83:
		group_one(c, opcode);
		return;
	case 0x84:
	case 0x85: /* test */
		wide_operand(c, USES, opcode & 1 ? width(c) : 1, 0);
		return;
	case 0x86 ... 0x87:
		exchange(c, opcode);
		return;
	case 0x88 ... 0x8b:
	case 0x8d:
	case 0xc6:
	case 0xc7:
		move(c, opcode);
		return;
	case 0xc0 ... 0xc1:
	case 0xd0 ... 0xd3:
		shift(c, opcode);
		return;
	case 0xf6 ... 0xf7:
		group_three(c, opcode);
		return;
	case 0xfe ... 0xff:
		group_five(c, opcode);
		return;
	}
	short_one(c, opcode);
}

/* ---- opcodes after 0f ---- */

/* Bytes of a vector operand: one number, two, or all that there are. */
static unsigned int vector_size(const struct cursor *c)
{
	return c->repeat == 0xf3 ? 4 : c->repeat == 0xf2 ? 8 : 16;
}

static void vector_move(struct cursor *c, bool store, unsigned int size)
{
	wide_operand(c, store ? SETS : USES, size, VECTOR);
	operand(c, store ? USES : SETS, size, VECTOR);
}

static void vector_arithmetic(struct cursor *c, uint8_t opcode)
{
	c->i->effect = EFFECT_CHANGE;
	wide_operand(c, USES, vector_size(c), VECTOR);
	operand(c, c->vex ? SETS : USES | SETS, 16, VECTOR);
	if (opcode == 0x57 || opcode == 0xef) /* xorps, pxor */
		forget_if_same(c);
}

/* Between numbers and vectors, or from one format to another. */
static void vector_convert(struct cursor *c, uint8_t opcode)
{
	c->i->effect = EFFECT_CHANGE;
	if (opcode == 0x2a) {
		wide_operand(c, USES, width(c), 0);
		operand(c, SETS, 16, VECTOR);
	} else {
		wide_operand(c, USES, vector_size(c), VECTOR);
		operand(c, SETS, width(c), 0);
	}
}

/* movd, movq */
static void vector_number(struct cursor *c, uint8_t opcode)
{
	unsigned int size = c->rex & REX_W ? 8 : 4;

	if (opcode == 0x6e) {
		wide_operand(c, USES, size, 0);
		operand(c, SETS, 16, VECTOR);
	} else if (c->repeat == 0xf3) {
		vector_move(c, false, 8);
	} else {
		wide_operand(c, SETS, size, 0);
		operand(c, USES, 16, VECTOR);
	}
}

static void two_bytes_vector(struct cursor *c, uint8_t opcode)
{
	switch (opcode) {
	case 0x10 ... 0x11:
		vector_move(c, opcode & 1, vector_size(c));
		return;
	case 0x28 ... 0x29:
		vector_move(c, opcode & 1, 16);
		return;
	case 0x6f:
	case 0x7f:
		vector_move(c, opcode == 0x7f, 16);
		return;
	case 0xd6:
		vector_move(c, true, 8);
		return;
	case 0x2a:
	case 0x2c:
	case 0x2d:
		vector_convert(c, opcode);
		return;
	case 0x2e:
	case 0x2f: /* compare */
		wide_operand(c, USES, c->narrow ? 8 : 4, VECTOR);
		return;
	case 0x51:
	case 0x54 ... 0x5f:
	case 0xd4:
	case 0xdb:
	case 0xeb:
	case 0xef:
	case 0xfa ... 0xfe:
		vector_arithmetic(c, opcode);
		return;
	case 0x6e:
	case 0x7e:
		vector_number(c, opcode);
		return;
	}
	c->i->kind = INSN_UNKNOWN;
}

/* bt and those that change the bit */
static void bit(struct cursor *c, unsigned int op)
{
	c->i->effect = op == 3 ? EFFECT_CHANGE : EFFECT_MASK;
	wide_operand(c, op ? USES | SETS : USES, width(c), 0);
}

static void two_bytes(struct cursor *c, uint8_t opcode)
{
	unsigned int size = opcode & 1 ? width(c) : 1;

	switch (opcode) {
	case 0x05:
		c->i->kind = INSN_CALL;
		return;
	case 0x1e:
	case 0x1f: /* nop */
		return;
	case 0x40 ... 0x4f:
		wide_operand(c, USES, width(c), 0);
		operand(c, USES | SETS, width(c), 0);
		return;
	case 0x80 ... 0x8f:
		c->immediate = 4;
		return;
	case 0x90 ... 0x9f:
		wide_operand(c, SETS, 1, 0);
		return;
	case 0xa3:
	case 0xab:
	case 0xb3:
	case 0xbb: /* the bit may be in another word of memory */
		bit(c, opcode >> 3 & 3);
		if (is_register(c))
			operand(c, USES, size, 0);
		else
			c->i->kind = INSN_UNKNOWN;
		return;
	case 0xaf:
		c->i->effect = EFFECT_CHANGE;
		wide_operand(c, USES, width(c), 0);
		operand(c, USES | SETS, width(c), 0);
		return;
	case 0xb6 ... 0xb7:
	case 0xbe ... 0xbf:
		wide_operand(c, USES, opcode & 1 ? 2 : 1, 0);
		operand(c, SETS, width(c), 0);
		return;
	case 0xba:
		c->immediate = 1;
		bit(c, middle(c) & 3);
		return;
	case 0xb0:
	case 0xb1: /* cmpxchg */
		touch(c, 0, USES | SETS);
		wide_operand(c, USES | SETS, size, 0);
		return;
	case 0xc0:
	case 0xc1: /* xadd */
		c->i->effect = EFFECT_CHANGE;
		operand(c, USES | SETS, size, 0);
		wide_operand(c, USES | SETS, size, 0);
		return;
	case 0xc8 ... 0xcf:
		touch(c, (opcode & 7) + (c->rex & REX_B ? 8 : 0), USES | SETS);
		return;
	}
	two_bytes_vector(c, opcode);
}

static bool has_modrm_two(uint8_t opcode)
{
	return opcode != 0x05 && (opcode < 0x80 || opcode > 0x8f) &&
	       (opcode < 0xc8 || opcode > 0xcf);
}

/* ---- all of it ---- */

/* VEX says what REX and the prefixes do. False: not of a map we know. */
static bool take_vex(struct cursor *c, uint8_t first)
{
	static const uint8_t repeats[4] = { 0, 0, 0xf3, 0xf2 };
	uint8_t b = next(c), last = b;

	c->rex = b & 0x80 ? 0 : REX_R;
	if (first == 0xc4) {
		if ((b & 31) != 1)
			return false;
		c->rex |= (uint8_t)((b & 0x40 ? 0 : REX_X) |
				    (b & 0x20 ? 0 : REX_B));
		last = next(c);
		c->rex |= last & 0x80 ? REX_W : 0;
	}
	if (last & 4) /* 32 bytes */
		return false;
	c->narrow = (last & 3) == 1;
	c->repeat = repeats[last & 3];
	c->third = (int8_t)(VECTOR + (~last >> 3 & 15));
	c->vex = true;
	c->map = 0x0f;
	return true;
}

static bool take_prefixes(struct cursor *c)
{
	for (;; c->at++) {
		switch (*c->at) {
		case 0x66:
			c->narrow = true;
			break;
		case 0xf0:
			c->lock = true;
			break;
		case 0xf2 ... 0xf3:
			c->repeat = *c->at;
			break;
		case 0x64 ... 0x65:
			c->i->is_private = true;
			break;
		case 0x2e:
		case 0x3e:
			break;
		default:
			if ((*c->at & 0xf0) == 0x40)
				c->rex = next(c);
			return c->at - c->start < 8;
		}
	}
}

/* False: unknown. */
static bool take_opcode(struct cursor *c, uint8_t *opcode)
{
	*opcode = next(c);
	if (*opcode == 0xc4 || *opcode == 0xc5) {
		if (!take_vex(c, *opcode))
			return false;
		*opcode = next(c);
		return true;
	}
	if (*opcode == 0x0f) {
		c->map = 0x0f;
		*opcode = next(c);
		return *opcode != 0x38 && *opcode != 0x3a;
	}
	return true;
}

void insn_decode(struct insn *i, const uint8_t *pc)
{
	struct cursor c = { .start = pc, .at = pc, .i = i };
	bool relative = false;
	uint8_t opcode;

	*i = (struct insn){ .base = NO_REGISTER, .index = NO_REGISTER };
	c.third = NO_REGISTER;
	if (!take_prefixes(&c) || !take_opcode(&c, &opcode))
		return;
	i->kind = INSN_PLAIN;
	if (c.map ? has_modrm_two(opcode) : has_modrm(opcode))
		relative = take_modrm(&c);
	if (c.vex)
		two_bytes_vector(&c, opcode);
	else if (c.map)
		two_bytes(&c, opcode);
	else
		one_byte(&c, opcode);
	if (i->kind == INSN_UNKNOWN)
		return;
	if (c.third >= VECTOR && i->effect == EFFECT_CHANGE)
		touch(&c, (unsigned int)c.third, USES);
	if (c.lock && i->kind == INSN_PLAIN)
		i->kind = INSN_LOCKED;
	i->bytes = (uint8_t)(c.at - c.start + c.immediate);
	if (relative && i->base == NO_REGISTER)
		i->disp += (int64_t)(uintptr_t)pc + i->bytes;
}

uint64_t insn_address(const struct insn *i, const uint64_t *registers)
{
	uint64_t at = (uint64_t)i->disp;

	if (i->base != NO_REGISTER)
		at += registers[i->base];
	if (i->index != NO_REGISTER)
		at += registers[i->index] * i->scale;
	return at;
}
