/* SPDX-License-Identifier: MIT */
/*
 * From a process id, or a core dump, to the roots of Ashlar in it.
 *
 *   /proc/PID/maps ─► objects ─► dynamic symbols, in memory ─┐
 *                            ─► symbol table of the file  ───┴► ashlar_root,
 *                                                    one for each core in it
 *
 * A process is read through /proc/PID/mem, which asks for permission once,
 * when it is opened, and stays with that memory even when the number is used
 * again. The process is not stopped and does not notice.
 *
 * Symbols are looked up in the memory of the target first: a library that
 * was replaced on disk, or lies in another container, is found all the same.
 * A program with Ashlar linked in statically has the name in its file only.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include "mm/layout.h"
#include "target.h"

/* Remember why; returns false. The first reason stands. */
bool target_fail(struct target *t, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	if (!t->error[0])
		vsnprintf(t->error, sizeof(t->error), fmt, args);
	va_end(args);
	return false;
}

bool target_add_object(struct target *t, uint64_t base, const char *path)
{
	struct object *more;

	if (t->nr_objects == MAX_OBJECTS)
		return target_fail(t, "%s has more than %d files mapped",
				   t->label, MAX_OBJECTS);
	more = realloc(t->objects, (t->nr_objects + 1) * sizeof(*more));
	if (!more)
		return target_fail(t, "out of memory");
	t->objects = more;
	more[t->nr_objects].base = base;
	more[t->nr_objects].path = strdup(path);
	if (!more[t->nr_objects].path)
		return target_fail(t, "out of memory");
	t->nr_objects++;
	return true;
}

void target_close(struct target *t)
{
	size_t i;

	for (i = 0; i < t->nr_objects; i++)
		free(t->objects[i].path);
	free(t->objects);
	free(t->segments);
	if (t->fd >= 0)
		close(t->fd);
	*t = (struct target){ .fd = -1 };
}

/* ---- a process ---- */

static bool fail_without_memory(struct target *t)
{
	return target_fail(t,
			   "process %d has no memory of its own: it has ended, "
			   "or is part of the kernel",
			   t->pid);
}

/* A line of a file that begins with @key, as the number behind it; or -1. */
long long number_in(const char *path, const char *key, int base)
{
	FILE *f = fopen(path, "re");
	long long value = -1;
	char line[256];

	while (f && value < 0 && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)))
			value = strtoll(line + strlen(key), NULL, base);
	if (f)
		fclose(f);
	return value;
}

/* Which of the conditions to read another process's memory is not met. */
static const char *why_refused(pid_t pid)
{
	long long scope =
		number_in("/proc/sys/kernel/yama/ptrace_scope", "", 10);
	long long caps = number_in("/proc/self/status", "CapEff:", 16);
	struct stat st;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", pid);
	if (scope == 3)
		return "kernel.yama.ptrace_scope is 3, which lets nobody";
	if (caps >= 0 && caps >> CAP_SYS_PTRACE & 1)
		return "a security module or a container refuses it even to "
		       "root";
	if (geteuid() == 0)
		return "root has no CAP_SYS_PTRACE here";
	if (stat(path, &st) || st.st_uid != geteuid())
		return "it takes its owner, root, or leave to ptrace it";
	if (scope > 0)
		return "kernel.yama.ptrace_scope leaves that to root and to "
		       "its parents";
	return "it has, or had, privileges that you have not";
}

/* errno of the failed look into /proc/PID, in words. */
static bool fail_to_open(struct target *t)
{
	int err = errno;

	if (err == ESRCH && kill(t->pid, 0) == 0)
		return fail_without_memory(t);
	if (err == ENOENT || err == ESRCH)
		return target_fail(t, "there is no process %d", t->pid);
	t->refused = err == EACCES || err == EPERM;
	if (t->refused)
		return target_fail(t, "process %d may not be read: %s", t->pid,
				   why_refused(t->pid));
	return target_fail(t, "cannot read process %d: %s", t->pid,
			   strerror(err));
}

/* Each mapping of the start of a file begins an object. */
static bool read_maps(struct target *t)
{
	unsigned long long base, offset;
	char path[64], *line = NULL;
	size_t size = 0;
	bool ok = true;
	FILE *maps;
	int at;

	snprintf(path, sizeof(path), "/proc/%d/maps", t->pid);
	maps = fopen(path, "re");
	if (!maps)
		return fail_to_open(t);
	while (ok && getline(&line, &size, maps) > 0) {
		line[strcspn(line, "\n")] = 0;
		at = 0;
		if (sscanf(line, "%llx-%*x %*s %llx %*s %*s %n", &base, &offset,
			   &at) == 2 &&
		    offset == 0 && line[at] == '/')
			ok = target_add_object(t, base, line + at);
	}
	/* Permission is asked for with the first byte, not by open(). */
	if (ok && ferror(maps))
		ok = fail_to_open(t);
	fclose(maps);
	free(line);
	return ok;
}

/**
 * target_open_process() - get hold of a process's memory
 * @t: filled; closed by target_close() in any case
 * @pid: its number
 *
 * Return: true, or false with the reason in @t->error.
 */
