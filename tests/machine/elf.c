/* SPDX-License-Identifier: MIT */
/*
 * Programs that lie about themselves. A small right program is made in memory,
 * one field of it is changed (or its file is cut), and it is executed: what
 * execve returns, or what the process dies of, must be as on Linux 6.1.
 *
 *   0      ELF header
 *   52     PT_LOAD: all of the file, read and execute, at 0x10000000
 *   84     PT_LOAD: 256 bytes of data, a page of zeros after it
 *   116    PT_NULL, where a case puts PT_INTERP
 *   148    exit(0)
 *   256    the interpreter's name
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define BASE 0x10000000
#define SIZE 0x1100 /* of the file */
#define PATH "/tmp/elf"
#define KILLED 1000 /* + signal */
#define RUNS_OR_DIES 2000 /* Linux lets it run; nothing says it must */

struct image {
	Elf32_Ehdr head;
	Elf32_Phdr text, data, third;
	unsigned char code[108];
	char interpreter[4096];
};

static struct image image;
static int *answer; /* shared with the child */

static void right_image(void)
{
	/* mov $1, %eax; xor %ebx, %ebx; int $0x80 */
	static const unsigned char code[] = { 0xb8, 1,	  0,	0,   0,
					      0x31, 0xdb, 0xcd, 0x80 };

	memset(&image, 0, sizeof(image));
	image.head = (Elf32_Ehdr){
		.e_ident = { 0x7f, 'E', 'L', 'F', 1, 1, 1 },
		.e_type = ET_EXEC,
		.e_machine = EM_386,
		.e_version = 1,
		.e_entry = BASE + offsetof(struct image, code),
		.e_phoff = sizeof(Elf32_Ehdr),
		.e_ehsize = sizeof(Elf32_Ehdr),
		.e_phentsize = sizeof(Elf32_Phdr),
		.e_phnum = 3,
	};
	image.text = (Elf32_Phdr){ PT_LOAD, 0,	  BASE,	       BASE,
				   SIZE,    SIZE, PF_R | PF_X, 0x1000 };
	image.data = (Elf32_Phdr){ PT_LOAD,	  0x1000, BASE + 0x4000,
				   BASE + 0x4000, 0x100,  0x2000,
				   PF_R | PF_W,	  0x1000 };
	memcpy(image.code, code, sizeof(code));
	strcpy(image.interpreter, "/tmp/nothing");
}

