/* SPDX-License-Identifier: Apache-2.0 */
/* Making one event out of a socket, a thread and a buffer: the same on every tier. */
#pragma once

/* A socket as every tier describes it. */
struct endpoint {
	__u64 cookie;
	__u64 peer_cookie;
	__u32 written; /* position of the next byte to be written; of the first one, when reported after a send */
	__u32 read;    /* position of the next byte to be read */
	__u8 transport;
	__u8 flags;
	__u16 local_port;
	__u16 remote_port;
	__u8 local[16];
	__u8 remote[16];
};

/* One call that moved bytes. */
struct transfer {
	__u32 sending;
	__u32 length;
	__u16 syscall;
	__u8 flags;
	struct buffers buffers;
};

/* @words: see read_goroutine */
static __always_inline void fill_task(struct weft_event *event, const struct weft_process *process, __u64 *words)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 id = bpf_get_current_pid_tgid();
	struct goroutine goroutine = {};

	event->time = bpf_ktime_get_ns() - weft_epoch;
	event->tgid = id >> 32;
	event->tid = (__u32)id;
	event->switches = (__u32)task->nvcsw;
	read_goroutine(task, process, words, &goroutine);
	event->goid = goroutine.id;
	event->parent_goid = goroutine.parent;
	event->handover_goid = goroutine.handover;
	event->handover_parent_goid = goroutine.handover_parent;
	event->waiter_goid = goroutine.waiter;
	event->waiter_parent_goid = goroutine.waiter_parent;
}

static __always_inline void fill_endpoint(struct weft_event *event, const struct endpoint *at, __u32 role)
{
	event->transport = at->transport;
	event->role = role;
	event->flags = at->flags;
	event->cookie = at->cookie;
	event->peer_cookie = at->peer_cookie;
	event->local_port = at->local_port;
	event->remote_port = at->remote_port;
	__builtin_memcpy(event->local_address, at->local, 16);
	__builtin_memcpy(event->remote_address, at->remote, 16);
}

static __always_inline void fill_transfer(struct weft_event *event, const struct endpoint *at, __u32 role,
					  const struct transfer *t, __u32 position, __u32 skipped)
{
	event->kind = t->sending ? WEFT_SEND : WEFT_RECV;
	fill_endpoint(event, at, role);
	event->flags |= t->flags;
	event->position = position;
	event->other_position = t->sending ? at->read : at->written;
	event->length = t->length;
	event->skipped = skipped;
	event->syscall = t->syscall;
	event->reserved = 0;
	event->reserved2 = 0;
}

#define SMALL_PAYLOAD 256

/* Address of the first `n` bytes if they lie in one piece of user memory, else 0. */
static __always_inline __u64 one_piece(const struct buffers *from, __u32 n)
{
	struct user_iovec segment;

	if (!from->segments)
		return from->room >= n ? from->address + from->offset : 0;
	if (!from->imported ||
	    bpf_probe_read_kernel(&segment, sizeof(segment), (const void *)from->address) ||
	    segment.length < from->offset + n)
		return 0;
	return segment.base + from->offset;
}

/*
 * The common cases, a small message in one piece and bytes without any buffer: written into the ring at
 * once, not by way of the scratch. False: not such a case, or its memory could not be read.
 */
static __always_inline bool report_small(const struct endpoint *at, __u32 role, const struct transfer *t,
					 const struct weft_process *process, __u32 position,
					 const struct wanted *wanted)
{
	struct {
		struct weft_event event;
		__u8 payload[SMALL_PAYLOAD];
	} *record;
	struct weft_event *event;
	__u32 n = t->buffers.address ? wanted->limit : 0;
	__u64 from;

	if (n > SMALL_PAYLOAD || wanted->skip || (process && process->flags & WEFT_PROCESS_GO))
		return false;
	if (!n) {
		event = bpf_ringbuf_reserve(&weft_events, sizeof(*event), 0);
		if (!event)
			return false;
		fill_transfer(event, at, role, t, position, 0);
		fill_task(event, 0, 0);
		event->captured = 0;
		bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
		return true;
	}
	from = one_piece(&t->buffers, n);
	if (!from)
		return false;
	record = bpf_ringbuf_reserve(&weft_events, sizeof(*record), 0);
	if (!record)
		return false;
	asm volatile("" : "+r"(n));
	if (n > SMALL_PAYLOAD)
		n = SMALL_PAYLOAD;
	if (bpf_probe_read_user(record->payload, n, (const void *)from)) {
		bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);
		return false;
	}
	fill_transfer(&record->event, at, role, t, position, 0);
	fill_task(&record->event, 0, 0);
	record->event.captured = n;
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
	return true;
}

/* Reports bytes. `at` holds the positions before a send, after a receive. */
static __always_inline void report_transfer(const struct endpoint *at, struct socket_state *state,
					    const struct transfer *t, const struct weft_process *process)
{
	struct weft_event *event;
	struct scratch *scratch;
	struct wanted wanted;
	__u32 role = state ? state->role : WEFT_ROLE_UNKNOWN;
	__u32 position = t->sending ? at->written : at->read - t->length;
	__u32 captured;

	if (weft_paused) {
		count_lost(WEFT_LOST_SHED);
		return;
	}
	decide(at->cookie, role, at->local_port, at->remote_port, t->sending, position, t->length, &wanted);
	if (wanted.off)
		return;
	if (state)
		state->reported = 1;
	if (report_small(at, role, t, process, position, &wanted))
		return;
	scratch = take_scratch();
	if (!scratch)
		return;
	event = &scratch->event;
	fill_transfer(event, at, role, t, position, wanted.skip);
	/* For whom a goroutine works matters where a call leaves; the payload's room is still free. */
	fill_task(event, process,
		  t->sending && role != WEFT_ROLE_SERVER ? (__u64 *)scratch->payload : 0);
	captured = copy_payload(scratch, &t->buffers, wanted.skip, wanted.limit);
	asm volatile("" : "+r"(captured));
	if (captured > WEFT_PAYLOAD_MAX)
		captured = WEFT_PAYLOAD_MAX;
	event->captured = captured;
	if (bpf_ringbuf_output(&weft_events, event, sizeof(*event) + captured, BPF_RB_NO_WAKEUP))
		count_lost(WEFT_LOST_RING_FULL);
	release_scratch(scratch);
}

/* Reports an event of the socket itself. */
static __always_inline void report_socket(__u8 kind, const struct endpoint *at, __u32 role,
					  const struct weft_process *process)
{
	struct weft_event *event = bpf_ringbuf_reserve(&weft_events, sizeof(*event), 0);

	if (!event) {
		count_lost(WEFT_LOST_RING_FULL);
		return;
	}
	__builtin_memset(event, 0, sizeof(*event));
	event->kind = kind;
	fill_endpoint(event, at, role);
	fill_task(event, process, 0);
	event->position = at->written;
	event->other_position = at->read;
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
}
