// One signal for two. Invariant: where AbortSignal.any() is, nothing stays behind at a signal that lives on; it is younger than
// the browsers that insitu runs in (Chrome 116, Firefox 124, Safari 17.4).

/** Aborts when one of the two does, for its reason. */
export function either(one?: AbortSignal, other?: AbortSignal): AbortSignal | undefined {
  if (!one || !other) return one ?? other;
  if (AbortSignal.any) return AbortSignal.any([one, other]);
  const both = new AbortController();
  for (const signal of [one, other]) {
    if (signal.aborted) both.abort(signal.reason);
    else signal.addEventListener('abort', () => both.abort(signal.reason), { once: true, signal: both.signal });
  }
  return both.signal;
}
