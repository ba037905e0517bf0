import { byteSet, DIGITS, LOWER, latin1, UPPER } from '../bytes.ts';

const LF = 10;
const CR = 13;
const COLON = 58;
/** RFC 9110 §5.6.2 `tchar`. */
const TOKEN = byteSet(`!#$%&'*+-.^_\`|~${DIGITS}${LOWER}${UPPER}`);
const LONGEST_NAME = 64;
const LONGEST_STATUS = 64;

/** No CGI header stands in the head. */
export const NO_STATUS = -1;

/** Index behind the blank line that ends the head in [0, to), looked for from `from` on, or -1. */
export function endOfCgiHead(bytes: Uint8Array, from: number, to: number): number {
  for (let i = from; i < to; i++) {
    if (bytes[i] !== LF) continue;
    const next = bytes[i + 1] === CR ? i + 2 : i + 1;
    if (next < to && bytes[next] === LF) return next + 1;
  }
  return -1;
}

/**
 * Whether [0, to) may be the begin of a CGI head: a header's name and a colon.
 * @returns null: too few bytes to tell
 */
export function likeCgiHead(bytes: Uint8Array, from: number, to: number): boolean | null {
  const limit = Math.min(to, from + LONGEST_NAME);
  let i = from;
  while (i < limit && TOKEN[bytes[i]!] === 1) i++;
  if (i < limit) return bytes[i] === COLON && i > from + 1;
  return i < from + LONGEST_NAME ? null : false;
}

/**
 * The status code that a CGI head says (RFC 3875 §6.3.3): 200 without one, 302 with a Location (§6.2.3);
 * `NO_STATUS`: it is no CGI head.
 */
export function statusOfCgiHead(bytes: Uint8Array, to: number): number {
  let status = NO_STATUS;
  let isStated = false;
  for (let at = 0; at < to; ) {
    let end = at;
    while (end < to && bytes[end] !== LF) end++;
    let colon = at;
    while (colon < end && TOKEN[bytes[colon]!] === 1) colon++;
    if (colon > at && colon < end && bytes[colon] === COLON) {
      if (status === NO_STATUS) status = 200;
      const name = latin1(bytes, at, Math.min(colon, at + LONGEST_NAME)).toLowerCase();
      const code =
        name === 'status' ? codeOf(latin1(bytes, colon + 1, Math.min(end, colon + LONGEST_STATUS))) : 0;
      if (code > 0) {
        status = code;
        isStated = true;
      } else if (name === 'location' && !isStated) status = 302;
    }
    at = end + 1;
  }
  return status;
}

/** ` 404 Not Found`: 404; 0 if it begins with no code. */
function codeOf(text: string): number {
  const code = Number(text.trim().slice(0, 3));
  return Number.isInteger(code) && code >= 100 && code <= 999 ? code : 0;
}
