import type { ReactNode } from 'react';
import { AgentsStatus } from './agents/agents-status.tsx';
import { Link } from './link.tsx';
import { nextTheme, useTheme } from './look/theme.ts';

const THEME_SIGNS = { system: '◐', light: '○', dark: '●' } as const;

/** The bar over each page: home, what the page puts there, agents, theme, help. */
export function TopBar({
  home,
  onHelp,
  children,
}: {
  readonly home: string;
  readonly onHelp: () => void;
  readonly children: ReactNode;
}) {
  const theme = useTheme();
  return (
    <header className="top-bar">
      <Link className="brand" path="/" search={home}>
        <svg viewBox="0 0 20 20" fill="none" strokeWidth="2.2" strokeLinecap="round" aria-hidden="true">
          <path className="warp" d="M6 2v16M14 2v16" />
          <path className="weft" d="M2 6h2.2M8 6h10M2 14h10M16 14h2" />
        </svg>
        Weft
      </Link>
      <div className="top-bar-middle">{children}</div>
      <AgentsStatus />
      <button
        type="button"
        className="button plain"
        onClick={nextTheme}
        title={`Theme: ${theme} (t)`}
        aria-label={`Theme: ${theme}`}
      >
        <span aria-hidden="true">{THEME_SIGNS[theme]}</span>
      </button>
      <button type="button" className="button plain" onClick={onHelp} title="Keys (?)" aria-label="Keys">
        <kbd>?</kbd>
      </button>
    </header>
  );
}
