export { renderWaterfall } from './src/render/waterfall.ts';
export type { Terminal } from './src/terminal.ts';
