import * as fc from 'fast-check';
import { parseDagId, parseRunId } from '../../core/ids.ts';
import { isOfFirst, parseSlot, slotOf } from '../../core/slot.ts';
import { aRunId } from '../support/core.ts';

const dagId = parseDagId('d');
const anyRunId = () =>
  fc
    .stringMatching(/^[\x21-\x7e]{1,40}$/)
    .filter((text) => !text.includes('/'))
    .map((text) => parseRunId(dagId, text));
const anyAttempt = () => fc.integer({ min: 1, max: 1_000 });

describe('the slot of an attempt', () => {
  it('is the run id itself for the first, as it was before runs ran again', () => {
    expect(slotOf(aRunId('asset__7'), 1)).toBe('asset__7');
    expect(slotOf(aRunId('asset__7'), 2)).toBe('asset__7/2');
  });

  it('is that of no other attempt of any run', () => {
    fc.assert(
      fc.property(anyRunId(), anyAttempt(), anyRunId(), anyAttempt(), (one, first, other, second) => {
        const isSame = one === other && first === second;
        expect(slotOf(one, first) === slotOf(other, second)).toBe(isSame);
      }),
    );
  });

  it('tells which attempt it is of', () => {
    fc.assert(
      fc.property(anyRunId(), anyAttempt(), (runId, attempt) => {
        expect(parseSlot(slotOf(runId, attempt))).toEqual({ runId, attempt });
        expect(isOfFirst(slotOf(runId, attempt))).toBe(attempt === 1);
      }),
    );
  });

  it('rests on run ids having no /', () => {
    expect(() => parseRunId(dagId, 'asset__7/2')).toThrow(expect.objectContaining({ code: 'invalid_input' }));
  });
});
