import type { KnownStream } from '../detection-trial.ts';
import { TO_CLIENT, TO_SERVER } from '../protocol.ts';

/**
 * The streams in `fixtures/streams.json.gz`: a list of `{"protocol","capture","side","bytes"}`, the bytes in base64.
 * @param json unpacked
 */
export function recordedStreams(json: string): readonly KnownStream[] {
  const rows = JSON.parse(json) as { protocol: string; side: string; bytes: string }[];
  return rows.map(({ protocol, side, bytes }) => ({
    protocol,
    side: side === 'to-server' ? TO_SERVER : TO_CLIENT,
    bytes: Uint8Array.from(atob(bytes), (char) => char.charCodeAt(0)),
  }));
}
