/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What is remembered of a thread between hooks. */
struct task_state {
	/* syscall tier: the call in progress */
	__u64 sk;
	__u64 inode;
	__u64 buffer;
	__u64 length;
	__u32 number; /* + 1, 0 = none */
	__u32 sending;
	/* sendmmsg, recvmmsg: which message of the vector comes next */
	__u64 vector;
	__u64 first_bytes; /* of the vector's first message: tells a new call over the same vector */
	__u32 index;
	__u32 last_length;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_state);
} weft_tasks SEC(".maps");
