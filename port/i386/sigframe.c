/* SPDX-License-Identifier: MIT */
/*
 * Handlers: what lies on a program's stack while one runs, as on i386 Linux.
 *
 *      old sp ──►  what the program was doing
 *                  ┌───────────────────────────┐
 *                  │ fpstate: 108 bytes fsave, │ 624 bytes, fxsave part
 *                  │ status, magic, 512 fxsave │ 64-aligned
 *                  ├───────────────────────────┤
 *                  │ retcode                   │ code, if no SA_RESTORER
 *                  │ siginfo, ucontext         │ rt_sigframe
 *                  │   or sigcontext           │ sigframe
 *                  │ arguments                 │
 *      new sp ──►  │ pretcode: where to return │ (sp + 4) % 16 = 0
 *                  └───────────────────────────┘
 *
 * A handler starts with fresh FPU and SSE registers, whatever it interrupts:
 * its arithmetic is its own. One that puts 0 in place of the frame's fpstate
 * leaves the program with fresh ones, too.
 *
 * The handler returns to pretcode, which calls (rt_)sigreturn: the registers
 * come back from the frame. Whatever a program has put there, it gets no
 * more than user selectors and the flags that are its own.
 */
#include <ashlar/string.h>
#include <i386.h>
#include <kernel/signal/signal.h>
#include <kernel/syscall.h>
#include <kernel/task/ptrace.h>
#include <kernel/task/task.h>

#include "local.h"

struct sigcontext {
	u16 gs, gsh, fs, fsh, es, esh, ds, dsh;
	u32 di, si, bp, sp, bx, dx, cx, ax;
	u32 trapno, err, ip;
	u16 cs, csh;
	u32 flags, sp_at_signal;
	u16 ss, ssh;
	u32 fpstate; /* user address */
	u32 oldmask, cr2;
};

struct fsave_state {
	u32 cw, sw, tag, ipoff, cssel, dataoff, datasel;
	u8 st[8][10];
};

struct fpstate {
	struct fsave_state fsave;
	u16 status, magic; /* magic 0: fxsave is there */
	u8 fxsave[512];
};

struct sigframe {
	u32 pretcode;
	s32 sig;
	struct sigcontext sc;
	u8 unused[sizeof(struct fpstate)]; /* where it once was */
	u32 extramask; /* signals 33 … 64 */
	u8 retcode[8];
};

struct ucontext {
	u32 uc_flags, uc_link;
	struct stack_t uc_stack;
	struct sigcontext uc_mcontext;
	sigset_t uc_sigmask;
} __attribute__((packed, aligned(4)));

struct rt_sigframe {
	u32 pretcode;
	s32 sig;
	u32 pinfo, puc;
	struct siginfo info;
	struct ucontext uc;
	u8 retcode[8];
};

_Static_assert(sizeof(struct sigcontext) == 88, "as Linux's");
_Static_assert(sizeof(struct fpstate) == 624, "as Linux's");
_Static_assert(sizeof(struct sigframe) == 732, "as Linux's");
_Static_assert(sizeof(struct siginfo) == 128, "as Linux's");
_Static_assert(sizeof(struct rt_sigframe) == 16 + 128 + 116 + 8, "as Linux's");

/* popl %eax; movl $sigreturn, %eax; int $0x80 */
static const u8 retcode[8] = { 0x58, 0xb8, 119, 0, 0, 0, 0xcd, 0x80 };
/* movl $rt_sigreturn, %eax; int $0x80 */
static const u8 rt_retcode[8] = { 0xb8, 173, 0, 0, 0, 0xcd, 0x80, 0 };

/* The flags that a program may choose: AC OF DF TF SF ZF AF PF CF RF. */
#define FIX_EFLAGS 0x50dd5u

/* ---- the alternate stack ---- */

/**
 * on_sig_stack() - does @sp lie on the running thread's alternate stack?
 */
