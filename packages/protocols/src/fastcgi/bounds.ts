/** Requests under way that are remembered of one connection; servers allow some tens. */
const MOST = 256;
/** So many make room at once: a map whose oldest entries go one by one is slow to find the next. */
const EVICTED = 32;

/** Adds an entry; the oldest ones make room if there are too many. @param evict is told of each */
export function addToMap<V>(map: Map<number, V>, id: number, value: V, evict: (oldest: V) => void): void {
  if (map.size >= MOST) {
    let count = EVICTED;
    for (const [oldest, entry] of map) {
      if (count-- === 0) break;
      map.delete(oldest);
      evict(entry);
    }
  }
  map.set(id, value);
}
