import { sql } from 'kysely';
import type { NewAssetEvent, Seq } from '../../core/asset-event.ts';
import { type LeafId, leafOfSubscription } from '../../core/leaves.ts';
import { type DagId, parseDagId, parseRunId, parseTaskId, type RunId } from '../../core/ids.ts';
import type { ImportError } from '../../core/project-plan.ts';
import type { DagPlan } from '../../core/run-plan.ts';
import { AssetIds } from '../../store/asset-ids.ts';
import { type DatabaseOptions, type Db, openDatabase } from '../../store/database.ts';
import { type Deployed, deployProject } from '../../store/deploy.ts';
import { migrate } from '../../store/migrate.ts';
import { Recorder } from '../../store/recorder.ts';
import type { Recorded, Submission, TaskTry } from '../../store/recording.ts';
import { requestRun } from '../../store/requests.ts';
import { Tries } from '../../store/task-runs.ts';
import { anAsset, aProject, hashOf } from './plans.ts';
import { createTestDatabase, type TestDatabase } from './postgres.ts';

/** The store on a database of its own, without Temporal. */
export interface TestStore {
  readonly db: Db;
  /** Opens it once more, as another process would. */
  readonly place: DatabaseOptions;
  deploy(dags: readonly DagPlan[], importErrors?: readonly ImportError[]): Promise<Deployed>;
  /** Events of these assets (by URI) as one submission. */
  submission(uris: readonly string[], rest?: Partial<Submission>): Promise<Submission>;
  /** Records events of these assets as one batch. @returns their positions */
  post(...uris: readonly string[]): Promise<readonly Seq[]>;
  head(): Promise<Seq>;
  /** The leaf that stands for an asset in the condition of a DAG. */
  leaf(dagId: string, uri: string): Promise<LeafId>;
  /** A run by hand that waits to be let in. */
  request(dagId: string, runId: string): Promise<RunId>;
  /** The next try of a task of an open run. */
  begin(dagId: string, runId: string, taskId: string): Promise<TaskTry>;
  stop(): Promise<void>;
}

let database: Promise<TestDatabase> | undefined;
let stores = 0;

/** A schema of its own in the database of the test file, which goes with the server of the run. */
export async function startStore(dags: readonly DagPlan[] = []): Promise<TestStore> {
  database ??= createTestDatabase();
  stores += 1;
  const place = { url: (await database).url, schema: `store_${stores}` };
  const db = openDatabase(place);
  await migrate(db, place.schema);
  const recorder = new Recorder(db);
  const assetIds = new AssetIds(db);
  const store: TestStore = {
    db,
    place,
    deploy: (plans, importErrors = []) => deployProject(db, aProject(plans, { importErrors }), hashOf),
    async submission(uris, rest = {}) {
      const idOf = await assetIds.find(uris.map(anAsset));
      const events = uris.map((uri): NewAssetEvent => ({
        assetId: idOf(anAsset(uri)),
        extra: {},
        partitionKey: undefined,
      }));
      return { source: { kind: 'api' }, events, ...rest };
    },
    async post(...uris) {
      return seqsOf(await recorder.record(await store.submission(uris)));
    },
    async head() {
      const { rows } = await sql<{ head: Seq }>`select head from log`.execute(db);
      return rows[0]?.head ?? 0;
    },
    async leaf(dagId, uri) {
      const { id } = await db
        .selectFrom('subscription')
        .innerJoin('asset', 'asset.id', 'subscription.asset_id')
        .select('subscription.id')
        .where('dag_id', '=', parseDagId(dagId))
        .where('uri', '=', anAsset(uri).uri)
        .orderBy('subscription.id', 'desc')
        .executeTakeFirstOrThrow();
      return leafOfSubscription(id);
    },
    async request(id, name) {
      const dagId = parseDagId(id);
      const runId = parseRunId(dagId, name);
      const none = { note: null, logicalAt: null, dataIntervalStartAt: null, dataIntervalEndAt: null };
      await requestRun(db, { dagId, runId, trigger: 'manual', conf: '{}', ...none });
      return runId;
    },
    async begin(id, name, task) {
      const dagId: DagId = parseDagId(id);
      const attempt = { dagId, runId: parseRunId(dagId, name), attempt: 1, taskId: parseTaskId(task) };
      const begun = await new Tries(db, 'test').begin({ ...attempt, timeoutMs: null });
      if (begun.kind !== 'begun') throw new Error(`no try of ${task}: ${begun.kind}`);
      return { ...attempt, try: begun.try };
    },
    stop: () => db.destroy(),
  };
  if (dags.length > 0) await store.deploy(dags);
  return store;
}

/** Positions of what was recorded; fails when nothing was. */
export function seqsOf(recorded: Recorded | undefined): readonly Seq[] {
  if (recorded?.kind !== 'recorded') throw new Error(`not recorded: ${recorded?.kind}`);
  return recorded.seqs;
}
