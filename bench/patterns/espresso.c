/* SPDX-License-Identifier: MIT */
/*
 * espresso: two-level logic minimisation.
 *
 * One thread; covers are growing arrays of pointers to cubes, and each
 * cube is a small block of bits of its own. The recursive complement
 * splits covers in half on one variable, so that blocks live as long as
 * the branch of the recursion they belong to: small sizes, many lifetimes,
 * plus reallocs.
 *
 * A cube has two bits a variable: bit 0 says "may be 0", bit 1 says "may
 * be 1"; both set is "don't care", none set makes the cube empty.
 */
#include "bench.h"

enum { VARIABLES = 16, WORDS = (2 * VARIABLES + 63) / 64 };

struct cube {
	uint64_t bits[WORDS];
};

struct cover {
	int count, room;
	struct cube **cube;
};

static int cube_get(const struct cube *c, int var)
{
	return c->bits[var / 32] >> (var % 32 * 2) & 3;
}

static void cube_set(struct cube *c, int var, int value)
{
	c->bits[var / 32] &= ~((uint64_t)3 << (var % 32 * 2));
	c->bits[var / 32] |= (uint64_t)value << (var % 32 * 2);
}

static struct cube *cube_full(void)
{
	struct cube *c = bench_checked(calloc(1, sizeof(*c)));
	int v;

	for (v = 0; v < VARIABLES; v++)
		cube_set(c, v, 3);
	return c;
}

static struct cube *cube_copy(const struct cube *c)
{
	struct cube *copy = bench_checked(malloc(sizeof(*copy)));

	memcpy(copy, c, sizeof(*copy));
	return copy;
}

static struct cover *cover_new(void)
{
	return bench_checked(calloc(1, sizeof(struct cover)));
}

static void cover_add(struct cover *f, struct cube *c)
{
	if (f->count == f->room) {
		f->room = f->room ? 2 * f->room : 4;
		f->cube = bench_checked(
			realloc(f->cube, (size_t)f->room * sizeof(*f->cube)));
	}
	f->cube[f->count++] = c;
}

static void cover_free(struct cover *f)
{
	int i;

	for (i = 0; i < f->count; i++)
		free(f->cube[i]);
	free(f->cube);
	free(f);
}

static int cube_contains(const struct cube *big, const struct cube *small)
{
	int w;

	for (w = 0; w < WORDS; w++)
		if (small->bits[w] & ~big->bits[w])
			return 0;
	return 1;
}

static int cubes_meet(const struct cube *a, const struct cube *b)
{
	int v;

	for (v = 0; v < VARIABLES; v++)
		if (!(cube_get(a, v) & cube_get(b, v)))
			return 0;
	return 1;
}

/* What is left of f where variable var has the value that side allows. */
static struct cover *cofactor(const struct cover *f, int var, int side)
{
	struct cover *part = cover_new();
	int i;

	for (i = 0; i < f->count; i++) {
		struct cube *c;

		if (!(cube_get(f->cube[i], var) & side))
			continue;
		c = cube_copy(f->cube[i]);
		cube_set(c, var, 3);
		cover_add(part, c);
	}
	return part;
}

/* The variable that most cubes depend on, or -1 when some cube is full. */
static int splitting_variable(const struct cover *f)
{
	int uses[VARIABLES] = { 0 }, best = 0, i, v;

	for (i = 0; i < f->count; i++) {
		int literals = 0;

		for (v = 0; v < VARIABLES; v++) {
			int used = cube_get(f->cube[i], v) != 3;

			uses[v] += used;
			literals += used;
		}
		if (!literals)
			return -1;
	}
	for (v = 1; v < VARIABLES; v++)
		if (uses[v] > uses[best])
			best = v;
	return best;
}

/* Move the cubes of part into f, restricted to one side of var. */
static void merge_side(struct cover *f, struct cover *part, int var, int side)
{
	int i;

	for (i = 0; i < part->count; i++) {
		cube_set(part->cube[i], var, side);
		cover_add(f, part->cube[i]);
	}
	part->count = 0;
	cover_free(part);
}

/* Cubes that both halves have need not be split: lift them out. */
static void lift_common(struct cover *f, struct cover *lo, struct cover *hi)
{
	int i, j;

	for (i = 0; i < lo->count; i++) {
		for (j = 0; j < hi->count; j++)
			if (!memcmp(lo->cube[i], hi->cube[j],
				    sizeof(struct cube)))
				break;
		if (j == hi->count)
			continue;
		cover_add(f, lo->cube[i]);
		lo->cube[i--] = lo->cube[--lo->count];
		free(hi->cube[j]);
		hi->cube[j] = hi->cube[--hi->count];
	}
}

static struct cover *complement(const struct cover *f)
{
	struct cover *result = cover_new(), *half, *lo, *hi;
	int var;

	if (!f->count) {
		cover_add(result, cube_full());
		return result;
	}
	var = splitting_variable(f);
	if (var < 0)
		return result;
	half = cofactor(f, var, 1);
	lo = complement(half);
	cover_free(half);
	half = cofactor(f, var, 2);
	hi = complement(half);
	cover_free(half);
	lift_common(result, lo, hi);
	merge_side(result, lo, var, 1);
	merge_side(result, hi, var, 2);
	return result;
}

/* Raise literals to "don't care" as long as the cube stays off the off-set. */
static void expand(struct cover *f, const struct cover *off)
{
	int i, j, v;

	for (i = 0; i < f->count; i++) {
		struct cube *best = f->cube[i];

		for (v = 0; v < VARIABLES; v++) {
			struct cube *wider = cube_copy(best);

			cube_set(wider, v, 3);
			for (j = 0; j < off->count; j++)
				if (cubes_meet(wider, off->cube[j]))
					break;
			if (j < off->count) {
				free(wider);
			} else {
				free(best);
				best = wider;
			}
		}
		f->cube[i] = best;
	}
}

static void drop_contained(struct cover *f)
{
	int i, j;

	for (i = 0; i < f->count; i++) {
		for (j = 0; j < f->count; j++)
			if (j != i && cube_contains(f->cube[j], f->cube[i]))
				break;
		if (j == f->count)
			continue;
		free(f->cube[i]);
		f->cube[i--] = f->cube[--f->count];
	}
}

static struct cover *random_cover(uint64_t *seed, int cubes)
{
	struct cover *f = cover_new();
	int i, k;

	for (i = 0; i < cubes; i++) {
		struct cube *c = cube_full();

		for (k = 0; k < 5; k++)
			cube_set(c, (int)bench_between(seed, 0, VARIABLES - 1),
				 (int)bench_between(seed, 1, 2));
		cover_add(f, c);
	}
	return f;
}

int main(int argc, char **argv)
{
	long rounds = bench_scaled(argc, argv, 400), i;
	uint64_t seed = 7;
	long off_cubes = 0, on_cubes = 0;

	for (i = 0; i < rounds; i++) {
		struct cover *on = random_cover(&seed, 22), *off;

		off = complement(on);
		off_cubes += off->count;
		expand(on, off);
		drop_contained(on);
		on_cubes += on->count;
		cover_free(off);
		cover_free(on);
	}
	printf("%ld cubes off, %ld on\n", off_cubes, on_cubes);
	return 0;
}
