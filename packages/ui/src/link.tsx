import type { ComponentProps, MouseEvent } from 'react';
import { go } from './url/location.ts';

interface LinkProps extends ComponentProps<'a'> {
  readonly path: string;
  readonly search?: string;
}

/** A link within the page: without loading anything anew, unless a new tab is asked for. */
export function Link({ path, search = '', ...more }: LinkProps) {
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(path, search);
  };
  return <a {...more} href={path + search} onClick={follow} />;
}
