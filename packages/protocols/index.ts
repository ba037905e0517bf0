export {
  addCarried,
  addRequestId,
  CARRIER_NAMES,
  type CarrierName,
  carriedIn,
  type RankedIds,
  settleCarried,
} from './src/carried/carried.ts';
export { type DetectionTrial, type KnownStream, tryDetection } from './src/detection-trial.ts';
export { dns } from './src/dns/index.ts';
export { dubbo } from './src/dubbo/index.ts';
export { endpointOf, withoutIds } from './src/endpoint.ts';
export { fastcgi } from './src/fastcgi/index.ts';
export { type FuzzResult, type FuzzShare, fuzzAll } from './src/fuzz.ts';
export { http1 } from './src/http1/index.ts';
export { http2 } from './src/http2/index.ts';
export { mysql } from './src/mysql/index.ts';
export { opaque } from './src/opaque/index.ts';
export { postgresql } from './src/postgresql/index.ts';
export * from './src/protocol.ts';
export { redis } from './src/redis/index.ts';
export {
  DETECTION_THRESHOLD,
  type Detection,
  detectProtocol,
  PROTOCOLS,
  protocolNamed,
} from './src/registry.ts';
export { recordedStreams } from './src/testing/recorded-streams.ts';
export { tls } from './src/tls/index.ts';
export { createTlsParser, type TlsParser } from './src/tls/parser.ts';
