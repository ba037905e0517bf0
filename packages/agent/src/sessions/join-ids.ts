import { type HashKey, type JoinId, joinIdOf, keyedHash } from '@weft/model';
import type { Message } from '@weft/protocols';

/**
 * What a request and its response carried that spans on the other side of an untraced proxy may carry too. Ids of the response
 * count: where a proxy makes the id, its caller is told of it there and nowhere else.
 * @param key with which values are hashed; the same on all hosts
 * @returns undefined when there is nothing to join by
 */
export function joinIdsOf(
  request: Message,
  response: Message | null,
  key: HashKey | undefined,
): readonly JoinId[] | undefined {
  const { carried } = request;
  const answered = response?.carried ?? null;
  if (carried === null && answered === null) return undefined;
  const ids: JoinId[] = [];
  const add = (id: JoinId) => {
    if (!ids.includes(id)) ids.push(id);
  };
  for (const ofMessage of [carried, answered]) {
    for (const { hash, specific } of ofMessage?.requestIds ?? []) {
      add(joinIdOf(hash, specific ? 'specific' : 'vague'));
    }
  }
  if (carried !== null && carried.traceId !== null && carried.spanId !== null) {
    add(joinIdOf(keyedHash(`${carried.traceId} ${carried.spanId}`, key), 'context'));
  }
  if (carried?.target !== undefined) add(joinIdOf(carried.target, 'target'));
  return ids.length === 0 ? undefined : ids;
}
