/** Ticks of a schedule that came and have no run yet, because it waits until the condition is met. Instants are nominal times. */
export interface OwedTicks {
  readonly count: number;
  readonly firstAt: number;
  readonly lastAt: number;
}

/** The ticks that are owed once another one came. */
export function withTick(owed: OwedTicks | undefined, at: number): OwedTicks {
  if (owed === undefined) return { count: 1, firstAt: at, lastAt: at };
  return {
    count: owed.count + 1,
    firstAt: Math.min(owed.firstAt, at),
    lastAt: Math.max(owed.lastAt, at),
  };
}

/** Which ticks are owed, as the beginning of a sentence. */
export function owedText({ count, firstAt, lastAt }: OwedTicks): string {
  const first = new Date(firstAt).toISOString();
  return count === 1
    ? `The tick of ${first} is owed`
    : `${count} ticks from ${first} to ${new Date(lastAt).toISOString()} are owed`;
}
