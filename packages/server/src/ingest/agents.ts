import type { AgentReport } from '@weft/model';

/** What the server knows of an agent. */
export interface AgentState {
  readonly agentId: string;
  hostname: string;
  report: AgentReport | null;
  /** Unix ms of its last request. */
  lastSeen: number;
  /** Everything of it that ended before is stored. Unix ns. */
  settled: bigint;
  /** What it said last to be settled, with a batch. Unix ns. */
  told: bigint;
  spansStored: number;
  /** Batches that were taken and are not stored yet, in the order they came. */
  readonly pending: PendingBatch[];
}

/** A batch on its way into the store. */
export interface PendingBatch {
  /** What is settled as soon as this batch and all before it are stored; 0: nothing. Unix ns. */
  settled: bigint;
  stored: boolean;
}

/** An agent that was silent for so long does not hold back what is settled. */
const LIVE_MS = 15_000;
/** An agent that was silent for so long is forgotten. */
const FORGET_MS = 3_600_000;
const MAX_AGENTS = 10_000;
/** Batches come in order: one that settles so much less than the one before comes from a clock that was set back. Ns. */
const SET_BACK = 1_000_000_000n;

/** The agents that send to this server, from what they say. */
export class AgentRegistry {
  private readonly agents = new Map<string, AgentState>();
  /** Losses by cause of all agents that ever reported here. */
  readonly lost = new Map<string, number>();

  /** The agent, made known if it is new; null when there are too many. */
  see(agentId: string, hostname: string, now: number): AgentState | null {
    let agent = this.agents.get(agentId);
    if (agent === undefined) {
      this.forget(now);
      if (this.agents.size >= MAX_AGENTS) return null;
      agent = {
        agentId,
        hostname,
        report: null,
        lastSeen: now,
        // It may have waited for this server with what it saw before: until it tells, nothing is settled.
        settled: 0n,
        told: 0n,
        spansStored: 0,
        pending: [],
      };
      this.agents.set(agentId, agent);
    }
    agent.lastSeen = now;
    if (hostname !== '') agent.hostname = hostname;
    return agent;
  }

  /**
   * A batch was taken; call `stored` or `failed` for it later.
   * @param settled what the agent said with it, Unix ns; 0 when it said nothing
   */
  taken(agent: AgentState, settled: bigint): PendingBatch {
    if (settled !== 0n) {
      if (settled < agent.told - SET_BACK) {
        agent.settled = 0n;
        for (const earlier of agent.pending) earlier.settled = 0n;
      }
      agent.told = settled;
    }
    const batch = { settled, stored: false };
    agent.pending.push(batch);
    return batch;
  }

  stored(agent: AgentState, batch: PendingBatch, spans: number): void {
    agent.spansStored += spans;
    batch.stored = true;
    while (agent.pending[0]?.stored === true) this.settle(agent, agent.pending.shift()!.settled);
  }

  /** A batch was not stored: the agent sends it again, so what came after it settles nothing either. */
  failed(agent: AgentState, batch: PendingBatch): void {
    for (const later of agent.pending.slice(agent.pending.indexOf(batch))) later.settled = 0n;
    this.stored(agent, batch, 0);
  }

  private settle(agent: AgentState, settled: bigint): void {
    if (settled > agent.settled) agent.settled = settled;
  }

  /**
   * Takes an agent's report.
   * @returns what it lost since its last report, by cause
   */
  report(agent: AgentState, report: AgentReport): Map<string, number> {
    const grown = new Map<string, number>();
    for (const [cause, count] of Object.entries(report.lost)) {
      const before = agent.report?.lost[cause] ?? 0;
      // Fewer than before: the agent was started again.
      const more = count >= before ? count - before : count;
      if (more === 0) continue;
      grown.set(cause, more);
      this.lost.set(cause, (this.lost.get(cause) ?? 0) + more);
    }
    agent.report = report;
    const settled = BigInt(report.settledUntilUnixNano);
    // The report may have overtaken batches that lie in the queue.
    const last = agent.pending[agent.pending.length - 1];
    if (last === undefined) this.settle(agent, settled);
    else if (settled > last.settled) last.settled = settled;
    return grown;
  }

  /** Everything that ended before it is stored, or counted as lost. Unix ns; `now` when no agent is alive. */
  settledUntil(now: number): bigint {
    let settled = BigInt(now) * 1_000_000n;
    for (const agent of this.agents.values()) {
      if (this.isLive(agent, now) && agent.settled < settled) settled = agent.settled;
    }
    return settled;
  }

  isLive(agent: AgentState, now: number): boolean {
    return now - agent.lastSeen < LIVE_MS || agent.pending.length > 0;
  }

  /** By id. */
  list(): AgentState[] {
    return [...this.agents.values()].sort((a, b) => (a.agentId < b.agentId ? -1 : 1));
  }

  private forget(now: number): void {
    for (const agent of this.agents.values()) {
      if (now - agent.lastSeen > FORGET_MS && agent.pending.length === 0) this.agents.delete(agent.agentId);
    }
  }
}
