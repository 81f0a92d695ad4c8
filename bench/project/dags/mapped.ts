import { dag } from 'tidegate';

/** One list, and a task mapped over it. */
export const mapped = dag('mapped', {}, (d) => {
  const list = d.task('list', async () => Array.from({ length: 1_000 }, (_, index) => index));
  d.map('each', list, async () => undefined);
});
