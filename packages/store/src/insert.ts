import { Readable } from 'node:stream';
import { type ClickHouseClient, ClickHouseError } from '@clickhouse/client';
import { SPAN_COLUMNS } from '@weft/model';

/** The store refuses what is in a block: sending it again would not help. */
export class BlockRefused extends Error {}

/** The store's disk is full: sending again helps once there is room. */
export class StoreFull extends Error {}

const INSERT = `INSERT INTO spans (${SPAN_COLUMNS.map((column) => column.name).join(', ')}) FORMAT Native`;

/**
 * Error codes of the engine that say: this data cannot be stored. 6, 27 cannot parse, 33, 190 cannot read all data, sizes
 * differ, 53, 70 wrong type, 69, 131 too large, 117, 130 wrong data, 252 too many partitions, 691 unknown enum value.
 * All others may pass.
 */
const REFUSALS = new Set(['6', '27', '33', '53', '69', '70', '117', '130', '131', '190', '252', '691']);

/** 243 is NOT_ENOUGH_SPACE, of room that is reserved before a write; a write under way fails with ENOSPC's own words. */
function isFull(error: ClickHouseError): boolean {
  return error.code === '243' || error.message.includes('No space left on device');
}

/**
 * Stores wire blocks in one insert.
 * @throws BlockRefused when one of them can never be stored, StoreFull; what the client throws when the store cannot be reached
 */
export async function insertBlocks(client: ClickHouseClient, blocks: readonly Uint8Array[]): Promise<void> {
  if (blocks.length === 0) return;
  // Native blocks may lie one after another; the engine makes one part of them.
  const chunks = blocks.map((block) => Buffer.from(block.buffer, block.byteOffset, block.byteLength));
  try {
    const { stream } = await client.exec({
      query: INSERT,
      values: Readable.from(chunks, { objectMode: false }),
    });
    for await (const _ of stream) {
      // The answer is empty; its end says that all is stored.
    }
  } catch (error) {
    if (error instanceof ClickHouseError && REFUSALS.has(error.code)) throw new BlockRefused(error.message);
    if (error instanceof ClickHouseError && isFull(error)) throw new StoreFull(error.message);
    throw error;
  }
}
