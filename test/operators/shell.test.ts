import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { commandOf } from '../../dev/processes.ts';
import { shell } from '../../operators/index.ts';
import type { TaskContext } from '../../sdk/index.ts';
import { isTaskSkipped } from '../../sdk/task-skipped.ts';
import { aTaskContext } from '../support/task-context.ts';
import { startNode } from '../support/processes.ts';
import { repository } from '../support/temp-project.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { eventually } from '../support/tidegate.ts';

let folder: TemporaryFolder;
beforeAll(async () => {
  folder = await createTemporaryFolder();
});
afterAll(() => folder.remove());

/** Runs a task's function as a worker does, with a signal of its own. */
function running<Result>(task: (context: TaskContext) => Promise<Result>) {
  const { context, said } = aTaskContext();
  const stopping = new AbortController();
  return { said, stopping, result: task({ ...context, params: {}, signal: stopping.signal }) };
}

const script = { shell: true } as const;
/** The pid that a program wrote into a file, once it is there. */
const pidIn = (file: string): Promise<number> =>
  eventually(async () => Number(await readFile(file, 'utf8').catch(() => '')) || undefined);
const gone = (pid: number): Promise<boolean> => eventually(async () => commandOf(pid) === undefined);

describe('a program', () => {
  it('gets its arguments as they are, without a shell between', async () => {
    const { result } = running(shell('printf', ['%s|', '$HOME', 'a b', '*; exit 1', '']));
    expect(await result).toBe('$HOME|a b|*; exit 1||');
  });

  it('is a script where that is said, with the arguments behind it', async () => {
    const { result } = running(shell('echo "$1 and $2" | tr a-z A-Z', ['x', 'y z'], script));
    expect(await result).toBe('X AND Y Z');
  });

  it('sees of the environment PATH and HOME, and what it is given', async () => {
    process.env['TIDEGATE_OPERATORS_TEST'] = 'seen';
    try {
      const { said, result } = running(shell('env', [], { env: { REGION: 'eu' } }));
      await result;
      const names = said.logged.map(({ message }) => message.split('=')[0]);
      // PWD is what /bin/sh adds.
      expect(new Set(names.filter((name) => name !== 'PWD'))).toEqual(new Set(['HOME', 'PATH', 'REGION']));
    } finally {
      delete process.env['TIDEGATE_OPERATORS_TEST'];
    }
  });

  it('runs in its folder and reads what it is given', async () => {
    expect(await running(shell('pwd', [], { cwd: folder.path })).result).toBe(folder.path);
    expect(await running(shell('cat', [], { stdin: 'one\ntwo\n\n' })).result).toBe('two');
    // More than a pipe holds, to a program that does not read.
    expect(await running(shell('true', [], { stdin: 'x'.repeat(1_000_000) })).result).toBe('');
  });

  it('takes options from the context of its task', async () => {
    const { result } = running(
      shell(
        ({ dagId }) => (dagId === 'a_dag' ? 'echo' : 'false'),
        async ({ runId }) => [runId],
        { cwd: () => folder.path },
      ),
    );
    expect(await result).toBe('a_run');
  });

  it('returns its last line, its JSON, or nothing', async () => {
    expect(await running(shell('printf', ['a\nb\r\n  \n'])).result).toBe('b');
    const json = shell('echo', ['{"rows": [1, 2]}'], { result: 'json' });
    expect(await running(json).result).toEqual({ rows: [1, 2] });
    expect(await running(shell('echo', ['x'], { result: 'none' })).result).toBeNull();
    const wrong = shell('echo', ['{"rows": "2"}'], {
      result: 'json',
      schema: z.object({ rows: z.number() }),
    });
    await expect(running(wrong).result).rejects.toThrow(/does not meet its schema: result\.rows: .*number/);
    await expect(running(shell('echo', ['{a'], { result: 'json' })).result).rejects.toThrow('is not JSON');
    const large = shell('head', ['-c', '1048577', '/dev/zero'], { result: 'json' });
    await expect(running(large).result).rejects.toThrow('1048577 bytes, 1048576 are allowed');
  });

  it('fails with its exit status and the end of stderr, and skips by 99', async () => {
    const failing = 'echo out; for i in $(seq 1 50); do echo "line $i" >&2; done; exit 3';
    const { result, said } = running(shell(failing, [], script));
    const error: unknown = await result.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'CommandFailed' });
    expect(String(error)).toContain('the script ended with exit status 3: line 31\n');
    expect(String(error)).toMatch(/\nline 50$/);
    expect(said.logged).toHaveLength(51);

    expect(await running(shell('exit 3', [], { ...script, okExitCodes: [0, 3] })).result).toBe('');
    const skipped = running(shell('exit 99', [], script)).result.catch(isTaskSkipped);
    expect(await skipped).toBe(true);
    const kept = running(shell('exit 99', [], { ...script, skipExitCode: null })).result;
    await expect(kept).rejects.toThrow('exit status 99');
    await expect(running(shell('kill -9 $$', [], script)).result).rejects.toThrow('was ended by SIGKILL');
    await expect(running(shell('no-such-program')).result).rejects.toThrow(
      /no-such-program ended with exit status 127: .*not found/,
    );
  });

  it('says which option cannot be used', async () => {
    await expect(running(shell('')).result).rejects.toThrow('program "" is not valid');
    await expect(running(shell('ls', [undefined as never])).result).rejects.toThrow('argument 1 undefined');
    await expect(running(shell('ls', [], { cwd: '/no/such' })).result).rejects.toThrow(
      'cwd "/no/such" is not valid: use a folder that is there on the worker',
    );
    const env = { SECRET: 'hunter2\0' };
    const error: unknown = await running(shell('ls', [], { env })).result.catch((thrown: unknown) => thrown);
    expect(String(error)).toContain('env "SECRET" is not valid');
    expect(String(error)).not.toContain('hunter2');
  });

  it('logs while it runs, stderr as warnings, and no environment', async () => {
    const file = join(folder.path, 'go');
    const waiting = `echo first; echo second >&2; while [ ! -e ${file} ]; do sleep 0.05; done; echo third`;
    const { said, result } = running(shell(waiting, [], { ...script, env: { TOKEN: 'hunter2' } }));
    await eventually(async () => said.logged.length === 2);
    await writeFile(file, '');
    await result;
    const messages = said.logged.map(({ message }) => message);
    expect(messages.toSorted()).toEqual(['first', 'second', 'third']);
    expect(JSON.stringify(said.logged)).not.toContain('hunter2');
  });

  it('floods no log', async () => {
    const { said, result } = running(shell('yes | head -n 300000; echo the end', [], script));
    expect(await result).toBe('the end');
    expect(said.logged.length).toBeLessThan(50_000);
    const dropped = said.logged
      .filter(({ message }) => message === 'output not logged: there is too much of it')
      .map(({ fields }) => (fields as { readonly lines: number }).lines);
    const lines = said.logged.length - dropped.length + dropped.reduce((sum, count) => sum + count, 0);
    expect(lines).toBe(300_001);
    expect(said.logged.at(-1)?.message).toBe('the end');
  });
});

