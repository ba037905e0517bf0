// SPDX-License-Identifier: Apache-2.0
/*
 * Weft's kernel side: who moved which bytes of which socket when, on which thread and goroutine. Facts
 * only; conclusions are TypeScript's. One object holds all tiers: user space switches programs off
 * that the kernel or the chosen tier does not have.
 */
#include "bpf/kernel_types.h"
#include "arch/arch.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>

#include "bpf/weft_event.h"
#include "bpf/settings.h"
#include "bpf/maps/lost.h"
#include "bpf/maps/rings.h"
#include "bpf/maps/sockets.h"
#include "bpf/maps/verdicts.h"
#include "bpf/maps/processes.h"
#include "bpf/maps/cgroups.h"
#include "bpf/maps/scratch.h"
#include "bpf/maps/tasks.h"
#include "bpf/maps/uring.h"
#include "bpf/scope.h"
#include "bpf/goroutine.h"
#include "bpf/payload.h"
#include "bpf/verdict.h"
#include "bpf/report.h"
#include "bpf/maps/tls.h"
#include "bpf/plaintext.h"
#include "bpf/endpoint.h"
#include "bpf/syscalls.h"
#include "bpf/tier_sock.h"
#include "bpf/tier_syscall.h"
#include "bpf/uring.h"
#include "bpf/lifecycle.h"
#include "bpf/wakeup.h"
#include "bpf/tls.h"

/* Keeps the ABI's types in BTF, from which the decoder's offsets are generated. */
struct weft_event *weft_unused_event __attribute__((unused));
struct weft_task_event *weft_unused_task_event __attribute__((unused));

struct weft_context *weft_unused_context __attribute__((unused));
struct weft_wake *weft_unused_wake __attribute__((unused));
struct weft_record *weft_unused_record __attribute__((unused));

_Static_assert(sizeof(struct weft_event) == 64, "one cache line");
_Static_assert(sizeof(struct weft_context) % 8 == 0, "payload starts right behind it");
_Static_assert(sizeof(struct socket_state) <= 128, "charged to the application");

char LICENSE[] SEC("license") = "Dual MIT/GPL";
