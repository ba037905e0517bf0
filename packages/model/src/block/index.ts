export { checkBlock } from './check.ts';
export { decodeSpans, type OriginatedSpan, readJoinIds } from './decode.ts';
export { BlockEncoder, type BlockOrigin, encodeBlock } from './encode.ts';
export { type NamedColumn, type NativeBlock, type NativeColumn, readNative } from './native-reader.ts';
export { BLOCK_CONTENT_TYPE, SPAN_COLUMNS, type SpanColumnName } from './schema.ts';
export { ColumnValues, endItem, firstItem } from './values.ts';
