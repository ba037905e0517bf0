/* SPDX-License-Identifier: Apache-2.0 */
/* How much of a call's payload is wanted. */
#pragma once

struct wanted {
	__u32 off;   /* nothing at all */
	__u32 skip;  /* pass over so many bytes first */
	__u32 limit; /* then copy up to so many */
};

/* @sending: 1 for bytes that go out. Positions wrap like TCP sequences. */
static __always_inline void decide(__u64 cookie, __u32 role, __u16 local_port, __u16 remote_port, __u32 sending,
				   __u32 position, __u32 length, struct wanted *out)
{
	__u32 slot = cookie & (WEFT_VERDICTS - 1);
	struct weft_verdict *verdict = bpf_map_lookup_elem(&weft_verdicts, &slot);
	__u32 mode = WEFT_PROBE, limit = weft_probe_bytes, skip = 0, port;

	if (verdict && verdict->cookie == cookie) {
		mode = verdict->mode;
		if (mode == WEFT_HEADS) {
			__s32 ahead = (__s32)(verdict->needed[sending & 1] - position);

			limit = verdict->limit;
			if (ahead > 0)
				skip = (__u32)ahead < length ? (__u32)ahead : length;
		}
	} else {
		__u32 *by_port;

		port = role == WEFT_ROLE_CLIENT ? remote_port : local_port;
		by_port = bpf_map_lookup_elem(&weft_port_verdicts, &port);
		if (by_port)
			mode = *by_port;
	}
	if (mode == WEFT_FULL)
		limit = WEFT_PAYLOAD_MAX;
	else if (mode == WEFT_META)
		limit = 0;
	out->off = mode == WEFT_OFF;
	out->skip = skip;
	out->limit = length - skip < limit ? length - skip : limit;
}
