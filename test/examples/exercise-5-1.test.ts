import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAssetUri } from '../../core/asset-uri.ts';
import { parseDagId, parseRunId, parseTaskId } from '../../core/ids.ts';
import type { AssetEvent } from '../../core/asset-event.ts';
import type { JsonObject } from '../../core/json.ts';
import { loadProject, type Project } from '../../worker/project.ts';
import { aTaskContext, type Said } from '../support/task-context.ts';

const examples = fileURLToPath(new URL('../../examples', import.meta.url));
const uri = parseAssetUri('s3://data-lake/processed_data');

/** The totals once more, by other means: the last of two lines of an order is overwritten by the first, and a pattern tells the good ones. */
async function expectedTotals(): Promise<{ lines: number; rows: number; cents: number; groups: number }> {
  const [, ...lines] = (await readFile(join(examples, 'exercise_5_1/orders.csv'), 'utf8'))
    .trimEnd()
    .split('\n');
  const first = new Map(lines.toReversed().map((line) => [line.slice(0, line.indexOf(',')), line]));
  const groups = new Set<string>();
  let [rows, cents] = [0, 0];
  for (const line of first.values()) {
    const match = /^O-\d+,(2024-\d\d-\d\d)T[^,]+,C-\d+,(\w\w),.*,([1-9]\d*),(\d+)\.(\d\d)$/.exec(line);
    if (match === null || match[1] === '2024-02-30') continue;
    const [, day, country, quantity, whole, hundredths] = match;
    groups.add(`${day}${country}`);
    rows += 1;
    cents += Number(quantity) * (Number(whole) * 100 + Number(hundredths));
  }
  return { lines: lines.length, rows, cents, groups: groups.size };
}

describe('exercise 5.1', () => {
  let project: Project;
  let lake: string;

  const run = async (
    dagId: string,
    taskId: string,
    given: Parameters<typeof aTaskContext>[0],
  ): Promise<{ result: unknown; said: Said }> => {
    const task = project.findTask(dagId, taskId);
    if (task === undefined) throw new Error(`${dagId}.${taskId} is not defined`);
    const { context, said } = aTaskContext(given);
    return { result: await task.run(context), said };
  };
  const produce = async (): Promise<{ clean: unknown; said: Said }> => {
    const { result: clean } = await run('exercise_5_1_producer', 'clean_orders', {});
    const { said } = await run('exercise_5_1_producer', 'aggregate_orders', { needs: { clean } });
    return { clean, said };
  };

  beforeAll(async () => {
    lake = await mkdtemp(join(tmpdir(), 'tidegate-lake-'));
    process.env['TIDEGATE_DATA_LAKE'] = lake;
    project = await loadProject(examples);
  });
  afterAll(async () => {
    delete process.env['TIDEGATE_DATA_LAKE'];
    await rm(lake, { recursive: true });
  });

  it('defines the two DAGs the exercise asks for', () => {
    expect(project.plan.importErrors).toEqual([]);
    const own = project.plan.dags.filter(({ dagId }) => dagId.startsWith('exercise_5_1_'));
    expect(own).toMatchObject([
      {
        dagId: 'exercise_5_1_consumer',
        startAt: Date.UTC(2024, 0, 1),
        tags: ['exercise', 'module-05', 'assets', 'consumer'],
        cron: null,
        condition: { kind: 'all', of: [{ kind: 'asset', asset: { uri } }] },
      },
      {
        dagId: 'exercise_5_1_producer',
        startAt: Date.UTC(2024, 0, 1),
        tags: ['exercise', 'module-05', 'assets', 'producer'],
        cron: { expression: '@hourly', timezone: 'UTC' },
        condition: null,
      },
    ]);
  });

  it('cleans at least 10,000 orders and updates the asset with the right totals', async () => {
    const expected = await expectedTotals();
    const { clean, said } = await produce();

    expect(expected.lines).toBeGreaterThan(10_000);
    expect(clean).toEqual({ rows: expected.rows, rejected: expected.lines - expected.rows });
    expect(said.emitted).toEqual([
      {
        asset: expect.objectContaining({ uri }),
        extra: {
          rows: expected.rows,
          rejected: expected.lines - expected.rows,
          groups: expected.groups,
          revenue: expected.cents / 100,
          processedAt: expect.any(String),
        },
      },
    ]);
    expect(said.emitted[0]?.asset.eventExtra?.safeParse(said.emitted[0].extra).success).toBe(true);
  });

  it('leaves whole files only in the data lake', async () => {
    await Promise.all([produce(), produce()]);
    expect((await readdir(join(lake, 'processed_data'))).toSorted()).toEqual([
      'daily_totals.jsonl',
      'orders.jsonl',
    ]);
  });

  it('reports what arrived, and from where', async () => {
    const { said: produced } = await produce();
    const expected = await expectedTotals();
    const emitted: JsonObject = JSON.parse(JSON.stringify(produced.emitted[0]?.extra));
    const [dagId, taskId] = [parseDagId('exercise_5_1_producer'), parseTaskId('aggregate_orders')];
    const event: AssetEvent = {
      seq: 7,
      assetId: 1,
      asset: { name: uri, uri },
      recordedAt: Date.UTC(2024, 5, 1),
      extra: emitted,
      partitionKey: undefined,
      source: {
        kind: 'task',
        dagId,
        runId: parseRunId(dagId, 'scheduled__2024-06-01T00:00:00.000Z'),
        taskId,
      },
      sourceRun: undefined,
    };
    const announced = await run('exercise_5_1_consumer', 'announce', { events: [event] });
    expect(announced.said.logged).toEqual([
      { message: 'Data is available for processing!', fields: undefined },
      {
        message: 'triggered by',
        fields: { asset: uri, source: event.source, at: '2024-06-01T00:00:00.000Z', extra: event.extra },
      },
    ]);

    const { result } = await run('exercise_5_1_consumer', 'report', {
      needs: { announce: announced.result },
    });
    expect(result).toMatchObject({ orders: expected.rows, revenue: expected.cents / 100 });
    expect(result).toHaveProperty('days.length', 90);
    expect(result).toHaveProperty('countries.length', 8);
  });
});
