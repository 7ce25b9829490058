/* SPDX-License-Identifier: MIT */
/*
 * Which loaded file an address lies in, as glibc's dynamic linker answers since
 * 2.35: without a lock, in a signal handler too. Other C libraries do not say
 * it; there no address lies in any file, and no stack has rules to go by.
 */
#ifndef ASHLAR_PORT_FIND_OBJECT_H
#define ASHLAR_PORT_FIND_OBJECT_H

#include <dlfcn.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>

#ifndef DLFO_STRUCT_HAS_EH_DBASE
struct dl_find_object {
	void *dlfo_map_start, *dlfo_map_end;
	struct link_map *dlfo_link_map;
	void *dlfo_eh_frame;
};

int _dl_find_object(void *address, struct dl_find_object *object);
#endif

#pragma weak _dl_find_object

/* False, and nothing in @object, if @address lies in no file that is known. */
static inline bool find_object(uintptr_t address, struct dl_find_object *object)
{
	return _dl_find_object && !_dl_find_object((void *)address, object);
}

#endif
