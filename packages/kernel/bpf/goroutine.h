/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which goroutine, or virtual thread of Java, makes the call: read from the thread's memory, no uprobe. Offsets come from user
 * space, checked per binary (packages/agent/src/process/go-runtime.ts) or process (jvm-runtime.ts).
 */
#pragma once

struct goroutine {
	__u64 id;
	__u64 parent;
	__u64 handover;
	__u64 handover_parent;
	__u64 waiter;
	__u64 waiter_parent;
};

static __always_inline __u64 read_user_u64(__u64 address)
{
	__u64 value = 0;

	bpf_probe_read_user(&value, sizeof(value), (const void *)address);
	return value;
}

/* runtime.g, the same in all versions: status and wait reason lie around goid (runtime2.go). */
#define G_STATUS(goid) ((goid) - 8)
#define G_WAIT_REASON(goid) ((goid) + 24)
#define G_WAITING 4           /* _Gwaiting */
#define WAIT_REASON_IO 2      /* 0 never parked, 1 helping the collector; the others follow a channel, a lock, a sleep */
/*
 * Objects of Go's heap lie near each other: arenas follow one another from a base that is random from Go
 * 1.26 on (runtime/malloc.go). Every g but g0 lies there.
 */
#define GO_HEAP_SPAN (1ULL << 38)

static __always_inline bool near_heap_object(__u64 address, __u64 object)
{
	return address - object + GO_HEAP_SPAN / 2 < GO_HEAP_SPAN && !(address & 7);
}

/* What the goroutine last waited for: it tells who may have woken it. */
static __always_inline __u8 wait_reason(__u64 g, const struct weft_process *process)
{
	__u8 reason = 0;

	bpf_probe_read_user(&reason, sizeof(reason), (const void *)(g + G_WAIT_REASON(process->goid)));
	return reason;
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
	__u32 status = 0;

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
	if (previous == g || previous == g0 || !near_heap_object(previous, g))
		return;
	/* Who handed over waits for the result, and not for I/O. */
	bpf_probe_read_user(&status, sizeof(status), (const void *)(previous + G_STATUS(process->goid)));
	if (status != G_WAITING || wait_reason(previous, process) <= WAIT_REASON_IO)
		return;
	out->handover = read_user_u64(previous + process->goid);
	if (process->parent_goid)
		out->handover_parent = read_user_u64(previous + process->parent_goid);
}

struct waiter_search {
	const __u64 *words;
	const struct weft_process *process;
	struct goroutine *out;
	__u64 g;
	__u64 stack_low;
	__u64 stack_high;
	__u64 last;
};

/*
 * One word of the current goroutine's stack: if it is a channel on which another goroutine waits to
 * receive, that one waits for what this one is doing (it holds the channel to answer on). A word is a
 * channel if it has hchan's shape (runtime/chan.go) and the first in its receive queue is a sudog
 * that names the same channel: chance does not do that.
 */
static long search_waiter(__u32 index, struct waiter_search *search)
{
	__u64 address = search->words[index & (STACK_WORDS - 1)];
	const struct weft_process *process = search->process;
	__u64 channel[9], waiter[16], g;

	if (!near_heap_object(address, search->g) || address == search->last ||
	    (address >= search->stack_low && address < search->stack_high))
		return 0;
	search->last = address;
	if (bpf_probe_read_user(channel, sizeof(channel), (const void *)address))
		return 0;
	/* qcount <= dataqsiz; recvq.first is word 7, from Go 1.23 on 8, where older ones have recvq.last */
	if (channel[0] > channel[1] || channel[1] > (1ULL << 24) || !near_heap_object(channel[8], search->g))
		return 0;
	if (bpf_probe_read_user(waiter, sizeof(waiter), (const void *)channel[8]))
		return 0;
	g = waiter[0];
	if (g == search->g || !near_heap_object(g, search->g))
		return 0;
	if (waiter[8] != address && waiter[9] != address && waiter[10] != address && waiter[11] != address &&
	    waiter[12] != address)
		return 0;
	search->out->waiter = read_user_u64(g + process->goid);
	if (process->parent_goid)
		search->out->waiter_parent = read_user_u64(g + process->parent_goid);
	return 1;
}

/* Looks through the top of the current goroutine's stack; `words` is room for STACK_WORDS. */
static __always_inline void find_waiter(struct task_struct *task, const struct weft_process *process, __u64 g,
					__u64 *words, struct goroutine *out)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	struct waiter_search search = { .words = words, .process = process, .out = out, .g = g };
	__u64 sp = STACK_POINTER(regs);
	__u64 bounds[2] = {};
	__u32 bytes;

	if (bpf_probe_read_user(bounds, sizeof(bounds), (const void *)g) || sp < bounds[0] || sp >= bounds[1])
		return;
	search.stack_low = bounds[0];
	search.stack_high = bounds[1];
	bytes = bounds[1] - sp < STACK_WORDS * 8 ? bounds[1] - sp : STACK_WORDS * 8;
	asm volatile("" : "+r"(bytes));
	if (bytes > STACK_WORDS * 8)
		bytes = STACK_WORDS * 8;
	if (bpf_probe_read_user(words, bytes, (const void *)sp))
		return;
	bpf_loop(bytes / 8, search_waiter, &search, 0);
}

/* Goroutine that runs on this thread, 0 = none. */
static __always_inline __u64 current_goid(const struct task_struct *task, const struct weft_process *process)
{
	__u64 g = read_user_u64(THREAD_POINTER(task) + (__s64)process->g_tls);

	return g ? read_user_u64(g + process->goid) : 0;
}

/*
 * Virtual thread that runs on this thread, 0 = none: a platform's thread has none mounted. glibc's thread control
 * block names the vector of blocks in its second word, and an entry of that has two words (sysdeps/x86_64/nptl/tls.h).
 */
static __always_inline __u64 current_virtual_thread(const struct task_struct *task, const struct weft_process *process)
{
	__u64 vector = read_user_u64(THREAD_POINTER(task) + 8);
	__u64 block = vector ? read_user_u64(vector + 16 * (__u64)process->tls_module) : 0;
	__u64 thread = block ? read_user_u64(block + process->thread_tls) : 0;

	__u8 mounted = 0;

	if (!thread || bpf_probe_read_user(&mounted, sizeof(mounted), (const void *)(thread + process->mounted)) || !mounted)
		return 0;
	return read_user_u64(thread + process->thread_id);
}

/* @words: room for STACK_WORDS if it is worth to ask for whom the goroutine works, else null. */
static __always_inline void read_goroutine(struct task_struct *task, const struct weft_process *process,
					   __u64 *words, struct goroutine *out)
{
	__u64 g;
	__u8 reason;

	if (process && process->flags & WEFT_PROCESS_JVM) {
		out->id = current_virtual_thread(task, process);
		return;
	}
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
	if (!words)
		return;
	/* Woken by I/O: it works on its own account. Never parked: nobody handed over, but somebody may wait. */
	reason = wait_reason(g, process);
	if (reason == WAIT_REASON_IO)
		return;
	if (reason > WAIT_REASON_IO)
		read_handover(process, g, out);
	find_waiter(task, process, g, words, out);
}
