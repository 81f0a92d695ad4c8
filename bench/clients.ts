import { now } from './marks.ts';

/** So many clients, each doing one thing after the other until the time is over. @returns things done a second */
export async function rateOf(
  clients: number,
  forMs: number,
  act: (client: number) => Promise<unknown>,
): Promise<number> {
  const startedAt = now();
  const until = startedAt + forMs;
  let done = 0;
  const client = async (_: unknown, index: number): Promise<void> => {
    while (now() < until) {
      await act(index);
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return (done / (now() - startedAt)) * 1_000;
}

/** Does so many things, `clients` at a time. */
export async function each(
  clients: number,
  count: number,
  act: (index: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const client = async (): Promise<void> => {
    while (next < count) await act(next++);
  };
  await Promise.all(Array.from({ length: Math.min(clients, count) }, client));
}
