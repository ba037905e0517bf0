import { DEFAULT_THRESHOLD } from '@weft/causality';
import {
  type Attributes,
  type AttributeValue,
  type ExchangeKey,
  type HashKey,
  type Link,
  nanos,
  type ObservationPoint,
  observationPointIndex,
  parseTraceId,
  type SpanId,
  type SpanKind,
  type SpanRecord,
  type SpanStatus,
  spanIdOf,
  tcpExchangeKey,
  udpExchangeKey,
  unixExchangeKey,
} from '@weft/model';
import { type ConnectionFacts, serverPort } from '../streams/connection-facts.ts';
import type { Exchange } from './exchange.ts';
import { joinIdsOf } from './join-ids.ts';

/** What a span says about the process at its end. */
export interface SpanOwner {
  readonly service: string;
  readonly attributes: Attributes;
}

/**
 * OpenTelemetry gRPC semantic conventions: UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE and
 * DATA_LOSS are the server's errors, the others the caller's.
 */
const GRPC_SERVER_ERRORS: ReadonlySet<number> = new Set([2, 4, 12, 13, 14, 15]);
const CLIENT_PROCESS = observationPointIndex('client-process');

/**
 * The exchange's key (DESIGN §6). Final once the response has begun; before that it is what the key will
 * be if the response begins where the request saw the other direction, which holds without pipelining.
 */
export function exchangeKeyOf(exchange: Exchange): ExchangeKey {
  if (exchange.key !== null) return exchange.key;
  const key = computeKey(exchange);
  if (!exchange.open || !Number.isNaN(exchange.responseStart)) exchange.key = key;
  return key;
}

function computeKey(exchange: Exchange): ExchangeKey {
  const { connection, request } = exchange;
  const streamId = typeof request.pairingId === 'number' ? request.pairingId : 0;
  switch (connection.transport) {
    case 'tcp':
      return tcpExchangeKey(exchange.wireStart, exchange.wireResponse, streamId);
    case 'unix': {
      const server = connection.role === 'server';
      return unixExchangeKey(
        server ? connection.peerCookie : connection.cookie,
        server ? connection.cookie : connection.peerCookie,
        exchange.wireStart,
        exchange.wireResponse,
      );
    }
    case 'udp':
      // The client's port is unknown to a server whose socket is not connected: the digest stands for it.
      return udpExchangeKey(0, serverPort(connection), streamId, exchange.digest);
  }
}

/** The exchange's key will not change any more. */
export function keyIsFinal(exchange: Exchange): boolean {
  return (
    !exchange.open ||
    !Number.isNaN(exchange.responseStart) ||
    exchange.alone ||
    exchange.connection.transport === 'udp'
  );
}

function pointOf(exchange: Exchange): ObservationPoint {
  switch (exchange.connection.role) {
    case 'wire':
      return 'node-interface';
    case 'client':
      return exchange.oneWay && exchange.request.side === 1 ? 'server-process' : 'client-process';
    case 'server':
      return exchange.oneWay && exchange.request.side === 1 ? 'client-process' : 'server-process';
  }
}

function kindOf(exchange: Exchange, point: ObservationPoint): SpanKind {
  if (exchange.oneWay) return point === 'client-process' ? 'producer' : 'consumer';
  return point === 'client-process' ? 'client' : 'server';
}

/** Id of the span that this end gives of its exchange. */
export function spanIdOfExchange(exchange: Exchange): SpanId {
  return spanIdOf(exchangeKeyOf(exchange), observationPointIndex(pointOf(exchange)));
}

function statusOf(exchange: Exchange, kind: SpanKind, attributes: Attributes): SpanStatus {
  if (exchange.response === null) return 'unset';
  // Who was asked for a name that does not exist has answered well.
  if (exchange.connection.role === 'server' && attributes['weft.dns.response.code'] === 'NXDOMAIN')
    return 'ok';
  // OpenTelemetry HTTP semantic conventions: 4xx is the caller's error, not the server's.
  const code = attributes['http.response.status_code'];
  if (kind === 'client' && typeof code === 'number' && code >= 400) return 'error';
  const grpc = attributes['rpc.grpc.status_code'];
  if (typeof grpc === 'number' && (kind === 'client' ? grpc !== 0 : GRPC_SERVER_ERRORS.has(grpc)))
    return 'error';
  // It became known after the response had begun: one result of several, a stream that was reset.
  if (exchange.extra?.['error.type'] !== undefined) return 'error';
  return exchange.response.status;
}

/** The code that the answer gave, whatever its protocol; `_OTHER` is the conventions' word for none. */
function errorTypeOf(attributes: Attributes): string {
  return String(attributes['http.response.status_code'] ?? attributes['db.response.status_code'] ?? '_OTHER');
}

