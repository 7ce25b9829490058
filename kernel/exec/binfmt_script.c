/* SPDX-License-Identifier: MIT */
/*
 * "#!interpreter argument": a file whose first line names the program that
 * reads it. That one is run with its words before the script's arguments:
 *
 *   script a b   →   interpreter argument script a b
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/slab.h>
#include <kernel/exec/exec.h>
#include <kernel/fs/fcntl.h>

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

/*
 * Cut the first line in @bprm->buf into two words. A line that does not end
 * within the buffer must at least have a whole interpreter's name.
 */
static int parse_line(struct linux_binprm *bprm, char **name, char **arg)
{
	char *buf = (char *)bprm->buf, *last = buf + BINPRM_BUF_SIZE - 1;
	char *end, *s;

	for (end = buf + 2; end <= last && *end && *end != '\n'; end++)
		;
	for (s = buf + 2; s < end && blank(*s); s++)
		;
	if (s == end)
		return -ENOEXEC;
	*name = s;
	while (s < end && !blank(*s))
		s++;
	if (end > last && s == end)
		return -ENOEXEC; /* it goes on beyond the buffer */
	if (end > last)
		end = last;
	while (end > s && blank(end[-1]))
		end--;
	*end = 0;
	*arg = NULL;
	if (s >= end)
		return 0;
	*s++ = 0;
	while (blank(*s))
		s++;
	if (*s)
		*arg = s;
	return 0;
}

static int push_words(struct linux_binprm *bprm, const char *name,
		      const char *arg)
{
	int err = remove_arg_zero(bprm);

	if (!err)
		err = copy_string_kernel(bprm, bprm->interp);
	if (err)
		return err;
	bprm->argc++;
	if (arg) {
		err = copy_string_kernel(bprm, arg);
		if (err)
			return err;
		bprm->argc++;
	}
	err = copy_string_kernel(bprm, name);
	if (!err)
		bprm->argc++;
	return err;
}

/**
 * load_script() - run a script's interpreter in its place
 * @bprm: the program
 *
 * Return: 0 with @bprm->file replaced, -ENOEXEC if it is no script, or
 * another -errno.
 */
int load_script(struct linux_binprm *bprm)
{
	char *name, *arg, *copy;
	struct file *f;
	int err;

	if (bprm->buf[0] != '#' || bprm->buf[1] != '!')
		return -ENOEXEC;
	err = parse_line(bprm, &name, &arg);
	if (err)
		return err;
	if (bprm->fd_path_closed) /* the interpreter could not open it */
		return -ENOENT;
	err = push_words(bprm, name, arg);
	if (err)
		return err;
	copy = kstrdup(name, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	kfree(bprm->interp_buf);
	bprm->interp_buf = copy;
	bprm->interp = copy;
	f = open_exec(AT_FDCWD, copy, 0);
	if (IS_ERR(f))
		return (int)PTR_ERR(f);
	fput(bprm->file);
	bprm->file = f;
	return 0;
}