bool on_sig_stack(u32 sp)
{
	struct task_struct *t = current;

	if (t->sas_ss_flags & SS_AUTODISARM)
		return false;
	return sp > t->sas_ss_sp && sp - t->sas_ss_sp <= t->sas_ss_size;
}

/**
 * sas_ss_flags() - SS_DISABLE, SS_ONSTACK or 0
 */
u32 sas_ss_flags(u32 sp)
{
	if (!current->sas_ss_size)
		return SS_DISABLE;
	return on_sig_stack(sp) ? SS_ONSTACK : 0;
}

/**
 * do_sigaltstack() - change and tell the alternate stack
 * @ss: new one, or NULL
 * @oss: filled with the present one, or NULL
 * @sp: the program's stack pointer
 * @min_size: smallest size
 */
int do_sigaltstack(const struct stack_t *ss, struct stack_t *oss, u32 sp,
		   u32 min_size)
{
	struct task_struct *t = current;
	u32 mode;

	if (oss) {
		oss->ss_sp = t->sas_ss_sp;
		oss->ss_size = t->sas_ss_size;
		oss->ss_flags = (s32)(sas_ss_flags(sp) |
				      (t->sas_ss_flags & SS_AUTODISARM));
	}
	if (!ss)
		return 0;
	if (on_sig_stack(sp))
		return -EPERM;
	mode = (u32)ss->ss_flags & ~SS_AUTODISARM;
	if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0)
		return -EINVAL;
	if (mode != SS_DISABLE && ss->ss_size < min_size)
		return -ENOMEM;
	t->sas_ss_sp = mode == SS_DISABLE ? 0 : ss->ss_sp;
	t->sas_ss_size = mode == SS_DISABLE ? 0 : ss->ss_size;
	t->sas_ss_flags = (u32)ss->ss_flags;
	return 0;
}

SYSCALL_DEFINE(sigaltstack, const struct stack_t __user *uss,
	       struct stack_t __user *uoss)
{
	struct stack_t ss, oss;
	int err;

	if (uss && copy_from_user(&ss, uss, sizeof(ss)))
		return -EFAULT;
	err = do_sigaltstack(uss ? &ss : NULL, uoss ? &oss : NULL,
			     task_pt_regs(current)->sp, MINSIGSTKSZ);
	if (!err && uoss && copy_to_user(uoss, &oss, sizeof(oss)))
		return -EFAULT;
	return err;
}

/* ---- the numeric processor ---- */

/* 8 bits of fxsave's tag word (in use or not) from fsave's 16. */
static u8 fxsave_tag(u32 tag)
{
	u8 out = 0;
	int i;

	for (i = 0; i < 8; i++, tag >>= 2)
		if ((tag & 3) != 3)
			out |= (u8)(1 << i);
	return out;
}

/* The fsave part of a frame is the one that old programs change: it wins.
 * Debuggers write that form, too. */
void merge_fsave(void *to, const void *from)
{
	const struct fsave_state *fs = from;
	u8 *fx = to;
	int i;

	*(u16 *)(fx + 0) = (u16)fs->cw;
	*(u16 *)(fx + 2) = (u16)fs->sw;
	*(u16 *)(fx + 4) = fxsave_tag(fs->tag);
	*(u16 *)(fx + 6) = (u16)(fs->cssel >> 16);
	*(u32 *)(fx + 8) = fs->ipoff;
	*(u32 *)(fx + 12) = fs->cssel & 0xffff;
	*(u32 *)(fx + 16) = fs->dataoff;
	*(u32 *)(fx + 20) = fs->datasel;
	for (i = 0; i < 8; i++)
		memcpy(fx + 32 + 16 * i, fs->st[i], 10);
}

static int save_fpstate(struct fpstate __user *to)
{
	u8 buf[512 + 15];
	u8 *fx = (u8 *)(((unsigned long)buf + 15) & ~15ul);
	struct fsave_state fsave;

	fpu_save(fx);
	fsave_from_fxsave(&fsave, fx);
	if (copy_to_user(&to->fsave, &fsave, sizeof(fsave)) ||
	    put_user(*(u16 *)(fx + 2), &to->status) ||
	    put_user((u16)0, &to->magic) ||
	    copy_to_user(to->fxsave, fx, sizeof(to->fxsave)))
		return -EFAULT;
	return 0;
}

