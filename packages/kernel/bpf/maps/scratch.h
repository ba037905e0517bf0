/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#define STACK_WORDS 256

/* The top of a goroutine's stack, looked through in place: too much for a program's own stack. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64[STACK_WORDS]);
} weft_words SEC(".maps");
