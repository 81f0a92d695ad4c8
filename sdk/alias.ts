import { parseAliasName } from '../core/source.ts';
import { brand } from './brand.ts';
import { type Chainable, chainable } from './condition.ts';
import { placeOfCaller } from './place.ts';

/** An alias as an author declares it: a name under which tasks update assets that are only known at run time. */
export interface Alias extends Chainable {
  readonly [brand]: 'alias';
  readonly name: string;
  readonly group: string;
  /** Where it was declared. */
  readonly place: string;
}

/** What is known about an alias besides its name. */
export interface AliasOptions {
  /** Aliases of one group are shown together. @defaultValue none */
  readonly group?: string;
}

/**
 * Declares an alias. A task that has it as an outlet says which assets it updated by `emit.via`; a DAG that waits for it is started by
 * what came through it, whichever asset that is of.
 * @example
 * ```ts
 * import { alias, asset, dag } from 'tidegate';
 *
 * const dailyFiles = alias('daily-files', { group: 'lake' });
 *
 * export const load = dag('load', {}, (d) => {
 *   d.task('load', { outlets: [dailyFiles] }, async ({ emit }) => {
 *     for (const file of ['orders', 'rates']) emit.via(dailyFiles, asset(`s3://lake/${file}`));
 *   });
 * });
 *
 * export const report = dag('report', { schedule: dailyFiles }, (d) => {
 *   d.task('report', async ({ events, log }) => {
 *     for await (const event of events.of(dailyFiles)) log.info('arrived', { asset: event.asset.name });
 *   });
 * });
 * ```
 * @throws TidegateError `invalid_definition` when the name is blank, longer than 1,500 characters, or has control characters
 */
export function alias(name: string, { group = '' }: AliasOptions = {}): Alias {
  return chainable({
    [brand]: 'alias' as const,
    name: parseAliasName(name),
    group,
    place: placeOfCaller(),
  });
}
