/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plaintext, joined to its socket: what a TLS library's call reads and writes on sockets while it is under way are the
 * records that carry it. Libraries that are handed their records (memory BIOs) use the socket right before the read
 * or right after the write, on the same thread.
 */
#pragma once

#define TLS_HEADER 5
#define TLS_APPLICATION_DATA 23
#define TLS_LOWEST_TYPE 20  /* RFC 8446, 5.1: ContentType */
#define TLS_LEAST_FULL 512    /* of a record that ends because it is full */
#define TLS_LEAST_OVERHEAD 16 /* an authentication tag */
#define TLS_MOST_OVERHEAD 96  /* IV, MAC and padding of the oldest suites */
#define RECORDS_BEFORE 4      /* of a handshake, sent together with the first plaintext */
#define TLS_USUAL_OVERHEAD 17 /* TLS 1.3: tag and content type */

/* The TLS calls that this thread or goroutine makes or has made last, or null. */
static __always_inline struct tls_calls *known_tls_calls(struct task_struct *task, bool is_go)
{
	struct tls_calls *calls = bpf_task_storage_get(&weft_tls_threads, task, 0, 0);
	struct tls_goroutine key = { .tgid = task->tgid };
	struct weft_process *process;
	__u32 tgid = task->tgid;

	if (calls || !is_go)
		return calls;
	process = bpf_map_lookup_elem(&weft_processes, &tgid);
	if (!process || !(process->flags & WEFT_PROCESS_GO))
		return 0;
	key.goid = current_goid(task, process);
	return key.goid ? bpf_map_lookup_elem(&weft_tls_goroutines, &key) : 0;
}

static __always_inline struct tls_state *known_tls_state(__u64 tgid, __u64 connection)
{
	struct tls_name name = { .tgid = tgid, .connection = connection };

	return bpf_map_lookup_elem(&weft_tls_states, &name);
}

static __always_inline struct tls_state *tls_state_of(__u64 tgid, __u64 connection)
{
	struct tls_name name = { .tgid = tgid, .connection = connection };
	struct tls_state *state = bpf_map_lookup_elem(&weft_tls_states, &name);

	if (!state) {
		struct tls_state fresh = {};

		bpf_map_update_elem(&weft_tls_states, &name, &fresh, BPF_ANY);
		state = bpf_map_lookup_elem(&weft_tls_states, &name);
	}
	return state;
}

/* Type of the record that begins at `offset`, and its length behind the header; 0: none begins there. */
static __always_inline __u8 record_at(const struct transfer *t, __u32 offset, __u32 *body)
{
	__u8 header[TLS_HEADER];
	__u64 address = 0;

	if (t->buffers.address && t->length >= offset + TLS_HEADER)
		address = one_piece(&t->buffers, offset, TLS_HEADER);
	if (!address || bpf_probe_read_user(header, sizeof(header), (const void *)address))
		return 0;
	if (header[0] < TLS_LOWEST_TYPE || header[0] > TLS_APPLICATION_DATA || header[1] != 3)
		return 0;
	*body = (__u32)header[3] << 8 | header[4];
	return header[0];
}

/* One piece of plaintext. */
struct plaintext {
	__u32 sending;
	__u32 position;
	__u32 length;
	__u32 role;
	__u64 buffer; /* 0: what was kept of it when it was written */
};

/* Copies up to `limit` bytes and returns how many. The library has just read or written them: they are in memory. */
static __always_inline __u32 copy_plaintext(struct task_struct *task, __u8 *payload, const struct plaintext *p, __u32 limit,
					    __u8 *flags)
{
	struct tls_kept *kept;
	__u32 n = limit;

	asm volatile("" : "+r"(n));
	if (n > TLS_KEPT)
		n = TLS_KEPT;
	if (p->buffer) {
		if (n && !bpf_probe_read_user(payload, n, (const void *)p->buffer))
			return n;
	} else {
		kept = bpf_task_storage_get(&weft_tls_kept, task, 0, 0);
		if (kept && kept->length >= n && !bpf_probe_read_kernel(payload, n, kept->bytes))
			return n;
	}
	if (!n)
		return 0;
	*flags |= WEFT_FLAG_FAULT;
	count_lost(WEFT_LOST_PAYLOAD_FAULT);
	return 0;
}

