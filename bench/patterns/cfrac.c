/* SPDX-License-Identifier: MIT */
/*
 * cfrac: the relation search of a factoring program by continued fractions.
 *
 * One thread, big numbers of a few digits, every intermediate result a new
 * heap object that lives for a few operations: almost all blocks are 16 to
 * 64 bytes and are freed soon, in nearly the order of their birth.
 *
 * The fraction expanded is that of sqrt(N); with (P, Q, a, A) its state,
 *	P' = aQ - P,  Q' = (N - P'P') / Q,  a' = (g + P') / Q',
 *	A' = a'A + A_before  (mod N),   A_before^2 = +-Q'  (mod N),
 * and each Q is divided by the primes of a factor base; one that falls
 * apart completely is a relation.
 */
#include "bench.h"

typedef uint16_t digit;

struct num {
	int len; /* digits in use, no leading zero digit */
	digit d[]; /* least significant first */
};

static struct num *num_new(int len)
{
	struct num *n =
		bench_checked(malloc(sizeof(*n) + (size_t)len * sizeof(digit)));

	n->len = len;
	return n;
}

static struct num *num_trim(struct num *n)
{
	while (n->len && !n->d[n->len - 1])
		n->len--;
	return n;
}

static struct num *num_small(uint32_t value)
{
	struct num *n = num_new(2);

	n->d[0] = (digit)value;
	n->d[1] = (digit)(value >> 16);
	return num_trim(n);
}

static struct num *num_copy(const struct num *n)
{
	struct num *copy = num_new(n->len);

	memcpy(copy->d, n->d, (size_t)n->len * sizeof(digit));
	return copy;
}

static int num_compare(const struct num *a, const struct num *b)
{
	int i;

	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	for (i = a->len - 1; i >= 0; i--)
		if (a->d[i] != b->d[i])
			return a->d[i] < b->d[i] ? -1 : 1;
	return 0;
}

static struct num *num_add(const struct num *a, const struct num *b)
{
	const struct num *l = a->len >= b->len ? a : b;
	const struct num *s = l == a ? b : a;
	struct num *r = num_new(l->len + 1);
	uint32_t carry = 0;
	int i;

	for (i = 0; i < l->len; i++) {
		carry += l->d[i] + (i < s->len ? s->d[i] : 0u);
		r->d[i] = (digit)carry;
		carry >>= 16;
	}
	r->d[i] = (digit)carry;
	return num_trim(r);
}

/* a - b, where a >= b. */
static struct num *num_sub(const struct num *a, const struct num *b)
{
	struct num *r = num_new(a->len);
	int32_t borrow = 0;
	int i;

	for (i = 0; i < a->len; i++) {
		int32_t v = a->d[i] - (i < b->len ? b->d[i] : 0) - borrow;

		borrow = v < 0;
		r->d[i] = (digit)v;
	}
	return num_trim(r);
}

static struct num *num_mul(const struct num *a, const struct num *b)
{
	struct num *r = num_new(a->len + b->len);
	int i, j;

	memset(r->d, 0, (size_t)r->len * sizeof(digit));
	for (i = 0; i < a->len; i++) {
		uint32_t carry = 0;

		for (j = 0; j < b->len; j++) {
			carry += (uint32_t)a->d[i] * b->d[j] + r->d[i + j];
			r->d[i + j] = (digit)carry;
			carry >>= 16;
		}
		r->d[i + j] = (digit)carry;
	}
	return num_trim(r);
}

static struct num *num_div_digit(const struct num *a, digit by, digit *rest)
{
	struct num *q = num_new(a->len);
	uint32_t left = 0;
	int i;

	for (i = a->len - 1; i >= 0; i--) {
		left = left << 16 | a->d[i];
		q->d[i] = (digit)(left / by);
		left %= by;
	}
	*rest = (digit)left;
	return num_trim(q);
}

/* n shifted left by bits (0..15), with one digit to spare on top. */
static struct num *num_shifted(const struct num *n, int bits)
{
	struct num *r = num_new(n->len + 1);
	uint32_t carry = 0;
	int i;

	for (i = 0; i < n->len; i++) {
		carry |= (uint32_t)n->d[i] << bits;
		r->d[i] = (digit)carry;
		carry >>= 16;
	}
	r->d[i] = (digit)carry;
	return r;
}

static void shift_back(struct num *n, int bits)
{
	int i;

	for (i = 0; i < n->len; i++) {
		uint32_t above = i + 1 < n->len ? n->d[i + 1] : 0;

		n->d[i] = (digit)((above << 16 | n->d[i]) >> bits);
	}
}

