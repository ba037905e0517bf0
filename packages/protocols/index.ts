export * from './src/protocol.ts';
