import { BpfError, readKernelBtf } from '@weft/libbpf';
import { TIERS, type Tier } from '../options.ts';
import { kernelObject } from '../paths.ts';
import { planFileProbes } from '../tls/file-probes.ts';
import { cgroupMount } from './cgroup.ts';
import { HOOKS } from './hooks.ts';
import { KernelCapture } from './kernel-capture.ts';

export interface HookReport {
  readonly name: string;
  readonly tracepoint: string;
  readonly status: 'ok' | 'refused';
  readonly optional: boolean;
  /** Why it is refused; else what it is for. */
  readonly reason: string;
}

export interface TierReport {
  readonly tier: Tier;
  readonly usable: boolean;
  readonly reason: string;
  readonly hooks: readonly HookReport[];
}

/** What this kernel and these rights allow. */
export interface KernelReport {
  readonly tiers: readonly TierReport[];
  readonly warnings: readonly string[];
}

/** Tries each tier for real: loads and attaches it, tracing nothing, and takes it off again. */
export function probeKernel(refuse: readonly string[] = []): KernelReport {
  const warnings: string[] = [];
  if (cgroupMount() === null)
    warnings.push('no cgroup v2 hierarchy: --only-cgroup and --exclude-cgroup cannot be used');
  const tiers = TIERS.map((tier) => probeTier(tier, refuse));
  const best = tiers.find((report) => report.usable);
  for (const hook of best?.hooks ?? []) {
    if (hook.status === 'refused')
      warnings.push(`${hook.name} (${hook.tracepoint}) is not there: ${hook.reason}`);
  }
  return { tiers, warnings };
}

function probeTier(tier: Tier, refuse: readonly string[]): TierReport {
  let states: Readonly<Record<string, string>> = {};
  let failure = '';
  let tls = '';
  try {
    const capture = KernelCapture.start({
      tier,
      tls: true,
      mask: true,
      without: [],
      cpuBudget: null,
      onlyCgroup: null,
      excludeCgroup: null,
      excludePids: [],
      object: kernelObject(),
      // A process that does not exist: the hooks are there and report nothing.
      onlyPid: 0x7fff_ffff,
      monotonicEpoch: 0n,
      refuse,
    });
    states = capture.hooks;
    tls = probeTls(capture);
    capture.close();
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error);
    if (error instanceof BpfError && error.code === 'EPERM')
      failure += ' (rights: CAP_BPF, CAP_PERFMON or root)';
  }
  const btf = process.getuid?.() === 0 ? readKernelBtf() : null;
  const hooks = HOOKS[tier].map((hook): HookReport => {
    const state = states[hook.program];
    const there = failure === '' ? state === 'attached' : (btf?.hasTracepoint(hook.tracepoint) ?? false);
    return {
      name: hook.program,
      tracepoint: hook.tracepoint,
      status: there ? 'ok' : 'refused',
      optional: hook.optional,
      reason: there
        ? hook.purpose
        : (state ?? (failure === '' ? 'not attached' : `no tracepoint ${hook.tracepoint}`)),
    };
  });
  if (failure === '') {
    hooks.push({
      name: 'weft_tls_write',
      tracepoint: 'uprobe',
      status: tls === '' ? 'ok' : 'refused',
      optional: true,
      reason: tls === '' ? TLS_PURPOSE : tls,
    });
  }
  return { tier, usable: failure === '', reason: failure === '' ? 'loads and attaches' : failure, hooks };
}

const TLS_PURPOSE =
  'plaintext of TLS libraries (`--tls on`); without it the sizes and times of their records';

/** Probes a TLS function of this very program, and takes the probe off again. @returns why that cannot be done, or nothing */
function probeTls(capture: KernelCapture): string {
  if (!capture.canProbeTls) return 'the kernel refuses the programs';
  const point = planFileProbes('/proc/self/exe')?.points[0] ?? {
    program: 'weft_tls_write',
    offset: 0,
    isReturn: false,
  };
  try {
    capture.probeTls('/proc/self/exe', point)();
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
