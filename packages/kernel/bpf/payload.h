/* SPDX-License-Identifier: Apache-2.0 */
/* Copying a message's bytes from the user's buffers. */
#pragma once

/* Where the bytes of one call lie in user memory. */
struct buffers {
	__u64 address;  /* of the buffer, or of the iovec array; 0 = nowhere */
	__u64 offset;   /* bytes of the first segment that are done already */
	__u32 segments; /* 0: one plain buffer */
	__u32 imported; /* the iovec array was copied into the kernel already (import_iovec) */
	__u64 room;     /* bytes of a plain buffer: a datagram's real length can be more (MSG_TRUNC) */
};

struct gather {
	struct scratch *scratch;
	__u64 iov;
	__u32 offset; /* in the payload */
	__u32 limit;
	__u64 skip;   /* bytes still to be passed over */
	__u32 fault;
	__u32 imported;
	__u64 faulty; /* the segment that could not be read at once, and how much of it */
	__u32 faulty_bytes;
};

#define PAGE 4096

struct page_walk {
	struct scratch *scratch;
	__u64 address;
	__u32 offset; /* in the payload */
	__u32 end;
};

static long copy_page(__u32 index, struct page_walk *walk)
{
	__u32 n = PAGE - (walk->address & (PAGE - 1)), left = walk->end - walk->offset;

	if (walk->offset >= walk->end)
		return 1;
	if (n > left)
		n = left;
	asm volatile("" : "+r"(n));
	if (n > PAGE)
		n = PAGE;
	if (bpf_probe_read_user(&walk->scratch->payload[walk->offset & (WEFT_PAYLOAD_MAX - 1)], n,
				(const void *)walk->address))
		return 1;
	walk->address += n;
	walk->offset += n;
	return 0;
}

/*
 * What can be had of a buffer that could not be read at once: a program must not fault pages in, and a
 * send is reported before the kernel does (a file's pages that were mapped and never touched). Returns
 * where the bytes end.
 */
static __noinline __u32 copy_pages(struct scratch *scratch, __u64 address, __u32 offset, __u32 bytes)
{
	struct page_walk walk = { .scratch = scratch, .address = address, .offset = offset, .end = offset + bytes };

	bpf_loop(WEFT_PAYLOAD_MAX / PAGE + 1, copy_page, &walk, 0);
	return walk.offset;
}

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
		g->faulty = segment.base;
		g->faulty_bytes = n;
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
	if (!from->segments) {
		if (from->room <= skip)
			return 0;
		if (from->room - skip < n)
			n = from->room - skip;
	}
	asm volatile("" : "+r"(n));
	if (n > WEFT_PAYLOAD_MAX)
		n = WEFT_PAYLOAD_MAX;
	if (!from->segments) {
		if (bpf_probe_read_user(scratch->payload, n, (const void *)(from->address + from->offset + skip))) {
			g.fault = 1;
			g.faulty = from->address + from->offset + skip;
			g.faulty_bytes = n;
			goto fault;
		}
		return n;
	}
	g.scratch = scratch;
	g.iov = from->address;
	g.imported = from->imported;
	g.limit = n;
	g.skip = from->offset + skip;
	bpf_loop(from->segments < WEFT_SEGMENTS ? from->segments : WEFT_SEGMENTS, gather_segment, &g, 0);
	if (!g.fault) {
		if (g.offset < n && from->segments > WEFT_SEGMENTS)
			count_lost(WEFT_LOST_SEGMENTS);
		return g.offset;
	}
fault:
	scratch->event.flags |= WEFT_FLAG_FAULT;
	count_lost(WEFT_LOST_PAYLOAD_FAULT);
	return copy_pages(scratch, g.faulty, g.offset, g.faulty_bytes);
}
