import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { chooseSlot } from './service-color.ts';

const SOURCES = fileURLToPath(new URL('..', import.meta.url));
const TOKENS = readFileSync(join(SOURCES, 'look/tokens.css'), 'utf8');

/** Lightness, chroma, hue of a token, in light and in dark. */
function token(name: string): readonly [light: Oklch, dark: Oklch] {
  const number = '([\\d.]+)%? ([\\d.]+) ([\\d.]+)';
  const match = new RegExp(`${name}: light-dark\\(\\s*oklch\\(${number}\\),\\s*oklch\\(${number}\\)`).exec(
    TOKENS,
  );
  if (match === null) throw new Error(`no token ${name}`);
  const [l1, c1, h1, l2, c2, h2] = match.slice(1).map(Number);
  return [
    { l: l1! / 100, c: c1!, h: h1! },
    { l: l2! / 100, c: c2!, h: h2! },
  ];
}

interface Oklch {
  readonly l: number;
  readonly c: number;
  readonly h: number;
}

/** Relative luminance (WCAG 2) of an OKLCH colour, through linear sRGB (Ottosson's matrices), clipped to its gamut. */
function luminance({ l, c, h }: Oklch): number {
  const a = c * Math.cos((h * Math.PI) / 180);
  const b = c * Math.sin((h * Math.PI) / 180);
  const long = (l + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const medium = (l - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const short = (l - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const clip = (value: number) => Math.min(1, Math.max(0, value));
  const red = clip(4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short);
  const green = clip(-1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short);
  const blue = clip(-0.0041960863 * long - 0.7034186147 * medium + 1.707614701 * short);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrasts(one: string, other: string): number[] {
  const second = token(other);
  return token(one).map((color, scheme) => {
    const [low, high] = [luminance(color), luminance(second[scheme]!)].sort((a, b) => a - b);
    return (high! + 0.05) / (low! + 0.05);
  });
}

describe('tokens', () => {
  it('are the only place that names a colour', () => {
    const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter(
      (file) => /\.(css|tsx?)$/.test(file) && !file.endsWith('.test.ts') && file !== 'look/tokens.css',
    );
    expect(files.length).toBeGreaterThan(40);
    for (const file of files) {
      const text = readFileSync(join(SOURCES, file), 'utf8');
      expect([
        file,
        /#[0-9a-f]{3,8}\b(?!['"]?\))|\b(rgba?|hsla?|oklch|oklab|lab|lch)\(/i.exec(text)?.[0],
      ]).toEqual([file, undefined]);
    }
  });

  it('are all defined that are used', () => {
    const defined = new Set([...TOKENS.matchAll(/(--[\w-]+):/g)].map((match) => match[1]));
    const local = new Set([
      '--dot',
      '--share',
      '--service',
      '--depth',
      '--confidence',
      '--columns',
      '--why-display',
    ]);
    for (const file of readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })) {
      if (!/\.(css|tsx?)$/.test(file)) continue;
      for (const [, name] of readFileSync(join(SOURCES, file), 'utf8').matchAll(/var\((--[\w-]+)[,)]/g)) {
        expect([file, name, defined.has(name) || local.has(name!)]).toEqual([file, name, true]);
      }
    }
  });

  it('give texts the contrast of WCAG AA on everything they stand on', () => {
    const pairs = [
      ...['--ink', '--ink-muted', '--ink-faint'].flatMap((ink) =>
        ['--ground', '--surface', '--raised'].map((ground) => [ink, ground] as const),
      ),
      ['--ink-muted', '--hover'],
      ['--ink-muted', '--accent-soft'],
      ['--accent', '--accent-soft'],
      ['--accent', '--surface'],
      ['--ember-ink', '--surface'],
      ['--ember-ink', '--accent-soft'],
      ['--error-ink', '--error-soft'],
      ['--error-ink', '--ground'],
      ['--warn-ink', '--warn-soft'],
      ['--warn-ink', '--surface'],
    ] as const;
    for (const [ink, ground] of pairs) {
      for (const contrast of contrasts(ink, ground)) {
        expect([ink, ground, contrast >= 4.5, contrast]).toEqual([ink, ground, true, contrast]);
      }
    }
  });

  it('give bars the contrast of graphics (3 : 1 in dark, 2.4 : 1 in light)', () => {
    for (let slot = 0; slot < 24; slot++) {
      const [light, dark] = contrasts(`--service-${slot}`, '--ground');
      expect([slot, light! >= 2.4, dark! >= 3]).toEqual([slot, true, true]);
    }
  });
});

describe('chooseSlot', () => {
  it('keeps services apart while there is room, and never fails', () => {
    const taken = new Set<number>();
    const slots: number[] = [];
    for (let i = 0; i < 60; i++) {
      const slot = chooseSlot(`service-${i}`, taken);
      expect(slot >= 0 && slot < 24).toBe(true);
      taken.add(slot);
      slots.push(slot);
    }
    expect(new Set(slots.slice(0, 24)).size).toBe(24);
    expect(chooseSlot('shop', new Set())).toBe(chooseSlot('shop', new Set()));
  });
});
