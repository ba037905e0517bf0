import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { bundleLiveEntry } from '../testing/bundle.ts';
import { BPFTOOL, call, type KernelIds, kernelIds, openFixture } from '../testing/live.ts';
import type { Ending } from '../testing/live-entry.ts';

const path = fileURLToPath(new URL('../fixtures/fixture.o', import.meta.url));
let entry: Awaited<ReturnType<typeof bundleLiveEntry>>;

interface Report {
  readonly ids: KernelIds;
  readonly events: number;
}

/** Of these ids, the ones that the kernel still has. */
function stillThere(ids: KernelIds): string[] {
  const has = (kind: string, wanted: number[]) => {
    const listed = JSON.parse(execFileSync(BPFTOOL, ['--json', kind, 'show'], { encoding: 'utf8' })) as {
      id: number;
    }[];
    return wanted.filter((id) => listed.some((one) => one.id === id)).map((id) => `${kind} ${id}`);
  };
  return [...has('prog', ids.programs), ...has('map', ids.maps)];
}

/** The kernel frees a program and its maps some milliseconds after their last user. */
async function expectNothingLeft(ids: KernelIds): Promise<void> {
  expect(ids.programs.length).toBeGreaterThan(0);
  expect(ids.maps.length).toBe(7);
  await vi.waitFor(() => expect(stillThere(ids)).toEqual([]), { timeout: 10_000, interval: 50 });
}

beforeAll(async () => {
  entry = await bundleLiveEntry();
});
afterAll(() => entry.remove());

describe('nothing is left in the kernel', () => {
  it('after close, whatever was attached and mapped', async () => {
    const object = openFixture(path);
    object.load();
    object.map('events').openRing();
    object.map('live').mmap();
    object.attach();
    call(1);
    const ids = kernelIds(object);
    expect(stillThere(ids)).toHaveLength(8);
    object.close();
    await expectNothingLeft(ids);
  });

  it.each<[Ending, boolean]>([
    ['close', false],
    ['leave', false],
    ['throw', true],
  ])('after a worker thread that ends by "%s"', async (ending, fails) => {
    const worker = new Worker(entry.file, { workerData: { path, ending } });
    const errors: unknown[] = [];
    worker.on('error', (error) => errors.push(error));
    const ended = new Promise<number>((resolve) => worker.on('exit', resolve));
    const [report] = (await once(worker, 'message')) as [Report];
    await ended;
    expect(errors).toHaveLength(fails ? 1 : 0);
    expect(report.events).toBe(30);
    await expectNothingLeft(report.ids);
  });

  it('after kill -9 of the process', async () => {
    const child = spawn(process.execPath, [entry.file, path, 'wait'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const [line] = (await once(child.stdout, 'data')) as [Buffer];
      const report = JSON.parse(line.toString()) as Report;
      expect(report.events).toBe(30);
      expect(stillThere(report.ids)).toHaveLength(8);
      child.kill('SIGKILL');
      await once(child, 'exit');
      await expectNothingLeft(report.ids);
    } finally {
      child.kill('SIGKILL');
    }
  });
});
