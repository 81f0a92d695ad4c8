import { asset, dag } from 'tidegate';
import { mark } from '../../mark.ts';

export const consumer = dag('hops', { schedule: asset('bench://hops'), maxActiveRuns: 100 }, (d) => {
  d.task('touch', () => mark('hops'));
});
