import { type Command, Option } from 'commander';
import {
  defaultUriLevel,
  judgeUri,
  type UriLevel,
  uriLevels,
  type UriVerdict,
} from '../../core/uri-level.ts';
import { invalid } from '../command-failure.ts';
import { readJsonStrings } from '../json-strings.ts';
import { render } from '../render.ts';
import type { Cell, Report } from '../report.ts';
import type { Run, Session } from '../session.ts';

/** `tidegate assets check-uri …` */
export function addUriCommands(assets: Command, run: Run): void {
  assets
    .command('check-uri')
    .description('say whether asset URIs are valid and how they are normalised; needs no server')
    .argument('<uris...>', 'URIs, or - for one JSON string a line on standard input')
    .addOption(
      new Option('--level <level>', 'strict refuses a URI without the form of its scheme, off knows no forms')
        .choices(uriLevels)
        .default(defaultUriLevel),
    )
    .action((uris: readonly string[], { level }: LevelOption) =>
      run((session) => checkUris(session, uris, level)),
    );
}

interface LevelOption {
  readonly level: UriLevel;
}

/** Answers as it reads, so that nothing grows with the number of URIs. */
async function checkUris(session: Session, uris: readonly string[], level: UriLevel): Promise<Report> {
  const { terminal } = session;
  let [checked, refused] = [0, 0];
  for await (const some of piecesOf(uris, terminal.input)) {
    const verdicts = some.map((uri) => judgeUri(uri, level));
    checked += verdicts.length;
    refused += verdicts.filter(({ valid }) => !valid).length;
    terminal.write(textOf(verdicts, session));
    await terminal.drained();
  }
  return {
    json: null,
    sections: [],
    failure: refused === 0 ? undefined : `not valid: ${refused} of ${checked} URIs`,
  };
}

function piecesOf(
  uris: readonly string[],
  input: AsyncIterable<Uint8Array>,
): AsyncIterable<readonly string[]> | readonly (readonly string[])[] {
  if (!uris.includes('-')) return [uris];
  if (uris.length > 1) throw invalid('- stands alone: give URIs, or - to read them from standard input');
  return readJsonStrings(input);
}

function textOf(verdicts: readonly UriVerdict[], { format, terminal }: Session): string {
  if (verdicts.length === 0) return '';
  if (format === 'json') return verdicts.map((verdict) => `${JSON.stringify(verdict)}\n`).join('');
  const columns = [{ header: 'URI' }, { header: 'VALID' }, { header: 'NORMALIZED' }, { header: 'REMARKS' }];
  const rows = verdicts.map(({ input, valid, normalized, warnings, reason }): Cell[] => [
    ...[input, valid, normalized],
    [...warnings, ...(reason === null ? [] : [reason])].join('; ') || null,
  ]);
  return render({ json: null, sections: [{ kind: 'table', columns, rows, empty: '' }] }, format, terminal);
}
