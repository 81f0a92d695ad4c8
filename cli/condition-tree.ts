import type { ExplanationNode } from '../api/contract/gate.ts';
import { type Cell, instant, toned } from './report.ts';

/** A condition as a tree of ticks and crosses; a line of it is a list of cells. */
export function conditionLines(node: ExplanationNode, indent = ''): readonly (readonly Cell[])[] {
  const mark = node.met ? toned('good', '✓') : toned('bad', '✗');
  if ('of' in node) {
    const parts = node.of.flatMap((part) => conditionLines(part, `${indent}  `));
    const heading = { all: 'all of', any: 'any of', atLeast: `at least ${node.needed} of` }[node.kind];
    return [[indent, mark, ' ', heading], ...parts];
  }
  const title = `${titleOf(node)}${termsOf(node)}`;
  if (node.queued === null) {
    const events = node.needed === 1 ? 'an event' : `${node.needed} events`;
    return [[indent, mark, ' ', title, toned('dim', `  waits for ${events}`)]];
  }
  const { count, last_timestamp: lastAt } = node.queued;
  const of = node.needed === 1 ? '' : ` of ${node.needed}`;
  return [[indent, mark, ' ', title, `  ${count}${of} queued${keysOf(node)}, last `, instant(lastAt)]];
}

type Leaf = Exclude<ExplanationNode, { readonly of: unknown }>;

function termsOf({ where, expire_after: seconds }: Leaf): string {
  const filter = where === undefined ? '' : ` where ${where}`;
  return seconds === undefined ? filter : `${filter} within ${seconds} s`;
}

function keysOf({ received_keys: keys, required_key_count: needed }: Leaf): string {
  return keys === undefined ? '' : `, ${keys.length} of ${needed} keys`;
}

function titleOf(node: Leaf): string {
  if (node.kind === 'alias') return `alias ${node.alias.name}`;
  if (node.kind === 'template') return `${node.template.name} (any instance)`;
  if (node.kind === 'asset_ref') {
    const { asset_ref: to } = node;
    return 'uri' in to
      ? `${to.uri} (no active asset of this URI yet)`
      : `${to.name} (no active asset of this name yet)`;
  }
  const { name, uri } = node.asset;
  return name === uri ? uri : `${name} <${uri}>`;
}
