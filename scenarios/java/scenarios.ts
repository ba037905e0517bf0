import { join } from 'node:path';
import { buildJava, findJdk, freePorts, JAVA_RELEASE, repoRoot } from '../programs/index.ts';
import type { Scenario, ScenarioContext } from '../run/scenario.ts';

/** Libraries and classes of all services here. */
const build = () => buildJava(join(repoRoot(), 'scenarios', 'java'), 'scenarios');

/** What tells one Java scenario from another. */
interface Model {
  /** Name of the scenario behind `java-`. */
  readonly name: string;
  readonly description: string;
  /** How the services hand their work on; first argument of `chain.Service`. */
  readonly model: string;
  /** The oldest Java that has it. Default: that of the sources. */
  readonly release?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly allowNameless?: boolean;
  /** Starts what the front asks beside middle and leaf. @returns its settings */
  companion?(context: ScenarioContext): Promise<Record<string, string>>;
}

/** HTTP chain front → middle → leaf; front and middle are Java of one model, the leaf is the event loop's of Node. */
function chain({ name, description, model, release = JAVA_RELEASE, env = {}, ...rest }: Model): Scenario {
  return {
    name: `java-${name}`,
    description,
    ...(rest.allowNameless === undefined ? {} : { allowNameless: rest.allowNameless }),
    async prepare() {
      if (findJdk(release) === null) return `no JDK of release ${release} or later is installed`;
      await build();
      return null;
    },
    async start(context) {
      const jdk = findJdk(release);
      const classPath = await build();
      if (jdk === null || classPath === null) throw new Error(`There is no JDK ${release}.`);
      const [front, middle, leaf] = await freePorts(3);
      const companion = (await rest.companion?.(context)) ?? {};
      await context.group.start({
        name: 'leaf',
        command: process.execPath,
        args: [join(repoRoot(), 'scenarios', 'node-event-loop', 'leaf.mjs')],
        env: { TRUTH_LOG: context.truthLog('leaf'), PORT: String(leaf) },
        port: leaf!,
      });
      const service = (role: string, port: number, settings: Record<string, string>) =>
        context.group.start({
          name: role,
          command: jdk.java,
          args: ['-Xmx256m', '-cp', classPath, 'chain.Service', model, role],
          env: {
            OTEL_SERVICE_NAME: role,
            TRUTH_LOG: context.truthLog(role),
            PORT: String(port),
            LEAF_PORT: String(leaf),
            ...env,
            ...settings,
          },
          port,
        });
      await service('middle', middle!, {});
      await service('front', front!, { MIDDLE_PORT: String(middle), ...companion });
      return { port: front!, paths: [{ prefix: '/work/', weight: 1 }] };
    },
  };
}

/** The scenarios on the JVM: one program, `chain.Service`, in several models. */
export const JAVA_SCENARIOS: readonly Scenario[] = [
  chain({
    name: 'executor',
    description: 'Two I/O threads before a pool of four workers with a queue (Java)',
    model: 'executor',
    env: { WORKERS: '4' },
  }),
  chain({
    name: 'executor-idle',
    description: 'Two I/O threads before a pool in which workers are idle (Java)',
    model: 'executor',
    env: { WORKERS: '96' },
  }),
];
