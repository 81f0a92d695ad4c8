import type { Consumer } from './consumer.ts';
import type { Definition } from './definition.ts';
import { explainConsumer, type Explanation } from './explanation.ts';
import { titleOf } from './source.ts';

/** Most leaves that are drawn; a longer condition is cut and says so. */
const maxLines = 50;

/** What a consumer waits for, as Markdown for Temporal's Web UI. */
export function consumerDetails(consumer: Consumer, definition: Definition): string {
  const { explanation, sentence } = explainConsumer(consumer, definition);
  const lines = explanation === null ? [] : linesOf(explanation, 0);
  const shown = lines.slice(0, maxLines);
  const cut = lines.length > maxLines ? [`- … and ${lines.length - maxLines} more`] : [];
  const runs = `Active runs: ${consumer.activeRuns.length} of ${consumer.maxActiveRuns}`;
  const said = [sentence, ...(definition.notes ?? [])].join(' ');
  return [said, '', ...shown, ...cut, '', runs].join('\n');
}

function linesOf(explanation: Explanation, depth: number): readonly string[] {
  const indent = '  '.repeat(depth);
  const mark = explanation.met ? '✓' : '✗';
  if (explanation.kind !== 'asset') {
    const kind = explanation.kind === 'atLeast' ? `at least ${explanation.needed}` : explanation.kind;
    const heading = `${indent}- ${mark} ${kind} of`;
    return [heading, ...explanation.of.flatMap((part) => linesOf(part, depth + 1))];
  }
  const { queued, asset } = explanation;
  const title = titleOf(asset);
  const name = title.length > 100 ? `${title.slice(0, 97)}...` : title;
  const of = explanation.needed === 1 ? '' : ` of ${explanation.needed}`;
  const since =
    queued === null ? '' : ` — ${queued.count}${of} queued since ${new Date(queued.firstAt).toISOString()}`;
  return [`${indent}- ${mark} \`${name}\`${since}`];
}
