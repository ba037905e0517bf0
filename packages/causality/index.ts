export * from './src/engine.ts';
export * from './src/facts.ts';
export * from './src/inference/index.ts';
export * from './src/joint/index.ts';
export * from './src/turns.ts';
export * from './src/wakes/errands.ts';
