import { readFileSync } from 'node:fs';
import type { KernelReport, Tier } from '@weft/agent';
import { mayTrace } from './capabilities.ts';
import { CliError, reasonOf } from './errors.ts';

/** What this kernel and these rights allow. @throws CliError when not even that can be found out */
export async function probe(): Promise<KernelReport> {
  try {
    return (await import('@weft/agent')).probeKernel();
  } catch (error) {
    throw new CliError(
      `The kernel cannot be probed (${reasonOf(error)}): run \`npm run setup\` in Weft's folder.`,
    );
  }
}

/**
 * Makes sure that capturing can work before anything is started.
 * @param wanted the tier asked for; null: any
 * @throws CliError naming the cause and the remedy
 */
export async function requireTier(wanted: Tier | null): Promise<void> {
  if (!mayTrace(readFileSync('/proc/self/status', 'utf8'))) {
    throw new CliError('Capturing loads programs into the kernel and needs root: run it with sudo.');
  }
  const report = await probe();
  const candidates = report.tiers.filter((tier) => wanted === null || tier.tier === wanted);
  if (candidates.some((tier) => tier.usable)) return;
  const reason = candidates[0]?.reason.replace(/\.$/, '') ?? 'it has none';
  throw new CliError(
    wanted === null
      ? `No tier of Weft is usable on this kernel (${reason}): \`weft doctor\` shows what is missing.`
      : `The tier ${wanted} is not usable here (${reason}): choose another with --tier, or none for the best.`,
  );
}
