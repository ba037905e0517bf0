/* SPDX-License-Identifier: Apache-2.0 */
/* Whose messages are read. */
#pragma once

/* The current process is traced; *process is what user space knows of it, or null. */
static __always_inline bool in_scope(__u32 tgid, struct weft_process **process)
{
	if (tgid == weft_self)
		return false;
	if (weft_only_pid && tgid != weft_only_pid)
		return false;
	if (weft_use_only_cgroup && bpf_current_task_under_cgroup(&weft_cgroups, 0) != 1)
		return false;
	if (weft_use_exclude_cgroup && bpf_current_task_under_cgroup(&weft_cgroups, 1) == 1)
		return false;
	*process = bpf_map_lookup_elem(&weft_processes, &tgid);
	return !*process || !((*process)->flags & WEFT_PROCESS_EXCLUDED);
}
