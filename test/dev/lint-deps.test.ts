import { violationsOf } from '../../dev/lint-deps.ts';

describe('the import table', () => {
  it.each([
    ['core/gate.ts', `import { all } from './condition.ts';`],
    ['store/assets.ts', `import { sql } from 'kysely';\nimport { x } from '../core/gate.ts';`],
    ['workflows/consumer-dag.ts', `import type * as activities from '../activities/index.ts';`],
    ['temporal/dispatch.ts', `import { s } from '../workflows/messages.ts';`],
    ['temporal/dispatch.ts', `import { type dagRun } from '../workflows/index.ts';`],
    ['api/routes/dags.ts', `import { Dag } from '../contract/dags.ts';\nimport express from 'express';`],
    ['api/main.ts', `import { a } from '../worker/create-worker.ts';`],
    ['operators/sql.ts', `import { Client } from 'pg';\nimport { TidegateError } from '../core/errors.ts';`],
    ['examples/orders/dag.ts', `import { shell } from 'tidegate/operators';`],
    ['cli/dev.ts', `import { startStack } from '../dev/stack.ts';`],
    [
      'examples/orders/dag.ts',
      `import { dag } from 'tidegate';\nimport { readFile } from 'node:fs/promises';`,
    ],
  ])('accepts %s with %s', async (file, text) => {
    expect(await violationsOf(file, text)).toEqual([]);
  });

  it.each([
    ['core/gate.ts', `import { z } from 'zod';`, 'core imports package zod: allowed are none'],
    ['core/gate.ts', `import { join } from 'node:path';`, 'core imports package node:path: allowed are none'],
    ['core/gate.ts', `export * from '../store/log.ts';`, 'core imports store/log.ts: allowed are none'],
    [
      'operators/sql.ts',
      `import { db } from '../store/log.ts';`,
      'operators imports store/log.ts: allowed are core, sdk',
    ],
    ['sdk/dag.ts', `const f = await import('pg');`, 'sdk imports package pg: allowed are zod'],
    [
      'api/contract/dags.ts',
      `import { db } from '../app.ts';`,
      'api/contract imports api/app.ts: allowed are core',
    ],
    [
      'store/log.ts',
      `type T = import('../temporal/ids.ts').T;`,
      'store imports temporal/ids.ts: allowed are core',
    ],
    [
      'workflows/dag-run.ts',
      `import { runTask } from '../activities/index.ts';`,
      'workflows imports activities/index.ts: allowed are core, types of activities',
    ],
    [
      'api/routes/dags.ts',
      `import { startStack } from '../../dev/stack.ts';`,
      'api imports dev/stack.ts: nothing but wiring (main.ts, worker, dev, test, bench) may',
    ],
    [
      'examples/orders/dag.ts',
      `import { gate } from '../../core/gate.ts';`,
      'examples imports core/gate.ts: allowed are sdk, operators, io',
    ],
  ])('refuses in %s %s', async (file, text, problem) => {
    expect(await violationsOf(file, text)).toEqual([`${file}:1: ${problem}`]);
  });

  it('names the line, also behind letters of several bytes', async () => {
    const text = `// größer\n\n/** § */\nimport pg from 'pg';\n`;
    expect(await violationsOf('core/gate.ts', text)).toEqual([
      'core/gate.ts:4: core imports package pg: allowed are none',
    ]);
  });

  it('refuses file names that say nothing', async () => {
    expect(await violationsOf('store/event-utils.ts', '')).toEqual([
      'store/event-utils.ts:1: "utils" in a file name: name it after its main export',
    ]);
  });
});
