import { defineConfig } from 'vitest/config';

/** Tests that need root and a kernel with eBPF, or real servers: one file at a time, each in a process of its own. */
export default defineConfig({
  test: {
    include: ['**/*.live.test.ts'],
    exclude: ['**/node_modules/**'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 60_000,
  },
});
