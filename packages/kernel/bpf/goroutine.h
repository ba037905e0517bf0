/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which goroutine makes the call: read from the thread's memory, no uprobe. Offsets come from user
 * space, checked per binary (packages/agent/src/process/go-runtime.ts).
 */
#pragma once

struct goroutine {
	__u64 id;
	__u64 parent;
	__u64 handover;
	__u64 handover_parent;
};

static __always_inline __u64 read_user_u64(__u64 address)
{
	__u64 value = 0;

	bpf_probe_read_user(&value, sizeof(value), (const void *)address);
	return value;
}

/*
 * The goroutine that ran on this thread just before the current one and parked: a goroutine that
 * parks calls runtime.mcall, which switches to the stack of g0 and pushes the parking g there first
 * (`PUSHQ AX // open up space for fn's arg spill slot`, runtime/asm_amd64.s). The word lies right
 * below g0.sched.sp until the thread parks another goroutine; a systemstack call overwrites it with
 * a return address, which fails the checks below. Go hands work over a channel this way: the one who
 * sends parks, the one who received runs next on the same thread.
 */
static __always_inline void read_handover(const struct weft_process *process, __u64 g, struct goroutine *out)
{
	__u64 m, g0, sp, previous;
	__u64 stack[2] = {};

	m = read_user_u64(g + process->m);
	if (!m)
		return;
	g0 = read_user_u64(m); /* m.g0 is the first member */
	if (!g0 || g0 == g)
		return;
	sp = read_user_u64(g0 + process->sched_sp);
	if (!sp)
		return;
	previous = read_user_u64(sp - 8);
	if (previous == g || previous == g0 || previous & 7 || previous < 4096)
		return;
	if (bpf_probe_read_user(stack, sizeof(stack), (const void *)previous))
		return;
	/* A g begins with its stack's bounds. */
	if (stack[0] >= stack[1] || stack[1] - stack[0] > (1ULL << 30) || stack[0] & 7)
		return;
	out->handover = read_user_u64(previous + process->goid);
	if (process->parent_goid)
		out->handover_parent = read_user_u64(previous + process->parent_goid);
}

static __always_inline void read_goroutine(struct task_struct *task, const struct weft_process *process,
					   struct goroutine *out)
{
	__u64 g;

	if (!process || !(process->flags & WEFT_PROCESS_GO))
		return;
	g = read_user_u64(THREAD_POINTER(task) + (__s64)process->g_tls);
	if (!g)
		return;
	out->id = read_user_u64(g + process->goid);
	if (!out->id) /* g0: the runtime itself */
		return;
	if (process->parent_goid)
		out->parent = read_user_u64(g + process->parent_goid);
	read_handover(process, g, out);
}
