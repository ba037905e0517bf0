import { type RefObject, useEffect, useRef } from 'react';
import { useScheme } from './theme.ts';

/** Gives the colour of a token (`--ink`) as a canvas understands it. */
type TokenColor = (token: string) => string;

/** What a canvas is drawn with; sizes in CSS pixels. */
export interface Drawing {
  readonly context: CanvasRenderingContext2D;
  readonly width: number;
  readonly height: number;
  readonly color: TokenColor;
}

/** Tokens are `light-dark(…)`: only the style of an element tells which of the two it is. */
function tokenColors(probe: HTMLElement): TokenColor {
  const known = new Map<string, string>();
  return (token) => {
    let color = known.get(token);
    if (color === undefined) {
      probe.style.color = `var(${token})`;
      color = getComputedStyle(probe).color;
      known.set(token, color);
    }
    return color;
  };
}

/**
 * A canvas that is drawn whenever its size, the theme or `draw` changes (so make `draw` with useCallback), sharp on
 * any screen.
 */
export function useCanvas(draw: (drawing: Drawing) => void): RefObject<HTMLCanvasElement | null> {
  const ref = useRef<HTMLCanvasElement>(null);
  const scheme = useScheme();
  // `scheme` is a reason to draw again: tokens have other colours in another.
  useEffect(() => {
    const canvas = ref.current;
    if (canvas === null) return;
    const paint = () => {
      const context = canvas.getContext('2d');
      const { clientWidth: width, clientHeight: height } = canvas;
      if (context === null || width === 0 || height === 0) return;
      const ratio = window.devicePixelRatio;
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      context.scale(ratio, ratio);
      draw({ context, width, height, color });
    };
    const probe = document.createElement('span');
    probe.hidden = true;
    canvas.after(probe);
    const color = tokenColors(probe);
    const observer = new ResizeObserver(paint);
    observer.observe(canvas);
    return () => {
      observer.disconnect();
      probe.remove();
    };
  }, [draw, scheme]);
  return ref;
}
