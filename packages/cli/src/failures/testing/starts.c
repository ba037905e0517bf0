/* SPDX-License-Identifier: Apache-2.0 */
/*
 * starts PER_SECOND SECONDS: starts so many processes a second, each of which executes this program anew and ends. Every 25th is called
 * `caller-0` … `caller-3` and asks the first process for /n/INDEX/NAME. Prints `started N calls M` at the end.
 */
#include <arpa/inet.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EVERY 25
#define NAMES 4

static void check(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

static void serve(int listener)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
	char bytes[4096];

	for (;;) {
		int fd = accept(listener, 0, 0);

		check(fd >= 0, "accept");
		if (read(fd, bytes, sizeof(bytes)) > 0)
			check(write(fd, answer, sizeof(answer) - 1) > 0, "write");
		close(fd);
	}
}

static int call(const char *name, const char *port, const char *index)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				       .sin_port = htons(atoi(port)) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char bytes[256];
	int length = snprintf(bytes, sizeof(bytes), "GET /n/%s/%s HTTP/1.1\r\nHost: localhost\r\n\r\n", index, name);

	check(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "connect");
	check(write(fd, bytes, length) == length, "write");
	check(read(fd, bytes, sizeof(bytes)) > 0, "read");
	return 0;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	int listener, started = 0, calls = 0, server, status;
	char port[16], index[16], names[NAMES][PATH_MAX], plain[PATH_MAX];
	double begun = now(), perSecond, seconds;

	if (argc == 4 && !strcmp(argv[1], "call"))
		return call(basename(argv[0]), argv[2], argv[3]);
	if (argc != 3)
		return 0;
	perSecond = atof(argv[1]);
	seconds = atof(argv[2]);
	check(readlink("/proc/self/exe", plain, sizeof(plain) - 1) > 0, "readlink");
	for (int i = 0; i < NAMES; i++) {
		snprintf(names[i], PATH_MAX, "%.4000s-caller-%d", plain, i);
		snprintf(strrchr(names[i], '/') + 1, 16, "caller-%d", i);
		check(link(plain, names[i]) == 0, "link");
	}
	listener = socket(AF_INET, SOCK_STREAM, 0);
	check(bind(listener, (struct sockaddr *)&address, size) == 0, "bind");
	check(listen(listener, 1024) == 0, "listen");
	getsockname(listener, (struct sockaddr *)&address, &size);
	snprintf(port, sizeof(port), "%d", ntohs(address.sin_port));
	server = fork();
	if (server == 0)
		serve(listener);
	while (now() - begun < seconds) {
		if (started >= (now() - begun) * perSecond) {
			usleep(500);
		} else {
			int calling = started % EVERY == 0;

			snprintf(index, sizeof(index), "%d", calls);
			if (fork() == 0) {
				char *name = calling ? names[calls % NAMES] : plain;

				execl(name, name, calling ? "call" : (char *)0, port, index, (char *)0);
				_exit(127);
			}
			started++;
			calls += calling;
		}
		while (waitpid(-1, &status, WNOHANG) > 0)
			;
	}
	sleep(1);
	kill(server, SIGKILL);
	while (wait(&status) > 0)
		;
	printf("started %d calls %d\n", started, calls);
	return 0;
}
