import { EVENT } from '@weft/kernel';
import { err, ok, type Result } from '@weft/model';
import { MAGIC, type ProcessRecord, RECORD, type RecordingHeader } from './format.ts';

/** Receives the records of a recording in order. */
export interface RecordingSink {
  event(offset: number, length: number): void;
  process(record: ProcessRecord): void;
}

/** Whether bytes begin like a recording. */
export function isRecording(bytes: Uint8Array): boolean {
  return bytes.length >= 16 && new TextDecoder('latin1').decode(bytes.subarray(0, 7)) === MAGIC.slice(0, 7);
}

/** The header and where the records begin; an error in one sentence. Never throws, whatever the bytes. */
export function readRecordingHeader(bytes: Uint8Array): Result<{ header: RecordingHeader; offset: number }> {
  if (!isRecording(bytes)) return err('this is not a Weft recording');
  if (bytes[7] !== MAGIC.charCodeAt(7))
    return err(`the recording has version ${bytes[7]}, this Weft reads version 1`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(8, true);
  if (length > bytes.length - 16) return err('the recording ends within its header');
  try {
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(16, 16 + length))) as RecordingHeader;
    if (header.eventSize !== EVENT.size)
      return err('the recording was made by a Weft with another event layout');
    if (!/^\d+$/.test(String(header.epochUnixNano))) return err("the recording's header has no epoch");
    return ok({ header, offset: 16 + ((length + 7) & ~7) });
  } catch {
    return err("the recording's header is damaged");
  }
}

/** Walks the records from `offset` on. @returns bytes at the end that make no whole record */
export function readRecords(bytes: Uint8Array, offset: number, sink: RecordingSink): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = offset;
  while (at + 8 <= bytes.length) {
    const length = view.getUint32(at, true);
    const type = view.getUint32(at + 4, true);
    if (length > bytes.length - at - 8) break;
    if (type === RECORD.event) sink.event(at + 8, length);
    else if (type === RECORD.process) {
      const record = parseProcess(bytes.subarray(at + 8, at + 8 + length));
      if (record !== null) sink.process(record);
    }
    at += 8 + ((length + 7) & ~7);
  }
  return Math.max(0, bytes.length - at);
}

function parseProcess(bytes: Uint8Array): ProcessRecord | null {
  try {
    const record = JSON.parse(new TextDecoder().decode(bytes)) as ProcessRecord;
    const sane =
      typeof record.tgid === 'number' &&
      typeof record.service === 'string' &&
      typeof record.attributes === 'object' &&
      Array.isArray(record.listening);
    return sane ? record : null;
  } catch {
    return null;
  }
}
