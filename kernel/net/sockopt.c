/* SPDX-License-Identifier: MIT */
/*
 * Options of sockets. Those that say something about a network, or have an
 * effect that nothing here needs, are remembered and told again.
 */
#include <ashlar/errno.h>
#include <ashlar/string.h>
#include <kernel/fs/internal.h>
#include <kernel/task/cred.h>
#include <kernel/time/clock.h>
#include <mach/uaccess.h>
#include "unix.h"

#define SO_DEBUG 1
#define SO_REUSEADDR 2
#define SO_TYPE 3
#define SO_ERROR 4
#define SO_DONTROUTE 5
#define SO_BROADCAST 6
#define SO_SNDBUF 7
#define SO_RCVBUF 8
#define SO_KEEPALIVE 9
#define SO_OOBINLINE 10
#define SO_NO_CHECK 11
#define SO_PRIORITY 12
#define SO_LINGER 13
#define SO_PASSCRED 16
#define SO_PEERCRED 17
#define SO_RCVLOWAT 18
#define SO_SNDLOWAT 19
#define SO_RCVTIMEO 20
#define SO_SNDTIMEO 21
#define SO_TIMESTAMP 29
#define SO_ACCEPTCONN 30
#define SO_SNDBUFFORCE 32
#define SO_RCVBUFFORCE 33
#define SO_PASSSEC 34
#define SO_TIMESTAMPNS 35
#define SO_PROTOCOL 38
#define SO_DOMAIN 39
#define SO_RXQ_OVFL 40
#define SO_RCVTIMEO_NEW 66
#define SO_SNDTIMEO_NEW 67

#define RCVBUF_MIN 2240u /* the smallest message of a network, in memory */
#define SNDBUF_MIN (2 * RCVBUF_MIN)
#define BUF_MAX 180224u

static bool is_remembered(int name)
{
	static const u64 names = 1ull << SO_DEBUG | 1ull << SO_REUSEADDR |
				 1ull << SO_DONTROUTE | 1ull << SO_BROADCAST |
				 1ull << SO_KEEPALIVE | 1ull << SO_NO_CHECK |
				 1ull << SO_PRIORITY | 1ull << SO_TIMESTAMP |
				 1ull << SO_TIMESTAMPNS | 1ull << SO_PASSSEC |
				 1ull << SO_RXQ_OVFL;

	return name >= 0 && name < 64 && (names >> name) & 1;
}

/* ---- times ---- */

static u64 *timeout_of(struct unix_sock *s, int name)
{
	return name == SO_RCVTIMEO || name == SO_RCVTIMEO_NEW ? &s->rcvtimeo :
								&s->sndtimeo;
}

static bool is_wide(int name)
{
	return name == SO_RCVTIMEO_NEW || name == SO_SNDTIMEO_NEW;
}

static u32 put_timeout(u64 ns, bool wide, s32 *v)
{
	u64 us = ns == NEVER ? 0 : ns / NSEC_PER_USEC;
	s32 sec = (s32)(us / 1000000), rest = (s32)(us % 1000000);

	v[0] = sec;
	v[wide ? 2 : 1] = rest;
	if (!wide)
		return 8;
	v[1] = 0;
	v[3] = 0;
	return 16;
}

static int get_timeout(u64 *ns, const void __user *value, u32 len, bool wide)
{
	struct {
		s64 sec, usec;
	} w;
	s32 t[2];

	if (len < (wide ? sizeof(w) : sizeof(t)))
		return -EINVAL;
	if (!wide) {
		if (copy_from_user(t, value, sizeof(t)))
			return -EFAULT;
		w.sec = t[0];
		w.usec = t[1];
	} else if (copy_from_user(&w, value, sizeof(w))) {
		return -EFAULT;
	}
	if (w.usec < 0 || w.usec >= 1000000)
		return -EDOM;
	if (w.sec < 0)
		*ns = 0;
	else if (w.sec > 0x7fffffff || (!w.sec && !w.usec))
		*ns = NEVER;
	else
		*ns = ((u64)w.sec * 1000000 + (u64)w.usec) * NSEC_PER_USEC;
	return 0;
}

/* ---- getsockopt ---- */

