import picocolors from 'picocolors';
import { type Report, duration, instant, state, toned } from '../../cli/report.ts';
import { type Format, render } from '../../cli/render.ts';

const now = Date.parse('2024-05-01T12:00:00Z');

function rendered(
  sections: Report['sections'],
  format: Format,
  { width = 0, isColored = false } = {},
): string {
  const page = { colors: picocolors.createColors(isColored), width: width || undefined, now: () => now };
  return render({ json: { some: 'thing' }, sections }, format, page);
}

const table: Report['sections'][number] = {
  kind: 'table',
  columns: [{ header: 'RUN' }, { header: 'STARTED' }, { header: 'TOOK' }, { header: 'NOTE', cut: true }],
  rows: [
    ['asset__1', instant('2024-05-01T11:58:00.000Z'), duration(0.25), 'a first note that goes on and on'],
    ['by_hand', null, null, null],
  ],
  empty: 'no runs',
};

describe('a table', () => {
  it('is aligned, with instants in full', () => {
    expect(rendered([table], 'table')).toBe(
      [
        'RUN       STARTED                        TOOK   NOTE',
        'asset__1  2024-05-01 11:58:00Z (2m ago)  250ms  a first note that goes on and on',
        'by_hand   -                              -      -',
        '',
      ].join('\n'),
    );
  });

  it('gives up the length of instants, then of free text, to fit a terminal, and never an id', () => {
    expect(rendered([table], 'table', { width: 40 })).toBe(
      [
        'RUN       STARTED  TOOK   NOTE',
        'asset__1  2m ago   250ms  a first note …',
        'by_hand   -        -      -',
        '',
      ].join('\n'),
    );
    const narrow = rendered([table], 'table', { width: 5 }).split('\n');
    expect(narrow[1]).toBe('asset__1  2m ago   250ms  a first…');
  });

  it('says that it is empty to people only', () => {
    const empty = { ...table, rows: [] };
    expect(rendered([empty], 'table')).toBe('no runs\n');
    expect(rendered([empty], 'plain')).toBe('');
  });
});

describe('plain output', () => {
  it('has one row a line, tabs between, and values as they are', () => {
    expect(rendered([table], 'plain')).toBe(
      'asset__1\t2024-05-01T11:58:00.000Z\t0.25\ta first note that goes on and on\nby_hand\t\t\t\n',
    );
  });
});

describe('JSON output', () => {
  it("is the report's own data", () => {
    expect(JSON.parse(rendered([table], 'json'))).toEqual({ some: 'thing' });
  });
});

describe('text of others', () => {
  it.each(['table', 'plain'] as const)('can neither move the cursor nor break a row (%s)', (format) => {
    const nasty = toned('good', 'a\u001B[2Jb\nc\td');
    expect(rendered([{ kind: 'facts', facts: [['it', nasty]] }], format)).toMatch(/^it\s+a \[2Jb c d\n$/);
  });
});

describe('colours', () => {
  it('change nothing but the colour', () => {
    const sections = [{ kind: 'lines', lines: [['run ', state('failed')]] }] as const;
    expect(rendered(sections, 'table')).toBe('run failed\n');
    expect(rendered(sections, 'table', { isColored: true })).toBe('run \u001B[31mfailed\u001B[39m\n');
  });
});
