import type { AttributeValue, SpanStatus } from '@weft/model';
import { JSONB_TEXT } from './attachments.ts';
import { OK, statusName, uint32 } from './header.ts';
import { HessianReader } from './hessian.ts';
import { TEXT_READERS } from './texts.ts';

const HESSIAN = 2;
const NATIVE_HESSIAN = 10;
const FASTJSON2 = 23;
const LONGEST_NAME = 256;

/** `DubboCodec`: what the body of a response begins with. Those with attachments are from 2.0.2 on. */
const WITH_EXCEPTION = 0;
const EXCEPTION_WITH_ATTACHMENTS = 3;
/** Some serializations write the number as text. */
const ZERO = 48;

/** What a response says; shared, since it is used at once. */
export const answer = { status: 'ok' as SpanStatus, attributes: {} as Record<string, AttributeValue> };

const hessian = new HessianReader();

/** Reads a response, whose body is [from, to) as far as it is there, into `answer`. @param status of its header */
export function describeAnswer(
  b: Uint8Array,
  from: number,
  to: number,
  serialization: number,
  status: number,
): void {
  const name = statusName(status);
  const attributes: Record<string, AttributeValue> = {
    'rpc.response.status_code': name,
    'weft.dubbo.status_code': status,
  };
  answer.attributes = attributes;
  answer.status = status === OK ? 'ok' : 'error';
  if (status !== OK) {
    attributes['error.type'] = name;
    return;
  }
  const isHessian = serialization === HESSIAN || serialization === NATIVE_HESSIAN;
  let kind = -1;
  if (isHessian) {
    hessian.begin(b, from, to);
    kind = hessian.int();
  } else if (serialization === FASTJSON2) {
    // JSONB of a byte behind its length: 0xbd and the byte, or a small number.
    const length = to - from >= 5 ? uint32(b, from) : 0;
    if (length === 1 || length === 2) kind = b[from + 3 + length]!;
  } else if (to > from && TEXT_READERS.has(serialization)) {
    kind = b[from]! >= ZERO ? b[from]! - ZERO : b[from]!;
  }
  if (kind !== WITH_EXCEPTION && kind !== EXCEPTION_WITH_ATTACHMENTS) return;
  answer.status = 'error';
  attributes['error.type'] =
    (isHessian ? thrownInHessian() : thrownInJsonb(b, from, to, serialization)) || '_OTHER';
}

/** The class of the exception, which is defined before its object; '' if it is written otherwise. */
function thrownInHessian(): string {
  hessian.skip();
  return hessian.firstClass.slice(0, LONGEST_NAME);
}

/** The type of a JSONB value, which is named before it: 0x92 and a text. */
function thrownInJsonb(b: Uint8Array, from: number, to: number, serialization: number): string {
  if (serialization !== FASTJSON2) return '';
  const at = from + 4 + uint32(b, from) + 4;
  if (b[at] !== 0x92) return '';
  return (JSONB_TEXT.read(b, at + 1, to) ?? '').slice(0, LONGEST_NAME);
}
