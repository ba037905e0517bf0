/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who woke whom: a thread wakes another one of its process, through a futex, or by writing to an eventfd, a pipe or a
 * Unix socket that it waits for. Reported only of processes of which user space has asked for it (WEFT_PROCESS_WAKES).
 */
#pragma once

/* include/uapi/linux/futex.h; without the flags. */
enum {
	FUTEX_WAKE = 1,
	FUTEX_REQUEUE = 3,
	FUTEX_CMP_REQUEUE = 4,
	FUTEX_WAKE_OP = 5,
	FUTEX_WAKE_BITSET = 10,
	FUTEX_COMMANDS = 0x7f,
};

static __always_inline bool wakes_futex(long number, __u32 operation)
{
	operation &= FUTEX_COMMANDS;
	if (number == NR_futex_wake || number == NR_futex_requeue)
		return true;
	return number == NR_futex && (operation == FUTEX_WAKE || operation == FUTEX_WAKE_BITSET ||
				      operation == FUTEX_WAKE_OP || operation == FUTEX_REQUEUE ||
				      operation == FUTEX_CMP_REQUEUE);
}

static __always_inline bool is_futex_wait(long number)
{
	return number == NR_futex || number == NR_futex_wait || number == NR_futex_waitv;
}

/* Waits for files; a plain read is how a thread waits for one. */
static __always_inline bool is_poll_call(long number)
{
	return number == NR_epoll_wait || number == NR_epoll_pwait || number == NR_epoll_pwait2 ||
	       number == NR_poll || number == NR_ppoll || number == NR_select || number == NR_pselect6 ||
	       number == NR_read || number == NR_io_uring_enter;
}

/* What is written to is a message to a thread of the same process; TCP and UDP carry messages of their own. */
static __always_inline bool is_signalling_file(struct task_struct *task, __u32 fd)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct socket *socket;
	struct file *file = 0;

	if (fd >= BPF_CORE_READ(table, max_fds))
		return false;
	bpf_probe_read_kernel(&file, sizeof(file), BPF_CORE_READ(table, fd) + fd);
	if (!file)
		return false;
	if ((BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return true;
	socket = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(socket, sk, __sk_common.skc_family) == AF_UNIX;
}

/*
 * kernel/sched/core.c: try_to_wake_up, in the waker's context. An interrupt may come in between and wake on its own
 * account: the woken thread must wait in a call that answers to the waker's.
 */
SEC("tp_btf/sched_waking")
int BPF_PROG(weft_waking, struct task_struct *woken)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 tgid = task->tgid, mark = 0;
	struct weft_process *process;
	struct weft_record *record;
	struct pt_regs *regs, *waits;
	struct weft_wake *wake;
	bool by_futex;
	long number;

	/* First of all: nearly every waking on a machine ends here. */
	if (woken->tgid != tgid || woken == task)
		return 0;
	process = bpf_map_lookup_elem(&weft_processes, &tgid);
	if (!process || !(process->flags & WEFT_PROCESS_WAKES) || weft_paused)
		return 0;
	regs = (struct pt_regs *)bpf_task_pt_regs(task);
	waits = (struct pt_regs *)bpf_task_pt_regs(woken);
	number = SYSCALL_NUMBER(regs);
	by_futex = wakes_futex(number, SYSCALL_ARG2(regs));
	if (by_futex) {
		if (!is_futex_wait(SYSCALL_NUMBER(waits)))
			return 0;
	} else if (!is_send_call(number) || !is_poll_call(SYSCALL_NUMBER(waits)) ||
		   !is_signalling_file(task, SYSCALL_ARG1(regs))) {
		return 0;
	}
	record = ring_reserve(sizeof(*wake), &mark);
	if (!record)
		return 0;
	wake = (struct weft_wake *)(record + 1);
	wake->kind = WEFT_WAKE;
	wake->by_file = !by_futex;
	wake->reserved = 0;
	/* FUTEX_WAKE and kin: val, the number of threads, which a broadcast sets to all of them. */
	wake->most = by_futex ? (__u32)SYSCALL_ARG3(regs) : 1;
	wake->time = bpf_ktime_get_ns() - weft_epoch;
	wake->tgid = tgid;
	wake->tid = task->pid;
	wake->switches = (__u32)task->nvcsw;
	wake->woken_tid = woken->pid;
	wake->woken_switches = (__u32)woken->nvcsw;
	wake->reserved2 = 0;
	/* Of a futex that where it waits: it may have been moved from a condition to a lock meanwhile. */
	wake->place = SYSCALL_ARG1(by_futex ? waits : regs);
	ring_commit(record, mark);
	return 0;
}
