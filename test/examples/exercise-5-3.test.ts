import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cleaned, daysOf } from '../../examples/exercise_5_3/weather.ts';
import { readPage } from '../docs/markdown.ts';
import { type RunningProject, startExamples } from '../support/running-project.ts';
import { repository } from '../support/temp-project.ts';
import { follow } from './readme-session.ts';

const folder = 'examples/exercise_5_3';

let examples: RunningProject;
beforeAll(async () => {
  examples = await startExamples();
});
afterAll(() => examples.stop());

async function linesOf(path: string): Promise<readonly unknown[]> {
  const text = await readFile(join(examples.folder, '.tidegate/data-lake/weather', path), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

describe('exercise 5.3', () => {
  it('shows what its README says', async () => {
    expect(await follow(await readPage(`${folder}/README.md`), examples)).toBeGreaterThan(10);
  });

  it('computes the same days as a whole and day by day', async () => {
    const days = (await linesOf('warehouse/days.jsonl')) as readonly { readonly day: string }[];
    expect(days).toHaveLength(21 * 3);
    for (const day of ['2024-03-04', '2024-03-12'])
      expect(await linesOf(`daily/${day}.jsonl`)).toEqual(days.filter((row) => row.day === day));
  });

  it('leaves out what repeats, is missing, or cannot be, whatever its unit', async () => {
    const [, ...lines] = (await readFile(join(repository, folder, 'readings.csv'), 'utf8'))
      .trimEnd()
      .split('\n');
    const good = new Set(
      lines.filter((line) => /,-?\d{1,2}\.\d,[CF],/.test(line)).map((line) => line.split(',', 2).join(' ')),
    );
    expect(await linesOf('clean.jsonl')).toHaveLength(good.size);
  });
});

describe('a day', () => {
  it('is in degrees Celsius, whatever the station reports', () => {
    const at = (hour: number) => `2024-03-04T0${hour}:00:00Z`;
    const line = { station: 'hilltop', unit: 'F', rain_mm: '0.5' } as const;
    const readings = cleaned([
      { ...line, at: at(0), temperature: '32.0' },
      { ...line, at: at(3), temperature: '50.0' },
      { ...line, at: at(6), temperature: '999.0' },
      { ...line, at: at(9), temperature: '' },
    ]);
    expect(daysOf(readings)).toEqual([
      { day: '2024-03-04', station: 'hilltop', readings: 2, coldest: 0, mean: 5, warmest: 10, rain: 1 },
    ]);
  });
});
