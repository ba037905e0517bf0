/* SPDX-License-Identifier: Apache-2.0 */
/* What is true of x86-64 alone: registers of a system call, its numbers, the thread pointer. */
#pragma once

struct pt_regs {
	unsigned long r14, bx, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip, sp;
} __attribute__((preserve_access_index));

/* Only the members of this machine's task: the same task_struct by CO-RE. */
struct thread_info {
	__u32 status;
} __attribute__((preserve_access_index));

struct thread_struct {
	unsigned long fsbase;
} __attribute__((preserve_access_index));

struct task_struct___x86 {
	struct thread_info thread_info;
	struct thread_struct thread;
} __attribute__((preserve_access_index));

/* Arguments of the system call in progress (System V kernel convention: di si dx r10 r8 r9). */
#define SYSCALL_NUMBER(regs) ((long)(regs)->orig_ax)
#define SYSCALL_ARG1(regs) ((regs)->di)
#define SYSCALL_ARG2(regs) ((regs)->si)
#define SYSCALL_ARG3(regs) ((regs)->dx)
#define SYSCALL_ARG4(regs) ((regs)->r10)
#define SYSCALL_ARG5(regs) ((regs)->r8)
#define STACK_POINTER(regs) ((regs)->sp)

/* Arguments and result of a function in user space (System V ABI for AMD64, 3.2.3). */
#define FUNCTION_ARG1(regs) ((regs)->di)
#define FUNCTION_ARG2(regs) ((regs)->si)
#define FUNCTION_ARG3(regs) ((regs)->dx)
#define FUNCTION_ARG4(regs) ((regs)->cx)
#define FUNCTION_RESULT(regs) ((regs)->ax)

/* The same of Go, and the current goroutine (Go's internal ABI, cmd/compile/abi-internal.md). */
#define GO_ARG1(regs) ((regs)->ax)
#define GO_ARG2(regs) ((regs)->bx)
#define GO_ARG3(regs) ((regs)->cx)
#define GO_RESULT(regs) ((regs)->ax)
#define GO_CURRENT(regs) ((regs)->r14)

/* arch/x86/entry/syscalls/syscall_64.tbl */
enum {
	NR_read = 0,
	NR_write = 1,
	NR_poll = 7,
	NR_readv = 19,
	NR_writev = 20,
	NR_select = 23,
	NR_sendfile = 40,
	NR_sendto = 44,
	NR_recvfrom = 45,
	NR_sendmsg = 46,
	NR_recvmsg = 47,
	NR_futex = 202,
	NR_epoll_wait = 232,
	NR_pselect6 = 270,
	NR_ppoll = 271,
	NR_splice = 275,
	NR_epoll_pwait = 281,
	NR_recvmmsg = 299,
	NR_sendmmsg = 307,
	NR_preadv2 = 327,
	NR_pwritev2 = 328,
	NR_io_uring_enter = 426,
	NR_epoll_pwait2 = 441,
	NR_futex_waitv = 449,
	NR_futex_wake = 454,
	NR_futex_wait = 455,
	NR_futex_requeue = 456,
};

/* The user's thread pointer: what %fs:0 is based on. */
#define THREAD_POINTER(task) ((__u64)((const struct task_struct___x86 *)(task))->thread.fsbase)

/* arch/x86/include/asm/thread_info.h: TS_COMPAT. A 32-bit call's number and registers mean something else. */
#define IS_COMPAT_CALL(task) (((const struct task_struct___x86 *)(task))->thread_info.status & 2)

/* Stores a 32-bit word behind everything that was stored before: this machine keeps stores in order. */
#define PUBLISH(address, value)                          \
	do {                                             \
		barrier();                               \
		*(volatile __u32 *)(address) = (value);  \
	} while (0)
