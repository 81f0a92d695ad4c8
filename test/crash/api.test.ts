import { type Crash, orders, startCrash } from '../support/crash.ts';
import { eventually } from '../support/tidegate.ts';

// Each test kills the API at one point; a worker runs beside it all the time.

describe('an API killed', () => {
  let crash: Crash;

  beforeAll(async () => {
    crash = await startCrash();
    await crash.worker();
  });

  afterAll(() => crash.stop());

  it('before the commit of an event has recorded nothing', async () => {
    const api = await crash.api();
    await api.killAt('before commit of events');
    await expect(post(api.url, { n: 'a' })).rejects.toThrow('fetch failed');
    await api.broken();
    expect(await recordings('a')).toBe(0);
    expect(await crash.problems()).toEqual([]);
  });

  it('between the commit of an event and its answer has recorded it, and it starts its consumers', async () => {
    const api = await crash.api();
    await api.killAt('after commit of events');
    await expect(post(api.url, { n: 'b' })).rejects.toThrow('fetch failed');
    await api.broken();
    crash.accepted('b');
    expect(await crash.problems()).toEqual([]);
  });

  it('between the commit of an event and its answer answers the same request, sent again, with that event', async () => {
    const api = await crash.api();
    await api.killAt('after commit of events');
    await expect(post(api.url, { n: 'c' }, 'key of c')).rejects.toThrow('fetch failed');
    await api.broken();
    const heir = await crash.api();
    const answers = [
      await post(heir.url, { n: 'c' }, 'key of c'),
      await post(heir.url, { n: 'c' }, 'key of c'),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    const told: unknown[] = await Promise.all(answers.map((answer) => answer.json()));
    // The run that it starts goes on meanwhile.
    const [first, second] = told.map((event) => ({ ...Object(event), created_dagruns: null }));
    expect(first).toEqual(second);
    expect(first).toMatchObject({ extra: { n: 'c' } });
    crash.accepted('c');
    expect(await crash.problems()).toEqual([]);
  });

  it('between its answer and the signal leaves the event to the sweep of a worker', async () => {
    const api = await crash.api();
    await api.killAt('before signal assetEvents');
    expect(await post(api.url, { n: 'd' })).toMatchObject({ status: 200 });
    crash.accepted('d');
    await api.broken();
    expect(await crash.problems()).toEqual([]);
  });

  it('between the row of a requested run and the signal leaves the run to the sweep, and to no second one', async () => {
    const api = await crash.api();
    await api.killAt('before signal runRequested');
    const request = (url: string) =>
      send(`${url}/api/v2/dags/producer/dagRuns`, { dag_run_id: 'by_hand', logical_date: null });
    await expect(request(api.url)).rejects.toThrow('fetch failed');
    await api.broken();
    await eventually(async () => (await crash.runsOf('producer')).every(({ state }) => state === 'success'));
    const heir = await crash.api();
    expect(await request(heir.url)).toMatchObject({ status: 409 });
    expect(await crash.problems()).toEqual([]);
  });

  function post(url: string, extra: object, key?: string): Promise<Response> {
    return send(`${url}/api/v2/assets/events`, { uri: orders, extra, ...(key && { idempotency_key: key }) });
  }

  async function recordings(n: string): Promise<number> {
    const events = await crash.deps.db.selectFrom('asset_event').select('extra').execute();
    return events.filter(({ extra }) => JSON.parse(JSON.stringify(extra)).n === n).length;
  }
});

function send(url: string, body: object): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  return fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
}
