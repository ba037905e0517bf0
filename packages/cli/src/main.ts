import { CliError } from './errors.ts';
import { run } from './run.ts';
import { supervisorLink } from './supervisor/link.ts';

function out(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
}

// `weft traces | head`: the reader has enough, which is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});
// A terminal that went away must not stop us from ending in good order.
process.stderr.on('error', () => {});

let exitCode: number;
try {
  exitCode = await run({
    argv: process.argv.slice(2),
    environment: process.env,
    out,
    log: (line) => void process.stderr.write(`${line}\n`),
  });
} catch (error) {
  if (error instanceof CliError) {
    exitCode = error.exitCode;
    const link = supervisorLink();
    // Under `weft up` it is the supervisor that tells the user.
    if (link !== null) await link.send({ type: 'failed', sentence: error.message, exitCode });
    else process.stderr.write(`${error.message}\n`);
  } else {
    exitCode = 1;
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  }
}
// Not left to the event loop: what a library still holds open must not keep a finished command alive.
process.exit(exitCode);
