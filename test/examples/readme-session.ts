import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { repository } from '../support/temp-project.ts';
import { codeBlocks, type Page } from '../docs/markdown.ts';
import { matchedLines } from './shown-output.ts';

const run = promisify(execFile);
const programs = { NODE: process.execPath, TIDEGATE: `${repository}/cli/tidegate.mjs` };
const withinMs = 30_000;

/** Where the commands of a README are typed. */
export interface Shell {
  /** Working folder. */
  readonly folder: string;
  readonly apiUrl: string;
}

interface Command {
  readonly line: string;
  /** What the README shows below it. */
  readonly shown: readonly string[];
}

/**
 * Types the commands of all `console` blocks of a README into a shell, in their order, and compares what comes with what it shows. Numbers that differ
 * from one computer to the next, such as those of runs, are taken from what came before.
 * @throws Error with both, for the first command that shows something else
 */
export async function follow(page: Page, shell: Shell): Promise<number> {
  const commands = codeBlocks(page, 'console').flatMap(commandsIn);
  const runIds = new Map<string, string>();
  for (const { line, shown } of commands) {
    const typed = line.replaceAll(/asset__\d+/g, (id) => runIds.get(id) ?? id);
    const changes = /\b(?:trigger|materialize|create|pause|unpause)\b/.test(line);
    // What only looks may look before a run has ended: it looks again.
    const until = Date.now() + (changes ? 0 : withinMs);
    for (;;) {
      const output = await outputOf(typed, shell);
      const matched = matchedLines(shown, output);
      if (matched !== undefined) {
        for (const [there, here] of matched) learn(runIds, there, here);
        break;
      }
      if (Date.now() > until)
        throw new Error(
          `${page.path}: $ ${typed}\nshows\n${shown.join('\n')}\n\nhere it is\n${output.join('\n')}`,
        );
    }
  }
  return commands.length;
}

function commandsIn(block: string): readonly Command[] {
  const [, ...parts] = `\n${block.trimEnd()}`.split(/\n\$ /);
  return parts.map((part) => {
    const [line = '', ...shown] = part.split('\n');
    return { line, shown };
  });
}

async function outputOf(line: string, { folder, apiUrl }: Shell): Promise<readonly string[]> {
  const script = `exec 2>&1; tidegate() { "$NODE" "$TIDEGATE" "$@"; }; ${line}`;
  const env = { ...process.env, ...programs, NODE_OPTIONS: '', NO_COLOR: '1', TIDEGATE_API_URL: apiUrl };
  const { stdout } = await run('sh', ['-c', script], { cwd: folder, env }).catch(
    (failed: { readonly stdout: string }) => failed,
  );
  return stdout.trimEnd().split('\n');
}

/** Which run here is the one that is called so there. */
function learn(runIds: Map<string, string>, there: string, here: string): void {
  const [shown, real] = [there, here].map((text) => text.match(/asset__\d+/g) ?? []);
  for (const [index, id] of (shown ?? []).entries()) {
    const one = real?.[index];
    if (one !== undefined) runIds.set(id, one);
  }
}
