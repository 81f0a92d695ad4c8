/** Hands out a number of places, in the order in which they are asked for. */
export interface Places {
  /**
   * Resolves with what gives the place back, once there is one.
   * @throws the reason of the signal
   */
  take(signal: AbortSignal): Promise<() => void>;
}

export function createPlaces(count: number): Places {
  let free = count;
  const waiting: (() => void)[] = [];
  const giveBack = (): void => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  };
  return {
    async take(signal) {
      signal.throwIfAborted();
      if (free > 0) {
        free -= 1;
        return once(giveBack);
      }
      let isMine = false;
      await new Promise<void>((settle) => {
        const leave = (): void => {
          waiting.splice(waiting.indexOf(turn), 1);
          settle();
        };
        const turn = (): void => {
          signal.removeEventListener('abort', leave);
          isMine = true;
          settle();
        };
        waiting.push(turn);
        signal.addEventListener('abort', leave, { once: true });
      });
      if (signal.aborted && isMine) giveBack();
      signal.throwIfAborted();
      return once(giveBack);
    },
  };
}

function once(act: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) act();
    isDone = true;
  };
}
