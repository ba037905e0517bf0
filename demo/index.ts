export { faultOfTrace, type ShopSpan } from './expected-trace.ts';
export { type DemoOptions, type RunningDemo, startDemo } from './main.ts';
