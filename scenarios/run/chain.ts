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
export function pythonService(folder: string, program: string, command = findPython() ?? 'python3'): Service {
  const scenarios = join(repoRoot(), 'scenarios');
  return {
    command,
    args: [join(scenarios, folder, `${program}.py`)],
    // What the services of blocking threads share is of use to others, too.
    env: { PYTHONDONTWRITEBYTECODE: '1', PYTHONPATH: join(scenarios, 'python-threads') },
  };
}

/**
 * Starts front → middle → leaf; front and middle find the others by `$MIDDLE_PORT` and `$LEAF_PORT`. Middle and leaf are, unless
 * others are given, those of blocking threads, which are followed exactly: what is wrong then is the front's.
 */
export async function startChain(
  { group, truthLog }: ScenarioContext,
  services: { readonly front: Service; readonly middle?: Service; readonly leaf?: Service },
): Promise<LoadTarget> {
  const [front, middle, leaf] = await freePorts(3);
  const start = (name: string, service: Service, port: number) =>
    group.start({
      name,
      command: service.command,
      args: service.args,
      env: {
        OTEL_SERVICE_NAME: name,
        ...service.env,
        TRUTH_LOG: truthLog(name),
        PORT: String(port),
        MIDDLE_PORT: String(middle),
        LEAF_PORT: String(leaf),
      },
      port,
    });
  await start('leaf', services.leaf ?? pythonService('python-threads', 'leaf'), leaf!);
  await start('middle', services.middle ?? pythonService('python-threads', 'middle'), middle!);
  await start('front', services.front, front!);
  return { port: front!, paths: [{ prefix: '/work/', weight: 1 }] };
}
