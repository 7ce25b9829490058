/* SPDX-License-Identifier: MIT */
/*
 * Where the values go that a thread has read.
 *
 *   mov hits, %eax       a read begins: eax is made of it
 *   add $1, %eax         still
 *   mov %eax, -8(%rbp)   so is that place on the stack
 *   mov -8(%rbp), %edx   and edx
 *   mov %edx, hits       what was read goes back, changed: an update
 *
 * Each read that is followed is one bit; a register, or a few bytes of memory,
 * is made of the reads whose bits it has. So is a node that is linked to what
 * was read, as `node->next = head; head = node` does it.
 *
 * Whatever is not understood ends all of it: an update is never believed to be
 * one that is none.
 */
#include "race_track.h"

#define POINTER 8 /* bytes; what is compared only may be one */
#define NODE_BYTES 1024 /* of a list: where a link may be */

static bool overlap(uint64_t a, uint64_t na, uint64_t b, uint64_t nb)
{
	return a < b + nb && b < a + na;
}

void track_forget(struct tracker *t)
{
	unsigned int i;

	for (i = 0; i < TRACKS; i++)
		t->track[i].size = 0;
	for (i = 0; i < REGISTERS; i++)
		t->of[i] = 0;
	for (i = 0; i < TRACK_SLOTS; i++)
		t->slot[i].size = 0;
}

/* All but rbx, rsp, rbp, r12 to r15. */
void track_called(struct tracker *t)
{
	unsigned int i;

	for (i = 0; i < REGISTERS; i++)
		if (!(0xf038u & 1u << i))
			t->of[i] = 0;
}

/* ---- one read ---- */

static void end_track(struct tracker *t, struct track *track)
{
	uint8_t others = (uint8_t) ~(1u << (track - t->track));
	unsigned int i;

	if (!track->size)
		return;
	track->size = 0;
	for (i = 0; i < REGISTERS; i++)
		t->of[i] &= others;
	for (i = 0; i < TRACK_SLOTS; i++)
		t->slot[i].of &= others;
}

/* The same address is one read: the last one. */
static struct track *begin_track(struct tracker *t, uint64_t address,
				 uint8_t size)
{
	struct track *track = NULL;
	unsigned int i;

	for (i = 0; i < TRACKS; i++) {
		if (!t->track[i].size ||
		    !overlap(address, size, t->track[i].address,
			     t->track[i].size))
			continue;
		end_track(t, &t->track[i]);
		track = &t->track[i];
	}
	if (!track)
		track = &t->track[t->next_track++ % TRACKS];
	end_track(t, track);
	track->address = address;
	track->size = size;
	track->changes = false;
	return track;
}

const struct track *track_at(const struct tracker *t, uint64_t address,
			     unsigned int size)
{
	const struct track *track;

	for (track = t->track; track < t->track + TRACKS; track++)
		if (track->size == size && track->address == address)
			return track;
	return NULL;
}

static void note_change(struct tracker *t, uint8_t of)
{
	unsigned int i;

	for (i = 0; i < TRACKS; i++)
		if (of & 1u << i)
			t->track[i].changes = true;
}

/* ---- memory ---- */

static uint8_t memory_of(const struct tracker *t, uint64_t address,
			 unsigned int size)
{
	const struct track_slot *s;
	uint8_t of = 0;

	for (s = t->slot; s < t->slot + TRACK_SLOTS; s++)
		if (s->size && overlap(address, size, s->address, s->size))
			of |= s->of;
	return of;
}

static void set_memory(struct tracker *t, uint64_t address, uint64_t size,
		       uint8_t of)
{
	struct track_slot *s;

	for (s = t->slot; s < t->slot + TRACK_SLOTS; s++)
		if (s->size && overlap(address, size, s->address, s->size))
			s->size = 0;
	if (!of)
		return;
	s = &t->slot[t->next_slot++ % TRACK_SLOTS];
	*s = (struct track_slot){ address, (uint8_t)size, of };
}

void track_filled(struct tracker *t, uint64_t address, uint64_t bytes)
{
	unsigned int i;

	for (i = 0; i < TRACKS; i++)
		if (overlap(address, bytes, t->track[i].address,
			    t->track[i].size))
			end_track(t, &t->track[i]);
	set_memory(t, address, bytes, 0);
}

/* ---- one instruction ---- */

static uint8_t registers_of(const struct tracker *t, uint32_t registers)
{
	uint8_t of = 0;
	unsigned int i;

	for (i = 0; i < REGISTERS; i++)
		if (registers & 1u << i)
			of |= t->of[i];
	return of;
}

static uint8_t pointer_of(const struct tracker *t, const struct insn *i)
{
	uint8_t of = 0;

	if (i->base != NO_REGISTER)
		of |= t->of[i->base];
	if (i->index != NO_REGISTER)
		of |= t->of[i->index];
	return of;
}

/* Of what the instruction takes in. */
static uint8_t taken_in(struct tracker *t, const struct track_step *step)
{
	const struct insn *i = step->insn;
	uint8_t of = registers_of(t, i->from), pointer;

	if (i->reads) {
		of |= memory_of(t, step->address, i->size);
		pointer = step->own ? 0 : pointer_of(t, i);
		note_change(t, pointer);
		of |= pointer;
	}
	if (i->effect == EFFECT_CHANGE)
		note_change(t, of);
	return of;
}

/* Of what a node was linked to, where a pointer to the node is written. */
static uint8_t linked_from(struct tracker *t, const struct track_step *step)
{
	const struct track_slot *s;
	uint8_t of = 0;

	if (!step->value)
		return 0;
	for (s = t->slot; s < t->slot + TRACK_SLOTS; s++)
		if (s->size == sizeof(step->value) &&
		    s->address - step->value < NODE_BYTES)
			of |= s->of;
	note_change(t, of);
	return of;
}

/* A write; returns the read that it goes back to, whose bit has gone. */
static const struct track *put_out(struct tracker *t,
				   const struct track_step *step, uint8_t of)
{
	const struct insn *i = step->insn;
	const struct track *back = NULL;
	unsigned int n;

	if (!step->own)
		of |= linked_from(t, step);
	for (n = 0; n < TRACKS; n++) {
		struct track *track = &t->track[n];

		if (!track->size || !overlap(step->address, i->size,
					     track->address, track->size))
			continue;
		if (of & 1u << n && step->address >= track->address &&
		    step->address + i->size <= track->address + track->size) {
			back = track;
			of &= (uint8_t) ~(1u << n);
		}
		end_track(t, track);
	}
	set_memory(t, step->address, i->size, of);
	return back;
}

const struct track *track_follow(struct tracker *t,
				 const struct track_step *step,
				 struct track **begun)
{
	const struct insn *i = step->insn;
	const struct track *back = NULL;
	uint8_t of;
	unsigned int r;

	*begun = NULL;
	if (i->kind != INSN_PLAIN) {
		if (i->kind == INSN_EXCHANGE)
			back = put_out(t, step, registers_of(t, i->from));
		track_forget(t);
		return back;
	}
	if (i->reads && !i->writes && !step->own &&
	    (i->to ? i->size <= TRACK_BYTES : i->size == POINTER))
		*begun = begin_track(t, step->address, i->size);
	of = taken_in(t, step);
	if (i->writes)
		back = put_out(t, step, of);
	if (*begun) {
		of |= (uint8_t)(1u << (*begun - t->track));
		(*begun)->changes = i->effect == EFFECT_CHANGE;
	}
	for (r = 0; r < REGISTERS; r++)
		if (i->to & 1u << r)
			t->of[r] = of;
	return back;
}
