/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a socket through a pointer that the verifier trusts (tp_btf arguments). */
#pragma once

static __always_inline void read_addresses(const struct sock *sk, struct endpoint *at)
{
	const struct sock_common *common = &sk->__sk_common;

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
 * Who listened has a name (unix_stream_connect gives the listener's address to the accepted socket), who
 * connected usually has none; neither end of a socketpair has one.
 */
static __always_inline __u32 unix_role(const struct unix_sock *unix_sk, const struct sock *peer)
{
	if (BPF_CORE_READ(unix_sk, addr))
		return WEFT_ROLE_SERVER;
	return BPF_CORE_READ((const struct unix_sock *)peer, addr) ? WEFT_ROLE_CLIENT : WEFT_ROLE_UNKNOWN;
}

static __always_inline void read_unix(struct sock *sk, struct endpoint *at, struct socket_state *state)
{
	struct unix_sock *unix_sk = bpf_skc_to_unix_sock(sk);
	struct sock *peer;

	if (!unix_sk || !state)
		return;
	peer = unix_sk->peer;
	if (!peer)
		return;
	/* A datagram socket can leave its peer at any moment: no cookie is made for what may be gone. */
	at->peer_cookie = at->transport == WEFT_UNIX_STREAM ? bpf_get_socket_cookie(peer)
							    : peer->__sk_common.skc_cookie.counter;
	if (!state->role_known && at->transport == WEFT_UNIX_STREAM) {
		state->role = unix_role(unix_sk, peer);
		state->role_known = 1;
	}
}

/*
 * Counts bytes of a socket without sequences; gives the position that they begin at. Two threads may use
 * one socket: an addition that gets lost would put it out of step with its peer for good.
 */
static __always_inline __u32 count_bytes(struct socket_state *state, __u32 sending, __u32 bytes)
{
	if (!state)
		return 0;
	return __sync_fetch_and_add(sending ? &state->sent : &state->received, bytes);
}

/* Both positions of a socket that has no sequences, as report_transfer wants them. */
static __always_inline void count_positions(struct endpoint *at, struct socket_state *state, __u32 sending,
					    __u32 bytes)
{
	__u32 position = count_bytes(state, sending, bytes);

	if (sending) {
		at->written = position;
		at->read = state ? state->received : 0;
	} else {
		at->read = position + bytes;
		at->written = state ? state->sent : 0;
	}
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
	state = fallback_state(sk, true);
	/* The map is by address, which another socket may have had. */
	if (state && state->cookie && state->cookie != bpf_get_socket_cookie(sk))
		__builtin_memset(state, 0, sizeof(*state));
	return state;
}

static __always_inline struct socket_state *known_state_of(struct sock *sk)
{
	struct socket_state *state = 0;

	if (!weft_syscall_tier)
		state = bpf_sk_storage_get(&weft_sockets, sk, 0, 0);
	return state ? state : fallback_state(sk, false);
}

/* 0: not traced. Raw sockets name protocols too. */
static __always_inline __u8 transport_of(__u16 family, __u16 type, __u16 protocol)
{
	if (family == AF_UNIX)
		return type == SOCK_STREAM ? WEFT_UNIX_STREAM : WEFT_UNIX_DGRAM;
	if (family != AF_INET && family != AF_INET6)
		return 0;
	if (type == SOCK_STREAM && protocol == IPPROTO_TCP)
		return WEFT_TCP;
	return type == SOCK_DGRAM && protocol == IPPROTO_UDP ? WEFT_UDP : 0;
}

/* Where the socket tracepoints are (>= 6.3) there is a cast too (>= 6.2), which the verifier turns into nothing. */
extern void *bpf_rdonly_cast(const void *object, __u32 type) __ksym __weak;

static __always_inline const struct tcp_sock *as_tcp(struct sock *sk)
{
	if (weft_syscall_tier)
		return bpf_skc_to_tcp_sock(sk);
	return bpf_rdonly_cast(sk, bpf_core_type_id_kernel(struct tcp_sock));
}

/*
 * Fills `at`; false: not a socket that is traced. Positions are those of TCP: the others count (count_positions).
 * @known: the socket's state if it was looked up already, else null
 */
static __always_inline bool read_endpoint(struct sock *sk, struct socket_state *known, struct endpoint *at,
					  struct socket_state **out)
{
	__u16 family = sk->__sk_common.skc_family;
	struct socket_state *state;
	const struct tcp_sock *tcp;

	at->transport = transport_of(family, sk->sk_type, sk->sk_protocol);
	if (!at->transport)
		return false;
	at->time = bpf_ktime_get_ns();
	state = known ? known : state_of(sk);
	*out = state;
	if (state && state->cookie) {
		at->cookie = state->cookie;
	} else {
		at->cookie = bpf_get_socket_cookie(sk);
		if (state)
			state->cookie = at->cookie;
	}
	if (family == AF_UNIX) {
		at->describe = 1;
		read_unix(sk, at, state);
		return true;
	}
	at->local_port = sk->__sk_common.skc_num;
	at->remote_port = bpf_ntohs(sk->__sk_common.skc_dport);
	at->describe = is_description_due(at, state);
	if (at->describe)
		read_addresses(sk, at);
	if (at->transport == WEFT_TCP) {
		tcp = as_tcp(sk);
		if (!tcp)
			return false;
		at->written = tcp->write_seq;
		at->read = read_position(tcp->copied_seq, tcp->rcv_nxt, sk->__sk_common.skc_flags);
	}
	return true;
}
