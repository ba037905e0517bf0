/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes in TLS libraries: plaintext as the program writes and reads it. Which process is traced is asked only where no
 * socket was seen: one that is not traced never is (plaintext.h).
 */
#pragma once

static __always_inline bool is_traced(__u32 tgid)
{
	struct weft_process *process = 0;

	return in_scope(tgid, &process);
}

static __always_inline void begin_call(struct tls_call *call, __u64 connection, __u64 buffer, __u64 length)
{
	call->connection = connection;
	call->buffer = buffer;
	call->length = length;
	call->done_at = 0;
	call->done = 0;
	call->nested = 0;
	call->under_way = 1;
}

static __always_inline struct tls_call *begin_in_thread(__u64 connection, __u64 buffer, __u64 length, __u32 sending)
{
	struct tls_calls *calls = bpf_task_storage_get(&weft_tls_threads, bpf_get_current_task_btf(), 0,
						       BPF_LOCAL_STORAGE_GET_F_CREATE);
	struct tls_call *call;

	if (!calls) {
		count_lost(WEFT_LOST_STORAGE);
		return 0;
	}
	call = &calls->of[sending & 1];
	/* A write before it that went into memory and was never sent is given up. */
	if (sending && !call->under_way && call->done < call->length)
		count_lost(WEFT_LOST_TLS_SOCKET);
	begin_call(call, connection, buffer, length);
	return call;
}

/* The call of this thread that ends, or null. */
static __always_inline struct tls_call *ending_in_thread(__u32 sending)
{
	struct tls_calls *calls = bpf_task_storage_get(&weft_tls_threads, bpf_get_current_task_btf(), 0, 0);
	struct tls_call *call = calls ? &calls->of[sending & 1] : 0;

	return call && call->under_way ? call : 0;
}

static __always_inline void resume_write(struct tls_call *call, __u64 tgid)
{
	struct tls_state *state = known_tls_state(tgid, call->connection);

	if (state && state->pending_buffer == call->buffer)
		call->done = state->pending;
	if (state)
		state->pending_buffer = 0;
}

/* Keeps the first bytes of what was written into memory. */
static __always_inline void keep_plaintext(const struct tls_call *call)
{
	struct tls_kept *kept = bpf_task_storage_get(&weft_tls_kept, bpf_get_current_task_btf(), 0,
						     BPF_LOCAL_STORAGE_GET_F_CREATE);
	__u32 n = call->length < TLS_KEPT ? call->length : TLS_KEPT;

	if (!kept) {
		count_lost(WEFT_LOST_STORAGE);
		return;
	}
	asm volatile("" : "+r"(n));
	if (n > TLS_KEPT)
		n = TLS_KEPT;
	kept->length = bpf_probe_read_user(kept->bytes, n, (const void *)call->buffer) ? 0 : n;
}

/* A write ends. What it has not sent itself it may have left in memory; one that could not go on is made again. */
static __always_inline void end_write(struct tls_call *call, __u64 tgid, bool success)
{
	struct tls_state *state;

	call->under_way = 0;
	if (success && !call->done && is_traced(tgid)) {
		keep_plaintext(call);
		return;
	}
	if (!success && call->done) {
		state = known_tls_state(tgid, call->connection);
		if (state) {
			state->pending = call->done;
			state->pending_buffer = call->buffer;
		}
	}
	call->length = 0;
}

/* A read has given `length` bytes. */
static __always_inline void end_read(struct tls_call *call, __u32 length)
{
	struct plaintext p = { .length = length, .buffer = call->buffer };
	struct tls_state *state;
	__u64 tgid = bpf_get_current_pid_tgid() >> 32;
	struct endpoint at;

	call->under_way = 0;
	state = call->nested || call->heard ? tls_state_of(tgid, call->connection)
					    : known_tls_state(tgid, call->connection);
	if (!state || weft_paused) {
		if (weft_paused)
			count_lost(WEFT_LOST_SHED);
		else if (is_traced(tgid))
			count_lost(WEFT_LOST_TLS_SOCKET);
		return;
	}
	if (!call->nested && !state->at.cookie)
		state->memory = 1;
	if (call->nested || (call->heard && state->memory &&
			     (state->record != call->record || state->at.cookie != call->at.cookie))) {
		state->at = call->at;
		state->role = call->role;
		state->record = call->record;
		state->consumed = 0;
	}
	p.position = state->record + state->consumed;
	p.role = state->role;
	at = state->at;
	at.time = bpf_ktime_get_ns();
	state->consumed += length;
	if (report_plaintext(&at, &p))
		state->at.describe = 0;
}

/* SSL_write(connection, buffer, length), SSL_write_ex, gnutls_record_send. */
SEC("uprobe")
int weft_tls_write(struct pt_regs *regs)
{
	struct tls_call *call = begin_in_thread(FUNCTION_ARG1(regs), FUNCTION_ARG2(regs), FUNCTION_ARG3(regs), 1);

	if (call)
		resume_write(call, bpf_get_current_pid_tgid() >> 32);
	return 0;
}

SEC("uprobe")
int weft_tls_write_end(struct pt_regs *regs)
{
	struct tls_call *call = ending_in_thread(1);

	if (call)
		end_write(call, bpf_get_current_pid_tgid() >> 32, (__s32)FUNCTION_RESULT(regs) > 0);
	return 0;
}

