import { parseTaskId } from '../../core/ids.ts';
import { runDetails } from '../../core/run-details.ts';
import { aTaskPlan } from '../support/plans.ts';

describe('the details of a run', () => {
  it('say of each task where it stands', () => {
    const tasks = ['a', 'b', 'c', 'd', 'e', 'f'].map((id) => aTaskPlan(id));
    const ends = { a: 'success', b: 'failed', c: 'upstream_failed', d: 'skipped' } as const;
    expect(
      runDetails({ tasks }, ends, { started: new Set([parseTaskId('e')]), waiting: new Map() }).split('\n'),
    ).toEqual([
      '4 of 6 tasks ended',
      '',
      '- ✓ a: success',
      '- ✗ b: failed',
      '- ⊘ c: upstream failed',
      '- ↷ d: skipped',
      '- ▶ e: running',
      '- ○ f: waiting',
    ]);
  });

  it('are cut where the tasks are many, and say so', () => {
    const tasks = Array.from({ length: 1_000 }, (_, index) => aTaskPlan(`t${index}`));
    const lines = runDetails({ tasks }, {}, { started: new Set(), waiting: new Map() }).split('\n');
    expect(lines).toHaveLength(2 + 50 + 1);
    expect(lines.at(-1)).toBe('- … and 950 more');
  });

  it('show a task of any name', () => {
    expect(
      runDetails({ tasks: [aTaskPlan('constructor')] }, {}, { started: new Set(), waiting: new Map() }),
    ).toBe('0 of 1 tasks ended\n\n- ○ constructor: waiting');
  });
});
