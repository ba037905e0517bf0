export * from './src/address.ts';
export * from './src/block/index.ts';
export * from './src/hash.ts';
export * from './src/ids.ts';
export * from './src/json.ts';
export * from './src/result.ts';
export * from './src/span.ts';
export * from './src/time.ts';
