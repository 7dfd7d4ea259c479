// Runs a task again and again, the newest request only.
// Invariant: at most one is under way; of those asked for meanwhile the last one follows.

export function newestOnly<Arguments extends unknown[]>(task: (...args: Arguments) => Promise<void>): (...args: Arguments) => Promise<void> {
  let waiting: Arguments | undefined;
  let running: Promise<void> | undefined;
  const drain = async (): Promise<void> => {
    try {
      while (waiting) {
        const args = waiting;
        waiting = undefined;
        await task(...args);
      }
    } finally {
      running = undefined;
    }
  };
  return (...args) => {
    waiting = args;
    return (running ??= drain());
  };
}
