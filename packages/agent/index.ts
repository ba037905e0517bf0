export * from './src/options.ts';
