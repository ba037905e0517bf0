/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An HTTP client with a steady rate: request i is sent i/RATE seconds after the first, on the kept connection that
 * has been idle the longest. When all are busy it waits, but a request's response time counts from when it was due.
 *
 *     paced PORT PATH RATE COUNT CONNECTIONS [TRACEPARENT]    prints one JSON object
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HEAD_MAX 4096
/* A server that says nothing for so long has stopped. */
#define SILENCE 5000000000ULL

struct connection {
	int fd;
	size_t have, whole; /* bytes of the response so far; of all of it, 0: not known yet */
	uint64_t due;
	char head[HEAD_MAX + 1];
};

static int port, poller;
static struct connection *all, **idle; /* idle: a ring of those without a request, the longest idle first */
static long connections, idle_count, idle_first;
static uint32_t *times; /* of each response, ns */
static long answered, failed;

static uint64_t nanoseconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static void open_connection(struct connection *c)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				  .sin_port = htons(port) };
	struct epoll_event interest = { .events = EPOLLIN, .data.ptr = c };
	int one = 1;

	c->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (c->fd < 0 || connect(c->fd, (void *)&at, sizeof(at)) || epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &interest)) {
		perror("connect");
		exit(1);
	}
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

static void put_idle(struct connection *c)
{
	idle[(idle_first + idle_count++) % connections] = c;
}

static void fail(struct connection *c)
{
	failed++;
	close(c->fd);
	open_connection(c);
	put_idle(c);
}

static void ask(const char *request, size_t length, uint64_t due)
{
	struct connection *c = idle[idle_first];

	idle_first = (idle_first + 1) % connections;
	idle_count--;
	c->have = c->whole = 0;
	c->due = due;
	if (send(c->fd, request, length, MSG_NOSIGNAL) != (ssize_t)length)
		fail(c);
}

/* The response's length from its head, which must say 200 and have a Content-Length. 1: known or not here yet, 0: neither. */
static int find_length(struct connection *c)
{
	size_t seen = c->have < HEAD_MAX ? c->have : HEAD_MAX;
	char *end, *field;

	c->head[seen] = 0;
	end = strstr(c->head, "\r\n\r\n");
	if (!end)
		return seen < HEAD_MAX;
	field = strcasestr(c->head, "\r\nContent-Length:");
	if (!field || field > end || strncmp(c->head, "HTTP/1.1 200", 12))
		return 0;
	c->whole = end + 4 - c->head + strtoul(field + 17, 0, 10);
	return 1;
}

static void take(struct connection *c)
{
	static char body[65536];
	int in_head = c->have < HEAD_MAX && !c->whole;
	char *into = in_head ? c->head + c->have : body;
	ssize_t n = recv(c->fd, into, in_head ? HEAD_MAX - c->have : sizeof(body), MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		fail(c);
		return;
	}
	c->have += n;
	if (!c->whole && !find_length(c)) {
		fail(c);
		return;
	}
	if (!c->whole || c->have < c->whole)
		return;
	uint64_t took = nanoseconds(CLOCK_MONOTONIC) - c->due;
	times[answered++] = took < UINT32_MAX ? took : UINT32_MAX;
	put_idle(c);
}

/* Waits for responses, until a moment. @return whether any came */
static int await(uint64_t until)
{
	struct epoll_event ready[64];
	uint64_t now = nanoseconds(CLOCK_MONOTONIC), left = until > now ? until - now : 0;
	struct timespec timeout = { .tv_sec = left / 1000000000, .tv_nsec = left % 1000000000 };
	int count = epoll_pwait2(poller, ready, 64, &timeout, 0);

	for (int i = 0; i < count; i++)
		take(ready[i].data.ptr);
	return count > 0;
}

static int by_time(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static double quantile(double q)
{
	return answered ? times[(long)(q * (answered - 1))] / 1e6 : 0;
}

int main(int arguments, char **argument)
{
	char request[2048];
	uint64_t start, now, late = 0, due;
	long count;
	double rate;
	int length;

	if (arguments < 6) {
		fprintf(stderr, "usage: paced PORT PATH RATE COUNT CONNECTIONS [TRACEPARENT]\n");
		return 2;
	}
	prctl(PR_SET_TIMERSLACK, 1);
	port = atoi(argument[1]);
	rate = atof(argument[3]);
	count = atol(argument[4]);
	connections = atol(argument[5]);
	length = snprintf(request, sizeof(request),
			  "GET %s HTTP/1.1\r\nHost: bench.example:%s\r\nUser-Agent: paced/1.0\r\nAccept: */*\r\n%s%s%s\r\n",
			  argument[2], argument[1], arguments > 6 ? "traceparent: " : "", arguments > 6 ? argument[6] : "",
			  arguments > 6 ? "\r\n" : "");
	poller = epoll_create1(0);
	all = calloc(connections, sizeof(*all));
	idle = calloc(connections, sizeof(*idle));
	times = calloc(count, sizeof(*times));
	for (long i = 0; i < connections; i++) {
		open_connection(&all[i]);
		put_idle(&all[i]);
	}
	start = nanoseconds(CLOCK_MONOTONIC);
	for (long i = 0; i < count; i++) {
		due = start + (uint64_t)(i * 1e9 / rate);
		while (nanoseconds(CLOCK_MONOTONIC) < due)
			await(due);
		while (!idle_count)
			if (!await(nanoseconds(CLOCK_MONOTONIC) + SILENCE))
				goto silent;
		now = nanoseconds(CLOCK_MONOTONIC);
		if (now - due > late)
			late = now - due;
		ask(request, length, due);
	}
	while (idle_count < connections)
		if (!await(nanoseconds(CLOCK_MONOTONIC) + SILENCE))
			goto silent;
	now = nanoseconds(CLOCK_MONOTONIC);
	uint64_t unix_now = nanoseconds(CLOCK_REALTIME);
	qsort(times, answered, sizeof(*times), by_time);
	printf("{\"requests\":%ld,\"answered\":%ld,\"seconds\":%.3f,\"latestMs\":%.2f,\"endUnixMs\":%.3f,\"p50Ms\":%.4f,\"p99Ms\":%.4f}\n",
	       count, answered, (now - start) / 1e9, late / 1e6, unix_now / 1e6, quantile(0.5), quantile(0.99));
	return 0;
silent:
	fprintf(stderr, "%ld of %ld requests were answered, %ld failed; then the server said nothing for 5 s\n", answered, count,
		failed);
	return 1;
}
