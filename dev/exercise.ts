import { setTimeout as sleep } from 'node:timers/promises';
import { type AssetEvent, AssetEventCollection } from '../api/contract/asset-events.ts';
import { DagRun } from '../api/contract/dag-runs.ts';
import { DagCollection } from '../api/contract/dags.ts';
import { type Api, pathOf } from '../cli/api-client.ts';
import { type ExerciseText, latencyMs } from './exercise-text.ts';
import { followRun, waitsFor } from './follow-run.ts';

export const producerId = 'exercise_5_1_producer';
export const consumerId = 'exercise_5_1_consumer';

const runWithinMs = 120_000;
const startWithinMs = 30_000;
const everyMs = 100;

/** Whether the project has the two DAGs of Exercise 5.1. */
export async function hasExercise(api: Api): Promise<boolean> {
  const { dags } = await api.get(DagCollection, '/api/v2/dags', {
    dag_id_pattern: 'exercise_5_1_',
    limit: 1_000,
  });
  return [producerId, consumerId].every((id) => dags.some(({ dag_id }) => dag_id === id));
}

/**
 * Runs the producer once and shows its run, the event it records and the run that this starts of the consumer.
 * @returns why it did not end well; `undefined` when it did
 */
export async function runExercise(
  api: Api,
  text: ExerciseText,
  say: (line: string) => void,
): Promise<string | undefined> {
  const paused = await pausedOf(api);
  if (paused.length > 0) {
    return `${paused.join(' and ')} ${paused.length === 1 ? 'is' : 'are'} paused, so nothing would run: resume with \`tidegate dags unpause <dag id>\``;
  }
  const requested = await api.send('POST', DagRun, pathOf`/api/v2/dags/${producerId}/dagRuns`, {
    note: 'npm start: Exercise 5.1',
  });
  const problem = await showRun(api, text, say, requested);
  if (problem !== undefined) return problem;

  const event = await awaited(() => eventOf(api, requested.dag_run_id));
  if (event === undefined)
    return `${producerId} succeeded, but no asset event of its run ${requested.dag_run_id} is recorded`;
  say(text.event(event));

  const started = await awaited(() => runStartedBy(api, event.id));
  if (started === undefined) {
    return `event ${event.id} started no run of ${consumerId} within ${startWithinMs / 1_000} s; ${await waitsFor(api, consumerId)}`;
  }
  say(text.latency(latencyMs(event, started)));
  return showRun(api, text, say, started);
}

/** Shows a run from its name to its end. @returns why it did not succeed */
async function showRun(
  api: Api,
  text: ExerciseText,
  say: (line: string) => void,
  { dag_id: dagId, dag_run_id: runId }: DagRun,
): Promise<string | undefined> {
  say(text.runTitle(dagId, runId));
  const onTask = (ended: Parameters<ExerciseText['task']>[0]): void => say(text.task(ended));
  const run = await followRun(api, { dagId, runId, onTask, withinMs: runWithinMs });
  if (typeof run === 'string') return run;
  say(text.runEnd(run));
  return run.state === 'success'
    ? undefined
    : `${dagId} ${runId} ${run.state}: ${run.state_reason ?? 'see its tasks above'}`;
}

async function pausedOf(api: Api): Promise<readonly string[]> {
  const { dags } = await api.get(DagCollection, '/api/v2/dags', {
    dag_id_pattern: 'exercise_5_1_',
    paused: true,
    limit: 1_000,
  });
  return dags.map(({ dag_id }) => dag_id).filter((id) => id === producerId || id === consumerId);
}

async function eventOf(api: Api, runId: string): Promise<AssetEvent | undefined> {
  const { asset_events: events } = await api.get(AssetEventCollection, '/api/v2/assets/events', {
    source_dag_id: producerId,
    source_run_id: runId,
  });
  return events[0];
}

/** The consumer's run that consumed an event, once its first task has started. */
async function runStartedBy(api: Api, eventId: number): Promise<DagRun | undefined> {
  const { asset_events: events } = await api.get(AssetEventCollection, '/api/v2/assets/events', {
    source_dag_id: producerId,
    order_by: '-id',
  });
  const consuming = events
    .find(({ id }) => id === eventId)
    ?.created_dagruns.find(({ dag_id }) => dag_id === consumerId);
  if (consuming === undefined) return undefined;
  const run = await api.get(DagRun, pathOf`/api/v2/dags/${consumerId}/dagRuns/${consuming.run_id}`);
  return run.start_date === null ? undefined : run;
}

async function awaited<Value>(ask: () => Promise<Value | undefined>): Promise<Value | undefined> {
  const deadline = Date.now() + startWithinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined || Date.now() > deadline) return answer;
    await sleep(everyMs);
  }
}
