// The stages of a run in the browser's own performance panel, as a track named insitu.
// https://developer.chrome.com/docs/devtools/performance/extension

import type { RunTimes } from './rpc/protocol.js';

/** `startedAt`: when the run was asked for; `preparedFrom`: when the page began to prepare its feeds. */
export function showTracks(startedAt: number, preparedFrom: number, times: RunTimes): void {
  let at = startedAt;
  const show = (stage: string, start: number, end: number, color: string) =>
    performance.measure(`insitu ${stage}`, {
      start, end, detail: { devtools: { dataType: 'track-entry', track: 'insitu', color } },
    });
  if (preparedFrom < startedAt) show('preprocess', preparedFrom, startedAt, 'secondary-light');
  for (const [stage, color] of [
    ['queue', 'tertiary-light'], ['copyIn', 'secondary'], ['infer', 'primary'], ['copyOut', 'secondary'],
  ] as const) {
    show(stage, at, at + times[stage], color);
    at += times[stage];
  }
}
