/* SPDX-License-Identifier: MIT */
/*
 * SysV message queues.
 *
 *   msg_queue ── messages: msg_msg ⇄ msg_msg ⇄ …   oldest first; each with a
 *       │                                           type, 1 or more
 *       ├── senders, receivers: who waits for room, for a message
 *       └── cbytes <= qbytes, qnum <= qbytes
 *
 * A task that waits holds a reference: a queue that is removed is freed by the
 * last one that finds that out (perm.refs).
 *
 * Locks: none; a message is copied from and to programs while it is in no
 * queue, for that may sleep.
 *
 * Simpler than in Linux: a sender does not hand its message to a receiver,
 * it wakes all that wait, and they look again.
 */
#include <ashlar/err.h>
#include <ashlar/list.h>
#include <ashlar/seq_file.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <ashlar/vmalloc.h>
#include <kernel/ipc/ipc.h>
#include <kernel/ipc/util.h>
#include <kernel/sched/wait.h>
#include <kernel/signal/signal.h>
#include <kernel/syscall.h>
#include <kernel/task/cred.h>

#define MSG_NOERROR 010000u /* a message may be cut */
#define MSG_EXCEPT 020000u /* any type but this */
#define MSG_COPY 040000u /* the message stays; its place, not its type */
#define MSG_STAT 11u
#define MSG_INFO 12u
#define MSG_STAT_ANY 13u

#define MSGSSZ 16 /* what Linux says of segments that it does not have */
#define MSGSEG 0xffff

struct msg_msg {
	struct list_head list;
	s32 type;
	u32 size; /* bytes of text */
	u8 text[];
};

struct msg_queue {
	struct kern_ipc_perm perm; /* first */
	s64 stime, rtime, ctime; /* s since 1970 */
	u32 cbytes, qnum; /* bytes, messages that wait */
	u32 qbytes; /* at most */
	pid_t lspid, lrpid;
	struct list_head messages;
	struct wait_queue_head senders, receivers;
};

struct msqid64_ds {
	struct ipc64_perm perm;
	u32 stime, stime_high, rtime, rtime_high, ctime, ctime_high;
	u32 cbytes, qnum, qbytes;
	s32 lspid, lrpid;
	u32 unused[2];
};

struct msqid_ds { /* ipc(2) without IPC_64 */
	struct ipc_perm perm;
	u32 pointers[2];
	s32 stime, rtime, ctime;
	u32 lcbytes, lqbytes;
	u16 cbytes, qnum, qbytes;
	u16 lspid, lrpid;
};

struct ipc_ids msg_ids;
static u32 msg_bytes, msg_hdrs; /* in all queues */

int msg_ctlmax = 8192;
int msg_ctlmnb = 16384;
int msg_ctlmni = 32000;

static struct msg_queue *find_queue(int id)
{
	return (struct msg_queue *)ipc_find_id(&msg_ids, id);
}

/* ---- life of a queue ---- */

static long new_queue(s32 key, u32 flg)
{
	struct msg_queue *q = kzalloc(sizeof(*q), GFP_KERNEL);
	int id;

	if (!q)
		return -ENOMEM;
	ipc_init_perm(&q->perm, key, flg);
	INIT_LIST_HEAD(&q->messages);
	init_waitqueue_head(&q->senders);
	init_waitqueue_head(&q->receivers);
	q->qbytes = (u32)msg_ctlmnb;
	q->ctime = ipc_seconds();
	id = ipc_add(&msg_ids, &q->perm, msg_ctlmni);
	if (id < 0)
		kfree(q);
	return id;
}

static long try_msgget(s32 key, u32 flg)
{
	struct kern_ipc_perm *perm = ipc_find_key(&msg_ids, key);
	int err;

	if (!perm) {
		if (key != IPC_PRIVATE && !(flg & IPC_CREAT))
			return -ENOENT;
		return new_queue(key, flg);
	}
	if ((flg & IPC_CREAT) && (flg & IPC_EXCL))
		return -EEXIST;
	err = ipcperms(perm, flg);
	return err ? err : (long)perm->id;
}

