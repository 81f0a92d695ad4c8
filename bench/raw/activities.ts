import { mark } from '../mark.ts';

export interface RawActivities {
  touch(name: string): Promise<void>;
}

export const rawActivities: RawActivities = {
  touch: (name) => {
    mark(name);
    return Promise.resolve();
  },
};