bool target_open_process(struct target *t, pid_t pid)
{
	char path[64];

	*t = (struct target){ .fd = -1, .pid = pid };
	budget_renew(t);
	snprintf(t->label, sizeof(t->label), "process %d", pid);
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	t->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (t->fd < 0)
		return fail_to_open(t);
	if (!read_maps(t))
		return false;
	if (t->nr_objects == 0)
		return fail_without_memory(t);
	return true;
}

static bool read_process(struct target *t, uint64_t addr, char *buf, size_t len)
{
	while (len) {
		ssize_t n = pread(t->fd, buf, len, (off_t)addr);

		if (n == 0) {
			t->gone = true;
			return target_fail(t,
					   "process %d ended, or became "
					   "another program, while it was "
					   "being read",
					   t->pid);
		}
		if (n < 0)
			return false;
		addr += (uint64_t)n;
		buf += n;
		len -= (size_t)n;
	}
	return true;
}

/* ---- a core ---- */

static const struct segment *find_segment(const struct target *t, uint64_t addr)
{
	size_t low = 0, high = t->nr_segments;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (t->segments[mid].address <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low ? &t->segments[low - 1] : NULL;
}

static bool read_core(struct target *t, uint64_t addr, char *buf, size_t len)
{
	while (len) {
		const struct segment *s = find_segment(t, addr);
		uint64_t skip = s ? addr - s->address : 0;
		ssize_t n;

		if (!s || skip >= s->size)
			return false;
		n = pread(t->fd, buf, min((uint64_t)len, s->size - skip),
			  (off_t)(s->offset + skip));
		if (n <= 0)
			return false;
		addr += (uint64_t)n;
		buf += n;
		len -= (size_t)n;
	}
	return true;
}

/**
 * target_read() - copy bytes out of the target
 * @t: the target
 * @addr: where, by its own reckoning; may be anything
 * @buf: where to
 * @len: bytes, all or none
 *
 * Return: false if that memory is not there (no reason is set for that: it
 * may be there a moment later), if the process has gone (@t->gone), or if the
 * budget is spent (@t->spent).
 */
bool target_read(struct target *t, uint64_t addr, void *buf, size_t len)
{
	if (addr > INT64_MAX - len || !budget_spend(t, len))
		return false;
	return t->pid ? read_process(t, addr, buf, len) :
			read_core(t, addr, buf, len);
}

/**
 * target_gather() - copy many small things of one size out of the target
 * @t: the target
 * @from: where they are, at most TARGET_AT_ONCE
 * @nr: how many
 * @buf: where to, one behind the other
 * @len: bytes of each
 *
 * A call for each of them would take longer than all that it copies.
 *
 * Return: how many of the first ones are there; the one behind those is not.
 */
size_t target_gather(struct target *t, const uint64_t *from, size_t nr,
		     void *buf, size_t len)
{
	struct iovec in[TARGET_AT_ONCE], out = { buf, nr * len };
	size_t i;
	ssize_t got;

	for (i = 0; i < nr; i++)
		in[i] = (struct iovec){ (void *)(uintptr_t)from[i], len };
	if (t->pid && budget_spend(t, nr * len)) {
		got = process_vm_readv(t->pid, &out, 1, in, nr, 0);
		return got > 0 ? (size_t)got / len : 0;
	}
	for (i = 0; i < nr && !t->pid; i++)
		if (!target_read(t, from[i], (char *)buf + i * len, len))
			return i;
	return t->pid ? 0 : nr;
}

/**
 * target_read_file() - copy bytes out of a file that the target named
 * @t: the target, whose budget pays
 * @fd: the file
 * @offset: where in it; may be anything
 * @buf: where to
 * @len: bytes, all or none
 *
 * The file is read and never mapped: one that is cut short meanwhile, or a
 * disk with an error, must not raise SIGBUS.
 *
 * Return: false if they are not to be had.
 */
bool target_read_file(struct target *t, int fd, uint64_t offset, void *buf,
		      size_t len)
{
	return offset <= INT64_MAX - len && budget_spend(t, len) &&
	       pread(fd, buf, len, (off_t)offset) == (ssize_t)len;
}

/* ---- the roots ---- */

/* True if the target's structures are laid out as this command's are. */
static bool layouts_agree(struct target *t, const struct ashlar_root *root)
{
	u64 layout[ARRAY_SIZE(mm_layout)];

	return root->layout_size == sizeof(layout) &&
	       target_read(t, (uintptr_t)root->layout, layout,
			   sizeof(layout)) &&
	       memcmp(layout, mm_layout, sizeof(layout)) == 0;
}

/* True if there is a root at @addr that has come to life. */
static bool check_root(struct target *t, uint64_t addr,
		       struct ashlar_root *root)
{
	u32 online = 0;

	if (!target_read(t, addr, root, sizeof(*root)) ||
	    memcmp(root->magic, ASHLAR_ROOT_MAGIC, sizeof(root->magic)))
		return false;
	if (!layouts_agree(t, root))
		return target_fail(t,
				   "%s runs on another version of Ashlar than "
				   "this command's",
				   t->label);
	if (!target_read(t, (uintptr_t)root->online, &online, sizeof(online)) ||
	    !online)
		return target_fail(t,
				   "%s carries Ashlar, but has not allocated "
				   "with it yet",
				   t->label);
	return true;
}

/* Only what is a plain file is opened: to open a device may do something. */
static int open_plain(const char *path)
{
	int found = open(path, O_PATH | O_CLOEXEC), fd = -1;
	struct stat st;
	char self[32];

	if (found >= 0 && !fstat(found, &st) && S_ISREG(st.st_mode)) {
		snprintf(self, sizeof(self), "/proc/self/fd/%d", found);
		fd = open(self, O_RDONLY | O_CLOEXEC);
	}
	if (found >= 0)
		close(found);
	return fd;
}

/* A process shows its own files to those who may read it. */
static int open_object(const struct target *t, const struct object *object)
{
	char path[4096 + 32];
	int fd;

	snprintf(path, sizeof(path), "%s", object->path);
	if (t->pid)
		snprintf(path, sizeof(path), "/proc/%d/root%s", t->pid,
			 object->path);
	fd = open_plain(path);
	if (fd < 0 && t->pid && object == t->objects) {
		snprintf(path, sizeof(path), "/proc/%d/exe", t->pid);
		fd = open_plain(path);
	}
	return fd;
}

static bool symbol_in_file(struct target *t, const struct object *object,
			   uint64_t *addr)
{
	int fd = open_object(t, object);
	bool found;

	if (fd < 0)
		return false;
	found = elf_symbol_in_file(t, fd, object->base, "ashlar_root", addr);
	close(fd);
	return found;
}

/* A node more if @addr is a living root that is not among them yet. */
static void add_node(struct target *t, const struct object *object,
		     uint64_t addr)
{
	struct node *node = &t->nodes[t->nr_nodes];
	unsigned int i;

	for (i = 0; i < t->nr_nodes; i++)
		if (t->nodes[i].address == addr)
			return;
	if (t->nr_nodes == MAX_NODES || !check_root(t, addr, &node->root))
		return;
	node->address = addr;
	node->nid = (int)t->nr_nodes;
	node->path = object->path;
	t->nr_nodes++;
}

/* True if more of the target can be read. */
static bool can_go_on(const struct target *t)
{
	return !t->gone && !t->spent;
}

/* True if the target is of a 32-bit program. */
static bool is_narrow(struct target *t)
{
	unsigned char ident[EI_NIDENT];

	return t->narrow ||
	       (t->nr_objects &&
		target_read(t, t->objects[0].base, ident, sizeof(ident)) &&
		!memcmp(ident, ELFMAG, SELFMAG) &&
		ident[EI_CLASS] == ELFCLASS32);
}

/**
 * target_find_nodes() - find every core of Ashlar in the target
 * @t: an open target; its nodes are filled, those in the lowest files first
 *
 * The program's own file is always looked into, those of its libraries only
 * if no memory has a root: there are many, and large ones.
 *
 * Return: true if there is one at least, or false with the reason in
 * @t->error.
 */
bool target_find_nodes(struct target *t)
{
	uint64_t addr;
	size_t i;

	for (i = 0; i < t->nr_objects && can_go_on(t); i++)
		if (elf_symbol_in_memory(t, t->objects[i].base, "ashlar_root",
					 &addr) ||
		    (i == 0 && symbol_in_file(t, &t->objects[i], &addr)))
			add_node(t, &t->objects[i], addr);
	for (i = 1; i < t->nr_objects && !t->nr_nodes && can_go_on(t); i++)
		if (symbol_in_file(t, &t->objects[i], &addr))
			add_node(t, &t->objects[i], addr);
	if (t->spent)
		return false;
	if (t->nr_nodes) {
		t->error[0] = 0;
		return true;
	}
	if (t->cut_short)
		return target_fail(t, "%s is cut short", t->label);
	if (is_narrow(t))
		return target_fail(t,
				   "%s is of a 32-bit program, and this "
				   "command reads those of 64 bits only",
				   t->label);
	return target_fail(t, "%s is not running on Ashlar", t->label);
}

/**
 * target_program_carries() - does the program itself carry Ashlar?
 * @t: an open process
 *
 * Its file is looked into, and no library's.
 */
bool target_program_carries(struct target *t)
{
	uint64_t addr;

	return elf_symbol_in_memory(t, t->objects[0].base, "ashlar_root",
				    &addr) ||
	       symbol_in_file(t, &t->objects[0], &addr);
}

/**
 * target_keep_node() - forget all nodes but one
 * @t: its nodes were found
 * @nid: the number of that one; -1 keeps all
 *
 * Return: true, or false with the reason in @t->error.
 */
bool target_keep_node(struct target *t, int nid)
{
	if (nid < 0)
		return true;
	if ((unsigned int)nid >= t->nr_nodes)
		return target_fail(t, "%s has no node %d; its last is %u",
				   t->label, nid, t->nr_nodes - 1);
	t->nodes[0] = t->nodes[nid];
	t->nr_nodes = 1;
	return true;
}
