/* SPDX-License-Identifier: MIT */
/*
 * Shared heaps: a segment is made, opened, and allocated from.
 *
 *   name  ─► /dev/shm ─┐
 *   NULL  ─► memfd ────┼─► segment ─► header is as this library has it? ─►
 *   the caller's, shmat┘                                handle of this process
 *
 * Nothing of a segment is believed: its header is compared with what this
 * library would have written into one of that size, and every number of a page
 * is looked at before it is used. What lies in blocks is the programs' own.
 */
#include <ashlar/string.h>
#include <errno.h>
#include <fcntl.h>
#include "heap_segment.h"
#include "sys.h"
#include "user.h"

_Static_assert(sizeof(struct heap_header) <= HEAP_PAGE, "it is one page");
_Static_assert(sizeof(struct heap_page) == 128, "it has no holes");

#define HEAP_LEAST (16 * HEAP_PAGE)

/* What a header says that suits this library and a segment of @size bytes. */
static struct heap_header header_for(size_t size)
{
	u64 nr = min((u64)size >> HEAP_PAGE_SHIFT, 0xfffffff0ull);
	u64 tables = nr * sizeof(struct heap_page) + ALIGN(nr, 64ull) / 8;

	return (struct heap_header){
		.magic = HEAP_MAGIC,
		.version = HEAP_VERSION,
		.word = sizeof(void *),
		.page_shift = HEAP_PAGE_SHIFT,
		.size = size,
		.nr_pages = nr,
		.first_page = 1 + DIV_ROUND_UP(tables, HEAP_PAGE),
	};
}

/* heap_check_header() - what is wrong with a segment of @size bytes; or 0 */
int heap_check_header(const struct heap_header *got, size_t size)
{
	struct heap_header want;

	if (size < HEAP_LEAST)
		return -ENODATA;
	if (got->magic == __builtin_bswap64(HEAP_MAGIC))
		return -EILSEQ;
	if (got->magic != HEAP_MAGIC)
		return got->magic ? -EMEDIUMTYPE : -EAGAIN;
	if (got->version != HEAP_VERSION)
		return -EPROTONOSUPPORT;
	if (got->word != sizeof(void *))
		return -ENOEXEC;
	if (got->page_shift != HEAP_PAGE_SHIFT)
		return -ERANGE;
	if (got->size > size)
		return -ENODATA;
	want = header_for((size_t)got->size);
	if (got->size < HEAP_LEAST || got->nr_pages != want.nr_pages ||
	    got->first_page != want.first_page)
		return -EBADMSG;
	return got->pid_space == heap_pid_space() ? 0 : -EXDEV;
}

/**
 * ashlar_heap_error() - what an error of these functions means
 * @err: what one returned: a negative errno value
 *
 * Context: any. Return: a sentence.
 */
const char *ashlar_heap_error(int err)
{
	switch (-err) {
	case 0:
		return "nothing is wrong";
	case EMEDIUMTYPE:
		return "the segment is no heap: its first bytes are others";
	case EAGAIN:
		return "the segment is empty: its heap is not made yet";
	case EILSEQ:
		return "the heap is of a processor with another order of bytes";
	case ENOEXEC:
		return "the heap is of processes with another size of word";
	case ERANGE:
		return "the heap's pages are of another size";
	case EPROTONOSUPPORT:
		return "the heap is of another version of the library";
	case ENODATA:
		return "the segment is cut short";
	case EBADMSG:
		return "the heap is damaged: its numbers contradict each other";
	case EXDEV:
		return "the heap's processes have numbers of their own";
	case EEXIST:
		return "there is a segment of that name";
	case ENOENT:
		return "there is no segment of that name";
	case EINVAL:
		return "an argument is none that can be";
	case EALREADY:
		return "the block is free already";
	case ENOMEM:
		return "there is no memory";
	default:
		return "the system refused";
	}
}

/* ---- handles ---- */

static int new_handle(struct ashlar_heap **heap, void *segment, size_t mapped,
		      int fd)
{
	size_t page = port_host_page_size();
	struct heap_header *header = segment;
	struct ashlar_heap *h;
	char *p = sys_mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, 0);

	if (!p)
		return -ENOMEM;
	if (sys_madvise(p + page, page, MADV_WIPEONFORK)) {
		sys_munmap(p, 2 * page);
		return -ENOSYS;
	}
	h = (struct ashlar_heap *)p;
	h->process = (struct heap_process *)(p + page);
	h->header = header;
	h->base = segment;
	h->nr_pages = (u32)header->nr_pages;
	h->first_page = (u32)header->first_page;
	h->page = (struct heap_page *)(h->base + HEAP_PAGE);
	h->bits = (u64 *)(h->page + h->nr_pages);
	h->mapped = mapped;
	h->fd = fd;
	if (!heap_myself(h)) {
		sys_munmap(p, 2 * page);
		return -ENOSYS;
	}
	*heap = h;
	return 0;
}

