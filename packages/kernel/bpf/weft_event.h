/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event ABI: what the kernel side reports, the same on every tier. The TypeScript decoder's
 * offsets are generated from these types (BTF of the built object), never typed twice.
 */
#pragma once

enum weft_kind {
	WEFT_SEND = 1,     /* bytes go out of a socket */
	WEFT_RECV = 2,     /* bytes were read from a socket; length 0: end of stream */
	WEFT_CONNECT = 3,  /* a client socket starts to connect, in the connecting thread */
	WEFT_SHUTDOWN = 4, /* our end has sent its last byte */
	WEFT_CLOSE = 5,    /* the socket is gone */
	WEFT_EXEC = 6,
	WEFT_EXIT = 7,
	WEFT_FORK = 8,     /* a thread or a process was created */
};

enum weft_role {
	WEFT_ROLE_UNKNOWN = 0,
	WEFT_ROLE_CLIENT = 1,
	WEFT_ROLE_SERVER = 2,
};

enum weft_transport {
	WEFT_TCP = 1,
	WEFT_UDP = 2,
	WEFT_UNIX_STREAM = 3,
	WEFT_UNIX_DGRAM = 4,
};

enum weft_flag {
	WEFT_FLAG_NO_BUFFER = 1, /* bytes moved without a user buffer: sendfile, splice, unknown io_uring request */
	WEFT_FLAG_FAULT = 2,     /* user memory could not be read, or not all of it */
	WEFT_FLAG_IPV6 = 4,
	WEFT_FLAG_ENTRY = 8,     /* reported before transmission: the length is announced, not yet accepted */
	WEFT_FLAG_TLS = 16,      /* plaintext: the position is that of the record which carries it, plus the offset in it */
	WEFT_FLAG_CONTEXT = 32,  /* struct weft_context lies between the event and its payload */
	WEFT_FLAG_DESCRIBED = 64, /* and says who is at the socket's ends; else that is not told here */
};

/* Why something is missing. Order is part of the ABI: user space names the causes. */
enum weft_lost {
	WEFT_LOST_RING_FULL = 0,
	WEFT_LOST_STORAGE = 1,        /* no socket storage: the fallback map was used */
	WEFT_LOST_PAYLOAD_FAULT = 2,
	WEFT_LOST_URING_BUFFER = 3,
	WEFT_LOST_SEGMENTS = 4,       /* more than WEFT_SEGMENTS iovecs */
	WEFT_LOST_SHED = 5,           /* not reported on purpose: past the CPU budget */
	WEFT_LOST_TLS_SOCKET = 6,     /* plaintext whose socket is not known */
	WEFT_LOST_CAUSES = 7,
};

#define WEFT_PAYLOAD_MAX 65536

/*
 * A CPU's ring (maps/rings.h): its head at 0, its tail, and its data, a power of two of bytes. A record that begins
 * before the end of the data lies behind it as a whole, in the slack.
 */
#define WEFT_RING_TAIL 64
#define WEFT_RING_DATA 4096
#define WEFT_RING_BYTES 4194304
#define WEFT_RING_SLACK 139264

#define WEFT_SEGMENTS 64

/* Before each event in a ring (maps/rings.h). */
struct weft_record {
	__u32 length; /* bytes that follow; the next record begins at the next multiple of 8 */
	__u32 mark;   /* that of its position, once it is written (ring_mark) */
};

/*
 * Bytes that moved through a socket, and the socket's own life. One cache line, since each line of the ring
 * that is written costs a traced call its share; what few events need follows as a context. Then the payload.
 */
struct weft_event {
	__u8 kind;      /* enum weft_kind */
	__u8 transport; /* enum weft_transport */
	__u8 role;      /* enum weft_role */
	__u8 flags;     /* enum weft_flag */
	__u32 captured; /* bytes of payload that follow */
	__u64 time;     /* ns since the agent's epoch */
	__u32 tgid;
	__u32 tid;
	__u64 cookie;          /* names the socket */
	__u32 position;        /* of the first byte: TCP sequence; other sockets: bytes so far */
	__u32 other_position;  /* the opposite direction's position at this time; TCP: its own FIN counts as a byte */
	__u32 length;          /* bytes moved */
	__u32 skipped;         /* of these, bytes before the captured ones */
	__u32 switches;        /* voluntary context switches of the thread so far: tells whether it slept */
	__u16 syscall;
	__u16 local_port;
	__u16 remote_port;     /* 0: unknown (tier sock: datagrams received on a socket without a peer) */
	__u16 reserved;
	__u32 reserved2;
};

/*
 * Follows an event with WEFT_FLAG_CONTEXT: always of a goroutine, and every few seconds of a socket (what it says of
 * the socket does not change, but events can be lost and user space forgets).
 */
struct weft_context {
	__u64 goid;        /* goroutine that made the call, 0 = none or unknown */
	__u64 parent_goid; /* its creator (Go >= 1.21) */
	__u64 handover_goid; /* goroutine that ran on this thread just before it, and parked */
	__u64 handover_parent_goid;
	__u64 waiter_goid; /* goroutine that waits on a channel which this one holds */
	__u64 waiter_parent_goid;
	__u64 peer_cookie; /* Unix sockets: the other end, 0 = unknown */
	__u8 local_address[16]; /* IPv4 in the first four bytes */
	__u8 remote_address[16];
};

/* Life of processes and threads. */
struct weft_task_event {
	__u8 kind;
	__u8 reserved[7];
	__u64 time;
	__u32 tgid;
	__u32 tid;
	__u32 parent_tgid; /* WEFT_FORK */
	__u32 parent_tid;
	__u64 parent_goid; /* goroutine that ran on the creating thread */
	char name[16];
};

/* How much payload user space wants of a socket. */
enum weft_mode {
	WEFT_PROBE = 0, /* not known yet: up to `weft_probe_bytes` a call */
	WEFT_HEADS = 1, /* nothing below `needed`, then up to `limit` bytes */
	WEFT_FULL = 2,  /* up to WEFT_PAYLOAD_MAX a call */
	WEFT_META = 3,  /* lengths only */
	WEFT_OFF = 4,   /* no events at all */
};

/*
 * A verdict, written by user space straight into mapped memory: slot = cookie % WEFT_VERDICTS. The
 * cookie in it says whose it is; on a collision the loser is treated as PROBE, which costs only copying.
 */
struct weft_verdict {
	__u64 cookie;
	__u32 mode;  /* enum weft_mode */
	__u32 limit;
	__u32 needed[2]; /* position below which nothing is copied: [0] received, [1] sent */
	__u32 reserved[2];
};
#define WEFT_VERDICTS 65536

/* What user space knows of a process. */
enum weft_process_flag {
	WEFT_PROCESS_EXCLUDED = 1,
	WEFT_PROCESS_GO = 2,
	WEFT_PROCESS_JVM = 4, /* its virtual threads can be told apart */
};

struct weft_process {
	__u32 flags;
	__s32 g_tls;       /* offset of the g pointer from the thread pointer */
	__u16 goid;        /* offsets in runtime.g */
	__u16 parent_goid; /* 0: the field does not exist (Go < 1.21) */
	__u16 m;
	__u16 sched_sp;
	__u16 tls_module;   /* of libjvm.so in a thread's vector of blocks of thread-local storage */
	__u16 thread_tls;   /* offset of the pointer to the JavaThread in that block */
	__u16 mounted;      /* offsets in JavaThread: does a virtual thread run on it (bool), and its id */
	__u16 thread_id;
};
