import type { Wake } from '@weft/causality';
import { CONTEXT, EVENT, FLAG, KIND, ROLE, TASK_EVENT, TRANSPORT, WAKE } from '@weft/kernel';

/** Who makes a system call: a thread, and the goroutine on it. */
export interface Unit {
  readonly tgid: number;
  readonly tid: number;
  readonly goid?: number;
  readonly parentGoid?: number;
  readonly handoverGoid?: number;
  readonly handoverParentGoid?: number;
  readonly waiterGoid?: number;
  readonly waiterParentGoid?: number;
  /** Voluntary context switches so far: the same number means that it did not sleep. */
  readonly switches?: number;
}

/** Fields of one event as the kernel side writes them; what is left out is zero. */
export interface EventFields extends Partial<Unit> {
  readonly kind: number;
  readonly time: number;
  readonly transport?: number;
  readonly role?: number;
  readonly flags?: number;
  readonly cookie?: number;
  readonly peerCookie?: number;
  readonly position?: number;
  readonly otherPosition?: number;
  /** Default: as many as `payload` has. */
  readonly length?: number;
  readonly skipped?: number;
  readonly localPort?: number;
  readonly remotePort?: number;
}

/** Text as bytes, one a character. */
export function bytesOf(text: string | Uint8Array): Uint8Array {
  return typeof text === 'string' ? Uint8Array.from(text, (character) => character.charCodeAt(0)) : text;
}

/** One record of struct weft_event with its context and payload, in memory that begins at a multiple of 8. */
export function eventRecord(fields: EventFields, payload: string | Uint8Array = ''): Uint8Array {
  const bytes = bytesOf(payload);
  const record = new Uint8Array(EVENT.size + CONTEXT.size + bytes.length);
  const view = new DataView(record.buffer);
  const u32 = (at: number, value = 0) => view.setUint32(at, value >>> 0, true);
  const u64 = (at: number, value = 0) => view.setBigUint64(at, BigInt(value), true);
  record[EVENT.kind] = fields.kind;
  record[EVENT.transport] = fields.transport ?? TRANSPORT.TCP;
  record[EVENT.role] = fields.role ?? ROLE.ROLE_UNKNOWN;
  record[EVENT.flags] = (fields.flags ?? 0) | FLAG.FLAG_CONTEXT | FLAG.FLAG_DESCRIBED;
  u32(EVENT.captured, bytes.length);
  u64(EVENT.time, fields.time);
  u32(EVENT.tgid, fields.tgid);
  u32(EVENT.tid, fields.tid);
  u64(EVENT.cookie, fields.cookie);
  u32(EVENT.position, fields.position);
  u32(EVENT.other_position, fields.otherPosition);
  u32(EVENT.length, fields.length ?? bytes.length);
  u32(EVENT.skipped, fields.skipped);
  u32(EVENT.switches, fields.switches);
  view.setUint16(EVENT.local_port, fields.localPort ?? 0, true);
  view.setUint16(EVENT.remote_port, fields.remotePort ?? 0, true);
  const context = EVENT.size;
  u64(context + CONTEXT.goid, fields.goid);
  u64(context + CONTEXT.parent_goid, fields.parentGoid);
  u64(context + CONTEXT.handover_goid, fields.handoverGoid);
  u64(context + CONTEXT.handover_parent_goid, fields.handoverParentGoid);
  u64(context + CONTEXT.waiter_goid, fields.waiterGoid);
  u64(context + CONTEXT.waiter_parent_goid, fields.waiterParentGoid);
  u64(context + CONTEXT.peer_cookie, fields.peerCookie);
  record.set([127, 0, 0, 1], context + CONTEXT.local_address);
  record.set([127, 0, 0, 1], context + CONTEXT.remote_address);
  record.set(bytes, context + CONTEXT.size);
  return record;
}

export interface TaskFields {
  readonly kind: typeof KIND.EXEC | typeof KIND.EXIT | typeof KIND.FORK;
  readonly time: number;
  readonly tgid: number;
  readonly tid: number;
  readonly parentTgid?: number;
  readonly parentTid?: number;
  readonly parentGoid?: number;
  readonly name?: string;
}

/** One record of struct weft_task_event. */
export function taskRecord(fields: TaskFields): Uint8Array {
  const record = new Uint8Array(TASK_EVENT.size);
  const view = new DataView(record.buffer);
  record[TASK_EVENT.kind] = fields.kind;
  view.setBigUint64(TASK_EVENT.time, BigInt(fields.time), true);
  view.setUint32(TASK_EVENT.tgid, fields.tgid, true);
  view.setUint32(TASK_EVENT.tid, fields.tid, true);
  view.setUint32(TASK_EVENT.parent_tgid, fields.parentTgid ?? 0, true);
  view.setUint32(TASK_EVENT.parent_tid, fields.parentTid ?? 0, true);
  view.setBigUint64(TASK_EVENT.parent_goid, BigInt(fields.parentGoid ?? 0), true);
  record.set(bytesOf(fields.name ?? '').subarray(0, 15), TASK_EVENT.name);
  return record;
}

/** One record of struct weft_wake. */
export function wakeRecord(wake: Wake): Uint8Array {
  const record = new Uint8Array(WAKE.size);
  const view = new DataView(record.buffer);
  record[WAKE.kind] = KIND.WAKE;
  record[WAKE.by_file] = wake.byFile ? 1 : 0;
  view.setUint32(WAKE.most, wake.most, true);
  view.setBigUint64(WAKE.time, BigInt(wake.time), true);
  view.setUint32(WAKE.tgid, wake.tgid, true);
  view.setUint32(WAKE.tid, wake.tid, true);
  view.setUint32(WAKE.switches, wake.switches, true);
  view.setUint32(WAKE.woken_tid, wake.wokenTid, true);
  view.setUint32(WAKE.woken_switches, wake.wokenSwitches, true);
  view.setBigUint64(WAKE.place, BigInt(wake.place), true);
  return record;
}
