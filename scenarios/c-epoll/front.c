// One thread, one epoll instance: an HTTP/1.1 server that makes one to three calls a request, over a pool of kept connections,
// and serves other requests while it waits for their answers. Calls go one after the other, or two at once.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <unistd.h>

enum { ID = 32, BUFFER = 4096 };

struct connection;

// A request under way: which calls are still to be made, and how many are being waited for.
struct request {
	struct connection *client;
	char serving[ID + 1];
	int status, waiting, more;
};

struct connection {
	int fd, is_client, port, length, connected;
	struct request *request; // upstream: on whose behalf
	struct connection *next; // upstream: in the pool
	char buffer[BUFFER];
	char call[ID + 1];       // upstream: the call to send once it is connected
	const char *path;
};

static int epoll, listener, middle_port, leaf_port;
static struct connection *pool_middle, *pool_leaf;
static FILE *truth;

static double chance(void) { return drand48(); }

static void watch(struct connection *c, int operation, unsigned events) {
	struct epoll_event event = {.events = events, .data.ptr = c};
	epoll_ctl(epoll, operation, c->fd, &event);
}

static void fresh_id(char *id) {
	unsigned char bytes[ID / 2];
	if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes) abort();
	for (int i = 0; i < ID / 2; i++) sprintf(id + 2 * i, "%02x", bytes[i]);
}

static void send_call(struct connection *c) {
	char text[256];
	int length = snprintf(text, sizeof text, "GET %s/%s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", c->path, c->call);
	if (write(c->fd, text, length) != length) abort();
}

// Makes one call with a fresh id on behalf of a request.
static void call(struct request *request, int port, const char *path) {
	struct connection **pool = port == middle_port ? &pool_middle : &pool_leaf, *c = *pool;
	if (c != NULL) *pool = c->next;
	else {
		c = calloc(1, sizeof *c);
		c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		c->port = port;
		setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
		struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
		if (connect(c->fd, (struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS) abort();
		watch(c, EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT);
	}
	c->request = request;
	c->path = path;
	c->length = 0;
	fresh_id(c->call);
	fprintf(truth, "{\"call\":\"%s\",\"parent\":\"%s\"}\n", c->call, request->serving);
	request->waiting++;
	if (c->connected) send_call(c);
}

static void answer(struct request *request) {
	char body[64], text[256];
	int status = request->status >= 500 ? 502 : 200;
	int size = snprintf(body, sizeof body, "{\"status\":%d}", request->status);
	int length = snprintf(text, sizeof text, "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		status, status == 200 ? "OK" : "Bad Gateway", size, body);
	if (request->client->fd >= 0 && write(request->client->fd, text, length) != length) perror("answer");
	request->client->request = NULL;
	free(request);
}

// Goes on with a request that waits for nothing any more.
static void go_on(struct request *request) {
	if (request->waiting > 0) return;
	if (request->more-- > 0) call(request, leaf_port, "/leaf");
	else answer(request);
}

static void begin(struct connection *client) {
	char *path = client->buffer, *end = strstr(path, " HTTP/");
	struct request *request = calloc(1, sizeof *request);
	if (end == NULL || end - path < ID) abort();
	memcpy(request->serving, end - ID, ID);
	request->client = client;
	client->request = request;
	client->length = 0;
	request->status = 200;
	if (chance() < 0.06) return answer(request);
	request->more = chance() < 0.5;
	call(request, middle_port, "/step");
	if (chance() < 0.4) call(request, leaf_port, "/leaf");
}

// The whole answer is there once its body is.
static int whole(struct connection *c) {
	char *head = strstr(c->buffer, "\r\n\r\n"), *field = strcasestr(c->buffer, "\r\nContent-Length:");
	return head != NULL && field != NULL && c->length >= head + 4 - c->buffer + atoi(field + 17);
}

static void readable(struct connection *c) {
	int got = read(c->fd, c->buffer + c->length, BUFFER - 1 - c->length);
	if (got < 0 && errno == EAGAIN) return;
	if (got <= 0) {
		if (c->is_client && c->request == NULL) {
			close(c->fd);
			free(c);
			return;
		}
		fprintf(stderr, "a connection ended while a request was under way\n");
		exit(1);
	}
	c->buffer[c->length += got] = 0;
	if (c->is_client) {
		if (strstr(c->buffer, "\r\n\r\n") != NULL) begin(c);
		return;
	}
	if (!whole(c)) return;
	struct request *request = c->request;
	struct connection **pool = c->port == middle_port ? &pool_middle : &pool_leaf;
	request->status = atoi(c->buffer + 9) > request->status ? atoi(c->buffer + 9) : request->status;
	request->waiting--;
	c->request = NULL;
	c->next = *pool;
	*pool = c;
	go_on(request);
}

static void accept_all(void) {
	for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
		struct connection *c = calloc(1, sizeof *c);
		c->fd = fd;
		c->is_client = 1;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
		watch(c, EPOLL_CTL_ADD, EPOLLIN);
	}
}

static void stop(int signal) {
	(void)signal;
	fflush(truth);
	_exit(0);
}

int main(void) {
	middle_port = atoi(getenv("MIDDLE_PORT"));
	leaf_port = atoi(getenv("LEAF_PORT"));
	truth = fopen(getenv("TRUTH_LOG"), "a");
	srand48(getpid());
	signal(SIGPIPE, SIG_IGN);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(atoi(getenv("PORT"))), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	if (truth == NULL || bind(listener, (struct sockaddr *)&at, sizeof at) != 0 || listen(listener, 1024) != 0) {
		perror("front");
		return 1;
	}
	epoll = epoll_create1(0);
	epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &(struct epoll_event){.events = EPOLLIN});
	// Between waits only, so that the log is never torn.
	sigset_t blocked, before;
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	signal(SIGTERM, stop);
	for (;;) {
		struct epoll_event events[64];
		int count = epoll_pwait(epoll, events, 64, -1, &before);
		for (int i = 0; i < count; i++) {
			struct connection *c = events[i].data.ptr;
			if (c == NULL) accept_all();
			else if (!c->is_client && !c->connected) {
				int error = 0;
				getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &(socklen_t){sizeof error});
				if (error != 0) abort();
				c->connected = 1;
				watch(c, EPOLL_CTL_MOD, EPOLLIN);
				send_call(c);
			} else readable(c);
		}
	}
}
