/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* By tgid: which processes are Weft's own, and where Go keeps its goroutine. Written by user space. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct weft_process);
} weft_processes SEC(".maps");

/* Whether a process's units of execution are not its threads: each event then says which one it was. */
static __always_inline bool has_own_units(const struct weft_process *process)
{
	return process && process->flags & (WEFT_PROCESS_GO | WEFT_PROCESS_JVM);
}
