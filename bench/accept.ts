import { Client } from 'pg';
import type { Bench } from './bench.ts';
import { rateOf } from './clients.ts';
import { type CpuTimes, cpuBetween } from './cpu.ts';
import { atLeast, compare, compareCpu, type Measurement, median } from './measurement.ts';

const clients = 8;
const bulkClients = 4;
const bulkSize = 1_000;

/** Events accepted a second over HTTP, beside the commits of single rows that Postgres makes without any of it. */
export const accept: Bench = {
  name: 'accept',
  async run(stand, { rounds, isQuick }, say) {
    const forMs = isQuick ? 1_500 : 5_000;
    const pg = await connect(stand.databaseUrl);
    const alone = JSON.stringify(eventOf(await stand.assetId('bench://accept/alone')));
    const awaited = JSON.stringify(eventOf(await stand.assetId('bench://accept/awaited')));
    const bulk = JSON.stringify({
      events: Array.from({ length: bulkSize }, () => JSON.parse(alone) as unknown),
    });
    const post = (text: string) => () => stand.api.postText('/api/v2/assets/events', text);
    const postBulk = () => stand.api.postText('/api/v2/assets/events/bulk', bulk);
    const commit = (client: number) =>
      pg[client]?.query('insert into bench_raw (asset_id, extra) values (1, \'{"n": 1}\')') ??
      Promise.reject();
    const commitBulk = (client: number) =>
      pg[client]?.query(
        `insert into bench_raw (asset_id, extra) select 1, '{"n": 1}' from generate_series(1, ${bulkSize})`,
      ) ?? Promise.reject();

    await rateOf(clients, 1_000, post(awaited));
    await rateOf(clients, 500, commit);
    await rateOf(bulkClients, 500, postBulk);
    const withoutConsumer: [number, number][] = [];
    const withConsumer: [number, number][] = [];
    const inBulk: [number, number][] = [];
    const cpu: [CpuTimes, CpuTimes][] = [];
    for (let round = 1; round <= rounds; round++) {
      say(`round ${round} of ${rounds}`);
      withoutConsumer.push([await rateOf(clients, forMs, post(alone)), await rateOf(clients, forMs, commit)]);
      const start = stand.cpu();
      const ofOurs = await rateOf(clients, forMs, post(awaited));
      const middle = stand.cpu();
      const ofRaw = await rateOf(clients, forMs, commit);
      withConsumer.push([ofOurs, ofRaw]);
      const done = (rate: number) => (rate * forMs) / 1_000;
      cpu.push([cpuBetween(start, middle, done(ofOurs)), cpuBetween(middle, stand.cpu(), done(ofRaw))]);
      const [ours, raw] = [
        await rateOf(bulkClients, forMs, postBulk),
        await rateOf(bulkClients, forMs, commitBulk),
      ];
      inBulk.push([ours * bulkSize, raw * bulkSize]);
    }
    await Promise.all(pg.map((client) => client.end()));

    const commits = 'single-row commits by 8 clients';
    const single = (what: string, pairs: readonly (readonly [number, number])[]): readonly Measurement[] => [
      compare(`events accepted, one a request by 8 clients, ${what}`, '/s', commits, pairs, atLeast(0.5)),
      absolute(
        `the same, by itself`,
        pairs.map(([ours]) => ours),
        1_000,
      ),
    ];
    return [
      ...single('nobody subscribed', withoutConsumer),
      ...single('with a consumer', withConsumer),
      compareCpu('processor time of an event, with a consumer', 'of a commit', cpu),
      compare(`events accepted, ${bulkSize} a request by ${bulkClients} clients`, '/s', 'rows', inBulk),
      absolute(
        `the same, by itself`,
        inBulk.map(([ours]) => ours),
        10_000,
      ),
    ];
  },
};

function absolute(what: string, samples: readonly number[], least: number): Measurement {
  return {
    ...{ what, unit: '/s', ours: median(samples), samples },
    target: { of: 'ours', kind: 'at least', value: least },
  };
}

function eventOf(assetId: number) {
  return { asset_id: assetId, extra: { rows: 1_234, path: 's3://bench/part-0001.parquet' } };
}

async function connect(url: string): Promise<readonly Client[]> {
  const opened = Array.from({ length: clients }, () => new Client({ connectionString: url }));
  await Promise.all(opened.map((client) => client.connect()));
  await opened[0]?.query(
    'create table bench_raw (id bigint generated always as identity primary key, asset_id int, extra jsonb, at timestamptz default clock_timestamp())',
  );
  return opened;
}
