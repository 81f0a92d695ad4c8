import { TidegateError } from '../core/errors.ts';
import { shown } from '../core/json.ts';
import { isSourceName } from '../core/source.ts';
import { maxUriLength } from '../core/uri-spelling.ts';
import { brand } from './brand.ts';
import { type Chainable, chainable } from './condition.ts';

/** Active assets that have something in common, in a condition. */
export interface AssetSelector extends Chainable {
  readonly [brand]: 'selector';
  readonly by: 'group' | 'tag' | 'name';
  /** The group, the tag, or the pattern. */
  readonly name: string;
}

/**
 * Selects assets for a condition: those of a group, those with a tag, or those with a name like a pattern, in which `*` stands for any
 * characters and `?` for one. They stand in the condition as if they were written there, and follow the assets that there are. A DAG
 * never selects its own outlets.
 * @example
 * ```ts
 * import { all, any, dag, select } from 'tidegate';
 *
 * const schedule = any(all(select.group('finance')), select.tag('urgent'), select.matching('sales_*'));
 *
 * export const report = dag('report', { schedule }, (d) => {
 *   d.task('report', async ({ events, log }) => log.info('updated', { count: await events.all().count() }));
 * });
 * ```
 */
export const select = {
  /** @throws TidegateError `invalid_definition` when blank */
  group: (group: string): AssetSelector => selector('group', group),
  /** @throws TidegateError `invalid_definition` when blank */
  tag: (tag: string): AssetSelector => selector('tag', tag),
  /** @throws TidegateError `invalid_definition` when blank */
  matching: (pattern: string): AssetSelector => selector('name', pattern),
};

function selector(by: AssetSelector['by'], name: unknown): AssetSelector {
  if (isSourceName(name)) return chainable({ [brand]: 'selector' as const, by, name });
  const call = `select.${by === 'name' ? 'matching' : by}`;
  throw new TidegateError(
    'invalid_definition',
    `${call}(${shown(name)}) is not valid: use 1 to ${maxUriLength} characters, not blank, no control characters`,
  );
}
