import { TO_CLIENT, TO_SERVER } from '../protocol.ts';
import { addToMap } from './bounds.ts';
import {
  type Connection,
  type Flow,
  MANAGEMENT_ID,
  NOTHING,
  type Request,
  roomFor,
  tell,
  touch,
} from './connection.ts';
import { announce, closeResponse, endRequest } from './messages.ts';
import {
  ABORT_REQUEST,
  BEGIN_REQUEST,
  DATA,
  GET_VALUES,
  PARAMS,
  STDIN,
  UNKNOWN_TYPE,
  uint16,
} from './records.ts';

/** Params longer than this are read so far. */
const LONGEST_PARAMS = 32_768;

const AUTHORIZER = 2;

/** A record of the web server's begins: its header has been read. @param end position behind the header */
export function beginRequestRecord(c: Connection, f: Flow, end: number): void {
  if (f.type === BEGIN_REQUEST) begin(c, f);
  else if (f.type === GET_VALUES || (f.type > UNKNOWN_TYPE && f.id === 0)) {
    const name = f.type === GET_VALUES ? 'GET_VALUES' : `TYPE ${f.type}`;
    const message = {
      side: TO_SERVER,
      kind: 'request',
      pairingId: MANAGEMENT_ID,
      start: f.start,
      name,
    } as const;
    tell(c, { ...message, status: 'unset', attributes: {} }, end + f.content + f.padding);
  } else {
    const request = c.requests.get(f.id);
    if (request !== undefined) touch(c, request.message);
  }
}

function begin(c: Connection, f: Flow): void {
  const before = c.requests.get(f.id);
  // The id is used again: its last request is over, and so is what was answered.
  if (before !== undefined) endRequest(c, before, f.start);
  const answered = c.responses.get(f.id);
  if (answered !== undefined) closeResponse(c, answered, answered.reached, null);
  c.requests.delete(f.id);
  if (c.requests.size > 0) c.multiplexed = true;
  const request: Request = {
    id: f.id,
    start: f.start,
    pairingId: c.requests.size > 0 ? f.id : null,
    losses: c.flows[TO_CLIENT].losses,
    followsUnanswered: before !== undefined,
    phase: 'params',
    role: 0,
    params: NOTHING,
    paramsLength: 0,
    cut: false,
    message: null,
    size: 0,
    declaredSize: -1,
    aborted: false,
  };
  addToMap(c.requests, request.id, request, (oldest) => endRequest(c, oldest, c.flows[TO_SERVER].next));
}

/** Whether the content of the present record is of any use. */
export function wantsRequestContent(c: Connection, f: Flow): boolean {
  if (f.type === BEGIN_REQUEST) return true;
  const request = f.type === PARAMS ? c.requests.get(f.id) : undefined;
  return (
    request !== undefined &&
    request.phase === 'params' &&
    !request.cut &&
    request.paramsLength < LONGEST_PARAMS
  );
}

/** Content [from, to) of the present record. */
export function readRequestContent(
  c: Connection,
  f: Flow,
  bytes: Uint8Array,
  from: number,
  to: number,
): void {
  const request = c.requests.get(f.id);
  if (request === undefined) return;
  touch(c, request.message);
  if (f.type === STDIN) request.size += to - from;
  else if (f.type === BEGIN_REQUEST) {
    f.body.set(bytes.subarray(from, to), f.bodyLength);
    f.bodyLength += to - from;
    if (f.bodyLength >= 2) request.role = uint16(f.body, 0);
  } else if (f.type === PARAMS && request.phase === 'params' && !request.cut) {
    const length = Math.min(to - from, LONGEST_PARAMS - request.paramsLength);
    request.params = roomFor(request.params, request.paramsLength, request.paramsLength + length);
    request.params.set(bytes.subarray(from, from + length), request.paramsLength);
    request.paramsLength += length;
  }
}

/** Content of the present record that was not seen. */
export function missRequestContent(c: Connection, f: Flow, length: number): void {
  const request = c.requests.get(f.id);
  if (request === undefined) return;
  if (f.type === STDIN) request.size += length;
  else if (f.type === PARAMS && request.phase === 'params') request.cut = true;
}

/** The present record is over. @param position behind it @param length of its content */
export function endRequestRecord(c: Connection, f: Flow, position: number, length: number): void {
  const request = c.requests.get(f.id);
  if (request === undefined) return;
  switch (f.type) {
    case PARAMS:
      if (length > 0 || request.phase !== 'params') return;
      announce(c, request);
      if (request.role === AUTHORIZER) endRequest(c, request, position);
      return;
    case STDIN:
    case DATA:
      announce(c, request);
      if (f.type === STDIN && length === 0) endRequest(c, request, position);
      return;
    case ABORT_REQUEST:
      announce(c, request);
      request.aborted = true;
      endRequest(c, request, position);
      return;
    default:
  }
}

/** The web server's bytes are out of step, or over: no request goes on. @param isLost they were not all seen */
export function endAllRequests(c: Connection, position: number, isLost: boolean): void {
  for (const request of c.requests.values()) {
    if (isLost) request.size = -1;
    endRequest(c, request, position);
  }
}
