import { compileDag } from '../../sdk/compile.ts';
import { dag, type DagBuilder, ioManager, resource, zip } from '../../sdk/index.ts';
import type { JsonObject } from '../../sdk/index.ts';

const compile = (build: (d: DagBuilder<JsonObject>) => void) =>
  compileDag(dag('a_dag', {}, build), 'dags/a.ts').run.tasks;
const taskOf = (build: (d: DagBuilder<JsonObject>) => void, id: string) =>
  compile(build).find((task) => task.id === id);
const ok = (): void => undefined;
const lake = ioManager({ name: 'lake', save: () => 'there', load: (): readonly string[] => [] });
const rates = resource({ name: 'rates', setUp: () => 1 });

describe('a task that is more than one', () => {
  it('is compiled with what is special about it, and waits for what it takes from', () => {
    const build = (d: DagBuilder<JsonObject>): void => {
      const list = d.task('list', () => ['a']);
      const until = d.task('until', () => '2026-01-01T00:00:00Z');
      d.map('each', list, ({ item }) => item.toUpperCase());
      const branch = d.branch('branch', {}, () => 'left');
      d.task('left', { needs: [branch] }, ok);
      d.shortCircuit('check', { skips: 'next' }, () => true);
      d.wait('pause', { for: '5m' });
      d.wait('later', { until });
      d.waitFor('file', { every: '10s', giveUpAfter: '1h', onTimeout: 'skip' }, () => null);
      d.task('down', { teardownOf: list }, ok);
    };
    expect(
      compile(build).map(({ id, needs, shape, teardownOf }) => ({ id, needs, shape, teardownOf })),
    ).toEqual([
      { id: 'list', needs: [] },
      { id: 'until', needs: [] },
      { id: 'each', needs: ['list'], shape: { kind: 'mapped', over: 'list' } },
      { id: 'branch', needs: [], shape: { kind: 'branch', targets: ['left'] } },
      { id: 'left', needs: ['branch'] },
      { id: 'check', needs: [], shape: { kind: 'short_circuit', skips: 'next' } },
      { id: 'pause', needs: [], shape: { kind: 'wait', ms: 300_000 } },
      { id: 'later', needs: ['until'], shape: { kind: 'wait', until: 'until' } },
      {
        id: 'file',
        needs: [],
        shape: { kind: 'poke', everyMs: 10_000, timeoutMs: 3_600_000, onTimeout: 'skip' },
      },
      { id: 'down', needs: ['list'], teardownOf: ['list'] },
    ]);
  });

  it('waits for each of the lists that it is mapped over once, in the order they are given', () => {
    const build = (d: DagBuilder<JsonObject>): void => {
      const b = d.task('b', () => [1]);
      const a = d.task('a', () => ['x']);
      d.map('all', { b, a, again: b }, ok);
      d.map('pairs', zip({ a, b }), { needs: [b], toleratedFailures: '5%' }, ok);
    };
    const source = (name: string, task = name) => ({ name, task });
    expect(taskOf(build, 'all')).toMatchObject({
      needs: ['b', 'a'],
      shape: {
        kind: 'mapped',
        over: { by: 'product', sources: [source('b'), source('a'), source('again', 'b')] },
      },
    });
    expect(taskOf(build, 'pairs')).toMatchObject({
      needs: ['b', 'a'],
      shape: {
        kind: 'mapped',
        over: { by: 'zip', sources: [source('a'), source('b')] },
        tolerated: { percent: 5 },
      },
    });
  });

  it.each<[string, (d: DagBuilder<JsonObject>) => void]>([
    [
      'nothing needs it: a branch chooses among the tasks that need it',
      (d) => void d.branch('alone', {}, () => 'left'),
    ],
    [
      `every "100ms" is not valid: use '1s' to '1 day'`,
      (d) => void d.waitFor('often', { every: '100ms' }, () => null),
    ],
    ['duration "soon" is not valid', (d) => void d.wait('pause', { for: 'soon' })],
    [
      "it is mapped over task 'list', whose result IO manager 'lake' keeps: give 'list' { io: null }",
      (d) => {
        const list = d.task('list', { io: lake }, () => ['a']);
        d.map('each', list, ({ item }) => item);
      },
    ],
    [
      "it is mapped over task 'list', whose result IO manager 'lake' keeps",
      (d) => {
        const list = d.task('list', { io: lake }, () => ['a']);
        const other = d.task('other', () => ['a']);
        d.map('each', zip({ other, list }), ({ item }) => item.list);
      },
    ],
    ["task 'each' is mapped over nothing", (d) => void d.map('each', {}, ok)],
    ["task 'each' is mapped over nothing", (d) => void d.map('each', 'list' as never, ok)],
    [
      "task 'each' is mapped over 'day', which is no task: give what d.task returned",
      (d) => void d.map('each', { day: undefined } as never, ok),
    ],
    [
      "it is isolated, and resource 'rates' lives in the process of the worker",
      (d) => void d.task('spin', { isolate: true, resources: { rates } }, ok),
    ],
    [
      "needs task 'list' of DAG 'other'",
      (d) => {
        dag('other', {}, (other) => {
          d.map(
            'each',
            other.task('list', () => [1]),
            ({ item }) => item,
          );
        });
      },
    ],
  ])('is refused where it cannot be: %s', (message, build) => {
    expect(() => compile(build)).toThrow(message);
  });

  it('is typed by its items, and by what it hands on', () => {
    const build = (d: DagBuilder<JsonObject>): void => {
      const rows = d.task('rows', () => [{ id: 1 }]);
      const ids = d.map('ids', rows, ({ item, mapIndex }) => item.id + mapIndex);
      d.map('wrong', rows, ({ item }) => {
        // @ts-expect-error items have no name
        return item.name as string;
      });
      const number = d.task('number', () => 1);
      // @ts-expect-error a number is no list
      d.map('no_list', number, () => 1);
      // @ts-expect-error nor is it one beside others
      d.map('no_lists', { rows, number }, () => 1);
      d.map('pairs', { row: rows, other: ids }, {}, ({ item }) => {
        // @ts-expect-error items have no such name
        void item.third;
        return item.row.id + item.other;
      });
      d.map('beside', zip({ row: rows, other: ids }), ({ item }) => {
        const other: number = item.other;
        return { ...item.row, other };
      });
      const file = d.waitFor('file', {}, () => (Math.random() > 0.5 ? false : { path: 'x' }));
      d.task('sum', { needs: { ids, file } }, ({ needs }) => {
        const sum: number = needs.ids.reduce((one, other) => one + other, 0);
        const { path }: { readonly path: string } = needs.file;
        return { sum, path };
      });
    };
    expect(compile(build)).toHaveLength(10);
  });
});

