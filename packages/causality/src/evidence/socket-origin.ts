import type { ServedRequest } from '../facts.ts';
import type { EvidenceSource } from './source.ts';

/** Event loops connect for one request and send it when the connection is ready. */
const ORIGIN = 0.985;
/** Goroutines and pools connect for one and may give the connection to another. */
const ORIGIN_OF_POOL = 0.7;
const MAX_ORIGINS = 16_384;

/** Which request a client socket was connected for. */
export class SocketOrigins<R extends ServedRequest> {
  readonly #origins = new Map<number, { request: R; pooled: boolean }>();

  /** Notes who connected. */
  connected(socket: number, request: R, pooled: boolean): void {
    if (this.#origins.size >= MAX_ORIGINS) {
      for (const oldest of this.#origins.keys()) {
        this.#origins.delete(oldest);
        break;
      }
    }
    this.#origins.set(socket, { request, pooled });
  }

  /** The socket has carried its first request, or is gone. */
  forget(socket: number): void {
    this.#origins.delete(socket);
  }

  /** The upstream socket was connected while serving (nginx, HAProxy, event loops with a new connection). */
  source(): EvidenceSource<R> {
    return {
      kind: 'socket-origin',
      candidates: (_process, call, _at, believe) => {
        const origin = call.first ? this.#origins.get(call.socket) : undefined;
        if (origin?.request.open) {
          believe(
            origin.request,
            'socket-origin',
            `socket ${call.socket}`,
            origin.pooled ? ORIGIN_OF_POOL : ORIGIN,
          );
        }
      },
    };
  }
}
