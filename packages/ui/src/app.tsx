import './app.css';
import { useState } from 'react';
import { useAgents, useServices } from './api/queries.ts';
import { Help } from './keys/help.tsx';
import { useCommands } from './keys/use-commands.ts';
import { nextTheme } from './look/theme.ts';
import { SearchPage } from './search/search-page.tsx';
import { TokenForm } from './token-form.tsx';
import { TracePage } from './trace/trace-page.tsx';
import { usePlace } from './url/location.ts';
import { NO_SEARCH } from './url/search-state.ts';

/** The page that the URL names, what is there on every page, and the question for a token. */
export function App() {
  const { path } = usePlace();
  const [help, setHelp] = useState(false);
  const agents = useAgents();
  useCommands((command) => {
    if (command === 'help') setHelp(true);
    else if (command === 'theme') nextTheme();
    else return false;
    return true;
  });
  // Colours are given out with all services known, not in the order in which they are met.
  const services = useServices(NO_SEARCH.range);
  if (agents.error?.status === 401) return <TokenForm />;
  if (services.isPending) return null;
  const traceId = /^\/traces\/([0-9a-fA-F]{1,32})$/.exec(path)?.[1];
  const openHelp = () => setHelp(true);
  return (
    <>
      {traceId === undefined ? (
        <SearchPage onHelp={openHelp} />
      ) : (
        <TracePage key={traceId} traceId={traceId} onHelp={openHelp} />
      )}
      {help && <Help onClose={() => setHelp(false)} />}
    </>
  );
}
