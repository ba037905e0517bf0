import { createServer } from 'node:net';
import { CliError, codeOf, usageError } from './errors.ts';

/** Parts of `HOST:PORT` or `[V6]:PORT`. @throws CliError */
export function parseListen(listen: string, flag: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:\s]+)):(\d{1,5})$/.exec(listen);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw usageError(`${flag} must be HOST:PORT like 127.0.0.1:7766, not "${listen}".`);
  }
  return { host: match[1] ?? match[2]!, port };
}

/** Makes sure that an address can be listened on, before anything is started. @throws CliError */
export async function requireFreePort(listen: string, flag: string): Promise<void> {
  const { host, port } = parseListen(listen, flag);
  const problem = await new Promise<unknown>((resolve) => {
    const server = createServer();
    server.on('error', resolve);
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)));
  });
  if (problem === null) return;
  switch (codeOf(problem)) {
    case 'EADDRINUSE':
      throw new CliError(
        `Port ${port} on ${host} is in use by another program: stop that one, or choose another with ${flag}.`,
      );
    case 'EACCES':
      throw new CliError(`Port ${port} may not be used without root: choose one above 1023 with ${flag}.`);
    default:
      throw new CliError(
        `Nothing can listen on ${listen} (${codeOf(problem)}): choose another with ${flag}.`,
      );
  }
}
