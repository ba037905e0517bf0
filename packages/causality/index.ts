export * from './src/engine.ts';
export * from './src/facts.ts';
export * from './src/turns.ts';
