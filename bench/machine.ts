import { cpus, loadavg, platform, release, totalmem } from 'node:os';
import { sql } from 'kysely';
import type { Stand } from './stand.ts';

/** Where a result comes from: numbers of different machines are not comparable, their ratios nearly. */
export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  readonly postgres: string;
  readonly temporal: string;
  /** Average number of busy processes in the minute before the start: above 0, others were at work too. */
  readonly loadBefore: number;
}

export async function describeMachine({ db, temporal }: Stand, loadBefore: number): Promise<Machine> {
  const { rows } = await sql<{ server_version: string }>`show server_version`.execute(db);
  const { serverVersion } = await temporal.client.workflowService.getSystemInfo({});
  return {
    cores: cpus().length,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()}`,
    node: process.version,
    postgres: rows[0]?.server_version ?? 'unknown',
    temporal: serverVersion ?? 'unknown',
    loadBefore,
  };
}

export function loadNow(): number {
  return Math.round((loadavg()[0] ?? 0) * 100) / 100;
}
