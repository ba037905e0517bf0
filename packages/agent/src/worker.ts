import { parentPort, workerData } from 'node:worker_threads';
import { MODE } from '@weft/kernel';
import { BlockEncoder, epoch } from '@weft/model';
import { CALL_BYTES } from '@weft/protocols';
import { CpuBudget } from './budget.ts';
import { tracedCgroup } from './capture/cgroup.ts';
import { KernelCapture } from './capture/kernel-capture.ts';
import { UnixEpoch } from './clock.ts';
import { Pipeline } from './pipeline.ts';
import { LiveProcesses } from './process/live-processes.ts';
import { TlsProbes } from './tls/tls-probes.ts';
import type { FromWorker, ToWorker, WorkerData } from './worker-messages.ts';

/**
 * The capture worker: reads the ring, parses, decides causes, encodes. A thread of its own, so that
 * export and its compression never delay the ring.
 */

/**
 * Rest between two drains: ever longer while there is nothing. Each wake costs, and what is read in one go is read with warm
 * caches; but what is read in one go also keeps a CPU from the traced programs.
 */
const POLL_MIN_MS = 4;
const POLL_MAX_MS = 10;
const RECORDS_PER_RELEASE = 128;
/** Longest stay in one drain, for the sake of those who wait for the CPU, and of messages and timers. */
const DRAIN_LIMIT_MS = 2;
/** Past a longer stay it rests so long, unless the rings fill up. */
const PAUSE_MS = 1;
const MOST_FULL = 0.1;
const FLUSH_MS = 150;
/**
 * One block is on its way at a time: while it is not acknowledged, spans gather for the next, so that blocks grow with the
 * load (a server has a fixed cost a block). Up to so many spans, and so many bytes: of blocks that wait for a server that is
 * away, whole ones are dropped when they are too many.
 */
const FLUSH_SPANS = 20_000;
const FLUSH_BYTES = 1 << 20;
const STATUS_MS = 1_000;
/** An event this old is in its ring, and so is everything before it on other CPUs: they can be put in order. */
const IN_PROGRESS_NANOS = 100_000;

const port = parentPort!;
const data = workerData as WorkerData;

