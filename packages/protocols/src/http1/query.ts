/**
 * A query string with its keys kept and its values replaced: `id=7&tag=x` → `id=?&tag=?`. A part without `=` may
 * be a value as well as a key, so it is hidden too.
 */
export function maskQuery(query: string): string {
  let out = '';
  let from = 0;
  while (from <= query.length) {
    const next = query.indexOf('&', from);
    const to = next < 0 ? query.length : next;
    const equals = query.indexOf('=', from);
    if (to > from) out += equals >= from && equals < to ? `${query.slice(from, equals)}=?` : '?';
    if (next < 0) break;
    out += '&';
    from = next + 1;
  }
  return out;
}
