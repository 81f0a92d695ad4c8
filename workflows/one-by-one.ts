/** Makes a call, at once or when it is its turn. */
export type InTurn = <Result>(call: () => Promise<Result>) => Promise<Result>;

export const atOnce: InTurn = (call) => call();

/**
 * Makes one call after the other. Local activities that ended one by one in one workflow task are told all at once when it is replayed, and what each of them leads to
 * may then come in another order, which is another history. One at a time, they are told one at a time.
 */
export function oneByOne(): InTurn {
  let last: Promise<unknown> = Promise.resolve();
  return (call) => {
    const next = last.then(call);
    last = next.catch(() => undefined);
    return next;
  };
}
