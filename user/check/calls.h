/* SPDX-License-Identifier: MIT */
/*
 * The functions of the C library of which it is enough to know what their
 * arguments point at: a row each. Included where CALL and CALL_THEN say what
 * becomes of a row.
 *
 *   CALL(type, name, (parameters), (arguments), looks before the call)
 *   CALL_THEN(…, looks afterwards: its result, "ret", says how far it came)
 *
 * Who is told how much it may touch needs all of that, however little comes.
 */

/* clang-format off */

/* ---- from files and sockets into memory ---- */

CALL(ssize_t, read, (int fd, void *dst, size_t n), (fd, dst, n), OUT(dst, n))
CALL(ssize_t, pread, (int fd, void *dst, size_t n, off_t at), (fd, dst, n, at),
     OUT(dst, n))
CALL(ssize_t, pread64, (int fd, void *dst, size_t n, off64_t at),
     (fd, dst, n, at), OUT(dst, n))
CALL(ssize_t, readv, (int fd, const struct iovec *v, int n), (fd, v, n),
     PARTS(v, n, WRITE))
CALL(ssize_t, preadv, (int fd, const struct iovec *v, int n, off_t at),
     (fd, v, n, at), PARTS(v, n, WRITE))
CALL(ssize_t, preadv64, (int fd, const struct iovec *v, int n, off64_t at),
     (fd, v, n, at), PARTS(v, n, WRITE))
CALL(ssize_t, recv, (int fd, void *dst, size_t n, int flags),
     (fd, dst, n, flags), OUT(dst, n))
CALL(ssize_t, recvfrom,
     (int fd, void *dst, size_t n, int flags, __SOCKADDR_ARG from,
      socklen_t *size),
     (fd, dst, n, flags, from, size), OUT(dst, n))
CALL(ssize_t, recvmsg, (int fd, struct msghdr *m, int flags), (fd, m, flags),
     MESSAGE(m, WRITE))
CALL(size_t, fread, (void *dst, size_t size, size_t n, FILE *f),
     (dst, size, n, f), OUT(dst, size * n))
CALL(size_t, fread_unlocked, (void *dst, size_t size, size_t n, FILE *f),
     (dst, size, n, f), OUT(dst, size * n))
CALL(char *, fgets, (char *dst, int n, FILE *f), (dst, n, f), OUT_MOST(dst, n))
CALL(char *, fgets_unlocked, (char *dst, int n, FILE *f), (dst, n, f),
     OUT_MOST(dst, n))
CALL(wchar_t *, fgetws, (wchar_t *dst, int n, FILE *f), (dst, n, f),
     OUT_MOST(dst, n))
CALL(ssize_t, getline, (char **line, size_t *n, FILE *f), (line, n, f),
     OUT_LINE(line, n))
CALL(ssize_t, getdelim, (char **line, size_t *n, int c, FILE *f),
     (line, n, c, f), OUT_LINE(line, n))
CALL(ssize_t, __getdelim, (char **line, size_t *n, int c, FILE *f),
     (line, n, c, f), OUT_LINE(line, n))
CALL(int, setvbuf, (FILE * f, char *dst, int mode, size_t n), (f, dst, mode, n),
     OUT(dst, dst ? n : 0))

/* ---- from memory ---- */

CALL(ssize_t, write, (int fd, const void *src, size_t n), (fd, src, n),
     IN(src, n))
CALL(ssize_t, pwrite, (int fd, const void *src, size_t n, off_t at),
     (fd, src, n, at), IN(src, n))
CALL(ssize_t, pwrite64, (int fd, const void *src, size_t n, off64_t at),
     (fd, src, n, at), IN(src, n))
CALL(ssize_t, writev, (int fd, const struct iovec *v, int n), (fd, v, n),
     PARTS(v, n, READ))
CALL(ssize_t, pwritev, (int fd, const struct iovec *v, int n, off_t at),
     (fd, v, n, at), PARTS(v, n, READ))
CALL(ssize_t, pwritev64, (int fd, const struct iovec *v, int n, off64_t at),
     (fd, v, n, at), PARTS(v, n, READ))
