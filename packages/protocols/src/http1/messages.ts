import type { AttributeValue } from '@weft/model';
import { describeCall, describeStatus } from '../grpc/call.ts';
import { NO_GRPC } from '../grpc/content-type.ts';
import { createUpgradedHttp2Parser } from '../http2/parser.ts';
import type { Message, Parser } from '../protocol.ts';
import { TO_CLIENT, TO_SERVER } from '../protocol.ts';
import { createWebSocketParser } from '../websocket/parser.ts';
import { beginChunk } from './body.ts';
import {
  CLOSE,
  CONNECT_REQUEST,
  type Connection,
  endBody,
  enterTunnel,
  type Flow,
  HEAD_REQUEST,
  LENGTH,
  lose,
  PROBE,
  rememberSpecial,
  takeSpecial,
} from './connection.ts';
import { expectContent } from './content.ts';
import { framing } from './fields.ts';
import { readRequestHead, requestHead } from './request-head.ts';
import { answered, readResponseHead, responseHead } from './response-head.ts';

/** `HTTP/1.x `: a status line that stands where a body would. */
export const PROBE_LENGTH = 9;

/**
 * A complete head that `splitHead` has just split.
 * @param start position of its first byte
 * @param bodyStart position of the byte after it
 * @returns false when it is none; the connection is then out of step
 */
export function readHead(
  c: Connection,
  f: Flow,
  bytes: Uint8Array,
  from: number,
  end: number,
  start: number,
  bodyStart: number,
): boolean {
  if (f.side === TO_SERVER) {
    if (!readRequestHead(bytes, from, end, c.mask, c.carriers)) {
      lose(c, f, 'request-line', start);
      return false;
    }
    beginRequest(c, f, start, bodyStart);
    return true;
  }
  const status = readResponseHead(bytes, from, end, c.carriers);
  if (status < 0) {
    lose(c, f, 'status-line', start);
    return false;
  }
  beginResponse(c, f, status, start, bodyStart);
  return true;
}

function beginRequest(c: Connection, f: Flow, start: number, bodyStart: number): void {
  const { method, attributes, carried, upgrade, contentType } = requestHead;
  const isConnect = method === 'CONNECT';
  let { name } = requestHead;
  if (expectContent(f, contentType, method === 'POST') !== NO_GRPC) {
    const path = attributes['url.path'];
    name = describeCall(attributes, typeof path === 'string' ? path : '') || name;
  }
  const message: Message = {
    side: TO_SERVER,
    kind: 'request',
    pairingId: null,
    start,
    name,
    status: 'unset',
    attributes,
    carried,
  };
  f.lost = false;
  f.synchronised = true;
  f.mayTunnel = isConnect || upgrade;
  // Responses to requests that were missed have been numbered.
  if (f.renumbers) c.requests = Math.max(c.requests, c.responses);
  f.renumbers = false;
  const index = c.requests++;
  open(c, f, message);
  if (method === 'HEAD' || isConnect) numberSpecial(c, index, isConnect ? CONNECT_REQUEST : HEAD_REQUEST);
  if (isConnect) endBody(c, f, bodyStart);
  else beginBody(c, f, bodyStart, false);
  if (index === c.tunnelFrom) enterTunnel(c, f, bodyStart);
}

/**
 * A request whose response is framed differently. If a response with its number has come already, either that was
 * its response and was taken for one with a body, or requests were missed and the numbers are out of step.
 */
function numberSpecial(
  c: Connection,
  index: number,
  kind: typeof HEAD_REQUEST | typeof CONNECT_REQUEST,
): void {
  if (index >= c.responses) {
    rememberSpecial(c, { index, kind });
    return;
  }
  const response = c.flows[TO_CLIENT];
  if (
    kind === HEAD_REQUEST &&
    response.phase === PROBE &&
    response.probed === 0 &&
    response.assumedIndex === index
  ) {
    response.framed = false;
    endBody(c, response, response.next);
  } else if (response.sawBody) {
    rememberSpecial(c, { index: c.responses, kind });
    c.requests = c.responses + 1;
  }
}

