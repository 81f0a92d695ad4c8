import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exitStatus } from '../../cli/exit-status.ts';
import { type Ended, runHere } from './run-command.ts';

async function* inBytes(text: string): AsyncGenerator<Uint8Array> {
  for (const byte of new TextEncoder().encode(text)) yield new Uint8Array([byte]);
}

/** Simulates what standard input holds. */
const played = (input: unknown, ...args: readonly string[]): Promise<Ended> => {
  const text = typeof input === 'string' ? input : JSON.stringify(input);
  return runHere(['simulate', '-', ...args], { input: inBytes(text) });
};

const steps = [
  { event: 'größe' },
  { manualRun: true },
  { batch: ['b', { event: 'größe', via: ['x'] }] },
  { event: 'b' },
];
const scenario = { schedule: ['größe', 'b'], steps };
const result = {
  runs: [{ trigger: 'assets', partition: null, events: ['größe#1', 'b#1', 'größe#2'] }],
  pending: ['b'],
  otherRuns: 1,
  explanation: {
    sentence: 'Waits for größe; 1 of 2 assets updated.',
    met: false,
    tree: {
      ...{ kind: 'all', met: false, needed: 2 },
      of: [
        { kind: 'asset', asset: { name: 'größe', uri: 'größe' }, met: false, needed: 1, queued: null },
        {
          ...{ kind: 'asset', asset: { name: 'b', uri: 'b' }, met: true, needed: 1 },
          queued: {
            ...{ count: 1, first_event_id: 4, last_event_id: 4 },
            first_timestamp: '2026-01-01T00:00:02.000Z',
            last_timestamp: '2026-01-01T00:00:02.000Z',
          },
        },
      ],
    },
  },
};

describe('tidegate simulate', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tidegate-simulate-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('answers for the scenario in a file, without a server', async () => {
    const file = join(folder, 'scenario.json');
    await writeFile(file, JSON.stringify(scenario));
    const { status, stdout, stderr } = await runHere(['simulate', file, '-o', 'json']);
    expect({ status, stderr }).toEqual({ status: exitStatus.ok, stderr: '' });
    expect(JSON.parse(stdout)).toEqual(result);
  });

  it.each([
    ['one scenario with one result', scenario, result],
    ['a list with a list', [scenario, scenario], [result, result]],
    ['a list of one with a list of one', [scenario], [result]],
    ['an empty list with an empty list', [], []],
  ])('answers standard input: %s', async (_, input, answer) => {
    const { status, stdout } = await played(input, '-o', 'json');
    expect({ status, json: JSON.parse(stdout) }).toEqual({ status: exitStatus.ok, json: answer });
  });

  it('shows people what each step starts and leaves queued', async () => {
    const all = [
      ...[{ event: 'a' }, { pause: true }, { timeTick: true }, { manualRun: true }, { unpause: true }],
      ...[{ batch: ['a', { event: 'b', via: ['x', 'y'], partition: 'k' }] }, { finishRun: 1 }],
      ...[{ finishRun: 2 }, { register: true }, { clear: 'a' }, { clear: true }, { advance: '1h' }],
    ];
    const several = await played([scenario, { schedule: null, steps: [] }]);
    expect(several.stdout).toMatch(
      /^scenario 1 of 2\nSTEP +WHAT +STARTS +QUEUED\n0 +größe +- +größe\n1 +a run is asked for by hand +a requested run +größe\n2 +b \+ größe via x +a run of größe#1 b#1 größe#2 +-\n3 +b +- +b\n\nruns +1\nother runs +1\nin the end +Waits for größe; [^\n]+\n\ncondition\n✗ all of\n/,
    );
    expect(several.stdout).toMatch(
      /\nscenario 2 of 2\nno steps\n\nruns +0\nother runs +0\nin the end +Waits for no asset[^\n]+\n$/,
    );
    const { stdout } = await played({ schedule: 'a', startFrom: 'earliest', steps: all }, '-o', 'plain');
    expect(stdout.split('\n').slice(0, all.length)).toEqual([
      ...[
        '0\ta\t\t',
        '1\tpause\t\t',
        '2\ta run is asked for by time\t\t',
        '3\ta run is asked for by hand\t\t',
      ],
      ...['4\tunpause\t\t', '5\ta + b via x, y of partition k\t\t', '6\ta run ends\t\t', '7\t2 runs end\t\t'],
      ...['8\tthe consumer comes into being\t\t', '9\ta is cleared\t\t', '10\tall is cleared\t\t'],
      '11\tthe clock goes on to 2026-01-01T01:00:01.000Z\t\t',
    ]);
  });

  it.each([
    ['no JSON', '{"schedule"', /^tidegate: standard input is not JSON: .+\n$/],
    ['nothing', '', /^tidegate: standard input is not JSON: .+\n$/],
    ['no scenario', '5', /^tidegate: standard input: the scenario 5 is not valid: .+\n$/],
    [
      'a wrong one of several',
      [scenario, { ...scenario, maxActiveRuns: 0 }],
      /^tidegate: standard input: \[1\]\.maxActiveRuns 0 is not valid: .+\n$/,
    ],
    [
      'a duration that is none',
      { ...scenario, within: 'soon' },
      /within: duration "soon" is not valid: .+\n$/,
    ],
  ])('ends with 2 and one line when it is given %s', async (_, input, message) => {
    const { status, stdout, stderr } = await played(input);
    expect({ status, stdout }).toEqual({ status: exitStatus.invalid, stdout: '' });
    expect(stderr).toMatch(message);
  });

  it('ends with 2 when the file is not there, or none is named', async () => {
    const [gone, none] = await Promise.all([runHere(['simulate', '/nowhere/s.json']), runHere(['simulate'])]);
    expect([gone.status, none.status]).toEqual([exitStatus.invalid, exitStatus.invalid]);
    expect(gone.stderr).toBe(
      'tidegate: /nowhere/s.json cannot be read (ENOENT): give a .json file, or - for standard input\n',
    );
    expect(none.stderr).toMatch(/give a scenario, or --dag and --since/);
  });
});