CALL(ssize_t, send, (int fd, const void *src, size_t n, int flags),
     (fd, src, n, flags), IN(src, n))
CALL(ssize_t, sendto,
     (int fd, const void *src, size_t n, int flags, __CONST_SOCKADDR_ARG to,
      socklen_t size),
     (fd, src, n, flags, to, size), IN(src, n))
CALL(ssize_t, sendmsg, (int fd, const struct msghdr *m, int flags),
     (fd, m, flags), MESSAGE(m, READ))
CALL(size_t, fwrite, (const void *src, size_t size, size_t n, FILE *f),
     (src, size, n, f), IN(src, size * n))
CALL(size_t, fwrite_unlocked, (const void *src, size_t size, size_t n, FILE *f),
     (src, size, n, f), IN(src, size * n))
CALL(int, puts, (const char *s), (s), TEXT(s))
CALL(int, fputs, (const char *s, FILE *f), (s, f), TEXT(s))
CALL(int, fputs_unlocked, (const char *s, FILE *f), (s, f), TEXT(s))
CALL(int, fputws, (const wchar_t *s, FILE *f), (s, f), WIDE_TEXT(s))
CALL(void, perror, (const char *s), (s), TEXT(s))

/* ---- what is asked of the system ---- */

CALL(int, poll, (struct pollfd *fds, nfds_t n, int ms), (fds, n, ms),
     OUT(fds, n * sizeof(*fds)))
CALL(int, ppoll,
     (struct pollfd *fds, nfds_t n, const struct timespec *t,
      const sigset_t *mask),
     (fds, n, t, mask), OUT(fds, n * sizeof(*fds)))
CALL(int, epoll_wait, (int fd, struct epoll_event *dst, int n, int ms),
     (fd, dst, n, ms), OUT_MOST(dst, n))
CALL(ssize_t, getrandom, (void *dst, size_t n, unsigned int flags),
     (dst, n, flags), OUT(dst, n))
CALL(int, getentropy, (void *dst, size_t n), (dst, n), OUT(dst, n))
CALL(int, gethostname, (char *dst, size_t n), (dst, n), OUT(dst, n))
CALL(int, getdomainname, (char *dst, size_t n), (dst, n), OUT(dst, n))
CALL(int, ttyname_r, (int fd, char *dst, size_t n), (fd, dst, n), OUT(dst, n))
CALL(int, getlogin_r, (char *dst, size_t n), (dst, n), OUT(dst, n))
CALL(size_t, confstr, (int name, char *dst, size_t n), (name, dst, n),
     OUT(dst, dst ? n : 0))
CALL(char *, getenv, (const char *name), (name), TEXT(name))
CALL(int, setenv, (const char *name, const char *value, int replace),
     (name, value, replace), TEXT(name), TEXT(value))
CALL(int, unsetenv, (const char *name), (name), TEXT(name))
CALL(int, system, (const char *command), (command), TEXT(command))
CALL(time_t, time, (time_t *dst), (dst), OUT(dst, dst ? sizeof(*dst) : 0))

/* ---- files by name ---- */

CALL(FILE *, fopen, (const char *path, const char *mode), (path, mode),
     TEXT(path), TEXT(mode))
CALL(FILE *, fopen64, (const char *path, const char *mode), (path, mode),
     TEXT(path), TEXT(mode))
CALL(FILE *, popen, (const char *command, const char *mode), (command, mode),
     TEXT(command), TEXT(mode))
CALL(int, memfd_create, (const char *name, unsigned int flags), (name, flags),
     TEXT(name))
CALL(DIR *, opendir, (const char *path), (path), TEXT(path))
CALL(int, creat, (const char *path, mode_t mode), (path, mode), TEXT(path))
CALL(int, access, (const char *path, int how), (path, how), TEXT(path))
CALL(int, stat, (const char *path, struct stat *dst), (path, dst), TEXT(path),
     OUT(dst, sizeof(*dst)))
CALL(int, lstat, (const char *path, struct stat *dst), (path, dst), TEXT(path),
     OUT(dst, sizeof(*dst)))