/**
 * ksys_msgget() - msgget(2)
 */
long ksys_msgget(s32 key, u32 flg)
{
	long ret;

	do {
		ret = try_msgget(key, flg);
	} while (ret == -EBUSY);
	return ret;
}

static void take_message(struct msg_queue *q, struct msg_msg *msg)
{
	list_del(&msg->list);
	q->qnum--;
	q->cbytes -= msg->size;
	msg_hdrs--;
	msg_bytes -= msg->size;
}

static void remove_queue(struct msg_queue *q)
{
	struct msg_msg *msg, *next;

	ipc_remove(&msg_ids, &q->perm);
	list_for_each_entry_safe(msg, next, &q->messages, list) {
		take_message(q, msg);
		kvfree(msg);
	}
	wake_up(&q->senders);
	wake_up(&q->receivers);
	ipc_put(&q->perm);
}

/*
 * Sleep until @wait of @q is woken. Return: 0; -EIDRM if @q was removed; or
 * -ERESTARTNOHAND if a signal came.
 */
static int wait_on_queue(struct msg_queue *q, struct wait_queue_head *wait)
{
	struct wait_queue_entry w;
	int err = 0;

	init_wait_entry(&w);
	atomic_inc(&q->perm.refs);
	prepare_to_wait(wait, &w, TASK_INTERRUPTIBLE);
	schedule();
	finish_wait(wait, &w);
	if (q->perm.deleted)
		err = -EIDRM;
	else if (signal_pending(current))
		err = -ERESTARTNOHAND;
	ipc_put(&q->perm);
	return err;
}

/* ---- sending ---- */

static bool has_room(const struct msg_queue *q, u32 size)
{
	return q->cbytes + size <= q->qbytes && q->qnum + 1 <= q->qbytes;
}

static long send_message(int id, struct msg_msg *msg, u32 flg)
{
	struct msg_queue *q = find_queue(id);
	int err;

	if (IS_ERR(q))
		return PTR_ERR(q);
	for (;;) {
		err = ipcperms(&q->perm, S_IWUGO);
		if (err)
			return err;
		if (has_room(q, msg->size))
			break;
		if (flg & IPC_NOWAIT)
			return -EAGAIN;
		err = wait_on_queue(q, &q->senders);
		if (err)
			return err;
	}
	list_add_tail(&msg->list, &q->messages);
	q->qnum++;
	q->cbytes += msg->size;
	msg_hdrs++;
	msg_bytes += msg->size;
	q->lspid = current->tgid;
	q->stime = ipc_seconds();
	wake_up(&q->receivers);
	return 0;
}

/**
 * ksys_msgsnd() - msgsnd(2)
 * @msgp: the type, then the text
 * @size: bytes of text
 */
long ksys_msgsnd(int id, void __user *msgp, s32 size, u32 flg)
{
	struct msg_msg *msg;
	s32 type;
	long err;

	if (get_user(type, (s32 __user *)msgp))
		return -EFAULT;
	if (size > msg_ctlmax || size < 0 || id < 0 || type < 1)
		return -EINVAL;
	msg = kvmalloc(sizeof(*msg) + (u32)size, GFP_KERNEL);
	if (!msg)
		return -ENOMEM;
	msg->type = type;
	msg->size = (u32)size;
	err = -EFAULT;
	if (!copy_from_user(msg->text, (char *)msgp + 4, (u32)size))
		err = send_message(id, msg, flg);
	if (err)
		kvfree(msg);
	return err;
}

/* ---- receiving ---- */

static bool is_wanted(const struct msg_msg *msg, s32 type, u32 flg)
{
	if (!type || type < 0)
		return true;
	return flg & MSG_EXCEPT ? msg->type != type : msg->type == type;
}

