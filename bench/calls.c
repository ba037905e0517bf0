/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times single system calls: HTTP requests and responses of given sizes over one loopback connection, one call
 * every 1/RATE seconds, and calls that have nothing to do with sockets. One thread, pinned.
 *
 *     calls CPU RATE SECONDS SIZE...    prints one JSON object; times are nanoseconds a call, medians
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define CHECK(what, ok)                   \
	do {                              \
		if (!(ok)) {              \
			perror(what);     \
			exit(1);          \
		}                         \
	} while (0)

static uint64_t nanoseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

#ifdef __x86_64__
static inline uint64_t ticks(void)
{
	uint32_t low, high, cpu;

	__asm__ volatile("rdtscp" : "=a"(low), "=d"(high), "=c"(cpu)::"memory");
	return (uint64_t)high << 32 | low;
}
#else
#define ticks nanoseconds
#endif

static double nanoseconds_a_tick = 1;

static void calibrate(void)
{
	uint64_t from = nanoseconds(), ticks_from = ticks(), to;

	while ((to = nanoseconds()) - from < 100000000)
		;
	nanoseconds_a_tick = (double)(to - from) / (double)(ticks() - ticks_from);
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static double median(uint32_t *values, size_t count)
{
	qsort(values, count, sizeof(*values), by_value);
	return count ? values[count / 2] * nanoseconds_a_tick : 0;
}

/* A request or response of exactly `size` bytes. */
static void fill(char *message, int size, int is_request, unsigned number)
{
	int n;

	if (is_request) {
		n = sprintf(message, "GET /b/%08x HTTP/1.1\r\nHost: bench\r\n", number);
		if (size - n - 2 < 4) {
			/* no room for a field that pads */
			while (n < size - 2)
				message[n++] = ' ';
		} else {
			n += sprintf(message + n, "P: ");
			while (n < size - 4)
				message[n++] = 'p';
			memcpy(message + n, "\r\n", 2);
			n += 2;
		}
		memcpy(message + n, "\r\n", 2);
		return;
	}
	n = sprintf(message, "HTTP/1.1 200 OK\r\nContent-Length: %4d\r\n\r\n", size - 41);
	memset(message + n, 'b', size - n);
}

/* Both ends of a connection over 127.0.0.1. */
static void connect_ends(int *client, int *server)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	CHECK("listen", !bind(listener, (void *)&at, sizeof(at)) && !listen(listener, 1) &&
				!getsockname(listener, (void *)&at, &length));
	*client = socket(AF_INET, SOCK_STREAM, 0);
	CHECK("connect", !connect(*client, (void *)&at, sizeof(at)));
	*server = accept(listener, 0, 0);
	CHECK("accept", *server >= 0);
	setsockopt(*client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(*server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	close(listener);
}

static uint64_t due, period;

/* Until the next call is due; a call that is late moves those behind it. */
static void pace(void)
{
	uint64_t now = ticks();

	if (now > due + period)
		due = now;
	while (ticks() < due)
		;
	due += period;
}

struct samples {
	uint32_t *send, *receive;
	size_t sends, receives;
};

/* One message from one end to the other: two calls. */
static void pass(int from, int to, const char *message, int size, struct samples *s)
{
	static char buffer[65536];
	int got = 0;
	uint64_t start;
	ssize_t n;

	pace();
	start = ticks();
	n = send(from, message, size, MSG_NOSIGNAL);
	s->send[s->sends++] = ticks() - start;
	CHECK("send", n == size);
	pace();
	start = ticks();
	n = recv(to, buffer, sizeof(buffer), 0);
	s->receive[s->receives++] = ticks() - start;
	CHECK("recv", n > 0);
	for (got = n; got < size; got += n) {
		n = recv(to, buffer, sizeof(buffer), 0);
		CHECK("recv", n > 0);
	}
}

static void time_messages(int size, unsigned exchanges)
{
	static char request[65536], response[65536];
	struct samples s = { .send = calloc(2 * exchanges, 4), .receive = calloc(2 * exchanges, 4) };
	double send_median, receive_median;
	int client, server;
	unsigned i;

	connect_ends(&client, &server);
	fill(response, size, 0, 0);
	due = ticks();
	for (i = 0; i < exchanges; i++) {
		fill(request, size, 1, i);
		pass(client, server, request, size, &s);
		pass(server, client, response, size, &s);
	}
	close(client);
	close(server);
	send_median = median(s.send, s.sends);
	receive_median = median(s.receive, s.receives);
	printf("{\"size\":%d,\"exchanges\":%u,\"send\":%.1f,\"receive\":%.1f}", size, exchanges, send_median,
	       receive_median);
	free(s.send);
	free(s.receive);
}

#define BATCHES 300
#define CALLS 500

static double time_getppid(void)
{
	static uint32_t each[BATCHES];

	for (int i = 0; i < BATCHES; i++) {
		uint64_t start = ticks();

		for (int k = 0; k < CALLS; k++)
			syscall(SYS_getppid);
		each[i] = ticks() - start;
	}
	return median(each, BATCHES) / CALLS;
}

static double time_pipe(void)
{
	static uint32_t each[BATCHES];
	char bytes[64] = "";
	int ends[2];

	CHECK("pipe", !pipe(ends));
	for (int i = 0; i < BATCHES; i++) {
		uint64_t start = ticks();

		for (int k = 0; k < CALLS / 2; k++) {
			CHECK("write", write(ends[1], bytes, sizeof(bytes)) == sizeof(bytes));
			CHECK("read", read(ends[0], bytes, sizeof(bytes)) == sizeof(bytes));
		}
		each[i] = ticks() - start;
	}
	close(ends[0]);
	close(ends[1]);
	return median(each, BATCHES) / CALLS;
}

int main(int count, char **arguments)
{
	cpu_set_t cpus;
	double rate, seconds;

	if (count < 5) {
		fprintf(stderr, "usage: calls CPU RATE SECONDS SIZE...\n");
		return 2;
	}
	CPU_ZERO(&cpus);
	CPU_SET(atoi(arguments[1]), &cpus);
	CHECK("sched_setaffinity", !sched_setaffinity(0, sizeof(cpus), &cpus));
	rate = atof(arguments[2]);
	seconds = atof(arguments[3]);
	calibrate();
	period = 1e9 / rate / nanoseconds_a_tick;
	printf("{\"messages\":[");
	for (int i = 4; i < count; i++) {
		if (i > 4)
			printf(",");
		time_messages(atoi(arguments[i]), rate * seconds / 4);
	}
	printf("],\"getppid\":%.1f", time_getppid());
	printf(",\"pipe\":%.1f}\n", time_pipe());
	return 0;
}
