import type { AttributeValue } from '@weft/model';
import { ascii, intern, latin1 } from '../bytes.ts';
import { type RankedIds, settleCarried } from '../carried/carried.ts';
import { addFromQuery } from '../carried/names.ts';
import { withTarget } from '../carried/target.ts';
import { endpointOf } from '../endpoint.ts';
import { describeUrlQuery } from '../graphql/index.ts';
import type { CarriedIds } from '../protocol.ts';
import { type Carriers, carrierAt } from './carriers.ts';
import { fieldAt, readFraming, resetFraming, value, valueText } from './fields.ts';
import { lineFeed, lineStarts, linesOfHead } from './lines.ts';
import { maskQuery } from './query.ts';
import {
  endOfLine,
  endOfMethod,
  methodText,
  standardMethod,
  versionOfRequest,
  versionText,
} from './start-line.ts';

const SP = 32;
const SLASH = 47;
const STAR = 42;
const QUESTION = 63;
const HASH = 35;
const COLON = 58;
const AT = 64;
const LONGEST_VALUE = 256;
const LONGEST_PATH = 2048;

/** What the head of a request says; shared, since it is used at once. The framing is in `framing`. */
export interface RequestHead {
  name: string;
  /** Of the conventions, or `_OTHER`. */
  method: string;
  attributes: Record<string, AttributeValue>;
  carried: CarriedIds | null;
  contentType: string;
  /** Asks to leave HTTP (RFC 9110 §7.8). */
  upgrade: boolean;
}

export const requestHead: RequestHead = {
  name: '',
  method: '',
  attributes: {},
  carried: null,
  contentType: '',
  upgrade: false,
};

const HOST = ascii('host');
const CONTENT_TYPE = ascii('content-type');
const UPGRADE = ascii('upgrade');
const USER_AGENT = ascii('user-agent');

/** Where the parts of the target lie; -1 where there is none. */
const target = { hostFrom: -1, hostTo: -1, pathFrom: -1, pathTo: -1, queryFrom: -1, queryTo: -1 };

/**
 * Reads the head [from, end) that `splitHead` has just split into `requestHead` and `framing`.
 * @param mask hide the values of the query string
 * @param carriers fields that carry ids
 * @returns false when the start line is none
 */
export function readRequestHead(
  bytes: Uint8Array,
  from: number,
  end: number,
  mask: boolean,
  carriers: Carriers,
): boolean {
  const feed = (linesOfHead() > 1 ? lineStarts[1]! : lineFeed(bytes, from, end) + 1) - 1;
  const lineEnd = endOfLine(bytes, from, feed);
  const space = endOfMethod(bytes, from, lineEnd);
  if (space < 0 || space === lineEnd) return false;
  const version = versionOfRequest(bytes, space, lineEnd);
  if (version <= space + 1) return false;

  const standard = standardMethod(bytes, from, space);
  const method = standard ?? '_OTHER';
  splitTarget(bytes, space + 1, version, method === 'CONNECT');
  const attributes: Record<string, AttributeValue> = {
    'http.request.method': method,
    'network.protocol.version': versionText(bytes[lineEnd - 1]!),
  };
  if (standard === null) attributes['http.request.method_original'] = methodText(bytes, from, space);
  requestHead.name = '';
  let path = '';
  if (target.pathFrom >= 0) {
    path = intern(bytes, target.pathFrom, Math.min(target.pathTo, target.pathFrom + LONGEST_PATH));
    // `http://host` and `http://host?q` mean the path `/` (RFC 9110 §4.2.3).
    if (path === '') path = '/';
    attributes['url.path'] = path;
  }
  let query = '';
  if (target.queryFrom >= 0) {
    query = latin1(bytes, target.queryFrom, Math.min(target.queryTo, target.queryFrom + LONGEST_PATH));
    attributes['url.query'] = mask ? maskQuery(query) : query;
    if (method === 'GET') {
      requestHead.name = describeUrlQuery(query, query.length === LONGEST_PATH, attributes, mask);
    }
  }
  requestHead.method = method;
  requestHead.attributes = attributes;
  if (requestHead.name === '') requestHead.name = spanName(standard ?? 'HTTP', path);
  const ids = addFromQuery(readFields(bytes, end, attributes, carriers), carriers.names, query);
  const carried = settleCarried(ids);
  requestHead.carried = carried === null ? null : withTarget(carried, path, query, carriers.names.key);
  return true;
}

