import './agents.css';
import type { AgentJson } from '@weft/model';
import { useState } from 'react';
import { useAgents, useHealth } from '../api/queries.ts';
import { formatCount, plural } from '../format/quantity.ts';
import { AgentsDialog } from './agents-dialog.tsx';

/** Events that agents say they lost, by cause, all agents together; causes without any are left out. */
function lostOf(agents: readonly AgentJson[]): ReadonlyMap<string, number> {
  const lost = new Map<string, number>();
  for (const agent of agents) {
    for (const [cause, count] of Object.entries(agent.lost)) {
      if (count > 0) lost.set(cause, (lost.get(cause) ?? 0) + count);
    }
  }
  return lost;
}

/** How the agents are, in a word; opens all that is known of them. */
export function AgentsStatus() {
  const [open, setOpen] = useState(false);
  const health = useHealth();
  const agents = useAgents().data;
  if (health.error !== null) {
    return (
      <output className="chip bad">
        <span className="dot bad pulse" /> server does not answer
      </output>
    );
  }
  if (agents === undefined) return null;
  const live = agents.filter((agent) => agent.live).length;
  const lost = [...lostOf(agents).values()].reduce((sum, count) => sum + count, 0);
  return (
    <>
      <button type="button" className="button plain agents-status" onClick={() => setOpen(true)}>
        <span className={`dot ${live > 0 ? 'good' : 'bad'}`} />
        {live === 0 ? 'no agent' : plural(live, 'agent')}
        {lost > 0 && <span className="agents-lost">{formatCount(lost)} lost</span>}
      </button>
      {open && <AgentsDialog agents={agents} onClose={() => setOpen(false)} />}
    </>
  );
}