CALL(int, unlink, (const char *path), (path), TEXT(path))
CALL(int, remove, (const char *path), (path), TEXT(path))
CALL(int, rename, (const char *path, const char *to), (path, to), TEXT(path),
     TEXT(to))
CALL(int, link, (const char *path, const char *to), (path, to), TEXT(path),
     TEXT(to))
CALL(int, symlink, (const char *path, const char *to), (path, to), TEXT(path),
     TEXT(to))
CALL(int, mkdir, (const char *path, mode_t mode), (path, mode), TEXT(path))
CALL(int, rmdir, (const char *path), (path), TEXT(path))
CALL(int, chdir, (const char *path), (path), TEXT(path))
CALL(ssize_t, readlink, (const char *path, char *dst, size_t n), (path, dst, n),
     TEXT(path), OUT(dst, n))
CALL(ssize_t, readlinkat, (int dir, const char *path, char *dst, size_t n),
     (dir, path, dst, n), TEXT(path), OUT(dst, n))
CALL(char *, getcwd, (char *dst, size_t n), (dst, n), OUT(dst, dst ? n : 0))
CALL_THEN(char *, realpath, (const char *path, char *dst), (path, dst),
	  OUT(dst, ret && dst ? REAL(strlen)(dst) + 1 : 0))

/* ---- texts into memory ---- */

CALL(size_t, strftime,
     (char *dst, size_t n, const char *format, const struct tm *t),
     (dst, n, format, t), TEXT(format), OUT(dst, n))
CALL(size_t, wcsftime,
     (wchar_t *dst, size_t n, const wchar_t *format, const struct tm *t),
     (dst, n, format, t), WIDE_TEXT(format), OUT(dst, n * sizeof(*dst)))
CALL(char *, asctime_r, (const struct tm *t, char *dst), (t, dst),
     OUT(dst, CLOCK_TEXT))
CALL(char *, ctime_r, (const time_t *t, char *dst), (t, dst),
     OUT(dst, CLOCK_TEXT))
CALL(char *, strerror_r, (int error, char *dst, size_t n), (error, dst, n),
     OUT(dst, n))
CALL(int, __xpg_strerror_r, (int error, char *dst, size_t n), (error, dst, n),
     OUT(dst, n))
CALL(const char *, inet_ntop,
     (int family, const void *src, char *dst, socklen_t n),
     (family, src, dst, n), OUT(dst, n))
CALL(size_t, mbstowcs, (wchar_t *dst, const char *src, size_t n),
     (dst, src, n), TEXT(src),
     OUT(dst, dst ? least(REAL(mbstowcs)(NULL, src, 0), n) * sizeof(*dst) : 0))
CALL(size_t, wcstombs, (char *dst, const wchar_t *src, size_t n), (dst, src, n),
     WIDE_TEXT(src), OUT(dst, dst ? least(REAL(wcstombs)(NULL, src, 0), n) : 0))
CALL(size_t, strxfrm, (char *dst, const char *src, size_t n), (dst, src, n),
     TEXT(src), OUT(dst, least(REAL(strxfrm)(NULL, src, 0), n)))
CALL(size_t, wcsxfrm, (wchar_t *dst, const wchar_t *src, size_t n),
     (dst, src, n), WIDE_TEXT(src),
     OUT(dst, least(REAL(wcsxfrm)(NULL, src, 0), n) * sizeof(*dst)))
CALL(void, swab, (const void *src, void *dst, ssize_t n), (src, dst, n),
     IN(src, n > 0 ? n & ~1l : 0), OUT(dst, n > 0 ? n & ~1l : 0))
CALL(size_t, iconv,
     (iconv_t how, char **src, size_t *n, char **dst, size_t *room),
     (how, src, n, dst, room), IN(src ? *src : NULL, src &&*src ? *n : 0),
     OUT(dst ? *dst : NULL, dst &&*dst ? *room : 0))

/* ---- arrays ---- */

CALL(void, qsort,
     (void *p, size_t n, size_t size, int (*order)(const void *, const void *)),
     (p, n, size, order), OUT(p, n *size))
