export function importsOf(source: string): string[];
export function violations(sources: ReadonlyMap<string, string>): { file: string; reason: string }[];
export function readSources(): Map<string, string>;
