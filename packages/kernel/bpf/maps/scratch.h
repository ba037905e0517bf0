/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One event under construction. The payload's second half is slack: the verifier bounds offset and length apart. */
struct scratch {
	__u32 busy;
	__u32 pad;
	struct weft_event event;
	__u8 payload[2 * WEFT_PAYLOAD_MAX];
};

/* By CPU: per-CPU maps end at 32 KiB a value. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* set to the number of CPUs at load */
	__type(key, __u32);
	__type(value, struct scratch);
} weft_scratch SEC(".maps");

/* A program that preempted another one on this CPU finds the scratch taken and counts a loss. */
static __always_inline struct scratch *take_scratch(void)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct scratch *scratch = bpf_map_lookup_elem(&weft_scratch, &cpu);

	if (!scratch || scratch->busy) {
		count_lost(WEFT_LOST_SCRATCH_BUSY);
		return 0;
	}
	scratch->busy = 1;
	barrier();
	return scratch;
}

static __always_inline void release_scratch(struct scratch *scratch)
{
	barrier();
	scratch->busy = 0;
}
