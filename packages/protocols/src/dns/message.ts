import { formatIpv4, formatIpv6 } from '@weft/model';
import { operationName, TYPE_A, TYPE_AAAA, TYPE_OPT, UPDATE } from './codes.ts';
import { nameEnd, readName } from './names.ts';

export const HEADER = 12;
const RECORD_FIXED = 10;
const MOST_ANSWERS = 16;
/** Questions beyond: only multicast DNS asks several at all. */
const MOST_QUESTIONS = 64;
/** IN, CHAOS, HESIOD, NONE, ANY (RFC 6895 §3.2). */
const CLASSES: ReadonlySet<number> = new Set([1, 3, 4, 254, 255]);
/** Multicast DNS has a flag in the class's first bit (RFC 6762 §5.4, §10.2). */
const CLASS_BITS = 0x7fff;

/** What a message says; shared, since it is used at once. */
export interface DnsMessage {
  id: number;
  isResponse: boolean;
  opcode: number;
  /** With the bits that EDNS adds. */
  code: number;
  /** It did not fit and is to be asked for again over TCP. */
  truncated: boolean;
  questions: number;
  /** Of the first question; null: there is none, or it was not seen whole. */
  name: string | null;
  type: number;
  /** Of the first question's bytes in one case, 32 bits. */
  questionHash: number;
  /** Addresses among the answers, at most 16. */
  addresses: string[];
}

export const message: DnsMessage = {
  id: 0,
  isResponse: false,
  opcode: 0,
  code: 0,
  truncated: false,
  questions: 0,
  name: null,
  type: 0,
  questionHash: 0,
  addresses: [],
};

/**
 * - `whole`: it ends where the bytes end, and all of it was understood
 * - `cut`: it is right as far as the bytes go
 * - `wrong`: it is no DNS message
 */
export type Reading = 'whole' | 'cut' | 'wrong';

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

/**
 * Reads the message (RFC 1035 §4) in [from, to) into `message`. Strict, since this is also how DNS is recognised:
 * the counts, every name and every length must fit.
 */
export function readMessage(bytes: Uint8Array, from: number, to: number): Reading {
  message.name = null;
  if (to - from < HEADER) return to > from ? 'cut' : 'wrong';
  const flags = u16(bytes, from + 2);
  message.id = u16(bytes, from);
  message.isResponse = (flags & 0x8000) !== 0;
  message.opcode = (flags >> 11) & 15;
  message.truncated = (flags & 0x0200) !== 0;
  message.code = flags & 15;
  message.questions = u16(bytes, from + 4);
  message.type = 0;
  message.questionHash = 0;
  if (message.addresses.length > 0) message.addresses = [];
  const answers = u16(bytes, from + 6);
  const authorities = u16(bytes, from + 8);
  const additional = u16(bytes, from + 10);
  if (!isHeader(flags, message.questions, answers, authorities, additional)) return 'wrong';

  let at = from + HEADER;
  for (let i = 0; i < message.questions; i++) {
    at = readQuestion(bytes, at, to, from, i === 0);
    if (at < 0) return nameEnd.cut ? 'cut' : 'wrong';
  }
  const records = answers + authorities + additional;
  // Each record takes eleven bytes at least, so that a large count ends with the bytes.
  for (let i = 0; i < records; i++) {
    at = readRecord(bytes, at, to, from, i < answers);
    if (at < 0) return nameEnd.cut ? 'cut' : 'wrong';
  }
  return at === to ? 'whole' : 'wrong';
}

function isHeader(
  flags: number,
  questions: number,
  answers: number,
  authorities: number,
  additional: number,
): boolean {
  const { opcode, isResponse } = message;
  // The bit that RFC 1035 and all after it reserve.
  if ((flags & 0x0040) !== 0 || operationName(opcode) === null || questions > MOST_QUESTIONS) return false;
  if (isResponse) return true;
  // A question has no result yet; an update's sections are prerequisites and changes.
  if (questions === 0 || message.code !== 0) return false;
  if (opcode === UPDATE) return questions === 1;
  // Known answers of multicast DNS, the zone's state of NOTIFY and IXFR, OPT and TSIG.
  return answers <= 64 && authorities <= 64 && additional <= 4;
}

/** @returns index after the question; -1: cut (`nameEnd.cut`) or none */
function readQuestion(bytes: Uint8Array, from: number, to: number, base: number, isFirst: boolean): number {
  const labels: string[] | null = isFirst ? [] : null;
  if (!readName(bytes, from, to, base, labels)) return -1;
  const end = nameEnd.at + 4;
  if (end > to) {
    nameEnd.cut = true;
    return -1;
  }
  const type = u16(bytes, end - 4);
  if (type === 0 || !CLASSES.has(u16(bytes, end - 2) & CLASS_BITS)) return -1;
  if (labels !== null) {
    message.name = labels.length === 0 ? '.' : labels.join('.');
    message.type = type;
    message.questionHash = hashFolded(bytes, from, end);
  }
  return end;
}

/** FNV-1a over a question, capital letters as small ones: some servers do not answer in the asker's spelling. */
function hashFolded(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let i = from; i < to; i++) {
    const byte = bytes[i]!;
    hash = Math.imul(hash ^ (byte >= 65 && byte <= 90 ? byte | 0x20 : byte), 0x01000193);
  }
  return hash >>> 0;
}

/** @returns index after the record; -1: cut (`nameEnd.cut`) or none */
function readRecord(bytes: Uint8Array, from: number, to: number, base: number, isAnswer: boolean): number {
  if (!readName(bytes, from, to, base, null)) return -1;
  const data = nameEnd.at + RECORD_FIXED;
  if (data > to) {
    nameEnd.cut = true;
    return -1;
  }
  const type = u16(bytes, data - 10);
  const length = u16(bytes, data - 2);
  const end = data + length;
  if (end > to) {
    nameEnd.cut = true;
    return -1;
  }
  if (type === TYPE_OPT) {
    // The upper bits of the response code stand where others have the time to live (RFC 6891 §6.1.3).
    if (message.isResponse) message.code |= bytes[data - 6]! << 4;
  } else if (isAnswer && message.addresses.length < MOST_ANSWERS) {
    if (type === TYPE_A && length === 4) message.addresses.push(formatIpv4(bytes, data));
    else if (type === TYPE_AAAA && length === 16) message.addresses.push(formatIpv6(bytes, data));
  }
  return end;
}
