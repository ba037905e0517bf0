/** A header field as the tables of HPACK hold it. */
export interface HeaderField {
  /** Lower case; `''`: not known, since it was sent before the connection was watched. */
  readonly name: string;
  /** `''` also where nobody wants it. */
  readonly value: string;
  /** Bytes as RFC 7541 §4.1 counts them. */
  readonly size: number;
}

/** RFC 7541 §4.1: an entry counts 32 bytes beside its name and its value. */
export const ENTRY_OVERHEAD = 32;
/** RFC 9113 §6.5.2, SETTINGS_HEADER_TABLE_SIZE at first. */
const DEFAULT_SIZE = 4096;
/** More than a peer may allow is not kept: what falls out early is unknown, never wrong. */
const LARGEST = 65_536;

/** An entry that the peers have and this side does not. */
export const UNKNOWN_FIELD: HeaderField = { name: '', value: '', size: ENTRY_OVERHEAD };

/** RFC 7541 Appendix A; the first has index 1. */
const STATIC: readonly HeaderField[] = `
:authority|:method GET|:method POST|:path /|:path /index.html|:scheme http|:scheme https|:status 200|:status 204
:status 206|:status 304|:status 400|:status 404|:status 500|accept-charset|accept-encoding gzip, deflate
accept-language|accept-ranges|accept|access-control-allow-origin|age|allow|authorization|cache-control
content-disposition|content-encoding|content-language|content-length|content-location|content-range|content-type
cookie|date|etag|expect|expires|from|host|if-match|if-modified-since|if-none-match|if-range|if-unmodified-since
last-modified|link|location|max-forwards|proxy-authenticate|proxy-authorization|range|referer|refresh|retry-after
server|set-cookie|strict-transport-security|transfer-encoding|user-agent|vary|via|www-authenticate`
  .trim()
  .split(/[|\n]/)
  .map((line) => {
    const space = line.indexOf(' ');
    const name = space < 0 ? line : line.slice(0, space);
    const value = space < 0 ? '' : line.slice(space + 1);
    return { name, value, size: ENTRY_OVERHEAD + name.length + value.length };
  });

/**
 * The table of one direction's header blocks (RFC 7541 §2.3). An entry's index counts from the newest, so entries
 * that were added under watch are known for certain whatever lies behind them; those behind are unknown on a
 * connection that is older than the watch, or once a block was missed.
 */
export class HeaderTable {
  /** Oldest first, from `#first` on. */
  #entries: HeaderField[] = [];
  #first = 0;
  #size = 0;
  #limit = DEFAULT_SIZE;
  /** Nothing lies behind the known entries. */
  #complete = true;

  /** What has been added is not known any more, nor how much was added since. */
  forget(): void {
    this.#entries = [];
    this.#first = 0;
    this.#size = 0;
    this.#complete = false;
    // The encoder may use whatever its peer once allowed.
    this.#limit = LARGEST;
  }

  /** @returns the field of that index; `UNKNOWN_FIELD` if it cannot be known; null if there is none */
  at(index: number): HeaderField | null {
    if (index <= STATIC.length) return STATIC[index - 1] ?? null;
    const at = this.#entries.length - (index - STATIC.length);
    if (at >= this.#first) return this.#entries[at]!;
    return this.#complete ? null : UNKNOWN_FIELD;
  }

  /** Adds an entry, for which the oldest ones make room (RFC 7541 §4.4). */
  add(field: HeaderField): void {
    this.#size += field.size;
    this.#entries.push(field);
    this.#evict();
  }

  /** Dynamic table size update (RFC 7541 §6.3). */
  resize(limit: number): void {
    this.#limit = Math.min(limit, LARGEST);
    // What LARGEST makes fall out is not gone at the peers.
    if (limit > LARGEST) this.#complete = false;
    this.#evict();
    if (limit === 0) this.#complete = true;
  }

  #evict(): void {
    while (this.#size > this.#limit && this.#first < this.#entries.length) {
      this.#size -= this.#entries[this.#first]!.size;
      this.#entries[this.#first++] = UNKNOWN_FIELD;
    }
    if (this.#first > 64 && this.#first * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
  }
}
