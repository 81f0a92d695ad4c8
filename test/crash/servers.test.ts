import { setTimeout as delay } from 'node:timers/promises';
import { type Crash, startCrash } from '../support/crash.ts';
import { eventually } from '../support/tidegate.ts';

/** Events recorded before a server is killed, while it is away, and after it came back. */
const perPhase = 40;

describe('a server killed under load', () => {
  let crash: Crash;
  afterEach(() => crash.stop());

  it('Temporal, loses no event and no run once it is back on its file', async () => {
    crash = await startCrash({ hasKeptTemporal: true });
    await crash.worker();
    const load = crash.load();
    await recorded(crash, perPhase);
    const revive = await crash.servers.killTemporal();
    await recorded(crash, perPhase);
    await revive();
    await recorded(crash, perPhase);
    await load.stop();
    expect(await crash.problems()).toEqual([]);
  });

  it('Postgres, loses nothing of what it acknowledged', async () => {
    crash = await startCrash({ hasOwnPostgres: true });
    await crash.worker();
    const load = crash.load();
    await recorded(crash, perPhase);
    const revive = await crash.servers.killPostgres();
    // Everybody has to notice before it is back.
    await delay(500);
    await revive();
    await recorded(crash, perPhase);
    await load.stop();
    expect(await crash.problems()).toEqual([]);
  });
});

/** Waits until so many more events are recorded, while producers' runs are triggered, too. */
async function recorded(crash: Crash, more: number): Promise<void> {
  const count = async () => {
    const { head } = await crash.deps.db.selectFrom('log').select('head').executeTakeFirstOrThrow();
    return head;
  };
  const before = await count();
  for (let trigger = 0; trigger < 3; trigger++) {
    // Without Temporal the row is written all the same, and told by a sweep; that answer comes late.
    void crash.trigger('producer').catch(() => undefined);
  }
  await eventually(async () => (await count()) >= before + more, 60_000);
}
