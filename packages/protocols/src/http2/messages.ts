import type { AttributeValue } from '@weft/model';
import { type RankedIds, settleCarried } from '../carried/carried.ts';
import { addNamed, type CarriedNames } from '../carried/names.ts';
import { requestTextOf } from '../graphql/index.ts';
import { describeCall, describeStatus } from '../grpc/call.ts';
import { grpcBodyOf, NO_GRPC } from '../grpc/content-type.ts';
import { createGrpcMessages } from '../grpc/messages.ts';
import { type CarriedIds, type Message, type Side, TO_CLIENT, TO_SERVER } from '../protocol.ts';
import type { HpackDecoder } from './hpack/decoder.ts';
import { readRequest, request } from './request.ts';
import { addStream, type Connection, endHalf, mayBegin, openMessage, type Stream } from './stream.ts';

/** What a header block is, by its pseudo-header fields (RFC 9113 §8.3). */
const OF_REQUEST = 0;
const OF_RESPONSE = 1;
/** Trailers have none; so has a block whose fields are all named by unknown indices. */
const WITHOUT_PSEUDO = 2;

function kindOf(block: HpackDecoder): typeof OF_REQUEST | typeof OF_RESPONSE | typeof WITHOUT_PSEUDO {
  for (let i = 0; i < block.count; i++) {
    const { name } = block.fields[i]!;
    if (name.charCodeAt(0) !== 0x3a) continue;
    return name === ':status' ? OF_RESPONSE : OF_REQUEST;
  }
  return WITHOUT_PSEUDO;
}

function fieldOf(block: HpackDecoder, name: string): string {
  for (let i = 0; i < block.count; i++) if (block.fields[i]!.name === name) return block.fields[i]!.value;
  return '';
}

/**
 * A header block is complete and decoded.
 * @param start position of the first byte of its (first) frame
 * @param end position behind its last frame
 * @param endsStream it had END_STREAM
 */
export function readBlock(
  c: Connection,
  side: Side,
  streamId: number,
  start: number,
  end: number,
  endsStream: boolean,
): void {
  const block = c.flows[side].hpack;
  const kind = kindOf(block);
  let stream = c.streams.get(streamId) ?? null;
  if (side === TO_SERVER) {
    if (kind === OF_REQUEST && (stream === null || mayBegin(stream.halves[TO_SERVER]))) {
      stream ??= addStream(c, streamId, streamId);
      beginRequest(c, stream, start, side, block);
    }
  } else if (kind === OF_RESPONSE) {
    stream ??= addStream(c, streamId, streamId);
    if (mayBegin(stream.halves[TO_CLIENT])) beginResponse(c, stream, start, end, block);
  } else if (stream?.halves[TO_SERVER].begun && mayBegin(stream.halves[TO_CLIENT])) {
    // Its status is named by an index that cannot be known.
    beginResponse(c, stream, start, end, block);
  }
  if (stream === null || !endsStream) return;
  if (stream.halves[side].ended) return;
  endHalf(c, stream, side, end, side === TO_CLIENT ? statusIn(block) : null);
}

/** What a response's last header block says of a call's outcome: its trailers, or its only one ("Trailers-Only"). */
function statusIn(block: HpackDecoder): Record<string, AttributeValue> {
  const attributes: Record<string, AttributeValue> = {};
  describeStatus(attributes, fieldOf(block, 'grpc-status'));
  return attributes;
}

function beginRequest(c: Connection, stream: Stream, start: number, side: Side, block: HpackDecoder): void {
  readRequest(block, c.mask, c.names);
  const { attributes, carried, contentType } = request;
  const half = stream.halves[TO_SERVER];
  attributes['weft.http2.stream_id'] = stream.id;
  let { name } = request;
  const body = grpcBodyOf(contentType);
  if (body !== NO_GRPC) {
    const path = attributes['url.path'];
    name = describeCall(attributes, typeof path === 'string' ? path : '') || name;
    half.messages = createGrpcMessages(body);
  } else if (attributes['http.request.method'] === 'POST') half.text = requestTextOf(contentType);
  openMessage(c, half, {
    side,
    kind: 'request',
    pairingId: stream.pairingId,
    start,
    name,
    status: 'unset',
    attributes,
    carried,
  });
}

function beginResponse(c: Connection, stream: Stream, start: number, end: number, block: HpackDecoder): void {
  const code = Number(fieldOf(block, ':status'));
  const isKnown = Number.isInteger(code) && code >= 100;
  const isInterim = isKnown && code < 200;
  const attributes: Record<string, AttributeValue> = isKnown ? { 'http.response.status_code': code } : {};
  // Of gRPC-Web, whose trailers alone may be the head of an empty body.
  describeStatus(attributes, fieldOf(block, 'grpc-status'));
  const message: Message = {
    side: TO_CLIENT,
    kind: isInterim ? 'interim' : 'response',
    pairingId: stream.pairingId,
    start,
    name: '',
    status: !isKnown || isInterim ? 'unset' : code >= 500 ? 'error' : 'ok',
    attributes,
    carried: isInterim ? null : requestIdsIn(block, c.names),
  };
  if (isInterim) {
    c.sink.message(message);
    c.sink.end(message, end, null);
    return;
  }
  const half = stream.halves[TO_CLIENT];
  half.messages = createGrpcMessages(grpcBodyOf(fieldOf(block, 'content-type')));
  openMessage(c, half, message);
}

/** A proxy may make a request id, and tell its caller of it in the response alone. */
function requestIdsIn(block: HpackDecoder, names: CarriedNames): CarriedIds | null {
  let carried: RankedIds | null = null;
  for (let i = 0; i < block.count; i++) {
    const { name, value } = block.fields[i]!;
    carried = addNamed(carried, names, name, value);
  }
  return settleCarried(carried);
}

/** A request that the server makes in the client's name (RFC 9113 §8.4): complete with its header block. */
export function readPromise(c: Connection, promisedId: number, start: number, end: number): void {
  if (promisedId === 0 || c.streams.has(promisedId)) return;
  const stream = addStream(c, promisedId, promisedId);
  beginRequest(c, stream, start, TO_CLIENT, c.flows[TO_CLIENT].hpack);
  endHalf(c, stream, TO_SERVER, end, null);
}