function linksOf(exchange: Exchange): Link[] {
  const links: Link[] = [];
  for (const cause of exchange.causes) {
    links.push({
      spanId: spanIdOfExchange(cause.request),
      evidence: cause.evidence,
      confidence: cause.confidence,
      chosen: links.length === 0 && cause.confidence >= DEFAULT_THRESHOLD,
    });
  }
  return links;
}

/** What spans say of the ids that their messages carried. */
export interface JoinOptions {
  /** Whether they say anything. */
  readonly joins: boolean;
  readonly idKey?: HashKey | undefined;
}

/** Turns a closed exchange into the span that is shipped. */
export function buildSpan(
  exchange: Exchange,
  owner: SpanOwner,
  options: JoinOptions = { joins: true },
): SpanRecord {
  const { connection, request, response } = exchange;
  const point = pointOf(exchange);
  const kind = kindOf(exchange, point);
  const key = exchangeKeyOf(exchange);
  // Key by key in one order: spreads and clones make a new hidden class a span, which costs more than all the rest.
  const attributes: Record<string, AttributeValue> = {};
  addAll(attributes, sharedAttributes(connection, owner, exchange.protocol));
  const port = attributes['server.port'];
  addAll(attributes, request.attributes);
  if (response !== null) addAll(attributes, response.attributes);
  if (exchange.extra !== null) addAll(attributes, exchange.extra);
  // OpenTelemetry: of the thread that read the request, or sent it.
  if (exchange.tid !== 0) attributes['thread.id'] = exchange.tid;
  // The socket's port, whatever the message says.
  if (port !== undefined) attributes['server.port'] = port;
  if (response === null && !exchange.oneWay) attributes['weft.incomplete'] = true;
  const original = request.carried?.original;
  if (original !== undefined) attributes['weft.trace.original_id'] = original;
  const status = statusOf(exchange, kind, attributes);
  // By the conventions what failed has one, and nothing else.
  if (status === 'error') attributes['error.type'] ??= errorTypeOf(attributes);
  else if (attributes['error.type'] !== undefined) delete attributes['error.type'];
  const links = linksOf(exchange);
  let parent: SpanId | null = links[0]?.chosen ? links[0].spanId : null;
  if (point === 'server-process') parent = spanIdOf(key, CLIENT_PROCESS);
  const record: SpanRecord = {
    spanId: spanIdOf(key, observationPointIndex(point), 0, connection.interfaceIndex ?? 0),
    exchangeKey: key,
    carriedTraceId: exchange.traceId === null ? null : parseTraceId(exchange.traceId),
    parentSpanId: parent,
    links,
    name: exchange.name,
    kind,
    observationPoint: point,
    service: owner.service,
    start: nanos(exchange.start),
    duration: Math.max(0, exchange.end - exchange.start),
    status,
    attributes,
  };
  if (!options.joins) return record;
  const joinIds = joinIdsOf(request, response, options.idKey);
  return joinIds === undefined ? record : { ...record, joinIds };
}

/** What all spans of one connection say, as long as its process is the same program. */
interface Shared {
  readonly owner: Attributes;
  readonly protocol: string;
  readonly attributes: Attributes;
}
const sharedOf = new WeakMap<ConnectionFacts, Shared>();

function sharedAttributes(connection: ConnectionFacts, owner: SpanOwner, protocol: string): Attributes {
  const known = sharedOf.get(connection);
  if (known !== undefined && known.owner === owner.attributes && known.protocol === protocol)
    return known.attributes;
  const attributes: Record<string, AttributeValue> = {
    ...owner.attributes,
    'network.protocol.name': protocol,
    ...connection.tls,
  };
  describeNetwork(connection, attributes);
  sharedOf.set(connection, { owner: owner.attributes, protocol, attributes });
  return attributes;
}

function addAll(to: Record<string, AttributeValue>, from: Attributes): void {
  for (const key in from) to[key] = from[key]!;
}

function describeNetwork(connection: ConnectionFacts, attributes: Record<string, AttributeValue>): void {
  if (connection.transport === 'unix') {
    attributes['network.transport'] = 'unix';
    return;
  }
  attributes['network.transport'] = connection.transport;
  // One socket for datagrams serves many peers: who sent which is not known.
  if (connection.transport !== 'udp' || connection.role !== 'server') {
    if (connection.remoteAddress !== '') attributes['network.peer.address'] = connection.remoteAddress;
    attributes['network.peer.port'] = connection.remotePort;
  }
  attributes['server.port'] = serverPort(connection);
  // Unless the request names the server itself.
  const server = connection.role === 'client' ? connection.remoteAddress : connection.localAddress;
  if (server !== '') attributes['server.address'] = server;
}
