import { readFile, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { bundleWorkflows } from '../../worker/create-worker.ts';

/** The workflows, bundled once for all test files of a run: its temporary folder is its own. */
export async function bundledWorkflows(): Promise<WorkflowBundleWithSourceMap> {
  const file = join(tmpdir(), 'workflow-bundle.js');
  const made = await readFile(file, 'utf8').catch(() => undefined);
  if (made !== undefined) return { code: made, sourceMap: '' };
  const bundle = await bundleWorkflows();
  const aside = `${file}.${process.pid}`;
  await writeFile(aside, bundle.code);
  await rename(aside, file);
  return bundle;
}
