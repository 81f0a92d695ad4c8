/** What the files of one folder may import: folders of this repository, and packages. */
export interface ImportRule {
  /** Folder, or folder/file without extension; the longest that fits a file is its rule. */
  readonly of: string;
  readonly folders: readonly string[];
  /** As `folders`, but only with `import type`. */
  readonly typesFrom?: readonly string[];
  /** Package names, `node:` for what is built in; absent: any. */
  readonly packages?: readonly string[];
}

/** The table of the style guide. Every folder may import from itself. */
export const importRules: readonly ImportRule[] = [
  { of: 'core', folders: [], packages: [] },
  { of: 'sdk', folders: ['core'], packages: ['zod'] },
  { of: 'operators', folders: ['core', 'sdk'], packages: ['node:', 'zod', 'pg', '@duckdb/node-api'] },
  { of: 'api/contract', folders: ['core'], packages: ['zod'] },
  {
    of: 'workflows',
    folders: ['core'],
    typesFrom: ['activities'],
    packages: ['@temporalio/workflow', '@temporalio/common'],
  },
  { of: 'store', folders: ['core'] },
  {
    of: 'temporal',
    folders: ['core', 'store', 'workflows/messages', 'workflows/run-start'],
    typesFrom: ['workflows'],
  },
  { of: 'activities', folders: ['core', 'sdk', 'store', 'temporal'] },
  { of: 'testing', folders: ['core', 'sdk', 'activities'] },
  { of: 'api', folders: ['core', 'api/contract', 'store', 'temporal'] },
  { of: 'cli', folders: ['core', 'api/contract'] },
  { of: 'ui', folders: ['core', 'api/contract'] },
  {
    of: 'io',
    folders: ['core', 'sdk'],
    packages: ['node:', 'pg', '@aws-sdk/client-s3', '@duckdb/node-api'],
  },
  { of: 'examples', folders: ['sdk', 'operators', 'io'] },
];

/** They wire the others, so they may import anything, and nothing else may import them. */
export const wiring: readonly string[] = ['worker', 'dev', 'test', 'bench'];

/** Commands of the CLI that run on this machine instead of speaking to the API wire things too. */
export const localCommands: readonly string[] = ['dev', 'api', 'worker', 'db', 'replay', 'doctor'];

/** Names that say nothing about what is inside: a function lives with the type it is about. */
export const emptyNames: readonly string[] = ['utils', 'helpers', 'types', 'common', 'manager', 'service'];

/** The rule of a file (path from the root, with `/`); undefined where anything goes. */
export function ruleOf(file: string): ImportRule | undefined {
  if (isWiring(file)) return undefined;
  return importRules.filter(({ of }) => isIn(file, of)).toSorted((a, b) => b.of.length - a.of.length)[0];
}

/** Whether a file wires others together. */
export function isWiring(file: string): boolean {
  const name = file.split('/').at(-1);
  return name === 'main.ts' || wiring.some((folder) => isIn(file, folder)) || isLocalCommand(file);
}

function isLocalCommand(file: string): boolean {
  return localCommands.some((name) => file === `cli/${name}.ts` || file === `cli/commands/${name}.ts`);
}

/** Whether a file lies in a folder, or is the named file. */
export function isIn(file: string, place: string): boolean {
  return file.startsWith(`${place}/`) || file.replace(/\.tsx?$/, '') === place;
}