/* The message at place @n of the queue, or NULL. */
static struct msg_msg *nth_message(struct msg_queue *q, s32 n)
{
	struct msg_msg *msg;
	s32 i = 0;

	list_for_each_entry(msg, &q->messages, list) {
		if (i++ == n)
			return msg;
	}
	return NULL;
}

/* The first of a type; @type < 0: the first of the lowest up to -@type. */
static struct msg_msg *find_message(struct msg_queue *q, s32 type, u32 flg)
{
	s32 limit = type == (s32)0x80000000 ? 0x7fffffff : -type;
	struct msg_msg *msg, *best = NULL;

	if (flg & MSG_COPY)
		return nth_message(q, type);
	list_for_each_entry(msg, &q->messages, list) {
		if (!is_wanted(msg, type, flg))
			continue;
		if (type >= 0)
			return msg;
		if (msg->type <= limit && (!best || msg->type < best->type))
			best = msg;
	}
	return best;
}

/* Take a message out of the queue, or copy one that stays there. */
static struct msg_msg *receive(struct msg_queue *q, struct msg_msg *msg,
			       struct msg_msg *copy)
{
	if (copy) {
		if (copy->size < msg->size)
			return ERR_PTR(-EINVAL);
		copy->type = msg->type;
		copy->size = msg->size;
		memcpy(copy->text, msg->text, msg->size);
		return copy;
	}
	take_message(q, msg);
	q->lrpid = current->tgid;
	q->rtime = ipc_seconds();
	wake_up(&q->senders);
	return msg;
}

static struct msg_msg *get_message(int id, u32 size, s32 type, u32 flg,
				   struct msg_msg *copy)
{
	struct msg_queue *q = find_queue(id);
	struct msg_msg *msg;
	int err;

	if (IS_ERR(q))
		return (void *)q;
	for (;;) {
		err = ipcperms(&q->perm, S_IRUGO);
		if (err)
			return ERR_PTR(err);
		msg = find_message(q, type, flg);
		if (msg && size < msg->size && !(flg & MSG_NOERROR))
			return ERR_PTR(-E2BIG);
		if (msg)
			return receive(q, msg, copy);
		if (flg & IPC_NOWAIT)
			return ERR_PTR(-ENOMSG);
		err = wait_on_queue(q, &q->receivers);
		if (err)
			return ERR_PTR(err);
	}
}

static struct msg_msg *prepare_copy(u32 size, u32 flg)
{
	struct msg_msg *copy;

	if (flg & MSG_EXCEPT || !(flg & IPC_NOWAIT))
		return ERR_PTR(-EINVAL);
	size = min(size, (u32)msg_ctlmax);
	copy = kvmalloc(sizeof(*copy) + size, GFP_KERNEL);
	if (!copy)
		return ERR_PTR(-ENOMEM);
	copy->size = size;
	return copy;
}

/**
 * ksys_msgrcv() - msgrcv(2)
 * @msgp: where the type goes, then the text
 * @size: room for so many bytes of text
 * @type: see find_message()
 */
long ksys_msgrcv(int id, void __user *msgp, s32 size, s32 type, u32 flg)
{
	struct msg_msg *msg, *copy = NULL;
	u32 n;
	long ret;

	if (id < 0 || size < 0)
		return -EINVAL;
	if (flg & MSG_COPY)
		copy = prepare_copy((u32)size, flg);
	if (IS_ERR(copy))
		return PTR_ERR(copy);
	msg = get_message(id, (u32)size, type, flg, copy);
	if (IS_ERR(msg)) {
		kvfree(copy);
		return PTR_ERR(msg);
	}
	n = min((u32)size, msg->size);
	ret = (long)n;
	if (put_user(msg->type, (s32 __user *)msgp) ||
	    copy_to_user((char *)msgp + 4, msg->text, n))
		ret = -EFAULT;
	kvfree(msg);
	return ret;
}

