/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the kernel side remembers of a socket: at most 128 bytes. */
struct socket_state {
	__u64 cookie;
	__u64 inode;    /* syscall tier: tells a reused sock address from the old one */
	__u32 role;     /* enum weft_role */
	__u32 reported; /* user space knows this socket */
	__u32 send_end; /* end of the send that was announced last */
	__u32 send_tid; /* and who made it */
	__u32 sent;     /* not TCP: bytes so far, in place of sequences */
	__u32 received;
	__u32 role_known; /* Unix sockets: asked for once */
	__u32 scope_tgid; /* process that was found to be traced when it used the socket */
	__u32 scope_generation;
	__u32 scope_units; /* and whether its goroutines or virtual threads can be read */
	__u32 described;  /* period in which its addresses were reported last, 0 = never */
};

/* Freed with the socket. Charged to the application's option memory, hence small. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct socket_state);
} weft_sockets SEC(".maps");

/* Where storage cannot be had: no memory left, or (syscall tier) no trusted pointer. By address of the sock. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct socket_state);
} weft_sockets_fallback SEC(".maps");

static __always_inline struct socket_state *fallback_state(const void *sk, bool create)
{
	__u64 key = (__u64)sk;
	struct socket_state *state = bpf_map_lookup_elem(&weft_sockets_fallback, &key);

	if (!state && create) {
		struct socket_state fresh = {};

		bpf_map_update_elem(&weft_sockets_fallback, &key, &fresh, BPF_ANY);
		state = bpf_map_lookup_elem(&weft_sockets_fallback, &key);
	}
	return state;
}
