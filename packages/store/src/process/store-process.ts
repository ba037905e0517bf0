/**
 * chDB in a process of its own: `node store-process.js --data DIR [--port N]`, password in WEFT_STORE_PASSWORD.
 * Prints `ready http://127.0.0.1:PORT` on stdout. Ends on SIGTERM, or when its stdin ends (its parent is gone).
 */
import { mkdirSync, realpathSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { Engine } from './engine.ts';
import { createFacade } from './facade.ts';
import { openSpool } from './spool.ts';

const READERS = 3;

function fail(message: string): never {
  process.stderr.write(`weft store: ${message}\n`);
  process.exit(1);
}

function openEngine(path: string): Engine {
  try {
    return new Engine(path, READERS);
  } catch (error) {
    const message = error instanceof Error ? error.message.split('\n')[0] : String(error);
    return fail(`the data folder ${path} cannot be opened (is another Weft using it?): ${message}`);
  }
}

function makeFolder(path: string): string {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return realpathSync(path);
  } catch (error) {
    return fail(
      `the data folder ${path} cannot be made: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

process.title = 'weft-store';
const { values } = parseArgs({
  options: { data: { type: 'string' }, port: { type: 'string', default: '0' } },
});
const password = process.env['WEFT_STORE_PASSWORD'] ?? '';
delete process.env['WEFT_STORE_PASSWORD'];
if (values.data === undefined) fail('--data DIR is missing');
if (password === '') fail('WEFT_STORE_PASSWORD is not set');

const folder = makeFolder(values.data);
const engine = openEngine(folder);
const spool = openSpool(folder);
const server = createFacade(engine, spool, password);

let stopping = false;
function stop(): void {
  if (stopping) return;
  stopping = true;
  // Statements under way are finished and answered; a hanging one is not waited for longer than this.
  setTimeout(() => {
    spool.close();
    process.exit(1);
  }, 5000).unref();
  server.close(() => {
    void engine.close().then(() => {
      spool.close();
      process.exit(0);
    });
  });
  server.closeIdleConnections();
}
process.on('SIGTERM', stop);
// Ctrl-C reaches the whole terminal group; the parent stops the store when it has stored what it holds.
process.on('SIGINT', () => undefined);
process.stdin.on('end', stop).on('close', stop).on('error', stop).resume();

server.on('error', (error) => fail(`cannot listen on 127.0.0.1:${values.port}: ${error.message}`));
server.listen(Number(values.port), '127.0.0.1', () => {
  process.stdout.write(`ready http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
