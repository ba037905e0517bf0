import type { Moment } from '@weft/causality';
import { CONTEXT, EVENT, FLAG, TASK_EVENT } from '@weft/kernel';

/** Memory in which records lie: the ring itself, or a recording's bytes. Records are 8-byte aligned. */
export interface RecordMemory {
  readonly bytes: Uint8Array;
  readonly u16: Uint16Array;
  readonly u32: Uint32Array;
}

/** Views over a recording's bytes; `bytes` must begin at a multiple of 8 of its buffer. */
export function recordMemory(bytes: Uint8Array): RecordMemory {
  const length = bytes.length & ~7;
  return {
    bytes,
    u16: new Uint16Array(bytes.buffer, bytes.byteOffset, length >> 1),
    u32: new Uint32Array(bytes.buffer, bytes.byteOffset, length >> 2),
  };
}

const HIGH = 0x1_0000_0000;
/** Payload of all events without any. */
const NOTHING = new Uint8Array(0);

/**
 * One record of the kernel side, read in place. A single instance is moved from record to record: no
 * object an event (28 ns against 145 ns, see the kernel notes of docs/ARCHITECTURE.md). Valid until `read` is called again.
 */
export class SocketEvent implements Moment {
  kind = 0;
  transport = 0;
  role = 0;
  flags = 0;
  time = 0;
  tgid = 0;
  tid = 0;
  goid = 0;
  parentGoid = 0;
  handoverGoid = 0;
  handoverParentGoid = 0;
  waiterGoid = 0;
  waiterParentGoid = 0;
  /** Names the socket. */
  cookie = 0;
  peerCookie = 0;
  /** Raw 32 bits: TCP sequence of the first byte, or bytes so far. */
  position = 0;
  otherPosition = 0;
  length = 0;
  skipped = 0;
  captured = 0;
  switches = 0;
  syscall = 0;
  localPort = 0;
  remotePort = 0;

  /** The event says who is at the socket's ends; else the addresses and the peer are unknown here, not absent. */
  described = false;

  #memory: RecordMemory | null = null;
  #offset = 0;
  #payload = 0;

  /** Moves to the record at `offset` bytes. The caller has checked that `EVENT.size` bytes are there. */
  read(memory: RecordMemory, offset: number): void {
    const { bytes, u16, u32 } = memory;
    this.#memory = memory;
    this.#offset = offset;
    const word = offset >> 2;
    this.kind = bytes[offset + EVENT.kind]!;
    this.transport = bytes[offset + EVENT.transport]!;
    this.role = bytes[offset + EVENT.role]!;
    this.flags = bytes[offset + EVENT.flags]!;
    this.captured = u32[word + EVENT.captured / 4]!;
    this.time = u32[word + EVENT.time / 4]! + u32[word + EVENT.time / 4 + 1]! * HIGH;
    this.tgid = u32[word + EVENT.tgid / 4]!;
    this.tid = u32[word + EVENT.tid / 4]!;
    this.cookie = u32[word + EVENT.cookie / 4]! + u32[word + EVENT.cookie / 4 + 1]! * HIGH;
    this.position = u32[word + EVENT.position / 4]!;
    this.otherPosition = u32[word + EVENT.other_position / 4]!;
    this.length = u32[word + EVENT.length / 4]!;
    this.skipped = u32[word + EVENT.skipped / 4]!;
    this.switches = u32[word + EVENT.switches / 4]!;
    this.syscall = u16[(offset + EVENT.syscall) >> 1]!;
    this.localPort = u16[(offset + EVENT.local_port) >> 1]!;
    this.remotePort = u16[(offset + EVENT.remote_port) >> 1]!;
    this.described = (this.flags & FLAG.FLAG_DESCRIBED) !== 0;
    this.#payload = offset + EVENT.size;
    if ((this.flags & FLAG.FLAG_CONTEXT) !== 0) this.#readContext(u32, word + EVENT.size / 4);
    else this.#noContext();
  }

