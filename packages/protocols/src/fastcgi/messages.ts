import type { AttributeValue, SpanStatus } from '@weft/model';
import { TO_CLIENT, TO_SERVER } from '../protocol.ts';
import { NO_STATUS, statusOfCgiHead } from './cgi-head.ts';
import { type Connection, NOTHING, type Request, type Response } from './connection.ts';
import { described, describeParams } from './params.ts';

/** Tells of a request with what is known by now, unless it has been told of. */
export function announce(c: Connection, request: Request): void {
  if (request.phase !== 'params') return;
  request.phase = 'body';
  describeParams(request.params, request.paramsLength, c.mask, c.carriers);
  request.params = NOTHING;
  request.declaredSize = described.contentLength;
  const { name, attributes, carried } = described;
  const { start, pairingId } = request;
  request.message = {
    side: TO_SERVER,
    kind: 'request',
    pairingId,
    start,
    name,
    status: 'unset',
    attributes,
    carried,
  };
  c.sink.message(request.message);
}

/** Nothing more comes of a request. @param position behind its last byte */
export function endRequest(c: Connection, request: Request, position: number): void {
  announce(c, request);
  const { message } = request;
  if (message === null) return;
  request.phase = 'ended';
  request.message = null;
  const size = request.size < 0 ? request.declaredSize : request.size;
  c.sink.end(message, position, size > 0 ? { 'http.request.body.size': size } : null);
}

/** Tells of a response whose head is known, as far as it will be. @param code HTTP status, or `NO_STATUS` */
export function respond(
  c: Connection,
  response: Response,
  code: number,
  problem: string | null = null,
): void {
  const attributes: Record<string, AttributeValue> = {};
  if (code !== NO_STATUS) attributes['http.response.status_code'] = code;
  let status: SpanStatus = code === NO_STATUS ? 'unset' : code >= 500 ? 'error' : 'ok';
  if (problem !== null) {
    status = 'error';
    attributes['error.type'] = problem;
  }
  const { start, pairingId } = response;
  response.head = null;
  response.message = {
    side: TO_CLIENT,
    kind: 'response',
    pairingId,
    start,
    name: '',
    status,
    attributes,
    carried: null,
  };
  c.sink.message(response.message);
}

/**
 * Nothing more comes of a response.
 * @param position behind its last byte
 * @param facts what its end says
 */
export function closeResponse(
  c: Connection,
  response: Response,
  position: number,
  facts: Record<string, AttributeValue> | null,
): void {
  c.responses.delete(response.id);
  if (response.tentative) return;
  if (response.message === null) {
    const { head, headLength } = response;
    const problem = facts?.['error.type'];
    respond(
      c,
      response,
      head === null ? NO_STATUS : statusOfCgiHead(head, headLength),
      typeof problem === 'string' ? problem : null,
    );
  }
  const extra: Record<string, AttributeValue> = facts ?? {};
  if (!response.cut) extra['http.response.body.size'] = response.size;
  if (response.errors > 0) extra['weft.fastcgi.stderr.size'] = response.errors;
  c.sink.end(response.message!, Math.max(position, response.start), extra);
}
