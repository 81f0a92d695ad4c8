import { compileDag } from '../../sdk/compile.ts';
import { dag, type IsolateOptions } from '../../sdk/index.ts';
import { parseIsolation } from '../../sdk/isolate.ts';

const compiled = (isolate: boolean | IsolateOptions) =>
  compileDag(
    dag('a', {}, (d) => void d.task('t', { isolate }, () => 1)),
    'dags/a.ts',
  );

describe('isolate', () => {
  it('has its bounds', () => {
    expect(parseIsolation(false)).toBeUndefined();
    expect(parseIsolation(true)).toEqual({ memoryBytes: 1_073_741_824, graceMs: 5_000 });
    expect(parseIsolation({ memory: '2 GiB', grace: '1s' })).toEqual({
      memoryBytes: 2_147_483_648,
      graceMs: 1_000,
    });
  });

  it('is refused when it is deployed, with the place of the task', () => {
    expect(() => compiled({ memory: '64 MiB' })).toThrow(
      /task 't' \(.*isolate\.test\.ts:\d+\): memory "64 MiB" of isolate is too little: use at least '256 MiB'/,
    );
    expect(() => compiled({ grace: '1m' })).toThrow('grace "1m" of isolate is too long');
    expect(() => compiled({ memory: 'much' })).toThrow('size "much" is not valid');
    expect(() => compiled('yes' as never)).toThrow('isolate "yes" is not valid: write true');
  });

  it('is no part of the plan', () => {
    expect(compiled({ memory: '2 GiB' })).toEqual(compiled(false));
  });
});
