import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  buildJava,
  findJdk,
  findPostgres,
  findRedis,
  freePorts,
  JAVA_RELEASE,
  repoRoot,
  startPostgres,
  startRedis,
} from '../programs/index.ts';
import type { Scenario, ScenarioContext } from '../run/scenario.ts';

/** Libraries and classes of all services here. */
const build = () => buildJava(join(repoRoot(), 'scenarios', 'java'), 'scenarios');

/** What the front asks beside middle and leaf. */
interface Companion {
  /** Why it cannot run here, or null. */
  obstacle(): string | null;
  /** @returns the setting by which the front finds it */
  start(context: ScenarioContext): Promise<Record<string, string>>;
}

function dataFolder({ group, cleanup }: ScenarioContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'scenario-java-'));
  group.owns(folder);
  cleanup(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const REDIS: Companion = {
  obstacle: () => (findRedis() === null ? 'Redis is not installed' : null),
  start: async (context) => ({ REDIS_PORT: String(await startRedis(context.group, dataFolder(context))) }),
};

const POSTGRES: Companion = {
  obstacle: () => (findPostgres() === null ? 'PostgreSQL is not installed' : null),
  start: async (context) => ({ PGPORT: String(await startPostgres(context.group, dataFolder(context))) }),
};

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
  readonly companion?: Companion;
}

/** HTTP chain front → middle → leaf; front and middle are Java of one model, the leaf is the event loop's of Node. */
function chain({ name, description, model, release = JAVA_RELEASE, env = {}, companion }: Model): Scenario {
  return {
    name: `java-${name}`,
    description,
    extra: true,
    // Drivers log in and greet when a request is the first to want a connection.
    allowNameless: companion !== undefined,
    async prepare() {
      if (findJdk(release) === null) return `no JDK of release ${release} or later is installed`;
      const obstacle = companion?.obstacle() ?? null;
      if (obstacle !== null) return obstacle;
      await build();
      return null;
    },
    async start(context) {
      const jdk = findJdk(release);
      const classPath = await build();
      if (jdk === null || classPath === null) throw new Error(`There is no JDK ${release}.`);
      const [front, middle, leaf] = await freePorts(3);
      const settingsOfFront = (await companion?.start(context)) ?? {};
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
      await service('front', front!, { MIDDLE_PORT: String(middle), ...settingsOfFront });
      return { port: front!, paths: [{ prefix: '/work/', weight: 1 }] };
    },
  };
}

/** The scenarios on the JVM: one program, `chain.Service`, in several models. */
export const JAVA_SCENARIOS: readonly Scenario[] = [
  chain({
    name: 'tomcat',
    description: 'A thread for each request, with Redis (Tomcat, Jedis)',
    model: 'tomcat',
    companion: REDIS,
  }),
  chain({
    name: 'jetty',
    description: 'A thread for each request, with SQL (Jetty, JDBC)',
    model: 'jetty',
    companion: POSTGRES,
  }),
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
  chain({
    name: 'completable-future',
    description: 'Futures that are composed, nobody waits (Java, HttpClient.sendAsync)',
    model: 'completable-future',
  }),
  chain({
    name: 'forkjoin',
    description:
      'A thread for each request that forks its calls into a work-stealing pool (Java, ForkJoinPool)',
    model: 'fork-join',
    env: { WORKERS: '96' },
  }),
  chain({
    name: 'virtual-threads',
    description: 'A virtual thread for each request, with fan-out (Java 21 or later, Tomcat)',
    model: 'virtual-threads',
    release: 21,
  }),
  chain({
    name: 'netty',
    description: 'Event loops before a business pool, with answers from the loop (Netty)',
    model: 'netty',
    env: { WORKERS: '96' },
  }),
  chain({
    name: 'dubbo-all-sync',
    description:
      'Dubbo over one shared connection: the provider hands over to its pool, the consumer waits (Java)',
    model: 'dubbo',
    env: { DISPATCHER: 'all', CONSUMER: 'sync', CONNECTIONS: '1' },
  }),
  chain({
    name: 'dubbo-direct-async',
    description: 'Dubbo: the provider serves on its I/O threads, the consumer takes futures (Java)',
    model: 'dubbo',
    env: { DISPATCHER: 'direct', CONSUMER: 'async', CONNECTIONS: '4' },
  }),
];
