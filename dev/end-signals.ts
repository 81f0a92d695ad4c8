const statusOf = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/**
 * Ends this process in order on Ctrl-C, SIGTERM, SIGHUP, and when the bootstrap process that started it is gone:
 * `stop` first, then exit; at the latest after 10 seconds.
 */
export function endOnSignals(stop: () => Promise<void>): void {
  let ending = false;
  const end = (status: number): void => {
    // Ctrl-C arrives several times: from the terminal, from npm and from the bootstrap.
    if (ending) return;
    ending = true;
    setTimeout(() => process.exit(status), 9_800).unref();
    void stop()
      .catch((error: unknown) => process.stderr.write(`${String(error)}\n`))
      .finally(() => process.exit(status));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => end(statusOf[signal]));
  }
  process.on('disconnect', () => end(statusOf.SIGTERM));
  process.channel?.unref();
}
