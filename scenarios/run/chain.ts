import { join } from 'node:path';
import { findPython, freePorts, repoRoot } from '../programs/index.ts';
import type { LoadTarget, ScenarioContext } from './scenario.ts';

/** How one service of a chain is started; it listens on `$PORT` of 127.0.0.1 and notes the truth in `$TRUTH_LOG`. */
export interface Service {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A Python program of a scenario's folder. */
export function pythonService(
  folder: string,
  program: string,
  command = findPython() ?? 'python3',
  args: readonly string[] = [],
): Service {
  const scenarios = join(repoRoot(), 'scenarios');
  return {
    command,
    args: [join(scenarios, folder, `${program}.py`), ...args],
    // What the services of blocking threads share is of use to others, too.
    env: { PYTHONDONTWRITEBYTECODE: '1', PYTHONPATH: join(scenarios, 'python-threads') },
  };
}

/** Services below a front that is more than one program. */
export interface Downstream {
  readonly middlePort: number;
  readonly leafPort: number;
  /** Environment of a program that calls them and listens on `port`. */
  environment(name: string, port: number): Record<string, string>;
}

/**
 * Starts middle → leaf. They are, unless others are given, those of blocking threads, which are followed exactly: what is wrong
 * then is the front's.
 */
export async function startDownstream(
  { group, truthLog }: ScenarioContext,
  services: { readonly middle?: Service; readonly leaf?: Service } = {},
): Promise<Downstream> {
  const [middlePort, leafPort] = (await freePorts(2)) as [number, number];
  const environment = (name: string, port: number) => ({
    OTEL_SERVICE_NAME: name,
    TRUTH_LOG: truthLog(name),
    PORT: String(port),
    MIDDLE_PORT: String(middlePort),
    LEAF_PORT: String(leafPort),
  });
  const start = (name: string, { command, args, env }: Service, port: number) =>
    group.start({ name, command, args, env: { ...environment(name, port), ...env }, port });
  await start('leaf', services.leaf ?? pythonService('python-threads', 'leaf'), leafPort);
  await start('middle', services.middle ?? pythonService('python-threads', 'middle'), middlePort);
  return { middlePort, leafPort, environment };
}

/** Starts front → middle → leaf; front and middle find the others by `$MIDDLE_PORT` and `$LEAF_PORT`. */
export async function startChain(
  context: ScenarioContext,
  services: { readonly front: Service; readonly middle?: Service; readonly leaf?: Service },
): Promise<LoadTarget> {
  const { environment } = await startDownstream(context, services);
  const port = (await freePorts(1))[0]!;
  const { command, args, env } = services.front;
  await context.group.start({
    name: 'front',
    command,
    args,
    env: { ...environment('front', port), ...env },
    port,
  });
  return { port, paths: [{ prefix: '/work/', weight: 1 }] };
}
