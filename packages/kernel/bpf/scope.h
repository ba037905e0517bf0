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

/*
 * The same for the process that uses a socket. The answer is kept with the socket's state, which is needed
 * anyway: asking anew costs two look-ups a call. A process that changes its cgroup keeps its sockets' answers.
 * @state: what is known of the socket, or null
 */
static __always_inline bool socket_in_scope(const struct task_struct *task, struct socket_state *state,
					    struct weft_process **process)
{
	__u32 tgid = task->tgid;

	if (state && state->scope_tgid == tgid && state->scope_generation == weft_scope_generation) {
		if (state->scope_units)
			*process = bpf_map_lookup_elem(&weft_processes, &tgid);
		return true;
	}
	if (!in_scope(tgid, process))
		return false;
	if (state) {
		state->scope_tgid = tgid;
		state->scope_generation = weft_scope_generation;
		state->scope_units = has_own_units(*process);
	}
	return true;
}
