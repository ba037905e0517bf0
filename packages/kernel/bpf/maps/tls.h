/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The read or the write of a TLS library that a thread or goroutine makes or has made last. */
struct tls_call {
	__u64 connection; /* the library's own object: SSL *, gnutls_session_t, *tls.Conn */
	__u64 buffer;
	__u64 length;     /* of a write that failed or is done with: 0 */
	__u64 done_at;    /* where a read's number of bytes is stored; 0: it is what the call returns */
	__u32 under_way;
	__u32 done;       /* writes: bytes that were reported */
	__u32 nested;     /* reads: a socket was read meanwhile */
	__u32 heard;      /* records were read from a socket outside of any call: a memory BIO's */
	__u32 record;     /* position of the record that was read last */
	__u32 role;
	struct endpoint at; /* of the socket that was read last */
};

/*
 * Apart, since a library that works in memory reads between a write and its sending. [0] reads, [1] writes.
 */
struct tls_calls {
	struct tls_call of[2];
};

/* By thread. Exists for threads that use TLS alone. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct tls_calls);
} weft_tls_threads SEC(".maps");

struct tls_goroutine {
	__u64 tgid;
	__u64 goid;
};

/* By goroutine, which changes its thread within a call. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct tls_goroutine);
	__type(value, struct tls_calls);
} weft_tls_goroutines SEC(".maps");

struct tls_name {
	__u64 tgid;
	__u64 connection;
};

/* What is known of a TLS connection: its socket, and where its plaintext stands. */
struct tls_state {
	struct endpoint at;
	__u32 role;
	__u32 record;   /* position of the record that is being read */
	__u32 consumed; /* plaintext bytes read of it */
	__u32 written;  /* position of the record that was reported last */
	__u32 overhead; /* bytes of a record that are not plaintext, besides its header; 0: not known yet */
	__u32 pending;  /* bytes that a write had reported when it could not go on */
	__u32 memory;   /* the library is handed its records */
	__u64 pending_buffer;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 32768);
	__type(key, struct tls_name);
	__type(value, struct tls_state);
} weft_tls_states SEC(".maps");

/* Plaintext that a write has left in memory: its buffer may be gone when the records are sent. */
#define TLS_KEPT 4096
struct tls_kept {
	__u32 length;
	__u8 bytes[TLS_KEPT];
};

/* By thread. Exists where libraries work in memory alone. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct tls_kept);
} weft_tls_kept SEC(".maps");
