import { readdirSync, readFileSync } from 'node:fs';

/** Processor time by process, in milliseconds. Other work on the machine makes everything slower, but hardly this. */
export type CpuTimes = Readonly<Record<string, number>>;

/** Linux counts in hundredths of a second. */
const msPerTick = 10;

interface Usage {
  readonly parent: number;
  readonly ms: number;
}

/** What these processes and their children have used so far; nothing where there is no `/proc`. */
export function cpuTimes(pids: Readonly<Record<string, number>>): CpuTimes {
  const used = readAll();
  // A process that is listed itself is nobody's child here.
  const listed = new Set(Object.values(pids));
  return Object.fromEntries(
    Object.entries(pids).map(([name, pid]) => {
      const family = [...used].filter(
        ([id, { parent }]) => id === pid || (parent === pid && !listed.has(id)),
      );
      return [name, family.reduce((sum, [, { ms }]) => sum + ms, 0)];
    }),
  );
}

/** What was used between two readings, by each of `count` things. */
export function cpuBetween(before: CpuTimes, after: CpuTimes, count: number): CpuTimes {
  return Object.fromEntries(
    Object.entries(after).map(([name, ms]) => [name, (ms - (before[name] ?? 0)) / count]),
  );
}

export function sumOf(times: CpuTimes): number {
  return Object.values(times).reduce((sum, ms) => sum + ms, 0);
}

function readAll(): ReadonlyMap<number, Usage> {
  const used = new Map<number, Usage>();
  if (process.platform !== 'linux') return used;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const usage = readOne(name);
    if (usage !== undefined) used.set(Number(name), usage);
  }
  return used;
}

function readOne(pid: string): Usage | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name of the program, in brackets, may hold spaces.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    // Its own time in user and system mode, and that of its children which have ended.
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    return { parent: Number(fields[1]), ms: ticks * msPerTick };
  } catch {
    return undefined;
  }
}
