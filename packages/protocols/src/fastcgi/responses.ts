import type { Attributes, AttributeValue } from '@weft/model';
import { TO_CLIENT } from '../protocol.ts';
import { addToMap } from './bounds.ts';
import { endOfCgiHead, likeCgiHead, NO_STATUS, statusOfCgiHead } from './cgi-head.ts';
import {
  type Connection,
  type Flow,
  MANAGEMENT_ID,
  NOTHING,
  type Response,
  roomFor,
  tell,
  touch,
} from './connection.ts';
import { announce, closeResponse, endRequest, respond } from './messages.ts';
import { BODY_LENGTH, END_REQUEST, GET_VALUES_RESULT, STDERR, STDOUT, UNKNOWN_TYPE } from './records.ts';

/** Heads longer than this are not read; web servers take 4 to 8 KiB. */
const LONGEST_HEAD = 16_384;

/** Names of `protocolStatus` (FastCGI 1.0 §5.5), by number. */
const PROTOCOL_STATUS: readonly string[] = [
  'REQUEST_COMPLETE',
  'CANT_MPX_CONN',
  'OVERLOADED',
  'UNKNOWN_ROLE',
];

/** A record of the application's begins: its header has been read. @param end position behind the header */
export function beginResponseRecord(c: Connection, f: Flow, end: number): void {
  if (f.type === GET_VALUES_RESULT || f.type === UNKNOWN_TYPE) {
    const isKnown = f.type === GET_VALUES_RESULT;
    const message = { side: TO_CLIENT, kind: 'response', pairingId: MANAGEMENT_ID, start: f.start } as const;
    const attributes: Attributes = isKnown ? {} : { 'error.type': 'UNKNOWN_TYPE' };
    tell(
      c,
      { ...message, name: '', status: isKnown ? 'ok' : 'error', attributes },
      end + f.content + f.padding,
    );
    return;
  }
  if (f.type !== STDOUT && f.type !== STDERR && f.type !== END_REQUEST) return;
  const response = c.responses.get(f.id) ?? beginResponse(c, f);
  if (response !== null) touch(c, response.message);
}

/** The first record of a response, or the middle of one whose begin was lost: null, if that is all it can be. */
function beginResponse(c: Connection, f: Flow): Response | null {
  const request = c.requests.get(f.id);
  const isFirst = request === undefined ? f.losses === 0 : request.losses === f.losses;
  if (!isFirst) {
    // What was lost is the response's own begin, unless it may have been the end of the one before.
    if (request?.followsUnanswered === false) return null;
    // Nothing but the begin of a head at the begin of a write tells a response's first record from a later one.
    if (f.type !== STDOUT || !f.beginsRead) return null;
  }
  if (request !== undefined) announce(c, request);
  const response: Response = {
    id: f.id,
    start: f.start,
    pairingId: request === undefined ? (c.multiplexed ? f.id : null) : request.pairingId,
    tentative: !isFirst,
    head: NOTHING,
    headLength: 0,
    message: null,
    size: 0,
    errors: 0,
    reached: f.start,
    cut: false,
  };
  addToMap(c.responses, response.id, response, (oldest) => closeResponse(c, oldest, oldest.reached, null));
  return response;
}

/** Whether the content of the present record is of any use. */
export function wantsResponseContent(c: Connection, f: Flow): boolean {
  if (f.type === END_REQUEST) return true;
  return f.type === STDOUT && (c.responses.get(f.id)?.head ?? null) !== null;
}

/** Content [from, to) of the present record. */
export function readResponseContent(
  c: Connection,
  f: Flow,
  bytes: Uint8Array,
  from: number,
  to: number,
): void {
  if (f.type === END_REQUEST) {
    f.body.set(bytes.subarray(from, to), f.bodyLength);
    f.bodyLength += to - from;
    return;
  }
  const response = c.responses.get(f.id);
  if (response === undefined) return;
  touch(c, response.message);
  if (f.type === STDERR) response.errors += to - from;
  else if (f.type === STDOUT) {
    if (response.head === null) response.size += to - from;
    else readHead(c, response, bytes, from, to);
  }
}

/** Content of the present record that was not seen. */
export function missResponseContent(c: Connection, f: Flow, length: number): void {
  const response = c.responses.get(f.id);
  if (response === undefined) return;
  if (f.type === STDERR) response.errors += length;
  if (f.type !== STDOUT) return;
  response.size += length;
  if (response.head === null) return;
  // How much of it was the head's is unknown.
  response.cut = true;
  if (response.tentative) c.responses.delete(response.id);
  else respond(c, response, NO_STATUS);
}

function readHead(c: Connection, response: Response, bytes: Uint8Array, from: number, to: number): void {
  const before = response.headLength;
  const length = Math.min(to - from, LONGEST_HEAD - before);
  const head = roomFor(response.head!, before, before + length);
  head.set(bytes.subarray(from, from + length), before);
  response.head = head;
  response.headLength = before + length;
  if (response.tentative) {
    const like = likeCgiHead(head, 0, response.headLength);
    if (like === false) c.responses.delete(response.id);
    if (like !== true) return;
    response.tentative = false;
  }
  const end = endOfCgiHead(head, Math.max(0, before - 2), response.headLength);
  if (end < 0) {
    if (response.headLength >= LONGEST_HEAD) {
      response.cut = true;
      respond(c, response, statusOfCgiHead(head, response.headLength));
    }
    return;
  }
  response.size += before + (to - from) - end;
  respond(c, response, statusOfCgiHead(head, end));
}

/** The present record is over. @param position behind it */
export function endResponseRecord(c: Connection, f: Flow, position: number): void {
  const response = c.responses.get(f.id);
  if (response !== undefined) response.reached = position;
  if (f.type !== END_REQUEST) return;
  const request = c.requests.get(f.id);
  const facts = endFacts(f, request?.aborted === true);
  if (response !== undefined) closeResponse(c, response, position, facts);
  if (request === undefined) return;
  endRequest(c, request, c.flows[0].next);
  c.requests.delete(f.id);
}

/** What FCGI_END_REQUEST says, as far as it is news. */
function endFacts(f: Flow, isAborted: boolean): Record<string, AttributeValue> | null {
  const facts: Record<string, AttributeValue> = {};
  if (isAborted) facts['error.type'] = 'ABORT_REQUEST';
  if (f.bodyLength < BODY_LENGTH) return isAborted ? facts : null;
  const b = f.body;
  // A program's exit code; signed where it was a signal.
  const code = (b[0]! << 24) | (b[1]! << 16) | (b[2]! << 8) | b[3]!;
  const status = b[4]!;
  if (code === 0 && status === 0 && !isAborted) return null;
  if (code !== 0) {
    facts['weft.fastcgi.app_status'] = code;
    facts['error.type'] ??= 'APP_STATUS';
  }
  if (status !== 0) {
    const name = PROTOCOL_STATUS[status] ?? String(status);
    facts['weft.fastcgi.protocol_status'] = name;
    facts['error.type'] = name;
  }
  return facts;
}

/** The application's bytes are out of step: heads that have begun are not read to their end. */
export function cutResponses(c: Connection): void {
  for (const response of c.responses.values()) {
    response.cut = true;
    if (response.head === null) continue;
    if (response.tentative) c.responses.delete(response.id);
    else respond(c, response, NO_STATUS);
  }
}

/** The application says no more. */
export function closeAllResponses(c: Connection, position: number): void {
  for (const response of c.responses.values()) closeResponse(c, response, position, null);
}
