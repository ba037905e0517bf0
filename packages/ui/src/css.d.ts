import 'react';

declare module 'react' {
  interface CSSProperties {
    /** Custom properties: how a component hands numbers and tokens to its style sheet. */
    [property: `--${string}`]: string | number | undefined;
  }
}
