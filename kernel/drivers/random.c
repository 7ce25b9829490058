/* SPDX-License-Identifier: MIT */
/*
 * Random numbers: a key of 256 bits, and ChaCha20 (RFC 8439) to stretch it.
 *
 *   interrupts ─→ fast pool ─┐
 *   writes, boot values ─────┴─ absorb ─→ key ─→ ChaCha20 ─→ bytes
 *                                          ↑         │ first 32
 *                                          └─────────┘
 *
 * Each request uses the key for one stream, whose first 32 bytes become the
 * next key and are given to nobody: so who reads the key later cannot compute
 * what was given out before ("fast key erasure", Bernstein 2017). What comes
 * in is added to the key before a block of the cipher mixes it: 32 bytes in,
 * one permutation.
 *
 * Unpredictable are the cycle counter at each interrupt, the hour, and what
 * the processor's rdrand says if it has one. There is no counting of how much
 * that is worth: random and urandom are the same, and never block.
 */
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/string.h>
#include <kernel/drivers/mem.h>
#include <kernel/drivers/random.h>
#include <kernel/fs/libfs.h>
#include <kernel/fs/poll.h>
#include <kernel/sched/sched.h>
#include <kernel/time/clock.h>
#include <mach/irqflags.h>
#include <mach/uaccess.h>

#define KEY_WORDS 8
#define BLOCK_WORDS 16

static u32 key[KEY_WORDS];
static u64 streams; /* nonce: streams begun, and blocks absorbed */

/* Interrupts add to it; taken over when bytes are asked for. */
static u32 fast_pool[KEY_WORDS];
static u32 fast_count;

static inline u32 rol32(u32 v, unsigned int n)
{
	return v << n | v >> (32 - n);
}

static inline u32 cycles(void)
{
	u32 lo;

	__asm__ volatile("rdtsc" : "=a"(lo)::"edx");
	return lo;
}

#define QUARTER(a, b, c, d)           \
	do {                          \
		a += b;               \
		d = rol32(d ^ a, 16); \
		c += d;               \
		b = rol32(b ^ c, 12); \
		a += b;               \
		d = rol32(d ^ a, 8);  \
		c += d;               \
		b = rol32(b ^ c, 7);  \
	} while (0)

/* Block @counter of the stream of the present key. */
static void chacha20_block(u32 out[BLOCK_WORDS], u32 counter)
{
	u32 in[BLOCK_WORDS] = { 0x61707865,
				0x3320646e,
				0x79622d32,
				0x6b206574,
				[12] = counter,
				[13] = (u32)streams,
				[14] = (u32)(streams >> 32) };
	u32 x[BLOCK_WORDS];
	int i;

	memcpy(in + 4, key, sizeof(key));
	memcpy(x, in, sizeof(x));
	for (i = 0; i < 10; i++) {
		QUARTER(x[0], x[4], x[8], x[12]);
		QUARTER(x[1], x[5], x[9], x[13]);
		QUARTER(x[2], x[6], x[10], x[14]);
		QUARTER(x[3], x[7], x[11], x[15]);
		QUARTER(x[0], x[5], x[10], x[15]);
		QUARTER(x[1], x[6], x[11], x[12]);
		QUARTER(x[2], x[7], x[8], x[13]);
		QUARTER(x[3], x[4], x[9], x[14]);
	}
	for (i = 0; i < BLOCK_WORDS; i++)
		out[i] = x[i] + in[i];
}

static void absorb(const u32 words[KEY_WORDS])
{
	u32 block[BLOCK_WORDS];
	int i;

	for (i = 0; i < KEY_WORDS; i++)
		key[i] ^= words[i];
	streams++;
	chacha20_block(block, 0);
	memcpy(key, block, sizeof(key));
	memset(block, 0, sizeof(block));
}

/**
 * add_interrupt_randomness() - an interrupt came: its moment is a surprise
 * @irq: its line
 *
 * Context: interrupts off.
 */
void add_interrupt_randomness(unsigned int irq)
{
	u32 *w = &fast_pool[fast_count++ % KEY_WORDS];

	*w = rol32(*w, 7) + (cycles() ^ irq << 24);
}

