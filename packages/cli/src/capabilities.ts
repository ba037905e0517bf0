/** Numbers of capabilities (linux/capability.h). */
const CAP_SYS_ADMIN = 21n;
const CAP_PERFMON = 38n;
const CAP_BPF = 39n;

/**
 * Whether a process may load tracing programs into the kernel at all.
 * @param status text of `/proc/PID/status` (proc(5))
 */
export function mayTrace(status: string): boolean {
  const match = /^CapEff:\s*([0-9a-f]+)$/m.exec(status);
  if (match === null) return true;
  const effective = BigInt(`0x${match[1]}`);
  const has = (capability: bigint) => ((effective >> capability) & 1n) === 1n;
  return has(CAP_SYS_ADMIN) || (has(CAP_BPF) && has(CAP_PERFMON));
}
