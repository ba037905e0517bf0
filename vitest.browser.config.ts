import { defineConfig } from 'vitest/config';

/** The page in a real browser, over a real server with traced traffic: needs root, eBPF and Chromium. */
export default defineConfig({
  test: {
    include: ['packages/ui/**/*.browser.test.ts'],
    exclude: ['**/node_modules/**'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 90_000,
    expect: { poll: { timeout: 15_000 } },
    hookTimeout: 90_000,
  },
});
