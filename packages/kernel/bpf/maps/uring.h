/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Buffer of the io_uring request that was submitted last for a socket and direction. */
struct uring_key {
	__u64 sk;
	__u64 sending;
};

struct uring_buffer {
	__u64 address;
	__u32 segments; /* 0: plain buffer; else number of iovecs at `address` */
	__u32 room;     /* bytes of a plain buffer */
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct uring_key);
	__type(value, struct uring_buffer);
} weft_uring SEC(".maps");