static int get_word(struct unix_sock *s, int name, s32 *value)
{
	switch (name) {
	case SO_TYPE:
		*value = s->type;
		return 0;
	case SO_ERROR:
		*value = s->error;
		s->error = 0;
		return 0;
	case SO_SNDBUF:
		*value = (s32)s->sndbuf;
		return 0;
	case SO_RCVBUF:
		*value = (s32)s->rcvbuf;
		return 0;
	case SO_ACCEPTCONN:
		*value = s->listening;
		return 0;
	case SO_DOMAIN:
	case SO_RCVLOWAT:
	case SO_SNDLOWAT:
		*value = 1; /* AF_UNIX; a byte */
		return 0;
	case SO_PROTOCOL:
		*value = 0;
		return 0;
	case SO_PASSCRED:
		*value = s->passcred;
		return 0;
	case SO_OOBINLINE:
		*value = s->oobinline;
		return 0;
	}
	if (!is_remembered(name))
		return -ENOPROTOOPT;
	*value = (s32)(s->remembered >> name & 1);
	return 0;
}

/**
 * get_sockopt() - an option's value
 * @s: the socket
 * @name: SO_*
 * @value: 16 bytes, filled
 * @size: out: how many of them
 *
 * Return: 0 or -ENOPROTOOPT.
 */
int get_sockopt(struct unix_sock *s, int name, void *value, u32 *size)
{
	switch (name) {
	case SO_PEERCRED:
		*(struct ucred *)value = s->peer_cred;
		*size = sizeof(s->peer_cred);
		return 0;
	case SO_LINGER:
		memcpy(value, s->linger, sizeof(s->linger));
		*size = sizeof(s->linger);
		return 0;
	case SO_RCVTIMEO:
	case SO_SNDTIMEO:
	case SO_RCVTIMEO_NEW:
	case SO_SNDTIMEO_NEW:
		*size = put_timeout(*timeout_of(s, name), is_wide(name), value);
		return 0;
	}
	*size = sizeof(s32);
	return get_word(s, name, value);
}

/* ---- setsockopt ---- */

static int set_linger(struct unix_sock *s, const void __user *value, u32 len)
{
	if (len < sizeof(s->linger))
		return -EINVAL;
	return copy_from_user(s->linger, value, sizeof(s->linger)) ? -EFAULT :
								     0;
}

static bool is_force(int name)
{
	return name == SO_SNDBUFFORCE || name == SO_RCVBUFFORCE;
}

/* Twice what a program asks for, which has a limit unless it insists. */
static u32 buffer_size(int name, s32 v)
{
	if (is_force(name))
		return (u32)clamp(v, 0, 0x3fffffff) * 2;
	return min((u32)v, BUF_MAX) * 2;
}

static int set_word(struct unix_sock *s, int name, s32 v)
{
	switch (name) {
	case SO_SNDBUF:
	case SO_SNDBUFFORCE:
		s->sndbuf = max(buffer_size(name, v), SNDBUF_MIN);
		wake_up(&s->wait);
		return 0;
	case SO_RCVBUF:
	case SO_RCVBUFFORCE:
		s->rcvbuf = max(buffer_size(name, v), RCVBUF_MIN);
		return 0;
	case SO_PASSCRED:
		s->passcred = v != 0;
		return 0;
	case SO_OOBINLINE:
		s->oobinline = v != 0;
		return 0;
	case SO_RCVLOWAT:
		return 0;
	}
	if (!is_remembered(name))
		return -ENOPROTOOPT;
	s->remembered &= ~(1ull << name);
	s->remembered |= (u64)(v != 0) << name;
	return 0;
}

/**
 * set_sockopt() - change an option
 * @s: the socket
 * @name: SO_*
 * @value: the program's
 * @len: bytes there
 *
 * Context: may sleep. Return: 0 or -errno.
 */
int set_sockopt(struct unix_sock *s, int name, const void __user *value,
		u32 len)
{
	s32 v;

	if (len < sizeof(v))
		return -EINVAL;
	if (get_user(v, (const s32 __user *)value))
		return -EFAULT;
	if (is_force(name) && !capable(CAP_NET_ADMIN))
		return -EPERM;
	switch (name) {
	case SO_LINGER:
		return set_linger(s, value, len);
	case SO_RCVTIMEO:
	case SO_SNDTIMEO:
	case SO_RCVTIMEO_NEW:
	case SO_SNDTIMEO_NEW:
		return get_timeout(timeout_of(s, name), value, len,
				   is_wide(name));
	}
	return set_word(s, name, v);
}
