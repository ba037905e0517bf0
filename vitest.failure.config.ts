import { defineConfig } from 'vitest/config';

/** What goes wrong around Weft, with its real processes: needs root, eBPF and a compiler. One file at a time. */
export default defineConfig({
  test: {
    include: ['**/*.failure.test.ts'],
    exclude: ['**/node_modules/**'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
});
