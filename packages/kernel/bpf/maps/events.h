/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The one way to user space. Never woken by the kernel: user space polls (a wake-up an event doubles the cost of a call). */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 * 1024 * 1024);
} weft_events SEC(".maps");
