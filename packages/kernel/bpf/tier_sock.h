/* SPDX-License-Identifier: Apache-2.0 */
/* Tier `sock`: hooks that fire for socket I/O alone and hand over the sock. Other system calls pay nothing. */
#pragma once

/* Buffers of an io_uring request on this socket, as its submission left them. */
static __always_inline void uring_buffers(const struct sock *sk, __u64 sending, struct transfer *t)
{
	struct uring_key key = { .sk = (__u64)sk, .sending = sending };
	struct uring_buffer *buffer = bpf_map_lookup_elem(&weft_uring, &key);

	if (!buffer) {
		t->flags |= WEFT_FLAG_NO_BUFFER;
		count_lost(WEFT_LOST_URING_BUFFER);
		return;
	}
	if (!buffer->address) {
		t->flags |= WEFT_FLAG_NO_BUFFER;
		count_lost(WEFT_LOST_URING_BUFFER);
	}
	t->buffers.address = buffer->address;
	t->buffers.segments = buffer->segments;
	t->buffers.room = buffer->room;
	bpf_map_delete_elem(&weft_uring, &key);
}

/* Where the bytes of the system call in progress are. */
static __always_inline void current_buffers(struct task_struct *task, const struct sock *sk, struct transfer *t, struct endpoint *at)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	long number = SYSCALL_NUMBER(regs);
	__u64 name = 0;

	t->syscall = number;
	if (t->sending ? is_send_call(number) : is_receive_call(number)) {
		if (number == NR_sendmmsg || number == NR_recvmmsg)
			vector_message(SYSCALL_ARG2(regs), SYSCALL_ARG3(regs), t->length, &t->buffers, &name);
		else
			call_buffers(number, SYSCALL_ARG2(regs), SYSCALL_ARG3(regs), &t->buffers, &name);
		if (number == NR_sendto)
			name = SYSCALL_ARG5(regs);
		if (t->sending && at->transport == WEFT_UDP && !at->remote_port)
			read_name(name, at);
		if (number == NR_sendfile)
			t->flags |= WEFT_FLAG_NO_BUFFER;
	} else if (number == NR_splice) {
		t->flags |= WEFT_FLAG_NO_BUFFER;
	} else {
		/* io_uring_enter, or a kernel worker of the ring */
		uring_buffers(sk, t->sending, t);
	}
}

/* net/socket.c: call_trace_sock_send_length, after transmission. */
SEC("tp_btf/sock_send_length")
int BPF_PROG(weft_sock_send, struct sock *sk, int ret, int flags)
{
	struct transfer t = { .sending = 1, .length = ret };
	struct weft_process *process = 0;
	struct socket_state *known, *state = 0;
	struct task_struct *task;
	struct endpoint at = {};

	/* First of all: every TCP send comes by here, and has been reported. */
	if (ret <= 0 || (weft_send_locked && sk->sk_protocol == IPPROTO_TCP))
		return 0;
	task = bpf_get_current_task_btf();
	known = bpf_sk_storage_get(&weft_sockets, sk, 0, 0);
	if (!socket_in_scope(task, known, &process) || !read_endpoint(sk, known, &at, &state))
		return 0;
	if (at.transport == WEFT_TCP)
		at.written -= ret;
	else
		count_positions(&at, state, 1, ret);
	current_buffers(task, sk, &t, &at);
	report_transfer(task, &at, state, &t, process);
	return 0;
}

/* net/socket.c: call_trace_sock_recv_length, when the bytes are in the user's buffer. */
SEC("tp_btf/sock_recv_length")
int BPF_PROG(weft_sock_recv, struct sock *sk, int ret, int flags)
{
	struct transfer t = { .length = ret };
	struct weft_process *process = 0;
	struct socket_state *known, *state = 0;
	struct task_struct *task;
	struct endpoint at = {};

	if (ret < 0 || is_no_receive(sk, flags))
		return 0;
	task = bpf_get_current_task_btf();
	known = bpf_sk_storage_get(&weft_sockets, sk, 0, 0);
	if (!socket_in_scope(task, known, &process) || !read_endpoint(sk, known, &at, &state))
		return 0;
	if (!ret && !is_end(sk, at.transport))
		return 0;
	if (at.transport != WEFT_TCP)
		count_positions(&at, state, 0, ret);
	if (ret)
		current_buffers(task, sk, &t, &at);
	if (at.transport == WEFT_TCP && flags & MSG_TRUNC) {
		/* thrown away: the buffer holds something else */
		t.flags |= WEFT_FLAG_NO_BUFFER;
		t.buffers.address = 0;
	}
	report_transfer(task, &at, state, &t, process);
	return 0;
}

/*
 * net/ipv4/tcp.c: tcp_sendmsg_locked, before the copy and before transmission, with the socket locked:
 * write_seq is exactly the next byte's sequence. Fires once per buffer of up to 32 KiB; the rest of a
 * send that was announced already is not reported again.
 */
SEC("tp_btf/tcp_sendmsg_locked")
int BPF_PROG(weft_tcp_send, struct sock *sk, struct msghdr *msg)
{
	struct transfer t = { .sending = 1, .flags = WEFT_FLAG_ENTRY };
	struct weft_process *process = 0;
	struct socket_state *known, *state = 0;
	struct task_struct *task;
	struct endpoint at = {};
	__u64 count = msg->msg_iter.count;
	struct pt_regs *regs;

	if (!count)
		return 0;
	task = bpf_get_current_task_btf();
	known = bpf_sk_storage_get(&weft_sockets, sk, 0, 0);
	if (!socket_in_scope(task, known, &process) || !read_endpoint(sk, known, &at, &state))
		return 0;
	if (state) {
		if (state->send_tid == (__u32)task->pid && state->send_end == at.written + (__u32)count &&
		    state->send_end != at.written)
			return 0;
		state->send_tid = task->pid;
		state->send_end = at.written + (__u32)count;
	}
	t.length = (__u32)count;
	regs = (struct pt_regs *)bpf_task_pt_regs(task);
	t.syscall = SYSCALL_NUMBER(regs);
	if (msg->msg_iter.iter_type == bpf_core_enum_value(enum iter_type, ITER_UBUF)) {
		t.buffers.address = (__u64)msg->msg_iter.ubuf;
		t.buffers.offset = msg->msg_iter.iov_offset;
		t.buffers.room = count;
	} else if (msg->msg_iter.iter_type == bpf_core_enum_value(enum iter_type, ITER_IOVEC)) {
		t.buffers.address = (__u64)msg->msg_iter.__iov;
		t.buffers.offset = msg->msg_iter.iov_offset;
		t.buffers.segments = msg->msg_iter.nr_segs;
		t.buffers.imported = 1;
	} else {
		t.flags |= WEFT_FLAG_NO_BUFFER; /* sendfile, splice: pages, no user buffer */
	}
	report_transfer(task, &at, state, &t, process);
	return 0;
}

