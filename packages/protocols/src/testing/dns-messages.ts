import { bytesOf } from './recorder.ts';

/** Two bytes, as text of one character a byte. */
export function u16(value: number): string {
  return String.fromCharCode((value >> 8) & 255, value & 255);
}

/** A name without compression; a dot separates labels. */
export function nameOf(name: string): string {
  const labels = name === '' ? [] : name.split('.');
  return `${labels.map((label) => String.fromCharCode(label.length) + label).join('')}\x00`;
}

export interface Fields {
  readonly id?: number;
  readonly flags?: number;
  readonly questions?: readonly string[];
  readonly answers?: readonly string[];
  readonly authorities?: readonly string[];
  readonly additional?: readonly string[];
}

export function questionOf(name: string, type = 1, inClass = 1): string {
  return nameOf(name) + u16(type) + u16(inClass);
}

/** @param owner a name as on the wire, for instance a pointer */
export function recordOf(owner: string, type: number, data: string, ttl = '\x00\x00\x00\x3c'): string {
  return owner + u16(type) + u16(1) + ttl + u16(data.length) + data;
}

/** The first question's name. */
export const POINTER = '\xc0\x0c';
export const RESPONSE = 0x8180;

/** A message, as text of one character a byte. */
export function dnsText(fields: Fields): string {
  const { questions = [], answers = [], authorities = [], additional = [] } = fields;
  const counts = [questions, answers, authorities, additional].map((list) => u16(list.length)).join('');
  const body = [...questions, ...answers, ...authorities, ...additional].join('');
  return u16(fields.id ?? 7) + u16(fields.flags ?? 0x0100) + counts + body;
}

/** A message for UDP. */
export function datagram(fields: Fields): Uint8Array {
  return bytesOf(dnsText(fields));
}

/** A message for TCP. */
export function frame(fields: Fields): Uint8Array {
  const text = dnsText(fields);
  return bytesOf(u16(text.length) + text);
}
