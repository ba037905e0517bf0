/* SPDX-License-Identifier: Apache-2.0 */
/* Making one event out of a socket, a thread and a buffer: the same on every tier. */
#pragma once

/* A socket as every tier describes it. */
struct endpoint {
	__u64 time; /* when this was read */
	__u64 cookie;
	__u32 written; /* position of the next byte to be written; of the first one, when reported after a send */
	__u32 read;    /* position of the next byte to be read */
	__u8 transport;
	__u8 flags;
	__u16 local_port;
	__u16 remote_port;
	__u8 describe; /* the members below are there and to be reported */
	__u64 peer_cookie;
	__u8 local[16];
	__u8 remote[16];
};

/* 2^33 ns, 8.6 s; never 0. */
static __always_inline __u32 description_period(const struct endpoint *at)
{
	return (__u32)(at->time >> 33) + 1;
}

/* Each datagram of a socket without a peer has addresses of its own. */
static __always_inline bool is_description_due(const struct endpoint *at, const struct socket_state *state)
{
	return !state || state->described != description_period(at) ||
	       (at->transport == WEFT_UDP && !at->remote_port);
}

/* One call that moved bytes. */
struct transfer {
	__u32 sending;
	__u32 length;
	__u16 syscall;
	__u8 flags;
	struct buffers buffers;
};

static __always_inline void fill_event(struct weft_event *event, const struct task_struct *task,
				       const struct endpoint *at, __u32 role)
{
	event->transport = at->transport;
	event->role = role;
	event->flags = at->flags | (at->describe ? WEFT_FLAG_DESCRIBED : 0);
	event->time = at->time - weft_epoch;
	event->tgid = task->tgid;
	event->tid = task->pid;
	event->cookie = at->cookie;
	event->switches = (__u32)task->nvcsw;
	event->local_port = at->local_port;
	event->remote_port = at->remote_port;
	event->reserved = 0;
	event->reserved2 = 0;
}

/* @words: see read_goroutine */
static __always_inline void fill_context(struct weft_context *context, struct task_struct *task, const struct endpoint *at,
					 const struct weft_process *process, __u64 *words)
{
	struct goroutine goroutine = {};

	read_goroutine(task, process, words, &goroutine);
	context->goid = goroutine.id;
	context->parent_goid = goroutine.parent;
	context->handover_goid = goroutine.handover;
	context->handover_parent_goid = goroutine.handover_parent;
	context->waiter_goid = goroutine.waiter;
	context->waiter_parent_goid = goroutine.waiter_parent;
	context->peer_cookie = at->peer_cookie;
	__builtin_memcpy(context->local_address, at->local, 16);
	__builtin_memcpy(context->remote_address, at->remote, 16);
}

/* A socket has moved bytes: perhaps for a TLS library (plaintext.h). */
int tls_moved(const struct endpoint *at, const struct transfer *t, __u32 role, __u32 is_go);

/* Reports bytes. `at` holds the positions before a send, after a receive. */
static __always_inline void report_transfer(struct task_struct *task, const struct endpoint *at, struct socket_state *state,
					    const struct transfer *t, const struct weft_process *process)
{
	bool full = at->describe || has_own_units(process);
	struct weft_record *record;
	struct weft_event *event;
	struct wanted wanted;
	__u32 role = state ? state->role : WEFT_ROLE_UNKNOWN;
	__u32 position = t->sending ? at->written : at->read - t->length;
	__u32 n, telling = 0, zero = 0, mark = 0;
	__u8 flags = t->flags;
	__u8 *payload;

	if (weft_paused) {
		count_lost(WEFT_LOST_SHED);
		return;
	}
	if (weft_tls && weft_tls_sites && at->transport == WEFT_TCP)
		telling = tls_moved(at, t, role, process && process->flags & WEFT_PROCESS_GO);
	decide(at->cookie, role, at->local_port, at->remote_port, t->sending, position, t->length, &wanted);
	if (wanted.off)
		return;
	if (telling && wanted.limit > telling)
		wanted.limit = telling;
	n = copyable(&t->buffers, wanted.skip, wanted.limit);
	record = ring_reserve(sizeof(*event) + (full ? sizeof(struct weft_context) : 0) + n, &mark);
	if (!record)
		return;
	event = (struct weft_event *)(record + 1);
	payload = (__u8 *)(event + 1);
	if (full) {
		/* For whom a goroutine works matters where a call leaves. */
		fill_context((struct weft_context *)payload, task, at, process,
			     t->sending && role != WEFT_ROLE_SERVER ? bpf_map_lookup_elem(&weft_words, &zero) : 0);
		payload += sizeof(struct weft_context);
		flags |= WEFT_FLAG_CONTEXT;
	}
	if (state) {
		state->reported = 1;
		if (at->describe)
			state->described = description_period(at);
	}
	if (n)
		n = copy_payload(payload, &t->buffers, wanted.skip, n, &flags);
	fill_event(event, task, at, role);
	event->kind = t->sending ? WEFT_SEND : WEFT_RECV;
	event->flags |= flags;
	event->captured = n;
	event->position = position;
	event->other_position = t->sending ? at->read : at->written;
	event->length = t->length;
	event->skipped = wanted.skip;
	event->syscall = t->syscall;
	ring_commit(record, mark);
}

/* Reports an event of the socket itself. */
static __always_inline void report_socket(__u8 kind, const struct endpoint *at, __u32 role,
					  const struct weft_process *process)
{
	__u32 mark = 0;
	struct weft_record *record = ring_reserve(sizeof(struct weft_event) + sizeof(struct weft_context), &mark);
	struct task_struct *task = bpf_get_current_task_btf();
	struct weft_event *event;

	if (!record)
		return;
	event = (struct weft_event *)(record + 1);
	fill_event(event, task, at, role);
	event->kind = kind;
	event->flags |= WEFT_FLAG_CONTEXT;
	event->captured = 0;
	event->position = at->written;
	event->other_position = at->read;
	event->length = 0;
	event->skipped = 0;
	event->syscall = 0;
	fill_context((struct weft_context *)(event + 1), task, at, process, 0);
	ring_commit(record, mark);
}
