import { asset, dag } from 'tidegate';
import { mark } from '../../mark.ts';
import { trace, wallNow } from '../../traced/trace.ts';

export const consumer = dag('hops', { schedule: asset('bench://hops'), maxActiveRuns: 100 }, (d) => {
  d.task('touch', () => {
    const at = wallNow();
    trace('code', at, at);
    mark('hops');
  });
});
