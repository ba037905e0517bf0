/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one way to user space: a ring for each CPU in mapped memory. A BPF ring buffer would do, but its lock, which all
 * CPUs share, and its atomic commit, which waits for every cache line that was written before, are a third of what
 * a traced call costs (docs/ARCHITECTURE.md has the figures). User space polls, and puts the CPUs' events in order by
 * their times: packages/agent/src/capture/cpu-rings.ts.
 *
 * A reservation is a compare-and-swap of this CPU's own head: an interrupt's program may come between. Data that
 * was read is zeroed by the reader before it gives the room back, so a record whose state is 0 is not there yet.
 */
#pragma once

const volatile __u32 weft_ring_bytes = WEFT_RING_BYTES; /* a power of two; the value's size follows it */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* set to the number of CPUs at load */
	__uint(key_size, sizeof(__u32));
	__uint(value_size, WEFT_RING_DATA + WEFT_RING_BYTES + WEFT_RING_SLACK);
} weft_rings SEC(".maps");

#define RESERVE_TRIES 4

/* Room for a record of `length` bytes, or null; what was reserved must be committed. */
static __always_inline struct weft_record *ring_reserve(__u32 length)
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
			return record;
		}
	}
	count_lost(WEFT_LOST_RING_FULL);
	return 0;
}

/* Everything in the record is written: the reader may have it. */
static __always_inline void ring_commit(struct weft_record *record)
{
	PUBLISH(&record->state, WEFT_RECORD_WRITTEN);
}
