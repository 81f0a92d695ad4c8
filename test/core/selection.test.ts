import * as fc from 'fast-check';
import type { Condition } from '../../core/condition.ts';
import { leavesOf } from '../../core/condition.ts';
import { catalogOf, isOpenPlan, resolvePlan, type SelectableAsset } from '../../core/selection.ts';
import { isOpenSource, type RefSource, type SelectorSource, type Source } from '../../core/source.ts';
import { aDagPlan, anAlias, anAsset, aTaskPlan } from '../support/plans.ts';

const [A, B, C] = ['s3://a', 's3://b', 's3://c'].map(anAsset);
if (A === undefined || B === undefined || C === undefined) throw new Error('no assets');
const selectable = (asset: Source, rest: Partial<SelectableAsset> = {}): SelectableAsset => ({
  ...anAsset(asset.name),
  ...{ group: '', tags: [], through: [] },
  ...rest,
});
const catalog = catalogOf([
  selectable(C, { group: 'finance', tags: ['x'] }),
  selectable(A, { group: 'finance', through: [anAlias('files')] }),
  selectable(B, { tags: ['x', 'y'] }),
]);
const byName = (name: string): RefSource => ({ kind: 'ref', by: 'name', name });
const byUri = (name: string): RefSource => ({ kind: 'ref', by: 'uri', name });
const select = (by: SelectorSource['by'], name: string): SelectorSource => ({ kind: 'selector', by, name });
const leaf = (asset: Source, count?: number): Condition<Source> => ({
  ...{ kind: 'asset', asset },
  ...(count === undefined ? {} : { count }),
});
const resolved = (condition: Condition<Source>, tasks = [aTaskPlan('work')]) => {
  const { plan, notes } = resolvePlan(aDagPlan({ dagId: 'd', condition, tasks }), catalog);
  return { condition: plan.condition, notes };
};

describe('a condition with references and selectors', () => {
  it('has the active asset in place of a reference by name or URI', () => {
    const condition: Condition<Source> = { kind: 'all', of: [leaf(byName(A.name)), leaf(byUri(B.uri), 3)] };
    expect(resolved(condition)).toEqual({
      condition: { kind: 'all', of: [leaf(A), leaf(B, 3)] },
      notes: [],
    });
  });

  it('keeps a reference to what is not there', () => {
    expect(resolved(leaf(byName('missing'))).condition).toEqual(leaf(byName('missing')));
  });

  it.each([
    ['alone', leaf(select('group', 'finance')), { kind: 'all', of: [leaf(A), leaf(C)] }],
    [
      'in its place, in the order of names',
      { kind: 'any', of: [leaf(select('tag', 'x')), leaf(A)] },
      { kind: 'any', of: [leaf(B), leaf(C), leaf(A)] },
    ],
    [
      'with what the leaf asks for',
      { kind: 'atLeast', count: 2, of: [leaf(select('name', '*'), 3)] },
      { kind: 'atLeast', count: 2, of: [leaf(A, 3), leaf(B, 3), leaf(C, 3)] },
    ],
    [
      'once, where it is written anyway or selected twice',
      {
        kind: 'atLeast',
        count: 2,
        of: [leaf(byName(C.name)), leaf(select('tag', 'x')), leaf(select('name', '*'))],
      },
      { kind: 'atLeast', count: 2, of: [leaf(C), leaf(B), leaf(A)] },
    ],
  ] as const)('has what a selector selects %s', (_, condition, wanted) => {
    expect(resolved(condition as Condition<Source>)).toEqual({ condition: wanted, notes: [] });
  });

  it('says of a selector that selects nothing that it does', () => {
    expect(resolved({ kind: 'any', of: [leaf(select('tag', 'z')), leaf(A)] })).toEqual({
      condition: { kind: 'any', of: [leaf(A)] },
      notes: ["select.tag('z') selects no active asset."],
    });
    expect(resolved(leaf(select('group', 'none'))).condition).toEqual({ kind: 'all', of: [] });
  });

  it.each([
    ['an outlet of a task', [aTaskPlan('t', { outlets: [A] })]],
    ['an outlet by reference', [aTaskPlan('t', { outlets: [byName(A.name)] })]],
    ['what came through an alias that is one', [aTaskPlan('t', { outlets: [anAlias('files')] })]],
  ])('leaves out what its own DAG updates: %s', (_, tasks) => {
    expect(resolved(leaf(select('name', '*')), tasks).condition).toEqual({
      kind: 'all',
      of: [leaf(B), leaf(C)],
    });
  });

  it('leaves out what a run of its own DAG updates as a whole', () => {
    const plan = aDagPlan({ dagId: 'd', condition: leaf(select('name', '*')) });
    const whole = { ...plan, run: { ...plan.run, outlets: [{ asset: B, extra: {} }] } };
    expect(resolvePlan(whole, catalog).plan.condition).toEqual({ kind: 'all', of: [leaf(A), leaf(C)] });
  });

  it('waits for nothing, and says why, where it would be too large', () => {
    const many = catalogOf(Array.from({ length: 2_001 }, (_, n) => selectable(anAsset(`s3://many/${n}`))));
    const { plan, notes } = resolvePlan(aDagPlan({ dagId: 'd', condition: leaf(select('name', '*')) }), many);
    expect(plan.condition).toEqual({ kind: 'any', of: [] });
    expect(notes).toEqual([expect.stringContaining('make 2001 leaves, 2000 are allowed')]);
  });

  it('has no selector left, and is no other the second time', () => {
    const anySource = fc.constantFrom<Source>(
      ...[
        A,
        B,
        anAlias('files'),
        byName(A.name),
        byUri('s3://none'),
        select('tag', 'x'),
        select('name', 's3://?'),
      ],
    );
    const anyTree = fc.letrec<{ tree: Condition<Source> }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 3 },
        anySource.map((source) => leaf(source)),
        fc.record({
          kind: fc.constantFrom('all' as const, 'any' as const),
          of: fc.array(tie('tree'), { maxLength: 4 }),
        }),
      ),
    })).tree;
    fc.assert(
      fc.property(anyTree, (tree) => {
        const { condition } = resolved(tree);
        if (condition === null) throw new Error('no condition');
        expect(leavesOf(condition).filter(({ kind }) => kind === 'selector')).toEqual([]);
        expect(resolved(condition).condition).toEqual(condition);
        expect(leavesOf(tree).some(isOpenSource) || condition === tree).toBe(true);
      }),
    );
  });
});

describe('a plan', () => {
  it('is open where what it is about depends on which assets there are', () => {
    expect(isOpenPlan(aDagPlan({ dagId: 'd', condition: leaf(A) }))).toBe(false);
    expect(isOpenPlan(aDagPlan({ dagId: 'd', condition: leaf(byName('a')) }))).toBe(true);
    expect(isOpenPlan(aDagPlan({ dagId: 'd', tasks: [aTaskPlan('t', { inlets: [byName('a')] })] }))).toBe(
      true,
    );
  });
});
