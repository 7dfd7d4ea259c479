// The stages of a run in the browser's own performance panel, as a track named insitu.
// https://developer.chrome.com/docs/devtools/performance/extension

/** `startedAt`: when the run was asked for; `times`: of the stages in ms, in the order of `stages`, NaN where there is none. */
export function showTracks(startedAt: number, preparedFrom: number, times: readonly number[]): void {
  const [queue, , copyIn, infer, copyOut] = times;
  let at = startedAt;
  const show = (stage: string, start: number, end: number, color: string) =>
    performance.measure(`insitu ${stage}`, {
      start, end, detail: { devtools: { dataType: 'track-entry', track: 'insitu', color } },
    });
  if (preparedFrom < startedAt) show('preprocess', preparedFrom, startedAt, 'secondary-light');
  for (const [stage, ms, color] of [
    ['queue', queue, 'tertiary-light'], ['copyIn', copyIn, 'secondary'], ['infer', infer, 'primary'], ['copyOut', copyOut, 'secondary'],
  ] as const) {
    if (!(ms! >= 0)) continue;
    show(stage, at, at + ms!, color);
    at += ms!;
  }
}