/* Returns whether there was room. Verified once, not in each program: its arguments may be anything. */
__noinline int report_plaintext(const struct endpoint *at, const struct plaintext *p)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 tgid = task->tgid;
	struct weft_process *process = bpf_map_lookup_elem(&weft_processes, &tgid);
	struct weft_record *record;
	struct weft_event *event;
	__u32 n, zero = 0, mark = 0;
	__u8 flags = WEFT_FLAG_TLS;
	__u8 *payload;
	bool full;

	if (!at || !p)
		return 0;
	full = at->describe || has_own_units(process);
	n = p->length < TLS_KEPT ? p->length : TLS_KEPT;
	record = ring_reserve(sizeof(*event) + (full ? sizeof(struct weft_context) : 0) + n, &mark);
	if (!record)
		return 0;
	event = (struct weft_event *)(record + 1);
	payload = (__u8 *)(event + 1);
	if (full) {
		fill_context((struct weft_context *)payload, task, at, process,
			     p->sending && p->role != WEFT_ROLE_SERVER ? bpf_map_lookup_elem(&weft_words, &zero) : 0);
		payload += sizeof(struct weft_context);
		flags |= WEFT_FLAG_CONTEXT;
	}
	n = copy_plaintext(task, payload, p, n, &flags);
	fill_event(event, task, at, p->role);
	event->kind = p->sending ? WEFT_SEND : WEFT_RECV;
	event->flags |= flags;
	event->captured = n;
	event->position = p->position;
	event->other_position = p->sending ? at->read : at->written;
	event->length = p->length;
	event->skipped = 0;
	event->syscall = 0;
	ring_commit(record, mark);
	return 1;
}

/*
 * Plaintext bytes in the application-data record that a write has just sent, 0: it is not the write's (a handshake message).
 * What is left to write fits into a record that is a little longer, or fills it.
 */
static __always_inline __u32 content_of(__u32 body, __u64 left, __u32 overhead)
{
	/* Go's first records are of a packet's size, others may be told to be smaller; handshake messages are smaller still. */
	if (left >= body && body < TLS_LEAST_FULL)
		return 0;
	if (left < body) {
		__u32 rest = body - (__u32)left;

		return rest >= TLS_LEAST_OVERHEAD && rest <= TLS_MOST_OVERHEAD ? (__u32)left : 0;
	}
	if (!overhead)
		overhead = TLS_USUAL_OVERHEAD;
	return body - overhead;
}

/*
 * A socket sends while a write is under way, or after one that went into memory. Returns how many bytes it takes to see the
 * record whose plaintext was reported, 0: none was.
 */
static __always_inline __u32 tls_sent(struct tls_call *call, const struct endpoint *at, __u32 role, const struct transfer *t)
{
	struct plaintext p = { .sending = 1, .role = role };
	__u64 left = call->length - call->done;
	struct tls_state *state;
	__u32 body = 0, offset = 0;

	if (call->done >= call->length)
		return 0;
	state = tls_state_of(bpf_get_current_pid_tgid() >> 32, call->connection);
	if (!state)
		return 0;
	/* Handshake messages may leave together with it. */
	for (int i = 0; i < RECORDS_BEFORE && !p.length; i++) {
		__u8 type = record_at(t, offset, &body);

		if (!type)
			return 0;
		p.position = at->written + offset;
		if (type == TLS_APPLICATION_DATA)
			p.length = content_of(body, left, state->overhead);
		offset += TLS_HEADER + body;
	}
	if (!p.length)
		return 0;
	/* The record that a socket without room had refused comes again. */
	if (state->written == p.position && state->at.cookie == at->cookie)
		return 0;
	if (p.length == left && left < body)
		state->overhead = body - p.length;
	/* Memory is emptied at once, however many records it holds. */
	if (!call->under_way) {
		p.length = left;
		state->memory = 1;
	}
	state->at = *at;
	state->role = role;
	state->written = p.position;
	p.buffer = call->under_way ? call->buffer + call->done : 0;
	call->done += p.length;
	return report_plaintext(at, &p) ? p.position - at->written + TLS_HEADER : 0;
}

/* A socket was read while a read is under way, or for one that comes. */
static __always_inline void tls_received(struct tls_call *call, const struct endpoint *at, __u32 role,
					 const struct transfer *t)
{
	__u32 body, start = at->read - t->length;

	if (call->under_way) {
		/* Libraries read a record's header and then its body; those that read ahead get several at once. */
		if (t->length == TLS_HEADER || !call->nested)
			call->record = start;
		call->nested = 1;
	} else if (record_at(t, 0, &body)) {
		call->record = start;
		call->heard = 1;
	} else if (call->at.cookie != at->cookie) {
		/* Not TLS: what is read from memory next did not come from here. */
		call->heard = 0;
		return;
	}
	call->at = *at;
	call->role = role;
}

/* Returns how many of the bytes tell something: behind them is ciphertext whose plaintext was reported. 0: it is not. */
__noinline int tls_moved(const struct endpoint *at, const struct transfer *t, __u32 role, __u32 is_go)
{
	struct tls_calls *calls = known_tls_calls(bpf_get_current_task_btf(), is_go);

	if (!calls || !at || !t)
		return 0;
	if (t->sending)
		return tls_sent(&calls->of[1], at, role, t);
	/* What a write reads are messages of a handshake. */
	if (!calls->of[1].under_way)
		tls_received(&calls->of[0], at, role, t);
	return 0;
}
