import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { isRecord } from '../core/json.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const cache = join(root, 'node_modules', '.cache', 'tidegate');
/** All that workflows are made of beside the SDK; the import rules see to it. */
const sources = ['workflows', 'core'];

/**
 * The workflows as one script, for every worker of the process. Compiling takes seconds, so the script is kept beside the packages until
 * a source or a package changes; where it cannot be kept, it is compiled each time.
 */
export async function bundleWorkflows(folder = cache): Promise<WorkflowBundleWithSourceMap> {
  const file = await bundleFile(folder);
  const kept = await readBundle(file);
  if (kept !== undefined) return kept;
  const bundle = await bundleWorkflowCode({
    workflowsPath: join(root, 'workflows', 'index.ts'),
    // The bundler reports every module it takes; only what goes wrong matters to people.
    logger: new DefaultLogger('WARN'),
  });
  await keepBundle(file, bundle).catch(() => undefined);
  return bundle;
}

/** Where the script of the present sources is kept: its name says what it was made of. */
export async function bundleFile(folder: string): Promise<string> {
  const hash = createHash('sha256').update(root);
  // Versions of packages are exact there.
  const files = [join(root, 'package.json')];
  for (const source of sources) {
    const names = await readdir(join(root, source));
    files.push(...names.toSorted().map((name) => join(root, source, name)));
  }
  for (const file of files)
    hash
      .update(file)
      .update('\0')
      .update(await readFile(file));
  return join(folder, `workflows-${hash.digest('hex').slice(0, 32)}.json`);
}

/** Undefined where there is none, or one that was cut off. */
async function readBundle(file: string): Promise<WorkflowBundleWithSourceMap | undefined> {
  try {
    const bundle: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (!isRecord(bundle)) return undefined;
    const { code, sourceMap } = bundle;
    return typeof code === 'string' && typeof sourceMap === 'string' ? { code, sourceMap } : undefined;
  } catch {
    return undefined;
  }
}

/** Puts it in place as a whole, and removes those of other sources. */
async function keepBundle(file: string, { code, sourceMap }: WorkflowBundleWithSourceMap): Promise<void> {
  const folder = dirname(file);
  await mkdir(folder, { recursive: true });
  const aside = `${file}.${randomUUID()}`;
  await writeFile(aside, JSON.stringify({ code, sourceMap }));
  await rename(aside, file);
  for (const name of await readdir(folder)) {
    const other = join(folder, name);
    if (/^workflows-\w+\.json$/.test(name) && other !== file) await rm(other, { force: true });
  }
}
