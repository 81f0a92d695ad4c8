import * as fc from 'fast-check';
import type { EventSource } from '../../core/asset-event.ts';
import { parseDagId, parseRunId, parseTaskId } from '../../core/ids.ts';
import type { Json } from '../../core/json.ts';
import { toStoredResult } from '../../core/saved-result.ts';
import { requireSavedWith, savedBy } from '../../core/saved-value.ts';
import { anAsset } from '../support/plans.ts';

const dagId = parseDagId('make');
const runId = parseRunId(dagId, 'a_run');
const ofTask: EventSource = { kind: 'task', dagId, runId, taskId: parseTaskId('make') };
const event = (source: EventSource) => ({ seq: 7, asset: anAsset('s3://lake/features'), source });
const anyJson = () => fc.jsonValue().map((value) => value as Json);

describe('what is behind an event', () => {
  it('is what its task saved, whatever the reference is', () => {
    fc.assert(
      fc.property(fc.string(), anyJson(), (manager, reference) => {
        const behind = { state: 'success', result: toStoredResult({ manager, reference }) };
        expect(savedBy(event(ofTask), behind)).toEqual({ manager, reference });
      }),
    );
  });

  it('is nothing where a result is kept in the store, or the task has not succeeded, and says so of this event', () => {
    const others = fc.constantFrom('running', 'failed', 'skipped', 'up_for_retry');
    const saved = toStoredResult({ manager: 'lake', reference: 1 });
    const nothing = fc.oneof(
      fc.record({
        state: fc.constant('success'),
        result: fc.oneof(fc.string(), fc.array(anyJson()), fc.integer()),
      }),
      fc.record({ state: others, result: fc.constant(saved) }),
      fc.constant(undefined),
    );
    fc.assert(
      fc.property(nothing, (behind) => {
        expect(() => savedBy(event(ofTask), behind)).toThrow(
          expect.objectContaining({
            code: 'nothing_saved',
            message: expect.stringMatching(
              /^event 7 of s3:\/\/lake\/features .*task make of run a_run of DAG make/,
            ),
          }),
        );
      }),
    );
  });

  it.each<[EventSource, string]>([
    [{ kind: 'api' }, 'came over HTTP'],
    [{ kind: 'dag', dagId, runId }, 'is of run a_run of DAG make as a whole'],
  ])('is nothing where no task recorded it', (source, reason) => {
    expect(() => savedBy(event(source), undefined)).toThrow(`event 7 of s3://lake/features ${reason}`);
  });

  it('is loaded by the IO manager that saved it, and by no other', () => {
    const saved = { manager: 'lake', reference: 1 };
    expect(() => requireSavedWith(saved, 'lake', 'features')).not.toThrow();
    expect(() => requireSavedWith(saved, 'sea', 'features')).toThrow(
      "the value of features was saved by IO manager 'lake', and 'sea' is to load it",
    );
  });
});
