/* SPDX-License-Identifier: Apache-2.0 */
/* From a system call's registers to the user's buffers. */
#pragma once

#define MAX_MESSAGES 1024 /* of one sendmmsg or recvmmsg: UIO_MAXIOV */

static __always_inline bool is_send_call(long number)
{
	return number == NR_write || number == NR_writev || number == NR_sendto || number == NR_sendmsg ||
	       number == NR_sendmmsg || number == NR_sendfile || number == NR_pwritev2;
}

static __always_inline bool is_receive_call(long number)
{
	return number == NR_read || number == NR_readv || number == NR_recvfrom || number == NR_recvmsg ||
	       number == NR_recvmmsg || number == NR_preadv2;
}

static __always_inline void message_buffers(__u64 address, struct buffers *out, __u64 *name)
{
	struct user_msghdr header;

	if (bpf_probe_read_user(&header, sizeof(header), (const void *)address))
		return;
	out->address = header.iov;
	out->segments = header.iov_length;
	if (!out->segments)
		out->address = 0;
	*name = header.name_length >= 8 ? header.name : 0;
}

/* Buffers of a call on one message; vectors of messages are left to vector_message. */
static __always_inline void call_buffers(long number, __u64 buffer, __u64 length, struct buffers *out, __u64 *name)
{
	switch (number) {
	case NR_read:
	case NR_write:
	case NR_recvfrom:
	case NR_sendto:
		out->address = buffer;
		out->room = length;
		break;
	case NR_readv:
	case NR_writev:
	case NR_preadv2:
	case NR_pwritev2:
		out->address = buffer;
		out->segments = length;
		if (!length)
			out->address = 0;
		break;
	case NR_sendmsg:
	case NR_recvmsg:
		message_buffers(buffer, out, name);
		break;
	}
}

/*
 * A receive that is none: looking at bytes, at the queue of errors, and (TCP) at the urgent byte, which
 * takes no part in the stream's positions.
 */
static __always_inline bool is_no_receive(const struct sock *sk, int flags)
{
	return flags & (MSG_PEEK | MSG_ERRQUEUE) ||
	       (flags & MSG_OOB && BPF_CORE_READ(sk, sk_protocol) == IPPROTO_TCP);
}

/* A receive that moved nothing: the stream's end, not a datagram without bytes nor a buffer without room. */
static __always_inline bool is_end(const struct sock *sk, __u8 transport)
{
	return (transport == WEFT_TCP || transport == WEFT_UNIX_STREAM) &&
	       BPF_CORE_READ(sk, sk_shutdown) & RCV_SHUTDOWN;
}

/* First bytes of a vector's first message: the app changes them from call to call (an id, a length). */
static __always_inline __u64 first_bytes_of(__u64 vector)
{
	struct user_mmsghdr message;
	struct user_iovec segment;

	if (bpf_probe_read_user(&message, sizeof(message), (const void *)vector) || !message.header.iov)
		return 0;
	if (bpf_probe_read_user(&segment, sizeof(segment), (const void *)message.header.iov) || segment.length < 8)
		return 0;
	return read_user_u64(segment.base);
}

/*
 * sendmmsg and recvmmsg raise one event a message, without its index. The index follows from the event
 * before on this thread: the same vector, not yet at its end, whose last message the kernel has stamped
 * with its length, and whose first message still holds the same bytes. An application that sends the
 * very same vector again after a call that stopped half-way is taken for the rest of that call.
 */
static __always_inline void vector_message(__u64 vector, __u64 count, __u32 length, struct buffers *out, __u64 *name)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_state *state = bpf_task_storage_get(&weft_tasks, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	struct user_mmsghdr previous = {};
	__u64 first;
	__u32 index = 0;

	if (!state)
		return;
	first = first_bytes_of(vector);
	if (state->vector == vector && state->index + 1 < count && state->first_bytes == first) {
		bpf_probe_read_user(&previous, sizeof(previous),
				    (const void *)(vector + (__u64)state->index * sizeof(previous)));
		if (previous.length == state->last_length)
			index = state->index + 1;
	}
	state->vector = vector;
	state->index = index;
	state->last_length = length;
	state->first_bytes = index ? state->first_bytes : first;
	message_buffers(vector + (__u64)index * sizeof(previous), out, name);
}

/* Peer of a datagram on an unconnected socket. */
static __always_inline void read_name(__u64 name, struct endpoint *at)
{
	struct {
		__u16 family;
		__u16 port;
		__u8 address[20];
	} peer = {};

	if (!name || bpf_probe_read_user(&peer, 8, (const void *)name))
		return;
	if (peer.family == AF_INET) {
		at->remote_port = bpf_ntohs(peer.port);
		__builtin_memcpy(at->remote, peer.address, 4);
	} else if (peer.family == AF_INET6 &&
		   !bpf_probe_read_user(peer.address, sizeof(peer.address), (const void *)(name + 4))) {
		at->remote_port = bpf_ntohs(peer.port);
		__builtin_memcpy(at->remote, peer.address + 4, 16);
	}
}
