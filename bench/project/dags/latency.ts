import { asset, dag } from 'tidegate';
import { mark } from '../../mark.ts';

export const consumer = dag('latency', { schedule: asset('bench://latency'), maxActiveRuns: 100 }, (d) => {
  d.task('touch', () => mark('latency'));
});
