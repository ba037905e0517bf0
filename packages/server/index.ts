export { assembleAll } from './src/assembly/assemble.ts';
export { type WovenSpan, type WovenTrace, weave } from './src/assembly/weave.ts';
export { type ServerOptions, startServer, type WeftServer } from './src/server.ts';