/**
 * ashlar_heap_create_at() - make a heap in memory that processes share
 * @heap: where the handle goes
 * @segment: that memory, on a page's boundary: of shmat(), or of mmap()
 * @size: its bytes, 128 KiB at least
 *
 * What is there is lost. Context: nobody else uses @segment yet. Return: 0, or
 * -EINVAL, -ENOMEM, -ENOSYS: no /proc, or a kernel before 4.14.
 */
int ashlar_heap_create_at(struct ashlar_heap **heap, void *segment, size_t size)
{
	struct heap_header *header = segment, want = header_for(size);

	if (!segment || (uintptr_t)segment % 4096 || size < HEAP_LEAST)
		return -EINVAL;
	memset(segment, 0, want.first_page << HEAP_PAGE_SHIFT);
	want.magic = 0;
	want.pid_space = heap_pid_space();
	want.cursor = (u32)want.first_page;
	*header = want;
	heap_mark_pages(
		&(struct ashlar_heap){
			.header = header,
			.bits = (u64 *)((char *)segment + HEAP_PAGE +
					want.nr_pages *
						sizeof(struct heap_page)) },
		want.cursor, (u32)(want.nr_pages - want.first_page), true);
	smp_store_release(&header->magic, HEAP_MAGIC);
	return new_handle(heap, segment, 0, -1);
}

/**
 * ashlar_heap_open_at() - use the heap in memory that processes share
 * @heap: where the handle goes
 * @segment: that memory
 * @size: its bytes
 *
 * Context: any. Return: 0, -ENOMEM, or what is wrong with the segment:
 * -EMEDIUMTYPE, -EAGAIN, -EILSEQ, -EPROTONOSUPPORT, -ENOEXEC, -ERANGE,
 * -ENODATA, -EBADMSG, -EXDEV (see ashlar_heap_error()).
 */
int ashlar_heap_open_at(struct ashlar_heap **heap, void *segment, size_t size)
{
	int err;

	if (!segment || (uintptr_t)segment % 4096)
		return -EINVAL;
	err = size < sizeof(struct heap_header) ?
		      -ENODATA :
		      heap_check_header(segment, size);
	return err ? err : new_handle(heap, segment, 0, -1);
}

static void *map_fd(int fd, size_t size)
{
	long p = sys6(SYS_MAP_PAGES, 0, (long)size, PROT_READ | PROT_WRITE,
		      MAP_SHARED, fd, 0);

	return sys_is_error(p) ? NULL : (void *)p;
}

static void close_fd(int fd)
{
	sys6(SYS_close, fd, 0, 0, 0, 0, 0);
}

/**
 * ashlar_heap_open_fd() - use the heap in a file, as of memfd_create()
 * @heap: where the handle goes
 * @fd: the file, open for reading and writing; stays the caller's
 *
 * Context: any. Return: as ashlar_heap_open_at(), or what mmap() said.
 */
int ashlar_heap_open_fd(struct ashlar_heap **heap, int fd)
{
	long size = sys6(SYS_lseek, fd, 0, SEEK_END, 0, 0, 0);
	void *segment;
	int err;

	if (size < 0)
		return (int)size;
	if ((size_t)size < HEAP_LEAST)
		return -ENODATA;
	segment = map_fd(fd, (size_t)size);
	if (!segment)
		return -ENOMEM;
	err = ashlar_heap_open_at(heap, segment, (size_t)size);
	if (err) {
		sys_munmap(segment, (size_t)size);
		return err;
	}
	(*heap)->mapped = (size_t)size;
	(*heap)->fd = fd;
	return 0;
}

/* "/dev/shm/NAME". False: @name is none. */
static bool shm_path(char *path, const char *name)
{
	static const char folder[] = "/dev/shm";
	size_t n = strlen(name);
	const char *s;

	if (name[0] != '/' || n < 2 ||
	    n >= sizeof(((struct ashlar_heap *)0)->name) || name[1] == '.')
		return false;
	for (s = name + 1; *s; s++)
		if (*s == '/')
			return false;
	memcpy(path, folder, sizeof(folder));
	memcpy(path + sizeof(folder) - 1, name, n + 1);
	return true;
}

static int open_segment(const char *name, int flags)
{
	char path[80];

	if (!name)
		return (int)sys6(SYS_memfd_create, (long)"ashlar-heap",
				 1 /* MFD_CLOEXEC */, 0, 0, 0, 0);
	if (!shm_path(path, name))
		return -EINVAL;
	return (int)sys6(SYS_openat, AT_FDCWD, (long)path,
			 O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600, 0, 0);
}

