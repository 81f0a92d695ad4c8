import { type Condition, leavesOf, mapLeaves } from '../core/condition.ts';
import { TidegateError } from '../core/errors.ts';
import { quote } from '../core/ids.ts';
import { parseSchedule } from '../core/scenario-schedule.ts';
import { isAssetSource, isPassage, type Source } from '../core/source.ts';
import type { Db } from '../store/database.ts';
import { findWrittenSources } from '../store/written-sources.ts';

/**
 * A schedule that somebody proposes, with the assets that its names and URIs stand for.
 * @throws TidegateError `invalid_input` naming the part that is not valid, `unknown_asset` where a name stands for nothing
 */
export async function readProposed(db: Db, schedule: unknown): Promise<Condition<Source> | null> {
  const condition = parseSchedule('schedule', schedule);
  if (condition === null) return null;
  const leaves = leavesOf(condition);
  const namesOf = (isWanted: (source: Source) => boolean) => leaves.filter(isWanted).map(({ name }) => name);
  const found = await findWrittenSources(db, { assets: namesOf(isAssetSource), aliases: namesOf(isPassage) });
  return mapLeaves(condition, (source): Source => {
    if (isPassage(source)) {
      if (found.hasAlias(source.name)) return source;
      throw unknownSource(`alias is named ${quote(source.name)}: GET /api/v2/assets/aliases`);
    }
    const asset = found.asset(source.name);
    if (asset !== undefined) return asset;
    throw unknownSource(`active asset has the name or URI ${quote(source.name)}: GET /api/v2/assets`);
  });
}

function unknownSource(what: string): TidegateError {
  return new TidegateError('unknown_asset', `schedule: no ${what} lists those that there are`);
}
