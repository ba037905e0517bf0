export {
  Btf,
  type BtfField,
  type BtfStruct,
  type BtfVariable,
  type FieldKind,
  type KindName,
  readBtf,
  readKernelBtf,
} from './src/btf.ts';
export { BpfError, errnoName } from './src/errors.ts';
export { BpfMap, UPDATE_FLAGS } from './src/map.ts';
export { BpfObject, type OpenOptions, openObject } from './src/object.ts';
export { Link, Program } from './src/program.ts';
export { RingBuffer } from './src/ring-buffer.ts';
export { type RingMemory, RingReader } from './src/ring-reader.ts';
export {
  isHelperSupported,
  isMapTypeSupported,
  isProgramTypeSupported,
  libraryVersion,
  MAP_TYPES,
  type MapTypeName,
  PROGRAM_TYPES,
  type ProgramTypeName,
  possibleCpus,
  setRlimitMemlock,
} from './src/system.ts';
export type { VariableValue } from './src/variables.ts';
