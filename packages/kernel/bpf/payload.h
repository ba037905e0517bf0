/* SPDX-License-Identifier: Apache-2.0 */
/* Copying a message's bytes from the user's buffers. */
#pragma once

/* Where the bytes of one call lie in user memory. */
struct buffers {
	__u64 address;  /* of the buffer, or of the iovec array; 0 = nowhere */
	__u64 offset;   /* bytes of the first segment that are done already */
	__u32 segments; /* 0: one plain buffer */
	__u32 imported; /* the iovec array was copied into the kernel already (import_iovec) */
};

struct gather {
	struct scratch *scratch;
	__u64 iov;
	__u32 offset; /* in the payload */
	__u32 limit;
	__u64 skip;   /* bytes still to be passed over */
	__u32 fault;
	__u32 imported;
};

static long gather_segment(__u32 index, struct gather *g)
{
	struct user_iovec segment;
	const void *address = (const void *)(g->iov + index * sizeof(segment));
	__u32 n, offset;

	if (g->imported ? bpf_probe_read_kernel(&segment, sizeof(segment), address)
			: bpf_probe_read_user(&segment, sizeof(segment), address)) {
		g->fault = 1;
		return 1;
	}
	if (g->skip >= segment.length) {
		g->skip -= segment.length;
		return 0;
	}
	segment.base += g->skip;
	segment.length -= g->skip;
	g->skip = 0;
	offset = g->offset;
	if (offset >= g->limit)
		return 1;
	n = g->limit - offset;
	if (segment.length < n)
		n = segment.length;
	asm volatile("" : "+r"(n));
	if (n > WEFT_PAYLOAD_MAX)
		n = WEFT_PAYLOAD_MAX;
	if (bpf_probe_read_user(&g->scratch->payload[offset & (WEFT_PAYLOAD_MAX - 1)], n,
				(const void *)segment.base)) {
		g->fault = 1;
		return 1;
	}
	g->offset = offset + n;
	return 0;
}

/*
 * Copies up to `limit` bytes behind the first `skip` ones into the scratch's payload and returns how
 * many. A fault ends it early.
 */
static __always_inline __u32 copy_payload(struct scratch *scratch, const struct buffers *from, __u32 skip,
					  __u32 limit)
{
	struct gather g = {};
	__u32 n = limit;

	if (!from->address || !limit)
		return 0;
	asm volatile("" : "+r"(n));
	if (n > WEFT_PAYLOAD_MAX)
		n = WEFT_PAYLOAD_MAX;
	if (!from->segments) {
		if (bpf_probe_read_user(scratch->payload, n, (const void *)(from->address + from->offset + skip))) {
			scratch->event.flags |= WEFT_FLAG_FAULT;
			count_lost(WEFT_LOST_PAYLOAD_FAULT);
			return 0;
		}
		return n;
	}
	g.scratch = scratch;
	g.iov = from->address;
	g.imported = from->imported;
	g.limit = n;
	g.skip = from->offset + skip;
	bpf_loop(from->segments < WEFT_SEGMENTS ? from->segments : WEFT_SEGMENTS, gather_segment, &g, 0);
	if (g.fault) {
		scratch->event.flags |= WEFT_FLAG_FAULT;
		count_lost(WEFT_LOST_PAYLOAD_FAULT);
	} else if (g.offset < n && from->segments > WEFT_SEGMENTS) {
		count_lost(WEFT_LOST_SEGMENTS);
	}
	return g.offset;
}
