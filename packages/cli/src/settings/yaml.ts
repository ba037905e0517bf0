import { err, ok, type Result } from '@weft/model';

/** A value of weft.yaml: text, or a list written `[a, b]` or as `- a` lines. */
export type YamlValue = string | readonly string[];

/**
 * Reads the subset of YAML that settings need: one `key: value` a line, `#` comments, quoted text, lists as
 * `[a, b]` or as indented `- item` lines. No nesting, no anchors, no types: every value is text.
 * @returns the keys in order, or a sentence with the line's number
 */
export function parseFlatYaml(source: string): Result<ReadonlyMap<string, YamlValue>> {
  const found = new Map<string, YamlValue>();
  let openList: { readonly key: string; readonly items: string[] } | null = null;
  for (const [index, raw] of source.split(/\r?\n/).entries()) {
    const line = stripComment(raw).trimEnd();
    const at = `line ${index + 1}`;
    if (line.trim() === '' || line === '---') continue;
    const item = /^\s+-\s+(.*)$/.exec(line);
    if (item !== null && openList !== null) {
      openList.items.push(unquote(item[1]!));
      found.set(openList.key, openList.items);
      continue;
    }
    const pair = /^([A-Za-z][A-Za-z0-9_-]*):(?:\s+(.*))?$/.exec(line);
    if (pair === null) return err(`${at} is not of the form \`key: value\``);
    const key = pair[1]!;
    if (found.has(key)) return err(`${at} sets \`${key}\` a second time`);
    const value = (pair[2] ?? '').trim();
    openList = value === '' ? { key, items: [] } : null;
    if (value.startsWith('{') || value.startsWith('&') || value.startsWith('|') || value.startsWith('>')) {
      return err(`${at} uses a form of YAML that settings do not have: write \`key: value\``);
    }
    found.set(key, parseValue(value));
  }
  return ok(found);
}

function parseValue(value: string): YamlValue {
  if (!value.startsWith('[') || !value.endsWith(']')) return unquote(value);
  const inner = value.slice(1, -1).trim();
  return inner === '' ? [] : inner.split(',').map((part) => unquote(part.trim()));
}

/** Cuts a comment off: `#` at the start or after a blank, outside quotes. */
function stripComment(line: string): string {
  let quote = '';
  for (let i = 0; i < line.length; i++) {
    const char = line[i]!;
    if (quote !== '') {
      if (char === quote) quote = '';
    } else if (char === '"' || char === "'") quote = char;
    else if (char === '#' && (i === 0 || /\s/.test(line[i - 1]!))) return line.slice(0, i);
  }
  return line;
}

function unquote(value: string): string {
  const match = /^(["'])(.*)\1$/.exec(value);
  return match === null ? value : match[2]!;
}
