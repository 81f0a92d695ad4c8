import type { ExplanationNode } from '../api/contract/gate.ts';
import { type Cell, instant, toned } from './report.ts';

/** A condition as a tree of ticks and crosses; a line of it is a list of cells. */
export function conditionLines(node: ExplanationNode, indent = ''): readonly (readonly Cell[])[] {
  const mark = node.met ? toned('good', '✓') : toned('bad', '✗');
  if (node.kind !== 'asset') {
    const parts = node.of.flatMap((part) => conditionLines(part, `${indent}  `));
    return [[indent, mark, ' ', node.kind === 'all' ? 'all of' : 'any of'], ...parts];
  }
  const { name, uri } = node.asset;
  const asset = name === uri ? uri : `${name} <${uri}>`;
  if (node.queued === null) return [[indent, mark, ' ', asset, toned('dim', '  waits for an event')]];
  const { count, last_timestamp: lastAt } = node.queued;
  return [[indent, mark, ' ', asset, `  ${count} queued, last `, instant(lastAt)]];
}
