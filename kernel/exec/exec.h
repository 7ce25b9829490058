/* SPDX-License-Identifier: MIT */
/* A program on its way into memory. Code: kernel/exec. */
#ifndef KERNEL_EXEC_EXEC_H
#define KERNEL_EXEC_EXEC_H

#include <ashlar/types.h>

struct cred;
struct file;
struct mm_struct;
struct page;

#define BINPRM_BUF_SIZE 256

struct linux_binprm {
	struct file *file; /* marked as executed */
	const char *filename; /* as it was called: AT_EXECFN */
	const char *interp; /* the file that runs: a script's interpreter */
	char *interp_buf, *fd_name; /* kmalloc'ed, or NULL */
	struct mm_struct *mm; /* being filled; NULL once it is current's */
	unsigned long p; /* top of what lies on the new stack */
	unsigned long arg_start; /* lowest byte of the last argument pushed */
	unsigned long exec; /* user address of the file's name */
	unsigned long page_addr; /* of page, 0: none */
	struct page *page; /* last page of the new stack that was written */
	int argc, envc;
	unsigned int depth; /* scripts that call scripts */
	unsigned long arg_min; /* the arguments must stay above */
	struct cred *cred; /* as it will be */
	bool secure; /* AT_SECURE */
	bool unreadable; /* by the caller: it or its interpreter */
	bool past_return; /* the old program is gone */
	bool fd_path_closed; /* /dev/fd/N will be closed */
	u8 buf[BINPRM_BUF_SIZE]; /* the file's beginning, zero-filled */
};

int load_elf_binary(struct linux_binprm *bprm);
int load_script(struct linux_binprm *bprm);
/* Point of no return: the other threads end, the new space is loaded. */
int begin_new_exec(struct linux_binprm *bprm);
struct file *open_exec(int dfd, const char *name, int flags);
int copy_string_kernel(struct linux_binprm *bprm, const char *s);
int remove_arg_zero(struct linux_binprm *bprm);

/* Kernel strings; for process 1. Returns only if it failed. */
int kernel_execve(const char *path, const char *const *argv,
		  const char *const *envp);

#endif
