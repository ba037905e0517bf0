import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  plugins: [react()],
  build: {
    // `light-dark()` as it is written, and nothing for browsers that lack it.
    target: ['chrome123', 'firefox120', 'safari17.5'],
    emptyOutDir: true,
    // The server's content security policy allows files of its own alone: nothing is inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  // `npx vite packages/ui`: the page from its sources, over the API of a server that runs.
  server: { proxy: { '/api': process.env['WEFT_URL'] ?? 'http://127.0.0.1:7766' } },
});
