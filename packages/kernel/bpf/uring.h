/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One-shot io_uring requests: their buffers are known at submission, their bytes when the socket hooks
 * fire. Registered files and multishot requests are not followed: their bytes are counted as lost.
 */
#pragma once

/* io_uring/net.c: struct io_sr_msg; io_uring/rw.c: struct io_rw. They overlay io_kiocb.cmd. */
struct io_sr_msg {
	void *buf;
} __attribute__((preserve_access_index));

struct io_rw {
	__u64 addr;
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

static __always_inline __u64 socket_of_fd(struct task_struct *task, __s32 fd)
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
	return (__u64)BPF_CORE_READ(socket, sk);
}

/* io_uring/io_uring.c: io_init_req, in the submitter's context (or the ring's polling thread). */
SEC("tp_btf/io_uring_submit_req")
int BPF_PROG(weft_uring_submit, struct io_kiocb *req)
{
	struct uring_buffer buffer = {};
	struct uring_key key = {};
	struct weft_process *process = 0;
	struct user_msghdr header;
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
	key.sk = socket_of_fd(bpf_get_current_task_btf(), req->cqe.fd);
	if (!key.sk)
		return 0;
	if (opcode == OP_READ || opcode == OP_WRITE || opcode == OP_READV || opcode == OP_WRITEV)
		buffer.address = BPF_CORE_READ((struct io_rw *)cmd, addr);
	else
		buffer.address = (__u64)BPF_CORE_READ((struct io_sr_msg *)cmd, buf);
	if (opcode == OP_READV || opcode == OP_WRITEV)
		buffer.segments = 1; /* longer vectors: only the first is read */
	if (opcode == OP_SENDMSG || opcode == OP_RECVMSG) {
		if (bpf_probe_read_user(&header, sizeof(header), (const void *)buffer.address))
			return 0;
		buffer.address = header.iov;
		buffer.segments = header.iov_length;
	}
	bpf_map_update_elem(&weft_uring, &key, &buffer, BPF_ANY);
	return 0;
}
