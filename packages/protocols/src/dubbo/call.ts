import type { AttributeValue } from '@weft/model';
import { utf8 } from '../bytes.ts';
import { type RankedIds, settleCarried } from '../carried/carried.ts';
import { addNamed, type CarriedNames } from '../carried/names.ts';
import type { CarriedIds } from '../protocol.ts';
import { HESSIAN_TEXT, scanCarriers } from './attachments.ts';
import { SERIALIZATIONS } from './header.ts';
import { HessianReader } from './hessian.ts';
import { TEXT_READERS, type TextReader, textEnd } from './texts.ts';

const HESSIAN = 2;
const NATIVE_HESSIAN = 10;
const LONGEST_NAME = 256;
const LONGEST_TYPES = 512;
const MOST_ATTACHMENTS = 256;
const LONGEST_JSON = 16_384;
const LF = 10;

/** What the body of a call says; shared, since it is used at once. */
export const call = {
  name: '',
  attributes: {} as Record<string, AttributeValue>,
  carried: null as CarriedIds | null,
};

const hessian = new HessianReader();

/** Version of Dubbo's protocol, path, version of the service, method, types of the parameters. */
type Head = [string, string, string, string, string];

/**
 * Reads the body [from, to) of a request (`DubboCodec.encodeRequestData`) into `call`.
 * @param serialization its id
 */
export function describeCall(
  b: Uint8Array,
  from: number,
  to: number,
  serialization: number,
  carriers: CarriedNames,
): void {
  const attributes: Record<string, AttributeValue> = {
    'rpc.system': 'apache_dubbo',
    'rpc.system.name': 'dubbo',
    'weft.dubbo.serialization': SERIALIZATIONS.get(serialization) ?? String(serialization),
  };
  call.attributes = attributes;
  call.name = 'CALL';
  call.carried = null;
  const head: Head = ['', '', '', '', ''];
  const reader = TEXT_READERS.get(serialization);
  let carried: RankedIds | null = null;
  if (serialization === HESSIAN || serialization === NATIVE_HESSIAN) {
    carried = readHessian(b, from, to, head, carriers);
  } else if (reader !== undefined) carried = readTexts(reader, b, from, to, head, carriers);
  const [protocol, path, version, method, types] = head;
  call.carried = settleCarried(carried);
  if (!isName(path)) return;
  if (protocol !== '') attributes['weft.dubbo.version'] = protocol;
  attributes['rpc.service'] = path.slice(0, LONGEST_NAME);
  if (version !== '') attributes['weft.dubbo.service.version'] = version.slice(0, LONGEST_NAME);
  call.name = path.slice(0, LONGEST_NAME);
  if (!isName(method)) return;
  attributes['rpc.method'] = method.slice(0, LONGEST_NAME);
  if (types !== '') attributes['weft.dubbo.parameter_types'] = types.slice(0, LONGEST_TYPES);
  call.name = `${path}/${method}`.slice(0, LONGEST_NAME);
}

/** Something that Java, or a registry, would call a service or a method. */
function isName(text: string): boolean {
  if (text === '') return false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code <= 0x20 || code === 0x7f) return false;
  }
  return true;
}

function readHessian(
  b: Uint8Array,
  from: number,
  to: number,
  head: Head,
  carriers: CarriedNames,
): RankedIds | null {
  hessian.begin(b, from, to);
  for (let i = 0; i < head.length && !hessian.failed; i++) {
    const text = hessian.text();
    if (!hessian.failed) head[i] = text ?? '';
  }
  const behindHead = hessian.at;
  const parameters = countParameters(head[4]);
  for (let i = 0; i < parameters && !hessian.failed; i++) hessian.skip();
  if (hessian.failed || !hessian.mapBegins()) {
    // Null where there are none; else something among the arguments is not what it says.
    if (!hessian.failed && hessian.next === 0x4e) return null;
    return scanCarriers(b, behindHead, to, HESSIAN_TEXT, carriers);
  }
  let best: RankedIds | null = null;
  for (let i = 0; i < MOST_ATTACHMENTS && !hessian.mapEnds(); i++) {
    const name = hessian.text();
    const value = hessian.text();
    if (name === null || value === null || value === '' || hessian.failed) continue;
    best = addNamed(best, carriers, name.toLowerCase(), value);
  }
  return best;
}

/** How many parameters a list of JVM descriptors names (JVM specification §4.3.2). */
function countParameters(types: string): number {
  let count = 0;
  for (let i = 0; i < types.length; i++) {
    while (types[i] === '[') i++;
    if (types[i] === 'L') {
      const end = types.indexOf(';', i);
      if (end < 0) return count;
      i = end;
    }
    count++;
  }
  return count;
}

function readTexts(
  reader: TextReader,
  b: Uint8Array,
  from: number,
  to: number,
  head: Head,
  carriers: CarriedNames,
): RankedIds | null {
  textEnd.at = reader.start(b, from);
  for (let i = 0; i < head.length; i++) {
    const before = textEnd.at;
    const text = reader.text(b, before, to);
    if (text === null && textEnd.at === before) break;
    head[i] = text ?? '';
  }
  if (reader.form !== null) return scanCarriers(b, textEnd.at, to, reader.form, carriers);
  return jsonAttachments(b, textEnd.at, to, carriers);
}

/** The last line, as a JSON object. */
function jsonAttachments(b: Uint8Array, from: number, to: number, carriers: CarriedNames): RankedIds | null {
  let end = to;
  while (end > from && b[end - 1] === LF) end--;
  let begin = end;
  while (begin > from && b[begin - 1] !== LF) begin--;
  if (end - begin > LONGEST_JSON) return null;
  let best: RankedIds | null = null;
  try {
    const parsed: unknown = JSON.parse(utf8(b, begin, end));
    if (typeof parsed !== 'object' || parsed === null) return null;
    for (const [name, value] of Object.entries(parsed)) {
      if (typeof value === 'string') best = addNamed(best, carriers, name.toLowerCase(), value);
    }
  } catch {
    // Cut, or no JSON: nothing is carried.
  }
  return best;
}
