import { parseDagId } from '../../core/ids.ts';
import { asset, dag } from '../../sdk/index.ts';
import { setPaused } from '../../temporal/control.ts';
import { projectOf, startTidegate, type Tidegate } from '../support/tidegate.ts';

const feed = asset('s3://large/feed');
/** Its first task skips the rest; only its size matters. */
const large = dag('large', { schedule: feed, maxActiveRuns: 32 }, (d) => {
  const first = d.task('first', async ({ skip }) => skip('that is enough'));
  for (let index = 0; index < 150; index++) {
    const outlets = [asset(`s3://large/${'a_rather_long_path/'.repeat(40)}${index}`)];
    d.task(`load_${index}`, { needs: { first }, outlets }, async () => undefined);
  }
});
/** Together above the 4 MB that one answer to Temporal may have. */
const count = 24;

let tidegate: Tidegate;
beforeAll(async () => {
  tidegate = await startTidegate([large]);
});
afterAll(() => tidegate.stop());

describe('a consumer whose plan is large', () => {
  it('opens many runs, also when one message asks for all of them', async () => {
    const bytes = JSON.stringify(projectOf([large]).dags[0]?.run).length;
    expect(bytes * count).toBeGreaterThan(4 * 1_024 * 1_024);
    for (let event = 0; event < count; event++) await tidegate.postSilently(feed.uri);
    tidegate.deps.dispatcher.notify([parseDagId('large')]);
    expect(await tidegate.runsClosed('large', count)).toHaveLength(count);
  });

  it('lets in many runs at once', async () => {
    await setPaused(tidegate.deps, parseDagId('large'), true);
    for (let run = 0; run < count; run++) await tidegate.trigger('large');
    await setPaused(tidegate.deps, parseDagId('large'), false);
    expect(await tidegate.runsClosed('large', 2 * count)).toHaveLength(2 * count);
  });
});
