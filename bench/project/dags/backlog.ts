import { all, asset, dag } from 'tidegate';

const halfOf = (name: string) =>
  dag(name, { schedule: all(asset(`bench://${name}/one`), asset(`bench://${name}/other`)) }, (d) => {
    d.task('touch', () => undefined);
  });

export const few = halfOf('few');
export const many = halfOf('many');
