import { all, asset, dag } from 'tidegate';
import { mark } from '../../mark.ts';

const allOf = (count: number) => {
  const assets = Array.from({ length: count }, (_, index) => asset(`bench://wide/${count}/${index}`));
  return dag(`all_of_${count}`, { schedule: all(...assets) }, (d) => {
    d.task('touch', () => mark(`all_of_${count}`));
  });
};

export const hundred = allOf(100);
export const thousand = allOf(1_000);
