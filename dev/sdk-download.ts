import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { runCommand } from './command.ts';

export type SdkServer = 'dev-server' | 'time-skipping';

/** How an attempt to get a program ended: its path, or one phrase saying why not. */
export type Attempt =
  | { readonly kind: 'found'; readonly path: string }
  | { readonly kind: 'failed'; readonly why: string };

/** Why an attempt failed; undefined when it did not. */
export function whyFailed(attempt: Attempt): string | undefined {
  return attempt.kind === 'failed' ? attempt.why : undefined;
}

const answerWithinMs = 15_000;

/**
 * Lets the Temporal SDK download one of its servers into an empty folder. In a process of its own, because the SDK's
 * download has no time limit and cannot be cancelled.
 */
export async function downloadBySdk(server: SdkServer, folder: string, timeoutMs: number): Promise<Attempt> {
  const self = fileURLToPath(import.meta.url);
  const impatience = new AbortController();
  const timer = setTimeout(() => {
    // The SDK opens the file once the host has answered; a host that drops packets would cost the whole time.
    if (readdirSync(folder).length === 0) impatience.abort('the download host does not answer');
  }, answerWithinMs);
  const { output, problem } = await runCommand({
    command: process.execPath,
    args: ['--import', 'tsx', self, server, folder],
    cwd: dirname(dirname(self)),
    timeoutMs,
    signal: impatience.signal,
  });
  clearTimeout(timer);
  if (problem !== undefined) {
    const host = /error sending request for url \((https:\/\/[^/]+)/.exec(output)?.[1];
    return { kind: 'failed', why: host === undefined ? problem : `${host} cannot be reached` };
  }
  const [name] = readdirSync(folder);
  return name === undefined
    ? { kind: 'failed', why: 'nothing was downloaded' }
    : { kind: 'found', path: join(folder, name) };
}

async function download(server: SdkServer, downloadDir: string): Promise<void> {
  const executable = { type: 'cached-download', downloadDir } as const;
  const environment =
    server === 'dev-server'
      ? await TestWorkflowEnvironment.createLocal({ server: { executable } })
      : await TestWorkflowEnvironment.createTimeSkipping({ server: { executable } });
  await environment.teardown();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , server, folder = ''] = process.argv;
  await download(server === 'dev-server' ? 'dev-server' : 'time-skipping', folder);
}
