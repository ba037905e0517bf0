/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One-shot io_uring requests: their buffers are known at submission, their bytes when the socket hooks
 * fire. Registered files, provided buffers and multishot requests are not followed, nor are two requests of
 * one socket and direction at once (linked ones): their bytes are counted as lost. TCP sends need none of
 * this where tcp_sendmsg_locked reports them.
 */
#pragma once

/* io_uring/net.c: struct io_sr_msg; io_uring/rw.c: struct io_rw. They overlay io_kiocb.cmd. */
struct io_sr_msg {
	void *buf;
	unsigned int len;
} __attribute__((preserve_access_index));

struct io_rw {
	__u64 addr;
	__u32 len;
} __attribute__((preserve_access_index));

/* include/uapi/linux/io_uring.h, enum io_uring_op */
enum {
	OP_READV = 1,
	OP_WRITEV = 2,
	OP_SENDMSG = 9,
	OP_RECVMSG = 10,
	OP_READ = 22,
	OP_WRITE = 23,
	OP_SEND = 26,
	OP_RECV = 27,
};

#define REQ_F_FIXED_FILE 1ULL /* include/linux/io_uring_types.h: REQ_F_FIXED_FILE_BIT is IOSQE_FIXED_FILE_BIT, 0 */

static __always_inline struct sock *socket_of_fd(struct task_struct *task, __s32 fd)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files;
	struct file *file = 0;
	struct socket *socket;

	if (fd < 0 || (__u32)fd >= BPF_CORE_READ(table, max_fds))
		return 0;
	files = BPF_CORE_READ(table, fd);
	bpf_probe_read_kernel(&file, sizeof(file), files + fd);
	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	socket = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(socket, sk);
}

/* io_uring/io_uring.c: io_init_req, in the submitter's context (or the ring's polling thread). */
SEC("tp_btf/io_uring_submit_req")
int BPF_PROG(weft_uring_submit, struct io_kiocb *req)
{
	struct uring_buffer buffer = {}, *waiting;
	struct uring_key key = {};
	struct weft_process *process = 0;
	struct user_msghdr header;
	struct sock *sk;
	void *cmd = (void *)&req->cmd;
	__u8 opcode = req->opcode;

	if (!in_scope(bpf_get_current_pid_tgid() >> 32, &process) || req->flags & REQ_F_FIXED_FILE)
		return 0;
	switch (opcode) {
	case OP_SEND:
	case OP_SENDMSG:
	case OP_WRITE:
	case OP_WRITEV:
		key.sending = 1;
		break;
	case OP_RECV:
	case OP_RECVMSG:
	case OP_READ:
	case OP_READV:
		break;
	default:
		return 0;
	}
	sk = socket_of_fd(bpf_get_current_task_btf(), req->cqe.fd);
	if (!sk || (key.sending && weft_send_locked && BPF_CORE_READ(sk, sk_protocol) == IPPROTO_TCP))
		return 0;
	key.sk = (__u64)sk;
	switch (opcode) {
	case OP_READ:
	case OP_WRITE:
		buffer.address = BPF_CORE_READ((struct io_rw *)cmd, addr);
		buffer.room = BPF_CORE_READ((struct io_rw *)cmd, len);
		break;
	case OP_READV:
	case OP_WRITEV:
		buffer.address = BPF_CORE_READ((struct io_rw *)cmd, addr);
		buffer.segments = BPF_CORE_READ((struct io_rw *)cmd, len);
		break;
	case OP_SEND:
	case OP_RECV:
		buffer.address = (__u64)BPF_CORE_READ((struct io_sr_msg *)cmd, buf);
		buffer.room = BPF_CORE_READ((struct io_sr_msg *)cmd, len);
		break;
	default:
		if (bpf_probe_read_user(&header, sizeof(header), BPF_CORE_READ((struct io_sr_msg *)cmd, buf)))
			return 0;
		buffer.address = header.iov;
		buffer.segments = header.iov_length;
	}
	waiting = bpf_map_lookup_elem(&weft_uring, &key);
	if (waiting && waiting->address != buffer.address)
		buffer.address = 0; /* whose bytes come first is not known: better none than those of another message */
	bpf_map_update_elem(&weft_uring, &key, &buffer, BPF_ANY);
	return 0;
}
