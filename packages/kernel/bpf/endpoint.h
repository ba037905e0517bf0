/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a socket through a pointer that the verifier trusts (tp_btf arguments). */
#pragma once

static __always_inline void read_addresses(const struct sock *sk, struct endpoint *at)
{
	const struct sock_common *common = &sk->__sk_common;

	at->local_port = common->skc_num;
	at->remote_port = bpf_ntohs(common->skc_dport);
	if (common->skc_family == AF_INET) {
		__builtin_memcpy(at->local, (const void *)&common->skc_rcv_saddr, 4);
		__builtin_memcpy(at->remote, (const void *)&common->skc_daddr, 4);
	} else {
		at->flags |= WEFT_FLAG_IPV6;
		bpf_probe_read_kernel(at->local, 16, &common->skc_v6_rcv_saddr);
		bpf_probe_read_kernel(at->remote, 16, &common->skc_v6_daddr);
	}
}

/*
 * Position of the next byte to be read. A peer's FIN takes a number of its own, and a read that reaches it
 * moves copied_seq past it (net/ipv4/tcp.c: found_fin_ok): it is not a byte.
 */
static __always_inline __u32 read_position(__u32 copied_seq, __u32 rcv_nxt, unsigned long flags)
{
	return flags & SOCK_DONE_FLAG && copied_seq == rcv_nxt ? copied_seq - 1 : copied_seq;
}

/*
 * A Unix socket has no sequences: bytes so far stand in. Who listened has a name (unix_stream_connect
 * gives the listener's address to the accepted socket), who connected usually has none.
 */
static __always_inline void read_unix(struct sock *sk, struct endpoint *at, struct socket_state *state)
{
	struct unix_sock *unix_sk = bpf_skc_to_unix_sock(sk);
	struct sock *peer;

	if (!unix_sk || !state)
		return;
	at->written = state->sent;
	at->read = state->received;
	peer = unix_sk->peer;
	if (peer)
		at->peer_cookie = bpf_get_socket_cookie(peer);
	if (state->role == WEFT_ROLE_UNKNOWN && at->transport == WEFT_UNIX_STREAM)
		state->role = unix_sk->addr ? WEFT_ROLE_SERVER : WEFT_ROLE_CLIENT;
}

static __always_inline struct socket_state *state_of(struct sock *sk)
{
	struct socket_state *state;

	if (weft_syscall_tier)
		return fallback_state(sk, true);
	state = bpf_sk_storage_get(&weft_sockets, sk, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (state)
		return state;
	count_lost(WEFT_LOST_STORAGE);
	return fallback_state(sk, true);
}

static __always_inline struct socket_state *known_state_of(struct sock *sk)
{
	struct socket_state *state = 0;

	if (!weft_syscall_tier)
		state = bpf_sk_storage_get(&weft_sockets, sk, 0, 0);
	return state ? state : fallback_state(sk, false);
}

/* Fills `at`; false: not a socket that is traced. */
static __always_inline bool read_endpoint(struct sock *sk, struct endpoint *at, struct socket_state **out)
{
	__u16 family = sk->__sk_common.skc_family;
	struct socket_state *state;
	struct tcp_sock *tcp;

	if (family == AF_INET || family == AF_INET6) {
		if (sk->sk_protocol == IPPROTO_TCP)
			at->transport = WEFT_TCP;
		else if (sk->sk_protocol == IPPROTO_UDP)
			at->transport = WEFT_UDP;
		else
			return false;
	} else if (family == AF_UNIX) {
		at->transport = sk->sk_type == SOCK_STREAM ? WEFT_UNIX_STREAM : WEFT_UNIX_DGRAM;
	} else {
		return false;
	}
	state = state_of(sk);
	*out = state;
	if (state && state->cookie) {
		at->cookie = state->cookie;
	} else {
		at->cookie = bpf_get_socket_cookie(sk);
		if (state)
			state->cookie = at->cookie;
	}
	if (family == AF_UNIX) {
		read_unix(sk, at, state);
		return true;
	}
	read_addresses(sk, at);
	if (at->transport == WEFT_TCP) {
		tcp = bpf_skc_to_tcp_sock(sk);
		if (!tcp)
			return false;
		at->written = tcp->write_seq;
		at->read = read_position(tcp->copied_seq, tcp->rcv_nxt, sk->__sk_common.skc_flags);
	}
	return true;
}
