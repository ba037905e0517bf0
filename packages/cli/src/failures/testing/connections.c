/* SPDX-License-Identifier: Apache-2.0 */
/*
 * connections COUNT: opens so many connections to itself, 2 000 a second, and keeps them. Each carries one request, GET /n/INDEX/first; after that it
 * prints `open COUNT`. At SIGUSR1 a request goes over every hundredth, GET /n/INDEX/again; after that it prints `again`.
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVERY 100

static void check(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

static void serve(int listener)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
	struct epoll_event events[64], listening = { .events = EPOLLIN, .data.fd = listener };
	int poll = epoll_create1(0);
	char bytes[4096];

	check(epoll_ctl(poll, EPOLL_CTL_ADD, listener, &listening) == 0, "epoll_ctl");
	for (;;) {
		int ready = epoll_wait(poll, events, 64, -1);

		for (int i = 0; i < ready; i++) {
			int fd = events[i].data.fd;

			if (fd == listener) {
				struct epoll_event one = { .events = EPOLLIN, .data.fd = accept(listener, 0, 0) };

				check(one.data.fd >= 0, "accept");
				epoll_ctl(poll, EPOLL_CTL_ADD, one.data.fd, &one);
			} else if (read(fd, bytes, sizeof(bytes)) <= 0) {
				close(fd);
			} else {
				check(write(fd, answer, sizeof(answer) - 1) > 0, "write");
			}
		}
	}
}

static void ask(int fd, int index, const char *which)
{
	char bytes[256];
	int length = snprintf(bytes, sizeof(bytes), "GET /n/%d/%s HTTP/1.1\r\nHost: localhost\r\n\r\n", index, which);

	check(write(fd, bytes, length) == length, "write");
	check(read(fd, bytes, sizeof(bytes)) > 0, "read");
}

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 0;
	struct rlimit files = { count + 64, count + 64 };
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0), *connections = calloc(count, sizeof(int)), signal;
	sigset_t again;

	check(setrlimit(RLIMIT_NOFILE, &files) == 0, "setrlimit");
	check(bind(listener, (struct sockaddr *)&address, size) == 0, "bind");
	check(listen(listener, 1024) == 0, "listen");
	getsockname(listener, (struct sockaddr *)&address, &size);
	sigemptyset(&again);
	sigaddset(&again, SIGUSR1);
	sigprocmask(SIG_BLOCK, &again, 0);
	if (fork() == 0)
		serve(listener);
	for (int i = 0; i < count; i++) {
		connections[i] = socket(AF_INET, SOCK_STREAM, 0);
		check(connect(connections[i], (struct sockaddr *)&address, size) == 0, "connect");
		ask(connections[i], i, "first");
		/* What is tried is many connections, not many a second: that fills the rings. */
		if (i % 20 == 0)
			usleep(10000);
	}
	printf("open %d\n", count);
	fflush(stdout);
	for (;;) {
		sigwait(&again, &signal);
		for (int i = 0; i < count; i += EVERY)
			ask(connections[i], i, "again");
		puts("again");
		fflush(stdout);
	}
}
