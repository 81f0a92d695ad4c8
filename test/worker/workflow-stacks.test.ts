import { runInNewContext } from 'node:vm';
import { withoutWorkflowStacks } from '../../worker/workflow-stacks.ts';

const limitOfNewContext = (): unknown => runInNewContext('Error.stackTraceLimit');

describe('what workflows run in', () => {
  it('has no stack traces, and nothing else that is created later', async () => {
    const before = limitOfNewContext();
    const inside = await withoutWorkflowStacks(async () => limitOfNewContext());
    expect(inside).toBe(0);
    expect(limitOfNewContext()).toBe(before);
    expect(new Error('of an author').stack).toMatch(/workflow-stacks\.test/);
  });

  it('leaves them to others also when it cannot be created', async () => {
    const before = limitOfNewContext();
    const failing = withoutWorkflowStacks(() => Promise.reject(new Error('no server')));
    await expect(failing).rejects.toThrow('no server');
    expect(limitOfNewContext()).toBe(before);
  });
});
