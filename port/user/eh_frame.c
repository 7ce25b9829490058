/* SPDX-License-Identifier: MIT */
/*
 * Reading .eh_frame (DWARF 5, 6.4; LSB 5, 10.6): the rules of the function that
 * an address lies in, followed up to that address.
 *
 *   _dl_find_object(pc) ─► .eh_frame_hdr: functions by address, a table
 *                          ─► FDE: its range, instructions   ─┐
 *                             └► CIE: shared instructions     ├─► struct step
 *                                                       pc ───┘
 *
 * Of all registers only rsp, rbp and the return address are followed. Rules for
 * these that are rarer than what compilers write are "strange": no step. What
 * is read was loaded by the dynamic linker, for exceptions to use: it is
 * bounded, but not distrusted.
 */
#include "eh_frame.h"
#include <ashlar/compiler.h>
#include "find_object.h"

#ifdef __x86_64__

/* ---- bytes and numbers ---- */

#define PE_OMIT 0xff
#define PE_FORMAT 0x0f
#define PE_RELATIVE 0x70

struct bytes {
	const unsigned char *at, *end;
};

static u64 take_fixed(struct bytes *b, unsigned int size)
{
	u64 v = 0;
	unsigned int i;

	if ((size_t)(b->end - b->at) < size) {
		b->at = b->end;
		return 0;
	}
	for (i = 0; i < size; i++)
		v |= (u64)b->at[i] << (8 * i);
	b->at += size;
	return v;
}

static u64 take_uleb(struct bytes *b)
{
	unsigned int shift = 0;
	u64 v = 0;

	while (b->at < b->end) {
		if (shift < 64)
			v |= (u64)(*b->at & 0x7f) << shift;
		shift += 7;
		if (!(*b->at++ & 0x80))
			break;
	}
	return v;
}

static s64 take_sleb(struct bytes *b)
{
	unsigned int shift = 0;
	unsigned char c = 0;
	u64 v = 0;

	while (b->at < b->end) {
		c = *b->at++;
		if (shift < 64)
			v |= (u64)(c & 0x7f) << shift;
		shift += 7;
		if (!(c & 0x80))
			break;
	}
	if (c & 0x40 && shift < 64)
		v |= ~0ull << shift;
	return (s64)v;
}

/* A pointer of one of the encodings that are in use here, or 0. */
static u64 take_encoded(struct bytes *b, u8 encoding)
{
	u64 from = (uintptr_t)b->at, v;

	switch (encoding & PE_FORMAT) {
	case 0x00: /* of 8 bytes */
	case 0x04:
	case 0x0c:
		v = take_fixed(b, 8);
		break;
	case 0x03:
		v = take_fixed(b, 4);
		break;
	case 0x0b:
		v = (u64)(s64)(s32)take_fixed(b, 4);
		break;
	default:
		return 0;
	}
	return (encoding & PE_RELATIVE) == 0x10 ? v + from : v;
}

/* ---- the rules of a function ---- */

/* Of a table of functions: where each begins, and where its rules are. */
struct row {
	s32 start, rules; /* from the header of the table */
};

struct header {
	u8 version, frame_encoding, count_encoding, table_encoding;
	s32 frame;
	u32 count;
	struct row row[];
};

/* The rules of the function around @pc, which end before what is returned. */
static const unsigned char *find_rules(uintptr_t pc)
{
	const struct header *h;
	struct dl_find_object o;
	u32 low = 0, high, mid;
	s64 at;

	if (!find_object(pc, &o) || !o.dlfo_eh_frame)
		return NULL;
	h = o.dlfo_eh_frame;
	if (h->version != 1 || h->frame_encoding != 0x1b ||
	    h->count_encoding != 0x03 || h->table_encoding != 0x3b)
		return NULL;
	at = (s64)(pc - (uintptr_t)h);
	for (high = h->count; low < high;) {
		mid = low + (high - low) / 2;
		if (h->row[mid].start <= at)
			low = mid + 1;
		else
			high = mid;
	}
	return low ? (const unsigned char *)h + h->row[low - 1].rules : NULL;
}

/* What a function's rules (FDE) and those shared with others (CIE) say. */
struct rules {
	struct bytes shared, own; /* instructions */
	u64 code_unit;
	s64 data_unit;
	u8 encoding;
	bool signal;
	uintptr_t start;
};

/* The bytes of an entry whose length is at @at; none if it is a long one. */
static struct bytes entry_bytes(const unsigned char *at)
{
	struct bytes b = { at, at + 4 };
	u64 length = take_fixed(&b, 4);

