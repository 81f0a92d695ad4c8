import * as fc from 'fast-check';
import { parseTaskId } from '../../core/ids.ts';
import { expand, itemsOf } from '../../core/mapped-items.ts';
import { maxMappedInstances } from '../../core/task-shape.ts';

const mapped = { over: parseTaskId('list'), taskId: parseTaskId('each') };

describe('what a task is mapped over', () => {
  it('has an instance for each item of a list, up to the most there may be', () => {
    fc.assert(
      fc.property(fc.nat(2 * maxMappedInstances), (count) => {
        const { kind } = expand({ kind: 'list', count }, mapped);
        expect(kind).toBe(count <= maxMappedInstances ? 'instances' : 'problem');
      }),
    );
  });

  it('is a list, and nothing else that JSON has', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), (list) => {
        expect(expand(itemsOf(list as never), mapped)).toEqual({ kind: 'instances', count: list.length });
      }),
    );
    const others = fc.oneof(
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.string(),
      fc.integer(),
      fc.boolean(),
    );
    fc.assert(
      fc.property(fc.option(others), (value) => {
        expect(expand(itemsOf(value as never), mapped)).toMatchObject({
          problem: expect.stringMatching(/^task list returned \w+, and each is mapped over a list: return/),
        });
      }),
    );
  });

  it('has no items where the task did not succeed', () => {
    expect(expand(itemsOf(undefined), mapped)).toEqual({ kind: 'instances', count: 0 });
  });
});