static void unlink_segment(const char *name)
{
	char path[80];

	if (shm_path(path, name))
		sys6(SYS_unlinkat, AT_FDCWD, (long)path, 0, 0, 0, 0);
}

static void keep_name(struct ashlar_heap *h, const char *name, int fd)
{
	h->fd = fd;
	if (name)
		memcpy(h->name, name, strlen(name) + 1);
}

static int create_in(struct ashlar_heap **heap, int fd, size_t size)
{
	long err = sys6(SYS_ftruncate, fd, (long)size, 0, 0, 0, 0);
	void *segment;

	if (err)
		return (int)err;
	segment = map_fd(fd, size);
	if (!segment)
		return -ENOMEM;
	err = ashlar_heap_create_at(heap, segment, size);
	if (err)
		sys_munmap(segment, size);
	else
		(*heap)->mapped = size;
	return (int)err;
}

/**
 * ashlar_heap_create() - make a shared heap
 * @heap: where the handle goes
 * @name: of a POSIX segment, "/name", that there is not yet; or NULL: a memfd
 * @size: bytes, 128 KiB at least; memory is taken as it is used
 *
 * Context: any. Return: 0, or -EEXIST, -EINVAL, -ENOMEM, -ENOSYS, or what the
 * system said.
 */
int ashlar_heap_create(struct ashlar_heap **heap, const char *name, size_t size)
{
	int fd, err;

	if (size < HEAP_LEAST || size > ~(size_t)0 >> 2)
		return -EINVAL;
	fd = open_segment(name, O_CREAT | O_EXCL);
	if (fd < 0)
		return fd;
	err = create_in(heap, fd, size);
	if (!err) {
		keep_name(*heap, name, fd);
		return 0;
	}
	if (name)
		unlink_segment(name);
	close_fd(fd);
	return err;
}

/**
 * ashlar_heap_open() - use a shared heap by its name
 * @heap: where the handle goes
 * @name: as it was created with
 *
 * Context: any. Return: as ashlar_heap_open_fd(), or -ENOENT, -EINVAL.
 */
int ashlar_heap_open(struct ashlar_heap **heap, const char *name)
{
	int fd = name ? open_segment(name, 0) : -EINVAL, err;

	if (fd < 0)
		return fd;
	err = ashlar_heap_open_fd(heap, fd);
	if (err)
		close_fd(fd);
	else
		keep_name(*heap, name, fd);
	return err;
}

/** ashlar_heap_fd() - the file of @heap, or -1: it is in the caller's memory */
int ashlar_heap_fd(const struct ashlar_heap *heap)
{
	return heap->fd;
}

/**
 * ashlar_heap_close() - use a heap no more; what is in it stays
 * @heap: a handle, or NULL
 *
 * Closes the file, too. Context: no other thread uses @heap.
 */
void ashlar_heap_close(struct ashlar_heap *heap)
{
	if (!heap)
		return;
	if (heap->mapped) {
		sys_munmap(heap->base, heap->mapped);
		close_fd(heap->fd);
	}
	sys_munmap(heap, 2 * port_host_page_size());
}

/**
 * ashlar_heap_destroy() - close a heap, and take its name away
 * @heap: a handle
 *
 * Processes that have it open go on with it; the memory goes with the last.
 * Context: no other thread uses @heap. Return: 0.
 */
int ashlar_heap_destroy(struct ashlar_heap *heap)
{
	if (heap->name[0])
		unlink_segment(heap->name);
	ashlar_heap_close(heap);
	return 0;
}

/* ---- references ---- */

/**
 * ashlar_heap_ref_of() - the reference to an address in a heap
 * @heap: the heap
 * @p: the address, or NULL
 *
 * Context: any. Return: the reference; 0 if @p is not in the heap.
 */
ashlar_heap_ref ashlar_heap_ref_of(const struct ashlar_heap *heap,
				   const void *p)
{
	uintptr_t offset = (uintptr_t)p - (uintptr_t)heap->base;

	return offset < heap_page_start(heap->nr_pages) ? offset : 0;
}

/**
 * ashlar_heap_pointer() - the address of a reference, in this process
 * @heap: the heap
 * @ref: the reference, which may be any number
 *
 * Context: any. Return: the address; NULL if @ref is 0 or outside of the heap.
 */
void *ashlar_heap_pointer(const struct ashlar_heap *heap, ashlar_heap_ref ref)
{
	return ref && ref < heap_page_start(heap->nr_pages) ? heap->base + ref :
							      NULL;
}

/**
 * ashlar_heap_root_ref() - where the heap's first reference lies
 * @heap: the heap
 *
 * Context: any. Return: its place; it is 0 at first.
 */