function say(message: FromWorker, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

function run(capture: KernelCapture): void {
  const probes = capture.canProbeTls
    ? new TlsProbes((path, point) => capture.probeTls(path, point), tracedCgroup(data.capture))
    : null;
  const processes = new LiveProcesses({
    running: (tgid) => probes?.started(tgid, performance.now()),
    go: (tgid, runtime) => guarded(() => capture.setGoRuntime(tgid, runtime)),
    jvm: (tgid, runtime) => guarded(() => capture.setJvmRuntime(tgid, runtime)),
    own: (tgid) => guarded(() => capture.exclude(tgid)),
    gone: (tgid) => {
      probes?.exited(tgid);
      if (!excluded.has(tgid)) guarded(() => capture.forget(tgid));
    },
  });
  const excluded = new Set<number>();
  const monotonicEpoch = data.capture.monotonicEpoch;
  const unix = new UnixEpoch({ monotonic: monotonicEpoch, unix: epoch(data.unixEpoch) });
  const newBlocks = () => new BlockEncoder({ agentId: data.agentId, host: data.host, epoch: unix.current });
  let blocks = newBlocks();
  const budget = new CpuBudget(data.capture.cpuBudget);
  const pipeline = new Pipeline(
    processes,
    { ...data.capture, epochUnixNanos: Number(data.unixEpoch) },
    (span) => blocks.add(span),
    {
      // What must be copied whole is: a parser with a state of its own would lose it.
      heads: (cookie, received, sent, limit) =>
        capture.wantHeads(cookie, received, sent, limit > CALL_BYTES ? limit : budget.payloadBytes),
      wholeCalls: (port) => capture.setPortVerdict(port, MODE.FULL),
    },
  );
  const { ring } = capture;
  const now = () => Number(process.hrtime.bigint() - monotonicEpoch);
  let stopping = false;
  let pollDelay = POLL_MIN_MS;
  let nextFlush = 0;
  let nextStatus = 0;
  let tracing = true;
  let underWay = 0;
  /** Memory of a block that has left. */
  let spare: ArrayBuffer | null = null;

  /** Replaces the processes that are never traced: a number that is not among them any more may be reused by anybody. */
  const exclude = (pids: readonly number[]) => {
    for (const pid of excluded) {
      if (pids.includes(pid)) continue;
      excluded.delete(pid);
      guarded(() => capture.forget(pid));
    }
    for (const pid of pids) {
      excluded.add(pid);
      guarded(() => capture.exclude(pid));
    }
  };

  /** Reads what is there, in the order of time; returns whether that was all. @param everything nothing more is being written */
  const drain = (everything = false): boolean => {
    const limit = performance.now() + DRAIN_LIMIT_MS;
    const settled = everything ? now() : now() - IN_PROGRESS_NANOS;
    ring.poll(everything ? Number.POSITIVE_INFINITY : settled);
    let count = 0;
    while (ring.next()) {
      pipeline.record(ring, ring.offset, ring.length);
      if (++count % RECORDS_PER_RELEASE === 0) {
        ring.release();
        if (isFull()) flush();
        if (performance.now() > limit) return false;
      }
    }
    ring.release();
    pollDelay = count > 0 ? POLL_MIN_MS : Math.min(POLL_MAX_MS, pollDelay * 2);
    pipeline.tick(settled);
    return true;
  };

  const isFull = () => blocks.rows >= FLUSH_SPANS || blocks.size >= FLUSH_BYTES;

  const flush = (force = false) => {
    const { rows } = blocks;
    if (underWay > 0 && rows > 0 && !isFull() && !force) return;
    const settled = pipeline.settledUntil();
    if (rows === 0) {
      say({ type: 'spans', block: null, rows: 0, settled });
      return;
    }
    const block = blocks.take(spare);
    spare = null;
    underWay++;
    // Handed over, not copied: the copy was a third of the worker's time at 5 000 requests/s.
    say({ type: 'spans', block, rows, settled }, [block.buffer]);
  };

  /** What is attached, and what was refused. */
  const hooks = () => {
    const all: Record<string, string> = { ...capture.hooks };
    for (const { path, library } of probes?.probed ?? []) all[`tls ${library} ${path}`] = 'attached';
    for (const [path, reason] of probes?.warnings ?? []) all[`tls ${path}`] = `refused: ${reason}`;
    return all;
  };

  const status = () => {
    const cpu = process.cpuUsage();
    budget.measure(performance.now(), (cpu.user + cpu.system) / 1000);
    say({
      type: 'status',
      events: pipeline.events,
      capturedBytes: pipeline.capturedBytes,
      spans: pipeline.spans,
      lost: { ...capture.lost(), ...pipeline.losses.all() },
      hooks: hooks(),
      connections: pipeline.connections,
      share: budget.share,
      payloadBytes: budget.payloadBytes,
    });
  };

  const slice = () => {
    const wanted = budget.traced(Date.now());
    if (wanted === tracing) return;
    tracing = wanted;
    capture.paused = !wanted;
    if (!wanted) {
      drain(true);
      pipeline.suspend('shed_request');
    }
  };

  /**
   * The machine's clock was set: spans from now on have the new time. What is open is given up and counted: its calls
   * would lie before their cause, or long after it.
   */
  const followClock = () => {
    if (!unix.wasSet()) return;
    pipeline.suspend('clock_set');
    flush(true);
    blocks = newBlocks();
    pipeline.epochUnixNanos = Number(unix.current);
    say({ type: 'epoch', unix: unix.current });
  };

  const turn = () => {
    slice();
    const emptied = drain();
    const time = performance.now();
    probes?.tick(time);
    if (time >= nextFlush) {
      nextFlush = time + FLUSH_MS;
      flush();
    }
    if (time >= nextStatus) {
      nextStatus = time + STATUS_MS;
      followClock();
      status();
    }
    if (stopping) {
      drain(true);
      pipeline.finish();
      flush(true);
      status();
      probes?.close();
      capture.close();
      say({ type: 'stopped' });
      port.close();
      return;
    }
    if (emptied) setTimeout(turn, pollDelay);
    else if (ring.fullness < MOST_FULL) setTimeout(turn, PAUSE_MS);
    else setImmediate(turn);
  };

  port.on('message', (message: ToWorker) => {
    switch (message.type) {
      case 'exclude':
        exclude(message.pids);
        break;
      case 'left':
        underWay--;
        spare = message.memory;
        break;
      case 'stop':
        stopping = true;
        break;
    }
  });
  exclude(data.capture.excludePids);
  probes?.probeStanding();
  processes.scan();
  probes?.tick(performance.now());
  say({ type: 'ready', tier: capture.tier, hooks: hooks() });
  turn();
}

/** The process may have gone in between, or the map may be full: either way tracing goes on. */
function guarded(action: () => void): void {
  try {
    action();
  } catch {
    // counted nowhere: the process has ended
  }
}

try {
  run(KernelCapture.start(data.capture));
} catch (error) {
  say({ type: 'failed', error: error instanceof Error ? error.message : String(error) });
}
