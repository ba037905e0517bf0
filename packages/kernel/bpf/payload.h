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
	__u8 *payload;
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
	__u8 *payload;
	__u64 address;
	__u32 offset; /* in the payload */
	__u32 bytes;
	__u32 copied;
};

/* The place of a page's bytes follows from its index alone: what changes from page to page the verifier would try out. */
static long copy_page(__u32 index, struct page_walk *walk)
{
	__u32 before = index ? index * PAGE - (walk->address & (PAGE - 1)) : 0;
	__u32 n = PAGE - ((walk->address + before) & (PAGE - 1));

	if (before >= walk->bytes)
		return 1;
	if (n > walk->bytes - before)
		n = walk->bytes - before;
	asm volatile("" : "+r"(n));
	if (n > PAGE)
		n = PAGE;
	if (bpf_probe_read_user(walk->payload + ((walk->offset + before) & (WEFT_PAYLOAD_MAX - 1)), n,
				(const void *)(walk->address + before)))
		return 1;
	walk->copied = before + n;
	return 0;
}

/*
 * What can be had of a buffer that could not be read at once: a program must not fault pages in, and a
 * send is reported before the kernel does (a file's pages that were mapped and never touched). Returns
 * where the bytes end.
 */
static __always_inline __u32 copy_pages(__u8 *payload, __u64 address, __u32 offset, __u32 bytes)
{
	struct page_walk walk = { .payload = payload, .offset = offset, .bytes = bytes };
	__u32 zero = 0;
	__u64 *words = bpf_map_lookup_elem(&weft_words, &zero);

	if (!words)
		return offset;
	/* To the verifier an iterator's address is a pointer, and arithmetic is not for pointers: from memory it is a number. */
	*(volatile __u64 *)words = address;
	walk.address = *(volatile __u64 *)words;
	bpf_loop(WEFT_PAYLOAD_MAX / PAGE + 1, copy_page, &walk, 0);
	return offset + walk.copied;
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
	if (bpf_probe_read_user(g->payload + (offset & (WEFT_PAYLOAD_MAX - 1)), n,
				(const void *)segment.base)) {
		g->fault = 1;
		g->faulty = segment.base;
		g->faulty_bytes = n;
		return 1;
	}
	g->offset = offset + n;
	return 0;
}

/* Address of `n` bytes behind the first `skip` ones if they lie in one piece of user memory, else 0. */
static __always_inline __u64 one_piece(const struct buffers *from, __u32 skip, __u32 n)
{
	__u64 offset = from->offset + skip;
	struct user_iovec segment;

	if (!from->segments)
		return from->address + offset;
	if (!from->imported ||
	    bpf_probe_read_kernel(&segment, sizeof(segment), (const void *)from->address) ||
	    segment.length < offset + n)
		return 0;
	return segment.base + offset;
}

/*
 * Copies up to `limit` bytes behind the first `skip` ones to `payload`, which has room for twice WEFT_PAYLOAD_MAX, and
 * returns how many. A fault ends it early and is noted in `flags`.
 */
static __always_inline __u32 copy_payload(__u8 *payload, const struct buffers *from, __u32 skip, __u32 limit,
					  __u8 *flags)
{
	struct gather g = {};
	__u32 n = limit;
	__u64 piece;

	asm volatile("" : "+r"(n));
	if (n > WEFT_PAYLOAD_MAX)
		n = WEFT_PAYLOAD_MAX;
	piece = one_piece(from, skip, n);
	if (piece) {
		if (!bpf_probe_read_user(payload, n, (const void *)piece))
			return n;
		g.faulty = piece;
		g.faulty_bytes = n;
	} else {
		g.payload = payload;
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
	}
	*flags |= WEFT_FLAG_FAULT;
	count_lost(WEFT_LOST_PAYLOAD_FAULT);
	return copy_pages(payload, g.faulty, g.offset, g.faulty_bytes);
}

/* Bytes that there are to copy of those that are wanted behind `skip`: room for them is reserved. */
static __always_inline __u32 copyable(const struct buffers *from, __u32 skip, __u32 limit)
{
	if (!from->address)
		return 0;
	if (from->segments)
		return limit;
	if (from->room <= skip)
		return 0;
	return from->room - skip < limit ? from->room - skip : limit;
}
