import { CARRIER_NAMES, type Protocol } from '../packages/protocols/index.ts';

/** A program that a test with real servers has spoken with. */
export interface Tested {
  readonly protocol: string;
  readonly program: string;
  readonly version: string;
}

const IDS = {
  headers: 'in its header fields, see below',
  'sql-comments': 'in comments of SQL',
  none: 'none',
} as const;

const HEAD = `# Protocols

Made from the code and from what the tests with real servers note: \`npm run protocols\`. Do not edit.

A stream is recognised by its bytes, whatever its port, and the guess is revised when it proves wrong. What is masked (values of
query strings, literals of SQL and GraphQL, values in commands) never leaves the agent unless \`--mask off\` says so; bodies never do.

| protocol | specification | what is read | tested with | carried ids |
| -------- | ------------- | ------------ | ----------- | ----------- |
`;

/**
 * The page \`docs/PROTOCOLS.md\`. A protocol without a summary is listed by its name.
 * @param tested in any order
 */
export function protocolsPage(protocols: readonly Protocol[], tested: readonly Tested[]): string {
  const rows = protocols.flatMap((protocol) => {
    const { name, summaries = [] } = protocol;
    if (summaries.length === 0) return [`| ${name} | | | ${programs(name, tested)} | |`];
    return summaries.map(
      ({ key, title, specification, reads, ids }) =>
        `| ${title} | ${specification} | ${reads} | ${programs(key, tested)} | ${IDS[ids]} |`,
    );
  });
  return `${HEAD}${rows.join('\n')}\n\n${idsOfHeaders()}`;
}

function programs(key: string, tested: readonly Tested[]): string {
  const found = tested.filter(({ protocol }) => protocol === key);
  if (found.length === 0) return 'recorded and made bytes';
  const names = found.map(({ program, version }) => `${program} ${version}`);
  return names.sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1)).join(', ');
}

function idsOfHeaders(): string {
  const names = CARRIER_NAMES.map((name) => `\`${name}\``).join(', ');
  return `Header fields that carry ids, and properties and comments of the same names: ${names}. Further names of request ids can be given.\n`;
}
