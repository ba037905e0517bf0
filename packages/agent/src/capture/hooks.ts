import type { Tier } from '../options.ts';

/** One kernel program: what it hangs on and whether the tier can do without it. */
export interface Hook {
  /** Program in weft.bpf.o. */
  readonly program: string;
  /** Kernel tracepoint, as `tp_btf/NAME`. */
  readonly tracepoint: string;
  readonly optional: boolean;
  /** What is lost without it, in the words of `weft doctor`. */
  readonly purpose: string;
}

/** The program that tells who woke whom. */
export const WAKING = 'weft_waking';

const LIFECYCLE: readonly Hook[] = [
  {
    program: 'weft_sock_state',
    tracepoint: 'inet_sock_set_state',
    optional: true,
    purpose: 'roles and ends of TCP sockets; without it roles come from listening ports',
  },
  {
    program: 'weft_exec',
    tracepoint: 'sched_process_exec',
    optional: true,
    purpose: 'new programs; without it a process keeps the name it had first',
  },
  {
    program: 'weft_exit',
    tracepoint: 'sched_process_exit',
    optional: true,
    purpose: 'ended processes; without it they are forgotten by age',
  },
  {
    program: 'weft_fork',
    tracepoint: 'sched_process_fork',
    optional: true,
    purpose: 'who created a thread; without it such links are missing',
  },
  {
    program: WAKING,
    tracepoint: 'sched_waking',
    optional: true,
    purpose: 'who woke a worker; without it links through thread pools are missing',
  },
];

/** Hooks of each tier. */
export const HOOKS: Readonly<Record<Tier, readonly Hook[]>> = {
  sock: [
    {
      program: 'weft_sock_recv',
      tracepoint: 'sock_recv_length',
      optional: false,
      purpose: 'bytes read from sockets',
    },
    {
      program: 'weft_sock_send',
      tracepoint: 'sock_send_length',
      optional: false,
      purpose: 'bytes written to UDP and Unix sockets, and to TCP where the next hook is missing',
    },
    {
      program: 'weft_tcp_send',
      tracepoint: 'tcp_sendmsg_locked',
      optional: true,
      purpose: 'TCP sends before they leave; without it they are reported after transmission',
    },
    {
      program: 'weft_uring_submit',
      tracepoint: 'io_uring_submit_req',
      optional: true,
      purpose: 'payload of io_uring requests; without it their lengths alone',
    },
    ...LIFECYCLE,
  ],
  syscall: [
    {
      program: 'weft_sys_enter',
      tracepoint: 'sys_enter',
      optional: false,
      purpose: 'arguments of I/O calls',
    },
    {
      program: 'weft_sys_exit',
      tracepoint: 'sys_exit',
      optional: false,
      purpose: 'bytes moved by I/O calls',
    },
    ...LIFECYCLE,
  ],
};

/** Programs that are attached to functions of TLS libraries, wherever these are (tls/probe-plan.ts). */
export const TLS_PROGRAMS: readonly string[] = [
  'weft_tls_read',
  'weft_tls_read_ex',
  'weft_tls_read_end',
  'weft_tls_write',
  'weft_tls_write_end',
  'weft_go_tls_read',
  'weft_go_tls_read_end',
  'weft_go_tls_write',
];

/** Hash tables that only those programs fill. */
export const TLS_TABLES: readonly string[] = ['weft_tls_goroutines', 'weft_tls_states'];
