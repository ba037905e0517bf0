export { openStore, type Store, type StoreOptions } from './src/client.ts';
export { BlockRefused, StoreFull } from './src/insert.ts';
export { createTable, createView, type StoreEngine } from './src/migrations/dialect.ts';
export { MIGRATIONS, type Migration, migrate } from './src/migrations/migrate.ts';
export { type StoreProcess, type StoreProcessOptions, startStoreProcess } from './src/process/spawn.ts';
export {
  findByRequestIds,
  findLinked,
  type LinkKeys,
  MOST_SPANS_OF_ID,
  type RequestKey,
} from './src/queries/linked-spans.ts';
export { insertLosses, type Loss, lostBetween } from './src/queries/losses.ts';
export { readSpans } from './src/queries/read-spans.ts';
export {
  type AttributeTerm,
  type SpanFilter,
  type SpanPosition,
  searchSpans,
} from './src/queries/search-spans.ts';
export { type EndpointTraffic, endpointTraffic } from './src/queries/services.ts';
export { type SpanNode, toNode } from './src/queries/span-node.ts';
