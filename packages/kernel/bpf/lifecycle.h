/* SPDX-License-Identifier: Apache-2.0 */
/* Lives of sockets, processes and threads. */
#pragma once

/* State of a connection that begins: in the map by address there may be one of a connection before. */
static __always_inline struct socket_state *new_state_of(struct sock *sk)
{
	struct socket_state *state = state_of(sk);

	if (state && weft_syscall_tier) {
		__builtin_memset(state, 0, sizeof(*state));
		state->cookie = bpf_get_socket_cookie(sk);
	}
	return state;
}

/*
 * net/ipv4: tcp_set_state. SYN_SENT is entered in connect(), in the thread that connects: the origin of
 * a client socket. SYN_RECV → ESTABLISHED makes a server socket, in softirq: only its role is noted.
 */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(weft_sock_state, struct sock *sk, int old, int new)
{
	struct weft_process *process = 0;
	struct socket_state *state = 0;
	struct endpoint at = {};
	__u8 kind;

	if (sk->sk_protocol != IPPROTO_TCP)
		return 0;
	if (new == TCP_ESTABLISHED && old == TCP_SYN_RECV) {
		state = new_state_of(sk);
		if (state)
			state->role = WEFT_ROLE_SERVER;
		return 0;
	}
	if (new == TCP_SYN_SENT) {
		if (!in_scope(bpf_get_current_pid_tgid() >> 32, &process))
			return 0;
		new_state_of(sk);
		if (!read_endpoint(sk, 0, &at, &state))
			return 0;
		if (state) {
			state->role = WEFT_ROLE_CLIENT;
			state->reported = 1;
		}
		report_socket(WEFT_CONNECT, &at, WEFT_ROLE_CLIENT, process);
		return 0;
	}
	if (new == TCP_FIN_WAIT1 || new == TCP_LAST_ACK)
		kind = WEFT_SHUTDOWN;
	else if (new == TCP_CLOSE)
		kind = WEFT_CLOSE;
	else
		return 0;
	state = known_state_of(sk);
	if (!state || !state->reported || !read_endpoint(sk, 0, &at, &state))
		return 0;
	report_socket(kind, &at, state ? state->role : 0, 0);
	return 0;
}

static __always_inline void report_task(__u8 kind, struct task_struct *task, __u32 parent_tgid, __u32 parent_tid,
					__u64 parent_goid)
{
	__u32 mark = 0;
	struct weft_record *record = ring_reserve(sizeof(struct weft_task_event), &mark);
	struct weft_task_event *event;

	if (!record)
		return;
	event = (struct weft_task_event *)(record + 1);
	__builtin_memset(event, 0, sizeof(*event));
	event->kind = kind;
	event->time = bpf_ktime_get_ns() - weft_epoch;
	event->tgid = task->tgid;
	event->tid = task->pid;
	event->parent_tgid = parent_tgid;
	event->parent_tid = parent_tid;
	event->parent_goid = parent_goid;
	bpf_probe_read_kernel_str(event->name, sizeof(event->name), task->comm);
	ring_commit(record, mark);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(weft_exec, struct task_struct *task, int old_pid, struct linux_binprm *binary)
{
	struct weft_process *process = 0;

	if (in_scope(bpf_get_current_pid_tgid() >> 32, &process))
		report_task(WEFT_EXEC, task, 0, 0, 0);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(weft_exit, struct task_struct *task)
{
	struct weft_process *process = 0;

	if (in_scope(bpf_get_current_pid_tgid() >> 32, &process))
		report_task(WEFT_EXIT, task, 0, 0, 0);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(weft_fork, struct task_struct *parent, struct task_struct *child)
{
	struct weft_process *process = 0;
	struct goroutine goroutine = {};
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;

	if (!in_scope(tgid, &process))
		return 0;
	read_goroutine(bpf_get_current_task_btf(), process, 0, &goroutine);
	report_task(WEFT_FORK, child, tgid, (__u32)bpf_get_current_pid_tgid(), goroutine.id);
	return 0;
}