/** @returns the ids in the fields */
function readFields(
  bytes: Uint8Array,
  end: number,
  attributes: Record<string, AttributeValue>,
  carriers: Carriers,
): RankedIds | null {
  let carried: RankedIds | null = null;
  let hasHost = false;
  requestHead.upgrade = false;
  requestHead.contentType = '';
  resetFraming();
  // The host of an absolute-form target wins over the field (RFC 9112 §3.2.2).
  if (target.hostFrom >= 0) hasHost = setServer(bytes, target.hostFrom, target.hostTo, attributes);
  const lines = linesOfHead();
  for (let line = 1; line < lines; line++) {
    // The first letter decides whether to look closer: most fields end here.
    const letter = bytes[lineStarts[line]!]! | 0x20;
    if (carriers.byLetter[letter] !== undefined) carried = carrierAt(carriers, bytes, line, end, carried);
    switch (letter) {
      case 0x63: // c
        if (fieldAt(bytes, line, CONTENT_TYPE, end)) {
          requestHead.contentType = valueText(bytes, value.from, value.to, LONGEST_VALUE);
        } else readFraming(bytes, line, end);
        break;
      case 0x68: // h
        if (!hasHost && fieldAt(bytes, line, HOST, end)) {
          hasHost = setServer(bytes, value.from, value.to, attributes);
        }
        break;
      case 0x74: // t
        readFraming(bytes, line, end);
        break;
      case 0x75: // u
        if (fieldAt(bytes, line, USER_AGENT, end)) {
          attributes['user_agent.original'] = valueText(bytes, value.from, value.to, LONGEST_VALUE);
        } else if (fieldAt(bytes, line, UPGRADE, end)) requestHead.upgrade = true;
        break;
      default:
    }
  }
  return carried;
}

/** Splits origin, absolute, authority (CONNECT) and asterisk form (RFC 9112 §3.2). */
function splitTarget(bytes: Uint8Array, from: number, to: number, isConnect: boolean): void {
  target.hostFrom = -1;
  target.hostTo = -1;
  target.pathFrom = -1;
  target.pathTo = -1;
  target.queryFrom = -1;
  target.queryTo = -1;
  let path = from;
  if (isConnect) {
    target.hostFrom = from;
    target.hostTo = to;
    return;
  }
  if (bytes[from] !== SLASH && bytes[from] !== STAR) {
    const host = afterScheme(bytes, from, to);
    if (host >= 0) {
      path = host;
      while (path < to && bytes[path] !== SLASH && bytes[path] !== QUESTION && bytes[path] !== HASH) path++;
      target.hostFrom = host;
      target.hostTo = path;
    }
  }
  let i = path;
  while (i < to && bytes[i] !== QUESTION && bytes[i] !== HASH) i++;
  target.pathFrom = path;
  target.pathTo = i;
  if (i < to && bytes[i] === QUESTION) {
    target.queryFrom = ++i;
    while (i < to && bytes[i] !== HASH) i++;
    target.queryTo = i;
  }
}

/** Where the authority of `scheme://authority` begins, or -1. */
function afterScheme(bytes: Uint8Array, from: number, to: number): number {
  const limit = Math.min(to - 2, from + 16);
  for (let i = from; i < limit; i++) {
    if (bytes[i] === COLON) return i > from && bytes[i + 1] === SLASH && bytes[i + 2] === SLASH ? i + 3 : -1;
    if (bytes[i] === SLASH || bytes[i] === SP) return -1;
  }
  return -1;
}

/** `host`, `host:port`, `[v6]:port`, with user information before an `@`: the host alone. */
function setServer(
  bytes: Uint8Array,
  from: number,
  to: number,
  attributes: Record<string, AttributeValue>,
): boolean {
  let start = from;
  let end = to;
  for (let i = from; i < to; i++) if (bytes[i] === AT) start = i + 1;
  if (bytes[start] === 0x5b) {
    start++;
    let i = start;
    while (i < end && bytes[i] !== 0x5d) i++;
    end = i;
  } else {
    let i = start;
    while (i < end && bytes[i] !== COLON) i++;
    end = i;
  }
  if (end <= start) return false;
  attributes['server.address'] = intern(bytes, start, Math.min(end, start + LONGEST_VALUE));
  return true;
}

const NAME_SLOTS = 1024;
const LONGEST_REMEMBERED = 192;
interface NameSlot {
  method: string;
  path: string;
  name: string;
}
const names: NameSlot[] = Array.from({ length: NAME_SLOTS }, () => ({ method: '', path: '\n', name: '' }));

/** `{METHOD} {endpoint}`, remembered for paths that come again. */
export function spanName(method: string, path: string): string {
  const length = path.length;
  if (length === 0) return method;
  if (length > LONGEST_REMEMBERED) return `${method} ${endpointOf(path)}`;
  let hash = length;
  const stride = (length >> 3) + 1;
  for (let i = length - 1; i >= 0; i -= stride) hash = Math.imul(hash ^ path.charCodeAt(i), 0x01000193);
  const slot = names[(hash ^ (hash >>> 14)) & (NAME_SLOTS - 1)]!;
  // Paths are interned: where they are the same they are mostly the same object, and compare at once.
  if (slot.path === path && slot.method === method) return slot.name;
  slot.method = method;
  slot.path = path;
  slot.name = `${method} ${endpointOf(path)}`;
  return slot.name;
}