  #readContext(u32: Uint32Array, word: number): void {
    this.#payload += CONTEXT.size;
    this.goid = u32[word + CONTEXT.goid / 4]! + u32[word + CONTEXT.goid / 4 + 1]! * HIGH;
    this.parentGoid = u32[word + CONTEXT.parent_goid / 4]! + u32[word + CONTEXT.parent_goid / 4 + 1]! * HIGH;
    this.handoverGoid =
      u32[word + CONTEXT.handover_goid / 4]! + u32[word + CONTEXT.handover_goid / 4 + 1]! * HIGH;
    this.handoverParentGoid =
      u32[word + CONTEXT.handover_parent_goid / 4]! +
      u32[word + CONTEXT.handover_parent_goid / 4 + 1]! * HIGH;
    this.waiterGoid = u32[word + CONTEXT.waiter_goid / 4]! + u32[word + CONTEXT.waiter_goid / 4 + 1]! * HIGH;
    this.waiterParentGoid =
      u32[word + CONTEXT.waiter_parent_goid / 4]! + u32[word + CONTEXT.waiter_parent_goid / 4 + 1]! * HIGH;
    this.peerCookie = u32[word + CONTEXT.peer_cookie / 4]! + u32[word + CONTEXT.peer_cookie / 4 + 1]! * HIGH;
  }

  /** Goroutines always have a context: without one there is none. */
  #noContext(): void {
    if (this.goid !== 0) {
      this.goid = 0;
      this.parentGoid = 0;
      this.handoverGoid = 0;
      this.handoverParentGoid = 0;
      this.waiterGoid = 0;
      this.waiterParentGoid = 0;
    }
    this.peerCookie = 0;
  }

  /** Bytes of the record before the payload, given its flags. */
  static headerBytes(flags: number): number {
    return (flags & FLAG.FLAG_CONTEXT) !== 0 ? EVENT.size + CONTEXT.size : EVENT.size;
  }

  /** The copied bytes, in place: valid as long as the event. */
  payload(): Uint8Array {
    if (this.captured === 0) return NOTHING;
    return this.#memory!.bytes.subarray(this.#payload, this.#payload + this.captured);
  }

  /** Raw address bytes, a copy; IPv4 lies in the first four. Null when the event does not tell. */
  address(which: 'local' | 'remote'): Uint8Array | null {
    if (!this.described) return null;
    const start =
      this.#offset + EVENT.size + (which === 'local' ? CONTEXT.local_address : CONTEXT.remote_address);
    return this.#memory!.bytes.slice(start, start + 16);
  }
}

/** Life of a process or thread, as the kernel reports it. */
export interface TaskEvent {
  readonly kind: number;
  readonly time: number;
  readonly tgid: number;
  readonly tid: number;
  readonly parentTgid: number;
  readonly parentTid: number;
  readonly parentGoid: number;
  /** Program's name as the kernel knows it, 15 bytes at most. */
  readonly name: string;
}

/** Reads a task record: rare, so it makes an object. */
export function readTaskEvent(memory: RecordMemory, offset: number): TaskEvent {
  const { bytes, u32 } = memory;
  const word = offset >> 2;
  let end = offset + TASK_EVENT.name;
  while (end < offset + TASK_EVENT.size && bytes[end] !== 0) end++;
  return {
    kind: bytes[offset + TASK_EVENT.kind]!,
    time: u32[word + TASK_EVENT.time / 4]! + u32[word + TASK_EVENT.time / 4 + 1]! * HIGH,
    tgid: u32[word + TASK_EVENT.tgid / 4]!,
    tid: u32[word + TASK_EVENT.tid / 4]!,
    parentTgid: u32[word + TASK_EVENT.parent_tgid / 4]!,
    parentTid: u32[word + TASK_EVENT.parent_tid / 4]!,
    parentGoid: u32[word + TASK_EVENT.parent_goid / 4]! + u32[word + TASK_EVENT.parent_goid / 4 + 1]! * HIGH,
    name: new TextDecoder('latin1').decode(bytes.subarray(offset + TASK_EVENT.name, end)),
  };
}
