import { compileDag } from '../../sdk/compile.ts';
import { dag, type Resource, resource } from '../../sdk/index.ts';

const setUp = (): number => 1;
const no = (value: unknown): never => value as never;

describe('a resource', () => {
  it.each([
    ['no name', () => resource({ name: ' ', setUp }), /name " " is not valid/],
    [
      'another scope',
      () => resource({ name: 'a', setUp, scope: no('task') }),
      /scope of resource 'a' "task" is not valid: use 'worker' or 'run'/,
    ],
    ['no set-up', () => resource({ name: 'a', setUp: no(7) }), /setUp of resource 'a' 7 is not valid/],
    [
      'needs that are none',
      () => resource({ name: 'a', setUp, needs: { b: no('b') } }),
      /needs of resource 'a'\.b "b" is not valid/,
    ],
    [
      'one of a run for one of the worker',
      () => resource({ name: 'a', setUp, needs: { b: resource({ name: 'b', scope: 'run', setUp }) } }),
      /'a' is of the worker and needs 'b', which is of a run/,
    ],
  ])('is refused with %s', (_, define, message) => {
    expect(define).toThrow(message);
  });

  it('is refused by a task that is given something else, with its place', () => {
    const wrong = dag('wrong', {}, (d) => void d.task('use', { resources: { db: no({}) } }, () => 1));
    expect(() => compileDag(wrong, 'dags/wrong.ts')).toThrow(
      /task 'use' \(.*\): resources\.db \{\} is not valid: write resource\(/,
    );
  });

  it('of a task comes before one of the DAG with the same name', () => {
    const [one, other]: readonly Resource[] = [
      resource({ name: 'one', setUp }),
      resource({ name: 'other', setUp }),
    ];
    const shared = { a: one ?? no(0), b: one ?? no(0) };
    const { tasks } = dag('both', { resources: shared }, (d) => {
      d.task('use', { resources: { b: other ?? no(0) } }, () => 1);
    });
    expect(Object.values(tasks[0]?.resources ?? {}).map(({ name }) => name)).toEqual(['one', 'other']);
  });
});
