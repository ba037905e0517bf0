/** A call that a program made, as the program itself noted it. */
export interface TruthCall {
  readonly call: string;
  /** The call that was being served; null for the load generator's. */
  readonly parent: string | null;
  /** The call at the top of its tree. */
  readonly root: string;
  /** Warm-up calls are known, but not counted. */
  readonly counted: boolean;
}

/** One truth log. */
export interface TruthFile {
  /** Its name; a name that begins with `warmup` makes its roots uncounted. */
  readonly name: string;
  /** Lines of JSON: `{"call": …, "parent": …}`. */
  readonly text: string;
}

/** All truth logs together. */
export interface Truth {
  readonly calls: ReadonlyMap<string, TruthCall>;
  /** Counted root call → all calls of its tree, itself included. */
  readonly trees: ReadonlyMap<string, readonly string[]>;
  /** What is wrong with the logs themselves; any entry makes the score worthless. */
  readonly problems: readonly string[];
}

interface Line {
  readonly call: string;
  readonly parent: string | null;
  readonly warmup: boolean;
}

function parseLine(text: string, warmup: boolean): Line | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const { call, parent } = value as { call?: unknown; parent?: unknown };
  if (typeof call !== 'string' || call === '') return null;
  if (parent !== null && typeof parent !== 'string') return null;
  return { call, parent, warmup };
}

function readLines(files: readonly TruthFile[], problems: string[]): Map<string, Line> {
  const lines = new Map<string, Line>();
  for (const file of files) {
    const warmup = file.name.startsWith('warmup');
    for (const text of file.text.split('\n')) {
      if (text.trim() === '') continue;
      const line = parseLine(text, warmup);
      if (line === null) problems.push(`${file.name}: not a truth line: ${text.slice(0, 80)}`);
      else if (lines.has(line.call)) problems.push(`${file.name}: call id ${line.call} is used twice`);
      else lines.set(line.call, line);
    }
  }
  return lines;
}

function rootOf(start: Line, lines: ReadonlyMap<string, Line>): Line | string {
  const seen = new Set<string>();
  let line = start;
  while (line.parent !== null) {
    if (seen.has(line.call)) return `call ${start.call} is its own ancestor`;
    seen.add(line.call);
    const above = lines.get(line.parent);
    if (above === undefined) return `call ${line.call} has the parent ${line.parent}, which nobody made`;
    line = above;
  }
  return line;
}

/** Reads truth logs and builds the trees. Never throws: what is wrong is in `problems`. */
export function readTruth(files: readonly TruthFile[]): Truth {
  const problems: string[] = [];
  const lines = readLines(files, problems);
  const calls = new Map<string, TruthCall>();
  const trees = new Map<string, string[]>();
  for (const line of lines.values()) {
    const root = rootOf(line, lines);
    if (typeof root === 'string') {
      problems.push(root);
      continue;
    }
    const counted = !root.warmup;
    calls.set(line.call, { call: line.call, parent: line.parent, root: root.call, counted });
    if (!counted) continue;
    const tree = trees.get(root.call);
    if (tree === undefined) trees.set(root.call, [line.call]);
    else tree.push(line.call);
  }
  return { calls, trees, problems };
}