describe('a group', () => {
  const build = (d: DagBuilder<JsonObject>): void => {
    const first = d.task('first', ok);
    const group = d.group('load', { needs: [first] }, (g) => {
      const a = g.task('a', ok);
      g.task('b', { needs: [a] }, ok);
      g.task('c', { needs: [first] }, ok);
      g.group('inner', (inner) => void inner.task('d', ok));
    });
    d.task('last', { needs: [group] }, ok);
    d.task('only_order', { needs: ['load.a'] }, ok);
  };

  it('names its tasks, and says so', () => {
    expect(compile(build).map(({ id, group }) => [id, group])).toEqual([
      ['first', undefined],
      ['load.a', 'load'],
      ['load.b', 'load'],
      ['load.c', 'load'],
      ['load.inner.d', 'load.inner'],
      ['last', undefined],
      ['only_order', undefined],
    ]);
  });

  it('waits with its first tasks, and is waited for by its last', () => {
    expect(taskOf(build, 'load.a')?.needs).toEqual(['first']);
    expect(taskOf(build, 'load.b')?.needs).toEqual(['load.a']);
    expect(taskOf(build, 'load.c')?.needs).toEqual(['first']);
    expect(taskOf(build, 'load.inner.d')?.needs).toEqual(['first']);
    expect(taskOf(build, 'last')?.needs).toEqual(['load.b', 'load.c', 'load.inner.d']);
  });
});
