/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one way to user space: a ring for each CPU in mapped memory. A BPF ring buffer would do, but its lock, which all
 * CPUs share, and its atomic commit, which waits for every cache line that was written before, are a third of what
 * a traced call costs (docs/ARCHITECTURE.md has the figures). User space polls, and puts the CPUs' events in order by
 * their times: packages/agent/src/capture/cpu-rings.ts.
 *
 * A reservation is a compare-and-swap of this CPU's own head: an interrupt's program may come between. A record is there
 * when its mark is the one of its place; what lies there before is the mark of an earlier round, or bytes that nobody can
 * choose to look like one, since the marks begin at a random number. So the reader writes nothing but the tail: zeroing
 * what it has read would take each line away from the CPU that writes it next, 100 ns a call.
 */
#pragma once

const volatile __u32 weft_ring_bytes = WEFT_RING_BYTES; /* a power of two; the value's size follows it */
const volatile __u32 weft_ring_key;                     /* random: the marks begin there */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* set to the number of CPUs at load */
	__uint(key_size, sizeof(__u32));
	__uint(value_size, WEFT_RING_DATA + WEFT_RING_BYTES + WEFT_RING_SLACK);
} weft_rings SEC(".maps");

#define RESERVE_TRIES 4

/* Mark of a record that begins at a position; never 0, which is what fresh memory holds. */
static __always_inline __u32 ring_mark(__u64 position)
{
	return ((__u32)(position >> 3) + weft_ring_key) | 1;
}

/* Room for a record of `length` bytes, or null; what was reserved must be committed, with its mark. */
static __always_inline struct weft_record *ring_reserve(__u32 length, __u32 *mark)
{
	__u32 cpu = bpf_get_smp_processor_id();
	__u8 *ring = bpf_map_lookup_elem(&weft_rings, &cpu);
	__u64 head, bytes = (sizeof(struct weft_record) + length + 7) & ~7ULL;

	if (!ring)
		return 0;
	for (int i = 0; i < RESERVE_TRIES; i++) {
		head = *(volatile __u64 *)ring;
		if (head + bytes - *(volatile __u64 *)(ring + WEFT_RING_TAIL) > weft_ring_bytes)
			break;
		if (__sync_val_compare_and_swap((__u64 *)ring, head, head + bytes) == head) {
			struct weft_record *record =
				(struct weft_record *)(ring + WEFT_RING_DATA + (head & (weft_ring_bytes - 1)));

			record->length = length;
			*mark = ring_mark(head);
			return record;
		}
	}
	count_lost(WEFT_LOST_RING_FULL);
	return 0;
}

/* Everything in the record is written: the reader may have it. */
static __always_inline void ring_commit(struct weft_record *record, __u32 mark)
{
	PUBLISH(&record->mark, mark);
}
