/** A file of which a process runs code. */
export interface MappedFile {
  /** Device and inode, as the kernel prints them: names the file within one process. */
  readonly key: string;
  /** As the process sees it, in its own root. */
  readonly path: string;
  /** Range of addresses, the name of the mapping in `/proc/PID/map_files`. */
  readonly range: string;
}

const LINE = /^([0-9a-f]+-[0-9a-f]+) ..x. [0-9a-f]+ ([0-9a-f]+:[0-9a-f]+ [1-9]\d*) +(\/.*)$/;

/** Files of which a process runs code, each once. @param maps text of `/proc/PID/maps` (proc_pid_maps(5)) */
export function mappedFiles(maps: string): MappedFile[] {
  const found = new Map<string, MappedFile>();
  for (const line of maps.split('\n')) {
    const match = LINE.exec(line);
    if (match === null) continue;
    const [, range, key, path] = match;
    if (!found.has(key!))
      found.set(key!, { key: key!, path: path!.replace(/ \(deleted\)$/, ''), range: range! });
  }
  return [...found.values()];
}

/** Libraries by whose name alone it is clear that they may hold TLS functions; others are not opened. */
const TLS_NAME = /\/[^/]*(?:ssl|tls|node|conscrypt)[^/]*$/i;

/** Whether a mapped file may hold TLS functions. @param isProgram it is what the process was started from */
export function mayHoldTls(path: string, isProgram: boolean): boolean {
  return isProgram || TLS_NAME.test(path);
}
