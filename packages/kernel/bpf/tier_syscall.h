/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tier `syscall`: enter and exit of every system call, for kernels without the socket tracepoints. The sock
 * is found through the file table, its pointer is not trusted by the verifier: members are read by
 * copy and its state lives in the fallback map. Does not see io_uring.
 */
#pragma once

#define SYNTHETIC_COOKIE (1ULL << 52) /* still exact as a JavaScript number */

__u64 weft_next_cookie = 0;

/* Makes a state that of the socket with this inode: its sock's address may have been another's before. */
static __always_inline void own_state(struct socket_state *state, __u64 inode, __u64 cookie)
{
	if (state->inode && state->inode != inode)
		__builtin_memset(state, 0, sizeof(*state));
	state->inode = inode;
	if (!state->cookie)
		state->cookie = cookie ? cookie : SYNTHETIC_COOKIE + __sync_fetch_and_add(&weft_next_cookie, 1) + 1;
}

/*
 * The other end may not have called anything yet, nor have been accepted (no inode). A closed one has none
 * either, but keeps its name.
 */
static __always_inline __u64 cookie_of_peer(struct sock *peer)
{
	struct socket_state *state = fallback_state(peer, true);
	struct socket *socket = BPF_CORE_READ(peer, sk_socket);
	__u64 inode = 0;

	if (!state)
		return 0;
	if (socket)
		inode = BPF_CORE_READ(socket, file, f_inode, i_ino);
	else if (BPF_CORE_READ(peer, sk_shutdown))
		inode = state->inode;
	own_state(state, inode, BPF_CORE_READ(peer, __sk_common.skc_cookie.counter));
	return state->cookie;
}

static __always_inline bool read_untrusted(struct sock *sk, __u64 inode, struct endpoint *at,
					   struct socket_state **out)
{
	__u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);
	struct socket_state *state;
	struct unix_sock *unix_sk;
	struct sock *peer;

	at->transport = transport_of(family, BPF_CORE_READ(sk, sk_type), BPF_CORE_READ(sk, sk_protocol));
	if (!at->transport)
		return false;
	state = fallback_state(sk, true);
	if (!state)
		return false;
	own_state(state, inode, BPF_CORE_READ(sk, __sk_common.skc_cookie.counter));
	at->time = bpf_ktime_get_ns();
	at->cookie = state->cookie;
	*out = state;
	if (family == AF_UNIX) {
		at->describe = 1;
		unix_sk = (struct unix_sock *)sk;
		peer = BPF_CORE_READ(unix_sk, peer);
		if (!peer)
			return true;
		at->peer_cookie = cookie_of_peer(peer);
		if (!state->role_known && at->transport == WEFT_UNIX_STREAM) {
			state->role = unix_role(unix_sk, peer);
			state->role_known = 1;
		}
		return true;
	}
	at->local_port = BPF_CORE_READ(sk, __sk_common.skc_num);
	at->remote_port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	at->describe = is_description_due(at, state);
	if (!at->describe) {
		/* known already */
	} else if (family == AF_INET) {
		bpf_core_read(at->local, 4, &sk->__sk_common.skc_rcv_saddr);
		bpf_core_read(at->remote, 4, &sk->__sk_common.skc_daddr);
	} else {
		at->flags |= WEFT_FLAG_IPV6;
		bpf_core_read(at->local, 16, &sk->__sk_common.skc_v6_rcv_saddr);
		bpf_core_read(at->remote, 16, &sk->__sk_common.skc_v6_daddr);
	}
	if (at->transport == WEFT_TCP) {
		at->written = BPF_CORE_READ((struct tcp_sock *)sk, write_seq);
		at->read = read_position(BPF_CORE_READ((struct tcp_sock *)sk, copied_seq),
					 BPF_CORE_READ((struct tcp_sock *)sk, rcv_nxt),
					 BPF_CORE_READ(sk, __sk_common.skc_flags));
	}
	return true;
}

/* The socket behind a descriptor, or null. */
static __always_inline struct sock *socket_behind(struct task_struct *task, __u32 fd, __u64 *inode)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct socket *socket;
	struct file *file = 0;

	if (fd >= BPF_CORE_READ(table, max_fds))
		return 0;
	bpf_probe_read_kernel(&file, sizeof(file), BPF_CORE_READ(table, fd) + fd);
	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	*inode = BPF_CORE_READ(file, f_inode, i_ino);
	socket = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(socket, sk);
}