static int restore_fpstate(const struct fpstate __user *from)
{
	u8 buf[512 + 15];
	u8 *fx = (u8 *)(((unsigned long)buf + 15) & ~15ul);
	struct fsave_state fsave;
	u16 magic;

	if (get_user(magic, &from->magic) ||
	    copy_from_user(&fsave, &from->fsave, sizeof(fsave)))
		return -EFAULT;
	fpu_save(fx);
	if (magic == 0 && copy_from_user(fx, from->fxsave, 512))
		return -EFAULT;
	merge_fsave(fx, &fsave);
	fpu_restore(fx);
	return 0;
}

/* ---- building a frame ---- */

/*
 * Room for @size bytes below the stack in use, and for the fpstate above
 * them. The alternate stack must not overflow: 0.
 */
static u32 get_sigframe(struct ksignal *ksig, struct pt_regs *regs, u32 size,
			u32 *fpstate)
{
	u32 sp = regs->sp;
	bool nested = on_sig_stack(sp), entering = false;

	if (ksig->ka.sa_flags & SA_ONSTACK) {
		entering = sas_ss_flags(sp) == 0;
		if (entering)
			sp = current->sas_ss_sp + current->sas_ss_size;
	} else if (!nested && regs->ss != __USER_DS &&
		   !(ksig->ka.sa_flags & SA_RESTORER) && ksig->ka.sa_restorer) {
		sp = ksig->ka.sa_restorer; /* a stack of older days */
	}
	sp = ((sp - 512) & ~63u) - (sizeof(struct fpstate) - 512);
	*fpstate = sp;
	sp = ((sp - size + 4) & ~15u) - 4;
	if ((nested || entering) &&
	    (sp <= current->sas_ss_sp ||
	     sp - current->sas_ss_sp > current->sas_ss_size))
		return 0;
	return sp;
}

static void fill_sigcontext(struct sigcontext *sc, const struct pt_regs *regs,
			    u32 fpstate)
{
	const struct thread_struct *th = &current->thread;

	*sc = (struct sigcontext){
		.gs = (u16)regs->gs,
		.fs = (u16)regs->fs,
		.es = (u16)regs->es,
		.ds = (u16)regs->ds,
		.di = regs->di,
		.si = regs->si,
		.bp = regs->bp,
		.sp = regs->sp,
		.bx = regs->bx,
		.dx = regs->dx,
		.cx = regs->cx,
		.ax = regs->ax,
		.trapno = th->trap_nr,
		.err = th->error_code,
		.ip = regs->ip,
		.cs = (u16)regs->cs,
		.flags = regs->flags,
		.sp_at_signal = regs->sp,
		.ss = (u16)regs->ss,
		.fpstate = fpstate,
		.oldmask = (u32)(current->restore_sigmask ?
					 current->saved_sigmask :
					 current->blocked),
		.cr2 = th->cr2,
	};
}

static sigset_t mask_to_save(void)
{
	return current->restore_sigmask ? current->saved_sigmask :
					  current->blocked;
}

static u32 return_address(const struct ksignal *ksig, const u8 __user *code)
{
	return ksig->ka.sa_flags & SA_RESTORER ? ksig->ka.sa_restorer :
						 (u32)(unsigned long)code;
}

static int setup_old(struct ksignal *ksig, struct sigframe __user *frame,
		     const struct pt_regs *regs, u32 fpstate)
{
	struct {
		u32 pretcode;
		s32 sig;
		struct sigcontext sc;
	} head;

	head.pretcode = return_address(ksig, frame->retcode);
	head.sig = ksig->sig;
	fill_sigcontext(&head.sc, regs, fpstate);
	if (copy_to_user(frame, &head, sizeof(head)) ||
	    put_user((u32)(mask_to_save() >> 32), &frame->extramask) ||
	    copy_to_user(frame->retcode, retcode, sizeof(retcode)))
		return -EFAULT;
	return 0;
}

