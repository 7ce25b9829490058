/* SPDX-License-Identifier: MIT */
/*
 * The one word that glibc's test support library wants from glibc's own
 * build: the folder it was built in.  Only its "wait for a debugger" branch,
 * which these runs never take, reads it.
 */
const char support_objdir_root[] = ".";
