import type { AttributeValue } from '@weft/model';
import { intern, latin1 } from '../bytes.ts';
import type { RankedIds } from '../carried/carried.ts';
import { settleCarried } from '../carried/carried.ts';
import { addNamed, type CarriedNames } from '../carried/names.ts';
import { maskQuery } from '../http1/query.ts';
import { spanName } from '../http1/request-head.ts';
import { STANDARD_METHODS } from '../http1/start-line.ts';
import type { CarriedIds } from '../protocol.ts';

const LONGEST_VALUE = 256;
const LONGEST_PATH = 2048;
const LONGEST_ID = 512;
const LONGEST_METHOD = 32;
const LONGEST_NAME = 128;

/** What the params of a request say; shared, since it is used at once. */
export const described = {
  name: '',
  attributes: {} as Record<string, AttributeValue>,
  carried: null as CarriedIds | null,
  /** -1: there is none. */
  contentLength: -1,
};

/** A name-value pair (FastCGI 1.0 §3.4); shared, since it is used at once. */
const pair = { nameFrom: 0, valueFrom: 0, valueTo: 0 };

/** Reads the pair at `at` into `pair`. @returns index behind it, or -1 where it is not all there */
function readPair(bytes: Uint8Array, at: number, to: number): number {
  const nameLength = readLength(bytes, at, to);
  const valueLength = readLength(bytes, lengthEnd, to);
  if (nameLength < 0 || valueLength < 0) return -1;
  pair.nameFrom = lengthEnd;
  pair.valueFrom = pair.nameFrom + nameLength;
  pair.valueTo = pair.valueFrom + valueLength;
  return pair.valueTo <= to ? pair.valueTo : -1;
}

/** Index behind the length that was read last. */
let lengthEnd = 0;