static int setup_rt(struct ksignal *ksig, struct rt_sigframe __user *frame,
		    const struct pt_regs *regs, u32 fpstate)
{
	struct rt_sigframe f;
	struct task_struct *t = current;

	f.pretcode = return_address(ksig, frame->retcode);
	f.sig = ksig->sig;
	f.pinfo = (u32)(unsigned long)&frame->info;
	f.puc = (u32)(unsigned long)&frame->uc;
	f.info = ksig->info;
	f.uc.uc_flags = 0;
	f.uc.uc_link = 0;
	f.uc.uc_stack.ss_sp = t->sas_ss_sp;
	f.uc.uc_stack.ss_flags = (s32)t->sas_ss_flags;
	f.uc.uc_stack.ss_size = t->sas_ss_size;
	fill_sigcontext(&f.uc.uc_mcontext, regs, fpstate);
	f.uc.uc_sigmask = mask_to_save();
	memcpy(f.retcode, rt_retcode, sizeof(rt_retcode));
	if (copy_to_user(frame, &f, sizeof(f)))
		return -EFAULT;
	if (t->sas_ss_flags & SS_AUTODISARM) {
		t->sas_ss_sp = 0;
		t->sas_ss_size = 0;
		t->sas_ss_flags = SS_DISABLE;
	}
	return 0;
}

/**
 * setup_rt_frame() - make the program's next step @ksig's handler
 *
 * Return: 0, or -EFAULT if there is no room on its stack.
 */
int setup_rt_frame(struct ksignal *ksig, struct pt_regs *regs)
{
	bool info = ksig->ka.sa_flags & SA_SIGINFO;
	u32 fpstate;
	u32 sp = get_sigframe(ksig, regs,
			      info ? sizeof(struct rt_sigframe) :
				     sizeof(struct sigframe),
			      &fpstate);
	struct rt_sigframe *frame = (void *)(unsigned long)sp;
	int err;

	if (!sp || save_fpstate((void *)(unsigned long)fpstate))
		return -EFAULT;
	err = info ? setup_rt(ksig, frame, regs, fpstate) :
		     setup_old(ksig, (void *)frame, regs, fpstate);
	if (err)
		return err;
	regs->sp = sp;
	regs->ip = ksig->ka.sa_handler;
	regs->ax = (u32)ksig->sig;
	regs->dx = info ? (u32)(unsigned long)&frame->info : 0;
	regs->cx = info ? (u32)(unsigned long)&frame->uc : 0;
	regs->ds = __USER_DS;
	regs->es = __USER_DS;
	regs->ss = __USER_DS;
	regs->cs = __USER_CS;
	regs->flags &= ~(X86_EFLAGS_DF | X86_EFLAGS_RF | X86_EFLAGS_TF |
			 X86_EFLAGS_VM);
	fpu_flush();
	return 0;
}

/* ---- coming back ---- */

/* A null selector stays null; any other is made one of ring 3. */
static u32 user_selector(u16 sel)
{
	return sel & ~3u ? sel | 3u : 0;
}

static int restore_sigcontext(struct pt_regs *regs,
			      const struct sigcontext __user *usc)
{
	struct sigcontext sc;

	current->restart_block.fn = NULL;
	if (copy_from_user(&sc, usc, sizeof(sc)))
		return -EFAULT;
	regs->gs = user_selector(sc.gs);
	regs->fs = user_selector(sc.fs);
	regs->es = user_selector(sc.es);
	regs->ds = user_selector(sc.ds);
	regs->di = sc.di;
	regs->si = sc.si;
	regs->bp = sc.bp;
	regs->sp = sc.sp;
	regs->bx = sc.bx;
	regs->dx = sc.dx;
	regs->cx = sc.cx;
	regs->ax = sc.ax;
	regs->ip = sc.ip;
	regs->cs = sc.cs | 3u;
	regs->ss = sc.ss | 3u;
	regs->flags = (regs->flags & ~FIX_EFLAGS) | (sc.flags & FIX_EFLAGS);
	regs->orig_ax = (u32)-1;
	if (!sc.fpstate) {
		fpu_flush();
		return 0;
	}
	return restore_fpstate((void *)(unsigned long)sc.fpstate);
}

