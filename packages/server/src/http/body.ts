import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip } from 'node:zlib';
import { HttpError } from './http-error.ts';

const inflateBrotli = promisify<Uint8Array, { maxOutputLength: number }, Buffer>(brotliDecompress);
const inflateGzip = promisify<Uint8Array, { maxOutputLength: number }, Buffer>(gunzip);

/** Sizes that a body may have, in bytes. */
export interface BodyLimits {
  readonly sent: number;
  readonly inflated: number;
}

/**
 * Reads a request's body, inflated as its `content-encoding` says (br, gzip, none).
 * @throws HttpError when it is larger than allowed or does not inflate
 */
export async function readBody(request: IncomingMessage, limits: BodyLimits): Promise<Uint8Array> {
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > limits.sent) throw tooLarge(limits.sent);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = chunk as Buffer;
    size += bytes.length;
    if (size > limits.sent) throw tooLarge(limits.sent);
    chunks.push(bytes);
  }
  return inflate(Buffer.concat(chunks), request.headers['content-encoding'], limits.inflated);
}

function tooLarge(limit: number): HttpError {
  return new HttpError(413, `The body is larger than ${limit} bytes: send smaller batches.`);
}

async function inflate(bytes: Buffer, encoding: string | undefined, limit: number): Promise<Uint8Array> {
  try {
    switch (encoding) {
      case undefined:
      case '':
      case 'identity':
        break;
      case 'br':
        return await inflateBrotli(bytes, { maxOutputLength: limit });
      case 'gzip':
        return await inflateGzip(bytes, { maxOutputLength: limit });
      default:
        throw new HttpError(415, 'The content-encoding is unknown: use br, gzip or identity.');
    }
  } catch (error) {
    if (error instanceof HttpError) throw error;
    if (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE')
      throw tooLarge(limit);
    throw new HttpError(400, `The body is not valid ${encoding}: compress it again.`);
  }
  if (bytes.length > limit) throw tooLarge(limit);
  return bytes;
}
