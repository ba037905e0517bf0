import type { AttributeValue } from '@weft/model';

/** Names of the status codes (gRPC, `statuscodes.md`), by number. */
const STATUS_NAMES: readonly string[] = [
  ...['OK', 'CANCELLED', 'UNKNOWN', 'INVALID_ARGUMENT', 'DEADLINE_EXCEEDED', 'NOT_FOUND', 'ALREADY_EXISTS'],
  ...['PERMISSION_DENIED', 'RESOURCE_EXHAUSTED', 'FAILED_PRECONDITION', 'ABORTED', 'OUT_OF_RANGE'],
  ...['UNIMPLEMENTED', 'INTERNAL', 'UNAVAILABLE', 'DATA_LOSS', 'UNAUTHENTICATED'],
];

const LONGEST_NAME = 256;

/**
 * Adds what the path `/package.Service/Method` says of a call: in the names of the RPC conventions up to 1.37, and
 * `rpc.system.name` of the later ones, whose `rpc.method` would collide.
 * @param path '' if it is not known
 * @returns the span's name; '' without a path
 */
export function describeCall(attributes: Record<string, AttributeValue>, path: string): string {
  attributes['rpc.system'] = 'grpc';
  attributes['rpc.system.name'] = 'grpc';
  const slash = path.lastIndexOf('/');
  if (slash > 0) {
    attributes['rpc.service'] = path.slice(1, slash);
    attributes['rpc.method'] = path.slice(slash + 1);
  }
  return path.slice(1, 1 + LONGEST_NAME);
}

/** Adds the value of `grpc-status`, by number and, as the later conventions want it, by name. */
export function describeStatus(attributes: Record<string, AttributeValue>, status: string): void {
  const code = Number(status);
  if (status === '' || !Number.isInteger(code) || code < 0) return;
  attributes['rpc.grpc.status_code'] = code;
  attributes['rpc.response.status_code'] = STATUS_NAMES[code] ?? status;
}
