import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import {
  bundleWorkflowCode,
  DefaultLogger,
  Worker,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { bundleWorkflows } from '../../worker/workflow-bundle.ts';
import { readHistoryText, recordedHistories, toReplay } from '../support/histories.ts';
import { installRuntime } from '../support/runtime.ts';

const maxHistoryBytes = 300_000;
const scenarios = [
  ...[
    'and',
    'any',
    'nested',
    'back-pressure',
    'owed',
    'deadline',
    'pause',
    'continue-as-new',
    'timed',
    'keyed',
    'filtered',
    'parts',
    'attempts',
    'single-flight-queue',
    'single-flight-keyed',
    'single-flight-cancel',
  ].map((name) => `consumerDag--${name}`),
  ...[
    'success',
    'retry',
    'failure',
    'cancel',
    'attempt',
    'marked',
    'pooled',
    'untaken',
    'waits',
    'callbacks',
    'mapped-pairs',
  ].map((name) => `dagRun--${name}`),
  'mappedTask--pooled',
  'mappedTask--pairs',
  'tick--scheduled',
  'tick--deadline',
];

/** What went wrong with each history, by its name; nothing where it replays. */
const replay = async (workflowBundle: WorkflowBundleWithSourceMap) => {
  const problems: Record<string, string | undefined> = {};
  const results = Worker.runReplayHistories({ workflowBundle }, toReplay(recordedHistories()));
  for await (const { workflowId, error } of results) problems[workflowId] = error?.name;
  return problems;
};

// What Temporal logs about a replay is the verdict, which is tested here.
beforeAll(() => {
  installRuntime({
    logger: new DefaultLogger('ERROR', () => undefined),
    telemetryOptions: { logging: { filter: 'off', console: {} } },
  });
});

describe('the recorded histories', () => {
  it.each(scenarios)('have one of %s', (scenario) => {
    expect(recordedHistories().filter((name) => name.startsWith(scenario))).not.toEqual([]);
  });

  it.each(recordedHistories())(
    'are small and say nothing of the machine they were recorded on: %s',
    (name) => {
      const text = readHistoryText(name);
      expect(text.length).toBeLessThan(maxHistoryBytes);
      expect(text).not.toContain(hostname());
      expect(text).not.toContain(process.cwd());
      const encoded = [...text.matchAll(/"data": "([^"]*)"/g)].map(([, data = '']) =>
        Buffer.from(data, 'base64').toString(),
      );
      expect(`${text}${encoded.join('\n')}`).not.toMatch(
        /node_modules|\/home\/|\/root\/|\/Users\/|file:\/\//,
      );
    },
  );

  it('replay with the workflows as they are now', async () => {
    const problems = await replay(await bundleWorkflows());
    expect(problems).toEqual(Object.fromEntries(recordedHistories().map((name) => [name, undefined])));
  });

  it('do not replay with workflows that do something else', async () => {
    const incompatible = await bundleWorkflowCode({
      workflowsPath: fileURLToPath(new URL('incompatible/index.ts', import.meta.url)),
      logger: new DefaultLogger('WARN'),
    });
    const problems = await replay(incompatible);
    expect(problems).toEqual(
      Object.fromEntries(recordedHistories().map((name) => [name, 'DeterminismViolationError'])),
    );
  });
});