/** What follows a 101 is another protocol's, and no span. */
function responseAttributes(status: number): Record<string, AttributeValue> {
  const { switchedTo, grpcStatus } = responseHead;
  const attributes: Record<string, AttributeValue> = { 'http.response.status_code': status };
  if (switchedTo !== '') attributes['weft.http.upgrade'] = switchedTo;
  if (grpcStatus !== '') describeStatus(attributes, grpcStatus);
  return attributes;
}

function beginResponse(c: Connection, f: Flow, status: number, start: number, bodyStart: number): void {
  // The request that asked for HTTP/2 is answered there, on stream 1 (RFC 7540 §3.2).
  const isToHttp2 = status === 101 && responseHead.switchedTo === 'h2c';
  const isInterim = (status < 200 && status !== 101) || isToHttp2;
  const message: Message = {
    side: TO_CLIENT,
    kind: isInterim ? 'interim' : 'response',
    pairingId: null,
    start,
    name: '',
    status: isInterim ? 'unset' : status >= 500 ? 'error' : 'ok',
    attributes: responseAttributes(status),
    carried: isInterim ? null : answered.carried,
  };
  f.lost = false;
  f.synchronised = true;
  if (isInterim && !isToHttp2) {
    open(c, f, message);
    endBody(c, f, bodyStart);
    return;
  }
  expectContent(f, responseHead.contentType, false);
  const isUncertain = f.renumbers;
  if (isUncertain) {
    // Most likely it answers the latest request; what that was is not relied on.
    c.responses = Math.max(c.responses, c.requests - 1);
    c.special.length = 0;
    f.renumbers = false;
  }
  const index = c.responses++;
  const special = takeSpecial(c, index);
  const isAssumed = isUncertain || index >= c.requests;
  f.assumedIndex = isAssumed ? index : -1;
  f.sawBody = false;
  open(c, f, message);
  if (status === 101) c.tunnel = tunnelTo(c, responseHead.switchedTo);
  if (status === 101 || (special === CONNECT_REQUEST && status < 300)) leaveHttp(c, f, index, bodyStart);
  else if (special === HEAD_REQUEST || status === 204 || status === 304) endBody(c, f, bodyStart);
  else beginBody(c, f, bodyStart, isAssumed);
}

function open(c: Connection, f: Flow, message: Message): void {
  f.open = message;
  f.framed = false;
  f.size = 0;
  c.sink.message(message);
}

function tunnelTo(c: Connection, protocol: string): Parser | null {
  switch (protocol) {
    case 'h2c':
      return createUpgradedHttp2Parser(c.sink, c.options);
    case 'websocket':
      return createWebSocketParser(c.sink);
    default:
      return null;
  }
}

/** 101, or success of CONNECT: both directions are a tunnel from here on (RFC 9110 §7.8, §9.3.6). */
function leaveHttp(c: Connection, f: Flow, index: number, position: number): void {
  enterTunnel(c, f, position);
  const request = c.flows[TO_SERVER];
  if (index < c.requests) enterTunnel(c, request, request.next);
  else c.tunnelFrom = index;
}

/** Length of the body by RFC 9112 §6.3. @param isAssumed it may be absent, since the request is unknown */
function beginBody(c: Connection, f: Flow, position: number, isAssumed: boolean): void {
  f.framed = true;
  if (framing.coded) {
    if (framing.chunked) beginChunk(f);
    else if (f.side === TO_CLIENT) f.phase = CLOSE;
    else lose(c, f, 'transfer-encoding', position);
  } else if (framing.invalid) {
    f.framed = false;
    lose(c, f, 'content-length', position);
  } else if (framing.length >= 0) {
    f.phase = LENGTH;
    f.remaining = framing.length;
    if (framing.length === 0) endBody(c, f, position);
  } else if (f.side === TO_CLIENT) {
    f.phase = CLOSE;
  } else {
    f.framed = false;
    endBody(c, f, position);
  }
  if (!isAssumed || f.open === null) return;
  f.afterProbe = f.phase;
  f.probed = 0;
  f.phase = PROBE;
}
