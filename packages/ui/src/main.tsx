import '@fontsource-variable/geist';
import '@fontsource-variable/geist-mono';
import './look/tokens.css';
import './look/base.css';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ApiError } from './api/client.ts';
import { App } from './app.tsx';

const client = new QueryClient({
  defaultOptions: {
    queries: {
      // What the server refused it refuses again; what it did not answer, it may.
      retry: (failures, error) => failures < 2 && !(error instanceof ApiError && error.status >= 400),
      // The server may be on this very host: being offline is no reason not to ask.
      networkMode: 'always',
      refetchOnWindowFocus: false,
    },
  },
});

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <App />
    </QueryClientProvider>
  </StrictMode>,
);
