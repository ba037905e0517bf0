import { defineConfig } from 'vitest/config';

/** Real servers and programs of others, most of them traced: needs root and eBPF. One file at a time, each in a process of its own. */
export default defineConfig({
  test: {
    include: ['**/*.servers.test.ts'],
    exclude: ['**/node_modules/**'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 60_000,
  },
});