/* ---- msgctl ---- */

static void fill_msqid64(struct msqid64_ds *d, const struct msg_queue *q)
{
	memset(d, 0, sizeof(*d));
	ipc_fill_perm(&d->perm, &q->perm);
	d->stime = (u32)q->stime;
	d->stime_high = (u32)(q->stime >> 32);
	d->rtime = (u32)q->rtime;
	d->rtime_high = (u32)(q->rtime >> 32);
	d->ctime = (u32)q->ctime;
	d->ctime_high = (u32)(q->ctime >> 32);
	d->cbytes = q->cbytes;
	d->qnum = q->qnum;
	d->qbytes = q->qbytes;
	d->lspid = q->lspid;
	d->lrpid = q->lrpid;
}

static void fill_msqid(struct msqid_ds *o, const struct msg_queue *q)
{
	memset(o, 0, sizeof(*o));
	ipc_fill_old_perm(&o->perm, &q->perm);
	o->stime = (s32)q->stime;
	o->rtime = (s32)q->rtime;
	o->ctime = (s32)q->ctime;
	o->lcbytes = q->cbytes;
	o->lqbytes = q->qbytes;
	o->cbytes = (u16)min(q->cbytes, 0xffffu);
	o->qnum = (u16)min(q->qnum, 0xffffu);
	o->qbytes = (u16)min(q->qbytes, 0xffffu);
	o->lspid = (u16)q->lspid;
	o->lrpid = (u16)q->lrpid;
}

static long put_msqid(void __user *buf, const struct msg_queue *q, bool old)
{
	struct msqid64_ds d;
	struct msqid_ds o;

	fill_msqid64(&d, q);
	fill_msqid(&o, q);
	if (old)
		return copy_to_user(buf, &o, sizeof(o)) ? -EFAULT : 0;
	return copy_to_user(buf, &d, sizeof(d)) ? -EFAULT : 0;
}

static long msgctl_stat(int id, u32 cmd, void __user *buf, bool old)
{
	struct msg_queue *q;
	long err = 0, ret = 0;

	if (cmd == IPC_STAT) {
		q = find_queue(id);
		if (IS_ERR(q))
			return PTR_ERR(q);
	} else {
		q = (struct msg_queue *)ipc_find_index(&msg_ids, id);
		if (!q)
			return -EINVAL;
		ret = (long)q->perm.id;
	}
	if (cmd != MSG_STAT_ANY)
		err = ipcperms(&q->perm, S_IRUGO);
	if (!err)
		err = put_msqid(buf, q, old);
	return err ? err : ret;
}

static long msgctl_info(u32 cmd, void __user *buf)
{
	u32 mnb = (u32)msg_ctlmnb, mni = (u32)msg_ctlmni;
	u32 info[8] = { mni * (mnb / 1024),
			mnb,
			(u32)msg_ctlmax,
			mnb,
			mni,
			MSGSSZ,
			mnb,
			MSGSEG };

	if (cmd == MSG_INFO) {
		info[0] = (u32)msg_ids.in_use;
		info[1] = msg_hdrs;
		info[6] = msg_bytes;
	}
	if (copy_to_user(buf, info, sizeof(info)))
		return -EFAULT;
	return ipc_max_index(&msg_ids);
}

/* Owner, permissions and qbytes, from either form. */
static long get_msqid(const void __user *buf, struct ipc64_perm *perm,
		      u32 *qbytes, bool old)
{
	struct msqid64_ds d;
	struct msqid_ds o;
	long err = ipc_get_perm(buf, perm, old);

	if (err)
		return err;
	if (!old) {
		if (copy_from_user(&d, buf, sizeof(d)))
			return -EFAULT;
		*qbytes = d.qbytes;
		return 0;
	}
	if (copy_from_user(&o, buf, sizeof(o)))
		return -EFAULT;
	*qbytes = o.qbytes ? o.qbytes : o.lqbytes;
	return 0;
}

