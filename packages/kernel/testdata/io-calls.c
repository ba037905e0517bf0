/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moves bytes through sockets in every way that Linux has and writes down what it did, one JSON line a
 * message, for packages/agent/src/capture/kernel-calls.live.test.ts to compare with the kernel side's events.
 *
 *     io-calls LOG calls|large|partial|faults|flood COUNT|steps PORT
 *
 * Bytes follow from where they stand in the stream (`byte_at`), so that a reader of the log can say what
 * any of them must be. One line a message that must be seen, and one without `events` for what must not.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define MAX_BYTES (1 << 20)

static FILE *log_file;
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;

static void fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

#define CHECK(expression)                              \
	({                                             \
		long result_ = (long)(expression);     \
		if (result_ < 0)                       \
			fail(#expression);             \
		result_;                               \
	})

/* Two ends of one connection; bytes of way 0 go from `end[0]` to `end[1]`. */
struct pair {
	const char *kind;
	int number;
	int end[2];
	int port[2];
	uint64_t sent[2];     /* by way */
	uint64_t received[2]; /* by way */
	int datagrams;
	int named;                      /* sends carry an address */
	struct sockaddr_storage to[2];  /* address of the end */
	socklen_t to_length;
};

static int pairs;

static unsigned char byte_at(const struct pair *p, int way, uint64_t offset)
{
	return p->number * 31 + way * 17 + offset * 7 + (offset >> 8) * 13;
}

static unsigned char *fill(const struct pair *p, int way, unsigned char *buffer, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		buffer[i] = byte_at(p, way, p->sent[way] + i);
	return buffer;
}

static void note(const struct pair *p, int way, int sending, const char *call, long bytes, const char *extra)
{
	int end = sending ? way : 1 - way;
	uint64_t offset = sending ? p->sent[way] : p->received[way];

	pthread_mutex_lock(&log_lock);
	fprintf(log_file,
		"{\"tid\":%d,\"call\":\"%s\",\"kind\":\"%s\",\"pair\":%d,\"way\":%d,\"end\":%d,\"sending\":%s,\"bytes\":%ld,"
		"\"offset\":%lu,\"local\":%d,\"remote\":%d%s}\n",
		(int)syscall(SYS_gettid), call, p->kind, p->number, way, end, sending ? "true" : "false", bytes, offset,
		p->port[end], p->port[1 - end], extra);
	pthread_mutex_unlock(&log_lock);
}

static void sent(struct pair *p, int way, const char *call, long bytes, const char *extra)
{
	note(p, way, 1, call, bytes, extra);
	p->sent[way] += bytes;
}

static void received(struct pair *p, int way, const char *call, long bytes, const char *extra)
{
	note(p, way, 0, call, bytes, extra);
	p->received[way] += bytes;
}

/* --- connections --- */

static struct pair *new_pair(const char *kind)
{
	struct pair *p = calloc(1, sizeof(*p));

	p->kind = kind;
	p->number = pairs++;
	return p;
}

static socklen_t loopback(struct sockaddr_storage *address, int family, int port)
{
	memset(address, 0, sizeof(*address));
	address->ss_family = family;
	if (family == AF_INET) {
		((struct sockaddr_in *)address)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		((struct sockaddr_in *)address)->sin_port = htons(port);
		return sizeof(struct sockaddr_in);
	}
	((struct sockaddr_in6 *)address)->sin6_addr = in6addr_loopback;
	((struct sockaddr_in6 *)address)->sin6_port = htons(port);
	return sizeof(struct sockaddr_in6);
}

static int port_of(int fd, struct sockaddr_storage *address)
{
	socklen_t length = sizeof(*address);

	CHECK(getsockname(fd, (struct sockaddr *)address, &length));
	return ntohs(address->ss_family == AF_INET ? ((struct sockaddr_in *)address)->sin_port
						   : ((struct sockaddr_in6 *)address)->sin6_port);
}

static struct pair *tcp_pair(const char *kind, int family, int port)
{
	struct pair *p = new_pair(kind);
	struct sockaddr_storage address;
	socklen_t length = loopback(&address, family, port);
	int listener = CHECK(socket(family, SOCK_STREAM, 0)), one = 1;

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	CHECK(bind(listener, (struct sockaddr *)&address, length));
	CHECK(listen(listener, 8));
	port_of(listener, &address);
	p->end[0] = CHECK(socket(family, SOCK_STREAM, 0));
	CHECK(connect(p->end[0], (struct sockaddr *)&address, length));
	p->end[1] = CHECK(accept(listener, 0, 0));
	close(listener);
	for (int i = 0; i < 2; i++) {
		setsockopt(p->end[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		p->port[i] = port_of(p->end[i], &address);
	}
	return p;
}

static struct pair *udp_pair(const char *kind, int family, int connected)
{
	struct pair *p = new_pair(kind);

	p->datagrams = 1;
	p->named = !connected;
	for (int i = 0; i < 2; i++) {
		p->to_length = loopback(&p->to[i], family, 0);
		p->end[i] = CHECK(socket(family, SOCK_DGRAM, 0));
		CHECK(bind(p->end[i], (struct sockaddr *)&p->to[i], p->to_length));
		p->port[i] = port_of(p->end[i], &p->to[i]);
	}
	for (int i = 0; connected && i < 2; i++)
		CHECK(connect(p->end[i], (struct sockaddr *)&p->to[1 - i], p->to_length));
	return p;
}

static struct pair *unix_socketpair(const char *kind, int type)
{
	struct pair *p = new_pair(kind);

	p->datagrams = type == SOCK_DGRAM;
	CHECK(socketpair(AF_UNIX, type, 0, p->end));
	return p;
}

/* Abstract names: nothing to remove afterwards. */
static socklen_t unix_name(struct sockaddr_storage *address, int number, int end)
{
	struct sockaddr_un *name = (struct sockaddr_un *)address;

	memset(address, 0, sizeof(*address));
	name->sun_family = AF_UNIX;
	return offsetof(struct sockaddr_un, sun_path) + 1 +
	       sprintf(name->sun_path + 1, "weft-test-%d-%d-%d", getpid(), number, end);
}

static struct pair *unix_stream(const char *kind)
{
	struct pair *p = new_pair(kind);
	struct sockaddr_storage address;
	socklen_t length = unix_name(&address, p->number, 1);
	int listener = CHECK(socket(AF_UNIX, SOCK_STREAM, 0));

	CHECK(bind(listener, (struct sockaddr *)&address, length));
	CHECK(listen(listener, 8));
	p->end[0] = CHECK(socket(AF_UNIX, SOCK_STREAM, 0));
	CHECK(connect(p->end[0], (struct sockaddr *)&address, length));
	p->end[1] = CHECK(accept(listener, 0, 0));
	close(listener);
	return p;
}

static struct pair *unix_datagrams(const char *kind)
{
	struct pair *p = new_pair(kind);

	p->datagrams = 1;
	p->named = 1;
	for (int i = 0; i < 2; i++) {
		socklen_t length = unix_name(&p->to[i], p->number, i);

		p->end[i] = CHECK(socket(AF_UNIX, SOCK_DGRAM, 0));
		CHECK(bind(p->end[i], (struct sockaddr *)&p->to[i], length));
		p->to_length = length; /* names of equal length */
	}
	return p;
}

static void close_pair(struct pair *p)
{
	close(p->end[0]);
	close(p->end[1]);
}

/* --- io_uring without a library --- */

static struct {
	int fd;
	unsigned *sq_tail, *sq_mask, *sq_array, *cq_head, *cq_tail, *cq_mask;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
} ring = { .fd = -1 };

static int ring_open(void)
{
	struct io_uring_params params = {};
	unsigned char *sq, *cq;

	ring.fd = syscall(SYS_io_uring_setup, 8, &params);
	if (ring.fd < 0)
		return 0;
	sq = mmap(0, params.sq_off.array + params.sq_entries * 4, PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd,
		  IORING_OFF_SQ_RING);
	cq = mmap(0, params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe), PROT_READ | PROT_WRITE,
		  MAP_SHARED, ring.fd, IORING_OFF_CQ_RING);
	ring.sqes = mmap(0, params.sq_entries * sizeof(struct io_uring_sqe), PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd,
			 IORING_OFF_SQES);
	if (sq == MAP_FAILED || cq == MAP_FAILED || ring.sqes == MAP_FAILED)
		fail("mmap of the ring");
	ring.sq_tail = (unsigned *)(sq + params.sq_off.tail);
	ring.sq_mask = (unsigned *)(sq + params.sq_off.ring_mask);
	ring.sq_array = (unsigned *)(sq + params.sq_off.array);
	ring.cq_head = (unsigned *)(cq + params.cq_off.head);
	ring.cq_tail = (unsigned *)(cq + params.cq_off.tail);
	ring.cq_mask = (unsigned *)(cq + params.cq_off.ring_mask);
	ring.cqes = (struct io_uring_cqe *)(cq + params.cq_off.cqes);
	return 1;
}

static void ring_put(int opcode, int fd, const void *address, unsigned length, unsigned flags)
{
	unsigned tail = *ring.sq_tail, index = tail & *ring.sq_mask;
	struct io_uring_sqe *sqe = &ring.sqes[index];

	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = opcode;
	sqe->fd = fd;
	sqe->addr = (uint64_t)address;
	sqe->len = length;
	sqe->flags = flags;
	ring.sq_array[index] = index;
	__atomic_store_n(ring.sq_tail, tail + 1, __ATOMIC_RELEASE);
}

/* Submits what was put and waits for as many answers; returns the last one's result. */
static long ring_run(unsigned count)
{
	long result = 0;

	CHECK(syscall(SYS_io_uring_enter, ring.fd, count, count, IORING_ENTER_GETEVENTS, 0, 0));
	for (unsigned i = 0; i < count; i++) {
		unsigned head = *ring.cq_head;

		if (head == __atomic_load_n(ring.cq_tail, __ATOMIC_ACQUIRE))
			fail("no answer in the ring");
		result = ring.cqes[head & *ring.cq_mask].res;
		__atomic_store_n(ring.cq_head, head + 1, __ATOMIC_RELEASE);
		if (result < 0) {
			errno = -result;
			fail("io_uring request");
		}
	}
	return result;
}

static long ring_do(int opcode, int fd, const void *address, unsigned length)
{
	ring_put(opcode, fd, address, length, 0);
	return ring_run(1);
}

/* --- one call each --- */

static unsigned char out[MAX_BYTES], in[MAX_BYTES];

/* Cuts a buffer into `count` parts of unequal length. */
static void cut(struct iovec *parts, int count, unsigned char *buffer, size_t bytes)
{
	size_t at = 0;

	for (int i = 0; i < count; i++) {
		size_t n = i == count - 1 ? bytes - at : bytes / (count + 1);

		parts[i].iov_base = buffer + at;
		parts[i].iov_len = n;
		at += n;
	}
}

#define PARTS 64

static void send_by(struct pair *p, int way, const char *call, size_t bytes)
{
	int fd = p->end[way];
	struct iovec parts[PARTS];
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
	struct mmsghdr messages[2] = {};
	void *name = p->named ? &p->to[1 - way] : 0;
	long n = -1;

	fill(p, way, out, bytes);
	cut(parts, 2, out, bytes);
	message.msg_name = name;
	message.msg_namelen = name ? p->to_length : 0;
	if (!strcmp(call, "write")) {
		n = write(fd, out, bytes);
	} else if (!strcmp(call, "writev")) {
		cut(parts, 3, out, bytes);
		n = writev(fd, parts, 3);
	} else if (!strcmp(call, "writev64")) {
		cut(parts, PARTS, out, bytes);
		n = writev(fd, parts, PARTS);
	} else if (!strcmp(call, "pwritev2")) {
		n = pwritev2(fd, parts, 2, -1, 0);
	} else if (!strcmp(call, "sendto")) {
		n = sendto(fd, out, bytes, 0, name, name ? p->to_length : 0);
	} else if (!strcmp(call, "sendmsg")) {
		n = sendmsg(fd, &message, 0);
	} else if (!strcmp(call, "sendmmsg")) {
		for (int i = 0; i < 2; i++) {
			messages[i].msg_hdr = message;
			messages[i].msg_hdr.msg_iov = &parts[i];
			messages[i].msg_hdr.msg_iovlen = 1;
		}
		if (CHECK(sendmmsg(fd, messages, 2, 0)) != 2)
			fail("sendmmsg sent less");
		sent(p, way, call, messages[0].msg_len, "");
		sent(p, way, call, messages[1].msg_len, "");
		return;
	} else if (!strcmp(call, "sendfile")) {
		int file = CHECK(memfd_create("weft", 0));
		off_t at = 0;

		CHECK(write(file, out, bytes));
		n = sendfile(fd, file, &at, bytes);
		close(file);
		sent(p, way, call, CHECK(n), ",\"payload\":false");
		return;
	} else if (!strcmp(call, "splice")) {
		int ends[2];

		CHECK(pipe(ends));
		CHECK(write(ends[1], out, bytes));
		n = splice(ends[0], 0, fd, 0, bytes, 0);
		close(ends[0]);
		close(ends[1]);
		sent(p, way, call, CHECK(n), ",\"payload\":false");
		return;
	} else if (!strcmp(call, "uring-write")) {
		n = ring_do(IORING_OP_WRITE, fd, out, bytes);
	} else if (!strcmp(call, "uring-writev")) {
		cut(parts, 3, out, bytes);
		n = ring_do(IORING_OP_WRITEV, fd, parts, 3);
	} else if (!strcmp(call, "uring-send")) {
		n = ring_do(IORING_OP_SEND, fd, out, bytes);
	} else if (!strcmp(call, "uring-sendmsg")) {
		n = ring_do(IORING_OP_SENDMSG, fd, &message, 1);
	}
	if (n != (long)bytes)
		fail(call);
	sent(p, way, call, n, "");
}

/* Delivery may be put off to a kernel thread: a read before it ends would get less. */
static void await_stream(int fd, size_t bytes)
{
	int there = 0;

	for (;;) {
		CHECK(ioctl(fd, FIONREAD, &there));
		if ((size_t)there >= bytes)
			return;
		usleep(50);
	}
}

static void receive_by(struct pair *p, int way, const char *call, size_t bytes)
{
	int fd = p->end[1 - way];
	struct iovec parts[3];
	struct sockaddr_storage from;
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2, .msg_name = &from, .msg_namelen = sizeof(from) };
	struct mmsghdr messages[2] = {};
	socklen_t length = sizeof(from);
	long n = -1;

	cut(parts, 2, in, bytes);
	memset(in, 0, bytes);
	if (!p->datagrams)
		await_stream(fd, bytes);
	if (!strcmp(call, "read")) {
		n = read(fd, in, bytes);
	} else if (!strcmp(call, "readv")) {
		cut(parts, 3, in, bytes);
		n = readv(fd, parts, 3);
	} else if (!strcmp(call, "preadv2")) {
		n = preadv2(fd, parts, 2, -1, 0);
	} else if (!strcmp(call, "recvfrom")) {
		/* Looking is not reading. */
		if (CHECK(recv(fd, in, bytes, MSG_PEEK)) <= 0)
			fail("peek");
		n = recvfrom(fd, in, bytes, 0, (struct sockaddr *)&from, &length);
		received(p, way, call, CHECK(n), ",\"named\":true");
		return;
	} else if (!strcmp(call, "recvmsg")) {
		if (CHECK(recvmsg(fd, &message, MSG_PEEK)) <= 0)
			fail("peek");
		message.msg_namelen = sizeof(from);
		n = recvmsg(fd, &message, 0);
		received(p, way, call, CHECK(n), ",\"named\":true");
		return;
	} else if (!strcmp(call, "recvmmsg")) {
		for (int i = 0; i < 2; i++) {
			messages[i].msg_hdr.msg_iov = &parts[i];
			messages[i].msg_hdr.msg_iovlen = 1;
		}
		CHECK(recvmmsg(fd, messages, 2, MSG_PEEK, 0));
		if (CHECK(recvmmsg(fd, messages, 2, 0, 0)) != 2)
			fail("recvmmsg received less");
		received(p, way, call, messages[0].msg_len, "");
		received(p, way, call, messages[1].msg_len, "");
		return;
	} else if (!strcmp(call, "splice")) {
		int ends[2];

		CHECK(pipe(ends));
		n = splice(fd, 0, ends[1], 0, bytes, 0);
		close(ends[0]);
		close(ends[1]);
		received(p, way, "splice", CHECK(n), ",\"payload\":false");
		return;
	} else if (!strcmp(call, "uring-read")) {
		n = ring_do(IORING_OP_READ, fd, in, bytes);
	} else if (!strcmp(call, "uring-readv")) {
		cut(parts, 3, in, bytes);
		n = ring_do(IORING_OP_READV, fd, parts, 3);
	} else if (!strcmp(call, "uring-recv")) {
		n = ring_do(IORING_OP_RECV, fd, in, bytes);
	} else if (!strcmp(call, "uring-recvmsg")) {
		message.msg_name = 0;
		message.msg_namelen = 0;
		n = ring_do(IORING_OP_RECVMSG, fd, &message, 1);
	}
	if (n != (long)bytes)
		fail(call);
	received(p, way, call, n, "");
}

/* Calls that move nothing: none of them may be seen. */
static void move_nothing(struct pair *p)
{
	unsigned char byte;
	int flags = fcntl(p->end[1], F_GETFL);
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	if (recv(p->end[1], in, 16, MSG_DONTWAIT) >= 0 || errno != EAGAIN)
		fail("nothing should be there");
	fcntl(p->end[1], F_SETFL, flags | O_NONBLOCK);
	if (read(p->end[1], in, 16) >= 0 || readv(p->end[1], &part, 1) >= 0)
		fail("nothing should be there");
	fcntl(p->end[1], F_SETFL, flags);
	CHECK(read(p->end[1], in, 0));
	if (!p->datagrams) {
		/* 0 though bytes are there: not an end of stream */
		send_by(p, 0, "write", 20);
		await_stream(p->end[1], 20);
		if (CHECK(recv(p->end[1], in, 0, 0)))
			fail("no room");
		receive_by(p, 0, "read", 20);
	}
	if (recvmsg(p->end[1], &message, MSG_ERRQUEUE | MSG_DONTWAIT) > 0)
		fail("no error should be there");
	/* A 32-bit call whose number means writev to a 64-bit one: getpid. */
	{
		long result;

		asm volatile("int $0x80" : "=a"(result) : "0"(20), "b"(p->end[0]) : "memory", "r8", "r9", "r10", "r11");
	}
}

/* A datagram into a buffer that is too small, its real length asked for. */
static void truncate_datagram(struct pair *p)
{
	send_by(p, 0, "sendto", 500);
	memset(in, 0, sizeof(in));
	if (CHECK(recv(p->end[1], in, 100, MSG_TRUNC)) != 500)
		fail("real length");
	received(p, 0, "truncated", 500, ",\"captured\":100");
}

/* MSG_TRUNC throws a stream's bytes away: nothing lies in the buffer. */
static void discard_stream(struct pair *p)
{
	send_by(p, 0, "sendto", 300);
	await_stream(p->end[1], 300);
	if (CHECK(recv(p->end[1], in, 300, MSG_TRUNC)) != 300)
		fail("discard");
	received(p, 0, "discarded", 300, ",\"payload\":false");
}

static void end_stream(struct pair *p)
{
	CHECK(shutdown(p->end[0], SHUT_WR));
	if (CHECK(read(p->end[1], in, 16)) != 0)
		fail("end of stream");
	received(p, 0, "end", 0, "");
	/* the other way still works */
	send_by(p, 1, "write", 77);
	receive_by(p, 1, "read", 77);
}

static const char *const MATRIX[][2] = {
	{ "write", "read" },       { "writev", "readv" },	    { "sendto", "recvfrom" },
	{ "sendmsg", "recvmsg" },  { "sendmmsg", "recvmmsg" },	    { "pwritev2", "preadv2" },
	{ "sendfile", "read" },	   { "splice", "recvfrom" },	    { "writev64", "read" },
	{ "uring-write", "uring-read" }, { "uring-writev", "uring-readv" }, { "uring-send", "uring-recv" },
	{ "uring-sendmsg", "uring-recvmsg" }, { "write", "splice" }, { "sendto", "recvfrom" },
};

static void exercise(struct pair *p)
{
	for (size_t i = 0; i < sizeof(MATRIX) / sizeof(MATRIX[0]); i++) {
		const char *sender = MATRIX[i][0], *receiver = MATRIX[i][1];
		int is_unix = !strncmp(p->kind, "unix", 4);

		if (ring.fd < 0 && strchr(sender, '-'))
			continue;
		/* An address is needed, or the call is not there for datagrams. */
		if (p->named && strcmp(sender, "sendto") && strcmp(sender, "sendmsg") && strcmp(sender, "sendmmsg") &&
		    strcmp(sender, "uring-sendmsg"))
			continue;
		if (p->datagrams && !strcmp(sender, "sendfile"))
			continue;
		/* unix_stream_splice_read tells nobody: see `lone splice` */
		if (!strcmp(receiver, "splice") && (p->datagrams || is_unix))
			continue;
		for (int way = 0; way < 2; way++) {
			send_by(p, way, sender, 190 + 130 * i);
			receive_by(p, way, receiver, 190 + 130 * i);
		}
	}
	move_nothing(p);
	if (!strncmp(p->kind, "udp", 3))
		truncate_datagram(p);
	if (!strncmp(p->kind, "tcp", 3))
		discard_stream(p);
	if (!p->datagrams)
		end_stream(p);
	if (!strncmp(p->kind, "unix-stream", 11)) {
		send_by(p, 1, "write", 50);
		receive_by(p, 1, "splice", 50);
	}
	close_pair(p);
}

/* 100 messages by one call. */
static void many_messages(struct pair *p)
{
	static struct mmsghdr messages[100];
	static struct iovec parts[100];

	fill(p, 0, out, 100 * 16);
	for (int i = 0; i < 100; i++) {
		parts[i] = (struct iovec){ out + 16 * i, 16 };
		messages[i].msg_hdr.msg_iov = &parts[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	if (CHECK(sendmmsg(p->end[0], messages, 100, 0)) != 100)
		fail("sendmmsg sent less");
	for (int i = 0; i < 100; i++)
		sent(p, 0, "sendmmsg", 16, "");
	if (p->datagrams) {
		for (int i = 0; i < 100; i++)
			parts[i].iov_base = in + 16 * i;
		if (CHECK(recvmmsg(p->end[1], messages, 100, 0, 0)) != 100)
			fail("recvmmsg received less");
		for (int i = 0; i < 100; i++)
			received(p, 0, "recvmmsg", 16, "");
	} else {
		receive_by(p, 0, "read", 1600);
	}
	/* The positions are still right. */
	send_by(p, 0, "sendto", 100);
	receive_by(p, 0, "recvfrom", 100);
	close_pair(p);
}

/* Two requests that are both submitted before the first is issued: whose buffer is whose is not known. */
static void linked_requests(struct pair *p)
{
	fill(p, 0, out, 200);
	ring_put(IORING_OP_SEND, p->end[0], out, 100, IOSQE_IO_LINK);
	ring_put(IORING_OP_SEND, p->end[0], out + 100, 100, 0);
	ring_run(2);
	sent(p, 0, "uring-linked", 100, ",\"ambiguous\":true");
	sent(p, 0, "uring-linked", 100, ",\"ambiguous\":true");
	receive_by(p, 0, "read", 200);
	send_by(p, 0, "uring-send", 100);
	receive_by(p, 0, "uring-recv", 100);
	close_pair(p);
}

static void mode_calls(void)
{
	ring_open();
	fprintf(log_file, "{\"uring\":%s}\n", ring.fd >= 0 ? "true" : "false");
	exercise(tcp_pair("tcp4", AF_INET, 0));
	exercise(tcp_pair("tcp6", AF_INET6, 0));
	exercise(udp_pair("udp4", AF_INET, 1));
	exercise(udp_pair("udp6", AF_INET6, 1));
	exercise(udp_pair("udp4-named", AF_INET, 0));
	exercise(udp_pair("udp6-named", AF_INET6, 0));
	exercise(unix_socketpair("unix-stream-pair", SOCK_STREAM));
	exercise(unix_stream("unix-stream"));
	exercise(unix_socketpair("unix-datagram-pair", SOCK_DGRAM));
	exercise(unix_datagrams("unix-datagram-named"));
	many_messages(udp_pair("udp4", AF_INET, 1));
	many_messages(tcp_pair("tcp4", AF_INET, 0));
	if (ring.fd >= 0) {
		linked_requests(tcp_pair("tcp4", AF_INET, 0));
		linked_requests(unix_stream("unix-stream"));
	}
	/* Sockets that take over the memory of closed ones. */
	for (int i = 0; i < 8; i++) {
		struct pair *p = i & 1 ? unix_stream("unix-stream") : tcp_pair("tcp4", AF_INET, 0);

		send_by(p, 0, "write", 64 + i);
		receive_by(p, 0, "read", 64 + i);
		send_by(p, 1, "write", 32 + i);
		receive_by(p, 1, "read", 32 + i);
		close_pair(p);
	}
}

/* --- large payloads: the other end reads on a thread of its own --- */

struct reading {
	struct pair *p;
	size_t bytes;
	size_t chunk;
};

static void *read_all(void *argument)
{
	struct reading *r = argument;
	unsigned char *buffer = malloc(r->chunk);
	size_t left = r->bytes;

	while (left) {
		long n = CHECK(read(r->p->end[1], buffer, left < r->chunk ? left : r->chunk));

		if (!n)
			fail("early end");
		received(r->p, 0, "read", n, "");
		left -= n;
	}
	free(buffer);
	return 0;
}

static void send_large(struct pair *p, const char *call, size_t bytes)
{
	struct reading r = { p, bytes, 1 << 17 };
	pthread_t reader;

	pthread_create(&reader, 0, read_all, &r);
	send_by(p, 0, call, bytes);
	pthread_join(reader, 0);
}

static void mode_large(int port)
{
	struct pair *p = tcp_pair("tcp4", AF_INET, port);

	send_large(p, "write", 65536);
	send_large(p, "write", MAX_BYTES);
	send_large(p, "writev64", 65536);
	send_large(p, "sendmsg", 100000);
	close_pair(p);
	p = unix_stream("unix-stream");
	send_large(p, "write", MAX_BYTES);
	send_large(p, "writev64", 65536);
	close_pair(p);
}

/* A non-blocking send of 1 MiB: taken in parts. Then a small one, to see that positions are right. */
static void partial(struct pair *p)
{
	int small = 8192;
	size_t done = 0, got = 0;

	setsockopt(p->end[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	fcntl(p->end[0], F_SETFL, fcntl(p->end[0], F_GETFL) | O_NONBLOCK);
	fill(p, 0, out, MAX_BYTES);
	while (got < MAX_BYTES) {
		long n = done < MAX_BYTES ? send(p->end[0], out + done, MAX_BYTES - done, 0) : 0;

		if (n > 0) {
			sent(p, 0, "partial", n, "");
			done += n;
		} else if (n < 0 && errno != EAGAIN) {
			fail("partial send");
		}
		n = recv(p->end[1], in, sizeof(in), MSG_DONTWAIT);
		if (n > 0) {
			received(p, 0, "recvfrom", n, "");
			got += n;
		} else if (errno != EAGAIN) {
			fail("partial receive");
		}
	}
	send_by(p, 0, "write", 100);
	receive_by(p, 0, "read", 100);
	close_pair(p);
}

/* Buffers that are not there, or not yet. */
static void mode_faults(void)
{
	struct pair *p = tcp_pair("tcp4", AF_INET, 0);
	unsigned char *pages = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *file_pages;
	int file = CHECK(memfd_create("weft", 0));
	long n;

	/* The last bytes of a page in front of one that may not be read: no fault, whatever is copied. */
	CHECK(mprotect(pages + 4096, 4096, PROT_NONE));
	fill(p, 0, pages + 3996, 100);
	CHECK(n = write(p->end[0], pages + 3996, 100));
	sent(p, 0, "edge", n, "");
	receive_by(p, 0, "read", 100);
	/* A file's page that this process has never touched: the kernel faults it in, an eBPF program may not. */
	fill(p, 0, out, 8192);
	CHECK(write(file, out, 8192));
	file_pages = mmap(0, 8192, PROT_READ, MAP_PRIVATE, file, 0);
	*(volatile unsigned char *)file_pages; /* the first one, maybe its neighbours by fault-around */
	CHECK(madvise(file_pages + 4096, 4096, MADV_DONTNEED));
	CHECK(n = write(p->end[0], file_pages, 8192));
	sent(p, 0, "untouched", n, ",\"fault\":true");
	for (long got = 0; got < n;) {
		long part = CHECK(read(p->end[1], in, n - got));

		received(p, 0, "read", part, "");
		got += part;
	}
	/* Half of the call's bytes cannot be read by anybody. */
	fill(p, 0, pages + 3996, 100);
	n = write(p->end[0], pages + 3996, 4000);
	fprintf(log_file, "{\"unreadable\":%ld}\n", n);
	if (n > 0) {
		sent(p, 0, "unreadable", n, ",\"fault\":true");
		receive_by(p, 0, "read", n);
	}
	close_pair(p);
}

static void mode_flood(long count)
{
	struct pair *p = tcp_pair("tcp4", AF_INET, 0);

	memset(out, 'x', 4096);
	for (long i = 0; i < count; i++) {
		if (CHECK(write(p->end[0], out, 4096)) != 4096)
			fail("flood");
		for (long got = 0; got < 4096;)
			got += CHECK(read(p->end[1], in, 4096 - got));
	}
	fprintf(log_file, "{\"flooded\":%ld}\n", count);
}

/* Sends as many bytes as each line of the standard input says, on one connection, and says when they are read. */
static void mode_steps(int port)
{
	struct pair *p = tcp_pair("tcp4", AF_INET, port);
	char line[64];

	while (fgets(line, sizeof(line), stdin)) {
		long bytes = atol(line);

		send_large(p, "write", bytes);
		printf("%ld\n", bytes);
		fflush(stdout);
	}
	close_pair(p);
}

int main(int count, char **arguments)
{
	const char *mode = count > 2 ? arguments[2] : "";
	long number = count > 3 ? atol(arguments[3]) : 0;

	if (count < 3 || !(log_file = fopen(arguments[1], "w")))
		return 2;
	if (!strcmp(mode, "calls"))
		mode_calls();
	else if (!strcmp(mode, "large"))
		mode_large(number);
	else if (!strcmp(mode, "partial")) {
		partial(tcp_pair("tcp4", AF_INET, 0));
		partial(unix_stream("unix-stream"));
	} else if (!strcmp(mode, "faults"))
		mode_faults();
	else if (!strcmp(mode, "flood"))
		mode_flood(number);
	else if (!strcmp(mode, "steps"))
		mode_steps(number);
	else
		return 2;
	return fclose(log_file) ? 1 : 0;
}
