import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repository } from '../support/temp-project.ts';

const run = promisify(execFile);
const programs = { NODE: process.execPath, TIDEGATE: join(repository, 'cli/tidegate.mjs') };

/** What a shell shows when the commands of a block are typed into it, errors included. */
export async function typed(block: string): Promise<string> {
  let [shown, status] = ['', 0];
  for (const [, line = ''] of block.matchAll(/^\$ (.+)$/gm)) {
    const shell = `exec 2>&1; tidegate() { "$NODE" "$TIDEGATE" "$@"; }; (exit ${status}); ${line}`;
    const ended = await run('sh', ['-c', shell], {
      env: { ...process.env, NODE_OPTIONS: '', ...programs },
    }).then(
      ({ stdout }) => ({ stdout, code: 0 }),
      (failed: { readonly stdout: string; readonly code: number }) => failed,
    );
    shown += `$ ${line}\n${ended.stdout}`;
    status = ended.code;
  }
  // The formatter takes away the tab before a last cell that is empty.
  return shown.replaceAll(/[ \t]+$/gm, '');
}