/* SSL_read(connection, buffer, room), gnutls_record_recv. */
SEC("uprobe")
int weft_tls_read(struct pt_regs *regs)
{
	begin_in_thread(FUNCTION_ARG1(regs), FUNCTION_ARG2(regs), FUNCTION_ARG3(regs), 0);
	return 0;
}

/* SSL_read_ex(connection, buffer, room, *done). */
SEC("uprobe")
int weft_tls_read_ex(struct pt_regs *regs)
{
	struct tls_call *call = begin_in_thread(FUNCTION_ARG1(regs), FUNCTION_ARG2(regs), FUNCTION_ARG3(regs), 0);

	if (call)
		call->done_at = FUNCTION_ARG4(regs);
	return 0;
}

SEC("uprobe")
int weft_tls_read_end(struct pt_regs *regs)
{
	struct tls_call *call = ending_in_thread(0);
	__s32 result = FUNCTION_RESULT(regs);

	if (!call)
		return 0;
	if (result > 0 && call->done_at)
		result = (__s32)read_user_u64(call->done_at);
	if (result > 0)
		end_read(call, result);
	else
		call->under_way = 0;
	return 0;
}

/* net.netFD begins with a poll.FD, which has its descriptor behind a mutex; then come the socket's family and type. */
#define GO_SYSFD 16
#define GO_FAMILY 56
#define GO_SOCKET_TYPE 64

/*
 * A Go server reads a client's first bytes along with the end of the handshake, before any Read: the socket is then found by
 * the connection's own descriptor, tls.Conn → net.Conn (its data word) → *net.netFD → poll.FD. A net.Conn that is something
 * else has no socket's family and type there.
 */
static __always_inline bool find_go_socket(__u64 connection, struct endpoint *at)
{
	__u64 net = read_user_u64(connection + 8), fd = read_user_u64(net), family, inode;
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct weft_process *process = 0;
	struct sock *sk;

	family = read_user_u64(fd + GO_FAMILY);
	if ((family != AF_INET && family != AF_INET6) || read_user_u64(fd + GO_SOCKET_TYPE) != SOCK_STREAM ||
	    !in_scope(tgid, &process))
		return false;
	sk = socket_behind(bpf_get_current_task_btf(), (__u32)read_user_u64(fd + GO_SYSFD), &inode);
	if (!sk || BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP || BPF_CORE_READ(sk, sk_type) != SOCK_STREAM)
		return false;
	at->transport = WEFT_TCP;
	at->cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	at->local_port = BPF_CORE_READ(sk, __sk_common.skc_num);
	at->remote_port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	at->written = BPF_CORE_READ((struct tcp_sock *)sk, write_seq);
	at->read = BPF_CORE_READ((struct tcp_sock *)sk, copied_seq);
	return at->cookie != 0;
}

/* The current goroutine's id; false: not known where it is kept. */
static __always_inline bool name_goroutine(struct pt_regs *regs, struct tls_goroutine *out, struct weft_process **process)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;

	*process = bpf_map_lookup_elem(&weft_processes, &tgid);
	if (!*process || !((*process)->flags & WEFT_PROCESS_GO))
		return false;
	out->tgid = tgid;
	out->goid = read_user_u64(GO_CURRENT(regs) + (*process)->goid);
	return out->goid != 0;
}

static __always_inline void begin_in_goroutine(struct pt_regs *regs, __u32 sending)
{
	struct weft_process *process;
	struct tls_goroutine key;
	struct tls_calls *calls;

	if (!name_goroutine(regs, &key, &process))
		return;
	calls = bpf_map_lookup_elem(&weft_tls_goroutines, &key);
	if (!calls) {
		static const struct tls_calls fresh = {};

		bpf_map_update_elem(&weft_tls_goroutines, &key, &fresh, BPF_ANY);
		calls = bpf_map_lookup_elem(&weft_tls_goroutines, &key);
	}
	if (!calls)
		return;
	/* The end of a write is not seen: it is over when its goroutine reads. */
	calls->of[1].under_way = 0;
	begin_call(&calls->of[sending & 1], GO_ARG1(regs), GO_ARG2(regs), GO_ARG3(regs));
}

/* crypto/tls.(*Conn).Write(buffer, length, capacity). Its end is not probed: a return costs more than all the rest. */
SEC("uprobe")
int weft_go_tls_write(struct pt_regs *regs)
{
	begin_in_goroutine(regs, 1);
	return 0;
}

SEC("uprobe")
int weft_go_tls_read(struct pt_regs *regs)
{
	begin_in_goroutine(regs, 0);
	return 0;
}

/* At each return of crypto/tls.(*Conn).Read. */
SEC("uprobe")
int weft_go_tls_read_end(struct pt_regs *regs)
{
	struct tls_goroutine key;
	struct weft_process *process;
	struct tls_calls *calls;
	struct tls_call *call;
	__s64 result = GO_RESULT(regs);

	if (!name_goroutine(regs, &key, &process))
		return 0;
	calls = bpf_map_lookup_elem(&weft_tls_goroutines, &key);
	call = calls ? &calls->of[0] : 0;
	if (!call || !call->under_way)
		return 0;
	if (result <= 0 || result > (__s64)call->length) {
		call->under_way = 0;
		return 0;
	}
	if (!call->nested && !known_tls_state(key.tgid, call->connection)) {
		call->nested = find_go_socket(call->connection, &call->at);
		call->record = call->at.read;
	}
	end_read(call, result);
	return 0;
}