/* Subtract q times v from u at digit j; a q one too big is put right. */
static digit divide_step(struct num *u, const struct num *v, int j, uint32_t q)
{
	int64_t borrow = 0;
	uint32_t carry = 0;
	int i;

	for (i = 0; i <= v->len; i++) {
		int64_t sub = i < v->len ? (int64_t)q * v->d[i] : 0;
		int64_t t = u->d[i + j] - borrow - (sub & 0xffff);

		u->d[i + j] = (digit)t;
		borrow = (sub >> 16) - (t >> 16);
	}
	if (!borrow)
		return (digit)q;
	for (i = 0; i <= v->len; i++) {
		carry += u->d[i + j] + (i < v->len ? v->d[i] : 0u);
		u->d[i + j] = (digit)carry;
		carry >>= 16;
	}
	return (digit)(q - 1);
}

/* Schoolbook division; the remainder goes to *rest when it is wanted. */
static struct num *num_div(const struct num *a, const struct num *b,
			   struct num **rest)
{
	int bits = __builtin_clz(b->d[b->len - 1]) - 16;
	struct num *u = num_shifted(a, bits), *v, *q;
	int j;

	v = num_trim(num_shifted(b, bits));
	q = num_new(a->len >= b->len ? a->len - b->len + 1 : 0);
	for (j = q->len - 1; j >= 0; j--) {
		uint32_t top = (uint32_t)u->d[j + v->len] << 16 |
			       u->d[j + v->len - 1];
		uint32_t guess = top / v->d[v->len - 1];
		uint32_t over = top % v->d[v->len - 1];
		uint32_t next = v->len > 1 ? v->d[v->len - 2] : 0;
		uint32_t low = v->len > 1 ? u->d[j + v->len - 2] : 0;

		while (over < 65536 && (guess > 65535 ||
					(uint64_t)guess * next >
						((uint64_t)over << 16 | low))) {
			guess--;
			over += v->d[v->len - 1];
		}
		q->d[j] = divide_step(u, v, j, guess);
	}
	if (rest) {
		shift_back(u, bits);
		*rest = num_trim(u);
	} else {
		free(u);
	}
	free(v);
	return num_trim(q);
}

static struct num *num_parse(const char *text)
{
	struct num *n = num_small(0), *ten = num_small(10);

	for (; *text; text++) {
		struct num *up = num_mul(n, ten);
		struct num *one = num_small((uint32_t)(*text - '0'));

		free(n);
		n = num_add(up, one);
		free(up);
		free(one);
	}
	free(ten);
	return n;
}

/* Newton's iteration from above. */
static struct num *num_sqrt(const struct num *n)
{
	struct num *x = num_add(n, n);

	for (;;) {
		struct num *q = num_div(n, x, NULL), *sum = num_add(x, q);
		digit odd;
		struct num *half = num_div_digit(sum, 2, &odd);

		free(q);
		free(sum);
		if (num_compare(half, x) >= 0) {
			free(half);
			return x;
		}
		free(x);
		x = half;
	}
}

enum { PRIMES = 400 };

static digit prime[PRIMES];

static void find_primes(void)
{
	digit n, d;
	int found = 0;

	for (n = 2; found < PRIMES; n++) {
		for (d = 2; d * d <= n && n % d; d++)
			;
		if (d * d > n)
			prime[found++] = n;
	}
}

/* Does q fall apart into the primes of the base? */
static int is_smooth(const struct num *q)
{
	struct num *left = num_copy(q);
	int i = 0, smooth;

	while (i < PRIMES && !(left->len == 1 && left->d[0] == 1)) {
		digit rest;
		struct num *part = num_div_digit(left, prime[i], &rest);

		if (rest) {
			free(part);
			i++;
		} else {
			free(left);
			left = part;
		}
	}
	smooth = left->len == 1 && left->d[0] == 1;
	free(left);
	return smooth;
}

static void replace(struct num **where, struct num *with)
{
	free(*where);
	*where = with;
}

/* (a * cur + before) mod n, and cur becomes before. */
static void next_convergent(const struct num *n, const struct num *a,
			    struct num **before, struct num **cur)
{
	struct num *up = num_mul(a, *cur), *sum = num_add(up, *before), *rest;

	free(num_div(sum, n, &rest));
	free(up);
	free(sum);
	replace(before, *cur);
	*cur = rest;
}

int main(int argc, char **argv)
{
	long steps = bench_scaled(argc, argv, 100000), i, relations = 0;
	struct num *n = num_parse("175451865205073170563711388363274837927895");
	struct num *g = num_sqrt(n), *p = num_small(0), *q = num_small(1);
	struct num *a = num_add(g, p), *cur = num_add(g, p);
	struct num *before = num_small(1);
	uint32_t sum = 0;

	find_primes();
	for (i = 0; i < steps; i++) {
		struct num *aq = num_mul(a, q), *pp, *left, *top;

		replace(&p, num_sub(aq, p));
		pp = num_mul(p, p);
		left = num_sub(n, pp);
		replace(&q, num_div(left, q, NULL));
		top = num_add(g, p);
		replace(&a, num_div(top, q, NULL));
		free(aq);
		free(pp);
		free(left);
		free(top);
		relations += is_smooth(q);
		next_convergent(n, a, &before, &cur);
		sum = sum * 31 + cur->d[0];
	}
	printf("%ld relations, checksum %08x\n", relations, sum);
	return 0;
}
