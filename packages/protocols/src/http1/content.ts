import { readRequestText, requestTextOf, skipRequestText } from '../graphql/index.ts';
import { type GrpcBody, grpcBodyOf, NO_GRPC } from '../grpc/content-type.ts';
import { createGrpcMessages, idleGrpcBytes, readGrpcMessages, skipGrpcMessages } from '../grpc/messages.ts';
import type { Flow } from './connection.ts';

/** The content types are few, and the same again and again. */
const LONGEST_TYPE = 64;

/** What a media type says of a body: messages of gRPC-Web, or what may be a request of GraphQL. @returns how calls are in it */
export function expectContent(f: Flow, type: string, mayAsk: boolean): GrpcBody {
  f.messages = null;
  f.text = null;
  if (type === '') return NO_GRPC;
  const body = grpcBodyOf(type.slice(0, LONGEST_TYPE));
  f.messages = createGrpcMessages(body);
  if (mayAsk && body === NO_GRPC) f.text = requestTextOf(type);
  return body;
}

/** Bytes [from, to) are of the open message's body. */
export function readBytes(f: Flow, bytes: Uint8Array, from: number, to: number): void {
  f.size += to - from;
  if (f.messages !== null) readGrpcMessages(f.messages, bytes, from, to);
  if (f.text !== null) readRequestText(f.text, bytes, from, to);
}

/** So many bytes of it were not seen. */
export function skipBytes(f: Flow, length: number): void {
  f.size += length;
  if (f.messages !== null) skipGrpcMessages(f.messages, length);
  if (f.text !== null && length > 0) skipRequestText(f.text);
}

/** Of the bytes of the body that come next, at most `length`, so many are not needed. */
export function idleBytes(f: Flow, length: number): number {
  if (f.text !== null && !f.text.over) return 0;
  return f.messages === null ? length : Math.min(length, idleGrpcBytes(f.messages));
}