describe('a program that is to end', () => {
  const tree = (name: string) => {
    const file = join(folder.path, name);
    return { file, text: `sleep 600 & echo $! > ${file}.tmp; mv ${file}.tmp ${file}; wait` };
  };

  it('is told so, with all it has started', async () => {
    const { file, text } = tree('told');
    const { stopping, result } = running(shell(text, [], script));
    const child = await pidIn(file);
    stopping.abort(new Error('CANCELLED'));
    await expect(result).rejects.toThrow('CANCELLED');
    expect(await gone(child)).toBe(true);
  });

  it('is killed when it does not listen', async () => {
    const file = join(folder.path, 'deaf');
    const deaf = `trap '' TERM; (trap '' TERM; while true; do sleep 0.1; done) & echo $! > ${file}; wait; wait`;
    const { stopping, result } = running(shell(deaf, [], { ...script, grace: '300ms' }));
    const child = await pidIn(file);
    stopping.abort(new Error('CANCELLED'));
    await expect(result).rejects.toThrow('CANCELLED');
    expect(await gone(child)).toBe(true);
  });

  it('leaves nothing in the background', async () => {
    const file = join(folder.path, 'background');
    const { result } = running(shell(`sleep 600 & echo $! > ${file}; echo done`, [], script));
    expect(await result).toBe('done');
    expect(await gone(await pidIn(file))).toBe(true);
  });

  it('does not outlive a worker that was killed', async () => {
    const { file, text } = tree('orphan');
    const program = join(folder.path, 'worker.mts');
    const options = `{ shell: true, grace: '200ms' }`;
    await writeFile(
      program,
      `import { shell } from '${repository}/operators/index.ts';
       const context = { signal: new AbortController().signal, log: { info() {}, warn() {} }, skip() {} };
       await shell(${JSON.stringify(text)}, [], ${options})(context);`,
    );
    const worker = startNode(['--import', 'tsx', program], { variables: { NODE_OPTIONS: '' } });
    const child = await pidIn(file);
    worker.kill('SIGKILL');
    await worker.status;
    expect(await gone(child)).toBe(true);
  });

  it('does not begin when its task is over already', async () => {
    const { context } = aTaskContext();
    const file = join(folder.path, 'never');
    const task = shell('touch', [file]);
    const signal = AbortSignal.abort(new Error('over'));
    await expect(task({ ...context, params: {}, signal })).rejects.toThrow('over');
    await expect(readFile(file)).rejects.toThrow('ENOENT');
  });
});
