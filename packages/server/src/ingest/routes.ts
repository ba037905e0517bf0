import type { IncomingMessage } from 'node:http';
import { BLOCK_CONTENT_TYPE, checkBlock } from '@weft/model';
import { BlockRefused, insertLosses, StoreFull } from '@weft/store';
import { count, type ServerContext } from '../context.ts';
import { readBody } from '../http/body.ts';
import { HttpError } from '../http/http-error.ts';
import { onlyKnown, text, time } from '../http/parameters.ts';
import { parseReport } from './report.ts';

const BLOCK_LIMITS = { sent: 16 << 20, inflated: 64 << 20 };
const REPORT_LIMITS = { sent: 256 << 10, inflated: 256 << 10 };
const RETRY_SECONDS = 1;
const AGENT_ID = /^[\w.:-]{1,128}$/;

/**
 * `POST /api/v1/ingest?agent=ID&host=NAME&settled=UNIXNS`: one wire block. Answers when it is stored, so that an
 * agent that gets no answer sends it again. `settled` says that everything of this agent that ended before is in this batch or
 * an earlier one; an empty body says only that.
 */
export async function ingest(
  context: ServerContext,
  request: IncomingMessage,
  query: URLSearchParams,
): Promise<unknown> {
  onlyKnown(query, ['agent', 'host', 'settled']);
  const agent = context.agents.see(agentId(query), (text(query, 'host') ?? '').slice(0, 256), Date.now());
  if (agent === null)
    throw new HttpError(503, 'Too many agents send to this server: start another server.', 60);
  const settled = time(query, 'settled') ?? 0n;
  if (!context.queue.hasRoom(Number(request.headers['content-length'] ?? 0))) throw busy(context);
  // From here on a report cannot overtake this batch.
  const batch = context.agents.taken(agent, settled);
  let spans = 0;
  try {
    const block = await readBody(request, BLOCK_LIMITS);
    if (block.length > 0) {
      spans = checked(context, request, block);
      if (!context.queue.hasRoom(block.length)) throw busy(context);
      await store(context, block);
      context.counters.spansIngested += spans;
      context.counters.batchesIngested++;
      context.counters.bytesIngested += block.length;
    }
  } catch (error) {
    context.agents.failed(agent, batch);
    throw error;
  }
  context.agents.stored(agent, batch, spans);
  return { spans };
}

function agentId(query: URLSearchParams): string {
  const id = query.get('agent') ?? '';
  if (!AGENT_ID.test(id))
    throw new HttpError(400, 'Parameter agent is missing or no id: letters, digits and .:-_ only.');
  return id;
}

function checked(context: ServerContext, request: IncomingMessage, block: Uint8Array): number {
  if (request.headers['content-type'] !== BLOCK_CONTENT_TYPE) {
    throw new HttpError(415, `The content-type must be ${BLOCK_CONTENT_TYPE}.`);
  }
  const result = checkBlock(block);
  if (result.ok) return result.value.rows;
  count(context.counters.refused, 'malformed');
  throw new HttpError(
    400,
    `The block is malformed (${result.error}): agent and server must be of one version.`,
  );
}

async function store(context: ServerContext, block: Uint8Array): Promise<void> {
  try {
    await context.queue.add(block);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof BlockRefused) {
      count(context.counters.refused, 'store');
      throw new HttpError(400, `The store refuses the block (${message}): do not send it again.`);
    }
    if (error instanceof StoreFull) {
      count(context.counters.refused, 'full');
      context.log("a batch could not be stored: the store's disk is full");
      throw new HttpError(
        507,
        "The store's disk is full: make room on it, and send the batch again.",
        RETRY_SECONDS,
      );
    }
    count(context.counters.refused, 'unavailable');
    context.log(`a batch could not be stored: ${message}`);
    throw new HttpError(503, 'The store cannot be reached: send the batch again.', RETRY_SECONDS);
  }
}

function busy(context: ServerContext): HttpError {
  count(context.counters.refused, 'busy');
  return new HttpError(429, 'The server is busy: send the batch again later.', RETRY_SECONDS);
}

/** `POST /api/v1/report`: an agent tells about itself, every few seconds. */
export async function report(
  context: ServerContext,
  request: IncomingMessage,
  query: URLSearchParams,
): Promise<unknown> {
  onlyKnown(query, []);
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? '')) {
    throw new HttpError(415, 'The content-type must be application/json.');
  }
  const parsed = parseReport(await readBody(request, REPORT_LIMITS));
  if (!parsed.ok) throw new HttpError(400, parsed.error);
  const now = Date.now();
  const agent = AGENT_ID.test(parsed.value.agentId)
    ? context.agents.see(parsed.value.agentId, parsed.value.hostname, now)
    : null;
  if (agent === null) throw new HttpError(400, 'The agentId is no id: letters, digits and .:-_ only.');
  const lost = context.agents.report(agent, parsed.value);
  const rows = [...lost].map(([cause, times]) => ({
    time: Math.floor(now / 1000),
    agentId: agent.agentId,
    cause,
    count: Math.round(times),
  }));
  // The counters have it already; what traces say about that minute is worth no refusal.
  await insertLosses(context.store, rows).catch((error: unknown) =>
    context.log(`losses could not be stored: ${error}`),
  );
  return {};
}
