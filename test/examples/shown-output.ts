/** A line as a page shows it, and the same line as it is here. */
export type MatchedLine = readonly [there: string, here: string];

/**
 * Pairs what a page shows of an output with the output itself; `undefined` where it is another one. A line `…` stands for any lines. Times, durations,
 * numbers of events and runs, and addresses may differ, and so may the width of columns.
 */
export function matchedLines(
  shown: readonly string[],
  output: readonly string[],
): readonly MatchedLine[] | undefined {
  return matchFrom(
    shown.filter((line) => !isProgress(line)),
    output.filter((line) => !isProgress(line)),
  );
}

function matchFrom(
  [first, ...shown]: readonly string[],
  output: readonly string[],
): readonly MatchedLine[] | undefined {
  if (first === undefined) return output.length === 0 ? [] : undefined;
  if (first.trim() === '…') {
    for (let passed = 0; passed <= output.length; passed += 1) {
      const rest = matchFrom(shown, output.slice(passed));
      if (rest !== undefined) return rest;
    }
    return undefined;
  }
  const [here, ...others] = output;
  if (here === undefined || steady(first) !== steady(here)) return undefined;
  const rest = matchFrom(shown, others);
  return rest === undefined ? undefined : [[first, here], ...rest];
}

/** How far a run is when `--wait` asks depends on the moment. */
function isProgress(line: string): boolean {
  return /^(?:run|task) \S+: (?:queued|running)$/.test(line);
}

/** What stays the same from one computer, and one moment, to the next. */
function steady(line: string): string {
  return line
    .trimEnd()
    .replaceAll(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?Z(?: \((?:now|[^)]* ago)\))?/g, '<time>')
    .replaceAll(/\b(?:\d+m)?\d+(?:\.\d+)?m?s\b/g, '<duration>')
    .replaceAll(/asset__\d+/g, 'asset__<n>')
    .replaceAll(/^(?:event {5})?\d+(?= |$)/g, '<n>')
    .replaceAll(/http:\/\/[^/]+\/namespaces\/[^/]+/g, '<temporal>')
    .replaceAll(/ {2,}/g, '  ');
}
