/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An HTTP client with a steady rate: request i is sent i/RATE seconds after the first, on kept connections in turn.
 *
 *     paced PORT PATH RATE COUNT CONNECTIONS [TRACEPARENT]    prints one JSON object
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static uint64_t nanoseconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static int connect_to(int port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				  .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	if (fd < 0 || connect(fd, (void *)&at, sizeof(at))) {
		perror("connect");
		exit(1);
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

/* Sends a request and reads its response, which must have a Content-Length; false: it did not come whole. */
static int ask(int fd, const char *request, size_t length)
{
	static char buffer[65536];
	size_t have = 0, whole = 0;
	char *end, *field;
	ssize_t n;

	if (send(fd, request, length, MSG_NOSIGNAL) != (ssize_t)length)
		return 0;
	while (!whole || have < whole) {
		n = recv(fd, buffer + have, sizeof(buffer) - 1 - have, 0);
		if (n <= 0)
			return 0;
		have += n;
		buffer[have] = 0;
		if (whole || !(end = strstr(buffer, "\r\n\r\n")))
			continue;
		field = strcasestr(buffer, "\r\nContent-Length:");
		if (!field || field > end)
			return 0;
		whole = end + 4 - buffer + strtoul(field + 17, 0, 10);
		if (whole >= sizeof(buffer))
			return 0;
	}
	return !strncmp(buffer, "HTTP/1.1 200", 12);
}

int main(int arguments, char **argument)
{
	char request[2048];
	uint64_t start, now, late = 0, due;
	long count, connections, answered = 0;
	double rate;
	int *fd, length;

	if (arguments < 6) {
		fprintf(stderr, "usage: paced PORT PATH RATE COUNT CONNECTIONS [TRACEPARENT]\n");
		return 2;
	}
	prctl(PR_SET_TIMERSLACK, 1);
	rate = atof(argument[3]);
	count = atol(argument[4]);
	connections = atol(argument[5]);
	length = snprintf(request, sizeof(request),
			  "GET %s HTTP/1.1\r\nHost: bench.example:%s\r\nUser-Agent: paced/1.0\r\nAccept: */*\r\n%s%s%s\r\n",
			  argument[2], argument[1], arguments > 6 ? "traceparent: " : "", arguments > 6 ? argument[6] : "",
			  arguments > 6 ? "\r\n" : "");
	fd = calloc(connections, sizeof(*fd));
	for (long i = 0; i < connections; i++)
		fd[i] = connect_to(atoi(argument[1]));
	start = nanoseconds(CLOCK_MONOTONIC);
	for (long i = 0; i < count; i++) {
		struct timespec until;

		due = start + (uint64_t)(i * 1e9 / rate);
		until.tv_sec = due / 1000000000;
		until.tv_nsec = due % 1000000000;
		now = nanoseconds(CLOCK_MONOTONIC);
		if (now < due)
			clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, 0);
		else if (now - due > late)
			late = now - due;
		answered += ask(fd[i % connections], request, length);
	}
	now = nanoseconds(CLOCK_MONOTONIC);
	printf("{\"requests\":%ld,\"answered\":%ld,\"seconds\":%.3f,\"latestMs\":%.2f,\"endUnixMs\":%.3f}\n", count, answered,
	       (now - start) / 1e9, late / 1e6, nanoseconds(CLOCK_REALTIME) / 1e6);
	return 0;
}