SEC("tp_btf/sys_enter")
int BPF_PROG(weft_sys_enter, struct pt_regs *regs, long number)
{
	struct weft_process *process = 0;
	struct task_state *state;
	struct task_struct *task;
	struct sock *sk;
	__u64 inode = 0;
	bool sending = is_send_call(number);

	if (!sending && !is_receive_call(number) && number != NR_splice)
		return 0;
	if (!in_scope(bpf_get_current_pid_tgid() >> 32, &process))
		return 0;
	task = bpf_get_current_task_btf();
	if (IS_COMPAT_CALL(task))
		return 0;
	sk = socket_behind(task, SYSCALL_ARG1(regs), &inode);
	if (!sk && number == NR_splice) {
		sending = true;
		sk = socket_behind(task, SYSCALL_ARG3(regs), &inode);
	}
	if (!sk)
		return 0;
	state = bpf_task_storage_get(&weft_tasks, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!state)
		return 0;
	state->sk = (__u64)sk;
	state->inode = inode;
	state->buffer = SYSCALL_ARG2(regs);
	state->length = SYSCALL_ARG3(regs);
	state->sending = sending;
	state->number = number + 1;
	return 0;
}

struct vector_walk {
	struct sock *sk;
	__u64 inode;
	__u64 vector;
	struct weft_process *process;
	__u32 total;
	__u32 sending;
	__u16 syscall;
};

/* One message of a sendmmsg or recvmmsg that has returned: the kernel stamped each with its length. */
static long report_vector_message(__u32 index, struct vector_walk *walk)
{
	struct transfer t = { .sending = walk->sending, .syscall = walk->syscall };
	__u64 address = walk->vector + (__u64)index * sizeof(struct user_mmsghdr), name = 0;
	struct socket_state *state = 0;
	struct user_mmsghdr message;
	struct endpoint at = {};

	if (bpf_probe_read_user(&message, sizeof(message), (const void *)address))
		return 1;
	if (!read_untrusted(walk->sk, walk->inode, &at, &state))
		return 1;
	t.length = message.length;
	message_buffers(address, &t.buffers, &name);
	if (at.transport == WEFT_TCP) {
		/* both positions are those after the whole call */
		if (walk->sending)
			at.written -= walk->total;
		else
			at.read -= walk->total - message.length;
		walk->total -= message.length;
	} else {
		count_positions(&at, state, walk->sending, message.length);
		if (at.transport == WEFT_UDP && !at.remote_port)
			read_name(name, &at);
	}
	report_transfer(bpf_get_current_task_btf(), &at, state, &t, walk->process);
	return 0;
}

static long sum_vector_lengths(__u32 index, struct vector_walk *walk)
{
	struct user_mmsghdr message;

	if (bpf_probe_read_user(&message, sizeof(message),
				(const void *)(walk->vector + (__u64)index * sizeof(message))))
		return 1;
	walk->total += message.length;
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(weft_sys_exit, struct pt_regs *regs, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_state *call = bpf_task_storage_get(&weft_tasks, task, 0, 0);
	struct weft_process *process = 0;
	struct socket_state *state = 0;
	struct transfer t = {};
	struct endpoint at = {};
	__u64 name = 0;
	long number;
	struct sock *sk;
	int flags = 0;

	if (!call || !call->number)
		return 0;
	number = (long)call->number - 1;
	call->number = 0;
	t.sending = call->sending;
	if (ret < 0 || (ret == 0 && t.sending))
		return 0;
	sk = (struct sock *)call->sk;
	if (number == NR_recvfrom || number == NR_recvmmsg)
		flags = SYSCALL_ARG4(regs);
	else if (number == NR_recvmsg)
		flags = SYSCALL_ARG3(regs);
	if (is_no_receive(sk, flags))
		return 0;
	if (!in_scope(bpf_get_current_pid_tgid() >> 32, &process))
		return 0;
	if (number == NR_sendmmsg || number == NR_recvmmsg) {
		struct vector_walk walk = { .sk = sk, .inode = call->inode, .vector = call->buffer,
					    .process = process, .sending = t.sending, .syscall = number };
		__u32 messages = ret < MAX_MESSAGES ? ret : MAX_MESSAGES;

		bpf_loop(messages, sum_vector_lengths, &walk, 0);
		bpf_loop(messages, report_vector_message, &walk, 0);
		return 0;
	}
	if (!read_untrusted(sk, call->inode, &at, &state) || (!ret && !is_end(sk, at.transport)))
		return 0;
	t.length = ret;
	t.syscall = number;
	if (number == NR_sendfile || number == NR_splice || (at.transport == WEFT_TCP && flags & MSG_TRUNC))
		t.flags |= WEFT_FLAG_NO_BUFFER;
	else
		call_buffers(number, call->buffer, call->length, &t.buffers, &name);
	if (at.transport != WEFT_TCP)
		count_positions(&at, state, t.sending, ret);
	else if (t.sending)
		at.written -= ret;
	if (at.transport == WEFT_UDP && !at.remote_port)
		read_name(number == NR_sendto || number == NR_recvfrom ? SYSCALL_ARG5(regs) : name, &at);
	report_transfer(task, &at, state, &t, process);
	return 0;
}
