/** Everything that a key can do. */
export type Command =
  | 'help'
  | 'find'
  | 'back'
  | 'theme'
  | 'down'
  | 'up'
  | 'page-down'
  | 'page-up'
  | 'first'
  | 'last'
  | 'open'
  | 'live'
  | 'reload'
  | 'more'
  | 'collapse'
  | 'expand'
  | 'unfold'
  | 'shallower'
  | 'deeper'
  | 'slowest'
  | 'next-match'
  | 'previous-match'
  | 'zoom-span'
  | 'zoom-in'
  | 'zoom-out'
  | 'zoom-all'
  | 'pan-left'
  | 'pan-right';

export type Scope = 'everywhere' | 'search' | 'trace';

export interface Binding {
  /** `KeyboardEvent.key`, any of them. */
  readonly keys: readonly string[];
  readonly command: Command;
  readonly does: string;
  readonly scope: Scope;
}

/** The one table of keys: what is done, and what the help shows. */
export const KEYMAP: readonly Binding[] = [
  { keys: ['/'], command: 'find', does: 'search', scope: 'everywhere' },
  { keys: ['j', 'ArrowDown'], command: 'down', does: 'next row', scope: 'everywhere' },
  { keys: ['k', 'ArrowUp'], command: 'up', does: 'previous row', scope: 'everywhere' },
  { keys: ['PageDown'], command: 'page-down', does: 'a page down', scope: 'everywhere' },
  { keys: ['PageUp'], command: 'page-up', does: 'a page up', scope: 'everywhere' },
  { keys: ['g', 'Home'], command: 'first', does: 'first row', scope: 'everywhere' },
  { keys: ['G', 'End'], command: 'last', does: 'last row', scope: 'everywhere' },
  { keys: ['Enter'], command: 'open', does: 'open', scope: 'everywhere' },
  { keys: ['Escape'], command: 'back', does: 'close, or go back', scope: 'everywhere' },
  { keys: ['t'], command: 'theme', does: 'light, dark, or as the system', scope: 'everywhere' },
  { keys: ['?'], command: 'help', does: 'this help', scope: 'everywhere' },
  { keys: ['L'], command: 'live', does: 'live on and off', scope: 'search' },
  { keys: ['r'], command: 'reload', does: 'search again', scope: 'search' },
  { keys: ['m'], command: 'more', does: 'load older traces', scope: 'search' },
  { keys: ['s'], command: 'slowest', does: 'go to the slowest hop, then the next slowest', scope: 'trace' },
  { keys: ['h', 'ArrowLeft'], command: 'collapse', does: 'collapse, or go to the caller', scope: 'trace' },
  { keys: ['l', 'ArrowRight'], command: 'expand', does: 'expand, or go to the first call', scope: 'trace' },
  { keys: ['u'], command: 'unfold', does: 'client and server apart, or in one row', scope: 'trace' },
  { keys: ['['], command: 'shallower', does: 'show a level less', scope: 'trace' },
  { keys: [']'], command: 'deeper', does: 'show a level more', scope: 'trace' },
  { keys: ['n'], command: 'next-match', does: 'next match', scope: 'trace' },
  { keys: ['N'], command: 'previous-match', does: 'previous match', scope: 'trace' },
  { keys: ['z'], command: 'zoom-span', does: 'zoom to the selected row', scope: 'trace' },
  { keys: ['+', '='], command: 'zoom-in', does: 'zoom in', scope: 'trace' },
  { keys: ['-'], command: 'zoom-out', does: 'zoom out', scope: 'trace' },
  { keys: ['0'], command: 'zoom-all', does: 'show the whole trace', scope: 'trace' },
  { keys: [','], command: 'pan-left', does: 'move the view to earlier', scope: 'trace' },
  { keys: ['.'], command: 'pan-right', does: 'move the view to later', scope: 'trace' },
];

const BY_KEY = new Map(KEYMAP.flatMap((binding) => binding.keys.map((key) => [key, binding.command])));

/** What a key asks for; null: nothing of ours. */
export function commandOf(
  event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey'>,
): Command | null {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  return BY_KEY.get(event.key) ?? null;
}
