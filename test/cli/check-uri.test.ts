import { spawn } from 'node:child_process';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { runCommandLine } from '../../cli/command-line.ts';
import { exitStatus } from '../../cli/exit-status.ts';
import type { UriVerdict } from '../../core/uri-level.ts';
import { type Ended, hereOptions, runHere, tidegate } from './run-command.ts';

const check = (...args: readonly string[]): Promise<Ended> => runHere(['assets', 'check-uri', ...args]);
const checkInput = (pieces: readonly (string | Uint8Array)[], ...args: readonly string[]): Promise<Ended> =>
  runHere(['assets', 'check-uri', '-', '-o', 'json', ...args], { input: asInput(pieces) });

async function* asInput(pieces: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield typeof piece === 'string' ? new TextEncoder().encode(piece) : piece;
}

function verdictsIn({ stdout }: Ended): readonly UriVerdict[] {
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

const short = 'postgresql://warehouse/users';
const expected = 'it is not written as its scheme expects: postgres://host[:5432]/database/schema/table';

describe('tidegate assets check-uri', () => {
  it('says what becomes of a URI, without a server', async () => {
    const ended = await check('postgresql://ann:secret@h/d//t?b=1#f', '-o', 'json');
    expect(ended).toMatchObject({ status: exitStatus.ok, stderr: '' });
    expect(verdictsIn(ended)).toEqual([
      {
        input: 'postgresql://ann:secret@h/d//t?b=1#f',
        valid: true,
        normalized: 'postgres://h:5432/d/default/t?b=1',
        warnings: ['user and password were removed: keep credentials out of asset URIs'],
        reason: null,
      },
    ]);
  });

  it('ends with 1 when one of them is not valid, and says why', async () => {
    const ended = await check('s3://b/', 'Airflow://x', '', '-o', 'json');
    expect(ended).toMatchObject({ status: exitStatus.failed, stderr: 'tidegate: not valid: 2 of 3 URIs\n' });
    const nothing = { valid: false, normalized: null, warnings: [] };
    expect(verdictsIn(ended)).toEqual([
      { input: 's3://b/', valid: true, normalized: 's3://b/', warnings: [], reason: null },
      { input: 'Airflow://x', ...nothing, reason: "the scheme 'airflow' is reserved: use another one" },
      { input: '', ...nothing, reason: 'it is empty: write a URI such as s3://bucket/path' },
    ]);
  });

  it.each([
    [[], exitStatus.ok, short, [expected], null],
    [['--level', 'warn'], exitStatus.ok, short, [expected], null],
    [['--level', 'strict'], exitStatus.failed, null, [], expected],
    [['--level', 'off'], exitStatus.ok, short, [], null],
  ])('judges by the level: %j', async (level, status, normalized, warnings, reason) => {
    const ended = await check(short, '-o', 'json', ...level);
    expect(ended.status).toBe(status);
    expect(verdictsIn(ended)).toEqual([
      { input: short, valid: reason === null, normalized, warnings, reason },
    ]);
  });

  it('is a table for people, and a row a line for scripts', async () => {
    const [people, script] = await Promise.all([
      check('S3://b/k/', 'tidegate:x'),
      check('S3://b/k/', '-o', 'plain'),
    ]);
    expect(people.stdout).toMatch(
      /^URI +VALID +NORMALIZED +REMARKS\nS3:\/\/b\/k\/ +yes +s3:\/\/b\/k +-\ntidegate:x +no +- +the scheme .+\n$/,
    );
    expect(script.stdout).toBe('S3://b/k/\ttrue\ts3://b/k\t\n');
  });

  it.each([
    [['--level', 'lenient', 's3://b'], /Allowed choices are strict, warn, off/],
    [[], /missing required argument 'uris'/],
    [['-', 's3://b'], /^tidegate: - stands alone: .+\n$/],
  ])('ends with 2 when it is called with %j', async (args, message) => {
    const { status, stdout, stderr } = await check(...args);
    expect({ status, stdout }).toEqual({ status: exitStatus.invalid, stdout: '' });
    expect(stderr).toMatch(message);
  });
});

describe('tidegate assets check-uri -', () => {
  it('reads one JSON string a line, however the lines arrive', async () => {
    const bytes = new TextEncoder().encode('"s3://b/ü"\r\n"s3:\\/\\/b/k/"\n"-"');
    const whole = await checkInput([bytes]);
    const inBytes = await checkInput([...bytes].map((byte) => new Uint8Array([byte])));
    expect(verdictsIn(whole).map(({ input, normalized }) => [input, normalized])).toEqual([
      ['s3://b/ü', null],
      ['s3://b/k/', 's3://b/k'],
      ['-', '-'],
    ]);
    expect(inBytes).toEqual(whole);
  });

  it('has nothing to say about nothing', async () => {
    expect(await checkInput([])).toEqual({ status: exitStatus.ok, stdout: '', stderr: '' });
  });

  it.each([
    ['a bare URI', 's3://b'],
    ['an empty line', ''],
    ['a number', '42'],
    ['a list', '["s3://b"]'],
    ['half a string', '"s3://b'],
    ['two strings', '"a" "b"'],
    ['more than a URI may ever be', `"${'x'.repeat(1_100_000)}"`],
  ])('stops at a line that is %s, naming its number', async (_, line) => {
    const ended = await checkInput(['"one"\n"two"\n', `${line}\n"four"\n`]);
    expect(ended.status).toBe(exitStatus.invalid);
    expect(ended.stderr).toMatch(/^tidegate: line 3 is not a JSON string: .+\n$/);
    expect(verdictsIn(ended).map(({ input }) => input)).toEqual(['one', 'two']);
  });

  it('does not wait for the end of a line that has none', async () => {
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) yield new Uint8Array(65_536).fill(120);
    }
    const args = ['assets', 'check-uri', '-'];
    expect((await runHere(args, { input: endless() })).stderr).toMatch(/^tidegate: line 1 is not/);
  });

  it('answers what it has, and waits until that is taken, before it reads on', async () => {
    const told: string[] = [];
    async function* input(): AsyncGenerator<Uint8Array> {
      for (const piece of ['"a"\n"b"\n', '"c"\n']) {
        told.push('reads');
        yield new TextEncoder().encode(piece);
      }
    }
    const terminal = {
      ...hereOptions().terminal,
      write: (text: string) => void told.push(`writes ${text.split('\n').length - 1}`),
      drained: async () => void told.push('waits'),
      input: input(),
    };
    await runCommandLine(['assets', 'check-uri', '-', '-o', 'json'], { ...hereOptions(), terminal });
    const round = (lines: number) => ['reads', `writes ${lines}`, 'waits'];
    expect(told.slice(0, 6)).toEqual([...round(2), ...round(1)]);
  });

  it('takes 100,000 lines in less memory than they fill', async () => {
    const count = 100_000;
    const path = 'p'.repeat(600);
    const child = spawn(process.execPath, [tidegate, 'assets', 'check-uri', '-', '-o', 'json'], {
      env: { ...process.env, NODE_OPTIONS: '--max-old-space-size=64' },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const status = new Promise((resolve) => {
      child.once('close', resolve);
    });
    const lines = function* () {
      for (let at = 0; at < count; at += 1) yield `"s3://bucket/${path}/${at}/"\n`;
    };
    let answered = 0;
    child.stdout.on('data', (chunk: Buffer) => (answered += chunk.toString().split('\n').length - 1));
    await pipeline(Readable.from(lines()), child.stdin);
    expect({ status: await status, answered }).toEqual({ status: exitStatus.ok, answered: count });
  });
});
