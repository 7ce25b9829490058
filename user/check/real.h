/* SPDX-License-Identifier: MIT */
/* The functions of the C library that this one stands before. */
#ifndef ASHLAR_USER_CHECK_REAL_H
#define ASHLAR_USER_CHECK_REAL_H

#include "check.h"
#include "fortify.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <iconv.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

/* clang-format off */
#define REAL_FUNCTIONS(F) \
	F(memcpy) F(memmove) F(mempcpy) F(memset) F(memcmp) F(memchr) \
	F(memrchr) F(memmem) F(memccpy) F(explicit_bzero) \
	F(strlen) F(strnlen) F(strcmp) F(strncmp) F(strcasecmp) \
	F(strncasecmp) F(strdup) F(strndup) F(strspn) F(strcspn) \
	F(strchrnul) F(strstr) \
	F(wcslen) F(wcsnlen) F(wmemcpy) F(wmemmove) F(wmemset) \
	F(wmemcmp) F(wmemchr) F(wcscmp) F(wcsncmp) F(wcsdup) \
	F(vfprintf) F(vdprintf) F(vsprintf) F(vsnprintf) F(vasprintf) \
	F(vfwprintf) F(vswprintf) F(vsscanf) F(vfscanf) \
	F(vswscanf) F(vfwscanf) F(__isoc99_vswscanf) F(__isoc99_vfwscanf) \
	F(__isoc99_vsscanf) F(__isoc99_vfscanf) \
	F(__vsnprintf_chk) F(__vsprintf_chk) F(__vasprintf_chk) \
	F(__vfprintf_chk) F(__vdprintf_chk) F(__vfwprintf_chk) \
	F(__vswprintf_chk) \
	F(dlclose) F(prctl) \
	F(_exit) F(execve) F(execv) F(execvp) F(execvpe) F(fexecve) \
	F(sigaction) F(signal) F(sigprocmask) F(pthread_sigmask) \
	F(pthread_create) F(thrd_create) F(fork) F(mmap) F(mmap64) F(shmat) \
	F(pthread_mutex_lock) F(pthread_mutex_trylock) \
	F(pthread_mutex_timedlock) F(pthread_mutex_unlock) \
	F(pthread_rwlock_rdlock) F(pthread_rwlock_wrlock) \
	F(pthread_rwlock_tryrdlock) F(pthread_rwlock_trywrlock) \
	F(pthread_rwlock_unlock) F(pthread_spin_lock) \
	F(pthread_spin_trylock) F(pthread_spin_unlock)
/* clang-format on */

/* Whom the headers name otherwise. */
int __isoc99_vswscanf(const wchar_t *s, const wchar_t *format, va_list args);
int __isoc99_vfwscanf(FILE *f, const wchar_t *format, va_list args);

struct real {
#define REAL_FIELD(f) __typeof(&f) f;
	REAL_FUNCTIONS(REAL_FIELD)
#undef REAL_FIELD
#define CALL(type, name, ...) __typeof(&name) name;
#define CALL_THEN CALL
#include "calls.h"
#undef CALL
#undef CALL_THEN
};

extern struct real real HIDDEN;

void real_find(void) HIDDEN;

/* The real function @f, found now if the constructor has not run. */
#define REAL(f) (likely(real.f) ? real.f : (real_find(), real.f))

#endif