ashlar_heap_ref *ashlar_heap_root_ref(const struct ashlar_heap *heap)
{
	return &heap->header->root;
}

/** ashlar_heap_root() - what that refers to, or NULL */
void *ashlar_heap_root(const struct ashlar_heap *heap)
{
	return ashlar_heap_pointer(heap, smp_load_acquire(&heap->header->root));
}

/* ---- blocks ---- */

static u64 try_alloc(struct ashlar_heap *h, size_t size, u64 where)
{
	return likely(size <= HEAP_SMALL) ? heap_alloc_small(h, size, where) :
					    heap_alloc_run(h, size, where);
}

static void *alloc(struct ashlar_heap *h, size_t size, u64 where)
{
	u64 block = try_alloc(h, size, where);

	if (unlikely(!block)) {
		heap_release_empty(h);
		block = try_alloc(h, size, where);
	}
	return block ? h->base + block : NULL;
}

/**
 * ashlar_heap_alloc() - a block of a shared heap
 * @heap: the heap
 * @size: bytes
 *
 * A process that is killed before it has noted the block somewhere has lost
 * it: see ashlar_heap_alloc_to().
 *
 * Context: any thread; waits for other processes' calls. Return: the block,
 * aligned to 16 bytes; NULL: there is no room.
 */
void *ashlar_heap_alloc(struct ashlar_heap *heap, size_t size)
{
	return alloc(heap, size, 0);
}

/**
 * ashlar_heap_alloc_to() - a block, and its reference in the heap
 * @heap: the heap
 * @size: bytes
 * @where: in a block of the heap, or its root: 0 before, the block's reference
 *	afterwards
 *
 * Both happen or neither, also if the process is killed meanwhile.
 *
 * Context: as ashlar_heap_alloc(). Return: the block, or NULL: there is no
 * room, or @where is not in the heap or not 0.
 */
void *ashlar_heap_alloc_to(struct ashlar_heap *heap, size_t size,
			   ashlar_heap_ref *where)
{
	u64 offset = ashlar_heap_ref_of(heap, where);

	if (!offset || offset % sizeof(*where) || READ_ONCE(*where))
		return NULL;
	return alloc(heap, size, offset);
}

static int release(struct ashlar_heap *h, u64 block, u64 where)
{
	u64 page = block >> HEAP_PAGE_SHIFT;
	u32 kind;

	if (page < h->first_page || page >= h->nr_pages)
		return -EINVAL;
	kind = heap_kind_of(READ_ONCE(h->page[page].kind));
	if (kind == HEAP_PAGE_SLAB)
		return heap_free_small(h, block, where);
	return heap_free_run(h, block, where);
}

/**
 * ashlar_heap_free() - release a block
 * @heap: the heap
 * @p: a block that any process has allocated, or NULL
 *
 * Context: as ashlar_heap_alloc(). Return: 0; -EINVAL: no block begins at @p;
 * -EALREADY: it is free. In both cases nothing has happened.
 */
int ashlar_heap_free(struct ashlar_heap *heap, void *p)
{
	return p ? release(heap, ashlar_heap_ref_of(heap, p), 0) : 0;
}

/**
 * ashlar_heap_free_from() - release a block, and clear its reference
 * @heap: the heap
 * @where: in a block of the heap, or its root: the block's reference
 *
 * Both happen or neither, also if the process is killed meanwhile.
 *
 * Context: as ashlar_heap_alloc(). Return: as ashlar_heap_free(); -EINVAL also
 * if @where is not in the heap.
 */
int ashlar_heap_free_from(struct ashlar_heap *heap, ashlar_heap_ref *where)
{
	u64 offset = ashlar_heap_ref_of(heap, where);

	if (!offset || offset % sizeof(*where))
		return -EINVAL;
	return release(heap, READ_ONCE(*where), offset);
}

/**
 * ashlar_heap_usable_size() - bytes of a block, as they may be used
 * @heap: the heap
 * @p: a block
 *
 * Context: any thread. Return: bytes; 0: @p lies in no block.
 */
size_t ashlar_heap_usable_size(struct ashlar_heap *heap, const void *p)
{
	u64 page = ashlar_heap_ref_of(heap, p) >> HEAP_PAGE_SHIFT;
	u32 kind = page ? READ_ONCE(heap->page[page].kind) : HEAP_PAGE_FREE;

	if (heap_kind_of(kind) == HEAP_PAGE_SLAB)
		return heap_class_size[heap_class_of(kind)];
	if (heap_kind_of(kind) == HEAP_PAGE_RUN)
		return (size_t)heap->page[page].nr << HEAP_PAGE_SHIFT;
	return 0;
}
