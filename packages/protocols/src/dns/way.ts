/** One direction of a connection: as `Parser`, without the side. */
export interface Way {
  feed(bytes: Uint8Array, position: number): void;
  gap(position: number, length: number): void;
  finish(position: number): void;
  neededFrom(): number;
}