	b.end = b.at + (length < 0xfffffff0 ? length : 0);
	return b;
}

static bool read_shared(const unsigned char *at, struct rules *r)
{
	struct bytes b = entry_bytes(at);
	const unsigned char *names, *n;
	u8 version;
	u64 more;

	take_fixed(&b, 4);
	version = (u8)take_fixed(&b, 1);
	names = b.at;
	while (b.at < b.end && *b.at++)
		;
	r->code_unit = take_uleb(&b);
	r->data_unit = take_sleb(&b);
	if (version == 1)
		take_fixed(&b, 1);
	else
		take_uleb(&b);
	if (*names != 'z' || (version != 1 && version != 3))
		return false;
	more = take_uleb(&b);
	r->shared = (struct bytes){ b.at + more, b.end };
	for (n = names + 1; *n; n++) {
		if (*n == 'R')
			r->encoding = (u8)take_fixed(&b, 1);
		else if (*n == 'L')
			take_fixed(&b, 1);
		else if (*n == 'P')
			take_encoded(&b, (u8)take_fixed(&b, 1));
		else if (*n == 'S')
			r->signal = true;
		else
			return false;
	}
	return true;
}

static bool read_rules(uintptr_t pc, struct rules *r)
{
	const unsigned char *at = find_rules(pc);
	struct bytes b;
	u64 range, more;

	*r = (struct rules){ 0 };
	if (!at)
		return false;
	b = entry_bytes(at);
	at = b.at;
	at -= take_fixed(&b, 4);
	if (b.at >= b.end || !read_shared(at, r))
		return false;
	r->start = take_encoded(&b, r->encoding);
	range = take_encoded(&b, r->encoding & PE_FORMAT);
	more = take_uleb(&b);
	r->own = (struct bytes){ b.at + more, b.end };
	return pc - r->start < range;
}

/* ---- following the rules up to a place ---- */

#define REG_BP 6
#define REG_SP 7
#define REG_RETURN 16
#define OP_DEREF 0x06
#define OP_BREG_BP 0x76
#define REMEMBERED_MAX 4

struct state {
	struct step step;
	bool strange_cfa, strange; /* a rule that is not followed here */
};

struct machine {
	struct state now, initial, remembered[REMEMBERED_MAX];
	unsigned int nr_remembered;
};

static void set_cfa(struct state *s, u64 reg, s64 offset)
{
	s->step.base = reg == REG_SP ? BY_SP : BY_BP;
	s->step.cfa = (s32)offset;
	s->strange_cfa = (reg != REG_SP && reg != REG_BP) ||
			 s->step.cfa != offset;
}

static void set_saved(struct state *s, u64 reg, u8 saved, s64 offset)
{
	if (reg == REG_BP) {
		s->step.saved = saved;
		s->step.bp = (s16)offset;
		s->strange |= s->step.bp != offset || offset % 8 ||
			      (saved == AT_CFA && offset > -16);
	} else if (reg == REG_RETURN && (saved != AT_CFA || offset != -8)) {
		s->strange = true;
	}
}

/* An expression "rbp + n", with @deref "what is at rbp + n". */
static bool take_by_bp(struct bytes *b, bool deref, s64 *n)
{
	u64 size = take_uleb(b);
	struct bytes e = { b->at, b->at + size };

	if (size > (u64)(b->end - b->at))
		e.end = b->end;
	b->at = e.end;
	if (take_fixed(&e, 1) != OP_BREG_BP)
		return false;
	*n = take_sleb(&e);
	return e.at + deref == e.end && (!deref || *e.at == OP_DEREF);
}

/* DW_CFA_undefined and others that say of one register what it is not. */
static void set_lost(struct state *s, u64 reg, bool undefined)
{
	if (reg == REG_RETURN && undefined)
		s->step.base = OUTERMOST;
	else if (reg == REG_BP || reg == REG_RETURN)
		s->strange |= !undefined;
}

static void set_cfa_by_expression(struct state *s, struct bytes *b)
{
	s64 n = 0;

	s->strange_cfa = !take_by_bp(b, true, &n) || n != (s32)n;
	s->step.base = AT_BP;
	s->step.cfa = (s32)n;
}

static void set_saved_by_expression(struct state *s, struct bytes *b)
{
	u64 reg = take_uleb(b);
	s64 n = 0;
	bool known = take_by_bp(b, false, &n);

	if (known)
		set_saved(s, reg, AT_OWN, n);
	else if (reg == REG_BP || reg == REG_RETURN)
		s->strange = true;
}

