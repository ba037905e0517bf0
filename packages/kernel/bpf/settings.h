/* SPDX-License-Identifier: Apache-2.0 */
/* Constants that user space sets before loading. */
#pragma once

const volatile __u64 weft_epoch = 0;       /* CLOCK_MONOTONIC ns that count as 0 */
const volatile __u32 weft_self = 0;        /* the agent's own tgid: never traced */
const volatile __u32 weft_only_pid = 0;    /* trace this tgid alone; 0 = all */
const volatile __u32 weft_use_only_cgroup = 0;
const volatile __u32 weft_use_exclude_cgroup = 0;
const volatile __u32 weft_probe_bytes = 4096;
const volatile __u32 weft_syscall_tier = 0; /* socket state lives in the fallback map alone */
const volatile __u32 weft_send_locked = 0;  /* TCP sends are reported by tcp_sendmsg_locked */

/* TLS libraries may be probed. If not, the verifier takes out what looks for their calls. */
const volatile __u32 weft_tls = 0;

/* Set by user space while running: report nothing for now (past the CPU budget). */
volatile __u32 weft_paused = 0;

/* Grows whenever user space changes what it knows of a process: answers kept with sockets are old then. */
volatile __u32 weft_scope_generation = 0;

/* Number of TLS functions that are probed: while there are none, sockets need not look for calls of theirs. */
volatile __u32 weft_tls_sites = 0;
