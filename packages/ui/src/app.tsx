import './app.css';
import { useState } from 'react';
import { useAgents } from './api/queries.ts';
import { Help } from './keys/help.tsx';
import { useCommands } from './keys/use-commands.ts';
import { nextTheme } from './look/theme.ts';
import { SearchPage } from './search/search-page.tsx';
import { TokenForm } from './token-form.tsx';
import { TracePage } from './trace/trace-page.tsx';
import { usePlace } from './url/location.ts';

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
  if (agents.error?.status === 401) return <TokenForm />;
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
