import { parseDagId } from '../../core/ids.ts';
import { asset, dag } from '../../sdk/index.ts';
import { eventually, startTidegate, type Tidegate } from '../support/tidegate.ts';

const feed = asset('s3://dispatch/feed');
const dagId = parseDagId('reader');

let tidegate: Tidegate;
beforeAll(async () => {
  tidegate = await startTidegate([
    dag('reader', { schedule: feed }, (d) => void d.task('work', async () => undefined)),
  ]);
});
afterAll(() => tidegate.stop());

const behind = async (): Promise<number> => {
  const { db } = tidegate.deps;
  const { sent } = await db
    .selectFrom('consumer')
    .select('sent')
    .where('dag_id', '=', dagId)
    .executeTakeFirstOrThrow();
  const { head } = await db.selectFrom('log').select('head').executeTakeFirstOrThrow();
  return head - sent;
};

describe('a dispatcher', () => {
  it('sends what it is told of, also right behind a success without outlets', async () => {
    const { db, dispatcher } = tidegate.deps;
    await dispatcher.idle();
    const { id } = await db.selectFrom('asset').select('id').executeTakeFirstOrThrow();
    await tidegate.postSilently(feed.uri);
    dispatcher.notifyAssets([]);
    dispatcher.notifyAssets([id]);
    // Nothing sweeps here. A consumer that has just begun is sent everything once more.
    expect(await eventually(async () => (await behind()) === 0, 5_000)).toBe(true);
  });

  it('sends what it is told of while it looks up whom to tell of something else', async () => {
    const { db, dispatcher } = tidegate.deps;
    const { id } = await db.selectFrom('asset').select('id').executeTakeFirstOrThrow();
    await tidegate.postSilently(feed.uri);
    dispatcher.notifyAssets([id]);
    await Promise.resolve();
    await tidegate.postSilently(feed.uri);
    dispatcher.notifyAssets([id]);
    // Nothing sweeps here. A consumer that has just begun is sent everything once more.
    expect(await eventually(async () => (await behind()) === 0, 5_000)).toBe(true);
  });
});
