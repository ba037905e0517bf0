/** `--service-0` … in tokens.css: hues in order, then the same hues in a darker tone. */
const HUES = 12;
const SLOTS = 2 * HUES;
const KEY = 'weft.colors';
/** Names that are remembered; past it, the rest take their first choice. */
const MOST = 400;

function hash(name: string): number {
  // FNV-1a, with a last mixing so that names which differ in their last letter are far apart.
  let value = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) value = Math.imul(value ^ name.charCodeAt(i), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  return (value ^ (value >>> 13)) >>> 0;
}

/** How far apart two hues are, in steps around the circle. */
function distance(a: number, b: number): number {
  const steps = Math.abs(a - b) % HUES;
  return Math.min(steps, HUES - steps);
}

/**
 * The slot of a service: the one its name asks for, unless that is taken or looks like a taken one while there is
 * room; then the free one that is farthest from all that are taken.
 */
export function chooseSlot(name: string, taken: ReadonlySet<number>): number {
  const preferred = hash(name) % HUES;
  const tone = [0, HUES].find((base) => countIn(taken, base) < HUES);
  if (tone === undefined) return hash(name) % SLOTS;
  const used = [...taken].filter((slot) => slot >= tone && slot < tone + HUES).map((slot) => slot - tone);
  const apart = (hue: number) => used.reduce((least, other) => Math.min(least, distance(hue, other)), HUES);
  const wanted = used.length < HUES / 2 ? 2 : 1;
  if (apart(preferred) >= wanted) return tone + preferred;
  let best = preferred;
  for (let step = 1; step < HUES; step++) {
    const hue = (preferred + step) % HUES;
    if (apart(hue) > apart(best)) best = hue;
  }
  return tone + best;
}

function countIn(taken: ReadonlySet<number>, base: number): number {
  let count = 0;
  for (const slot of taken) if (slot >= base && slot < base + HUES) count++;
  return count;
}

const slots = new Map<string, number>(remembered());

/** What this browser has given out before: a service keeps its colour. */
function remembered(): [string, number][] {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    if (typeof value !== 'object' || value === null) return [];
    return Object.entries(value).filter(
      (entry): entry is [string, number] => Number.isInteger(entry[1]) && entry[1] >= 0 && entry[1] < SLOTS,
    );
  } catch {
    return [];
  }
}

/**
 * Gives out colours in the order of the names, so that browsers which know of the same services agree. Those that have
 * one keep it.
 */
export function assignColors(services: readonly string[]): void {
  for (const service of [...services].sort()) serviceToken(service);
}

/** The token of a service's colour: the same on each page and at each visit, and unlike those of the others while there are few. */
export function serviceToken(service: string): string {
  let slot = slots.get(service);
  if (slot === undefined) {
    slot = chooseSlot(service, new Set(slots.values()));
    if (slots.size < MOST) {
      slots.set(service, slot);
      localStorage.setItem(KEY, JSON.stringify(Object.fromEntries(slots)));
    }
  }
  return `--service-${slot}`;
}

/** For CSS: `var(--service-7)`. */
export function serviceColor(service: string): string {
  return `var(${serviceToken(service)})`;
}
