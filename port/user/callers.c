/* SPDX-License-Identifier: MIT */
/*
 * The callers of the core: return addresses, read off the stack.
 *
 *   a word of the stack
 *     in a loaded object's code?      the C library knows the objects, the
 *                                     object's program headers its code
 *     behind a call instruction?      the bytes before it
 *     not in this library?            then it is a caller
 *
 * Programs have no frame pointers as a rule, and an unwinder allocates. What
 * is found may also be of a call that is over. Without _dl_find_object(), that
 * is before glibc 2.35 and in most static programs, nothing is found.
 */
#include <ashlar/port.h>
#include <ashlar/printf.h>
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <linux/futex.h>
#include <time.h>
#include "sys.h"
#include "user.h"

#define STACK_PAGE 4096ul
#define WORDS_MAX 512
#define UNLIKELY_WORD 0x5be1c6a3

#pragma weak _dl_find_object

static bool find_object(uintptr_t address, struct dl_find_object *object)
{
	return _dl_find_object && !_dl_find_object((void *)address, object);
}

/* True if @address is in an executable segment of @object. */
static bool is_code(const struct dl_find_object *object, uintptr_t address)
{
	const ElfW(Ehdr) *elf = object->dlfo_map_start;
	const char *start = object->dlfo_map_start;
	uintptr_t offset = address - object->dlfo_link_map->l_addr;
	const ElfW(Phdr) *ph = (const void *)(start + elf->e_phoff);

	if (elf->e_ident[0] != 0x7f || elf->e_ident[1] != 'E')
		return false;
	for (int i = 0; i < elf->e_phnum; i++)
		if (ph[i].p_type == PT_LOAD && (ph[i].p_flags & PF_X) &&
		    offset - ph[i].p_vaddr - 8 < ph[i].p_memsz - 8)
			return true;
	return false;
}

/* E8 and four bytes, or FF /2 with up to five. */
static bool follows_call(const unsigned char *p)
{
	if (p[-5] == 0xe8)
		return true;
	for (int i = 2; i <= 7; i++)
		if (p[-i] == 0xff && (p[1 - i] >> 3 & 7) == 2)
			return true;
	return false;
}

/* True if this library is one of its own, and @object is it. */
static bool is_this_library(const struct dl_find_object *object)
{
	uintptr_t here = (uintptr_t)is_this_library;

	return here - (uintptr_t)object->dlfo_map_start <
		       (uintptr_t)object->dlfo_map_end -
			       (uintptr_t)object->dlfo_map_start &&
	       *object->dlfo_link_map->l_name;
}

static bool is_caller(uintptr_t word)
{
	struct dl_find_object object;

	return find_object(word, &object) && !is_this_library(&object) &&
	       is_code(&object, word) && follows_call((const void *)word);
}

/*
 * True if the next page of the stack can be read. Beyond a stack's end there
 * may be nothing, or what forbids access; and a stack lies where another was.
 * So the kernel is asked each time, to look at a word and not to wait.
 */
static bool page_is_readable(uintptr_t page)
{
	const struct timespec at_once = { 0, 0 };

	return sys6(SYS_futex, (long)page, FUTEX_WAIT_PRIVATE, UNLIKELY_WORD,
		    (long)&at_once, 0, 0) != -EFAULT;
}

unsigned int port_callers(unsigned long *pc, unsigned int nr)
{
	const uintptr_t *sp = __builtin_frame_address(0);
	unsigned int n = 0;

	for (int i = 0; i < WORDS_MAX && n < nr; i++, sp++) {
		if ((uintptr_t)sp % STACK_PAGE == 0 &&
		    !page_is_readable((uintptr_t)sp))
			break;
		if (is_caller(*sp))
			pc[n++] = *sp;
	}
	return n;
}

/* "0x5581 program+0x1581", for addr2line. */
void port_log_code(unsigned long pc)
{
	struct dl_find_object object;
	const struct link_map *map;
	char line[200];

	if (find_object(pc, &object)) {
		map = object.dlfo_link_map;
		ashlar_snprintf(line, sizeof(line), "   %p %s+0x%lx",
				(void *)pc,
				*map->l_name ? map->l_name : "program",
				pc - map->l_addr);
	} else {
		ashlar_snprintf(line, sizeof(line), "   %p", (void *)pc);
	}
	port_log(line);
}

int port_pid(void)
{
	return (int)sys6(SYS_gettid, 0, 0, 0, 0, 0, 0);
}
