import type { AgentJson } from '@weft/model';
import { formatBytes, formatCount } from '../format/quantity.ts';
import { formatAge, toMillis } from '../format/time.ts';
import { Modal } from '../modal.tsx';
import { explainLoss } from '../trace/explain.ts';

/** Each agent: what it sees, what it costs, what it lost. */
export function AgentsDialog({
  agents,
  onClose,
}: {
  readonly agents: readonly AgentJson[];
  readonly onClose: () => void;
}) {
  return (
    <Modal title="Agents" onClose={onClose}>
      {agents.length === 0 && (
        <p className="muted">
          None has reported. Start one with <code className="mono">weft agent --server URL</code>.
        </p>
      )}
      {agents.map((agent) => (
        <Agent key={agent.agentId} agent={agent} />
      ))}
    </Modal>
  );
}

/** Less than this is copied past the CPU budget alone (packages/agent/src/budget.ts). */
const FULL_PAYLOAD = 4096;

function Agent({ agent }: { readonly agent: AgentJson }) {
  const seen = formatAge(Date.now() - toMillis(agent.lastSeenUnixNano));
  const lost = Object.entries(agent.lost).filter(([, count]) => count > 0);
  const missing = Object.entries(agent.hooks).filter(([, state]) => state !== 'attached');
  const attached = Object.keys(agent.hooks).length - missing.length;
  return (
    <section className="agent">
      <h3>
        <span className={`dot ${agent.live ? 'good' : 'bad'}`} />
        {agent.hostname}
        <span className="muted">{agent.live ? `heard ${seen}` : `silent, last heard ${seen}`}</span>
      </h3>
      <dl className="agent-facts">
        <Fact name="tier" value={agent.tier ?? 'not told yet'} />
        <Fact name="events" value={formatCount(agent.events)} />
        <Fact name="payload copied" value={formatBytes(agent.capturedBytes)} />
        <Fact name="spans stored" value={formatCount(agent.spansStored)} />
        <Fact name="CPU" value={`${agent.cpuSeconds.toFixed(1)} s`} />
        <Fact name="memory" value={formatBytes(agent.residentBytes)} />
        <Fact name="hooks" value={`${attached} attached`} />
        <Fact name="version" value={agent.version ?? '–'} />
      </dl>
      {agent.live && (agent.tracedShare < 1 || agent.payloadBytes < FULL_PAYLOAD) && (
        <p className="agent-note">
          {`Past its CPU budget: traces ${Math.round(100 * agent.tracedShare)} % of the time, copies up to ${formatBytes(agent.payloadBytes)} of a message.`}
        </p>
      )}
      {missing.map(([hook, reason]) => (
        <p key={hook} className="agent-note">
          <span className="mono">{hook}</span> {reason}
        </p>
      ))}
      {lost.length === 0 ? (
        <p className="muted">Nothing lost.</p>
      ) : (
        <ul className="agent-lost">
          {lost.map(([cause, count]) => (
            <li key={cause}>
              <span className="number">{formatCount(count)}</span> {explainLoss(cause)}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className="number">{value}</dd>
    </div>
  );
}
