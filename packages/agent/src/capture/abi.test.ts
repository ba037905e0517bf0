import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readBtf } from '@weft/libbpf';
import { describe, expect, it } from 'vitest';
import { abiSource } from './abi-source.ts';

const KERNEL = fileURLToPath(new URL('../../../kernel/', import.meta.url));
const OBJECT = `${KERNEL}dist/weft.bpf.o`;

describe('the event ABI', () => {
  it.skipIf(!existsSync(OBJECT))('is generated from the object: run `npm run abi` when this differs', () => {
    const header = readFileSync(`${KERNEL}bpf/weft_event.h`, 'utf8');
    const committed = readFileSync(`${KERNEL}generated/abi.ts`, 'utf8');
    expect(committed).toBe(abiSource(readBtf(OBJECT), header));
  });
});
