// SPDX-License-Identifier: Apache-2.0
/*
 * A thread wakes others in several ways and says so, a line a wake: `HOW WAKER WOKEN PLACE`. Each is seen asleep first. Begins
 * when a line comes on its standard input, and ends at that input's end.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SLEEPERS 3

static uint32_t word;
static int fd = -1;
static enum { FUTEX, EPOLL, POLL, READ } waits;
static volatile int tids[SLEEPERS];

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void *sleeper(void *which)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct pollfd polled = { .fd = fd, .events = POLLIN };
	char bytes[8];
	int epoll;

	tids[(long)which] = gettid();
	switch (waits) {
	case FUTEX:
		syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
		break;
	case EPOLL:
		epoll = epoll_create1(0);
		if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
			die("epoll");
		epoll_wait(epoll, &event, 1, -1);
		close(epoll);
		break;
	case POLL:
		poll(&polled, 1, -1);
		break;
	case READ:
		if (read(fd, bytes, sizeof(bytes)) < 0)
			die("read");
		break;
	}
	return NULL;
}

static void until_asleep(int tid)
{
	char path[64], line[256], *state;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	for (;;) {
		file = fopen(path, "r");
		if (!file || !fgets(line, sizeof(line), file))
			die(path);
		fclose(file);
		state = strrchr(line, ')');
		if (state && state[2] == 'S')
			return;
		usleep(100);
	}
}

static void start(pthread_t *threads, int count)
{
	for (long i = 0; i < count; i++) {
		tids[i] = 0;
		if (pthread_create(&threads[i], NULL, sleeper, (void *)i))
			die("pthread_create");
		while (!tids[i])
			usleep(100);
		until_asleep(tids[i]);
	}
}

static void wake_futex(const char *how, int sleepers, int most)
{
	pthread_t threads[SLEEPERS];

	waits = FUTEX;
	start(threads, sleepers);
	for (int i = 0; i < sleepers; i++)
		printf("%s %d %d %llu\n", how, gettid(), tids[i], (unsigned long long)(uintptr_t)&word);
	syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, most, NULL, NULL, 0);
	for (int i = 0; i < sleepers; i++)
		pthread_join(threads[i], NULL);
}

static void wake_file(const char *how, int waiting, int writing, int wait)
{
	uint64_t one = 1;
	pthread_t thread;

	fd = waiting;
	waits = wait;
	start(&thread, 1);
	printf("%s %d %d %d\n", how, gettid(), tids[0], writing);
	if (write(writing, &one, sizeof(one)) != sizeof(one))
		die("write");
	pthread_join(thread, NULL);
}

static void tcp_pair(int *ends)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	ends[1] = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener, (void *)&address, sizeof(address)) || listen(listener, 1) ||
	    getsockname(listener, (void *)&address, &length) || connect(ends[1], (void *)&address, length))
		die("tcp");
	ends[0] = accept(listener, NULL, NULL);
	close(listener);
}

int main(void)
{
	int event, ends[2];

	setvbuf(stdout, NULL, _IOLBF, 0);
	getchar();
	wake_futex("futex", 1, 1);
	wake_futex("broadcast", SLEEPERS, 1 << 30);
	event = eventfd(0, 0);
	wake_file("eventfd-epoll", event, event, EPOLL);
	close(event);
	event = eventfd(0, 0);
	wake_file("eventfd-read", event, event, READ);
	if (pipe(ends))
		die("pipe");
	wake_file("pipe-poll", ends[0], ends[1], POLL);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		die("socketpair");
	wake_file("unix-epoll", ends[0], ends[1], EPOLL);
	tcp_pair(ends);
	wake_file("tcp-epoll", ends[0], ends[1], EPOLL);
	puts("done");
	while (getchar() != EOF)
		;
	return 0;
}
