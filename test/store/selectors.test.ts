import { parseDagId } from '../../core/ids.ts';
import type { RefSource, SelectorSource, Source } from '../../core/source.ts';
import type { PassingAsset } from '../../store/registration.ts';
import { registerPassages } from '../../store/registration.ts';
import { readConsumer } from '../../store/gate.ts';
import { aDagPlan, anAlias, anAsset, anAssetPlan, aTaskPlan, hashOf, on } from '../support/plans.ts';
import { startStore, type TestStore } from '../support/store.ts';

const matching = (name: string): SelectorSource => ({ kind: 'selector', by: 'name', name });
const byName = (name: string): RefSource => ({ kind: 'ref', by: 'name', name });
const FIRST = anAsset('s3://lake/first');
const producer = aDagPlan({ dagId: 'producer', tasks: [aTaskPlan('load', { outlets: [anAlias('files')] })] });
const first = aDagPlan({ dagId: 'first', condition: on(FIRST) });
const selecting = aDagPlan({ dagId: 'selecting', condition: on(matching('s3://lake/*')) });
const referring = aDagPlan({ dagId: 'referring', condition: on(byName('s3://lake/7')) });
const project = [producer, first, selecting, referring];

describe('versions of DAGs with references and selectors', () => {
  let store: TestStore;
  beforeEach(async () => {
    store = await startStore(project);
  });
  afterEach(() => store.stop());

  const passing = (uri: string): PassingAsset => ({ asset: anAssetPlan(uri), through: [anAlias('files')] });
  const register = (...uris: readonly string[]) => registerPassages(store.db, uris.map(passing), hashOf);
  const sourcesOf = async (dagId: string): Promise<readonly Source[]> => {
    const current = await readConsumer(store.db, parseDagId(dagId));
    return Object.values(current?.definition.assets ?? {});
  };
  const versionOf = async (dagId: string) =>
    (await readConsumer(store.db, parseDagId(dagId)))?.definition.version;

  it('follow what is registered, however many do so while others deploy', async () => {
    const uris = Array.from({ length: 20 }, (_, n) => `s3://lake/${n}`);
    await Promise.all([
      ...uris.map((uri) => register(uri)),
      ...Array.from({ length: 5 }, () => store.deploy(project)),
    ]);
    expect((await sourcesOf('selecting')).map(({ name }) => name).toSorted()).toEqual(
      [FIRST.name, ...uris].toSorted(),
    );
    expect(await sourcesOf('referring')).toEqual([anAsset('s3://lake/7')]);
    const versions = [await versionOf('selecting'), await versionOf('referring')];
    expect(versions).toEqual([21, 2]);
    // Nothing changed since.
    const head = await store.head();
    await store.deploy(project);
    await register(...uris);
    expect([await versionOf('selecting'), await versionOf('referring'), await store.head()]).toEqual([
      ...versions,
      head,
    ]);
  });

  it('are told to whoever registers', async () => {
    expect((await register('s3://lake/7', 's3://other/7')).changed).toEqual(['referring', 'selecting']);
    expect((await register('s3://lake/7')).changed).toEqual([]);
    expect((await register('s3://other/8')).changed).toEqual([]);
  });

  it('follow assets that go, and keep what is queued for those that stay', async () => {
    await register('s3://lake/7');
    await store.post(FIRST.uri, 's3://lake/7');
    const queued = async () =>
      Object.values((await readConsumer(store.db, parseDagId('selecting')))?.consumer.gate.queued ?? {}).map(
        ({ count }) => count,
      );
    expect(await queued()).toEqual([1, 1]);
    await store.deploy([first, selecting, referring]);
    expect(await sourcesOf('selecting')).toEqual([FIRST]);
    expect(await queued()).toEqual([1]);
    expect(await sourcesOf('referring')).toEqual([byName('s3://lake/7')]);
  });

  it('follow where the file of their DAG could not be loaded', async () => {
    const broken = { file: selecting.file, message: 'broken' };
    const second = aDagPlan({ dagId: 'second', condition: on(anAsset('s3://lake/second')) });
    await store.deploy([producer, first, referring, second], [broken]);
    expect((await sourcesOf('selecting')).map(({ name }) => name)).toEqual([FIRST.name, 's3://lake/second']);
    await register('s3://lake/7');
    expect(await sourcesOf('selecting')).toHaveLength(3);
  });

  it('end with their DAG', async () => {
    await store.deploy([producer, first]);
    expect((await register('s3://lake/7')).changed).toEqual([]);
    await store.deploy(project);
    expect(await sourcesOf('selecting')).toHaveLength(2);
  });
});