/** One byte up to 127, else four of which the first has its highest bit set. @returns -1: it is not all there */
function readLength(bytes: Uint8Array, at: number, to: number): number {
  const first = bytes[at]!;
  if (at >= to) return -1;
  if (first < 0x80) {
    lengthEnd = at + 1;
    return first;
  }
  lengthEnd = at + 4;
  if (lengthEnd > to) return -1;
  return ((first & 0x7f) << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

/**
 * Whether [from, to) may be the begin of params: a name in capitals, as all have that come from CGI (RFC 3875 §4.1).
 */
export function likeParams(bytes: Uint8Array, from: number, to: number): boolean {
  const nameLength = readLength(bytes, from, to);
  if (nameLength < 3 || nameLength > LONGEST_NAME || readLength(bytes, lengthEnd, to) < 0) return false;
  const nameFrom = lengthEnd;
  const nameTo = Math.min(to, nameFrom + nameLength);
  if (nameTo - nameFrom < 3) return false;
  for (let i = nameFrom; i < nameTo; i++) {
    const code = bytes[i]!;
    const isCapital = code >= 0x41 && code <= 0x5a;
    if (!isCapital && (i === nameFrom || (code !== 0x5f && !(code >= 0x30 && code <= 0x39)))) return false;
  }
  return true;
}

/** Params that carry ids, as CGI names header fields (RFC 3875 §4.1.18), and without the prefix, as a configuration may. */
interface CarrierParams {
  readonly of: CarriedNames;
  readonly names: ReadonlyMap<string, string>;
}
let latest: CarrierParams | null = null;

function carrierParams(carriers: CarriedNames): ReadonlyMap<string, string> {
  if (latest?.of !== carriers) {
    const names = new Map<string, string>();
    for (const name of carriers.readings.keys()) {
      const param = name.toUpperCase().replaceAll('-', '_');
      names.set(param, name);
      names.set(`HTTP_${param}`, name);
    }
    latest = { of: carriers, names };
  }
  return latest.names;
}

/**
 * Reads the params [0, length), as far as they go, into `described`.
 * @param mask hide the values of the query string
 */
export function describeParams(
  bytes: Uint8Array,
  length: number,
  mask: boolean,
  carriers: CarriedNames,
): void {
  const names = carrierParams(carriers);
  let carried: RankedIds | null = null;
  let [method, uri, query, script, document, pathInfo, host, server] = ['', '', '', '', '', '', '', ''];
  const attributes: Record<string, AttributeValue> = {};
  described.contentLength = -1;
  const value = (longest: number) =>
    intern(bytes, pair.valueFrom, Math.min(pair.valueTo, pair.valueFrom + longest));
  for (let at = 0; at < length; ) {
    at = readPair(bytes, at, length);
    if (at < 0) break;
    if (pair.valueFrom - pair.nameFrom > LONGEST_NAME) continue;
    const name = intern(bytes, pair.nameFrom, pair.valueFrom);
    switch (name) {
      case 'REQUEST_METHOD':
        method = value(LONGEST_METHOD);
        break;
      case 'CONTENT_LENGTH': {
        const length = Number(value(LONGEST_METHOD) || -1);
        if (Number.isSafeInteger(length)) described.contentLength = length;
        break;
      }
      case 'REQUEST_URI':
        uri = value(2 * LONGEST_PATH);
        break;
      case 'QUERY_STRING':
        query = value(LONGEST_PATH);
        break;
      case 'SCRIPT_NAME':
        script = value(LONGEST_PATH);
        break;
      case 'PATH_INFO':
        pathInfo = value(LONGEST_PATH);
        break;
      case 'DOCUMENT_URI':
        document = value(LONGEST_PATH);
        break;
      case 'SCRIPT_FILENAME':
        attributes['weft.fastcgi.script'] = value(LONGEST_VALUE);
        break;
      case 'REQUEST_SCHEME':
        attributes['url.scheme'] = value(LONGEST_METHOD);
        break;
      case 'HTTP_HOST':
        host = value(LONGEST_VALUE);
        break;
      case 'SERVER_NAME':
        server = value(LONGEST_VALUE);
        break;
      case 'HTTP_USER_AGENT':
        attributes['user_agent.original'] = value(LONGEST_VALUE);
        break;
      default: {
        const carrier = names.get(name);
        if (carrier === undefined) break;
        const id = latin1(bytes, pair.valueFrom, Math.min(pair.valueTo, pair.valueFrom + LONGEST_ID));
        carried = addNamed(carried, carriers, carrier, id.trim());
      }
    }
  }
  const question = uri.indexOf('?');
  let path = question < 0 ? uri : uri.slice(0, question);
  // Some front ends pass on the absolute form of the target (RFC 9112 §3.2.2).
  if (path !== '' && !path.startsWith('/')) path = pathOfAbsolute(path);
  if (path === '') path = script === '' ? document : script + pathInfo;
  if (query === '' && question >= 0) query = uri.slice(question + 1);
  describe(attributes, method, path.slice(0, LONGEST_PATH), query.slice(0, LONGEST_PATH), mask);
  const address = hostOf(host) || server;
  // nginx's name of a server that has none, and a wildcard, name nobody.
  if (address !== '' && address !== '_') attributes['server.address'] = address;
  described.attributes = attributes;
  described.carried = settleCarried(carried);
}

function describe(
  attributes: Record<string, AttributeValue>,
  method: string,
  path: string,
  query: string,
  mask: boolean,
): void {
  const isStandard = STANDARD_METHODS.includes(method);
  if (method !== '') attributes['http.request.method'] = isStandard ? method : '_OTHER';
  if (method !== '' && !isStandard) attributes['http.request.method_original'] = method;
  if (path !== '') attributes['url.path'] = path;
  if (query !== '') attributes['url.query'] = mask ? maskQuery(query) : query;
  described.name = spanName(isStandard ? method : 'HTTP', path);
}

/** The path of `http://host/path`; other targets (`*`, `host:port`) are themselves. */
function pathOfAbsolute(target: string): string {
  const scheme = target.indexOf('://');
  if (scheme < 0) return target;
  const slash = target.indexOf('/', scheme + 3);
  return slash < 0 ? '/' : target.slice(slash);
}

/** `host`, `host:port`, `[v6]:port`: the host alone. */
function hostOf(host: string): string {
  const isV6 = host.startsWith('[');
  const end = host.indexOf(isV6 ? ']' : ':');
  return host.slice(isV6 ? 1 : 0, end < 0 ? host.length : end);
}
