import { sql } from 'kysely';
import type { Tx } from './log.ts';

const deployLock = 7_401_001;

/** Lets one transaction at a time change what is deployed or registered; recording events goes on until it takes its position. */
export async function lockDeploys(tx: Tx): Promise<void> {
  await sql`select pg_advisory_xact_lock(${deployLock})`.execute(tx);
}
