import { cEpoll } from '../c-epoll/scenario.ts';
import { envoyProxy } from '../envoy-proxy/scenario.ts';
import { goGoroutines } from '../go-goroutines/scenario.ts';
import { goWorkerPool } from '../go-worker-pool/scenario.ts';
import { haproxyProxy } from '../haproxy-proxy/scenario.ts';
import { JAVA_SCENARIOS } from '../java/scenarios.ts';
import { nginxProxy } from '../nginx-proxy/scenario.ts';
import { nodeCluster } from '../node-cluster/scenario.ts';
import { nodeEventLoop } from '../node-event-loop/scenario.ts';
import { nodeRequestId } from '../node-request-id/scenario.ts';
import { nodeWorkerThreads } from '../node-worker-threads/scenario.ts';
import { phpFpm } from '../php-fpm/scenario.ts';
import { pythonAsyncio } from '../python-asyncio/scenario.ts';
import { pythonExecutor } from '../python-executor/scenario.ts';
import { pythonFork } from '../python-fork/scenario.ts';
import { pythonGevent } from '../python-gevent/scenario.ts';
import { pythonGunicorn } from '../python-gunicorn/scenario.ts';
import { pythonRequestId } from '../python-request-id/scenario.ts';
import { pythonThreads } from '../python-threads/scenario.ts';
import { rubyPuma } from '../ruby-puma/scenario.ts';
import { rustTokio } from '../rust-tokio/scenario.ts';
import type { Scenario } from './scenario.ts';

/** All scenarios, in the order of the table. */
export const SCENARIOS: readonly Scenario[] = [
  pythonThreads,
  pythonFork,
  pythonGunicorn,
  pythonExecutor,
  pythonAsyncio,
  pythonGevent,
  rubyPuma,
  nodeEventLoop,
  nodeCluster,
  nodeWorkerThreads,
  cEpoll,
  goGoroutines,
  goWorkerPool,
  rustTokio,
  nginxProxy,
  haproxyProxy,
  ...JAVA_SCENARIOS,
  envoyProxy,
  phpFpm,
  nodeRequestId,
  pythonRequestId,
];

/** The scenario of that name. @throws Error that lists the names */
export function scenarioNamed(name: string): Scenario {
  const found = SCENARIOS.find((scenario) => scenario.name === name);
  if (found === undefined) {
    const names = SCENARIOS.map((scenario) => scenario.name).join(', ');
    throw new Error(`There is no scenario ${name}; there are ${names}.`);
  }
  return found;
}
