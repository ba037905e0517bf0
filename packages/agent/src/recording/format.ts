/**
 * A recording (`*.weft`): the raw event stream as the kernel side gave it, plus what was known of the
 * processes, so that a replay needs neither root nor a kernel. Little-endian, records 8-byte aligned:
 *
 *     8 bytes   "WEFTREC" + version (1)
 *     u32 n, u32 0, n bytes JSON header (RecordingHeader), padding to 8
 *     then records: u32 length, u32 type, payload, padding to 8
 *
 * A file that ends in the middle of a record (a killed recorder) is read up to there.
 */
export const MAGIC = 'WEFTREC\u0001';

export const RECORD = {
  /** A kernel event, byte for byte. */
  event: 1,
  /** JSON: what is known of a process (ProcessRecord). */
  process: 2,
} as const;

export interface RecordingHeader {
  readonly version: string;
  /** Unix nanoseconds of moment 0, decimal. */
  readonly epochUnixNano: string;
  readonly tier: string;
  /** Size of struct weft_event: a reader of another ABI refuses. */
  readonly eventSize: number;
}

/** What a recording knows of a process, in place of /proc. */
export interface ProcessRecord {
  readonly tgid: number;
  readonly service: string;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  readonly listening: readonly number[];
}
