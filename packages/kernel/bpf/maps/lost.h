/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Losses by cause (enum weft_lost), per CPU. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, WEFT_LOST_CAUSES);
	__type(key, __u32);
	__type(value, __u64);
} weft_lost SEC(".maps");

static __always_inline void count_lost(__u32 cause)
{
	__u64 *count = bpf_map_lookup_elem(&weft_lost, &cause);

	if (count)
		*count += 1;
}
