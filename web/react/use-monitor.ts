// useMonitor: the latest snapshot of a session's monitor, at a bounded rate.
import type { Monitor, MonitorSnapshot } from 'insitu';
import { useEffect, useState } from 'react';

import type { MonitoredSession } from '../element/element.js';
import { Feed } from '../element/feed.js';

/**
 * The latest snapshot, taken every `interval` ms (default 1000) while the page is visible; null before the first, without a
 * session, and when it can no longer be asked, because it was disposed for example.
 */
export function useMonitor(
  session: MonitoredSession | null | undefined, { interval = 1000 }: { interval?: number } = {},
): MonitorSnapshot | null {
  const monitor = session?.monitor;
  const [latest, setLatest] = useState<{ of: Monitor; snapshot: MonitorSnapshot } | null>(null);
  useEffect(() => {
    if (!monitor) return undefined;
    const feed = new Feed(monitor, {
      interval: () => interval,
      show: (snapshot) => setLatest({ of: monitor, snapshot }),
      fail: () => setLatest(null),
    });
    feed.start();
    return () => feed.stop();
  }, [monitor, interval]);
  return latest && latest.of === monitor ? latest.snapshot : null;
}