static void take_fast_pool(void)
{
	u32 copy[KEY_WORDS];
	unsigned long flags;

	if (!fast_count)
		return;
	flags = local_irq_save();
	memcpy(copy, fast_pool, sizeof(copy));
	fast_count = 0;
	local_irq_restore(flags);
	absorb(copy);
}

/**
 * get_random_bytes() - bytes that cannot be foretold
 * @buf: gets @n of them
 *
 * Context: not in interrupts.
 */
void get_random_bytes(void *buf, size_t n)
{
	u32 block[BLOCK_WORDS];
	u32 counter = 0;
	u8 *p = buf;
	size_t len;

	take_fast_pool();
	streams++;
	chacha20_block(block, counter++);
	len = min(n, sizeof(block) - sizeof(key));
	memcpy(p, block + KEY_WORDS, len);
	/* The old key still makes the rest of the stream. */
	for (p += len, n -= len; n; p += len, n -= len) {
		u32 more[BLOCK_WORDS];

		chacha20_block(more, counter++);
		len = min(n, sizeof(more));
		memcpy(p, more, len);
	}
	memcpy(key, block, sizeof(key));
	memset(block, 0, sizeof(block));
}

/* ---- /dev/random, /dev/urandom ---- */

static ssize_t random_read(struct file *f, struct iov_iter *to, loff_t *pos)
{
	size_t n, chunk, done = 0;
	u8 buf[256];

	(void)f;
	(void)pos;
	while (to->count) {
		chunk = min(to->count, sizeof(buf));
		get_random_bytes(buf, chunk);
		n = copy_to_iter(buf, chunk, to);
		done += n;
		if (n < chunk)
			return done ? (ssize_t)done : -EFAULT;
		if (signal_pending(current))
			break;
		cond_resched();
	}
	return (ssize_t)done;
}

static ssize_t random_write(struct file *f, struct iov_iter *from, loff_t *pos)
{
	u32 words[KEY_WORDS];
	size_t n, done = 0;

	(void)f;
	(void)pos;
	while (from->count) {
		memset(words, 0, sizeof(words));
		n = copy_from_iter(words, min(from->count, sizeof(words)),
				   from);
		if (!n)
			return done ? (ssize_t)done : -EFAULT;
		absorb(words);
		done += n;
		cond_resched();
	}
	return (ssize_t)done;
}

static u32 random_poll(struct file *f, struct poll_table *pt)
{
	(void)f;
	(void)pt;
	return DEFAULT_POLLMASK;
}

#define RNDGETENTCNT 0x80045200u

static long random_ioctl(struct file *f, unsigned int cmd, unsigned long arg)
{
	(void)f;
	if (cmd != RNDGETENTCNT)
		return -ENOTTY;
	return put_user(256, (s32 __user *)arg) ? -EFAULT : 0;
}

const struct file_operations random_fops = {
	.llseek = noop_llseek,
	.read_iter = random_read,
	.write_iter = random_write,
	.poll = random_poll,
	.ioctl = random_ioctl,
};

/* ---- boot ---- */

static bool has_rdrand(void)
{
	u32 a = 1, b, c, d;

	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
	return c & 1u << 30;
}

static u32 rdrand(void)
{
	u32 v;
	u8 ok;
	int i;

	for (i = 0; i < 10; i++) {
		__asm__ volatile("rdrand %0; setc %1" : "=r"(v), "=qm"(ok));
		if (ok)
			return v;
	}
	return 0;
}

/** random_init() - the first key: the hour, the cycles, the processor */
void random_init(void)
{
	bool hw = has_rdrand();
	u32 seed[KEY_WORDS];
	u64 now = ktime_get_real();
	int i;

	seed[0] = (u32)now;
	seed[1] = (u32)(now >> 32);
	for (i = 2; i < KEY_WORDS; i++)
		seed[i] = cycles();
	for (i = 0; i < KEY_WORDS && hw; i++)
		seed[i] ^= rdrand();
	absorb(seed);
}
