import { describe, expect, test } from 'vitest';
import { importsOf, violations } from './layers.mjs';

function reasons(files: Record<string, string>): string[] {
  return violations(new Map(Object.entries(files))).map(({ file, reason }) => `${file}: ${reason}`);
}

describe('importsOf', () => {
  test('finds every form of import', () => {
    const source = `
      import './a.ts';
      import b from "./b.ts";
      import type { C } from './c.ts';
      import {
        d,
        e,
      } from './d.ts';
      export * from './f.ts';
      export { g } from './g.ts';
      const h = await import('./h.ts');
      import * as i from 'node:fs';
    `;
    expect(importsOf(source)).toEqual([
      './a.ts',
      './b.ts',
      './c.ts',
      './d.ts',
      './f.ts',
      './g.ts',
      'node:fs',
      './h.ts',
    ]);
  });

  test('leaves comments and exported strings alone', () => {
    const source = `
      // import x from './x.ts';
      /** import y from './y.ts'; */
      export const z = 'from nowhere';
      export function f() { return 'a'; }
      const go = \`
      import "C"
      \`;
    `;
    expect(importsOf(source)).toEqual([]);
  });
});

describe('violations', () => {
  test('a clean tree has none', () => {
    expect(
      reasons({
        'packages/model/index.ts': `export * from './src/a.ts';`,
        'packages/model/src/a.ts': 'export const a = 1;',
        'packages/protocols/index.ts': `import { a } from '@weft/model';`,
        'packages/agent/index.ts': `import '@weft/protocols'; import '@weft/libbpf'; import 'node:fs';`,
        'packages/libbpf/index.ts': `import koffi from 'koffi';`,
        'demo/main.ts': `import '@weft/agent';`,
      }),
    ).toEqual([]);
  });

  test('a dependency against the direction', () => {
    expect(reasons({ 'packages/model/index.ts': `import '@weft/agent';` })).toEqual([
      'packages/model/index.ts: model may not depend on agent',
    ]);
    expect(reasons({ 'packages/store/src/x.ts': `import type { A } from '@weft/server';` })).toHaveLength(1);
  });

  test('an import past an index, by name or by path', () => {
    expect(reasons({ 'packages/agent/index.ts': `import '@weft/model/src/a.ts';` })).toEqual([
      'packages/agent/index.ts: `@weft/model/src/a.ts` goes past the index of @weft/model',
    ]);
    expect(
      reasons({
        'demo/main.ts': `import '../packages/model/src/a.ts';`,
        'packages/model/src/a.ts': '',
      }),
    ).toEqual(['demo/main.ts: `../packages/model/src/a.ts` leaves demo/: import `@weft/…` instead']);
  });

  test('the demo may run programs as the scenarios do, through their index', () => {
    const scenarios = { 'scenarios/programs/index.ts': '', 'scenarios/programs/launch.ts': '' };
    expect(reasons({ ...scenarios, 'demo/main.ts': `import '../scenarios/programs/index.ts';` })).toEqual([]);
    expect(
      reasons({ ...scenarios, 'demo/main.ts': `import '../scenarios/programs/launch.ts';` }),
    ).toHaveLength(1);
    expect(
      reasons({ ...scenarios, 'packages/cli/index.ts': `import '../../scenarios/programs/index.ts';` }),
    ).toHaveLength(1);
  });

  test('a cycle between files, told once', () => {
    const found = reasons({
      'packages/model/src/a.ts': `import './b.ts';`,
      'packages/model/src/b.ts': `import './c.ts';`,
      'packages/model/src/c.ts': `import type { A } from './a.ts';`,
    });
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(
      'import cycle: packages/model/src/a.ts → packages/model/src/b.ts → packages/model/src/c.ts → packages/model/src/a.ts',
    );
  });

  test('two ways to one file are no cycle', () => {
    expect(
      reasons({
        'packages/model/src/a.ts': `import './b.ts'; import './c.ts';`,
        'packages/model/src/b.ts': `import './c.ts';`,
        'packages/model/src/c.ts': '',
      }),
    ).toEqual([]);
  });

  test('pure packages use no Node APIs, except in tests', () => {
    expect(
      reasons({
        'packages/causality/src/x.ts': `import { readFileSync } from 'node:fs';`,
        'packages/causality/src/x.test.ts': `import { readFileSync } from 'node:fs'; import 'vitest';`,
      }),
    ).toEqual(['packages/causality/src/x.ts: causality is pure and may not use `node:fs`']);
  });

  test('npm packages have their homes', () => {
    expect(
      reasons({ 'packages/agent/src/x.ts': `import koffi from 'koffi';\nimport leftPad from 'left-pad';` }),
    ).toEqual([
      'packages/agent/src/x.ts: `koffi` may be imported by libbpf alone',
      'packages/agent/src/x.ts: `left-pad` is not among the packages that may be imported',
    ]);
  });

  test('the page is checked as all the rest, and knows of the model alone', () => {
    expect(
      reasons({
        'packages/ui/src/a.tsx':
          "import { useState } from 'react';\nimport type { SpanJson } from '@weft/model';",
        'packages/ui/src/b.tsx': "import { x } from '@weft/server';\nimport './gone.tsx';",
        'packages/server/src/c.ts': "import { App } from '@weft/ui';\nimport 'react';",
      }),
    ).toEqual([
      'packages/server/src/c.ts: server may not depend on ui',
      'packages/server/src/c.ts: `react` may be imported by ui alone',
      'packages/ui/src/b.tsx: ui may not depend on server',
      'packages/ui/src/b.tsx: `./gone.tsx` does not exist',
    ]);
  });

  test('a file outside all packages, a missing file, a package that is none', () => {
    expect(
      reasons({
        'packages/stray/x.ts': '',
        'packages/model/src/x.ts': `import './gone.ts';`,
        'packages/cli/src/x.ts': `import '@weft/nothing';`,
      }),
    ).toEqual([
      'packages/cli/src/x.ts: `@weft/nothing` is no package of this repository',
      'packages/model/src/x.ts: `./gone.ts` does not exist',
      'packages/stray/x.ts: belongs to no known package: add it to scripts/layers.mjs',
    ]);
  });
});
