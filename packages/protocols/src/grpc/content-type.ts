/** How a body holds the messages of a call. */
export const NO_GRPC = 0;
/** gRPC over HTTP/2: the trailers are HTTP's. */
export const GRPC = 1;
/** gRPC-Web: the trailers are the last message of the body. */
export const GRPC_WEB = 2;
/** The same, all of it in base64. */
export const GRPC_WEB_TEXT = 3;
export type GrpcBody = typeof NO_GRPC | typeof GRPC | typeof GRPC_WEB | typeof GRPC_WEB_TEXT;

const PREFIX = 'application/grpc';
const WEB = '-web';
const TEXT = '-text';

/**
 * What a media type says of the body: `application/grpc`, `application/grpc-web`, `application/grpc-web-text`, each
 * followed by nothing, `+proto` and the like, or parameters (gRPC, `PROTOCOL-HTTP2.md` and `PROTOCOL-WEB.md`).
 */
export function grpcBodyOf(type: string): GrpcBody {
  if (type.length < PREFIX.length || type.slice(0, PREFIX.length).toLowerCase() !== PREFIX) return NO_GRPC;
  const rest = type.slice(PREFIX.length).toLowerCase();
  if (rest.startsWith(WEB + TEXT)) return endsAt(rest, WEB.length + TEXT.length) ? GRPC_WEB_TEXT : NO_GRPC;
  if (rest.startsWith(WEB)) return endsAt(rest, WEB.length) ? GRPC_WEB : NO_GRPC;
  return endsAt(rest, 0) ? GRPC : NO_GRPC;
}

/** The name of the type ends here: `+`, `;`, white space or nothing follows. */
function endsAt(text: string, at: number): boolean {
  const next = text.charCodeAt(at);
  return Number.isNaN(next) || next === 0x2b || next === 0x3b || next === 0x20;
}
