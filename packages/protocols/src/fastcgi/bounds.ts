/** Requests under way that are remembered of one connection; servers allow some tens. */
const MOST = 256;

/** Adds an entry; the oldest makes room if there are too many. @param evict is told of it */
export function addToMap<V>(map: Map<number, V>, id: number, value: V, evict: (oldest: V) => void): void {
  if (map.size >= MOST) {
    for (const [oldest, entry] of map) {
      map.delete(oldest);
      evict(entry);
      break;
    }
  }
  map.set(id, value);
}
