/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times SSL_write and SSL_read: both ends of one TLS connection over loopback, in one thread, so that each read finds its
 * record in the socket.
 *
 *     tls CPU CALLS SIZE CERTIFICATE KEY    prints one JSON object; times are nanoseconds a call, medians
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CHECK(what, ok)                           \
	do {                                      \
		if (!(ok)) {                      \
			fputs(what "\n", stderr); \
			exit(1);                  \
		}                                 \
	} while (0)

#define MOST 16384

static uint64_t nanoseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static uint64_t median(uint64_t *values, int count)
{
	qsort(values, count, sizeof(*values), by_value);
	return values[count / 2];
}

static void connect_both(int ends[2])
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	CHECK("bind", !bind(listener, (struct sockaddr *)&at, length) && !listen(listener, 1));
	getsockname(listener, (struct sockaddr *)&at, &length);
	ends[0] = socket(AF_INET, SOCK_STREAM, 0);
	CHECK("connect", !connect(ends[0], (struct sockaddr *)&at, length));
	ends[1] = accept(listener, 0, 0);
	for (int i = 0; i < 2; i++)
		setsockopt(ends[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	close(listener);
}

/* The two ends of one handshake, in turns: each does what it can without waiting. */
static void shake_hands(SSL *client, SSL *server, const int ends[2])
{
	struct timeval brief = { .tv_usec = 2000 };
	struct timeval forever = {};

	for (int i = 0; i < 2; i++)
		setsockopt(ends[i], SOL_SOCKET, SO_RCVTIMEO, &brief, sizeof(brief));
	for (int i = 0; i < 100 && (!SSL_is_init_finished(client) || !SSL_is_init_finished(server)); i++) {
		SSL_do_handshake(client);
		SSL_do_handshake(server);
	}
	CHECK("handshake", SSL_is_init_finished(client) && SSL_is_init_finished(server));
	for (int i = 0; i < 2; i++)
		setsockopt(ends[i], SOL_SOCKET, SO_RCVTIMEO, &forever, sizeof(forever));
}

int main(int argc, char **argv)
{
	static char message[MOST], heard[MOST];
	SSL_CTX *serving = SSL_CTX_new(TLS_server_method()), *asking = SSL_CTX_new(TLS_client_method());
	int ends[2], calls = atoi(argv[2]), size = atoi(argv[3]);
	uint64_t *writes = calloc(calls, 8), *reads = calloc(calls, 8);
	cpu_set_t cpus;
	SSL *client, *server;

	CHECK("size", argc == 6 && size > 0 && size <= MOST);
	CPU_ZERO(&cpus);
	CPU_SET(atoi(argv[1]), &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
	CHECK("certificate", SSL_CTX_use_certificate_file(serving, argv[4], SSL_FILETYPE_PEM) == 1);
	CHECK("key", SSL_CTX_use_PrivateKey_file(serving, argv[5], SSL_FILETYPE_PEM) == 1);
	connect_both(ends);
	client = SSL_new(asking);
	server = SSL_new(serving);
	SSL_set_fd(client, ends[0]);
	SSL_set_fd(server, ends[1]);
	SSL_set_connect_state(client);
	SSL_set_accept_state(server);
	shake_hands(client, server, ends);
	memset(message, 'x', size);
	memcpy(message, "GET /b HTTP/1.1\r\nhost: b\r\n", 26);
	for (int i = 0; i < calls; i++) {
		uint64_t start = nanoseconds(), written, done;

		CHECK("write", SSL_write(client, message, size) == size);
		written = nanoseconds();
		CHECK("read", SSL_read(server, heard, size) == size);
		done = nanoseconds();
		writes[i] = written - start;
		reads[i] = done - written;
		usleep(20);
	}
	printf("{\"write\":%lu,\"read\":%lu}\n", median(writes, calls), median(reads, calls));
	return 0;
}
