/** Writes parameters in the given order, leaving out what is null or empty: `a=1&b=2`, or nothing. */
export function writeParameters(values: readonly (readonly [name: string, value: string | null])[]): string {
  const query = new URLSearchParams();
  for (const [name, value] of values) if (value !== null && value !== '') query.set(name, value);
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

/** A parameter that must look like the pattern; null when it is absent or does not. */
export function readMatching(query: URLSearchParams, name: string, pattern: RegExp): string | null {
  const value = query.get(name);
  return value !== null && pattern.test(value) ? value : null;
}

/** Span ids apart by dots; what is none is left out. */
export function readIds(query: URLSearchParams, name: string): ReadonlySet<string> {
  const ids = (query.get(name) ?? '').split('.').filter((id) => /^[0-9a-f]{16}$/.test(id));
  return new Set(ids);
}

export function writeIds(ids: ReadonlySet<string>): string {
  return [...ids].join('.');
}

/** The set with that id in it if it was not, without it if it was. */
export function toggled(ids: ReadonlySet<string>, id: string): ReadonlySet<string> {
  const next = new Set(ids);
  if (!next.delete(id)) next.add(id);
  return next;
}
