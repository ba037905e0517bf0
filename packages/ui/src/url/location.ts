import { useSyncExternalStore } from 'react';

/** Where the page is: what the URL says, or will say in a moment. */
export interface Place {
  readonly path: string;
  /** With its `?`, or empty. */
  readonly search: string;
}

/** Browsers allow some hundred changes of the URL in half a minute; holding `j` makes more. */
const WRITE_DELAY_MS = 150;

let place: Place = here();
let timer: number | null = null;
const listeners = new Set<() => void>();

function here(): Place {
  return { path: window.location.pathname, search: window.location.search };
}

function set(next: Place): void {
  place = next;
  for (const listener of listeners) listener();
}

function write(): void {
  if (timer === null) return;
  window.clearTimeout(timer);
  timer = null;
  history.replaceState(null, '', place.path + place.search);
}

window.addEventListener('popstate', () => {
  if (timer !== null) window.clearTimeout(timer);
  timer = null;
  set(here());
});
window.addEventListener('pagehide', write);

/** Goes to another place, with an entry in the history. */
export function go(path: string, search = ''): void {
  write();
  history.pushState(null, '', path + search);
  set({ path, search });
}

/** Changes what the URL says of the place where we are; the URL itself follows soon. */
export function amend(search: string): void {
  if (search === place.search) return;
  set({ path: place.path, search });
  timer ??= window.setTimeout(write, WRITE_DELAY_MS);
}

/** Where the page is at this moment. */
export function currentPlace(): Place {
  return place;
}

/** Where the page is; components that use it are drawn again when that changes. */
export function usePlace(): Place {
  return useSyncExternalStore(subscribe, currentPlace);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
