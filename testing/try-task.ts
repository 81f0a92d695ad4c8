import { createOutbox, type Emitted, type Outlet } from '../activities/emitted.ts';
import { judgeFailure } from '../activities/failed-try.ts';
import { outcomeOf } from '../activities/task-outcome.ts';
import { TidegateError } from '../core/errors.ts';
import { type Json, toStorableJson } from '../core/json.ts';
import type { Choice } from '../core/task-shape.ts';
import type { TemplateValues } from '../core/template.ts';
import { parseDagId, parseRunId } from '../core/ids.ts';
import type { AnySource, EmitNow, EmitOptions } from '../sdk/index.ts';
import { instanceOf } from '../sdk/instance.ts';
import { isAlias, isAsset } from '../sdk/source.ts';
import { isTaskSkipped } from '../sdk/task-skipped.ts';
import type { Part, Play } from './play.ts';
import { testedContext } from './tested-context.ts';
import type { TestedEvent, TestedLine, TestedTask } from './tested-run.ts';

/** Looks of one condition; more are a condition that nothing in the test will ever meet. */
const mostLooks = 1_000;

/** How a task went, and what it decided about those behind it. */
export interface Tried {
  readonly task: TestedTask;
  readonly choice?: Choice;
}

/** Runs one task, or one instance, to its end, with all the tries it may have. */
export async function tryTask(play: Play, part: Part): Promise<Tried> {
  const { task, code } = part;
  const { clock } = play;
  const log: TestedLine[] = [];
  const events: TestedEvent[] = [];
  const left: { details: Json | null } = { details: null };
  const beganAt = clock.now();
  const ended = (state: TestedTask['state'], tries: number, rest: Partial<TestedTask> = {}): Tried => ({
    task: { state, tries, result: null, error: null, events, log, ...rest },
  });
  let failures = 0;
  for (let number = 1; ; number += 1) {
    const outbox = createOutbox(outletsOf(part), { runKey: play.run.partitionKey, room: roomOf(play, part) });
    const write = (emitted: readonly Emitted[]): void =>
      void events.push(...emitted.map((one) => record(play, part, one)));
    const emitNow = (async (asset: AnySource, event?: EmitOptions<object>) =>
      write([outbox.checked(asset, event)])) as EmitNow;
    try {
      const context = testedContext(play, part, { number, outbox, emitNow, log, left });
      const outcome = outcomeOf(task.shape, await code.run(context));
      if (outcome.kind === 'done') {
        const result = storedResult(outcome.result);
        write(outbox.events());
        const { choice } = outcome;
        return { ...ended('success', number, { result }), ...(choice === undefined ? {} : { choice }) };
      }
      const { shape } = task;
      const limitMs = shape?.kind === 'poke' ? shape.timeoutMs : null;
      if (limitMs !== null && clock.now() - beganAt >= limitMs) {
        const error = new Error(`nothing was there within ${limitMs / 1_000} s`);
        const isSkip = shape?.kind === 'poke' && shape.onTimeout === 'skip';
        return ended(isSkip ? 'skipped' : 'failed', number, { error });
      }
      if (number >= mostLooks)
        throw new TidegateError(
          'wait_timed_out',
          `task ${task.id} found nothing in ${mostLooks} looks: give it what it waits for, or 'giveUpAfter'`,
        );
      clock.pass(outcome.pauseMs);
    } catch (error) {
      if (isTaskSkipped(error)) return ended('skipped', number, { error });
      failures += 1;
      const { isFinal, pauseMs } = judgeFailure(error, task.retries, failures);
      if (isFinal || number >= mostLooks) return ended('failed', number, { error });
      const { mapIndex = -1 } = part;
      const message = error instanceof Error ? error.message : String(error);
      await play.onRetry({ kind: 'retry', taskId: task.id, mapIndex, try: number, error: message });
      clock.pass(pauseMs);
    }
  }
}

function storedResult(result: unknown): Json {
  return result === undefined || result === null
    ? null
    : JSON.parse(toStorableJson(result, "the task's result"));
}

/** In process nothing is deployed: a reference stands for the asset of its own spelling. */
function outletsOf({ code }: Part): readonly Outlet[] {
  return code.outlets.map((outlet) => {
    if (isAsset(outlet) || isAlias(outlet)) return outlet;
    throw new TidegateError(
      'invalid_input',
      `outlet ${outlet.name} is a reference, and in process no asset is deployed: give the task the asset itself`,
    );
  });
}

function roomOf({ run }: Play, { code }: Part) {
  const params = code.params?.safeParse(run.conf).data ?? run.conf;
  const { logicalAt, dataIntervalStartAt, dataIntervalEndAt } = run;
  const valuesOf = (partitionKey: string | undefined): TemplateValues => ({
    ...{ logicalAt, dataIntervalStartAt, dataIntervalEndAt, params },
    partitionKey: partitionKey ?? run.partitionKey,
  });
  return {
    describe: <Asset>(asset: Asset): Asset => asset,
    clashOf: () => undefined,
    instanceOf: (asset: Parameters<typeof instanceOf>[0], partitionKey: string | undefined) =>
      instanceOf(asset, valuesOf(partitionKey)),
  };
}

function record(play: Play, { task, mapIndex = -1 }: Part, emitted: Emitted): TestedEvent {
  const { outlet, extra, partitionKey, aliases } = emitted;
  const dagId = parseDagId(play.dagId);
  const runId = parseRunId(dagId, 'in_process');
  play.book.write({
    ...{ asset: outlet, extra, partition: partitionKey, aliases, at: play.clock.now() },
    source: { kind: 'task', dagId, runId, taskId: task.id, ...(mapIndex === -1 ? {} : { mapIndex }) },
  });
  const event = {
    ...{ asset: outlet.name, uri: outlet.uri, extra, partition: partitionKey ?? null },
    ...{ aliases, taskId: task.id, mapIndex },
  };
  play.events.push(event);
  return event;
}
