/* SPDX-License-Identifier: MIT */
/*
 * What the host says of itself: the size of its pages, the time, random
 * bytes.
 *
 *   auxiliary vector ── AT_PAGESZ, AT_SECURE, AT_RANDOM
 *                   └── AT_SYSINFO_EHDR ── vDSO ── its clock_gettime()
 *   getrandom(), else AT_RANDOM ── key of SipHash ── port_random()
 *
 * A program may have functions of its own under the C library's names, and
 * those may allocate: a clock that logs, say. So what is called while locks
 * are held is not the C library's. The clock is read through the vDSO, which
 * nobody can replace, or by a system call; the auxiliary vector before the
 * first lock.
 */
#include <ashlar/port.h>
#include <ashlar/string.h>
#include <elf.h>
#include <link.h>
#include <sys/auxv.h>
#include <time.h>
#include "sys.h"
#include "user.h"

struct host host;

/* Context: no lock held. Threads may do this together: it is the same. */
void host_read(void)
{
	if (host.page_size)
		return;
	host.random = (const u64 *)getauxval(AT_RANDOM);
	host.vdso = (const void *)getauxval(AT_SYSINFO_EHDR);
	host.secure = getauxval(AT_SECURE) != 0;
	WRITE_ONCE(host.page_size, getauxval(AT_PAGESZ));
}

size_t port_host_page_size(void)
{
	host_read();
	return host.page_size;
}

/* ---- time ---- */

#if defined(__x86_64__) || defined(__i386__)
#define VDSO_CLOCK "__vdso_clock_gettime"
#else
#define VDSO_CLOCK "__kernel_clock_gettime"
#endif

typedef int (*clock_function)(clockid_t id, struct timespec *t);

static int clock_by_system_call(clockid_t id, struct timespec *t)
{
	return (int)sys6(SYS_clock_gettime, id, (long)t, 0, 0, 0, 0);
}

/* The address of a table that the vDSO's dynamic section names, or NULL. */
static const void *vdso_table(const ElfW(Dyn) * d, uintptr_t bias, long tag)
{
	for (; d->d_tag != DT_NULL; d++)
		if (d->d_tag == tag)
			return (const void *)(bias + d->d_un.d_ptr);
	return NULL;
}

/* The vDSO is a small library in memory; its DT_HASH counts its names. */
static uintptr_t vdso_symbol(const ElfW(Ehdr) * elf, const char *name)
{
	const ElfW(Phdr) *ph = (const void *)((const char *)elf + elf->e_phoff);
	const ElfW(Dyn) *dynamic = NULL;
	uintptr_t bias = (uintptr_t)elf;
	const ElfW(Sym) * symbols;
	const Elf32_Word *hash;
	const char *strings;

	for (int i = 0; i < elf->e_phnum; i++) {
		if (ph[i].p_type == PT_LOAD && !ph[i].p_offset)
			bias -= ph[i].p_vaddr;
		if (ph[i].p_type == PT_DYNAMIC)
			dynamic = (const void *)((const char *)elf +
						 ph[i].p_offset);
	}
	if (!dynamic)
		return 0;
	symbols = vdso_table(dynamic, bias, DT_SYMTAB);
	strings = vdso_table(dynamic, bias, DT_STRTAB);
	hash = vdso_table(dynamic, bias, DT_HASH);
	if (!symbols || !strings || !hash)
		return 0;
	for (Elf32_Word i = 0; i < hash[1]; i++)
		if (symbols[i].st_shndx != SHN_UNDEF &&
		    !ashlar_strcmp(strings + symbols[i].st_name, name))
			return bias + symbols[i].st_value;
	return 0;
}

static clock_function find_clock(void)
{
	uintptr_t clock = 0;

	if (host.vdso)
		clock = vdso_symbol(host.vdso, VDSO_CLOCK);
	return clock ? (clock_function)clock : clock_by_system_call;
}

unsigned long port_time_ms(void)
{
	static clock_function clock;
	clock_function f = READ_ONCE(clock);
	struct timespec t = { 0 };

	if (unlikely(!f)) {
		f = find_clock();
		WRITE_ONCE(clock, f);
	}
	f(CLOCK_MONOTONIC_COARSE, &t);
	return (unsigned long)t.tv_sec * 1000 +
	       (unsigned long)t.tv_nsec / 1000000;
}

/* ---- random numbers ---- */

static u64 rotate(u64 x, unsigned int bits)
{
	return x << bits | x >> (64 - bits);
}

static void sip_round(u64 v[4])
{
	v[0] += v[1];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[2] += v[3];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] = rotate(v[0], 32) + v[3];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

/*
 * SipHash-2-4 of one word (J.-P. Aumasson and D. J. Bernstein, "SipHash: a
 * fast short-input PRF", 2012): whoever sees the result learns nothing about
 * the key.
 */
static u64 siphash(const u64 key[2], u64 word)
{
	u64 v[4] = { key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
		     key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573 };
	const u64 words[2] = { word, 8ull << 56 };
	int i;

	for (i = 0; i < 2; i++) {
		v[3] ^= words[i];
		sip_round(v);
		sip_round(v);
		v[0] ^= words[i];
	}
	v[2] ^= 0xff;
	for (i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/*
 * The key is this library's own. AT_RANDOM's bytes, for a kernel that gives
 * no others, are also the C library's secrets: the stack protector's value.
 */
static void make_key(u64 key[2])
{
	long got = sys6(SYS_getrandom, (long)key, 16, 1 /* GRND_NONBLOCK */, 0,
			0, 0);

	if (got == 16)
		return;
	key[0] = host.random ? host.random[0] : (uintptr_t)key;
	key[1] = host.random ? host.random[1] : port_time_ms();
}

/* Context: the first call is made before there are other threads' calls. */
unsigned long port_random(void)
{
	static u64 key[2], count;
	u64 n = __atomic_fetch_add(&count, 1, __ATOMIC_RELAXED);

	if (!n)
		make_key(key);
	return (unsigned long)siphash(key, n);
}
