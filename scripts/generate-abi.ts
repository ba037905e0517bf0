import { readFileSync, writeFileSync } from 'node:fs';
import { readBtf } from '@weft/libbpf';
import { abiSource } from '../packages/agent/src/capture/abi-source.ts';

const source = abiSource(
  readBtf('packages/kernel/dist/weft.bpf.o'),
  readFileSync('packages/kernel/bpf/weft_event.h', 'utf8'),
);
writeFileSync('packages/kernel/generated/abi.ts', source);
