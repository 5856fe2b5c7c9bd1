/** Aborts on the first Ctrl-C or SIGTERM, so that work stops cleanly; a second one ends the process at once. */
export function interruptSignal(): AbortSignal {
  const stop = new AbortController();
  const interrupt = () => {
    if (stop.signal.aborted) process.exit(130);
    stop.abort();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  return stop.signal;
}
