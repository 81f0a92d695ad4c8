import picocolors from 'picocolors';
import { projectText } from '../../dev/start-text.ts';
import type { LoadedProject } from '../../dev/worker-process.ts';

const textOf = (project: Partial<LoadedProject>): readonly string[] => {
  const none = { dags: 0, created: [], changed: [], retired: [], importErrors: [], warnings: [] };
  return projectText({ ...none, ...project }, picocolors.createColors(false)).split('\n');
};

describe('what npm start says of a project', () => {
  it('is its DAGs and what became of them', () => {
    expect(textOf({ dags: 1 })).toEqual(['  1 DAG, definitions unchanged']);
    expect(textOf({ dags: 2, created: ['a', 'b'], retired: ['c'] })).toEqual([
      '  2 DAGs, new: a, b; retired: c',
    ]);
    expect(textOf({ dags: 5, created: ['a', 'b', 'c', 'd', 'e'] })).toEqual([
      '  5 DAGs, new: a, b, c and 2 more',
    ]);
  });

  it('names broken files before what it warns of', () => {
    expect(
      textOf({ importErrors: ['dags/a.ts: line 1\nmore'], warnings: ["dags/b.ts:3: asset 'b': why"] }),
    ).toEqual([
      '  0 DAGs, definitions unchanged',
      '  ✘ dags/a.ts: line 1',
      '    more',
      '    DAGs of files with errors stay as they were deployed before',
      "  ! dags/b.ts:3: asset 'b': why",
    ]);
  });

  it('counts warnings that are too many', () => {
    const lines = textOf({ warnings: Array.from({ length: 23 }, (_, index) => `warning ${index}`) });
    expect(lines).toHaveLength(22);
    expect(lines.at(-1)).toBe('    3 more warnings: tidegate check lists them');
  });
});