static void put(const void *data, size_t size, int mode)
{
	int fd;

	unlink(PATH);
	fd = open(PATH, O_WRONLY | O_CREAT, mode);
	need(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	close(fd);
}

static int execute(const char *path, char *const argv[])
{
	int status;
	pid_t pid;

	*answer = 0;
	fflush(stdout);
	pid = fork();
	need(pid >= 0);
	if (!pid) {
		alarm(5);
		execve(path, argv, argv + 1);
		*answer = -errno;
		_exit(0);
	}
	need(waitpid(pid, &status, 0) == pid);
	if (WIFSIGNALED(status))
		return KILLED + WTERMSIG(status);
	return WEXITSTATUS(status) ? WEXITSTATUS(status) : *answer;
}

static void expect(const char *name, const char *path, int wanted)
{
	char *argv[] = { (char *)path, NULL };
	int got = execute(path, argv);

	if (wanted == RUNS_OR_DIES && (got == 0 || got > KILLED))
		wanted = got;
	check(got == wanted, name, "%d, wanted %d", got, wanted);
}

#define FIELD(of, name) \
	offsetof(struct image, of.name), sizeof(((struct image *)0)->of.name)

static const struct lie {
	const char *name;
	unsigned int offset, size, value;
	int wanted;
} lies[] = {
	{ "no lie", 0, 0, 0, 0 },
	{ "wrong magic", 0, 1, 0x7e, -ENOEXEC },
	{ "relocatable", FIELD(head, e_type), ET_REL, -ENOEXEC },
	{ "core dump", FIELD(head, e_type), ET_CORE, -ENOEXEC },
	{ "position-independent", FIELD(head, e_type), ET_DYN, 0 },
	{ "another machine", FIELD(head, e_machine), EM_ARM, -ENOEXEC },
	{ "no program headers", FIELD(head, e_phnum), 0, -ENOEXEC },
	{ "65,535 program headers", FIELD(head, e_phnum), 0xffff, -ENOEXEC },
	{ "program headers' size", FIELD(head, e_phentsize), 31, -ENOEXEC },
	{ "headers after the end", FIELD(head, e_phoff), 0x10000, -ENOEXEC },
	{ "headers at -1", FIELD(head, e_phoff), 0xffffffff, -ENOEXEC },
	{ "headers not aligned", FIELD(head, e_phoff), 53, KILLED + SIGSEGV },
	{ "entry 0", FIELD(head, e_entry), 0, KILLED + SIGSEGV },
	{ "entry in the kernel", FIELD(head, e_entry), 0xc0100000,
	  KILLED + SIGSEGV },
	{ "entry in data", FIELD(head, e_entry), BASE + 0x4200,
	  KILLED + SIGSEGV },
	{ "entry at the top", FIELD(head, e_entry), 0xffffffff,
	  KILLED + SIGSEGV },
	{ "text at 0", FIELD(text, p_vaddr), 0, KILLED + SIGSEGV },
	{ "text in the kernel", FIELD(text, p_vaddr), 0xc0000000,
	  KILLED + SIGSEGV },
	{ "text before the kernel", FIELD(text, p_vaddr), 0xbffff000,
	  KILLED + SIGSEGV },
	{ "text at the top", FIELD(text, p_vaddr), 0xfffff000,
	  KILLED + SIGSEGV },
	{ "text not aligned", FIELD(text, p_vaddr), BASE + 1,
	  KILLED + SIGSEGV },
	{ "text longer than the file", FIELD(text, p_filesz), 0x8000,
	  KILLED + SIGSEGV },
	{ "text of 4 GB", FIELD(text, p_filesz), 0xffffffff, KILLED + SIGSEGV },
	{ "file part longer than memory", FIELD(text, p_memsz), 0x10,
	  KILLED + SIGSEGV },
	{ "text's memory of 4 GB", FIELD(text, p_memsz), 0xffffffff,
	  KILLED + SIGSEGV },
	{ "text's memory of 3 GB", FIELD(text, p_memsz), 0xc0000000,
	  KILLED + SIGSEGV },
	{ "text nowhere in the file", FIELD(text, p_offset), 0x100000,
	  KILLED + SIGBUS },
	{ "text at -4096 in the file", FIELD(text, p_offset), 0xfffff000,
	  RUNS_OR_DIES },
	{ "text may not be read", FIELD(text, p_flags), 0, KILLED + SIGSEGV },
	{ "text empty in the file", FIELD(text, p_filesz), 0,
	  KILLED + SIGSEGV },
	{ "alignment 3", FIELD(text, p_align), 3, 0 },
	{ "alignment 2 GB", FIELD(text, p_align), 0x80000000, 0 },
	{ "data over text", FIELD(data, p_vaddr), BASE, KILLED + SIGSEGV },
	{ "data's tail over text", FIELD(data, p_vaddr), BASE - 0x2000, 0 },
	{ "data below text", FIELD(data, p_vaddr), BASE - 0x8000, 0 },
	{ "data at 0", FIELD(data, p_vaddr), 0, 0 },
	{ "data in the kernel", FIELD(data, p_vaddr), 0xc0400000,
	  KILLED + SIGSEGV },
	{ "data not aligned", FIELD(data, p_vaddr), BASE + 0x4010,
	  KILLED + SIGSEGV },
	{ "data up to the kernel", FIELD(data, p_memsz), 0xb0000000,
	  KILLED + SIGSEGV },
	{ "data over all", FIELD(data, p_memsz), 0xfffff000, KILLED + SIGSEGV },
	{ "data of 4 GB", FIELD(data, p_filesz), 0xffffffff, KILLED + SIGSEGV },
	{ "data nowhere in the file", FIELD(data, p_offset), 0x100000,
	  RUNS_OR_DIES },
	{ "data read-only", FIELD(data, p_flags), PF_R, 0 },
	{ "data without access", FIELD(data, p_flags), 0, 0 },
	{ "unknown header", FIELD(third, p_type), 0x12345678, 0 },
	{ "third segment empty", FIELD(third, p_type), PT_LOAD, 0 },
};

static const struct lie interpreters[] = {
	{ "missing interpreter", FIELD(third, p_filesz), 13, -ENOENT },
	{ "interpreter's name without end", FIELD(third, p_filesz), 12,
	  -ENOEXEC },
	{ "interpreter's name empty", FIELD(third, p_filesz), 0, -ENOEXEC },
	{ "interpreter's name of one byte", FIELD(third, p_filesz), 1,
	  -ENOEXEC },
	{ "interpreter's name too long", FIELD(third, p_filesz), 0x100000,
	  -ENOEXEC },
	{ "interpreter's name at the end", FIELD(third, p_offset), SIZE - 4,
	  -EIO },
	{ "interpreter's name nowhere", FIELD(third, p_offset), 0x100000,
	  -EIO },
	{ "interpreter's name at -1", FIELD(third, p_offset), 0xffffffff,
	  -EIO },
};

static void try_lie(const struct lie *lie)
{
	memcpy((char *)&image + lie->offset, &lie->value, lie->size);
	put(&image, SIZE, 0755);
	expect(lie->name, PATH, lie->wanted);
}

static void try_lies(void)
{
	unsigned int i;

	for (i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		right_image();
		try_lie(&lies[i]);
	}
	for (i = 0; i < sizeof(interpreters) / sizeof(*interpreters); i++) {
		right_image();
		image.third = (Elf32_Phdr){ .p_type = PT_INTERP,
					    .p_offset = 256,
					    .p_filesz = 13,
					    .p_memsz = 13 };
		try_lie(&interpreters[i]);
	}
}

/* Every length shorter than the whole, by steps around what matters. */
static void try_cut(void)
{
	static const struct {
		unsigned int size;
		int wanted;
	} cuts[] = {
		{ 0, -ENOEXEC },	 { 1, -ENOEXEC },
		{ 3, -ENOEXEC },	 { 4, -ENOEXEC },
		{ 16, -ENOEXEC },	 { 51, -ENOEXEC },
		{ 52, -ENOEXEC },	 { 83, -ENOEXEC },
		{ 147, -ENOEXEC },	 { 148, KILLED + SIGSEGV },
		{ 0xfff, RUNS_OR_DIES }, { 0x1000, RUNS_OR_DIES },
	};
	char name[40];
	unsigned int i;

	for (i = 0; i < sizeof(cuts) / sizeof(*cuts); i++) {
		right_image();
		put(&image, cuts[i].size, 0755);
		sprintf(name, "cut to %u bytes", cuts[i].size);
		expect(name, PATH, cuts[i].wanted);
	}
}

static void try_interpreter(const char *name, const void *data, size_t size,
			    int mode, int wanted)
{
	right_image();
	put(&image, SIZE, 0755);
	rename(PATH, "/tmp/program");
	put(data, size, mode);
	right_image();
	image.third = (Elf32_Phdr){ .p_type = PT_INTERP,
				    .p_offset = 256,
				    .p_filesz = sizeof(PATH) };
	strcpy(image.interpreter, PATH);
	rename(PATH, "/tmp/interpreter");
	put(&image, SIZE, 0755);
	rename(PATH, "/tmp/program");
	rename("/tmp/interpreter", PATH);
	expect(name, "/tmp/program", wanted);
}

static void try_script(const char *name, const char *text, int wanted)
{
	put(text, strlen(text), 0755);
	expect(name, PATH, wanted);
}

static void try_scripts(void)
{
	static char long_line[600];

	try_script("script: empty line", "#!\n", -ENOEXEC);
	try_script("script: blanks", "#!   \t \n", -ENOEXEC);
	try_script("script: missing interpreter", "#!/tmp/nothing\n", -ENOENT);
	try_script("script: no end of line", "#!/tmp/nothing", -ENOENT);
	try_script("script: itself", "#!" PATH "\n", -ELOOP);
	try_script("script: a folder", "#!/tmp\n", -EACCES);
	memset(long_line, 'a', sizeof(long_line) - 1);
	memcpy(long_line, "#!/", 3);
	try_script("script: a line too long", long_line, -ENOEXEC);
}

/* More strings than fit, each of them fine. */
static void try_arguments(void)
{
	static char big[200000];
	static char *many[120000];
	unsigned int i;
	int got;

	right_image();
	put(&image, SIZE, 0755);
	memset(big, 'x', sizeof(big) - 1);
	many[0] = big;
	got = execute(PATH, many);
	check(got == -E2BIG, "a string of 200,000 bytes", "%d", got);
	for (i = 0; i < 120000 - 2; i++)
		many[i] = big + sizeof(big) - 60;
	got = execute(PATH, many);
	check(got == -E2BIG, "120,000 strings", "%d", got);
}

int main(void)
{
	static char name[5000];

	answer = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	try_lies();
	try_cut();
	right_image();
	try_interpreter("interpreter is empty", "", 0, 0755, -EIO);
	try_interpreter("interpreter is text", "text", 4, 0755, -EIO);
	try_interpreter("interpreter is a short ELF", &image, 60, 0755,
			-ELIBBAD);
	try_interpreter("interpreter may not run", &image, SIZE, 0644, -EACCES);
	try_interpreter("interpreter is a program", &image, SIZE, 0755,
			RUNS_OR_DIES);
	try_scripts();
	try_arguments();
	right_image();
	put(&image, SIZE, 0644);
	expect("no permission", PATH, -EACCES);
	expect("a folder", "/tmp", -EACCES);
	expect("a device", "/dev/null", -EACCES);
	expect("no name", "", -ENOENT);
	expect("a path through a file", PATH "/x", -ENOTDIR);
	memset(name, 'n', 4999);
	expect("a name too long", name, -ENAMETOOLONG);
	return checks_done();
}