static long msgctl_set(int id, const void __user *buf, bool old)
{
	struct msg_queue *q;
	struct ipc64_perm perm;
	u32 qbytes;
	long err = get_msqid(buf, &perm, &qbytes, old);

	if (err)
		return err;
	q = find_queue(id);
	if (IS_ERR(q))
		return PTR_ERR(q);
	err = ipc_may_change(&q->perm);
	if (err)
		return err;
	if (qbytes > (u32)msg_ctlmnb && !capable(CAP_SYS_RESOURCE))
		return -EPERM;
	err = ipc_set_perm(&q->perm, perm.uid, perm.gid, perm.mode);
	if (err)
		return err;
	q->qbytes = qbytes;
	q->ctime = ipc_seconds();
	/* There may be more room now, and waiting may be forbidden now. */
	wake_up(&q->senders);
	wake_up(&q->receivers);
	return 0;
}

static long msgctl_rmid(int id)
{
	struct msg_queue *q = find_queue(id);
	int err;

	if (IS_ERR(q))
		return PTR_ERR(q);
	err = ipc_may_change(&q->perm);
	if (!err)
		remove_queue(q);
	return err;
}

/**
 * ksys_msgctl() - msgctl(2)
 * @old: structures have 16-bit ids
 */
long ksys_msgctl(int id, u32 cmd, void __user *buf, bool old)
{
	if (id < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_INFO:
	case MSG_INFO:
		return msgctl_info(cmd, buf);
	case IPC_STAT:
	case MSG_STAT:
	case MSG_STAT_ANY:
		return msgctl_stat(id, cmd, buf, old);
	case IPC_SET:
		return msgctl_set(id, buf, old);
	case IPC_RMID:
		return msgctl_rmid(id);
	}
	return -EINVAL;
}

/* ---- system calls ---- */

SYSCALL_DEFINE(msgget, s32 key, u32 flg)
{
	return ksys_msgget(key, flg);
}

SYSCALL_DEFINE(msgctl, int id, u32 cmd, void __user *buf)
{
	return ksys_msgctl(id, cmd, buf, false);
}

SYSCALL_DEFINE(msgsnd, int id, void __user *msgp, s32 size, u32 flg)
{
	return ksys_msgsnd(id, msgp, size, flg);
}

SYSCALL_DEFINE(msgrcv, int id, void __user *msgp, s32 size, s32 type, u32 flg)
{
	return ksys_msgrcv(id, msgp, size, type, flg);
}

/* ---- reports ---- */

/**
 * show_sysvipc_msg() - /proc/sysvipc/msg
 * @m: where to
 * @unused: nothing
 *
 * Return: 0.
 */
int show_sysvipc_msg(struct seq_file *m, void *unused)
{
	struct msg_queue *q;
	unsigned long i;

	(void)unused;
	seq_puts(m, "       key      msqid perms      cbytes       qnum lspid"
		    " lrpid   uid   gid  cuid  cgid      stime      rtime"
		    "      ctime\n");
	ipc_for_each(&msg_ids, i, q)
	{
		const struct kern_ipc_perm *p = &q->perm;

		seq_printf(m, "%10d %10d  %4o  %10u %10u %5u %5u ", p->key,
			   (int)p->id, p->mode, q->cbytes, q->qnum,
			   (u32)q->lspid, (u32)q->lrpid);
		seq_printf(m, "%5u %5u %5u %5u %10llu %10llu %10llu\n", p->uid,
			   p->gid, p->cuid, p->cgid,
			   (unsigned long long)q->stime,
			   (unsigned long long)q->rtime,
			   (unsigned long long)q->ctime);
	}
	return 0;
}

/**
 * msg_init() - no queues yet
 */
void msg_init(void)
{
	ipc_init_ids(&msg_ids);
}
