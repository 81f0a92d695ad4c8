import { TidegateError } from '../core/errors.ts';
import { isRecord } from '../core/json.ts';
import { brand, isBranded } from './brand.ts';
import type { TaskHandle } from './task.ts';

/** Tasks that return lists, by the names under which an instance has an item of each. */
export type ItemSources = Readonly<Record<string, TaskHandle<readonly unknown[]>>>;

/** Lists of which an instance takes one item each, all at the same place. Made by {@link zip}. */
export interface Zipped<Sources extends ItemSources = ItemSources> {
  readonly [brand]: 'zip';
  readonly sources: Sources;
}

/** What a task may be mapped over: a list, every combination of items of several, or several side by side. */
export type Mappable = TaskHandle<readonly unknown[]> | ItemSources | Zipped;

/** What an instance has as its item. */
export type ItemOf<Over> =
  Over extends TaskHandle<readonly (infer Item)[]>
    ? Item
    : Over extends Zipped<infer Sources>
      ? ItemsOf<Sources>
      : ItemsOf<Over>;

type ItemsOf<Sources> = {
  readonly [Name in keyof Sources]: Sources[Name] extends TaskHandle<readonly (infer Item)[]> ? Item : never;
};

/** The same as it is kept in the definition of a task. */
export type AuthoredOver =
  | TaskHandle
  | {
      readonly by: 'product' | 'zip';
      readonly sources: readonly { readonly name: string; readonly task: TaskHandle }[];
    };

/**
 * Lists side by side, for a task that is mapped over them: its first instance has the first item of each, and so on. Lists of different
 * lengths fail the task.
 * @example
 * ```ts
 * import { dag, zip } from 'tidegate';
 *
 * export const copies = dag('copies', {}, (d) => {
 *   const from = d.task('from', async () => ['a.csv', 'b.csv']);
 *   const to = d.task('to', async () => ['x.csv', 'y.csv']);
 *   d.map('copy', zip({ from, to }), async ({ item }) => `${item.from} to ${item.to}`);
 * });
 * ```
 */
export function zip<const Sources extends ItemSources>(sources: Sources): Zipped<Sources> {
  return { [brand]: 'zip', sources };
}

/** @throws TidegateError `invalid_definition` when it is nothing that a task may be mapped over: authors may write plain JavaScript */
export function toAuthoredOver(id: string, over: unknown): AuthoredOver {
  if (isHandle(over)) return over;
  const isZip = isBranded(over, 'zip');
  const sources = isZip && isRecord(over) ? over['sources'] : over;
  if (!isRecord(sources) || Object.keys(sources).length === 0)
    throw refused(
      `task '${id}' is mapped over nothing: give it a task that returns a list, or { name: task }`,
    );
  return {
    by: isZip ? 'zip' : 'product',
    sources: Object.entries(sources).map(([name, task]) => {
      if (isHandle(task)) return { name, task };
      throw refused(`task '${id}' is mapped over '${name}', which is no task: give what d.task returned`);
    }),
  };
}

/** Tasks that it comes from, each once. */
export function tasksOver(over: AuthoredOver): readonly TaskHandle[] {
  return 'sources' in over ? [...new Set(over.sources.map(({ task }) => task))] : [over];
}

function isHandle(value: unknown): value is TaskHandle {
  return isRecord(value) && typeof value['id'] === 'string' && typeof value['dagId'] === 'string';
}

function refused(reason: string): TidegateError {
  return new TidegateError('invalid_definition', reason);
}
