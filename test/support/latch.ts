/** Holds a task until a test lets it go on. */
export interface Latch {
  readonly opened: Promise<void>;
  open(): void;
}

export function aLatch(): Latch {
  const { promise, resolve } = promiseWithResolvers();
  return { opened: promise, open: resolve };
}

function promiseWithResolvers(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
