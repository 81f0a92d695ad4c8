import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { historyFromJSON, historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { Tidegate } from './tidegate.ts';

type History = Awaited<ReturnType<ReturnType<Tidegate['consumer']>['fetchHistory']>>;

/** Where recorded histories lie, as `<workflow>--<scenario>.json`; none is ever edited or recorded again. */
export const historiesFolder = fileURLToPath(new URL('../replay/histories', import.meta.url));

export function recordedHistories(): readonly string[] {
  return readdirSync(historiesFolder).filter((name) => name.endsWith('.json'));
}

export function readHistoryText(name: string): string {
  return readFileSync(join(historiesFolder, name), 'utf8');
}

/** What `Worker.runReplayHistories` takes. */
export async function* toReplay(
  names: readonly string[],
): AsyncGenerator<{ readonly workflowId: string; readonly history: History }> {
  for (const name of names) {
    yield { workflowId: name, history: historyFromJSON(JSON.parse(readHistoryText(name))) };
  }
}

/** A history as it is kept: without what says on which machine it was recorded. */
export function historyText(history: History): string {
  const recorded: unknown = JSON.parse(historyToJSON(history));
  return `${JSON.stringify(withoutMachine(recorded), null, 1)}\n`;
}

function withoutMachine(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutMachine);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => {
      if (key === 'identity') return [key, 'recorder'];
      return [key, key === 'stackTrace' ? '' : withoutMachine(field)];
    }),
  );
}
