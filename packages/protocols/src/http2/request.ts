import type { AttributeValue } from '@weft/model';
import { type RankedIds, settleCarried } from '../carried/carried.ts';
import { addFromQuery, addNamed, type CarriedNames } from '../carried/names.ts';
import { withTarget } from '../carried/target.ts';
import { describeUrlQuery } from '../graphql/index.ts';
import { maskQuery } from '../http1/query.ts';
import { spanName } from '../http1/request-head.ts';
import { STANDARD_METHODS } from '../http1/start-line.ts';
import type { CarriedIds } from '../protocol.ts';
import type { HpackDecoder } from './hpack/decoder.ts';

const LONGEST_VALUE = 256;
const LONGEST_PATH = 2048;
/** Stands where a path is named by an index whose entry was sent before the connection was watched. */
const UNKNOWN = '{unknown}';

/** What the header block of a request says; shared, since it is used at once. */
export const request = {
  name: '',
  attributes: {} as Record<string, AttributeValue>,
  carried: null as CarriedIds | null,
  contentType: '',
};

/** Reads the block that was decoded last into `request`. @param mask hide the values of the query string @param names of fields that carry ids */
export function readRequest(block: HpackDecoder, mask: boolean, names: CarriedNames): void {
  let method = '';
  let path = '';
  let authority = '';
  let host = '';
  let carried: RankedIds | null = null;
  let isUnknown = false;
  const attributes: Record<string, AttributeValue> = {};
  request.contentType = '';
  for (let i = 0; i < block.count; i++) {
    const { name, value } = block.fields[i]!;
    switch (name) {
      case '':
        isUnknown = true;
        break;
      case ':method':
        method = value;
        break;
      case ':path':
        path = value;
        break;
      case ':authority':
        authority = value;
        break;
      case 'host':
        host = value;
        break;
      case 'user-agent':
        attributes['user_agent.original'] = value.slice(0, LONGEST_VALUE);
        break;
      case 'content-type':
        request.contentType = value;
        break;
      default:
        carried = addNamed(carried, names, name, value);
    }
  }
  describe(attributes, method, path, mask);
  const server = hostOf(authority === '' ? host : authority);
  if (server !== '') attributes['server.address'] = server;
  request.attributes = attributes;
  const question = path.indexOf('?');
  if (question >= 0) carried = addFromQuery(carried, names, path.slice(question + 1));
  const ids = settleCarried(carried);
  request.carried = ids === null ? null : withTarget(ids, path.slice(0, LONGEST_PATH), '', names.key);
  if (path === '' && isUnknown && method !== 'CONNECT') request.name = `${method || 'HTTP'} ${UNKNOWN}`;
}

function describe(
  attributes: Record<string, AttributeValue>,
  method: string,
  target: string,
  mask: boolean,
): void {
  const isStandard = STANDARD_METHODS.includes(method);
  if (method !== '') attributes['http.request.method'] = isStandard ? method : '_OTHER';
  if (method !== '' && !isStandard) attributes['http.request.method_original'] = method.slice(0, 32);
  // The session's name is that of the parser; the convention's name is `http` for all versions.
  attributes['network.protocol.name'] = 'http';
  attributes['network.protocol.version'] = '2';
  const question = target.indexOf('?');
  const path = (question < 0 ? target : target.slice(0, question)).slice(0, LONGEST_PATH);
  if (path !== '') attributes['url.path'] = path;
  if (question >= 0) {
    const query = target.slice(question + 1, question + 1 + LONGEST_PATH);
    attributes['url.query'] = mask ? maskQuery(query) : query;
    if (method === 'GET') {
      request.name = describeUrlQuery(query, query.length === LONGEST_PATH, attributes, mask);
      if (request.name !== '') return;
    }
  }
  request.name = spanName(isStandard ? method : 'HTTP', path);
}

/** `host`, `host:port`, `[v6]:port`, with user information before an `@`: the host alone. */
function hostOf(authority: string): string {
  const from = authority.lastIndexOf('@') + 1;
  const isV6 = authority.startsWith('[', from);
  const end = authority.indexOf(isV6 ? ']' : ':', from);
  const start = isV6 ? from + 1 : from;
  return authority.slice(start, Math.min(end < 0 ? authority.length : end, start + LONGEST_VALUE));
}
