/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two sides wake each other in turn on one CPU: two threads through a futex, and two processes through a pipe. Waits for a line on
 * its standard input.
 *
 *     wakes CPU COUNT    prints {"futex": ns, "pipe": ns}: CPU time a wake
 */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static _Atomic uint32_t turn;
static long count;

static void futex_side(uint32_t mine)
{
	for (long i = 0; i < count; i++) {
		while (turn != mine)
			syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, 1 - mine, NULL, NULL, 0);
		turn = 1 - mine;
		syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	}
}

static void *other_thread(void *unused)
{
	futex_side(1);
	return unused;
}

static double cpu_nanoseconds(int who)
{
	struct rusage use;

	getrusage(who, &use);
	return (use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1e9 + (use.ru_utime.tv_usec + use.ru_stime.tv_usec) * 1e3;
}

int main(int argc, char **argv)
{
	int there[2], back[2];
	double start, futex, pipes;
	cpu_set_t cpu;
	pthread_t thread;
	char byte = 0;

	if (argc != 3)
		return 2;
	CPU_ZERO(&cpu);
	CPU_SET(atoi(argv[1]), &cpu);
	sched_setaffinity(0, sizeof(cpu), &cpu);
	count = atol(argv[2]);
	getchar();

	start = cpu_nanoseconds(RUSAGE_SELF);
	pthread_create(&thread, NULL, other_thread, NULL);
	futex_side(0);
	pthread_join(thread, NULL);
	futex = cpu_nanoseconds(RUSAGE_SELF) - start;

	if (pipe(there) || pipe(back))
		return 1;
	start = cpu_nanoseconds(RUSAGE_SELF);
	if (!fork()) {
		for (long i = 0; i < count; i++)
			if (read(there[0], &byte, 1) != 1 || write(back[1], &byte, 1) != 1)
				_exit(1);
		_exit(0);
	}
	for (long i = 0; i < count; i++)
		if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
			return 1;
	wait(NULL);
	pipes = cpu_nanoseconds(RUSAGE_SELF) + cpu_nanoseconds(RUSAGE_CHILDREN) - start;
	printf("{\"futex\": %.1f, \"pipe\": %.1f}\n", futex / (2 * count), pipes / (2 * count));
	return 0;
}
