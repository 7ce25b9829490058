/* SPDX-License-Identifier: MIT */
/*
 * Sockets within the machine (AF_UNIX), between socket.c, which reads the
 * system calls' arguments, and unix.c and unix_*.c, which move the bytes.
 */
#ifndef KERNEL_NET_UNIX_H
#define KERNEL_NET_UNIX_H

#include <ashlar/atomic.h>
#include <ashlar/fs.h>
#include <ashlar/list.h>
#include <ashlar/rbtree.h>
#include <ashlar/uio.h>
#include <kernel/fs/path.h>
#include <kernel/sched/wait.h>
#include <mach/uaccess.h>

#define AF_UNSPEC 0
#define AF_UNIX 1
#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define SOCK_RAW 3
#define SOCK_SEQPACKET 5
#define SOCK_MAX 11

#define MSG_OOB 0x1u
#define MSG_PEEK 0x2u
#define MSG_CTRUNC 0x8u
#define MSG_TRUNC 0x20u
#define MSG_DONTWAIT 0x40u
#define MSG_WAITALL 0x100u
#define MSG_NOSIGNAL 0x4000u
#define MSG_CMSG_CLOEXEC 0x40000000u

#define SCM_MAX_FD 253

#define SOCKADDR_UN_SIZE 110u /* bytes that a program may pass */

struct sockaddr_un {
	u16 sun_family;
	char sun_path[109]; /* a program's 108 bytes need not end with 0 */
};

struct unix_address {
	u32 len; /* of what a program gave or gets; 2: no name */
	struct sockaddr_un name;
};

struct ucred {
	s32 pid;
	u32 uid, gid;
};

/* What one message carries besides its bytes. */
struct scm_files {
	unsigned int count, users; /* files; messages and readers */
	struct scm_files *next; /* of those about to go */
	struct file *file[]; /* with references */
};

struct scm {
	struct ucred cred; /* who sent it */
	struct scm_files *files; /* NULL: none */
};

struct user_msghdr { /* as programs pass it */
	u32 name, namelen, iov, iovlen, control, controllen, flags;
};

struct unix_sock {
	atomic_t count; /* its file, who is connected to it, lists */
	u8 type; /* SOCK_* */
	bool listening, shut_read, shut_write;
	bool closed; /* its file is gone */
	bool passcred; /* SO_PASSCRED: its reader is told who sent */
	bool oobinline; /* SO_OOBINLINE: the urgent byte is one of many */
	int error; /* told once */
	struct unix_sock *peer; /* with a reference */
	struct file *file; /* NULL: none yet, or closed */
	struct list_head queue; /* unix_msg, oldest first */
	struct unix_msg *oob; /* of them, the urgent byte, or NULL */
	u32 queued; /* bytes in it */
	u32 wmem; /* what its messages count for, wherever they wait */
	u32 nr_queued, max_queued; /* messages, datagrams that may wait */
	u32 sndbuf, rcvbuf; /* SO_SNDBUF, what wmem may be; … */
	u64 rcvtimeo, sndtimeo; /* ns; NEVER */
	u64 remembered; /* options without effect, bits */
	s32 linger[2]; /* one more */
	struct list_head pending; /* listening: sockets to be accepted */
	struct list_head pending_entry;
	u32 npending, backlog;
	struct wait_queue_head wait; /* anything happened to it */
	struct list_head fasync; /* its file, with O_ASYNC */
	bool async_nospace; /* and that wants to hear of room */
	u32 nr_waiting; /* readers of a stream that sleep need no signal */
	struct wait_queue_head room; /* of others: it has taken something */
	struct wait_queue_entry peer_room; /* on its peer's; see unix_poll */
	struct rw_semaphore bind_lock; /* whoever gives it a name */
	struct unix_address addr; /* changes once: from none */
	struct rb_node bound; /* abstract_names */
	bool has_abstract; /* it is there */
	struct path path; /* of a bound name; dentry NULL: none */
	struct ucred cred, peer_cred;
};

extern const struct file_operations unix_fops;
extern int sysctl_max_dgram_qlen;

struct unix_sock *unix_alloc(int type); /* ERR_PTR */
void unix_put(struct unix_sock *s);
void unix_close(struct unix_sock *s);
void unix_pair(struct unix_sock *a, struct unix_sock *b);
int unix_bind(struct unix_sock *s, const struct unix_address *addr);
int unix_listen(struct unix_sock *s, int backlog);
int unix_connect(struct unix_sock *s, const struct unix_address *addr,
		 bool nonblock);
struct unix_sock *unix_accept(struct unix_sock *s, bool nonblock);
int unix_shutdown(struct unix_sock *s, int how);
/*
 * @addr NULL: to the peer. @scm NULL: from the running task, and no files;
 * its files are taken over unless -errno is returned.
 */
ssize_t unix_send(struct unix_sock *s, struct iov_iter *from,
		  const struct unix_address *addr, const struct scm *scm,
		  u32 flags);
/*
 * @flags: in MSG_*, out what became of it; @from and @scm may be NULL. Files
 * in @scm are the caller's.
 */
ssize_t unix_recv(struct unix_sock *s, struct iov_iter *to, u32 *flags,
		  struct unix_address *from, struct scm *scm);

/* sockopt.c */
int get_sockopt(struct unix_sock *s, int name, void *value, u32 *size);
int set_sockopt(struct unix_sock *s, int name, const void __user *value,
		u32 len);

/* scm.c */
void scm_own(struct scm *scm);
int scm_send(struct scm *scm, const struct user_msghdr *h);
u32 scm_recv(const struct scm *scm, const struct user_msghdr *h, bool creds,
	     u32 flags, u32 *out);
void scm_free(struct scm_files *files);
bool scm_would_circle(const struct scm_files *files,
		      const struct unix_sock *to);

/* A message in a socket's queue. */
struct unix_msg {
	struct list_head list;
	u32 len, off; /* bytes; of them read */
	u32 truesize; /* in its sender's wmem */
	struct unix_sock *sender; /* with a reference */
	struct unix_address from;
	struct scm scm;
	char data[];
};

#endif