static long bad_frame(void)
{
	force_sig(SIGSEGV);
	return 0;
}

SYSCALL_DEFINE(sigreturn, void)
{
	struct pt_regs *regs = task_pt_regs(current);
	/* pretcode and sig are off the stack */
	struct sigframe *frame = (void *)(unsigned long)(regs->sp - 8);
	u32 low, high;

	if (get_user(low, &frame->sc.oldmask) ||
	    get_user(high, &frame->extramask))
		return bad_frame();
	set_current_blocked((u64)high << 32 | low);
	if (restore_sigcontext(regs, &frame->sc))
		return bad_frame();
	return (long)regs->ax;
}

SYSCALL_DEFINE(rt_sigreturn, void)
{
	struct pt_regs *regs = task_pt_regs(current);
	/* pretcode is off the stack */
	struct rt_sigframe *frame = (void *)(unsigned long)(regs->sp - 4);
	struct stack_t ss;
	sigset_t set;

	if (copy_from_user(&set, &frame->uc.uc_sigmask, sizeof(set)))
		return bad_frame();
	set_current_blocked(set);
	if (restore_sigcontext(regs, &frame->uc.uc_mcontext) ||
	    copy_from_user(&ss, &frame->uc.uc_stack, sizeof(ss)))
		return bad_frame();
	do_sigaltstack(&ss, NULL, regs->sp, 0);
	return (long)regs->ax;
}

/* ---- on the way to user mode ---- */

/* A system call that a signal interrupted: again, or -EINTR. */
static void restart_syscall(struct pt_regs *regs, const struct ksignal *ksig)
{
	bool again = true;

	if ((s32)regs->orig_ax < 0)
		return;
	switch (-(s32)regs->ax) {
	case ERESTART_RESTARTBLOCK:
	case ERESTARTNOHAND:
		again = !ksig;
		break;
	case ERESTARTSYS:
		again = !ksig || ksig->ka.sa_flags & SA_RESTART;
		break;
	case ERESTARTNOINTR:
		break;
	default:
		return;
	}
	if (!again) {
		regs->ax = (u32)-EINTR;
		return;
	}
	/* A wait with a time limit goes on with what is left of it. */
	if (regs->ax == (u32)-ERESTART_RESTARTBLOCK)
		regs->ax = 0; /* restart_syscall */
	else
		regs->ax = regs->orig_ax;
	regs->ip -= 2; /* int $0x80 */
}

/**
 * do_signal() - deliver one signal, or finish an interrupted system call
 *
 * Called until TIF_SIGPENDING is clear.
 */
void do_signal(struct pt_regs *regs)
{
	struct ksignal ksig;
	bool stepping;

	if (!get_signal(&ksig)) {
		restart_syscall(regs, NULL);
		regs->orig_ax = (u32)-1;
		if (current->restore_sigmask) {
			current->restore_sigmask = false;
			set_current_blocked(current->saved_sigmask);
		}
		return;
	}
	restart_syscall(regs, &ksig);
	regs->orig_ax = (u32)-1;
	stepping = current->tif & TIF_SINGLESTEP;
	if (stepping)
		user_disable_single_step(current);
	if (setup_rt_frame(&ksig, regs)) {
		force_sigsegv(ksig.sig);
		return;
	}
	signal_delivered(&ksig);
	if (stepping) /* before the handler's first instruction */
		ptrace_notify(SIGTRAP, 0);
}
