import { asset, dag } from 'tidegate';
import { mark } from '../../mark.ts';

export const byEvents = dag('by_events', { schedule: asset('bench://runs'), maxActiveRuns: 1_000 }, (d) => {
  d.task('touch', () => mark('by_events'));
});

export const byHand = dag('by_hand', { maxActiveRuns: 100 }, (d) => {
  d.task('touch', () => mark('by_hand'));
});
