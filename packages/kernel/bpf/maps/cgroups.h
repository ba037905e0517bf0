/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* [0] trace only what is below it, [1] trace nothing below it. In use if the settings say so. */
struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u32);
} weft_cgroups SEC(".maps");
