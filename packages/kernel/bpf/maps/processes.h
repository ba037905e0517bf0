/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* By tgid: which processes are Weft's own, and where Go keeps its goroutine. Written by user space. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct weft_process);
} weft_processes SEC(".maps");
