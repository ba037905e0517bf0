import { useSyncExternalStore } from 'react';

const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const KEY = 'weft.theme';
const listeners = new Set<() => void>();
let theme: Theme = THEMES.find((known) => known === localStorage.getItem(KEY)) ?? 'system';

function apply(): void {
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
  for (const listener of listeners) listener();
}

// Canvases draw again when the system changes its mind.
window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', apply);
apply();

/** Follows the system, or does not; kept for the next visit. */
function chooseTheme(next: Theme): void {
  theme = next;
  localStorage.setItem(KEY, next);
  apply();
}

/** System → light → dark → system. */
export function nextTheme(): void {
  chooseTheme(THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]!);
}

export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, () => theme);
}

/** What is shown now; canvases depend on it, for they must draw again when it changes. */
export function useScheme(): 'light' | 'dark' {
  return useSyncExternalStore(subscribe, shownScheme);
}

function shownScheme(): 'light' | 'dark' {
  if (theme !== 'system') return theme;
  return window.matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