static void restore(struct machine *m, u64 reg)
{
	if (reg != REG_BP)
		return;
	m->now.step.saved = m->initial.step.saved;
	m->now.step.bp = m->initial.step.bp;
	m->now.strange = m->initial.strange;
}

static void remember(struct machine *m)
{
	if (m->nr_remembered < REMEMBERED_MAX)
		m->remembered[m->nr_remembered++] = m->now;
	else
		m->now.strange = true;
}

/* The instructions that take a register or the CFA, see DWARF 5, 6.4.2. */
static void obey(struct machine *m, const struct rules *r, struct bytes *b,
		 u8 op)
{
	struct state *s = &m->now;
	u64 reg;

	switch (op) {
	case 0x00: /* nop */
		break;
	case 0x05: /* offset_extended */
		reg = take_uleb(b);
		set_saved(s, reg, AT_CFA, (s64)take_uleb(b) * r->data_unit);
		break;
	case 0x06: /* restore_extended */
		restore(m, take_uleb(b));
		break;
	case 0x07: /* undefined */
		set_lost(s, take_uleb(b), true);
		break;
	case 0x08: /* same_value */
		set_saved(s, take_uleb(b), SAME, 0);
		break;
	case 0x09: /* register */
		set_lost(s, take_uleb(b), false);
		take_uleb(b);
		break;
	case 0x0a: /* remember_state */
		remember(m);
		break;
	case 0x0b: /* restore_state */
		if (m->nr_remembered)
			*s = m->remembered[--m->nr_remembered];
		break;
	case 0x0c: /* def_cfa */
		reg = take_uleb(b);
		set_cfa(s, reg, (s64)take_uleb(b));
		break;
	case 0x0d: /* def_cfa_register */
		set_cfa(s, take_uleb(b), s->step.cfa);
		break;
	case 0x0e: /* def_cfa_offset */
		s->step.cfa = (s32)take_uleb(b);
		break;
	case 0x0f: /* def_cfa_expression */
		set_cfa_by_expression(s, b);
		break;
	case 0x10: /* expression */
		set_saved_by_expression(s, b);
		break;
	case 0x11: /* offset_extended_sf */
		reg = take_uleb(b);
		set_saved(s, reg, AT_CFA, take_sleb(b) * r->data_unit);
		break;
	case 0x12: /* def_cfa_sf */
		reg = take_uleb(b);
		set_cfa(s, reg, take_sleb(b) * r->data_unit);
		break;
	case 0x13: /* def_cfa_offset_sf */
		s->step.cfa = (s32)(take_sleb(b) * r->data_unit);
		break;
	case 0x2e: /* GNU_args_size */
		take_uleb(b);
		break;
	default:
		s->strange = true;
		b->at = b->end;
	}
}

/* How far an instruction moves on in the code, if that is what it does. */
static bool moves_on(const struct rules *r, struct bytes *b, u8 op,
		     uintptr_t *code)
{
	if (op >> 6 == 1)
		*code += (op & 0x3f) * r->code_unit;
	else if (op == 0x01)
		*code = take_encoded(b, r->encoding);
	else if (op >= 0x02 && op <= 0x04)
		*code += take_fixed(b, 1u << (op - 0x02)) * r->code_unit;
	else
		return false;
	return true;
}

static void follow(struct machine *m, const struct rules *r, struct bytes b,
		   uintptr_t pc)
{
	uintptr_t code = r->start;
	u8 op;

	while (b.at < b.end) {
		op = *b.at++;
		if (moves_on(r, &b, op, &code)) {
			if (code > pc)
				break;
		} else if (op >> 6 == 2) {
			set_saved(&m->now, op & 0x3f, AT_CFA,
				  (s64)take_uleb(&b) * r->data_unit);
		} else if (op >> 6 == 3) {
			restore(m, op & 0x3f);
		} else {
			obey(m, r, &b, op);
		}
	}
}

struct step eh_frame_step(uintptr_t pc)
{
	const struct step no_rule = { .base = NO_RULE };
	struct machine m = { 0 };
	struct rules r;

	if (!read_rules(pc, &r))
		return no_rule;
	if (r.signal)
		return (struct step){ .base = SIGNAL };
	follow(&m, &r, r.shared, ~(uintptr_t)0);
	m.initial = m.now;
	follow(&m, &r, r.own, pc);
	return m.now.strange || m.now.strange_cfa ? no_rule : m.now.step;
}

#endif
