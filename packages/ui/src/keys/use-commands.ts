import { useEffect, useRef } from 'react';
import { type Command, commandOf } from './keymap.ts';

/** Does what is asked; false: not here, so others are asked, at last the browser. */
export type CommandHandler = (command: Command) => boolean;

/** Handlers of the page as it is now: the last that came is asked first. */
const handlers: { current: CommandHandler }[] = [];

/** Handles commands as long as the component is there. */
export function useCommands(handler: CommandHandler): void {
  const latest = useRef(handler);
  useEffect(() => {
    latest.current = handler;
  });
  useEffect(() => {
    handlers.push(latest);
    return () => {
      handlers.splice(handlers.indexOf(latest), 1);
    };
  }, []);
}

/** Does a command as if its key had been pressed. @returns whether anyone did it */
export function run(command: Command): boolean {
  for (let i = handlers.length - 1; i >= 0; i--) if (handlers[i]!.current(command)) return true;
  return false;
}

window.addEventListener('keydown', (event) => {
  if (event.defaultPrevented || document.querySelector('dialog[open]') !== null) return;
  const command = commandOf(event);
  if (command === null || isTheirs(event, command)) return;
  if (run(command)) event.preventDefault();
});

/** Within an element with `data-scrolls` these move what it shows, as everywhere in the browser. */
const SCROLLING = /^(Arrow(Up|Down)|Page(Up|Down)|Home|End)$/;

/** Keys that what has the focus needs for itself. */
function isTheirs({ target, key }: KeyboardEvent, command: Command): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.matches('input, textarea, select')) {
    if (command === 'back') target.blur();
    return true;
  }
  if (SCROLLING.test(key) && target.closest('[data-scrolls]') !== null) return true;
  return command === 'open' && target.matches('a, button, summary');
}