CALL(void, qsort_r,
     (void *p, size_t n, size_t size,
      int (*order)(const void *, const void *, void *), void *arg),
     (p, n, size, order, arg), OUT(p, n *size))
CALL(void *, bsearch,
     (const void *key, const void *p, size_t n, size_t size,
      int (*order)(const void *, const void *)),
     (key, p, n, size, order), IN(p, n *size))

/* ---- numbers: read as far as they are any ---- */

CALL_THEN(long, strtol, (const char *s, char **end, int base),
	  (s, end ? end : &own_end, base), NUMBER(s, end))
CALL_THEN(unsigned long, strtoul, (const char *s, char **end, int base),
	  (s, end ? end : &own_end, base), NUMBER(s, end))
CALL_THEN(long long, strtoll, (const char *s, char **end, int base),
	  (s, end ? end : &own_end, base), NUMBER(s, end))
CALL_THEN(unsigned long long, strtoull, (const char *s, char **end, int base),
	  (s, end ? end : &own_end, base), NUMBER(s, end))
CALL_THEN(double, strtod, (const char *s, char **end),
	  (s, end ? end : &own_end), NUMBER(s, end))
CALL_THEN(float, strtof, (const char *s, char **end), (s, end ? end : &own_end),
	  NUMBER(s, end))
CALL_THEN(long double, strtold, (const char *s, char **end),
	  (s, end ? end : &own_end), NUMBER(s, end))
CALL_THEN(long, wcstol, (const wchar_t *s, wchar_t **end, int base),
	  (s, end ? end : &own_wide_end, base), WIDE_NUMBER(s, end))
CALL_THEN(unsigned long, wcstoul, (const wchar_t *s, wchar_t **end, int base),
	  (s, end ? end : &own_wide_end, base), WIDE_NUMBER(s, end))
CALL_THEN(long long, wcstoll, (const wchar_t *s, wchar_t **end, int base),
	  (s, end ? end : &own_wide_end, base), WIDE_NUMBER(s, end))
CALL_THEN(unsigned long long, wcstoull,
	  (const wchar_t *s, wchar_t **end, int base),
	  (s, end ? end : &own_wide_end, base), WIDE_NUMBER(s, end))
CALL_THEN(double, wcstod, (const wchar_t *s, wchar_t **end),
	  (s, end ? end : &own_wide_end), WIDE_NUMBER(s, end))
CALL_THEN(float, wcstof, (const wchar_t *s, wchar_t **end),
	  (s, end ? end : &own_wide_end), WIDE_NUMBER(s, end))
CALL_THEN(long double, wcstold, (const wchar_t *s, wchar_t **end),
	  (s, end ? end : &own_wide_end), WIDE_NUMBER(s, end))

/* ---- strings that are searched, or compared as people would ---- */

CALL_THEN(char *, strcasestr, (const char *s, const char *what), (s, what),
	  ret ? IN(s, ret - s + 1) : TEXT(s))
CALL_THEN(wchar_t *, wcsstr, (const wchar_t *s, const wchar_t *what), (s, what),
	  ret ? IN(s, (ret - s + 1) * sizeof(*s)) : WIDE_TEXT(s))
CALL_THEN(char *, strtok, (char *s, const char *set), (s, set),
	  ret ? TEXT(ret) : (void)0)
CALL_THEN(char *, strtok_r, (char *s, const char *set, char **rest),
	  (s, set, rest), ret ? TEXT(ret) : (void)0)
CALL_THEN(char *, strsep, (char **s, const char *set), (s, set),
	  ret ? TEXT(ret) : (void)0)
CALL_THEN(wchar_t *, wcstok, (wchar_t *s, const wchar_t *set, wchar_t **rest),
	  (s, set, rest), ret ? WIDE_TEXT(ret) : (void)0)
CALL(int, strcoll, (const char *a, const char *b), (a, b), TEXT(a), TEXT(b))
CALL(int, wcscoll, (const wchar_t *a, const wchar_t *b), (a, b), WIDE_TEXT(a),
     WIDE_TEXT(b))
