/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Per socket, direct-mapped by cookie; user space writes it without a system call. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, WEFT_VERDICTS);
	__type(key, __u32);
	__type(value, struct weft_verdict);
} weft_verdicts SEC(".maps");

/* Default mode by server port (enum weft_mode). */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, __u32);
} weft_port_verdicts SEC(".maps");
