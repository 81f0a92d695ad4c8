import type { Command } from 'commander';
import { type Pool, PoolCollection, PoolDetails, type PoolLease } from '../../api/contract/pools.ts';
import { pathOf } from '../api-client.ts';
import { wholeNumber } from '../arguments.ts';
import { paged, type PageOptions } from '../paging.ts';
import { type Cell, instant, pageNote, type Report, type Section } from '../report.ts';
import type { Run, Session } from '../session.ts';

/** `tidegate pools …` */
export function addPoolCommands(program: Command, run: Run): void {
  const pools = program.command('pools').description('what tasks and runs of all DAGs share: list, get');
  paged(pools.command('list').description('list pools with how much of them is held')).action(
    (options: PageOptions) => run((session) => listPools(session, options)),
  );
  pools
    .command('get <pool>')
    .description('show a pool: who holds slots of it, and who waits')
    .option('--limit <n>', 'how many of each to show', wholeNumber)
    .action((name: string, options: { readonly limit?: number }) =>
      run((session) => getPool(session, name, options)),
    );
}

async function listPools({ api }: Session, page: PageOptions): Promise<Report> {
  const json = await api.get(PoolCollection, '/api/v2/pools', { ...page });
  const headers = ['POOL', 'HELD', 'SLOTS', 'PER KEY', 'RATE', 'WAITING', 'NEXT START'];
  const rows = json.pools.map((pool): Cell[] => [
    ...[pool.name, pool.occupied_slots, pool.slots, pool.slots_per_key, rateOf(pool), pool.waiting],
    instant(pool.next_start_at),
  ]);
  return {
    json,
    sections: [{ kind: 'table', columns: headers.map((header) => ({ header })), rows, empty: 'no pools' }],
    note: pageNote(rows.length, json.total_entries),
  };
}

async function getPool(
  { api }: Session,
  name: string,
  options: { readonly limit?: number },
): Promise<Report> {
  const json = await api.get(PoolDetails, pathOf`/api/v2/pools/${name}`, { ...options });
  const facts: readonly (readonly [string, Cell])[] = [
    ['pool', json.name],
    ['slots', json.slots],
    ['slots per key', json.slots_per_key],
    ['rate', rateOf(json)],
    ['held', json.occupied_slots],
    ['waiting', json.waiting],
    ['next start', instant(json.next_start_at)],
  ];
  return {
    json,
    sections: [
      { kind: 'facts', facts },
      leaseTable('held by', json.held_by),
      leaseTable('waited for by', json.waited_for_by),
    ],
    note: pageNote(json.held_by.length + json.waited_for_by.length, json.holders + json.waiting),
  };
}

function rateOf({ rate }: Pick<Pool, 'rate'>): string | null {
  return rate === null ? null : `${rate.starts} in ${rate.per_seconds} s`;
}

function leaseTable(title: string, leases: readonly PoolLease[]): Section {
  const headers = ['DAG', 'RUN', 'TASK', 'KEY', 'SLOTS', 'SINCE'];
  const rows = leases.map((lease): Cell[] => [
    ...[lease.dag_id, lease.dag_run_id, taskOf(lease), lease.key, lease.slots],
    instant(lease.granted_at ?? lease.asked_at),
  ]);
  return { kind: 'table', title, columns: headers.map((header) => ({ header })), rows, empty: 'nobody' };
}

function taskOf({ task_id, map_index }: PoolLease): string | null {
  return task_id === null || map_index === -1 ? task_id : `${task_id} [${map_index}]`;
}
