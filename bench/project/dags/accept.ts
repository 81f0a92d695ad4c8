import { all, asset, dag } from 'tidegate';

export const alone = asset('bench://accept/alone');
const awaited = asset('bench://accept/awaited');

// It is told of every event and never starts.
export const consumer = dag('accept', { schedule: all(awaited, asset('bench://accept/never')) }, (d) => {
  d.task('touch', () => undefined);
});
