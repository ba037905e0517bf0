import type { AgentJson, HealthJson } from '@weft/model';
import type { ServerContext } from '../context.ts';
import { onlyKnown } from '../http/parameters.ts';

/** `GET /api/v1/health`: it answers whenever the server does; what is wrong with the store is in `problem`. */
export function health(context: ServerContext, query: URLSearchParams): HealthJson {
  onlyKnown(query, []);
  const problem = storeProblem(context);
  return {
    status: problem === null ? 'ok' : 'degraded',
    problem,
    version: context.version,
    settledUntilUnixNano: context.agents.settledUntil(Date.now()).toString(),
  };
}

/** What keeps the store from taking spans, in one sentence; null: nothing. */
function storeProblem({ store, queue }: ServerContext): string | null {
  if (store.isDown()) return 'The store is down: it is being started again.';
  return queue.problem;
}

/** `GET /api/v1/agents`: what each agent last said about itself. */
export function agents(
  context: ServerContext,
  query: URLSearchParams,
): { readonly agents: readonly AgentJson[] } {
  onlyKnown(query, []);
  const now = Date.now();
  return {
    agents: context.agents.list().map((agent) => ({
      agentId: agent.agentId,
      hostname: agent.hostname,
      version: agent.report?.version ?? null,
      live: context.agents.isLive(agent, now),
      lastSeenUnixNano: (BigInt(agent.lastSeen) * 1_000_000n).toString(),
      tier: agent.report?.tier ?? null,
      hooks: agent.report?.hooks ?? {},
      events: agent.report?.events ?? 0,
      capturedBytes: agent.report?.capturedBytes ?? 0,
      spans: agent.report?.spans ?? 0,
      spansStored: agent.spansStored,
      lost: agent.report?.lost ?? {},
      cpuSeconds: agent.report?.cpuSeconds ?? 0,
      residentBytes: agent.report?.residentBytes ?? 0,
      tracedShare: agent.report?.tracedShare ?? 1,
      payloadBytes: agent.report?.payloadBytes ?? 0,
      settledUntilUnixNano: agent.settled.toString(),
    })),
  };
}
