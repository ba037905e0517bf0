import type { AttributeValue } from '@weft/model';
import { type Message, type MessageSink, type Side, TO_CLIENT, TO_SERVER } from '../protocol.ts';
import { operationName, QUERY, responseCodeName, typeName, UPDATE } from './codes.ts';
import { message as dns } from './message.ts';
import { type OutstandingQueries, pairingOf, pairingOfId, remember } from './outstanding.ts';

const LONGEST_NAME = 256;
const IXFR = 251;
const AXFR = 252;

/** A zone transfer's answer takes many messages (RFC 5936 §2.2); the later ones belong to the first. */
interface Transfer {
  readonly response: Message;
  readonly id: number;
  end: number;
}

/** One connection, or one socket for datagrams. */
export interface Conversation {
  readonly sink: MessageSink;
  readonly datagrams: boolean;
  readonly queries: OutstandingQueries;
  transfer: Transfer | null;
}

/**
 * Tells of the message that was read last.
 * @param start position of its first byte, the length before it included
 * @param end position after its last byte
 * @returns false: it goes the wrong way, or its question was not seen
 */
export function emit(c: Conversation, side: Side, start: number, end: number): boolean {
  if (dns.isResponse !== (side === TO_CLIENT)) return false;
  if (side === TO_CLIENT) {
    respond(c, start, end);
    return true;
  }
  if (dns.name === null) return false;
  request(c, start, end);
  return true;
}

function request(c: Conversation, start: number, end: number): void {
  endTransfer(c);
  const pairing = pairingOf(dns.id, dns.questionHash);
  const known = c.queries.get(pairing);
  if (known !== undefined && c.datagrams) {
    // The same once more, since no answer came: still one query, that takes the longer.
    known.repeats++;
    return;
  }
  const message: Message = {
    side: TO_SERVER,
    kind: 'request',
    pairingId: pairing,
    start,
    name: spanName(),
    status: 'unset',
    attributes: questionAttributes(),
    carried: null,
  };
  remember(c.queries, pairing, message);
  c.sink.message(message);
  c.sink.end(message, end, null);
}

/** `DNS A`, `DNS NOTIFY SOA`: the domain is an attribute, as there is no end of domains. */
function spanName(): string {
  if (dns.opcode === QUERY) return `DNS ${typeName(dns.type)}`;
  const operation = operationName(dns.opcode) ?? '';
  // What an update asks is always the zone's SOA.
  return dns.opcode === UPDATE ? `DNS ${operation}` : `DNS ${operation} ${typeName(dns.type)}`;
}

function questionAttributes(): Record<string, AttributeValue> {
  const attributes: Record<string, AttributeValue> = {
    'dns.question.name': (dns.name ?? '').slice(0, LONGEST_NAME),
    'weft.dns.question.type': typeName(dns.type),
    'weft.dns.id': dns.id,
  };
  if (dns.opcode !== QUERY) attributes['weft.dns.opcode'] = operationName(dns.opcode) ?? '';
  if (dns.questions > 1) attributes['weft.dns.questions'] = dns.questions;
  return attributes;
}

function respond(c: Conversation, start: number, end: number): void {
  if (c.transfer !== null && c.transfer.id === dns.id) {
    c.transfer.end = end;
    return;
  }
  endTransfer(c);
  const pairing = dns.name === null ? pairingOfId(c.queries, dns.id) : pairingOf(dns.id, dns.questionHash);
  const query = c.queries.get(pairing);
  c.queries.delete(pairing);
  const attributes = answerAttributes();
  if (query !== undefined && query.repeats > 0) attributes['weft.dns.retransmissions'] = query.repeats;
  const message: Message = {
    side: TO_CLIENT,
    kind: 'response',
    pairingId: pairing,
    start,
    name: '',
    status: dns.code === 0 ? 'ok' : 'error',
    attributes,
    carried: null,
  };
  c.sink.message(message);
  const isTransfer = !c.datagrams && (dns.type === AXFR || dns.type === IXFR) && dns.code === 0;
  if (isTransfer) c.transfer = { response: message, id: dns.id, end };
  else c.sink.end(message, end, null);
}

/** The codes are not in the conventions; the addresses are, as a list, for which attributes have no type here. */
function answerAttributes(): Record<string, AttributeValue> {
  const code = responseCodeName(dns.code);
  const attributes: Record<string, AttributeValue> = { 'weft.dns.response.code': code };
  if (dns.code !== 0) attributes['error.type'] = code;
  if (dns.truncated) attributes['weft.dns.truncated'] = true;
  if (dns.addresses.length > 0) attributes['dns.answers'] = dns.addresses.join(',');
  return attributes;
}

/** What has come of a zone transfer is all of it. */
export function endTransfer(c: Conversation): void {
  const { transfer } = c;
  if (transfer === null) return;
  c.transfer = null;
  c.sink.end(transfer.response, transfer.end, null);
}
